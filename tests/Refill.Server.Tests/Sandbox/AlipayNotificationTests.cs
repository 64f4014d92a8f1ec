using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's Alipay tells a merchant, how often, and what it takes for an answer.</summary>
public sealed class AlipayNotificationTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;

    public async ValueTask InitializeAsync() => (sandbox, inbox) = (await SandboxRig.StartAsync(), await Inbox.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Fact]
    public async Task A_payment_is_told_in_a_signed_form_without_empty_fields()
    {
        await PaidAsync();

        var received = await inbox.NextAsync();

        Assert.Equal("application/x-www-form-urlencoded; charset=utf-8", received.ContentType);
        Assert.True(Merchant.IsSignedByAlipay(received.Form));
        Assert.DoesNotContain("", received.Form.Values);
        Assert.Equal("RSA2", received.Form["sign_type"]);
        Assert.Equal(("trade_status_sync", "TRADE_SUCCESS"), (received.Form["notify_type"], received.Form["trade_status"]));
        Assert.Equal((Order, "12.34", "12.34"), (received.Form["out_trade_no"], received.Form["total_amount"], received.Form["receipt_amount"]));
        Assert.Equal((Merchant.AppId, Merchant.SellerId), (received.Form["app_id"], received.Form["seller_id"]));
        Assert.Equal("2026-03-01 12:00:00", received.Form["gmt_payment"]);
        Assert.Equal("12.34", JsonDocument.Parse(received.Form["fund_bill_list"]).RootElement[0].GetProperty("amount").GetString());
        Assert.Equal((await sandbox.Merchant.QueryAsync(Order))["trade_no"], received.Form["trade_no"]);
    }

    [Fact]
    public async Task Success_ends_it()
    {
        await PaidAsync();
        await inbox.NextAsync();

        var message = await sandbox.MessageAfterAsync(Order, attempts: 1);
        Assert.Equal(("accepted", JsonValueKind.Null), (message.GetProperty("outcome").GetString(), message.GetProperty("dueAt").ValueKind));
        Assert.Equal(1, (await sandbox.TradeAsync(Order)).GetProperty("notifications").GetInt32());
    }

    [Theory]
    [InlineData("SUCCESS", 200)]
    [InlineData("success\n", 200)]
    [InlineData("\"success\"", 200)]
    [InlineData("fail", 200)]
    [InlineData("", 200)]
    [InlineData("success", 500)]
    [InlineData("success", 302)]
    public async Task Anything_but_exactly_success_is_tried_again(string body, int status)
    {
        inbox.Answer(body, status);
        await PaidAsync();
        var first = await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, attempts: 1);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));

        var second = await inbox.NextAsync();
        Assert.Equal(first.Form["notify_id"], second.Form["notify_id"]);
        Assert.NotEqual(first.Form["notify_time"], second.Form["notify_time"]);
        Assert.True(Merchant.IsSignedByAlipay(second.Form));
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 2)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task It_is_tried_eight_times_with_growing_waits_and_then_given_up()
    {
        var waits = new List<double>();
        foreach (var _ in Enumerable.Range(0, 8))
        {
            inbox.Answer("fail");
        }

        await PaidAsync();
        for (var attempt = 1; attempt <= 7; attempt++)
        {
            await inbox.NextAsync();
            var dueAt = (await sandbox.MessageAfterAsync(Order, attempt)).GetProperty("dueAt").GetDateTimeOffset();
            waits.Add((dueAt - sandbox.Clock.GetUtcNow()).TotalSeconds);
            sandbox.Clock.Advance(dueAt - sandbox.Clock.GetUtcNow());
        }

        await inbox.NextAsync();
        Assert.Equal("given up", (await sandbox.MessageAfterAsync(Order, attempts: 8)).GetProperty("outcome").GetString());
        Assert.Equal([2, 5, 10, 30, 60, 240, 600], waits);
    }

    [Fact]
    public async Task It_goes_on_after_a_restart_of_the_sandbox()
    {
        inbox.Answer("fail");
        await PaidAsync();
        var first = await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, attempts: 1);

        await sandbox.RestartAsync();
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(first.Form["notify_id"], (await inbox.NextAsync()).Form["notify_id"]);
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 2)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task It_goes_on_after_a_restart_of_the_merchant()
    {
        var gone = await Inbox.StartAsync();
        var url = gone.Url;
        await gone.DisposeAsync();
        await sandbox.Merchant.OpenAsync(Order, notifyUrl: url.AbsoluteUri);
        await sandbox.PayAsync(Order);

        var message = await sandbox.MessageAfterAsync(Order, attempts: 1);

        Assert.Equal(sandbox.Clock.GetUtcNow().AddSeconds(2), message.GetProperty("dueAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Refunds_are_told_with_what_has_gone_back_in_all()
    {
        await PaidAsync();
        await inbox.NextAsync();

        await sandbox.Merchant.RefundAsync(Order, "5.00", "R1");
        var part = await inbox.NextAsync();
        await sandbox.Merchant.RefundAsync(Order, "7.34", "R2");
        var whole = await inbox.NextAsync();

        Assert.Equal(("TRADE_SUCCESS", "5.00", "R1"), (part.Form["trade_status"], part.Form["refund_fee"], part.Form["out_biz_no"]));
        Assert.Equal(("TRADE_CLOSED", "12.34", "R2"), (whole.Form["trade_status"], whole.Form["refund_fee"], whole.Form["out_biz_no"]));
        Assert.All([part, whole], received => Assert.True(Merchant.IsSignedByAlipay(received.Form)));
        Assert.Equal("2026-03-01 12:00:00.000", whole.Form["gmt_refund"]);
    }

    [Fact]
    public async Task The_last_one_can_be_had_again()
    {
        await PaidAsync();
        var first = await inbox.NextAsync();

        using var asked = await sandbox.PostAsync("/control/alipay/renotify", new { order = Order });

        Assert.Equal(first.Form["notify_id"], (await inbox.NextAsync()).Form["notify_id"]);
    }

    [Fact]
    public async Task Without_an_address_nothing_is_told()
    {
        await sandbox.Merchant.OpenAsync(Order);
        await sandbox.PayAsync(Order);

        Assert.Equal(0, (await sandbox.GetAsync($"/control/books/messages?about={Order}")).GetArrayLength());
    }

    private async Task PaidAsync()
    {
        await sandbox.Merchant.OpenAsync(Order, notifyUrl: inbox.Url.AbsoluteUri);
        await sandbox.PayAsync(Order);
    }
}
