using System.Text;
using System.Text.Json;
using global::Stripe;
using Refill.Units;

namespace Refill.Payments.Stripe;

/// <summary>
/// Reads webhook events. The library verifies the signature over the raw body (HMAC-SHA256 over `t.body`, 300 s either way); the JSON is then read here, by the
/// few names that are needed, because the library refuses events of another API version than its own, and a seller's endpoint may well be set to one.
/// Events come in any order, twice and late: only "paid" is believed as it stands, everything else is a reason to ask.
/// </summary>
internal static class StripeEvents
{
    public const int MaxBody = 64 * 1024;
    public const int MaxHeader = 4 * 1024;

    /// <summary>How far the signature's time may be from ours, in seconds, in either direction (failure cases 10 and 11).</summary>
    public const int ToleranceSeconds = 300;

    /// <summary>What an event is, or the payment intent that must be asked first about which order it is.</summary>
    public readonly record struct Reading(PaymentNotification? Known, string? PaymentIntent);

    public static Reading Read(RawNotification raw, StripeKeys keys, DateTimeOffset now)
    {
        if (raw.Body.Length > MaxBody)
        {
            return Refused("the body is longer than 64 KiB");
        }

        if (Header(raw) is not { Length: > 0 and <= MaxHeader } header || Text(raw.Body.Span) is not { } body || !keys.WebhookSecrets.Any(secret => Holds(body, header, secret, now)))
        {
            return Refused("the signature does not hold");
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            return Read(json.RootElement, keys.IsLive);
        }
        catch (JsonException)
        {
            return Refused("the body is no JSON");
        }
    }

    /// <summary>True if this secret signed it, within the tolerance.</summary>
    public static bool Holds(string body, string header, string secret, DateTimeOffset now)
    {
        try
        {
            EventUtility.ValidateSignature(body, header, secret, ToleranceSeconds, now.ToUnixTimeSeconds());
            return true;
        }
        catch (Exception error) when (error is StripeException or FormatException or OverflowException or ArgumentException)
        {
            return false; // A forged header is refused in all these ways: without a time, with a time that is no number, …
        }
    }

    private static Reading Read(JsonElement root, bool live)
    {
        if (Word(root, "object") != "event" || Word(root, "type") is not { } type || Member(root, "livemode") is not { ValueKind: JsonValueKind.True or JsonValueKind.False } mode)
        {
            return Refused("it is no event");
        }

        // Failure case 7: genuine is not enough, it must be ours.
        if (mode.GetBoolean() != live)
        {
            return Refused($"it is of the {(live ? "test" : "live")} mode, and our key is not");
        }

        if (Word(root, "account") is not null)
        {
            return Ignored("an event of a connected account");
        }

        var about = Member(Member(root, "data"), "object");
        return type switch
        {
            "checkout.session.completed" or "checkout.session.async_payment_succeeded" => Session(about, Paid(about)),
            "checkout.session.expired" or "checkout.session.async_payment_failed" => Session(about, new PaymentStatus.Unknown($"{type}: to be asked about")),
            "charge.refunded" or "charge.refund.updated" or "refund.created" or "refund.updated" or "refund.failed" => Refund(about),
            _ => Ignored(StripeWords.Plain(type)),
        };
    }

    private static Reading Session(JsonElement? session, PaymentStatus status) => Word(session, "mode") switch
    {
        "payment" when Word(session, "client_reference_id") is var order && StripeWords.IsNumber(order) => new(new PaymentNotification.Genuine(order, status), null),
        "payment" => Ignored("a session that is none of ours"),
        var mode => Ignored($"a session of mode {StripeWords.Plain(mode)}"),
    };

    private static PaymentStatus Paid(JsonElement? session)
    {
        if (Word(session, "payment_status") is var word && word != "paid")
        {
            return new PaymentStatus.Unknown($"payment_status {StripeWords.Plain(word)}");
        }

        // It may stand there whole, if the endpoint's API version says so.
        var intent = Word(session, "payment_intent") ?? Word(Member(session, "payment_intent"), "id");
        if (!StripeWords.IsId(intent) || Member(session, "amount_total") is not { ValueKind: JsonValueKind.Number } total || !total.TryGetInt64(out var cents) || cents <= 0)
        {
            return new PaymentStatus.Unknown("paid, but without number or amount");
        }

        // Failure case 8. What has been refunded since, the event does not know; nothing had been when it was paid.
        return Word(session, "currency") is var currency && currency == StripeWords.Usd
            ? new PaymentStatus.Paid(intent, Money.Usd(cents), null, Money.Usd(0))
            : new PaymentStatus.WrongCurrency(intent, StripeWords.Plain(currency).ToUpperInvariant());
    }

    /// <summary>A charge or a refund. Charges carry their payment intent's metadata, refunds of ours their own; those made by hand carry none.</summary>
    private static Reading Refund(JsonElement? about)
    {
        if (Word(Member(about, "metadata"), StripeWords.OrderNumber) is var order && StripeWords.IsNumber(order))
        {
            return new(new PaymentNotification.AboutRefund(order), null);
        }

        var intent = Word(about, "payment_intent") ?? Word(Member(about, "payment_intent"), "id");
        return StripeWords.IsId(intent) ? new(null, intent) : Ignored("a refund of nothing that we sold");
    }

    private static Reading Refused(string why) => new(new PaymentNotification.Refused(why), null);

    private static Reading Ignored(string why) => new(new PaymentNotification.Ignored(why), null);

    private static JsonElement? Member(JsonElement? of, string name) => of is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var value) ? value : null;

    private static string? Word(JsonElement? of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } word ? word.GetString() : null;

    private static string? Header(RawNotification raw) =>
        raw.Headers.FirstOrDefault(header => string.Equals(header.Key, "Stripe-Signature", StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The very bytes as text, so that the library signs the very bytes; null: they are no UTF-8.</summary>
    private static string? Text(ReadOnlySpan<byte> body)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
