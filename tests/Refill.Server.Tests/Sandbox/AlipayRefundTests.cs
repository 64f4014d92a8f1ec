using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Refunds at the sandbox's Alipay: each number once, never more than was paid.</summary>
public sealed class AlipayRefundTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    public async ValueTask InitializeAsync()
    {
        sandbox = await SandboxRig.StartAsync();
        await Merchant.OpenAsync(Order, "12.34");
    }

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task The_same_number_refunds_once()
    {
        await sandbox.PayAsync(Order);

        var first = await Merchant.RefundAsync(Order, "5.00", "R1");
        var again = await Merchant.RefundAsync(Order, "5.00", "R1");

        Assert.Equal(("10000", "Y", "5.00"), (first["code"], first["fund_change"], first["refund_fee"]));
        Assert.Equal(("10000", "N", "5.00"), (again["code"], again["fund_change"], again["refund_fee"]));
        Assert.True(first.SignatureIsGood && again.SignatureIsGood);
        Assert.Equal([("R1", "5.00")], await Refunds());
    }

    [Fact]
    public async Task The_same_number_with_another_amount_is_refused()
    {
        await sandbox.PayAsync(Order);
        await Merchant.RefundAsync(Order, "5.00", "R1");

        Assert.Equal("ACQ.DISCORDANT_REPEAT_REQUEST", (await Merchant.RefundAsync(Order, "5.01", "R1"))["sub_code"]);
        Assert.Equal([("R1", "5.00")], await Refunds());
    }

    [Fact]
    public async Task Parts_add_up_to_what_was_paid_and_no_further()
    {
        await sandbox.PayAsync(Order);
        await Merchant.RefundAsync(Order, "5.00", "R1");

        Assert.Equal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", (await Merchant.RefundAsync(Order, "7.35", "R2"))["sub_code"]);
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("12.34", (await Merchant.RefundAsync(Order, "7.34", "R3"))["refund_fee"]);

        var closed = await Merchant.QueryAsync(Order);
        Assert.Equal(("TRADE_CLOSED", "2026-03-01 12:00:00"), (closed["trade_status"], closed["send_pay_date"]));
        Assert.Equal("ACQ.TRADE_HAS_CLOSE", (await Merchant.RefundAsync(Order, "0.01", "R4"))["sub_code"]);
        Assert.Equal([("R1", "5.00"), ("R3", "7.34")], await Refunds());
    }

    [Fact]
    public async Task Without_a_number_only_the_whole_can_be_refunded()
    {
        await sandbox.PayAsync(Order);

        Assert.Equal("ACQ.INVALID_PARAMETER", (await Merchant.RefundAsync(Order, "12.33", null))["sub_code"]);
        Assert.Equal("Y", (await Merchant.RefundAsync(Order, "12.34", null))["fund_change"]);
        Assert.Equal("N", (await Merchant.RefundAsync(Order, "12.34", null))["fund_change"]);
    }

    [Fact]
    public async Task What_is_not_paid_cannot_be_refunded()
    {
        Assert.Equal("ACQ.TRADE_STATUS_ERROR", (await Merchant.RefundAsync(Order, "12.34", "R1"))["sub_code"]);
        Assert.Empty(await Refunds());
    }

    [Fact]
    public async Task What_is_finished_cannot_be_refunded()
    {
        await sandbox.PayAsync(Order);
        using var finished = await sandbox.PostAsync("/control/alipay/finish", new { order = Order });

        Assert.Equal("TRADE_FINISHED", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("ACQ.TRADE_HAS_FINISHED", (await Merchant.RefundAsync(Order, "12.34", "R1"))["sub_code"]);
        Assert.Empty(await Refunds());
    }

    [Fact]
    public async Task A_refund_that_is_asked_about_is_shown_only_if_it_was_made()
    {
        await sandbox.PayAsync(Order);
        await Merchant.RefundAsync(Order, "5.00", "R1");

        var made = await Merchant.QueryRefundAsync(Order, "R1");
        Assert.Equal(("10000", "REFUND_SUCCESS", "5.00", "12.34"), (made["code"], made["refund_status"], made["refund_amount"], made["total_amount"]));
        var absent = await Merchant.QueryRefundAsync(Order, "R2");
        Assert.Equal(("10000", null), (absent["code"], absent["refund_status"]));
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await Merchant.QueryRefundAsync("order_2", "R1"))["sub_code"]);
    }

    [Fact]
    public async Task Twenty_at_once_refund_no_more_than_was_paid()
    {
        await sandbox.PayAsync(Order);

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => Merchant.RefundAsync(Order, "1.00", $"R{index % 15}")));

        Assert.Equal(12, (await Refunds()).Length);
        Assert.Equal(12, replies.Count(reply => reply["fund_change"] == "Y"));
    }

    private async Task<(string?, string?)[]> Refunds() =>
        [.. (await sandbox.TradeAsync(Order)).GetProperty("refunds").EnumerateArray().Select(Line).Order()];

    private static (string?, string?) Line(JsonElement refund) => (refund.GetProperty("refundNumber").GetString(), refund.GetProperty("amount").GetString());
}
