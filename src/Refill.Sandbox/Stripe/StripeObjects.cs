using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Refill.Sandbox.Stripe;

/// <summary>
/// An object of Stripe's API: it is kept in the books as it is shown, in the names of the API. Members whose names begin with _ are the sandbox's own and are not shown.
/// Instants are Unix seconds, amounts are in the smallest unit of their currency.
/// </summary>
internal abstract record StripeObject(string Id, long Created)
{
    public string Object => StripeKinds.Of(GetType()).Name;

    /// <summary>When time alone changes it; null: never.</summary>
    [JsonIgnore]
    public virtual long? DueAt => null;

    /// <summary>The one thing that it is listed by most.</summary>
    [JsonIgnore]
    public virtual string? BelongsTo => null;

    public sealed override string ToString() => $"{Object} {Id}";
}

internal static class SessionStatus
{
    internal const string Open = "open";
    internal const string Complete = "complete";
    internal const string Expired = "expired";
}

/// <param name="Url">Its page; null once it is over.</param>
/// <param name="Plan">What becomes of its intent.</param>
internal sealed record CheckoutSession(
    string Id, long Created, string Mode, string Status, string PaymentStatus, long? AmountTotal, string? Currency, string? ClientReferenceId, string? Customer, string? CustomerEmail,
    string? CustomerCreation, long ExpiresAt, string? Locale, IReadOnlyDictionary<string, string> Metadata, string? PaymentIntent, string? SetupIntent, IReadOnlyList<string> PaymentMethodTypes,
    string SuccessUrl, string? CancelUrl, string? SubmitType, string? Url, [property: JsonPropertyName("_plan")] SessionPlan Plan) : StripeObject(Id, Created)
{
    public long? AmountSubtotal => AmountTotal;

    public bool Livemode { get; }

    public string UiMode { get; } = "hosted_page";

    public override long? DueAt => Status == SessionStatus.Open ? ExpiresAt : null;

    public override string? BelongsTo => PaymentIntent;
}

/// <param name="Title">What is bought, for the page.</param>
internal sealed record SessionPlan(string Title, IReadOnlyDictionary<string, string> Metadata, string? Description, string? SetupFutureUsage);

internal static class IntentStatus
{
    internal const string NeedsMethod = "requires_payment_method";
    internal const string NeedsConfirmation = "requires_confirmation";
    internal const string NeedsAction = "requires_action";
    internal const string Processing = "processing";
    internal const string Succeeded = "succeeded";
    internal const string Canceled = "canceled";
}

internal sealed record RedirectToUrl(string Url, string? ReturnUrl);

internal sealed record NextAction(RedirectToUrl RedirectToUrl)
{
    public string Type { get; } = "redirect_to_url";
}

internal sealed record PaymentIntent(
    string Id, long Created, long Amount, string Currency, string Status, string ClientSecret, string? Customer, string? Description, IReadOnlyDictionary<string, string> Metadata,
    string? PaymentMethod, IReadOnlyList<string> PaymentMethodTypes, string? SetupFutureUsage, string CaptureMethod) : StripeObject(Id, Created)
{
    public long AmountReceived { get; init; }

    public long AmountCapturable { get; }

    public long? CanceledAt { get; init; }

    public string? CancellationReason { get; init; }

    public string ConfirmationMethod { get; } = "automatic";

    public JsonObject? LastPaymentError { get; init; }

    public string? LatestCharge { get; init; }

    public bool Livemode { get; }

    public NextAction? NextAction { get; init; }

    [JsonPropertyName("_session")]
    public string? Session { get; init; }

    [JsonPropertyName("_settles_at")]
    public long? SettlesAt { get; init; }

    public override long? DueAt => Status == IntentStatus.Processing ? SettlesAt : null;
}

internal sealed record SetupIntent(
    string Id, long Created, string Status, string ClientSecret, string? Customer, string? Description, IReadOnlyDictionary<string, string> Metadata, string? PaymentMethod,
    IReadOnlyList<string> PaymentMethodTypes) : StripeObject(Id, Created)
{
    public JsonObject? LastSetupError { get; init; }

    public bool Livemode { get; }

    public NextAction? NextAction { get; init; }

    public string Usage { get; } = "off_session";

    [JsonPropertyName("_session")]
    public string? Session { get; init; }
}

