using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Refill.Carriers;
using Refill.Carriers.Reloadly;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyWebhookTests
{
    private const string Secret = "a webhook secret";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = CellId.New(new Cell(9), TimeProvider.System);
    private static readonly string Body =
        $$$"""{"type":"airtime_transaction.status","data":{"transactionId":4602843,"customIdentifier":"{{{ReloadlyIdentifier.Of(Id)}}}","status":"SUCCESSFUL"}}""";

    [Fact]
    public void A_signed_webhook_says_which_top_up_to_ask_about() =>
        Assert.Equal(new CarrierNotification.Genuine(Id), Read(Signed(Body, Now)));

    /// <summary>Computed once with OpenSSL: printf '%s' '{"a":1}:1772366400' | openssl dgst -sha256 -hmac 'a webhook secret'.</summary>
    [Fact]
    public void The_signature_is_what_another_hand_computes()
    {
        var headers = new Dictionary<string, string> { ["x-reloadly-signature"] = "9feb369d984a50f349060be9b2a7e741942cb2fee8152c5581839e79a775ac33", ["x-reloadly-request-timestamp"] = "1772366400" };

        Assert.Equal(new CarrierNotification.Refused("not about a top-up of ours"), Read(new RawWebhook("/", headers, Encoding.UTF8.GetBytes("""{"a":1}"""))));
    }

    [Theory]
    [InlineData("""{"data":{"transaction":{"customIdentifier":"ID"}}}""")]
    [InlineData("""{"customIdentifier":"ID"}""")]
    public void The_identifier_is_found_where_others_have_seen_it(string body) =>
        Assert.Equal(new CarrierNotification.Genuine(Id), Read(Signed(body.Replace("ID", ReloadlyIdentifier.Of(Id), StringComparison.Ordinal), Now)));

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("not JSON")]
    [InlineData("""{"data":"x"}""")]
    [InlineData("""{"data":{"customIdentifier":"rf-short"}}""")]
    [InlineData("""{"data":{"customIdentifier":"order-of-another-shop"}}""")]
    public void A_signed_webhook_about_nothing_of_ours_is_refused(string body) =>
        Assert.IsType<CarrierNotification.Refused>(Read(Signed(body, Now)));

    [Theory]
    [InlineData(-300, true)]
    [InlineData(300, true)]
    [InlineData(-301, false)]
    [InlineData(301, false)]
    public void A_timestamp_is_taken_within_five_minutes(int secondsFromNow, bool taken) =>
        Assert.Equal(taken, Read(Signed(Body, Now.AddSeconds(secondsFromNow))) is CarrierNotification.Genuine);

    [Theory]
    [InlineData("1772366400000")]
    [InlineData("-1772366400")]
    [InlineData(" 1772366400")]
    [InlineData("2026-03-01T12:00:00Z")]
    [InlineData("")]
    public void A_timestamp_in_another_form_is_refused(string timestamp) =>
        Assert.IsType<CarrierNotification.Refused>(Read(Signed(Encoding.UTF8.GetBytes(Body), timestamp, Secret)));

    [Theory]
    [InlineData("X-Reloadly-Signature")]
    [InlineData("X-Reloadly-Request-Timestamp")]
    public void A_missing_header_is_refused(string name)
    {
        var signed = Signed(Body, Now);

        Assert.IsType<CarrierNotification.Refused>(Read(signed with { Headers = signed.Headers.Where(header => header.Key != name).ToDictionary() }));
    }

    [Fact]
    public void A_body_beyond_64_KiB_is_refused_though_signed()
    {
        var padding = new string(' ', ReloadlyWebhook.LongestBody - Encoding.UTF8.GetByteCount(Body));

        Assert.IsType<CarrierNotification.Genuine>(Read(Signed(Body + padding, Now)));
        Assert.IsType<CarrierNotification.Refused>(Read(Signed(Body + padding + " ", Now)));
    }

    [Fact]
    public void Without_a_secret_every_webhook_is_refused()
    {
        var signedWithNothing = Signed(Encoding.UTF8.GetBytes(Body), Seconds(Now), "");

        Assert.IsType<CarrierNotification.Refused>(ReloadlyWebhook.Read(signedWithNothing, null, Now));
        Assert.IsType<CarrierNotification.Refused>(ReloadlyWebhook.Read(signedWithNothing, "", Now));
    }

    [Fact]
    public void Any_flipped_bit_in_body_signature_or_timestamp_is_refused() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 10_000], Gen.Int[0, 7]).Sample((part, position, bit) =>
        {
            var signed = Signed(Body, Now);
            var body = signed.Body.ToArray();
            var headers = new Dictionary<string, string>(signed.Headers);
            switch (part)
            {
                case 0:
                    body[position % body.Length] ^= (byte)(1 << bit);
                    break;
                case 1:
                    Flip("X-Reloadly-Signature");
                    break;
                default:
                    Flip("X-Reloadly-Request-Timestamp");
                    break;
            }

            return Read(new RawWebhook("/inbound/carriers/reloadly", headers, body)) is CarrierNotification.Refused { Reason: not "not about a top-up of ours" };

            void Flip(string name)
            {
                var text = headers[name].ToCharArray();
                text[position % text.Length] ^= (char)(1 << bit);
                headers[name] = new string(text);
            }
        });

    [Fact]
    public void Another_secret_is_refused() =>
        Assert.Equal(new CarrierNotification.Refused("signature differs"), Read(Signed(Encoding.UTF8.GetBytes(Body), Seconds(Now), "another secret")));

    private static CarrierNotification Read(RawWebhook webhook) => ReloadlyWebhook.Read(webhook, Secret, Now);

    private static RawWebhook Signed(string body, DateTimeOffset at) => Signed(Encoding.UTF8.GetBytes(body), Seconds(at), Secret);

    private static string Seconds(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static RawWebhook Signed(byte[] body, string timestamp, string secret)
    {
        byte[] signed = [.. body, .. Encoding.UTF8.GetBytes(":" + timestamp)];
        var signature = string.Concat(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed).Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
        return new RawWebhook(
            "/inbound/carriers/reloadly",
            new Dictionary<string, string> { ["X-Reloadly-Signature"] = signature, ["X-Reloadly-Request-Timestamp"] = timestamp },
            body);
    }
}
