using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Refill.Payments;
using Refill.Payments.Alipay;

namespace Refill.Tests.Payments.Alipay;

/// <summary>The vectors that Alipay's own SDKs publish; they stay in the folder that REFILL_TEST_SHARED names and are run by .ci/run.</summary>
[Trait("needs", "shared")]
public sealed class PublishedVectorsTests
{
    [Fact]
    public void Trade_notifications_verify_and_changed_ones_do_not()
    {
        using var file = Read("alipay-notify-rsa2.json");
        foreach (var (group, rule) in file.RootElement.GetProperty("groups").EnumerateArray().Select((group, index) => (group, index)))
        {
            using var key = Key(group.GetProperty("alipay_public_key").GetString()!);
            foreach (var one in group.GetProperty("cases").EnumerateArray())
            {
                var form = one.GetProperty("form").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
                var text = AlipaySignature.TextOf(form.Where(p => p.Key != "sign_type" && p.Value.Length > 0));
                var expected = rule == 0 && one.GetProperty("expect_valid").GetBoolean(); // The second group signs sign_type, too: service market, not trades.
                Assert.True(expected == AlipaySignature.Verify(key, Encoding.UTF8.GetBytes(text), form["sign"]), one.GetProperty("name").GetString());
            }
        }
    }

    [Fact]
    public void A_published_answer_verifies()
    {
        using var file = Read("alipay-response-rsa2.json");
        using var key = Key(file.RootElement.GetProperty("alipay_public_key").GetString()!);
        var body = Encoding.UTF8.GetBytes(file.RootElement.GetProperty("raw_body").GetString()!);
        var cut = Assert.NotNull(AlipayAnswer.Cut(body, file.RootElement.GetProperty("response_key").GetString()!));
        Assert.True(AlipaySignature.Verify(key, body.AsSpan(cut.Value), cut.Sign));
        Assert.Equal("10000", AlipayAnswer.Parse(body.AsSpan(cut.Value))?.GetProperty("code").GetString());
        body[60] ^= 1;
        Assert.False(AlipaySignature.Verify(key, body.AsSpan(cut.Value), cut.Sign));
    }

    [Fact]
    public void The_signed_text_is_cut_out_of_every_published_answer()
    {
        using var file = Read("alipay-response-extraction.json");
        Assert.All(file.RootElement.GetProperty("cases").EnumerateArray(), one =>
        {
            var body = Encoding.UTF8.GetBytes(one.GetProperty("raw_body").GetString()!);
            var cut = AlipayAnswer.Cut(body, "alipay_trade_create_response");
            Assert.Equal(one.GetProperty("signed_text").GetString(), cut is { Value: var range } ? Encoding.UTF8.GetString(body[range]) : null);
        });
    }

    [Theory]
    [InlineData("appCertPublicKey_2021001161683774.crt")]
    [InlineData("alipayCertPublicKey_RSA2.crt")]
    [InlineData("alipayRootCert.crt")]
    public void Certificates_are_numbered_as_Alipay_does(string name)
    {
        using var file = Read("alipay-cert-sn.json");
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(File.ReadAllText(PathOf(Path.Combine("alipay-certs", name))));
        var expected = file.RootElement.GetProperty("expect").GetProperty(name).GetString();
        Assert.Equal(expected, AlipayCertificateNumber.OfRoots(certificates));
    }

    [Fact]
    public void The_key_of_the_published_certificate_is_the_published_key()
    {
        using var file = Read("alipay-cert-sn.json");
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(PathOf(Path.Combine("alipay-certs", "alipayCertPublicKey_RSA2.crt"))));
        Assert.Equal(file.RootElement.GetProperty("alipay_public_key_from_cert").GetString(), Convert.ToBase64String(certificate.GetRSAPublicKey()!.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public async Task Service_market_notifications_keep_sign_type_in_their_text()
    {
        using var file = Read("alipay-notify-rsa2.json");
        var group = file.RootElement.GetProperty("groups")[1];
        foreach (var one in group.GetProperty("cases").EnumerateArray())
        {
            var form = one.GetProperty("form").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
            var options = AlipayWire.Options with { AppId = form["app_id"], AlipayPublicKeyPem = group.GetProperty("alipay_public_key").GetString()! };
            using var gateway = new AlipayGateway(new HttpClient(), options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<AlipayGateway>.Instance);
            var body = string.Join('&', form.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
            var read = await gateway.ReadAsync(AlipayWire.Raw(Encoding.UTF8.GetBytes(body)), TestContext.Current.CancellationToken);
            Assert.True(one.GetProperty("expect_valid").GetBoolean() == read is PaymentNotification.Ignored, $"{one.GetProperty("name")}: {read}");
        }
    }

    private static JsonDocument Read(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));

    private static string PathOf(string name)
    {
        var shared = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder; .ci/run sets it");
        return Path.Combine(shared, "vectors", name);
    }

    private static RSA Key(string text)
    {
        var key = RSA.Create();
        if (text.Contains("BEGIN", StringComparison.Ordinal))
        {
            key.ImportFromPem(text);
        }
        else
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
        }

        return key;
    }
}
