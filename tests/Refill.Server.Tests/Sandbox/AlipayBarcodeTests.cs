using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Paying by a buyer's barcode at the sandbox's Alipay, and taking back what was left in doubt.</summary>
public sealed class AlipayBarcodeTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_barcode_is_paid_at_once_and_told()
    {
        await using var inbox = await Inbox.StartAsync();

        var reply = await Merchant.PayAsync(Order, notifyUrl: inbox.Url.AbsoluteUri);

        Assert.Equal(("10000", "12.34", "2026-03-01 12:00:00", true), (reply["code"], reply["total_amount"], reply["gmt_payment"], reply.SignatureIsGood));
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("TRADE_SUCCESS", (await inbox.NextAsync()).Form["trade_status"]);
    }

    [Theory]
    [InlineData("2812345678901234", true)]
    [InlineData("251234567890123456789012", true)]
    [InlineData("3012345678901234", true)]
    [InlineData("281234567890123", false)]
    [InlineData("2812345678901234567890123", false)]
    [InlineData("2412345678901234", false)]
    [InlineData("3112345678901234", false)]
    [InlineData("28123456789012345a", false)]
    public async Task A_code_has_16_to_24_digits_and_begins_with_25_to_30(string code, bool good)
    {
        var reply = await Merchant.PayAsync(Order, code: code);

        Assert.Equal(good ? ("10000", null) : ("40004", "ACQ.PAYMENT_AUTH_CODE_INVALID"), (reply["code"], reply["sub_code"]));
    }

    [Fact]
    public async Task A_code_is_good_for_one_order_and_an_order_is_paid_once()
    {
        await Merchant.PayAsync(Order, code: "2812345678901234");

        Assert.Equal("ACQ.PAYMENT_AUTH_CODE_INVALID", (await Merchant.PayAsync("order_2", code: "2812345678901234"))["sub_code"]);
        Assert.Equal("ACQ.TRADE_HAS_SUCCESS", (await Merchant.PayAsync(Order, code: "2812345678901234"))["sub_code"]);
        Assert.Equal("ACQ.CONTEXT_INCONSISTENT", (await Merchant.PayAsync(Order, "1.00"))["sub_code"]);
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await Merchant.QueryAsync("order_2"))["sub_code"]);
    }

    [Fact]
    public async Task Another_scene_than_a_barcode_is_refused()
    {
        var reply = await Merchant.CallAsync("alipay.trade.pay", new { out_trade_no = Order, total_amount = "1.00", subject = "ok", scene = "security_code", auth_code = "2812345678901234" });

        Assert.Equal("ACQ.INVALID_PARAMETER", reply["sub_code"]);
    }

    [Fact]
    public async Task A_buyer_who_hesitates_is_waited_for_and_pays_by_himself()
    {
        await sandbox.FaultAsync("alipay", "pay", "pending", seconds: 20);

        Assert.Equal("10003", (await Merchant.PayAsync(Order))["code"]);
        Assert.Equal("10003", (await Merchant.PayAsync(Order))["code"]);
        Assert.Equal("WAIT_BUYER_PAY", (await Merchant.QueryAsync(Order))["trade_status"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
    }

    [Fact]
    public async Task A_buyer_who_hesitates_may_be_paid_for_by_the_controls_or_never_pay()
    {
        await sandbox.FaultAsync("alipay", "pay", "pending", times: 2);
        await Merchant.PayAsync(Order);
        await Merchant.PayAsync("order_2");

        Assert.Equal(HttpStatusCode.OK, await sandbox.PayAsync(Order));
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);

        sandbox.Clock.Advance(TimeSpan.FromHours(3));
        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync("order_2"))["trade_status"]);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("cancel")]
    public async Task A_buyer_who_hesitates_can_be_sent_away(string how)
    {
        await sandbox.FaultAsync("alipay", "pay", "pending", seconds: 20);
        await Merchant.PayAsync(Order);

        var reply = await (how == "close" ? Merchant.CloseAsync(Order) : Merchant.CancelAsync(Order));

        Assert.Equal(("10000", how == "close" ? null : "close"), (reply["code"], reply["action"]));
        sandbox.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync(Order))["trade_status"]);
    }

    [Fact]
    public async Task A_payment_whose_answer_is_lost_or_in_doubt_has_been_made()
    {
        await sandbox.FaultAsync("alipay", "pay", "unavailable");
        await sandbox.FaultAsync("alipay", "pay", "lost-answer", new { order = "order_2" });

        Assert.Equal(("20000", "aop.ACQ.SYSTEM_ERROR"), await CodesAsync(Merchant.PayAsync(Order)));
        await Assert.ThrowsAsync<HttpRequestException>(() => Merchant.PayAsync("order_2"));

        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync("order_2"))["trade_status"]);
    }

    [Fact]
    public async Task A_buyer_without_money_leaves_no_trade()
    {
        await sandbox.FaultAsync("alipay", "pay", "reject");

        Assert.Equal(("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH"), await CodesAsync(Merchant.PayAsync(Order)));

        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await Merchant.QueryAsync(Order))["sub_code"]);
        Assert.Equal("10000", (await Merchant.PayAsync(Order))["code"]);
    }

    [Fact]
    public async Task A_payment_can_be_told_falsely()
    {
        await sandbox.FaultAsync("alipay", "pay", "wrong-amount", new { order = Order });
        await sandbox.FaultAsync("alipay", "pay", "wrong-currency", new { order = "order_2" });
        await sandbox.FaultAsync("alipay", "query", "unknown-state");

        Assert.Equal("6.17", (await Merchant.PayAsync(Order))["total_amount"]);
        Assert.Equal("USD", (await Merchant.PayAsync("order_2"))["trans_currency"]);
        Assert.Equal("TRADE_UNDER_REVIEW", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("12.34", (await sandbox.TradeAsync(Order)).GetProperty("amount").GetString());
    }

    [Fact]
    public async Task What_is_paid_is_sent_back_whole_however_often_it_is_cancelled()
    {
        await Merchant.PayAsync(Order);
        await Merchant.RefundAsync(Order, "5.00", "R1");

        foreach (var _ in Enumerable.Range(0, 2))
        {
            var reply = await Merchant.CancelAsync(Order);
            Assert.Equal(("10000", "refund", "N", true), (reply["code"], reply["action"], reply["retry_flag"], reply.SignatureIsGood));
        }

        var trade = await sandbox.TradeAsync(Order);
        Assert.Equal("TRADE_CLOSED", trade.GetProperty("status").GetString());
        Assert.Equal(["5.00", "7.34"], trade.GetProperty("refunds").EnumerateArray().Select(refund => refund.GetProperty("amount").GetString()).Order());
    }

    [Fact]
    public async Task Where_there_is_no_trade_there_is_nothing_to_cancel_and_that_is_no_failure()
    {
        var reply = await Merchant.CancelAsync(Order);

        Assert.Equal(("10000", null, "N"), (reply["code"], reply["action"], reply["retry_flag"]));
    }

    [Fact]
    public async Task A_cancellation_is_repeated_as_long_as_it_is_asked_for()
    {
        await Merchant.PayAsync(Order);
        await sandbox.FaultAsync("alipay", "cancel", "pending");
        await sandbox.FaultAsync("alipay", "cancel", "unavailable");

        var again = await Merchant.CancelAsync(Order);
        Assert.Equal(("40004", "ACQ.SYSTEM_ERROR", "Y"), (again["code"], again["sub_code"], again["retry_flag"]));
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal("20000", (await Merchant.CancelAsync(Order))["code"]);
        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync(Order))["trade_status"]);
        Assert.Equal(("10000", "refund"), ((await Merchant.CancelAsync(Order)) switch { var done => (done["code"], done["action"]) }));
    }

    [Fact]
    public async Task A_cancellation_can_be_refused_for_good()
    {
        await Merchant.PayAsync(Order);
        await sandbox.FaultAsync("alipay", "cancel", "reject");

        var reply = await Merchant.CancelAsync(Order);

        Assert.Equal(("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "N"), (reply["code"], reply["sub_code"], reply["retry_flag"]));
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync(Order))["trade_status"]);
        using var finished = await sandbox.PostAsync("/control/alipay/finish", new { order = Order });
        Assert.Equal("ACQ.TRADE_HAS_FINISHED", (await Merchant.CancelAsync(Order))["sub_code"]);
    }

    private static async Task<(string?, string?)> CodesAsync(Task<AlipayReply> call) => ((await call)["code"], (await call)["sub_code"]);
}
