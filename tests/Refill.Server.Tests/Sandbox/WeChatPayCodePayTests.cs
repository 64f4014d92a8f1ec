using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Barcodes at the counter: paid at once, or after a password, or not at all; and taken back.</summary>
public sealed class WeChatPayCodePayTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_barcode_is_paid_at_once()
    {
        var paid = await Merchant.CodePayAsync(Order);

        Assert.Equal((HttpStatusCode.OK, WeChatPayVerdict.Good), (paid.Status, paid.Verdict));
        Assert.Equal(("SUCCESS", "MICROPAY", "1234"), (paid["trade_state"], paid["trade_type"], paid["amount.total"]));
        Assert.Equal(paid.Raw, (await Merchant.QueryAsync(Order)).Raw);
        Assert.Equal("ORDERPAID", (await Merchant.CodePayAsync(Order))["code"]);
    }

    [Fact]
    public async Task A_barcode_is_good_once()
    {
        await Merchant.CodePayAsync(Order);

        Assert.Equal("AUTH_CODE_INVALID", (await Merchant.CodePayAsync("order_2"))["code"]);
    }

    [Theory]
    [InlineData("130061098828009475", 10, "SUCCESS")]
    [InlineData("130061098828009476", 30, "PAYERROR")]
    public async Task Some_payers_are_asked_for_a_password(string authCode, int seconds, string becomes)
    {
        Assert.Equal("USERPAYING", (await Merchant.CodePayAsync(Order, authCode))["trade_state"]);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal("USERPAYING", (await Merchant.QueryAsync(Order))["trade_state"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(becomes, (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task Some_payers_have_no_money()
    {
        Assert.Equal((HttpStatusCode.Forbidden, "NOT_ENOUGH"), await CodeAsync(Merchant.CodePayAsync(Order, "130061098828009477")));
        Assert.Equal("PAYERROR", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task A_password_on_demand_is_typed_after_a_while_or_on_the_payers_page()
    {
        await sandbox.FaultAsync("wechatpay", "codepay", "pending", new { order = Order }, seconds: 40);
        await Merchant.CodePayAsync(Order);
        await sandbox.FaultAsync("wechatpay", "codepay", "pending", seconds: 40);
        await Merchant.CodePayAsync("order_2", "130061098828009400");
        var page = (await sandbox.GetAsync("/control/books/wechatpay/trades?order=order_2"))[0].GetProperty("page").GetString();
        using var press = new FormUrlEncodedContent([new("action", "pay")]);
        using var pressed = await sandbox.Http.PostAsync(page, press, TestContext.Current.CancellationToken);

        Assert.Equal("SUCCESS", (await Merchant.QueryAsync("order_2"))["trade_state"]);
        Assert.Equal("USERPAYING", (await Merchant.QueryAsync(Order))["trade_state"]);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task What_was_paid_goes_back_with_a_reversal_however_often_it_is_asked_for()
    {
        await Merchant.CodePayAsync(Order);

        Assert.Equal((HttpStatusCode.OK, WeChatPayVerdict.Good), await Merchant.ReverseAsync(Order) is var reversed ? (reversed.Status, reversed.Verdict) : default);
        Assert.Equal(HttpStatusCode.OK, (await Merchant.ReverseAsync(Order)).Status);

        Assert.Equal("REVOKED", (await Merchant.QueryAsync(Order))["trade_state"]);
        var refunds = (await sandbox.GetAsync($"/control/books/wechatpay/trades?order={Order}"))[0].GetProperty("refunds");
        Assert.Equal("12.34", Assert.Single(refunds.EnumerateArray()).GetProperty("amount").GetString());
        Assert.Equal("INVALID_REQUEST", (await Merchant.RefundAsync(Order, "R1", 1234))["code"]);
    }

    [Fact]
    public async Task What_is_reversed_before_the_password_is_never_paid()
    {
        await Merchant.CodePayAsync(Order, "130061098828009475");
        await Merchant.ReverseAsync(Order);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("REVOKED", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task A_reversal_can_fail_because_the_payer_is_still_at_it()
    {
        await Merchant.CodePayAsync(Order, "130061098828009475");
        await sandbox.FaultAsync("wechatpay", "reverse", "pending");

        Assert.Equal("USERPAYING", (await Merchant.ReverseAsync(Order))["code"]);
        Assert.Equal("USERPAYING", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task Only_barcodes_are_reversed_and_only_for_a_week()
    {
        await Merchant.NativeAsync("order_2");
        Assert.Equal("INVALID_REQUEST", (await Merchant.ReverseAsync("order_2"))["code"]);
        Assert.Equal("ORDER_NOT_EXIST", (await Merchant.ReverseAsync("order_3"))["code"]);

        await Merchant.CodePayAsync(Order);
        sandbox.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal("INVALID_REQUEST", (await Merchant.ReverseAsync(Order))["code"]);
        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    private static async Task<(HttpStatusCode, string?)> CodeAsync(Task<WeChatPayReply> call) => await call is var reply ? (reply.Status, reply["code"]) : default;
}
