using System.Text.Json;
using System.Text.Json.Nodes;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Alipay's own client for Node.js (alipay-sdk) against the sandbox: nobody here wrote it, so what it takes is Alipay's way.</summary>
public sealed class AlipayRefereeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Alipays_own_client_takes_the_sandboxs_answers_and_notifications_and_no_others(bool withCertificates)
    {
        var certificates = AlipayCertificateTests.Certificates;
        await using var inbox = await Inbox.StartAsync();
        await using var sandbox = await SandboxRig.StartAsync(alipay: options => options with { BillsAtOnce = true, Certificates = withCertificates ? certificates.ForSandbox : null });
        sandbox.Merchant.Always = withCertificates ? AlipayCertificateTests.Numbers : [];
        var notifications = await NotificationsAsync(sandbox, inbox);

        var report = await Referee.AskAsync("alipay", new
        {
            gateway = new Uri(sandbox.Http.BaseAddress!, "/gateway.do"),
            appId = Merchant.AppId,
            privateKey = Merchant.PrivateKeyPem,
            alipayPublicKey = Merchant.AlipayPublicKeyPem,
            certificates = withCertificates ? new { merchant = certificates.MerchantCertificate, alipay = certificates.AlipayCertificate, roots = certificates.RootCertificates } : null,
            billDate = "2026-03-01",
            notifications,
        });

        Assert.Equal((200, "TRADE_SUCCESS"), (report.GetProperty("page").GetInt32(), report.GetProperty("queried").GetString()));
        Assert.StartsWith(sandbox.Http.BaseAddress!.AbsoluteUri, report.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Equal(["10000", "REFUND_SUCCESS", "10000", "refund", "PK", "ACQ.TRADE_NOT_EXIST", "验签失败"], Texts("closed", "refundQueried", "paidByBarcode", "cancelled", "bill", "refused", "tampered"));
        Assert.Equal("""["Y","5.00"]""", report.GetProperty("refunded").GetRawText());
        Assert.Equal("[[true,false],[true,false],[true,false]]", report.GetProperty("notifications").GetRawText());
        Assert.Equal(
            withCertificates ? AlipayCertificateTests.Numbers.Select(number => number.Value) : null,
            report.GetProperty("numbers") is { ValueKind: JsonValueKind.Array } numbers ? [numbers[0].GetString()!, numbers[2].GetString()!] : null);

        string[] Texts(params string[] names) => [.. names.Select(name => report.GetProperty(name).GetString()!)];
    }

    /// <summary>Of a payment, of a refund and of an agreement.</summary>
    private static async Task<IReadOnlyDictionary<string, string>[]> NotificationsAsync(SandboxRig sandbox, Inbox inbox)
    {
        var merchant = sandbox.Merchant;
        await merchant.PayAsync("order_1", notifyUrl: inbox.Url.AbsoluteUri);
        var paid = await inbox.NextAsync();
        await merchant.RefundAsync("order_1", "5.00", "R1");
        var refunded = await inbox.NextAsync();
        var content = new JsonObject
        {
            ["personal_product_code"] = "CYCLE_PAY_AUTH_P",
            ["sign_scene"] = "INDUSTRY|DEFAULT_SCENE",
            ["external_agreement_no"] = "renewal_1",
            ["access_params"] = new JsonObject { ["channel"] = "QRCODE" },
            ["period_rule_params"] = new JsonObject { ["period_type"] = "DAY", ["period"] = "30", ["execute_time"] = "2026-03-10", ["single_amount"] = "20.00" },
        };
        using var start = await sandbox.Http.PostAsync("/gateway.do", new FormUrlEncodedContent(merchant.Sign("alipay.user.agreement.page.sign", content, ("notify_url", inbox.Url.AbsoluteUri))), Cancellation);
        using var signed = await sandbox.PostAsync("/control/alipay/sign", new { agreement = "renewal_1" });
        return [paid.Form, refunded.Form, (await inbox.NextAsync()).Form];
    }
}
