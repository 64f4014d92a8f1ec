using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Which of its keys the sandbox's WeChat Pay signs with, and what it tells about its certificates.</summary>
public sealed class WeChatPayKeysTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task The_answer_is_signed_by_the_key_that_was_named()
    {
        Merchant.WantedSerial = WeChatPayMerchant.PublicKeyId;
        var byPublicKey = await Merchant.NativeAsync(Order);
        Merchant.WantedSerial = WeChatPayMerchant.PlatformSerial;
        var byCertificate = await Merchant.CloseAsync(Order);

        Assert.Equal((WeChatPayMerchant.PublicKeyId, WeChatPayVerdict.Good), (byPublicKey.Serial, byPublicKey.Verdict));
        Assert.Equal((WeChatPayMerchant.PlatformSerial, WeChatPayVerdict.Good), (byCertificate.Serial, byCertificate.Verdict));
    }

    [Fact]
    public async Task A_rotation_serves_both_certificates_for_a_day()
    {
        using var rotated = await sandbox.PostAsync("/control/wechatpay/rotate", new { });
        Merchant.WantedSerial = WeChatPayMerchant.PlatformSerial;

        var both = await CertificatesAsync(Merchant);
        Assert.Equal(2, both.Count);
        Assert.Contains(WeChatPayMerchant.PlatformSerial, both.Keys);
        var (serial, certificate) = both.Single(pair => pair.Key != WeChatPayMerchant.PlatformSerial);
        Assert.Equal(serial, certificate.SerialNumber);
        Merchant.Trust(serial, certificate.GetRSAPublicKey()!);

        Assert.Equal(WeChatPayMerchant.PlatformSerial, (await Merchant.NativeAsync(Order)).Serial);
        await sandbox.RestartAsync();
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal([serial], (await CertificatesAsync(Merchant)).Keys);
        Merchant.WantedSerial = WeChatPayMerchant.PlatformSerial;
        Assert.Equal(serial, (await Merchant.NativeAsync(Order)).Serial);
    }

    [Fact]
    public async Task A_rotation_is_issued_by_the_issuer_that_was_given()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=root of this test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var root = request.CreateSelfSigned(SandboxRig.Start.AddDays(-1), SandboxRig.Start.AddYears(1));
        await using var other = await SandboxRig.StartAsync(
            weChatPay: WeChatPayMerchant.Options with { IssuerCertificatePem = root.ExportCertificatePem(), IssuerPrivateKeyPem = key.ExportPkcs8PrivateKeyPem() });
        using var rotated = await other.PostAsync("/control/wechatpay/rotate", new { });

        var newest = (await CertificatesAsync(other.WeChatPay)).Values.First();

        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.VerificationTime = SandboxRig.Start.UtcDateTime;
        Assert.True(chain.Build(newest), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
    }

    private static async Task<Dictionary<string, X509Certificate2>> CertificatesAsync(WeChatPayMerchant merchant)
    {
        var reply = await merchant.GetAsync("/v3/certificates");
        return reply.Json.GetProperty("data").EnumerateArray().ToDictionary(
            each => each.GetProperty("serial_no").GetString()!,
            each => X509Certificate2.CreateFromPem(WeChatPayMerchant.Decrypt(
                WeChatPayMerchant.Member(each, "encrypt_certificate.ciphertext")!, WeChatPayMerchant.Member(each, "encrypt_certificate.nonce")!,
                WeChatPayMerchant.Member(each, "encrypt_certificate.associated_data")!)));
    }
}
