using CsCheck;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class PaymentCaseOnSqliteTests() : PaymentCaseTests(DatabaseKind.Sqlite);

public sealed class PaymentCaseOnPostgresTests() : PaymentCaseTests(DatabaseKind.Postgres);

/// <summary>What can come between a top-up and its payment: the failure cases of payments-protocols.md, by their numbers.</summary>
public abstract class PaymentCaseTests(DatabaseKind kind) : TopUpStory(kind)
{
    [Fact]
    public async Task Case_1_A_notification_that_comes_again_is_answered_and_has_no_second_effect()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        for (var told = 0; told < 3; told++)
        {
            Assert.Equal("success", (await Scene.NotifyAsync(order))!.Body);
            await Scene.DueAsync();
        }

        Assert.Equal((TopUpState.Completed, 1), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_2_Notifications_that_come_at_once_have_one_effect()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Scene.NotifyAsync(order)));
        Assert.All(replies, reply => Assert.Equal("success", reply!.Body));
        await Scene.DueAsync();
        Assert.Equal(1, Scene.Carrier.Calls);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_3_A_notification_before_the_browser_is_back_completes_and_the_browser_changes_nothing()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.DueAsync();
        await Scene.Desk.CheckPaymentAsync(topUp.Id, Token);
        await Scene.DueAsync();
        Assert.Equal((TopUpState.Completed, 1), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_scanned_code_is_paid_within_seconds()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await ScanAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_17_and_18_A_scanned_code_that_nobody_agrees_to_is_taken_back_after_45_seconds_and_another_is_scanned()
    {
        var topUp = await Scene.QuoteAsync();
        var first = await ScanAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));
        Assert.False(Scene.Gateway.Pay(first)); // Reversed: nothing can come of it any more.
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);

        var second = await ScanAsync(topUp);
        Assert.NotEqual(first, second);
        Scene.Gateway.Pay(second);
        await Scene.PassAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_17_The_answer_to_a_scanned_code_is_lost_and_it_was_paid()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.LostAnswers = 3;
        var order = Scene.Gateway.Orders.ToHashSet();
        await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Barcode, new Payer(Code: "280000000000000000"), null, new Uri("https://x.example"), Token);
        Scene.Gateway.Pay(Scene.Gateway.Orders.Except(order).Single());
        await Scene.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    private async Task<string> ScanAsync(TopUpView topUp)
    {
        var before = Scene.Gateway.Orders.ToHashSet();
        Assert.IsType<PaymentStart.Submitted>((await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Barcode, new Payer(Code: "280000000000000000"), null, new Uri("https://x.example"), Token)).Value);
        return Scene.Gateway.Orders.Except(before).Single();
    }

    [Fact]
    public async Task Case_5_Without_any_notification_the_payment_is_found_within_a_minute()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_4_Coming_back_from_the_gateway_proves_nothing_but_has_it_asked()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        await Scene.Desk.CheckPaymentAsync(topUp.Id, Token);
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);

        Scene.Gateway.Pay(order);
        Scene.Time.Advance(TimeSpan.FromSeconds(5));
        await Scene.Desk.CheckPaymentAsync(topUp.Id, Token);
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_6_A_smaller_amount_in_a_notification_alone_is_not_believed()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Scene.Gateway.PretendAmount = Money.Cny(1);
        Assert.Equal(400, (await Scene.NotifyAsync(order))!.StatusCode);
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.PretendAmount = null;
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_6_A_smaller_amount_that_the_gateway_confirms_goes_back_and_nothing_is_delivered()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Scene.Gateway.PretendAmount = Money.Cny(100);
        await Scene.PassAsync(TimeSpan.FromMinutes(2));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.PaidTooLittle), (ended.State, ended.Trouble));
        Assert.Equal((Money.Cny(100), 0), (Scene.Gateway.Refunded(order), Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_9_A_forged_notification_and_one_about_no_order_of_ours_are_refused()
    {
        Assert.Equal(400, (await Scene.NotifyAsync("forged"))!.StatusCode);
        Assert.Equal(400, (await Scene.NotifyAsync(Guid.NewGuid().ToString("N")))!.StatusCode);
        Assert.Equal(400, (await Scene.NotifyAsync("not-a-number"))!.StatusCode);
        Assert.Null(await Scene.Notifications.NotifyAsync("nobody", new RawNotification("POST", "/", "", new Dictionary<string, string>(), default), Token));
    }

    [Fact]
    public async Task Case_8_Another_currency_is_laid_before_a_person()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Scene.Gateway.PretendCurrency = "USD";
        Assert.Equal(400, (await Scene.NotifyAsync(order))!.StatusCode);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.PaidOtherCurrency, 0), (ended.State, ended.Trouble, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_16_No_answer_to_the_start_and_a_second_click_lead_to_the_same_order()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.LostAnswers = 1;
        var first = await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, Payer.Unknown, null, new Uri("https://x.example"), Token);
        Assert.Equal(QuoteProblem.GatewayDoesNotAnswer, first.Refusal!.Problem);
        var again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, Payer.Unknown, null, new Uri("https://x.example"), Token)));
        Assert.All(again, start => Assert.IsType<PaymentStart.ShowCode>(start.Value));
        Assert.Single(Scene.Gateway.Orders);
    }

    [Fact]
    public async Task Case_19_What_is_paid_while_it_is_being_closed_counts_as_paid()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        await Scene.PassAsync(TopUp.QuoteLifetime - TimeSpan.FromSeconds(10));
        Scene.Gateway.Pay(order);
        await Scene.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_A_payment_after_the_quote_s_end_is_honoured_at_the_quoted_price()
    {
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.LostAnswers = int.MaxValue; // The gateway is out of reach while the quote ends.
        var order = await UnansweredOrderAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30));
        Scene.Gateway.Pay(order);
        Scene.Gateway.LostAnswers = 0;
        Assert.Equal("success", (await Scene.NotifyAsync(order))!.Body);
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_A_payment_days_after_the_order_s_end_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromMinutes(25), TimeSpan.FromSeconds(30));
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.PretendPaid(order);
        Scene.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal("success", (await Scene.NotifyAsync(order))!.Body);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.PaidTooLate, 0), (ended.State, ended.Trouble, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_21_A_refund_whose_answer_is_lost_is_asked_for_and_made_once()
    {
        Scene.Carrier.Script.Enqueue("refuse");
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        Scene.Gateway.LostAnswers = 1;
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Refunding, (await Scene.NowAsync(topUp)).State);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.CardRefused, 1), (ended.State, ended.Trouble, Scene.Gateway.RefundCalls));
        Assert.Equal(topUp.Charge, Scene.Gateway.Refunded(order));
        Assert.True(ended.Payments.Single().Refund!.Done);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_23_A_refund_that_the_gateway_refuses_is_laid_before_a_person_and_stays_reserved()
    {
        Scene.Carrier.Script.Enqueue("refuse");
        Scene.Gateway.Refunds = () => new RefundStatus.Rejected("frozen");
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.RefundRefused), (ended.State, ended.Trouble));
        Assert.Single(await Scene.DeadAsync());
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_23_A_refused_refund_that_a_person_has_tried_again_goes_back_in_the_end()
    {
        Scene.Carrier.Script.Enqueue("refuse");
        Scene.Gateway.Refunds = () => new RefundStatus.Rejected("no funds");
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.RetryByHandAsync(Assert.Single(await Scene.DeadAsync()));
        await Scene.DueAsync();
        Assert.Equal(TopUpState.NeedsReview, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.Refunds = null;
        await Scene.RetryByHandAsync(Assert.Single(await Scene.DeadAsync()));
        await Scene.DueAsync();
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.None, topUp.Charge), (ended.State, ended.Trouble, Scene.Gateway.Refunded(order)));
        Assert.Empty(await Scene.DeadAsync());
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_23_A_second_payment_that_cannot_go_back_does_not_leave_the_top_up_refunding_for_ever()
    {
        Scene.Carrier.Script.Enqueue("lost-before");
        Scene.Carrier.Script.Enqueue("refuse");
        var topUp = await Scene.QuoteAsync();
        var (first, second) = (await Scene.StartAsync(topUp, PaymentWay.Page), await Scene.StartAsync(topUp, PaymentWay.Qr));
        Scene.Gateway.Pay(first);
        Scene.Gateway.Pay(second);
        Scene.Gateway.Refunds = () => new RefundStatus.Rejected("frozen");
        await Scene.NotifyAsync(first);
        await Scene.NotifyAsync(second);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Fulfilling, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.Refunds = null;
        await Scene.PassAsync(TimeSpan.FromMinutes(10));
        var ended = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.RefundRefused), (ended.State, ended.Trouble));
        Assert.Equal((topUp.Charge, Money.Cny(0)), (Scene.Gateway.Refunded(first), Scene.Gateway.Refunded(second)));
        await Scene.SoundAsync(topUp);
        await Scene.RetryByHandAsync(Assert.Single(await Scene.DeadAsync()));
        await Scene.DueAsync();
        Assert.Equal((TopUpState.Refunded, topUp.Charge), ((await Scene.NowAsync(topUp)).State, Scene.Gateway.Refunded(second)));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_24_What_was_paid_and_sent_back_past_us_is_not_delivered()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Scene.Gateway.RefundByHand(order);
        Scene.Gateway.Refunds = () => new RefundStatus.Rejected("nothing is left to refund");
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.NeedsReview, 0), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        Assert.Single(await Scene.DeadAsync());
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_25_Paid_twice_by_two_ways_the_second_payment_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var first = await Scene.StartAsync(topUp, PaymentWay.Page);
        var second = await Scene.StartAsync(topUp, PaymentWay.Qr);
        Assert.NotEqual(first, second);
        Scene.Gateway.Pay(first);
        Scene.Gateway.Pay(second);
        await Scene.NotifyAsync(second);
        await Scene.NotifyAsync(first);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        Assert.Equal((topUp.Charge, Money.Cny(0)), (Scene.Gateway.Refunded(first), Scene.Gateway.Refunded(second)));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Another_way_chosen_closes_the_first()
    {
        var topUp = await Scene.QuoteAsync();
        var first = await Scene.StartAsync(topUp, PaymentWay.Page);
        Scene.Time.Advance(TimeSpan.FromSeconds(1));
        await Scene.StartAsync(topUp, PaymentWay.Qr);
        await Scene.DueAsync();
        Assert.False(Scene.Gateway.Pay(first));
    }

    [Fact]
    public async Task The_first_way_chosen_again_is_a_new_order_for_the_old_one_is_being_closed()
    {
        var topUp = await Scene.QuoteAsync();
        var first = await Scene.StartAsync(topUp, PaymentWay.Page);
        Scene.Time.Advance(TimeSpan.FromSeconds(1));
        await Scene.StartAsync(topUp, PaymentWay.Qr);
        Scene.Time.Advance(TimeSpan.FromSeconds(1));
        var again = await Scene.StartAsync(topUp, PaymentWay.Page);
        Assert.Equal((3, false), (Scene.Gateway.Orders.Count(), again == first));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.True(Scene.Gateway.Pay(again));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    private async Task<string> UnansweredOrderAsync(TopUpView topUp)
    {
        await Scene.Desk.PayAsync(topUp.Id, "alipay", PaymentWay.Qr, Payer.Unknown, null, new Uri("https://x.example"), Token);
        return Scene.Gateway.Orders.Single();
    }
}
