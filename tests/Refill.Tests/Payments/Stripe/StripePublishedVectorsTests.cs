using System.Text;
using System.Text.Json;
using Refill.Payments;
using Refill.Payments.Stripe;

namespace Refill.Tests.Payments.Stripe;

/// <summary>The signed event that Stripe's own SDK is tested with; it stays in the folder that REFILL_TEST_SHARED names and is run by .ci/run.</summary>
[Trait("needs", "shared")]
public sealed class StripePublishedVectorsTests
{
    private static readonly DateTimeOffset Signed = DateTimeOffset.FromUnixTimeSeconds(1533204620);

    [Fact]
    public void The_published_event_is_genuine_though_its_API_version_is_of_2017_and_any_change_is_refused()
    {
        var (body, header, keys) = Vector();
        Assert.IsType<PaymentNotification.Ignored>(Read(body, header, keys, Signed)); // customer.created.
        Assert.IsType<PaymentNotification.Ignored>(Read(body, header, keys, Signed.AddSeconds(-300)));
        Assert.IsType<PaymentNotification.Refused>(Read(body, header, keys, Signed.AddSeconds(301)));
        Assert.IsType<PaymentNotification.Refused>(Read(body, header, keys, Signed.AddSeconds(-301)));
        Assert.IsType<PaymentNotification.Refused>(Read(body, header, keys with { WebhookSecrets = ["webhook_secret2"] }, Signed));
        body[^5] ^= 1;
        Assert.IsType<PaymentNotification.Refused>(Read(body, header, keys, Signed));
    }

    [Fact]
    public void Every_published_malformed_header_is_refused()
    {
        var (body, _, keys) = Vector();
        using var file = JsonDocument.Parse(File.ReadAllText(PathOf("stripe-webhook.json")));
        Assert.All(file.RootElement.GetProperty("malformed_headers").EnumerateArray(), header => Assert.IsType<PaymentNotification.Refused>(Read(body, header.GetString()!, keys, Signed)));
    }

    private static PaymentNotification Read(byte[] body, string header, StripeKeys keys, DateTimeOffset now) => StripeEvents.Read(StripeWire.Raw(body, header), keys, now).Known!;

    private static (byte[] Body, string Header, StripeKeys Keys) Vector()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(PathOf("stripe-webhook.json")));
        var body = File.ReadAllText(PathOf(file.RootElement.GetProperty("body_file").GetString()!)).Replace("\r\n", "\n", StringComparison.Ordinal);
        return (Encoding.UTF8.GetBytes(body), file.RootElement.GetProperty("header").GetString()!, new StripeKeys("sk_test_x", [file.RootElement.GetProperty("secret").GetString()!]));
    }

    private static string PathOf(string name) =>
        Path.Combine(Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder; .ci/run sets it"), "vectors", name);
}
