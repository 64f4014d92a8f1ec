using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Refunds of the sandbox's WeChat Pay: taken is not made, and the same number is made once.</summary>
public sealed class WeChatPayRefundTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_refund_is_taken_and_made_later()
    {
        await PaidAsync();

        var taken = await Merchant.RefundAsync(Order, "R1", 500);
        Assert.Equal((HttpStatusCode.OK, "PROCESSING", "500", "1234", null), (taken.Status, taken["status"], taken["amount.refund"], taken["amount.total"], taken["success_time"]));
        Assert.Equal("REFUND", (await Merchant.QueryAsync(Order))["trade_state"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        var made = await Merchant.QueryRefundAsync("R1");
        Assert.Equal(("SUCCESS", "2026-03-01T12:00:02+08:00", taken["refund_id"]), (made["status"], made["success_time"], made["refund_id"]));
        Assert.Equal(WeChatPayVerdict.Good, made.Verdict);
    }

    [Fact]
    public async Task The_same_number_refunds_once_and_another_amount_under_it_is_refused()
    {
        await PaidAsync();
        var first = await Merchant.RefundAsync(Order, "R1", 500);
        sandbox.Clock.Advance(TimeSpan.FromMinutes(2));

        var again = await Merchant.RefundAsync(Order, "R1", 500);

        Assert.Equal((first["refund_id"], "SUCCESS"), (again["refund_id"], again["status"]));
        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R1", 501))["code"]);
        Assert.Equal(1, (await RefundsAsync()));
    }

    [Fact]
    public async Task No_more_is_refunded_than_was_paid_and_not_faster_than_once_a_minute()
    {
        await PaidAsync();
        await Merchant.RefundAsync(Order, "R1", 500);

        Assert.Equal((HttpStatusCode.TooManyRequests, "FREQUENCY_LIMITED"), await Merchant.RefundAsync(Order, "R2", 100) is var early ? (early.Status, early["code"]) : default);
        sandbox.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R2", 735))["code"]);
        Assert.Equal("PARAM_ERROR", (await Merchant.RefundAsync(Order, "R2", 100, total: 1000))["code"]);
        Assert.Equal("PROCESSING", (await Merchant.RefundAsync(Order, "R2", 734))["status"]);
    }

    [Fact]
    public async Task An_order_has_at_most_fifty_refunds()
    {
        await PaidAsync();
        foreach (var index in Enumerable.Range(1, 50))
        {
            Assert.Equal("PROCESSING", (await Merchant.RefundAsync(Order, $"R{index}", 1))["status"]);
            sandbox.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R51", 1))["code"]);
        Assert.Equal(50, await RefundsAsync());
    }

    [Fact]
    public async Task What_is_not_paid_or_is_not_there_is_not_refunded()
    {
        await Merchant.NativeAsync(Order);

        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R1", 1234))["code"]);
        Assert.Equal((HttpStatusCode.NotFound, "RESOURCE_NOT_EXISTS"), await Merchant.RefundAsync("order_2", "R1", 1234) is var none ? (none.Status, none["code"]) : default);
        Assert.Equal("RESOURCE_NOT_EXISTS", (await Merchant.QueryRefundAsync("R1"))["code"]);
    }

    [Fact]
    public async Task After_a_year_nothing_is_refunded()
    {
        await PaidAsync();
        sandbox.Clock.Advance(TimeSpan.FromDays(365));

        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R1", 1234))["code"]);
    }

    [Fact]
    public async Task A_refund_that_is_closed_leaves_the_money_to_be_refunded_again()
    {
        await PaidAsync();
        await sandbox.FaultAsync("wechatpay", "refund", "closed", new { order = Order });
        await Merchant.RefundAsync(Order, "R1", 1234);
        sandbox.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("CLOSED", (await Merchant.QueryRefundAsync("R1"))["status"]);
        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
        Assert.Equal("PROCESSING", (await Merchant.RefundAsync(Order, "R2", 1234))["status"]);
    }

    [Fact]
    public async Task A_refund_that_is_abnormal_is_made_by_hand()
    {
        await PaidAsync();
        await sandbox.FaultAsync("wechatpay", "refund", "abnormal");
        await Merchant.RefundAsync(Order, "R1", 1234);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("ABNORMAL", (await Merchant.QueryRefundAsync("R1"))["status"]);

        using var decided = await sandbox.PostAsync("/control/wechatpay/refund", new { order = Order, refund = "R1", status = "SUCCESS" });
        Assert.Equal("SUCCESS", (await Merchant.QueryRefundAsync("R1"))["status"]);
        using var again = await sandbox.PostAsync("/control/wechatpay/refund", new { order = Order, refund = "R1", status = "CLOSED" });
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task Twenty_at_once_refund_no_more_than_was_paid()
    {
        await PaidAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => Merchant.RefundAsync(Order, $"R{index % 2}", 1234)));

        Assert.Equal(1, await RefundsAsync());
        Assert.Equal(10, replies.Count(reply => reply["status"] == "PROCESSING"));
    }

    private async Task<int> RefundsAsync() => (await sandbox.GetAsync($"/control/books/wechatpay/trades?order={Order}"))[0].GetProperty("refunds").GetArrayLength();

    private async Task PaidAsync()
    {
        await Merchant.NativeAsync(Order);
        using var paid = await sandbox.PostAsync("/control/wechatpay/pay", new { order = Order });
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
    }
}
