using System.Net;
using System.Text.RegularExpressions;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Each fault of the sandbox's WeChat Pay at a call: what it spoils, and that the books stay true.</summary>
public sealed class WeChatPayFaultTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    public static TheoryData<string> Calls => new("native", "h5", "jsapi", "codepay", "query", "close", "reverse", "refund", "refund-query", "bill");

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_500_and_a_rejection_do_nothing(string point)
    {
        var before = await BooksAsync(point);
        await sandbox.FaultAsync("wechatpay", point, "error-500");
        await sandbox.FaultAsync("wechatpay", point, "reject");

        Assert.Equal((HttpStatusCode.InternalServerError, "SYSTEM_ERROR"), await CallAsync(point) is var error ? (error.Status, error["code"]) : default);
        var rejected = await CallAsync(point);
        Assert.True((int)rejected.Status is >= 400 and < 500, rejected.Raw);
        Assert.Equal(WeChatPayVerdict.Good, rejected.Verdict);
        Assert.Equal(before, await TradesAsync());
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task An_answer_can_be_signed_falsely(string point)
    {
        await BooksAsync(point);
        foreach (var (fault, verdict) in new[]
                 {
                     ("bad-signature", WeChatPayVerdict.Bad), ("signtest", WeChatPayVerdict.Bad), ("stale", WeChatPayVerdict.Stale), ("unknown-serial", WeChatPayVerdict.UnknownSerial),
                 })
        {
            await sandbox.FaultAsync("wechatpay", point, fault);
            Assert.Equal(verdict, (await CallAsync(point)).Verdict);
        }

        Assert.Equal(WeChatPayVerdict.Good, (await CallAsync(point)).Verdict);
    }

    [Fact]
    public async Task A_fault_at_the_gateway_strikes_any_call_and_one_of_an_order_only_its_own()
    {
        await BooksAsync("query");
        await sandbox.FaultAsync("wechatpay", "gateway", "reject", new { order = Order });
        await sandbox.FaultAsync("wechatpay", "query", "reject", new { order = "order_9" });

        Assert.Equal("NO_AUTH", (await CallAsync("query"))["code"]);
        Assert.Equal("SUCCESS", (await CallAsync("query"))["trade_state"]);
        await sandbox.FaultAsync("wechatpay", "gateway", "reject");
        Assert.Equal("NO_AUTH", (await Merchant.GetAsync("/v3/certificates"))["code"]);
    }

    [Fact]
    public async Task A_barcode_whose_answer_is_lost_has_been_paid()
    {
        await sandbox.FaultAsync("wechatpay", "codepay", "lost-answer");

        await Assert.ThrowsAsync<HttpRequestException>(() => Merchant.CodePayAsync(Order));

        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task A_slow_refund_is_taken_at_once_and_answered_late()
    {
        await BooksAsync("refund");
        await sandbox.FaultAsync("wechatpay", "refund", "slow", seconds: 30);

        var answer = CallAsync("refund");
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync($"/control/books/wechatpay/trades?order={Order}"))[0].GetProperty("refunds").GetArrayLength() == 1);
        Assert.False(answer.IsCompleted);

        var (reply, seconds) = await sandbox.WaitForAsync(answer);
        Assert.Equal("PROCESSING", reply["status"]);
        Assert.True(seconds >= 30, $"answered after {seconds} seconds");
    }

    [Fact]
    public async Task A_query_can_be_made_to_lie_while_the_books_do_not()
    {
        await BooksAsync("query");
        foreach (var (fault, field, value) in new[]
                 {
                     ("pending", "trade_state", "USERPAYING"), ("never", "code", "ORDER_NOT_EXIST"), ("wrong-amount", "amount.total", "617"), ("wrong-currency", "amount.currency", "USD"),
                     ("wrong-seller", "mchid", "19000000019"), ("unknown-state", "trade_state", "SETTLING"),
                 })
        {
            await sandbox.FaultAsync("wechatpay", "query", fault);
            var reply = await CallAsync("query");
            Assert.Equal((value, WeChatPayVerdict.Good), (reply[field], reply.Verdict));
        }

        Assert.Equal(("SUCCESS", "1234"), await CallAsync("query") is var truth ? (truth["trade_state"], truth["amount.total"]) : default);
    }

    [Fact]
    public async Task A_refund_query_can_be_made_to_lie()
    {
        await BooksAsync("refund-query");
        foreach (var (fault, field, value) in new[]
                 {
                     ("pending", "status", "PROCESSING"), ("never", "code", "RESOURCE_NOT_EXISTS"), ("wrong-amount", "amount.refund", "250"), ("wrong-currency", "amount.currency", "USD"),
                     ("unknown-state", "status", "SETTLING"),
                 })
        {
            await sandbox.FaultAsync("wechatpay", "refund-query", fault);
            Assert.Equal(value, (await CallAsync("refund-query"))[field]);
        }

        Assert.Equal("SUCCESS", (await CallAsync("refund-query"))["status"]);
    }

    [Fact]
    public async Task A_pending_refund_is_made_only_later()
    {
        await BooksAsync("refund");
        await sandbox.FaultAsync("wechatpay", "refund", "pending", seconds: 600);
        await CallAsync("refund");
        sandbox.Clock.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal("PROCESSING", (await Merchant.QueryRefundAsync("R9"))["status"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("SUCCESS", (await Merchant.QueryRefundAsync("R9"))["status"]);
    }

    [Fact]
    public async Task A_barcodes_answer_can_lie()
    {
        await sandbox.FaultAsync("wechatpay", "codepay", "unknown-state");
        await sandbox.FaultAsync("wechatpay", "codepay", "wrong-amount");

        Assert.Equal("SETTLING", (await Merchant.CodePayAsync(Order))["trade_state"]);
        Assert.Equal("617", (await Merchant.CodePayAsync("order_2", "130061098828009400"))["amount.total"]);
        Assert.Equal("1234", (await Merchant.QueryAsync("order_2"))["amount.total"]);
    }

    /// <summary>An order to which the call can be made, and the books then.</summary>
    private async Task<string> BooksAsync(string point)
    {
        if (point is "query" or "refund" or "refund-query" or "bill")
        {
            await Merchant.NativeAsync(Order);
            using var paid = await sandbox.PostAsync("/control/wechatpay/pay", new { order = Order });
        }

        if (point is "close")
        {
            await Merchant.NativeAsync(Order);
        }

        if (point is "reverse")
        {
            await Merchant.CodePayAsync(Order);
        }

        if (point is "refund-query")
        {
            await Merchant.RefundAsync(Order, "R9", 500);
            sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        }

        if (point is "bill")
        {
            sandbox.Clock.Advance(TimeSpan.FromHours(22));
        }

        return await TradesAsync();
    }

    /// <summary>The books but for how often was notified: that goes on by itself meanwhile.</summary>
    private async Task<string> TradesAsync() => Regex.Replace((await sandbox.GetAsync("/control/books/wechatpay/trades")).GetRawText(), "\"notifications\":[0-9]+", "");

    private Task<WeChatPayReply> CallAsync(string point) => point switch
    {
        "native" => Merchant.NativeAsync(Order),
        "h5" => Merchant.H5Async(Order),
        "jsapi" => Merchant.JsApiAsync(Order),
        "codepay" => Merchant.CodePayAsync(Order),
        "query" => Merchant.QueryAsync(Order),
        "close" => Merchant.CloseAsync(Order),
        "reverse" => Merchant.ReverseAsync(Order),
        "refund" => Merchant.RefundAsync(Order, "R9", 500),
        "refund-query" => Merchant.QueryRefundAsync("R9"),
        "bill" => Merchant.GetAsync("/v3/bill/tradebill?bill_date=2026-03-01"),
        _ => throw new ArgumentException(point),
    };
}
