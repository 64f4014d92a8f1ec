using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Refill.Sandbox;
using Refill.Sandbox.Alipay.Certificates;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The sandbox's Alipay in certificate mode, and keys that change in either mode.</summary>
public sealed class AlipayCertificateTests : IAsyncLifetime
{
    internal static readonly AlipayCertificateSet Certificates = AlipayCertificateSet.Generate(SandboxRig.Start, Merchant.PrivateKeyPem, Merchant.AlipayPrivateKeyPem);

    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        sandbox = await SandboxRig.StartAsync(alipay: options => options with { Certificates = Certificates.ForSandbox });
        Merchant.Always = Numbers;
    }

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    /// <summary>What a merchant in certificate mode adds to every request.</summary>
    internal static (string Name, string Value)[] Numbers =>
        [("app_cert_sn", NumberOf(Certificates.MerchantCertificate)), ("alipay_root_cert_sn", NumberOf(Certificates.RootCertificates[Certificates.RootCertificates.LastIndexOf("-----BEGIN", StringComparison.Ordinal)..]))];

    [Fact]
    public async Task Answers_name_the_certificate_that_signed_them()
    {
        var reply = await Merchant.PrecreateAsync("order_1");

        Assert.Equal(("10000", NumberOf(Certificates.AlipayCertificate), true), (reply["code"], reply.Certificate, reply.SignatureIsGood));
        var refused = await Merchant.CallAsync("alipay.trade.create", new { });
        Assert.Equal(("40002", NumberOf(Certificates.AlipayCertificate), true), (refused["code"], refused.Certificate, refused.SignatureIsGood));
    }

    [Theory]
    [InlineData("app_cert_sn", "0123456789abcdef0123456789abcdef", "isv.invalid-app-cert-sn")]
    [InlineData("app_cert_sn", "", "isv.missing-app-cert-sn")]
    [InlineData("alipay_root_cert_sn", "0123456789abcdef0123456789abcdef", "isv.invalid-alipay-root-cert-sn")]
    [InlineData("alipay_root_cert_sn", "", "isv.missing-alipay-root-cert-sn")]
    public async Task A_request_names_the_right_certificates(string name, string value, string subCode)
    {
        Merchant.Always = [.. Merchant.Always.Where(pair => pair.Name != name), .. value.Length > 0 ? new[] { (name, value) } : []];

        Assert.Equal(subCode, (await Merchant.QueryAsync("order_1"))["sub_code"]);
    }

    [Fact]
    public async Task In_key_mode_no_certificate_may_be_named_and_none_is()
    {
        await using var plain = await SandboxRig.StartAsync();

        Assert.Null((await plain.Merchant.PrecreateAsync("order_1")).Certificate);
        plain.Merchant.Always = Numbers;
        Assert.Equal("isv.invalid-app-cert-sn", (await plain.Merchant.QueryAsync("order_1"))["sub_code"]);
    }

    [Fact]
    public async Task After_a_rotation_the_new_certificate_signs_and_can_be_fetched_with_its_chain()
    {
        var renewed = (await RotateAsync(new { })).GetProperty("alipayCertSn").GetString()!;

        var reply = await Merchant.PrecreateAsync("order_1");
        Assert.Equal((renewed, false), (reply.Certificate, reply.SignatureIsGood));

        var chain = await DownloadAsync(renewed);
        using var key = chain[0].GetRSAPublicKey();
        Assert.True(Merchant.IsSignedByAlipay(reply.Node.GetRawText(), reply.Signature, key));
        Assert.Equal(renewed, NumberOf(chain[0].ExportCertificatePem()));
        Assert.True(IsTrusted(chain));
        Assert.Equal(NumberOf(Certificates.AlipayCertificate), NumberOf((await DownloadAsync(NumberOf(Certificates.AlipayCertificate)))[0].ExportCertificatePem()));
    }

    [Fact]
    public async Task A_rotation_outlives_a_restart()
    {
        var renewed = (await RotateAsync(new { })).GetProperty("alipayCertSn").GetString();

        await sandbox.RestartAsync();
        Merchant.Always = Numbers;

        Assert.Equal(renewed, (await Merchant.PrecreateAsync("order_1")).Certificate);
    }

    [Fact]
    public async Task A_certificate_that_nobody_knows_can_be_named_and_not_be_fetched()
    {
        await sandbox.FaultAsync("alipay", "precreate", "unknown-serial");

        var reply = await Merchant.PrecreateAsync("order_1");

        Assert.NotEqual(NumberOf(Certificates.AlipayCertificate), reply.Certificate);
        Assert.True(reply.SignatureIsGood);
        Assert.Equal("40004", (await Merchant.CallAsync("alipay.open.app.alipaycert.download", new { alipay_cert_sn = reply.Certificate }))["code"]);
    }

    [Fact]
    public async Task A_merchants_new_certificate_is_good_beside_the_old_one_until_the_change_is_over()
    {
        using var key = RSA.Create(2048);
        var renewed = AlipayCertificateSet.Generate(SandboxRig.Start, key.ExportPkcs8PrivateKeyPem()).MerchantCertificate;
        await RotateAsync(new { merchant = renewed });

        Assert.Equal("10000", (await Merchant.PrecreateAsync("order_1"))["code"]);
        Merchant.Key = key;
        Assert.Equal("isv.invalid-signature", (await Merchant.PrecreateAsync("order_1"))["sub_code"]);
        Merchant.Always = [("app_cert_sn", NumberOf(renewed)), Merchant.Always[1]];
        Assert.Equal("10000", (await Merchant.PrecreateAsync("order_1"))["code"]);

        await RotateAsync(new { finish = true });
        (Merchant.Key, Merchant.Always) = (null, Numbers);
        Assert.Equal("isv.invalid-app-cert-sn", (await Merchant.PrecreateAsync("order_1"))["sub_code"]);
    }

    [Fact]
    public async Task In_key_mode_a_second_key_of_the_merchants_is_good_until_the_change_is_over()
    {
        await using var plain = await SandboxRig.StartAsync();
        using var key = RSA.Create(2048);
        plain.Merchant.Key = key;
        Assert.Equal("isv.invalid-signature", (await plain.Merchant.PrecreateAsync("order_1"))["sub_code"]);

        await RotateAsync(new { merchant = key.ExportSubjectPublicKeyInfoPem() }, plain);
        Assert.Equal("10000", (await plain.Merchant.PrecreateAsync("order_1"))["code"]);
        plain.Merchant.Key = null;
        Assert.Equal("10000", (await plain.Merchant.PrecreateAsync("order_1"))["code"]);

        await RotateAsync(new { finish = true }, plain);
        await plain.RestartAsync();
        Assert.Equal("isv.invalid-signature", (await plain.Merchant.PrecreateAsync("order_1"))["sub_code"]);
        using var refused = await plain.PostAsync("/control/alipay/rotate", new { });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Theory]
    [InlineData("""{"merchant":"no key"}""")]
    [InlineData("""{"other":1}""")]
    [InlineData("[]")]
    public async Task A_rotation_that_cannot_be_is_refused(string body)
    {
        using var answer = await sandbox.Http.PostAsync("/control/alipay/rotate", new StringContent(body), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public void Certificates_that_do_not_belong_to_the_keys_are_refused_by_name()
    {
        var options = new AlipayBooksOptions(Merchant.AppId, Merchant.SellerId, Merchant.PublicKeyPem, Merchant.AlipayPrivateKeyPem);
        var good = Certificates.ForSandbox;
        foreach (var (name, broken) in new[]
        {
            (nameof(good.MerchantCertificate), good with { MerchantCertificate = good.AlipayCertificate }),
            (nameof(good.AlipayCertificate), good with { AlipayCertificate = good.MerchantCertificate }),
            (nameof(good.AlipayCertificate), good with { AlipayCertificate = "none" }),
            (nameof(good.IssuerPrivateKey), good with { IssuerPrivateKey = Merchant.PrivateKeyPem }),
            (nameof(good.IssuerPrivateKey), good with { IssuerPrivateKey = "none" }),
            (nameof(good.RootCertificates), good with { RootCertificates = good.RootCertificates[..good.RootCertificates.LastIndexOf("-----BEGIN", StringComparison.Ordinal)] }),
        })
        {
            var sandboxOptions = new SandboxOptions(new Uri("http://127.0.0.1:0"), sandbox.Folder, options with { Certificates = broken }, new ReloadlyBooksOptions("client", "secret", null, "secret"));
            Assert.Contains($"Alipay.Certificates.{name}", Assert.Throws<ArgumentException>(() => SandboxHost.Build(sandboxOptions)).Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("KEY", Certificates.ToString() + good, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("needs", "shared")]
    [InlineData("appCertPublicKey_2021001161683774.crt", "866efef280dec9137a87d047ac446315")]
    [InlineData("alipayCertPublicKey_RSA2.crt", "7513daaaa48aa3ba2e4018d84402479c")]
    [InlineData("alipayRootCert.crt", "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6")]
    public async Task Alipays_own_published_certificates_have_the_numbers_that_its_SDK_says(string file, string number)
    {
        var folder = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder: run .ci/run, or ./test --shared DIR");
        var pem = await File.ReadAllTextAsync(Path.Combine(folder, "vectors", "alipay-certs", file), Cancellation);

        Assert.Equal(number, CertificateNumber.OfRoots(CertificateNumber.Read(pem)));
    }

    [Fact]
    public async Task Certificates_may_stand_in_a_settings_file()
    {
        var path = Path.Combine(sandbox.Folder, "config.json");
        var alipay = new AlipayBooksOptions(Merchant.AppId, Merchant.SellerId, Merchant.PublicKeyPem, Merchant.AlipayPrivateKeyPem) { Certificates = Certificates.ForSandbox, ServiceFeeRate = 0.0055m };
        var settings = new SandboxOptions(new Uri("http://127.0.0.1:0"), sandbox.Folder, alipay, new ReloadlyBooksOptions("client", "secret", null, "secret"));
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(settings), Cancellation);

        Assert.Equal(settings, SandboxOptions.Load(path));
    }

    private async Task<JsonElement> RotateAsync(object body, SandboxRig? other = null)
    {
        using var answer = await (other ?? sandbox).PostAsync("/control/alipay/rotate", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
    }

    private async Task<X509Certificate2Collection> DownloadAsync(string number)
    {
        var reply = await Merchant.CallAsync("alipay.open.app.alipaycert.download", new { alipay_cert_sn = number });
        Assert.Equal("10000", reply["code"]);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(reply["alipay_cert_content"]!)));
        return chain;
    }

    private static bool IsTrusted(X509Certificate2Collection certificates)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(Certificates.RootCertificates);
        chain.ChainPolicy.ExtraStore.AddRange(certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = SandboxRig.Start.UtcDateTime;
        return chain.Build(certificates[0]);
    }

    /// <summary>Of the first certificate in the text. From the protocol's description, another way than the sandbox's.</summary>
    private static string NumberOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var serial = BigInteger.Parse("0" + certificate.SerialNumber, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
#pragma warning disable CA5351 // The protocol's own choice.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(certificate.Issuer.Replace(", ", ",", StringComparison.Ordinal) + serial.ToString(CultureInfo.InvariantCulture))));
#pragma warning restore CA5351
    }
}
