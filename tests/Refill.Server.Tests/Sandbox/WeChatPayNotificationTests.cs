using System.Net;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's WeChat Pay tells a merchant, how often, and what it takes for an answer.</summary>
public sealed class WeChatPayNotificationTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    public async ValueTask InitializeAsync() => (sandbox, inbox) = (await SandboxRig.StartAsync(), await Inbox.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Fact]
    public async Task A_payment_is_told_encrypted_and_signed()
    {
        await PaidAsync();

        var received = await inbox.NextAsync();
        var notice = Merchant.Open(received);

        Assert.Equal(("application/json", WeChatPayVerdict.Good, "TRANSACTION.SUCCESS"), (received.ContentType, notice.Verdict, notice.Event));
        Assert.Equal((WeChatPayMerchant.PlatformSerial, "encrypt-resource"), (notice.Serial, WeChatPayMerchant.Member(notice.Outer, "resource_type")));
        Assert.Equal((WeChatPayMerchant.MerchantId, WeChatPayMerchant.AppId, Order), (notice["mchid"], notice["appid"], notice["out_trade_no"]));
        Assert.Equal(("SUCCESS", "1234", "CNY"), (notice["trade_state"], notice["amount.total"], notice["amount.currency"]));
        Assert.Equal((await Merchant.QueryAsync(Order))["transaction_id"], notice["transaction_id"]);
        Assert.DoesNotContain("\"\"", notice.Inner.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("null", notice.Inner.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    public async Task Two_answers_end_it(int status)
    {
        inbox.Answer(status == 204 ? "" : """{"code":"FAIL"}""", status);
        await PaidAsync();

        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 1)).GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData(201)]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(500)]
    public async Task Any_other_answer_is_tried_again(int status)
    {
        inbox.Answer("{}", status);
        await PaidAsync();
        var first = Merchant.Open(await inbox.NextAsync());
        await sandbox.MessageAfterAsync(Order, attempts: 1);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(15));

        var second = Merchant.Open(await inbox.NextAsync());
        Assert.Equal(WeChatPayMerchant.Member(first.Outer, "id"), WeChatPayMerchant.Member(second.Outer, "id"));
        Assert.Equal(WeChatPayVerdict.Good, second.Verdict);
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 2)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task It_is_tried_at_the_documented_times_and_then_given_up()
    {
        var waits = new List<double>();
        foreach (var _ in Enumerable.Range(0, 16))
        {
            inbox.Answer("{}", 500);
        }

        await PaidAsync();
        for (var attempt = 1; attempt <= 15; attempt++)
        {
            await inbox.NextAsync();
            var dueAt = (await sandbox.MessageAfterAsync(Order, attempt)).GetProperty("dueAt").GetDateTimeOffset();
            waits.Add((dueAt - sandbox.Clock.GetUtcNow()).TotalSeconds);
            sandbox.Clock.Advance(dueAt - sandbox.Clock.GetUtcNow());
        }

        await inbox.NextAsync();
        Assert.Equal("given up", (await sandbox.MessageAfterAsync(Order, attempts: 16)).GetProperty("outcome").GetString());
        Assert.Equal([15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600], waits);
    }

    [Fact]
    public async Task Its_times_can_be_shortened()
    {
        await using var fast = await SandboxRig.StartAsync(weChatPay: WeChatPayMerchant.Options with { RetryFactor = 0.1 });
        inbox.Answer("{}", 500);
        await fast.WeChatPay.NativeAsync(Order, inbox.Url.AbsoluteUri);
        using var paid = await fast.PostAsync("/control/wechatpay/pay", new { order = Order });

        Assert.Equal(SandboxRig.Start.AddSeconds(1.5), (await fast.MessageAfterAsync(Order, attempts: 1)).GetProperty("dueAt").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("SUCCESS")]
    [InlineData("ABNORMAL")]
    [InlineData("CLOSED")]
    public async Task What_becomes_of_a_refund_is_told_to_its_own_address(string status)
    {
        await PaidAsync();
        await inbox.NextAsync();
        if (status != "SUCCESS")
        {
            await sandbox.FaultAsync("wechatpay", "refund", status.ToLowerInvariant());
        }

        await Merchant.RefundAsync(Order, "R1", 500, notifyUrl: inbox.Url.AbsoluteUri);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        var notice = Merchant.Open(await inbox.NextAsync());

        Assert.Equal(($"REFUND.{status}", status, WeChatPayVerdict.Good), (notice.Event, notice["refund_status"], notice.Verdict));
        Assert.Equal((Order, "R1", "500", "1234"), (notice["out_trade_no"], notice["out_refund_no"], notice["amount.refund"], notice["amount.total"]));
        Assert.Equal((status == "SUCCESS" ? "2026-03-01T12:00:02+08:00" : null, null), (notice["success_time"], notice["appid"]));
    }

    [Fact]
    public async Task After_a_rotation_the_new_certificate_signs_and_after_a_switch_the_public_key_does()
    {
        using var rotated = await sandbox.PostAsync("/control/wechatpay/rotate", new { });
        var serial = JsonDocument.Parse(await rotated.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("serial").GetString();
        await PaidAsync();
        var byNew = Merchant.Open(await inbox.NextAsync());
        Assert.Equal((serial, WeChatPayVerdict.UnknownSerial), (byNew.Serial, byNew.Verdict));

        using var switched = await sandbox.PostAsync("/control/wechatpay/signer", new { by = "public-key" });
        using var again = await sandbox.PostAsync("/control/wechatpay/renotify", new { order = Order });
        var byPublicKey = Merchant.Open(await inbox.NextAsync());
        Assert.Equal((WeChatPayMerchant.PublicKeyId, WeChatPayVerdict.Good), (byPublicKey.Serial, byPublicKey.Verdict));
    }

    [Fact]
    public async Task Closing_and_time_running_out_are_not_told()
    {
        await Merchant.NativeAsync(Order, inbox.Url.AbsoluteUri);
        await Merchant.CloseAsync(Order);
        sandbox.Clock.Advance(TimeSpan.FromDays(8));

        Assert.Equal(0, (await sandbox.GetAsync($"/control/books/messages?about={Order}")).GetArrayLength());
    }

    [Theory]
    [InlineData("wrong-amount", "amount.total", "617")]
    [InlineData("wrong-currency", "amount.currency", "USD")]
    [InlineData("wrong-seller", "mchid", "19000000019")]
    [InlineData("wrong-seller", "appid", "wx88888888888888889")]
    [InlineData("unknown-state", "trade_state", "SETTLING")]
    public async Task A_notification_can_be_false_and_properly_signed(string fault, string field, string value)
    {
        inbox.Answer("{}", 500);
        await sandbox.FaultAsync("wechatpay", "notify", fault);
        await PaidAsync();

        var notice = Merchant.Open(await inbox.NextAsync());
        Assert.Equal((WeChatPayVerdict.Good, value), (notice.Verdict, notice[field]));

        await sandbox.MessageAfterAsync(Order, attempts: 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.NotEqual(value, Merchant.Open(await inbox.NextAsync())[field]);
    }

    [Theory]
    [InlineData("bad-signature", "Bad")]
    [InlineData("stale", "Stale")]
    [InlineData("unknown-serial", "UnknownSerial")]
    public async Task A_notification_can_be_signed_falsely_once(string fault, string verdict)
    {
        inbox.Answer("{}", 401);
        await sandbox.FaultAsync("wechatpay", "notify", fault);
        await PaidAsync();

        Assert.Equal(verdict, Merchant.Open(await inbox.NextAsync()).Verdict.ToString());
        await sandbox.MessageAfterAsync(Order, attempts: 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(WeChatPayVerdict.Good, Merchant.Open(await inbox.NextAsync()).Verdict);
    }

    [Fact]
    public async Task A_probe_of_the_signature_is_followed_by_the_true_one_at_once()
    {
        inbox.Answer("{}", 401);
        await sandbox.FaultAsync("wechatpay", "notify", "signtest");
        await PaidAsync();

        var probe = await inbox.NextAsync();
        Assert.StartsWith("WECHATPAY/SIGNTEST/", probe.Headers["Wechatpay-Signature"], StringComparison.Ordinal);
        Assert.Equal(WeChatPayVerdict.Bad, Merchant.Open(probe).Verdict);
        Assert.Equal(WeChatPayVerdict.Good, Merchant.Open(await inbox.NextAsync()).Verdict);
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, attempts: 1)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task Two_come_at_once_or_an_older_state_comes_later_or_none_at_all()
    {
        await sandbox.FaultAsync("wechatpay", "notify", "duplicate");
        await PaidAsync();
        Assert.Equal((await inbox.NextAsync()).Headers["Wechatpay-Serial"], (await inbox.NextAsync()).Headers["Wechatpay-Serial"]);

        await sandbox.FaultAsync("wechatpay", "notify", "out-of-order", new { order = "order_2" });
        await PaidAsync("order_2");
        Assert.Equal(("SUCCESS", "NOTPAY"), (Merchant.Open(await inbox.NextAsync())["trade_state"], Merchant.Open(await inbox.NextAsync())["trade_state"]));

        await sandbox.FaultAsync("wechatpay", "notify", "never", new { order = "order_3" });
        await PaidAsync("order_3");
        Assert.Equal("withheld", (await sandbox.MessageAfterAsync("order_3", attempts: 1)).GetProperty("outcome").GetString());
        Assert.Equal(0, inbox.Waiting);
    }

    [Fact]
    public async Task An_answer_can_get_lost_and_a_notification_can_come_late()
    {
        await sandbox.FaultAsync("wechatpay", "notify", "lost-answer");
        await PaidAsync();
        await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, attempts: 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(15));
        await inbox.NextAsync();

        await sandbox.FaultAsync("wechatpay", "notify", "slow", new { order = "order_2" }, seconds: 90);
        var due = sandbox.Clock.GetUtcNow().AddSeconds(90);
        await PaidAsync("order_2");
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/books/messages?about=order_2"))[0].GetProperty("dueAt").GetDateTimeOffset() == due);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal("order_2", Merchant.Open(await inbox.NextAsync())["out_trade_no"]);
    }

    private async Task PaidAsync(string order = Order)
    {
        var made = await Merchant.NativeAsync(order, inbox.Url.AbsoluteUri);
        Assert.Equal(HttpStatusCode.OK, made.Status);
        using var paid = await sandbox.PostAsync("/control/wechatpay/pay", new { order });
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
    }
}
