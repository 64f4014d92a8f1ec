using System.Net;
using Microsoft.AspNetCore.WebUtilities;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Each fault of the sandbox's Alipay: what it spoils, and that the books stay true.</summary>
public sealed class AlipayFaultTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private const string ReturnUrl = "http://127.0.0.1:9/back";
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Calls => new("precreate", "pay", "charge", "query", "close", "cancel", "refund", "refund-query");

    public async ValueTask InitializeAsync() => (sandbox, inbox) = (await SandboxRig.StartAsync(), await Inbox.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_500_does_nothing_and_happens_so_often_as_was_asked(string point)
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", point, "error-500", new { order = Order }, times: 2);

        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(point));
        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(point));

        Assert.Equal(0, (await sandbox.TradeAsync(Order)).GetProperty("refunds").GetArrayLength());
        Assert.True((await CallAsync(point)).SignatureIsGood);
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_bad_signature_spoils_one_answer(string point)
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", point, "bad-signature");

        Assert.False((await CallAsync(point)).SignatureIsGood);
        Assert.True((await CallAsync(point)).SignatureIsGood);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_rejection_is_a_business_failure_and_does_nothing(string point)
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", point, "reject");

        var reply = await CallAsync(point);

        Assert.Equal(("40004", true), (reply["code"], reply.SignatureIsGood));
        Assert.Equal(0, (await sandbox.TradeAsync(Order)).GetProperty("refunds").GetArrayLength());
    }

    [Theory]
    [InlineData("query")]
    [InlineData("close")]
    [InlineData("refund")]
    public async Task A_fault_at_the_gateway_strikes_any_call(string point)
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "gateway", "reject", new { order = Order });

        Assert.Equal("40006", (await CallAsync(point))["code"]);
    }

    [Fact]
    public async Task A_fault_strikes_only_the_order_it_is_for()
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "query", "reject", new { order = "another" });

        Assert.Equal("10000", (await CallAsync("query"))["code"]);
    }

    [Fact]
    public async Task A_refund_whose_answer_is_lost_has_been_made()
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "refund", "lost-answer", new { order = Order });

        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync("refund"));

        Assert.Equal("12.34", (await sandbox.TradeAsync(Order)).GetProperty("refunds")[0].GetProperty("amount").GetString());
        Assert.Equal("REFUND_SUCCESS", (await CallAsync("refund-query"))["refund_status"]);
        Assert.Equal("N", (await CallAsync("refund"))["fund_change"]);
    }

    [Fact]
    public async Task A_slow_refund_is_made_at_once_and_answered_late()
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "refund", "slow", seconds: 30);

        var answer = CallAsync("refund");
        await SandboxRig.UntilAsync(async () => (await sandbox.TradeAsync(Order)).GetProperty("refunds").GetArrayLength() == 1);
        Assert.False(answer.IsCompleted);

        var (reply, seconds) = await sandbox.WaitForAsync(answer);
        Assert.Equal("Y", reply["fund_change"]);
        Assert.True(seconds >= 30, $"answered after {seconds} seconds");
    }

    [Fact]
    public async Task A_pending_refund_moves_money_only_later()
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "refund", "pending", seconds: 60);

        var taken = await CallAsync("refund");
        Assert.Equal(("10000", "N", "0.00"), (taken["code"], taken["fund_change"], taken["refund_fee"]));
        Assert.Null((await CallAsync("refund-query"))["refund_status"]);
        Assert.Equal("TRADE_SUCCESS", (await CallAsync("query"))["trade_status"]);
        Assert.Equal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", (await Merchant.RefundAsync(Order, "0.01", "R2"))["sub_code"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("REFUND_SUCCESS", (await CallAsync("refund-query"))["refund_status"]);
        Assert.Equal("TRADE_CLOSED", (await CallAsync("query"))["trade_status"]);
    }

    [Fact]
    public async Task A_query_can_be_made_to_lie_while_the_books_do_not()
    {
        await PaidAsync();
        await sandbox.FaultAsync("alipay", "query", "pending");
        await sandbox.FaultAsync("alipay", "query", "never");
        await sandbox.FaultAsync("alipay", "query", "wrong-amount");
        await sandbox.FaultAsync("alipay", "query", "wrong-currency");

        var waiting = await CallAsync("query");
        Assert.Equal(("WAIT_BUYER_PAY", null), (waiting["trade_status"], waiting["send_pay_date"]));
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await CallAsync("query"))["sub_code"]);
        Assert.Equal("6.17", (await CallAsync("query"))["total_amount"]);
        Assert.Equal("USD", (await CallAsync("query"))["trans_currency"]);
        var truth = await CallAsync("query");
        Assert.Equal(("TRADE_SUCCESS", "12.34", null), (truth["trade_status"], truth["total_amount"], truth["trans_currency"]));
        Assert.Equal("12.34", (await sandbox.TradeAsync(Order)).GetProperty("amount").GetString());
    }

    [Fact]
    public async Task A_refund_query_can_be_made_to_lie()
    {
        await PaidAsync();
        await CallAsync("refund");
        await sandbox.FaultAsync("alipay", "refund-query", "never");
        await sandbox.FaultAsync("alipay", "refund-query", "wrong-amount");

        Assert.Null((await CallAsync("refund-query"))["refund_status"]);
        Assert.Equal("6.17", (await CallAsync("refund-query"))["refund_amount"]);
        Assert.Equal("12.34", (await CallAsync("refund-query"))["refund_amount"]);
    }

    [Theory]
    [InlineData("error-500", HttpStatusCode.InternalServerError)]
    [InlineData("reject", HttpStatusCode.BadRequest)]
    public async Task A_page_can_be_made_to_fail_at_the_door(string fault, HttpStatusCode status)
    {
        await sandbox.FaultAsync("alipay", "page", fault, new { order = Order });

        using var answer = await sandbox.Http.GetAsync(Merchant.PageAddress(Order), Cancellation);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await CallAsync("query"))["sub_code"]);
    }

    [Fact]
    public async Task A_payment_whose_page_breaks_off_has_been_made()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);
        await sandbox.FaultAsync("alipay", "page", "lost-answer");

        await Assert.ThrowsAsync<HttpRequestException>(() => PressPayAsync(page));

        Assert.Equal("TRADE_SUCCESS", (await CallAsync("query"))["trade_status"]);
    }

    [Fact]
    public async Task A_pending_payment_leads_back_at_once_and_is_paid_later()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl, notifyUrl: inbox.Url.AbsoluteUri);
        await sandbox.FaultAsync("alipay", "page", "pending", seconds: 60);

        Assert.StartsWith(ReturnUrl, await PressPayAsync(page), StringComparison.Ordinal);
        Assert.Equal("WAIT_BUYER_PAY", (await CallAsync("query"))["trade_status"]);
        Assert.Equal("ACQ.TRADE_STATUS_ERROR", (await CallAsync("close"))["sub_code"]);
        Assert.Equal(0, inbox.Waiting);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("TRADE_SUCCESS", (await inbox.NextAsync()).Form["trade_status"]);
        Assert.Equal("TRADE_SUCCESS", (await CallAsync("query"))["trade_status"]);
    }

    [Fact]
    public async Task A_way_back_with_a_smaller_amount_is_properly_signed_and_proves_nothing()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);
        await sandbox.FaultAsync("alipay", "page", "wrong-amount");

        var parameters = QueryHelpers.ParseQuery(new Uri(await PressPayAsync(page)).Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());

        Assert.True(Merchant.IsSignedByAlipay(parameters));
        Assert.Equal("6.17", parameters["total_amount"]);
        Assert.Equal("12.34", (await CallAsync("query"))["total_amount"]);
    }

    [Theory]
    [InlineData("wrong-amount", "total_amount", "6.17")]
    [InlineData("wrong-currency", "trans_currency", "USD")]
    [InlineData("wrong-seller", "seller_id", "92088000000000009")]
    [InlineData("wrong-seller", "app_id", "92021000000000001")]
    public async Task A_notification_can_be_false_and_properly_signed(string fault, string field, string value)
    {
        inbox.Answer("fail");
        await sandbox.FaultAsync("alipay", "notify", fault);
        await PaidAsync();

        var received = await inbox.NextAsync();
        Assert.True(Merchant.IsSignedByAlipay(received.Form));
        Assert.Equal(value, received.Form[field]);

        await sandbox.MessageAfterAsync(Order, attempts: 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.NotEqual(value, (await inbox.NextAsync()).Form.GetValueOrDefault(field));
    }

    [Fact]
    public async Task A_notification_with_a_bad_signature_is_followed_by_a_good_one()
    {
        inbox.Answer("fail");
        await sandbox.FaultAsync("alipay", "notify", "bad-signature");
        await PaidAsync();

        Assert.False(Merchant.IsSignedByAlipay((await inbox.NextAsync()).Form));
        await sandbox.MessageAfterAsync(Order, attempts: 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(Merchant.IsSignedByAlipay((await inbox.NextAsync()).Form));
    }

    [Fact]
    public async Task A_notification_can_tell_a_state_that_nobody_knows()
    {
        await sandbox.FaultAsync("alipay", "notify", "unknown-state");
        await PaidAsync();

        var received = await inbox.NextAsync();

        Assert.Equal("TRADE_UNDER_REVIEW", received.Form["trade_status"]);
        Assert.True(Merchant.IsSignedByAlipay(received.Form));
    }

    [Fact]
    public async Task Two_notifications_come_at_once()
    {
        await sandbox.FaultAsync("alipay", "notify", "duplicate");
        await PaidAsync();

        Assert.Equal((await inbox.NextAsync()).Form["notify_id"], (await inbox.NextAsync()).Form["notify_id"]);
        await sandbox.MessageAfterAsync(Order, attempts: 1);
        Assert.Equal(2, (await sandbox.TradeAsync(Order)).GetProperty("notifications").GetInt32());
    }

    [Fact]
    public async Task An_older_state_is_told_after_the_newer_one()
    {
        await sandbox.FaultAsync("alipay", "notify", "out-of-order");
        await PaidAsync();

        var (first, second) = (await inbox.NextAsync(), await inbox.NextAsync());

        Assert.Equal(("TRADE_SUCCESS", "WAIT_BUYER_PAY"), (first.Form["trade_status"], second.Form["trade_status"]));
        Assert.True(Merchant.IsSignedByAlipay(second.Form));
        Assert.False(second.Form.ContainsKey("gmt_payment"));
    }

    [Fact]
    public async Task A_notification_can_be_withheld_for_good()
    {
        await sandbox.FaultAsync("alipay", "notify", "never");
        await PaidAsync();

        var message = await sandbox.MessageAfterAsync(Order, attempts: 1);

        Assert.Equal("withheld", message.GetProperty("outcome").GetString());
        Assert.Equal(0, inbox.Waiting);
    }

    [Fact]
    public async Task A_slow_notification_comes_later_and_then_once()
    {
        await sandbox.FaultAsync("alipay", "notify", "slow", seconds: 90);
        await PaidAsync();
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync($"/control/books/messages?about={Order}"))[0].GetProperty("dueAt").GetDateTimeOffset() == SandboxRig.Start.AddSeconds(90));
        Assert.Equal(0, inbox.Waiting);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(90));

        Assert.Equal("TRADE_SUCCESS", (await inbox.NextAsync()).Form["trade_status"]);
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 1)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task An_answer_to_a_notification_can_get_lost()
    {
        await sandbox.FaultAsync("alipay", "notify", "lost-answer");
        await PaidAsync();
        await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, attempts: 1);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));

        await inbox.NextAsync();
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 2)).GetProperty("outcome").GetString());
    }

    private async Task PaidAsync()
    {
        await Merchant.OpenAsync(Order, notifyUrl: inbox.Url.AbsoluteUri);
        await sandbox.PayAsync(Order);
    }

    private Task<AlipayReply> CallAsync(string point) => point switch
    {
        "precreate" => Merchant.PrecreateAsync(Order),
        "pay" => Merchant.PayAsync(Order),
        "charge" => Merchant.CallAsync(
            "alipay.trade.pay",
            new { out_trade_no = Order, total_amount = "12.34", subject = "renewal", product_code = "CYCLE_PAY_AUTH", agreement_params = new { agreement_no = "2026" } }),
        "cancel" => Merchant.CancelAsync(Order),
        "query" => Merchant.QueryAsync(Order),
        "close" => Merchant.CloseAsync(Order),
        "refund" => Merchant.RefundAsync(Order, "12.34", "R1"),
        "refund-query" => Merchant.QueryRefundAsync(Order, "R1"),
        _ => throw new ArgumentException(point),
    };

    private async Task<string> PressPayAsync(string page)
    {
        using var body = new FormUrlEncodedContent([new("action", "pay")]);
        using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);
        return answer.Headers.Location!.ToString();
    }
}
