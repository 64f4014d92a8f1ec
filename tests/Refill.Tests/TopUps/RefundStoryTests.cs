using CsCheck;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class RefundStoryOnSqliteTests() : RefundStoryTests(DatabaseKind.Sqlite);

public sealed class RefundStoryOnPostgresTests() : RefundStoryTests(DatabaseKind.Postgres);

/// <summary>Money given back at a person's word, of a top-up that was delivered (failure cases 21 to 23).</summary>
public abstract class RefundStoryTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const long Paid = 10650;

    private RefundDesk Desk => Scene.Refunds;

    [Fact]
    public async Task Case_22_A_part_goes_back_and_then_the_rest_and_never_more_than_was_paid()
    {
        var (topUp, order) = await CompletedAsync();

        Assert.IsType<RefundAnswer.Asked>(await Desk.AskAsync(topUp.Id, 2000, "a day without network", "a person", Token));
        await Scene.DueAsync();
        Assert.Equal(2000, Scene.Gateway.Refunded(order).Minor);
        Assert.Equal(RefundProblem.MoreThanWasPaid, Problem(await Desk.AskAsync(topUp.Id, Paid - 1999, "too much", "a person", Token)));
        Assert.IsType<RefundAnswer.Asked>(await Desk.AskAsync(topUp.Id, null, "all of it", "a person", Token));
        await Scene.DueAsync();

        Assert.Equal(Paid, Scene.Gateway.Refunded(order).Minor);
        Assert.Equal(RefundProblem.MoreThanWasPaid, Problem(await Desk.AskAsync(topUp.Id, 1, "more", "a person", Token)));
        var view = await Scene.NowAsync(topUp);
        Assert.Equal(TopUpState.Completed, view.State);
        Assert.Equal([2000L, Paid - 2000], view.Payments.Single().Parts.Select(part => part.Amount.Minor));
        Assert.All(view.Payments.Single().Parts, part => Assert.True(part.Done));

        // All that was earned is given up, in both currencies, and nothing is left of the exchange.
        Assert.Equal((0L, 0L, 0L), (await BalanceAsync(topUp, "revenue", Currency.Usd), await BalanceAsync(topUp, "exchange", Currency.Usd), await BalanceAsync(topUp, "exchange", Currency.Cny)));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_22_Many_who_ask_at_once_give_back_no_more_than_was_paid()
    {
        var (topUp, order) = await CompletedAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Desk.AskAsync(topUp.Id, 4000, "at once", "a person", Token)));
        await Scene.DueAsync();

        Assert.Equal(2, answers.Count(answer => answer is RefundAnswer.Asked));
        Assert.Equal(8000, Scene.Gateway.Refunded(order).Minor);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_21_A_refund_without_an_answer_is_asked_for_again_under_its_number_and_moves_money_once()
    {
        var (topUp, order) = await CompletedAsync();
        await Desk.AskAsync(topUp.Id, 3000, "lost", "a person", Token);
        Scene.Gateway.LostAnswers = 3;

        await Scene.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(3000, Scene.Gateway.Refunded(order).Minor);
        Assert.Equal(RefundState.Done, Assert.Single(await Desk.OfAsync(topUp.Id, Token)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_23_A_refund_that_the_gateway_refuses_waits_for_a_person_who_tries_again_or_gives_it_up()
    {
        var (topUp, order) = await CompletedAsync();
        Scene.Gateway.Refunds = () => new RefundStatus.Rejected("ABNORMAL");
        await Desk.AskAsync(topUp.Id, 3000, "first", "a person", Token);
        await Desk.AskAsync(topUp.Id, 1000, "second", "a person", Token);
        await Scene.DueAsync();
        await Scene.SoundAsync(topUp);
        var refunds = await Desk.OfAsync(topUp.Id, Token);
        Assert.All(refunds, refund => Assert.Equal(RefundState.NeedsReview, refund.State));

        Scene.Gateway.Refunds = null;
        await Scene.RetryByHandAsync((await Scene.DeadAsync()).Single(dead => dead.Subject == refunds[0].Id));
        await Scene.DueAsync();
        Assert.True(await Desk.WithdrawAsync(refunds[1].Id, Token));
        Assert.False(await Desk.WithdrawAsync(refunds[1].Id, Token));
        Assert.False(await Desk.WithdrawAsync(refunds[0].Id, Token));

        Assert.Equal(3000, Scene.Gateway.Refunded(order).Minor);
        Assert.Equal([RefundState.Done, RefundState.Withdrawn], (await Desk.OfAsync(topUp.Id, Token)).Select(refund => refund.State));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Nothing_is_given_back_while_the_delivery_is_unknown_or_of_what_was_never_paid()
    {
        var open = await Scene.QuoteAsync();
        Assert.Equal(RefundProblem.NotPaid, Problem(await Desk.AskAsync(open.Id, 100, "unpaid", "a person", Token)));
        Scene.Carrier.Script.Enqueue("lost-before");
        Scene.Carrier.Dumb = true;
        var order = await Scene.StartAsync(open);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.DueAsync();
        Assert.Equal(RefundProblem.NotDelivered, Problem(await Desk.AskAsync(open.Id, 100, "unknown", "a person", Token)));
        Assert.IsType<RefundAnswer.NotFound>(await Desk.AskAsync(CellId.New(new Cell(3), Scene.Time), 100, "nothing", "a person", Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Desk.AskAsync(open.Id, 100, new string('x', 201), "a person", Token));
    }

    [Fact]
    public async Task However_it_is_cut_into_parts_all_parts_together_are_the_price()
    {
        await Gen.Int[1, 4000].Array[1, 8].SampleAsync(
            async parts =>
            {
                var (topUp, _) = await CompletedAsync();
                foreach (var part in parts)
                {
                    await Desk.AskAsync(topUp.Id, part, "a part", "a person", Token);
                }

                if (parts.Sum() < Paid)
                {
                    Assert.IsType<RefundAnswer.Asked>(await Desk.AskAsync(topUp.Id, null, "the rest", "a person", Token));
                    Assert.Equal(0, await BalanceAsync(topUp, "exchange", Currency.Usd) + await BalanceAsync(topUp, "revenue", Currency.Usd));
                }

                await Scene.DueAsync();
            },
            iter: 10, threads: 1);
        await Scene.SoundAsync();
    }

    private static RefundProblem? Problem(RefundAnswer answer) => (answer as RefundAnswer.Refused)?.Problem;

    private Task<long> BalanceAsync(TopUpView topUp, string purpose, Currency currency) => Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(topUp.Id), purpose, currency.Unit), Token);

    private async Task<(TopUpView TopUp, string Order)> CompletedAsync()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Assert.True(Scene.Gateway.Pay(order));
        await Scene.NotifyAsync(order);
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        return (topUp, order);
    }
}
