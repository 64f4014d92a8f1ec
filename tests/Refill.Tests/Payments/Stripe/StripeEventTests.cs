using System.Text;
using CsCheck;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeEventTests : IDisposable
{
    private const string Completed = "checkout.session.completed";
    private readonly StripeWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Completed)]
    [InlineData("checkout.session.async_payment_succeeded")]
    public void A_genuine_payment_is_read_whole(string type)
    {
        var genuine = Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Event(type, Session())));
        Assert.Equal(StripeWire.Order, genuine.OrderNumber);
        Assert.Equal(new PaymentStatus.Paid("pi_1", Money.Usd(1500), null, Money.Usd(0)), genuine.Status);
    }

    [Theory]
    [InlineData("2017-05-25")]
    [InlineData("2026-10-28.preview")]
    [InlineData("2031-01-01.quercus")]
    public void Another_API_version_is_no_reason_to_throw_a_genuine_event_away(string version) =>
        Assert.IsType<PaymentStatus.Paid>(Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Event(Completed, Session(), version: version))).Status);

    [Theory]
    [InlineData(-301, false)]
    [InlineData(-300, true)]
    [InlineData(-299, true)]
    [InlineData(299, true)]
    [InlineData(300, true)]
    [InlineData(301, false)] // Node's library takes the future; we do not.
    [InlineData(100_000_000_000, false)]
    public void Case_10_Old_and_future_signatures_are_refused_after_five_minutes(long seconds, bool taken)
    {
        var read = Read(StripeWire.Event(Completed, Session(), StripeWire.Now.AddSeconds(seconds)));
        Assert.Equal(taken ? nameof(PaymentNotification.Genuine) : nameof(PaymentNotification.Refused), read.GetType().Name);
    }

    [Fact]
    public void Case_13_While_the_secret_is_rotated_both_count_and_afterwards_the_new_one_alone()
    {
        var (before, after) = (StripeWire.Event(Completed, Session()), StripeWire.Event(Completed, Session(), secret: StripeWire.NextSecret));
        Assert.IsType<PaymentNotification.Refused>(Read(after));
        wire.Keys = wire.Keys with { WebhookSecrets = [StripeWire.Secret, StripeWire.NextSecret] };
        Assert.IsType<PaymentNotification.Genuine>(Read(before));
        Assert.IsType<PaymentNotification.Genuine>(Read(after));
        wire.Keys = wire.Keys with { WebhookSecrets = [StripeWire.NextSecret] };
        Assert.IsType<PaymentNotification.Refused>(Read(before));
        Assert.IsType<PaymentNotification.Genuine>(Read(after));
    }

    [Fact]
    public void Case_13_An_event_that_Stripe_signs_with_both_secrets_is_taken_by_either()
    {
        var body = Encoding.UTF8.GetString(StripeWire.Event(Completed, Session()).Body.Span);
        Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Raw(Encoding.UTF8.GetBytes(body), StripeWire.SignatureOf(body, StripeWire.Now, StripeWire.NextSecret, StripeWire.Secret) + ",v0=00")));
    }

    [Fact]
    public void Case_9_A_forged_signature_is_refused_and_the_gateway_is_told()
    {
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Event(Completed, Session(), secret: "whsec_forged")));
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Raw([.. "{}"u8], null)));
        Assert.Equal((400, 200), (wire.Gateway.Reply(false).StatusCode, wire.Gateway.Reply(true).StatusCode));
    }

    [Fact]
    public void Case_14_Any_flipped_bit_of_the_raw_body_is_refused()
    {
        var good = StripeWire.Event(Completed, Session());
        Gen.Int[0, (good.Body.Length * 8) - 1].Sample(bit =>
        {
            var bad = good.Body.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            return Read(good with { Body = bad }) is PaymentNotification.Refused;
        }, iter: 3000);
    }

    [Fact]
    public void Any_changed_digit_of_the_signature_or_its_time_is_refused()
    {
        var good = StripeWire.Event(Completed, Session());
        var header = good.Headers["stripe-signature"];
        Gen.Select(Gen.Int[0, header.Length - 1], Gen.Char["0123456789abcdef"]).Where((at, digit) => header[at] != digit).Sample((at, digit) =>
            Read(good with { Headers = new Dictionary<string, string> { ["Stripe-Signature"] = header[..at] + digit + header[(at + 1)..] } }) is PaymentNotification.Refused, iter: 500);
    }

    [Fact]
    public void Any_bytes_and_any_header_are_answered_and_never_throw()
    {
        Gen.Select(Gen.Byte.Array[0, 300], Gen.String[Gen.Char["tv01=,. 9af-"], 0, 60]).Sample((bytes, header) => Read(StripeWire.Raw(bytes, header)) is PaymentNotification.Refused, iter: 5000);
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Raw([.. "{}"u8], new string('t', 100_000))));
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Raw(new byte[10_000_000], "t=1,v1=a")));
    }

    [Fact]
    public void Signed_bytes_that_are_no_event_are_refused_and_never_throw()
    {
        string[] shapes =
        [
            "", "[]", "1", "null", "{", "{}", "\"x\"", """{"object":"event"}""", """{"object":"event","type":7,"livemode":false}""",
            """{"object":"event","type":"checkout.session.completed","livemode":"false"}""", """{"object":"v2.core.event","type":"checkout.session.completed","livemode":false}""",
        ];
        var json = Gen.Int[0, shapes.Length - 1].Select(index => shapes[index]);
        Gen.OneOf(json, Gen.String[0, 40]).Where(text => !text.Any(char.IsSurrogate)).Sample(
            text => Read(StripeWire.Raw(Encoding.UTF8.GetBytes(text), StripeWire.SignatureOf(text, StripeWire.Now, StripeWire.Secret))) is PaymentNotification.Refused);
    }

    [Fact]
    public void Case_7_An_event_of_the_other_mode_is_refused_though_the_signature_holds()
    {
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Event(Completed, Session(), livemode: "true")));
        wire.Keys = wire.Keys with { SecretKey = "rk_live_x" };
        Assert.IsType<PaymentNotification.Refused>(Read(StripeWire.Event(Completed, Session())));
        Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Event(Completed, Session(), livemode: "true")));
    }

    [Fact]
    public void Case_8_Another_currency_is_named_and_not_taken_for_ours() => Assert.Equal(
        new PaymentStatus.WrongCurrency("pi_1", "EUR"),
        Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Event(Completed, Session().Replace("usd", "eur", StringComparison.Ordinal)))).Status);

    [Theory]
    [InlineData("checkout.session.expired", "unpaid", 1500)]
    [InlineData("checkout.session.async_payment_failed", "unpaid", 1500)]
    [InlineData(Completed, "unpaid", 1500)] // Money that takes days.
    [InlineData(Completed, "something_new", 1500)]
    [InlineData("checkout.session.expired", "paid", 1500)]
    [InlineData(Completed, "paid", 0)]
    [InlineData(Completed, "paid", -5)]
    public void Case_15_and_25_Everything_but_paid_is_a_reason_to_ask(string type, string paymentStatus, long cents)
    {
        var about = StripeWire.Session("complete", paymentStatus, "\"pi_1\"").Replace("1500", cents.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var genuine = Assert.IsType<PaymentNotification.Genuine>(Read(StripeWire.Event(type, about)));
        Assert.IsType<PaymentStatus.Unknown>(genuine.Status);
    }

    [Theory]
    [InlineData("1500.5")]
    [InlineData("1e99")]
    [InlineData("\"1500\"")]
    [InlineData("null")]
    public void An_amount_that_is_none_is_never_paid(string amount) => Assert.IsType<PaymentStatus.Unknown>(Assert.IsType<PaymentNotification.Genuine>(
        Read(StripeWire.Event(Completed, Session().Replace("\"amount_total\":1500", $"\"amount_total\":{amount}", StringComparison.Ordinal)))).Status);

    public static TheoryData<string, string> Others => new()
    {
        { "customer.created", """{"id":"cus_1"}""" },
        { "payment_intent.succeeded", StripeWire.Intent("succeeded") },
        { Completed, Session().Replace("\"mode\":\"payment\"", "\"mode\":\"setup\"", StringComparison.Ordinal) },
        { Completed, Session().Replace($"\"{StripeWire.Order}\"", "null", StringComparison.Ordinal) },
        { Completed, Session().Replace(StripeWire.Order, "a b", StringComparison.Ordinal) },
        { Completed, "null" },
        { Completed, "[]" },
        { "charge.refunded", """{"id":"ch_1","object":"charge","payment_intent":null,"metadata":{}}""" },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void What_does_not_concern_us_is_ignored(string type, string about)
    {
        Assert.IsType<PaymentNotification.Ignored>(Read(StripeWire.Event(type, about)));
        Assert.IsType<PaymentNotification.Ignored>(Read(StripeWire.Event(Completed, Session(), more: ",\"account\":\"acct_another\"")));
    }

    [Theory]
    [InlineData("charge.refunded")]
    [InlineData("charge.refund.updated")]
    [InlineData("refund.created")]
    [InlineData("refund.updated")]
    [InlineData("refund.failed")]
    public async Task A_refunds_event_names_the_order_by_its_own_metadata_or_the_payment_intents(string type)
    {
        Assert.Equal(new PaymentNotification.AboutRefund(StripeWire.Order), Read(StripeWire.Event(type, $$"""{"id":"x","payment_intent":"pi_1","metadata":{"order_number":"{{StripeWire.Order}}"} }""")));
        Assert.Empty(wire.Sent);

        var byHand = StripeWire.Event(type, """{"id":"x","payment_intent":"pi_1","metadata":{} }""");
        wire.Says(StripeWire.Intent("succeeded", charge: "\"ch_1\""));
        Assert.Equal(new PaymentNotification.AboutRefund(StripeWire.Order), await wire.Gateway.ReadAsync(byHand, Token));
        Assert.Equal("/v1/payment_intents/pi_1", Assert.Single(wire.Sent).Path);
        wire.Says(StripeWire.Intent("succeeded", order: "-")).Refuses(404, "invalid_request_error", "resource_missing").Refuses(500, "api_error", "");
        Assert.IsType<PaymentNotification.Ignored>(await wire.Gateway.ReadAsync(byHand, Token));
        Assert.IsType<PaymentNotification.Ignored>(await wire.Gateway.ReadAsync(byHand, Token));
        Assert.IsType<PaymentNotification.Refused>(await wire.Gateway.ReadAsync(byHand, Token)); // It comes again.
    }

    [Fact]
    public void Any_amount_comes_through_to_the_cent() => Gen.Long[1, 99_999_999].Sample(cents =>
        ((Read(StripeWire.Event(Completed, Session().Replace("1500", cents.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal))) as PaymentNotification.Genuine)?.Status as PaymentStatus.Paid)?.Amount == Money.Usd(cents), iter: 100);

    private static string Session() => StripeWire.Session("complete", "paid", "\"pi_1\"");

    private PaymentNotification Read(RawNotification raw) => wire.Gateway.Read(raw);
}
