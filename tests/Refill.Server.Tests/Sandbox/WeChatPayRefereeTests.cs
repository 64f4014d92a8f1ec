using System.Globalization;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>wechatpay-axios-plugin, which nobody here wrote, against the sandbox: tests/referees/wechatpay.mjs says what it does.</summary>
public sealed class WeChatPayRefereeTests
{
    [Fact]
    public async Task A_client_of_other_people_is_satisfied_with_everything_but_what_is_forged()
    {
        await using var sandbox = await SandboxRig.StartAsync(weChatPay: WeChatPayMerchant.Options with { StatementsAtOnce = true });
        await using var inbox = await Inbox.StartAsync();

        // It reads the system's clock; the sandbox's stands still meanwhile.
        sandbox.Clock.SetUtcNow(DateTimeOffset.UtcNow);
        await sandbox.WeChatPay.NativeAsync("order_notified", inbox.Url.AbsoluteUri);
        using var paid = await sandbox.PostAsync("/control/wechatpay/pay", new { order = "order_notified" });
        var notification = await inbox.NextAsync();

        var verdict = await Referee.AskAsync("wechatpay", new
        {
            url = sandbox.Http.BaseAddress,
            mchid = WeChatPayMerchant.MerchantId,
            appid = WeChatPayMerchant.AppId,
            serial = WeChatPayMerchant.MerchantSerial,
            privateKey = WeChatPayMerchant.MerchantPrivateKeyPem,
            platformSerial = WeChatPayMerchant.PlatformSerial,
            platformCertificate = WeChatPayMerchant.Options.PlatformCertificatePem,
            publicKeyId = WeChatPayMerchant.PublicKeyId,
            publicKey = WeChatPayMerchant.PublicKeyPem,
            apiV3Key = WeChatPayMerchant.ApiV3Key,
            billDate = sandbox.Clock.GetUtcNow().ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            notification = new { headers = notification.Headers, body = notification.Body },
        });

        var expected = new Dictionary<string, object>
        {
            ["created"] = true,
            ["createdByPublicKey"] = true,
            ["h5"] = true,
            ["jsapi"] = true,
            ["barcode"] = "SUCCESS",
            ["unpaid"] = "NOTPAY",
            ["paid"] = "SUCCESS",
            ["byId"] = true,
            ["closed"] = 204,
            ["paidNotClosed"] = "ORDERPAID",
            ["refundTaken"] = "PROCESSING",
            ["refundMade"] = "SUCCESS",
            ["reversed"] = true,
            ["certificates"] = true,
            ["notification"] = "order_notified",
            ["notificationState"] = "SUCCESS",
            ["forgedNotification"] = false,
            ["bad-signature"] = "EV3_RES_HEADER_SIGNATURE_DIGEST",
            ["signtest"] = "EV3_RES_HEADER_SIGNATURE_DIGEST",
            ["stale"] = "EV3_RES_HEADER_TIMESTAMP_OFFSET",
            ["unknown-serial"] = "EV3_RES_HEADER_PLATFORM_SERIAL",
            ["billRows"] = 6,
            ["billOrders"] = new[] { "order_notified SUCCESS", "ref_code SUCCESS", "ref_native SUCCESS", "ref_native REFUND", "ref_reversed SUCCESS", "ref_reversed REVOKED" },
            ["billSum"] = "6.0 49.36 17.34",
            ["billHash"] = true,
            ["fundRows"] = 10,
        };
        Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(verdict));
    }
}
