using Refill.Cards;
using Refill.Units;

namespace Refill.Carriers;

/// <summary>What a connector says of a card before any money is taken. A closed set.</summary>
public abstract record CardInquiry
{
    private CardInquiry()
    {
    }

    /// <summary>The card exists and can be topped up.</summary>
    /// <param name="CarrierCode">The code of a carrier in the catalogue (its network or wholesaler's operator).</param>
    /// <param name="CurrentPlan">The plan's name as the carrier gives it; null if it does not say.</param>
    /// <param name="ExpiresAt">When the present validity ends; null if the carrier does not say.</param>
    /// <param name="Reference">What the connector wants to be given back when it tops up this card (an operator's id); at most 200 characters.</param>
    public sealed record Found(string CarrierCode, string? CurrentPlan, DateTimeOffset? ExpiresAt, string Reference) : CardInquiry;

    /// <summary>This connector's carriers do not know the card.</summary>
    public sealed record NotFound : CardInquiry;

    /// <summary>Known, but it cannot be topped up.</summary>
    public sealed record NotTopUppable(string CarrierCode, CardRefusal Reason) : CardInquiry;

    /// <summary>No answer in time, or one that could not be understood. Ask again; no money is taken meanwhile.</summary>
    public sealed record Unknown(string Reason) : CardInquiry;
}

public enum CardRefusal
{
    /// <summary>Cancelled, recycled or ported away.</summary>
    Closed,

    /// <summary>Barred by the carrier.</summary>
    Barred,

    /// <summary>Not a prepaid card.</summary>
    NotPrepaid,
}

/// <summary>A delivery to be made. The same <paramref name="Id"/> credits the card at most once, however often it is sent.</summary>
/// <param name="Id">The top-up's id; the connector derives its own idempotency key from it.</param>
/// <param name="CardId">The card, for a carrier whose allowances live in our ledger.</param>
/// <param name="Reference">As <see cref="CardInquiry.Found.Reference"/> gave it.</param>
/// <param name="CarrierProduct">What the catalogue says the carrier calls the plan (an operator's amount or bundle).</param>
public sealed record DeliveryOrder(Guid Id, Guid CardId, CardIdentifier Card, string Reference, string CarrierProduct, Money Price);

/// <summary>What a carrier says of a delivery. A closed set: the four outcomes of DESIGN.md.</summary>
public abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>Credited.</summary>
    /// <param name="CarrierReference">The carrier's own number of the credit, for the receipt.</param>
    /// <param name="Cost">What the carrier charged us, if it says.</param>
    public sealed record Accepted(string CarrierReference, Money? Cost) : DeliveryOutcome;

    /// <summary>Not credited, and it will not be: the money can go back.</summary>
    public sealed record Rejected(DeliveryRefusal Reason, string Detail) : DeliveryOutcome;

    /// <summary>Taken, not decided: query later.</summary>
    /// <param name="CarrierNumber">The carrier's number to ask with, if it gave one.</param>
    public sealed record Pending(string? CarrierNumber) : DeliveryOutcome;

    /// <summary>No answer. It may have been credited: query until known, never guess.</summary>
    public sealed record Unknown(string Detail) : DeliveryOutcome
    {
        /// <summary>
        /// True if this call cannot have credited anything (no connection, no token, turned away at the door): it may be sent again, under the
        /// same id, without waiting for <see cref="TimeoutMeaning.NotFoundIsFinalAfter"/>. It says nothing of an earlier call.
        /// </summary>
        public bool NothingSent { get; init; }
    }
}

public enum DeliveryRefusal
{
    /// <summary>The carrier refused the card or number.</summary>
    CardRefused,

    /// <summary>The carrier no longer sells this plan.</summary>
    PlanNotAvailable,

    /// <summary>The carrier limits how much or how often this card may be topped up.</summary>
    LimitReached,

    /// <summary>Our account at the carrier has no funds, or is barred; the customer is not to blame.</summary>
    SellerRefused,

    /// <summary>Anything else that is final.</summary>
    Other,
}

/// <summary>What a connector's silence means. Each states it; journeys read it (market.md, complaint 3).</summary>
/// <param name="FirstQueryAfter">How long after a call without answer the first query makes sense.</param>
/// <param name="NotFoundIsFinalAfter">
/// How long after the call the answer "no such delivery" proves that it never arrived and may be sent again under the same id; null: never.
/// </param>
public sealed record TimeoutMeaning(TimeSpan CallTimeout, TimeSpan FirstQueryAfter, TimeSpan? NotFoundIsFinalAfter, string Statement);

/// <summary>What a query says of a delivery whose fate is unknown or pending.</summary>
public abstract record DeliveryQuery
{
    private DeliveryQuery()
    {
    }

    public sealed record Known(DeliveryOutcome Outcome) : DeliveryQuery;

    /// <summary>The carrier has no delivery of this id. See <see cref="TimeoutMeaning.NotFoundIsFinalAfter"/>.</summary>
    public sealed record NotFound : DeliveryQuery;
}

/// <summary>A webhook of a carrier, verified: which delivery to ask about, sooner than planned. It is a reason to look, not proof.</summary>
public abstract record CarrierNotification
{
    private CarrierNotification()
    {
    }

    public sealed record Genuine(Guid DeliveryId) : CarrierNotification;

    public sealed record Refused(string Reason) : CarrierNotification;
}

/// <summary>
/// A connector to a carrier or wholesaler. Calls stand outside any transaction, end after their own timeout, and never throw
/// for what the network or the carrier does: that is <c>Unknown</c>. They throw <see cref="OperationCanceledException"/> only when the
/// caller cancels; for <see cref="DeliverAsync"/> that is as good as <see cref="DeliveryOutcome.Unknown"/>.
/// </summary>
public interface ICarrier
{
    /// <summary>A short word, such as "own" or "reloadly"; stands in the catalogue and in the database.</summary>
    string Name { get; }

    TimeoutMeaning Timeout { get; }

    Task<CardInquiry> InquireAsync(CardIdentifier card, CancellationToken cancellation);

    Task<DeliveryOutcome> DeliverAsync(DeliveryOrder order, CancellationToken cancellation);

    Task<DeliveryQuery> QueryAsync(DeliveryOrder order, string? carrierNumber, CancellationToken cancellation);

    /// <summary>
    /// True if the credit is a transfer in our own ledger: the journey then adds the allowances' postings to the commit that completes the top-up,
    /// and <see cref="DeliverAsync"/> only decides whether the card may take them.
    /// </summary>
    bool AllowancesInLedger { get; }

    /// <summary>Verifies and reads a webhook; null if this connector has none.</summary>
    CarrierNotification? Read(RawWebhook notification);
}

/// <summary>A webhook as it came in: the raw body, never reparsed before it is verified.</summary>
public sealed record RawWebhook(string Path, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body);
