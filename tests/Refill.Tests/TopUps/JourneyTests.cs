using CsCheck;
using Refill.Carriers.Own;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class JourneyOnSqliteTests : JourneyTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class JourneyOnPostgresTests : JourneyTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>A top-up from quote to end, and everything that can come between. The numbers are the failure cases of the payment protocols.</summary>
public abstract class JourneyTests : IAsyncLifetime
{
    private Scene scene = null!;

    protected abstract DatabaseKind Kind { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => scene = await Scene.NewAsync(Kind);

    public async ValueTask DisposeAsync()
    {
        await scene.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Paid_delivered_done()
    {
        var topUp = await scene.QuoteAsync();
        Assert.Equal((TopUpState.Quoted, Money.Usd(1500), Money.Cny(10650)), (topUp.State, topUp.Price, topUp.Charge));
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        Assert.Equal("success", (await scene.NotifyAsync(order))!.Body);
        Assert.Equal(TopUpState.Paid, (await scene.NowAsync(topUp)).State);
        await scene.DueAsync();
        var done = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Completed, "CR-1", topUp.CreatedAt.AddDays(30)), (done.State, done.CarrierReference, done.ValidUntil));
        var card = await scene.Desk.GetCardAsync(topUp.CardId, Token);
        Assert.Equal("5GB", card!.CurrentPlan);
        var cell = CellId.CellOf(topUp.Id);
        Assert.Equal(1500, await scene.Ledger.BalanceAsync(Account.For(cell, "revenue", Currency.Usd.Unit), Token));
        Assert.Equal(-10650, await scene.Ledger.BalanceAsync(Account.For(cell, "clearing/alipay", Currency.Cny.Unit), Token));
        Assert.Equal(1200, await scene.Ledger.BalanceAsync(Account.For(cell, "payable/test", Currency.Usd.Unit), Token));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task For_our_own_carrier_the_allowances_come_in_the_same_commit()
    {
        scene.Carrier.AllowancesInLedger = true;
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        var cell = CellId.CellOf(topUp.Id);
        Assert.Equal(5_000_000_000, await scene.Ledger.BalanceAsync(Account.For(cell, Allowances.Data, Unit.Byte, topUp.Id, floor: 0), Token));
        Assert.Equal(6000, await scene.Ledger.BalanceAsync(Account.For(cell, Allowances.Voice, Unit.VoiceSecond, topUp.Id, floor: 0), Token));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_1_and_10_A_notification_repeated_many_times_at_once_has_one_effect()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => scene.NotifyAsync(order)));
        Assert.All(replies, reply => Assert.Equal("success", reply!.Body));
        await scene.DueAsync();
        Assert.Equal("success", (await scene.NotifyAsync(order))!.Body);
        Assert.Equal(1, scene.Carrier.Calls);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_4_and_5_Without_any_notification_the_payment_is_found_within_a_minute()
    {
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_4_Coming_back_from_the_gateway_proves_nothing()
    {
        var topUp = await scene.QuoteAsync();
        await scene.StartAsync(topUp);
        await scene.Desk.CheckPaymentAsync(topUp.Id, Token);
        Assert.Equal(TopUpState.AwaitingPayment, (await scene.NowAsync(topUp)).State);
    }

    [Fact]
    public async Task Case_6_A_smaller_amount_in_a_notification_alone_is_not_believed()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        scene.Gateway.PretendAmount = Money.Cny(1);
        Assert.Equal(400, (await scene.NotifyAsync(order))!.StatusCode);
        Assert.Equal(TopUpState.AwaitingPayment, (await scene.NowAsync(topUp)).State);
        scene.Gateway.PretendAmount = null;
        await scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_6_A_smaller_amount_that_the_gateway_confirms_goes_back_and_nothing_is_delivered()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        scene.Gateway.PretendAmount = Money.Cny(100);
        await scene.PassAsync(TimeSpan.FromMinutes(2));
        var ended = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.PaidTooLittle), (ended.State, ended.Trouble));
        Assert.Equal((Money.Cny(100), 0), (scene.Gateway.Refunded(order), scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_7_9_A_forged_notification_and_one_about_no_order_of_ours_are_refused()
    {
        Assert.Equal(400, (await scene.NotifyAsync("forged"))!.StatusCode);
        Assert.Equal(400, (await scene.NotifyAsync(Guid.NewGuid().ToString("N")))!.StatusCode);
        Assert.Equal(400, (await scene.NotifyAsync("not-a-number"))!.StatusCode);
        Assert.Null(await scene.Desk.NotifyAsync("nobody", new RawNotification("POST", "/", "", new Dictionary<string, string>(), default), Token));
    }

    [Fact]
    public async Task Case_8_Another_currency_is_laid_before_a_person()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        scene.Gateway.PretendCurrency = "USD";
        Assert.Equal(400, (await scene.NotifyAsync(order))!.StatusCode);
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.PaidOtherCurrency, 0), (ended.State, ended.Trouble, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_16_No_answer_to_the_start_and_a_second_click_lead_to_the_same_order()
    {
        var topUp = await scene.QuoteAsync();
        scene.Gateway.LostAnswers = 1;
        var first = await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.GatewayDoesNotAnswer, first.Refusal!.Problem);
        var again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, null, new Uri("https://x.example"), Token)));
        Assert.All(again, start => Assert.IsType<PaymentStart.ShowCode>(start.Value));
        Assert.Single(scene.Gateway.Orders);
    }

    [Fact]
    public async Task Case_19_What_is_paid_while_it_is_being_closed_counts_as_paid()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        await scene.PassAsync(TopUp.QuoteLifetime - TimeSpan.FromSeconds(10));
        scene.Gateway.Pay(order);
        await scene.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_A_payment_after_the_quote_s_end_is_honoured_at_the_quoted_price()
    {
        var topUp = await scene.QuoteAsync();
        scene.Gateway.LostAnswers = int.MaxValue; // The gateway is out of reach while the quote ends.
        var order = await UnansweredOrderAsync(topUp);
        await scene.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30));
        scene.Gateway.Pay(order);
        scene.Gateway.LostAnswers = 0;
        Assert.Equal("success", (await scene.NotifyAsync(order))!.Body);
        await scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_A_payment_days_after_the_order_s_end_goes_back()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        await scene.PassAsync(TimeSpan.FromMinutes(25), TimeSpan.FromSeconds(30));
        Assert.Equal(TopUpState.Expired, (await scene.NowAsync(topUp)).State);
        scene.Gateway.PretendPaid(order);
        scene.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal("success", (await scene.NotifyAsync(order))!.Body);
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.PaidTooLate, 0), (ended.State, ended.Trouble, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_21_A_refund_whose_answer_is_lost_is_asked_for_and_made_once()
    {
        scene.Carrier.Script.Enqueue("refuse");
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        await scene.NotifyAsync(order);
        scene.Gateway.LostAnswers = 1;
        await scene.DueAsync();
        Assert.Equal(TopUpState.Refunding, (await scene.NowAsync(topUp)).State);
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.CardRefused, 1), (ended.State, ended.Trouble, scene.Gateway.RefundCalls));
        Assert.Equal(topUp.Charge, scene.Gateway.Refunded(order));
        Assert.True(ended.Payments.Single().Refund!.Done);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_23_A_refund_that_the_gateway_refuses_is_laid_before_a_person_and_stays_reserved()
    {
        scene.Carrier.Script.Enqueue("refuse");
        scene.Gateway.Refunds = () => new RefundStatus.Rejected("frozen");
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.RefundRefused), (ended.State, ended.Trouble));
        Assert.Single(await scene.DeadAsync());
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_25_Paid_twice_by_two_ways_the_second_payment_goes_back()
    {
        var topUp = await scene.QuoteAsync();
        var first = await scene.StartAsync(topUp, PaymentWay.Page);
        var second = await scene.StartAsync(topUp, PaymentWay.Qr);
        Assert.NotEqual(first, second);
        scene.Gateway.Pay(first);
        scene.Gateway.Pay(second);
        await scene.NotifyAsync(second);
        await scene.NotifyAsync(first);
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        Assert.Equal((topUp.Charge, Money.Cny(0)), (scene.Gateway.Refunded(first), scene.Gateway.Refunded(second)));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Another_way_chosen_closes_the_first()
    {
        var topUp = await scene.QuoteAsync();
        var first = await scene.StartAsync(topUp, PaymentWay.Page);
        scene.Time.Advance(TimeSpan.FromSeconds(1));
        await scene.StartAsync(topUp, PaymentWay.Qr);
        await scene.DueAsync();
        Assert.False(scene.Gateway.Pay(first));
    }

    [Fact]
    public async Task Silence_after_a_credit_is_asked_about_and_never_guessed()
    {
        scene.Carrier.Script.Enqueue("lost-after");
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Completed, 1), ((await scene.NowAsync(topUp)).State, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_call_that_may_still_be_under_way_is_not_repeated_before_its_time_and_then_it_is()
    {
        scene.Carrier.Script.Enqueue("lost-before");
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(4));
        Assert.Equal((TopUpState.Fulfilling, 1), ((await scene.NowAsync(topUp)).State, scene.Carrier.Calls));
        await scene.PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal((TopUpState.Completed, 2), ((await scene.NowAsync(topUp)).State, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_call_that_never_left_is_repeated_soon()
    {
        scene.Carrier.Script.Enqueue("not-sent");
        scene.Carrier.Script.Enqueue("not-sent");
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Completed, 3), ((await scene.NowAsync(topUp)).State, scene.Carrier.Calls));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Nothing_is_refunded_while_the_carrier_is_silent_and_after_a_day_a_person_is_told_and_its_late_word_still_counts()
    {
        scene.Carrier.Script.Enqueue("pending");
        scene.Carrier.Dumb = true;
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromHours(26), TimeSpan.FromMinutes(10));
        var waiting = await scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.CarrierSilent, 0), (waiting.State, waiting.Trouble, scene.Gateway.RefundCalls));
        scene.Carrier.Dumb = false;
        await scene.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(10));
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_defect_of_ours_is_tried_again_and_then_laid_before_a_person()
    {
        for (var n = 0; n < 60; n++)
        {
            scene.Carrier.Script.Enqueue("throw");
        }

        scene.Carrier.Dumb = true;
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        await scene.NotifyAsync(order);
        await scene.DueAsync();
        Assert.Equal((TopUpState.Fulfilling, 1), ((await scene.NowAsync(topUp)).State, scene.Carrier.Calls));
        Assert.Empty(await scene.DeadAsync());
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Cancelled_before_paying_is_cancelled_and_what_is_paid_all_the_same_goes_back()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        Assert.True(await scene.Desk.CancelAsync(topUp.Id, Token));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Refunded, topUp.Charge), ((await scene.NowAsync(topUp)).State, scene.Gateway.Refunded(order)));
        Assert.False(await scene.Desk.CancelAsync(topUp.Id, Token));
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_quote_that_is_not_paid_ends_and_can_no_longer_be_paid()
    {
        var topUp = await scene.QuoteAsync();
        scene.Time.Advance(TopUp.QuoteLifetime);
        var late = await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.QuoteExpired, late.Refusal!.Problem);
        await scene.DueAsync();
        Assert.Equal(TopUpState.Expired, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task After_paying_the_pay_button_says_that_it_is_paid()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        await scene.NotifyAsync(order);
        var again = await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.AlreadyPaid, again.Refusal!.Problem);
    }

    [Fact]
    public async Task A_form_sent_twice_gives_the_same_quote_and_a_used_up_key_gives_a_new_one()
    {
        var (first, second) = (await scene.QuoteAsync(formKey: "form"), await scene.QuoteAsync(formKey: "form"));
        Assert.Equal(first.Id, second.Id);
        scene.Time.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(first.Id, (await scene.QuoteAsync(formKey: "form")).Id);
    }

    [Fact]
    public async Task Plans_that_are_not_for_the_card_are_refused_by_their_reason()
    {
        var card = (await scene.Desk.FindCardAsync("2015550123", Token)).Value!;
        Assert.Equal(QuoteProblem.PlanNotForCard, (await scene.Desk.QuoteAsync(card.Id, "other-1gb", null, Token)).Refusal!.Problem);
        Assert.Equal(QuoteProblem.PlanNotFound, (await scene.Desk.QuoteAsync(card.Id, "nothing", null, Token)).Refusal!.Problem);
        Assert.Equal(QuoteProblem.CardNotFound, (await scene.Desk.QuoteAsync(CellId.New(new Cell(1), TimeProvider.System), "mint-5gb", null, Token)).Refusal!.Problem);
        await scene.Test.RunAsync("UPDATE plan SET withdrawn_at = 1 WHERE code = 'mint-5gb'");
        scene.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(QuoteProblem.PlanWithdrawn, (await scene.Desk.QuoteAsync(card.Id, "mint-5gb", null, Token)).Refusal!.Problem);
    }

    [Fact]
    public async Task A_number_typed_differently_the_second_time_is_refused()
    {
        var topUp = await scene.QuoteAsync();
        foreach (var wrong in new[] { "", "2015550124", "abc", "+44 20 7946 0958" })
        {
            Assert.Equal(QuoteProblem.NumberRepeatedWrong, (await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, wrong, new Uri("https://x.example"), Token)).Refusal!.Problem);
        }

        Assert.NotNull((await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Page, "+1 (201) 555-0123", new Uri("https://x.example"), Token)).Value);
    }

    [Fact]
    public async Task The_receipt_is_found_by_code_and_last_four_digits_and_by_nothing_less()
    {
        var topUp = await scene.QuoteAsync();
        Assert.Equal(topUp.Id, (await scene.Desk.FindReceiptAsync(topUp.OrderCode.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal), "0123", Token))?.Id);
        Assert.Null(await scene.Desk.FindReceiptAsync(topUp.OrderCode, "0124", Token));
        Assert.Null(await scene.Desk.FindReceiptAsync("0000-0000-0000", "0123", Token));
        Assert.Null(await scene.Desk.FindReceiptAsync(null, null, Token));
    }

    [Fact]
    public async Task The_sweep_finds_what_stands_still_without_work()
    {
        var topUp = await scene.QuoteAsync();
        var order = await scene.StartAsync(topUp);
        scene.Gateway.Pay(order);
        await scene.NotifyAsync(order);
        await scene.Test.RunAsync("DELETE FROM work");
        Assert.Equal(0, await scene.Sweep.OnceAsync(Token));
        scene.Time.Advance(Sweep.StillFor + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await scene.Sweep.OnceAsync(Token));
        Assert.Equal(0, await scene.Sweep.OnceAsync(Token));
        await scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await scene.NowAsync(topUp)).State);
        await scene.SoundAsync(topUp);
    }

    public static TheoryData<string, string> Damage => new()
    {
        { "UPDATE payment SET state = 5 WHERE state = 2", "I4" },
        { "UPDATE payment SET state = 1 WHERE state = 2", "I3" },
        { "UPDATE top_up SET state = 9", "I5" },
        { "UPDATE top_up SET state = 3", "I9" },
        { "DELETE FROM top_up_step WHERE name = 'paid'", "I9" },
        { "UPDATE top_up_step SET to_state = 9 WHERE name = 'paid'", "I9" },
        { "UPDATE transfer SET kind = 'other' WHERE kind = 'delivered'", "I5" },
        { "UPDATE top_up SET state = 4", "nothing stands still" },
    };

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task The_audit_finds_planted_damage(string sql, string check)
    {
        var topUp = await scene.QuoteAsync();
        scene.Gateway.Pay(await scene.StartAsync(topUp));
        await scene.PassAsync(TimeSpan.FromMinutes(1));
        await scene.SoundAsync(topUp);
        Assert.True(await scene.Test.RunAsync(sql) > 0);
        Assert.Contains(await new TopUpAudit(scene.Test.Database).RunAsync(Token), finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatever_happens_in_whatever_order_every_payment_is_credited_or_refunded_or_before_a_person()
    {
        string[] answers = ["accept", "refuse", "lost-before", "lost-after", "pending", "not-sent"];
        var events = Gen.Select(Gen.Int[0, 7], Gen.Int[0, 5], Gen.Int[1, 90]).Array[3, 14];
        await events.SampleAsync(async happenings =>
        {
            var topUp = await scene.QuoteAsync($"201555{Random.Shared.Next(2000, 9999)}");
            var orders = new List<string>();
            scene.Carrier.Script.Clear();
            foreach (var (what, which, seconds) in happenings)
            {
                switch (what)
                {
                    case 0 or 1:
                        var started = await scene.Desk.PayAsync(topUp.Id, "alipay", (PaymentWay)(which % 3), null, new Uri("https://x.example"), default);
                        orders = [.. (await scene.NowAsync(topUp)).Payments.Select(payment => payment.Id.ToString("N")).Where(scene.Gateway.Orders.Contains)];
                        break;
                    case 2 when orders.Count > 0:
                        scene.Gateway.Pay(orders[which % orders.Count]);
                        break;
                    case 3 when orders.Count > 0:
                        await scene.NotifyAsync(orders[which % orders.Count]);
                        break;
                    case 4:
                        scene.Carrier.Script.Enqueue(answers[which]);
                        break;
                    case 5:
                        scene.Gateway.LostAnswers = which;
                        break;
                    case 6 when which == 0:
                        await scene.Desk.CancelAsync(topUp.Id, default);
                        break;
                    default:
                        await scene.PassAsync(TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(15));
                        break;
                }
            }

            // The world heals, time passes: then it must have ended.
            scene.Gateway.LostAnswers = 0;
            await scene.PassAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(2));
            var ended = await scene.NowAsync(topUp);
            Assert.True(ended.IsFinal, $"{ended.State} after {string.Join(", ", happenings)}");
            await scene.SoundAsync(topUp);
            foreach (var order in orders.Where(scene.Gateway.IsPaid))
            {
                var back = scene.Gateway.Refunded(order);
                Assert.True(back == topUp.Charge || (back.Minor == 0 && ended.State == TopUpState.Completed), $"{back} of {order} came back, {ended.State}");
            }

            Assert.Equal(ended.State == TopUpState.Completed ? 1 : 0, orders.Count(order => scene.Gateway.IsPaid(order) && scene.Gateway.Refunded(order).Minor == 0));
        }, iter: Kind == DatabaseKind.Sqlite ? 20 : 5, threads: 1);
    }

    private async Task<string> UnansweredOrderAsync(TopUpView topUp)
    {
        await scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, null, new Uri("https://x.example"), Token);
        return scene.Gateway.Orders.Single();
    }
}
