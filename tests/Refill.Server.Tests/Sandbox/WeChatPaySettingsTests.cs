using System.Text.Json;
using Refill.Sandbox;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's WeChat Pay can be told about its merchant and its keys.</summary>
public sealed class WeChatPaySettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("refill-sandbox-").FullName;

    private static WeChatPayBooksOptions Good => WeChatPayMerchant.Options;

    public static TheoryData<string, WeChatPayBooksOptions> Broken => new()
    {
        { "WeChatPay.MerchantId", Good with { MerchantId = "merchant" } },
        { "WeChatPay.AppId", Good with { AppId = "" } },
        { "WeChatPay.MerchantSerial", Good with { MerchantSerial = "not hexadecimal" } },
        { "WeChatPay.ApiV3Key", Good with { ApiV3Key = "too short" } },
        { "WeChatPay.PublicKeyId", Good with { PublicKeyId = "PUB_KEY_ID_" } },
        { "WeChatPay.PublicKeyId", Good with { PublicKeyId = "0119000000" } },
        { "WeChatPay.MerchantPublicKeyPem", Good with { MerchantPublicKeyPem = "-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----" } },
        { "WeChatPay.PublicKeyPrivateKeyPem", Good with { PublicKeyPrivateKeyPem = WeChatPayMerchant.PublicKeyPem } },
        { "WeChatPay.PlatformCertificatePem", Good with { PlatformPrivateKeyPem = WeChatPayMerchant.MerchantPrivateKeyPem } },
        { "WeChatPay.IssuerPrivateKeyPem", Good with { IssuerCertificatePem = Good.PlatformCertificatePem } },
        { "WeChatPay.RetryFactor", Good with { RetryFactor = 0 } },
        { "WeChatPay.FeePercent", Good with { FeePercent = 11 } },
        { "WeChatPay.RefundSeconds", Good with { RefundSeconds = -1 } },
    };

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void A_setting_that_cannot_work_is_refused_by_name_and_no_key_is_shown(string named, WeChatPayBooksOptions broken)
    {
        var error = Assert.Throws<ArgumentException>(() => SandboxHost.Build(Settings(broken)));

        Assert.StartsWith(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("KEY-----", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_come_from_a_file_and_show_no_secrets_when_they_are_printed()
    {
        var path = Path.Combine(folder, "config.json");
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(Settings(Good with { FeePercent = 0.38m }), JsonSerializerOptions.Web), TestContext.Current.CancellationToken);

        var read = SandboxOptions.Load(path).WeChatPay!;

        Assert.Equal(Good with { FeePercent = 0.38m }, read);
        Assert.Equal("WeChat Pay merchant 1900000001", read.ToString());
    }

    [Fact]
    public async Task Without_a_merchant_there_is_no_WeChat_Pay()
    {
        await using var sandbox = SandboxHost.Build(Settings(null));
        await sandbox.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(sandbox.Urls.Single()) };

        using var answer = await http.GetAsync("/v3/certificates", TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
    }

    private SandboxOptions Settings(WeChatPayBooksOptions? weChatPay) => new(
        new Uri("http://127.0.0.1:0"), Path.Combine(folder, "books"),
        new AlipayBooksOptions(Merchant.AppId, Merchant.SellerId, Merchant.PublicKeyPem, Merchant.AlipayPrivateKeyPem),
        new ReloadlyBooksOptions("client", "a client secret", null, "a webhook secret"))
    {
        WeChatPay = weChatPay,
    };
}
