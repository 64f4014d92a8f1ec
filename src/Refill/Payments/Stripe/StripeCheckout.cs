using global::Stripe;
using global::Stripe.Checkout;
using Refill.Units;

namespace Refill.Payments.Stripe;

/// <summary>Orders as Checkout Sessions, and what sessions and payment intents say of them. No calls are made here.</summary>
internal static class StripeCheckout
{
    /// <summary>Stripe takes an end of 30 minutes to 24 hours from when the session is made.</summary>
    private static readonly TimeSpan LeastLife = TimeSpan.FromMinutes(31);
    private static readonly TimeSpan MostLife = TimeSpan.FromHours(24);

    /// <summary>The same order gives the same parameters: with the same idempotency key anything else is an error (failure case 16).</summary>
    public static SessionCreateOptions Session(PaymentOrder order) => new()
    {
        Mode = "payment",
        ClientReferenceId = order.OrderNumber,
        Metadata = new() { [StripeWords.OrderNumber] = order.OrderNumber },
        PaymentIntentData = new() { Metadata = new() { [StripeWords.OrderNumber] = order.OrderNumber } },
        LineItems =
        [
            new()
            {
                Quantity = 1,
                PriceData = new() { Currency = StripeWords.Usd, UnitAmount = order.Amount.Minor, ProductData = new() { Name = Subject(order.Subject) } },
            },
        ],
        SuccessUrl = order.ReturnUrl.AbsoluteUri,
        CancelUrl = order.ReturnUrl.AbsoluteUri,
        ExpiresAt = ExpiresAt(order.CreatedAt, order.ExpiresAt).UtcDateTime,
    };

    /// <summary>
    /// When the session ends by itself; we end it earlier (close). A start that Stripe never got is sent again until the order's own end, and must still lie
    /// half an hour before the session's, or Stripe refuses it.
    /// </summary>
    public static DateTimeOffset ExpiresAt(DateTimeOffset created, DateTimeOffset expires)
    {
        var end = (expires > created ? expires : created) + LeastLife;
        var most = created + MostLife;
        return DateTimeOffset.FromUnixTimeSeconds((end < most ? end : most).ToUnixTimeSeconds());
    }

    /// <summary>What the payer sees: no control characters, at most 200.</summary>
    public static string Subject(string text)
    {
        var plain = new string([.. text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c).Take(200)]).Trim();
        return plain.Length > 0 ? plain : "-";
    }

    /// <summary>Why an answer is not about this order; null: it is.</summary>
    public static string? Foreign(Session session, string orderNumber, bool live) => session switch
    {
        _ when session.ClientReferenceId != orderNumber => "an answer about another order",
        _ when session.Livemode != live => "an answer of the other mode (test, live)",
        { Mode: not "payment" } => "a session that is for no payment",
        _ => null,
    };

    /// <summary>What a session, whose payment intent and charge are expanded, says of the payment.</summary>
    public static PaymentStatus StatusOf(Session session) => (session.PaymentStatus, session.Status) switch
    {
        ("paid", _) => session.PaymentIntent is { } paid ? StatusOf(paid) : new PaymentStatus.Unknown("paid, but without its payment intent"),
        ("unpaid", "expired") => new PaymentStatus.Closed(),
        ("unpaid", "open") => new PaymentStatus.Waiting(),

        // Complete and unpaid: money that takes days (a bank's debit) is on its way, or did not come (failure case 23).
        ("unpaid", "complete") => session.PaymentIntent is { } awaited ? StatusOf(awaited) : new PaymentStatus.Waiting(),
        _ => new PaymentStatus.Unknown($"payment_status {StripeWords.Plain(session.PaymentStatus)}, status {StripeWords.Plain(session.Status)}"),
    };

    /// <summary>What the payment intent of a completed session or of a saved means, whose charge is expanded, says of the payment.</summary>
    public static PaymentStatus StatusOf(PaymentIntent intent) => intent.Status switch
    {
        "succeeded" => Paid(intent),

        // It failed, and only we could have it tried again, which we do not.
        "canceled" => new PaymentStatus.Closed(),
        "requires_payment_method" when intent.LastPaymentError is not null => new PaymentStatus.Closed(),
        "processing" or "requires_payment_method" or "requires_confirmation" or "requires_action" => new PaymentStatus.Waiting(),
        var other => new PaymentStatus.Unknown($"payment intent {StripeWords.Plain(other)}"), // Failure case 15; requires_capture: never asked for.
    };

    private static PaymentStatus Paid(PaymentIntent intent)
    {
        if (!StripeWords.IsId(intent.Id) || intent.AmountReceived <= 0)
        {
            return new PaymentStatus.Unknown("paid, but without number or amount");
        }

        if (intent.Currency != StripeWords.Usd)
        {
            return new PaymentStatus.WrongCurrency(intent.Id, StripeWords.Plain(intent.Currency).ToUpperInvariant());
        }

        return intent.LatestCharge is { } charge && charge.AmountRefunded >= 0 && charge.AmountRefunded <= intent.AmountReceived
            ? new PaymentStatus.Paid(intent.Id, Money.Usd(intent.AmountReceived), Instant(charge.Created), Money.Usd(charge.AmountRefunded))
            : new PaymentStatus.Unknown("paid, but without its charge: what was refunded is not known");
    }

    private static DateTimeOffset? Instant(DateTime told) => told > DateTime.UnixEpoch ? new DateTimeOffset(DateTime.SpecifyKind(told, DateTimeKind.Utc)) : null;
}