internal sealed record Customer(string Id, long Created, string? Email, string? Name, string? Phone, string? Description, IReadOnlyDictionary<string, string> Metadata) : StripeObject(Id, Created)
{
    public long Balance { get; }

    public bool Livemode { get; }
}

internal sealed record CardShown(string Brand, string Last4, int ExpMonth, int ExpYear)
{
    public string Country { get; } = "US";

    public string Funding { get; } = "credit";
}

/// <param name="Spent">Detached, or used once without a customer: by Stripe's rule it may not be used again.</param>
internal sealed record PaymentMethod(string Id, long Created, string? Customer, CardShown Card, [property: JsonPropertyName("_spent")] bool Spent = false) : StripeObject(Id, Created)
{
    public bool Livemode { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public string Type { get; } = "card";
}

internal sealed record ChargeMethod(CardShown Card)
{
    public string Type { get; } = "card";
}

/// <summary>One attempt to take money, good or bad.</summary>
internal sealed record Charge(
    string Id, long Created, long Amount, string Currency, string Status, string? Customer, string? Description, IReadOnlyDictionary<string, string> Metadata, string PaymentIntent,
    string PaymentMethod, ChargeMethod PaymentMethodDetails, string? BalanceTransaction, string? FailureCode, string? FailureMessage) : StripeObject(Id, Created)
{
    public long AmountCaptured => Paid ? Amount : 0;

    public long AmountRefunded { get; init; }

    public bool Captured => Paid;

    public bool Disputed { get; }

    public bool Livemode { get; }

    public bool Paid => Status == "succeeded";

    public bool Refunded => AmountRefunded == Amount;

    public override string? BelongsTo => PaymentIntent;
}

internal static class RefundStatus
{
    internal const string Pending = "pending";
    internal const string Succeeded = "succeeded";
    internal const string Failed = "failed";
}

internal sealed record Refund(
    string Id, long Created, long Amount, string Currency, string Status, string Charge, string PaymentIntent, string? Reason, IReadOnlyDictionary<string, string> Metadata, string BalanceTransaction)
    : StripeObject(Id, Created)
{
    public string? FailureBalanceTransaction { get; init; }

    public string? FailureReason { get; init; }

    [JsonPropertyName("_settles_at")]
    public long? SettlesAt { get; init; }

    public override long? DueAt => Status == RefundStatus.Pending ? SettlesAt : null;

    public override string? BelongsTo => PaymentIntent;
}

internal sealed record FeeDetail(long Amount, string Currency)
{
    public string Description { get; } = "Stripe processing fees";

    public string Type { get; } = "stripe_fee";
}

/// <summary>A line of the account: net = amount − fee.</summary>
/// <param name="Payout">The payout that it went out with; null while it stands in the balance.</param>
internal sealed record BalanceTransaction(
    string Id, long Created, long Amount, string Currency, long Fee, decimal? ExchangeRate, string Type, string Source, string? Description, [property: JsonPropertyName("_payout")] string? Payout = null)
    : StripeObject(Id, Created)
{
    public long AvailableOn => Created;

    public string BalanceType { get; } = "payments";

    public IReadOnlyList<FeeDetail> FeeDetails => Fee == 0 ? [] : [new FeeDetail(Fee, Currency)];

    public long Net => Amount - Fee;

    public string ReportingCategory => Type;

    public string Status { get; } = "available";

    public override string? BelongsTo => Payout;
}

internal sealed record Payout(string Id, long Created, long Amount, string Currency, long ArrivalDate, string Status, string BalanceTransaction) : StripeObject(Id, Created)
{
    public bool Automatic { get; } = true;

    public string Description { get; } = "STRIPE PAYOUT";

    public bool Livemode { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public string Method { get; } = "standard";

    public string ReconciliationStatus { get; } = "completed";

    public string SourceType { get; } = "card";

    public string Type { get; } = "bank_account";
}

internal sealed record EventData(JsonObject Object);

/// <summary>What asked for it; both null if nobody did.</summary>
internal sealed record EventRequest(string? Id, string? IdempotencyKey);

/// <param name="About">The order that it is about, if there is one.</param>
internal sealed record StripeEvent(
    string Id, long Created, string ApiVersion, string Type, EventData Data, EventRequest Request, int PendingWebhooks, [property: JsonPropertyName("_about")] string About) : StripeObject(Id, Created)
{
    public bool Livemode { get; }

    public override string? BelongsTo => Type;
}
