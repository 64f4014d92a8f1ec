using CsCheck;
using Refill.Cards;
using Refill.Carriers.Own;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class JourneyOnSqliteTests() : JourneyTests(DatabaseKind.Sqlite);

public sealed class JourneyOnPostgresTests() : JourneyTests(DatabaseKind.Postgres);

/// <summary>A top-up from quote to end, what a visitor may do on the way, and whatever may happen in whatever order.</summary>
public abstract class JourneyTests(DatabaseKind kind) : TopUpStory(kind)
{
    [Fact]
    public async Task Paid_delivered_done()
    {
        var topUp = await Scene.QuoteAsync();
        Assert.Equal((TopUpState.Quoted, Money.Usd(1500), Money.Cny(10650)), (topUp.State, topUp.Price, topUp.Charge));
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Assert.Equal("success", (await Scene.NotifyAsync(order))!.Body);
        Assert.Equal(TopUpState.Paid, (await Scene.NowAsync(topUp)).State);
        await Scene.DueAsync();
        var done = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Completed, "CR-1", topUp.CreatedAt.AddDays(30)), (done.State, done.CarrierReference, done.ValidUntil));
        var card = await Scene.Desk.GetCardAsync(topUp.NameId, Token);
        Assert.Equal("5GB", card!.CurrentPlan);
        var cell = CellId.CellOf(topUp.Id);
        Assert.Equal(1500, await Scene.Ledger.BalanceAsync(Account.For(cell, "revenue", Currency.Usd.Unit), Token));
        Assert.Equal(-10650, await Scene.Ledger.BalanceAsync(Account.For(cell, "clearing/alipay", Currency.Cny.Unit), Token));
        Assert.Equal(1200, await Scene.Ledger.BalanceAsync(Account.For(cell, "payable/test", Currency.Usd.Unit), Token));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task For_our_own_carrier_the_allowances_come_in_the_same_commit()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var cell = CellId.CellOf(topUp.Id);
        Assert.Equal(5_000_000_000, await Scene.Ledger.BalanceAsync(Account.For(cell, Allowances.Data, Unit.Byte, topUp.Id, floor: 0), Token));
        Assert.Equal(6000, await Scene.Ledger.BalanceAsync(Account.For(cell, Allowances.Voice, Unit.VoiceSecond, topUp.Id, floor: 0), Token));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Cancelled_before_paying_is_cancelled_and_what_is_paid_all_the_same_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Assert.True(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Refunded, topUp.Charge), ((await Scene.NowAsync(topUp)).State, Scene.Gateway.Refunded(order)));
        Assert.False(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_quote_that_is_not_paid_ends_and_can_no_longer_be_paid()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Time.Advance(TopUp.QuoteLifetime);
        var late = await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, Payer.Unknown, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.QuoteExpired, late.Refusal!.Problem);
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task After_paying_the_pay_button_says_that_it_is_paid()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        var again = await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, Payer.Unknown, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.AlreadyPaid, again.Refusal!.Problem);
    }

    [Fact]
    public async Task A_form_sent_twice_gives_the_same_quote_and_a_used_up_key_gives_a_new_one()
    {
        var (first, second) = (await Scene.QuoteAsync(formKey: "form"), await Scene.QuoteAsync(formKey: "form"));
        Assert.Equal(first.Id, second.Id);
        Scene.Time.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(first.Id, (await Scene.QuoteAsync(formKey: "form")).Id);
    }

    [Fact]
    public async Task Plans_that_are_not_for_the_card_are_refused_by_their_reason()
    {
        var card = (await Scene.Desk.FindCardAsync("2015550123", Token)).Value!;
        Assert.Equal(QuoteProblem.PlanNotForCard, (await Scene.Desk.QuoteAsync(card.NameId, "other-1gb", null, Token)).Refusal!.Problem);
        Assert.Equal(QuoteProblem.PlanNotFound, (await Scene.Desk.QuoteAsync(card.NameId, "nothing", null, Token)).Refusal!.Problem);
        Assert.Equal(QuoteProblem.CardNotFound, (await Scene.Desk.QuoteAsync(CellId.New(new Cell(1), TimeProvider.System), "mint-5gb", null, Token)).Refusal!.Problem);
        await Scene.Test.RunAsync("UPDATE plan SET withdrawn_at = 1 WHERE code = 'mint-5gb'");
        Scene.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(QuoteProblem.PlanWithdrawn, (await Scene.Desk.QuoteAsync(card.NameId, "mint-5gb", null, Token)).Refusal!.Problem);
    }

    [Fact]
    public async Task Who_typed_the_ICCID_alone_is_never_shown_the_number_of_the_card()
    {
        var number = (await Scene.Desk.FindCardAsync("2015550123", Token)).Value!;
        var iccid = new CardIdentifier(CardIdentifierKind.Iccid, "890199000000000012");
        Assert.True(await Scene.Cards.AddIdentifierAsync((await Scene.Cards.FindAsync(number.Identifier, Token))!.Id, iccid, Token));

        var name = Scene.Cards.NameOf(iccid);
        Assert.NotEqual(number.NameId, name);
        Assert.Equal(iccid, (await Scene.Desk.GetCardAsync(name, Token))!.Identifier);
        var quote = (await Scene.Desk.QuoteAsync(name, "mint-5gb", null, Token)).Value!;
        Assert.Equal((iccid, name), (quote.Card, quote.NameId));
        Assert.Equal(number.Identifier, (await Scene.Desk.GetCardAsync(number.NameId, Token))!.Identifier);
        Assert.Null(await Scene.Desk.GetCardAsync((await Scene.Cards.FindAsync(iccid, Token))!.Id, Token)); // A card's own id opens no page.
    }

    [Fact]
    public async Task A_number_typed_differently_the_second_time_is_refused()
    {
        var topUp = await Scene.QuoteAsync();
        foreach (var wrong in new[] { "", "2015550124", "abc", "+44 20 7946 0958" })
        {
            Assert.Equal(QuoteProblem.NumberRepeatedWrong, (await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, Payer.Unknown, wrong, new Uri("https://x.example"), Token)).Refusal!.Problem);
        }

        Assert.NotNull((await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, Payer.Unknown, "+1 (201) 555-0123", new Uri("https://x.example"), Token)).Value);
    }

    [Fact]
    public async Task The_receipt_is_found_by_code_and_last_four_digits_and_by_nothing_less()
    {
        var topUp = await Scene.QuoteAsync();
        Assert.Equal(topUp.Id, (await Scene.Desk.FindReceiptAsync(topUp.OrderCode.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal), "0123", Token))?.Id);
        Assert.Null(await Scene.Desk.FindReceiptAsync(topUp.OrderCode, "0124", Token));
        Assert.Null(await Scene.Desk.FindReceiptAsync("0000-0000-0000", "0123", Token));
        Assert.Null(await Scene.Desk.FindReceiptAsync(null, null, Token));
    }

    [Fact]
    public async Task Whatever_happens_in_whatever_order_every_payment_is_credited_or_refunded_or_before_a_person()
    {
        string[] answers = ["accept", "refuse", "lost-before", "lost-after", "pending", "not-sent"];
        var events = Gen.Select(Gen.Int[0, 7], Gen.Int[0, 5], Gen.Int[1, 90]).Array[3, 14];
        await events.SampleAsync(async happenings =>
        {
            var topUp = await Scene.QuoteAsync($"201555{Random.Shared.Next(2000, 9999)}");
            var orders = new List<string>();
            Scene.Carrier.Script.Clear();
            foreach (var (what, which, seconds) in happenings)
            {
                switch (what)
                {
                    case 0 or 1:
                        var started = await Scene.Desk.PayAsync(topUp.Id, "alipay", (PaymentWay)(which % 3), Payer.Unknown, null, new Uri("https://x.example"), default);
                        orders = [.. (await Scene.NowAsync(topUp)).Payments.Select(payment => payment.Id.ToString("N")).Where(Scene.Gateway.Orders.Contains)];
                        break;
                    case 2 when orders.Count > 0:
                        Scene.Gateway.Pay(orders[which % orders.Count]);
                        break;
                    case 3 when orders.Count > 0:
                        await Scene.NotifyAsync(orders[which % orders.Count]);
                        break;
                    case 4:
                        Scene.Carrier.Script.Enqueue(answers[which]);
                        break;
                    case 5:
                        Scene.Gateway.LostAnswers = which;
                        break;
                    case 6 when which == 0:
                        await Scene.Desk.CancelAsync(topUp.Id, default);
                        break;
                    default:
                        await Scene.PassAsync(TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(15));
                        break;
                }
            }

            // The world heals, time passes: then it must have ended.
            Scene.Gateway.LostAnswers = 0;
            await Scene.PassAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(2));
            var ended = await Scene.NowAsync(topUp);
            Assert.True(ended.IsFinal, $"{ended.State} after {string.Join(", ", happenings)}");
            await Scene.SoundAsync(topUp);
            foreach (var order in orders.Where(Scene.Gateway.IsPaid))
            {
                var back = Scene.Gateway.Refunded(order);
                Assert.True(back == topUp.Charge || (back.Minor == 0 && ended.State == TopUpState.Completed), $"{back} of {order} came back, {ended.State}");
            }

            Assert.Equal(ended.State == TopUpState.Completed ? 1 : 0, orders.Count(order => Scene.Gateway.IsPaid(order) && Scene.Gateway.Refunded(order).Minor == 0));
        }, iter: Kind == DatabaseKind.Sqlite ? 20 : 5, threads: 1);
    }
}
