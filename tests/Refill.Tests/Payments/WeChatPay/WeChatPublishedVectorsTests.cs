using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Refill.Payments;
using Refill.Payments.WeChatPay;
using Refill.Units;

namespace Refill.Tests.Payments.WeChatPay;

/// <summary>The vectors that WeChat Pay's own libraries publish; they stay in the folder that REFILL_TEST_SHARED names and are run by .ci/run.</summary>
[Trait("needs", "shared")]
public sealed class WeChatPublishedVectorsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_text_to_sign_of_a_request_is_the_published_one()
    {
        using var file = Read("wechat-canonical.json");
        Assert.All(file.RootElement.GetProperty("cases").EnumerateArray(), one => Assert.Equal(
            Text(one, "signed_text"),
            Encoding.UTF8.GetString(WeChatPaySignature.Request(Text(one, "method"), Text(one, "url"), one.GetProperty("ts").GetInt64(), Text(one, "nonce"), Encoding.UTF8.GetBytes(Text(one, "body"))))));
    }

    [Fact]
    public void Published_signatures_come_out_and_verify()
    {
        using var file = Read("wechat-rsa-sign.json");
        var (signer, verifier) = (file.RootElement.GetProperty("signer"), file.RootElement.GetProperty("verifier"));
        using var key = RSA.Create();
        key.ImportFromPem(Text(signer, "private_key_test_only"));
        Assert.Equal(Text(signer, "signature"), WeChatPaySignature.Sign(key, Encoding.UTF8.GetBytes(Text(signer, "message"))));
        using var certificate = X509Certificate2.CreateFromPem(Text(verifier, "certificate"));
        using var theirs = certificate.GetRSAPublicKey()!;
        Assert.Equal(Text(verifier, "serial"), WeChatPayKeySet.SerialText(certificate.SerialNumber));
        Assert.True(WeChatPaySignature.Verify(theirs, Encoding.UTF8.GetBytes(Text(verifier, "message")), Text(verifier, "signature")));
        Assert.False(WeChatPaySignature.Verify(theirs, "Source"u8, Text(verifier, "signature")));
    }

    [Fact]
    public void Published_seals_open()
    {
        using var file = Read("wechat-aes-gcm.json");
        Assert.All(file.RootElement.GetProperty("cases").EnumerateArray(), one =>
        {
            var plain = WeChatPaySeal.Open(Encoding.ASCII.GetBytes(Text(one, "key")), Text(one, "nonce"), Text(one, "associated_data"), Text(one, "ciphertext"));
            Assert.Equal(Text(one, "plaintext"), Encoding.UTF8.GetString(plain!));
            Assert.Null(WeChatPaySeal.Open(Encoding.ASCII.GetBytes(Text(one, "key")), Text(one, "nonce"), Text(one, "associated_data") + "x", Text(one, "ciphertext")));
        });
    }

    [Fact]
    public void A_published_notification_verifies_and_opens()
    {
        using var file = Read("wechat-notify-go.json");
        var root = file.RootElement;
        using var certificate = X509Certificate2.CreateFromPem(Text(root, "platform_certificate"));
        using var key = certificate.GetRSAPublicKey()!;
        var mark = WeChatPayMark.Of(name => root.GetProperty("headers").TryGetProperty(name, out var value) ? value.GetString() : null);
        var body = Encoding.UTF8.GetBytes(Text(root, "body"));
        Assert.Null(mark.Fault(DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("now").GetInt64())));
        Assert.Equal(mark.Serial, WeChatPayKeySet.SerialText(certificate.SerialNumber));
        Assert.True(WeChatPaySignature.Verify(key, WeChatPaySignature.Answer(mark.Seconds!, mark.Nonce!, body), mark.Signature!));
        body[10] ^= 1;
        Assert.False(WeChatPaySignature.Verify(key, WeChatPaySignature.Answer(mark.Seconds!, mark.Nonce!, body), mark.Signature!));
        using var sent = JsonDocument.Parse(Text(root, "body"));
        Assert.Equal(Text(root, "plaintext"), Encoding.UTF8.GetString(WeChatPaySeal.Open([Encoding.ASCII.GetBytes(Text(root, "api_v3_key"))], sent.RootElement.GetProperty("resource"))!));
    }

    [Fact]
    public void The_text_that_a_page_signs_is_the_published_one()
    {
        using var file = Read("wechat-paysign-doc.json");
        var root = file.RootElement;
        Assert.Equal(Text(root, "jsapi_text"), Encoding.UTF8.GetString(WeChatPaySignature.Page(Text(root, "appId"), Text(root, "timeStamp"), Text(root, "nonceStr"), $"prepay_id={Text(root, "prepay_id")}")));
    }

    [Fact]
    public async Task A_published_bill_is_read_and_its_sums_agree()
    {
        await using var stream = File.OpenRead(PathOf("wechat-bill.ALL.csv"));
        using var lines = new WeChatPayBillLines(stream, TimeSpan.FromSeconds(30));
        var (bill, rows) = (new WeChatPayBill("1921000401"), new List<StatementRow>());
        while (await lines.NextAsync(Token) is { } line)
        {
            if (bill.Read(line) is { } row)
            {
                rows.Add(row);
            }
        }

        bill.End();
        Assert.Equal((45, 47, -14), (rows.Count, rows.Where(row => row.Kind == StatementKind.Payment).Sum(row => row.Amount.Minor), rows.Where(row => row.Kind == StatementKind.Refund).Sum(row => row.Amount.Minor)));
        Assert.Equal(8, rows.Sum(row => row.Fee.Minor));
        Assert.Equal(new StatementRow(2, StatementKind.Refund, "autotest_20190216081946_82335", "REF4200000263201902167700963919", "50000709672019011908420787722", Money.Cny(-1), Money.Cny(0), DateTimeOffset.Parse("2019-02-18T21:01:46Z", CultureInfo.InvariantCulture), "JSAPI REFUND SUCCESS"), rows[0]);
    }

    /// <summary>Not published, but made by another's code (wechatpay-axios-plugin 0.9.6).</summary>
    [Fact]
    public void What_another_library_signs_and_seals_comes_out_the_same()
    {
        using var file = Read("generated-by-third-party.json");
        var (request, box) = (file.RootElement.GetProperty("wechat_request"), file.RootElement.GetProperty("wechat_aes256"));
        using var key = RSA.Create();
        key.ImportFromPem(Text(file.RootElement, "private_key_test_only"));
        var text = WeChatPaySignature.Request(Text(request, "method"), Text(request, "url"), request.GetProperty("timestamp").GetInt64(), Text(request, "nonce"), Encoding.UTF8.GetBytes(Text(request, "body")));
        Assert.Equal((Text(request, "signed_text"), Text(request, "signature")), (Encoding.UTF8.GetString(text), WeChatPaySignature.Sign(key, text)));
        Assert.Equal(Text(box, "plaintext"), Encoding.UTF8.GetString(WeChatPaySeal.Open(Encoding.ASCII.GetBytes(Text(box, "key")), Text(box, "nonce"), Text(box, "associated_data"), Text(box, "ciphertext"))!));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static JsonDocument Read(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));

    private static string PathOf(string name)
    {
        var shared = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder; .ci/run sets it");
        return Path.Combine(shared, "vectors", name);
    }
}
