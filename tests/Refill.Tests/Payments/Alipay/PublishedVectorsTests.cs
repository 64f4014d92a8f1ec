using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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
        Assert.Equal("10000", AlipayAnswer.Read(body, file.RootElement.GetProperty("response_key").GetString()!, key, out _)?.GetProperty("code").GetString());
        body[60] ^= 1;
        Assert.Null(AlipayAnswer.Read(body, file.RootElement.GetProperty("response_key").GetString()!, key, out _));
    }

    [Fact]
    public void The_signed_text_is_cut_out_of_every_published_answer()
    {
        using var file = Read("alipay-response-extraction.json");
        Assert.All(file.RootElement.GetProperty("cases").EnumerateArray(), one =>
        {
            var body = Encoding.UTF8.GetBytes(one.GetProperty("raw_body").GetString()!);
            var cut = AlipayAnswer.Cut(body, "alipay_trade_create_response");
            Assert.Equal(one.GetProperty("signed_text").GetString(), cut is var (range, _) ? Encoding.UTF8.GetString(body[range]) : null);
        });
    }

    private static JsonDocument Read(string name)
    {
        var shared = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder; .ci/run sets it");
        return JsonDocument.Parse(File.ReadAllBytes(Path.Combine(shared, "vectors", name)));
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
