using Refill.Cards;
using Refill.Catalogue;
using Refill.Payments;
using Refill.Units;

namespace Refill.TopUps;

public enum TopUpState
{
    Quoted = 1,
    AwaitingPayment = 2,
    Paid = 3,
    Fulfilling = 4,
    Completed = 5,
    Expired = 6,
    Cancelled = 7,
    Refunding = 8,
    Refunded = 9,
    NeedsReview = 10,
}

/// <summary>A card as pages show it, after its connector has been asked.</summary>
/// <param name="NameId">What stands in URLs (CardBook.NameOf): it leads to the card as the visitor named it, and shows no other name of it.</param>
/// <param name="Identifier">As the visitor named it.</param>
/// <param name="CurrentPlan">Null: the carrier does not say.</param>
/// <param name="ExpiresAt">Null: the carrier does not say.</param>
public sealed record CardView(Guid NameId, CardIdentifier Identifier, Carrier Carrier, string? CurrentPlan, DateTimeOffset? ExpiresAt);

/// <summary>A plan on offer to a card now, with what it would cost and until when it would be valid if bought now.</summary>
/// <param name="Charge">With the offers that hold for everybody, before a way of paying is chosen.</param>
/// <param name="ValidUntil">If bought (or first used) now.</param>
public sealed record PlanOffer(Plan Plan, Money Charge, DateTimeOffset ValidUntil)
{
    /// <summary>What offers make of the price; null: none holds.</summary>
    public SalePrice? Sale { get; init; }

    /// <summary>What it costs, in the currency of the list price.</summary>
    public Money Price => Sale is null ? Plan.Price : Plan.Price with { Minor = Sale.TotalCents };
}

/// <summary>What a buyer may ask for besides the plan. All of it is as it was typed, and checked.</summary>
/// <param name="Coupon">Null or blank: none.</param>
/// <param name="Pack">The code of a buy-n-get-one offer; null: one period.</param>
/// <param name="StartsOn">A day in the carrier's zone, yyyy-MM-dd; null or blank: now.</param>
public sealed record QuoteWishes(string? Coupon = null, string? Pack = null, string? StartsOn = null)
{
    public static readonly QuoteWishes None = new();
}

/// <summary>Why a card cannot go on; a page has words for each, in three languages.</summary>
public enum CardProblem
{
    Empty,
    NotANumber,
    TooShort,
    TooLong,
    WrongCountry,
    Canadian,
    Caribbean,
    HasExtension,
    NotAValidUsNumber,
    IccidCheckDigit,
    IccidNotTelecom,
    UnknownToCarriers,
    ClosedAtCarrier,
    BarredAtCarrier,
    NotPrepaid,
    NoPlans,
    CarrierDoesNotAnswer,
}

/// <param name="Detail">A country's ISO code for <see cref="CardProblem.WrongCountry"/> and <see cref="CardProblem.Caribbean"/>, a count of digits for too short or long; else null.</param>
public sealed record CardRefused(CardProblem Problem, string? Detail);

/// <summary>Why a quote cannot be made or paid; a page has words for each.</summary>
public enum QuoteProblem
{
    CardNotFound,
    PlanNotFound,
    PlanWithdrawn,
    PlanNotForCard,
    QuoteExpired,
    NumberRepeatedWrong,
    AlreadyPaid,
    NoExchangeRate,
    GatewayRefused,
    GatewayDoesNotAnswer,
    TooManyAttempts,
    CouponUnknown,
    CouponNotYet,
    CouponEnded,
    CouponOtherPlan,
    CouponNotFirstPurchase,
    CouponTooLittle,
    CouponUsedUp,
    CouponNotBetter,
    PackGone,
    StartNotPossible,
}

/// <summary>Why the money went back, or why a person must look.</summary>
public enum TopUpTrouble
{
    None = 0,
    CardRefused = 1,
    PlanNotAvailable = 2,
    LimitReached = 3,
    CarrierRefused = 4,
    PaidTooLittle = 5,
    PaidOtherCurrency = 6,
    PaidTwice = 7,
    PaidTooLate = 8,
    CarrierSilent = 9,
    RefundRefused = 10,

    /// <summary>Paid in advance, and given up before it started.</summary>
    CancelledByBuyer = 11,
}

/// <param name="Way">How the payment was started.</param>
/// <param name="Code">What to show as a QR code, if that way was chosen.</param>
/// <param name="ExpiresAt">Until when it may be paid.</param>
public sealed record PaymentView(Guid Id, string Gateway, PaymentWay Way, string? Code, Money Amount, DateTimeOffset ExpiresAt, bool Paid, RefundView? Refund)
{
    /// <summary>What was given back by hand, oldest first.</summary>
    public IReadOnlyList<RefundView> Parts { get; init; } = [];
}

/// <param name="Price">For all its periods, in the currency of the list price.</param>
public sealed record PackView(string Code, Promotions.PromotionName Name, int Quantity, Money Price);

/// <param name="Done">The gateway confirmed that the money has gone back.</param>
public sealed record RefundView(Money Amount, bool Done, DateTimeOffset RequestedAt, DateTimeOffset? DoneAt);

/// <summary>A top-up as pages show it.</summary>
/// <param name="OrderCode">What a person can read out: "7KQ4-M2XD-9TPA".</param>
/// <param name="Version">Changes with every step; long-polling waits for another.</param>
/// <param name="NameId">Of the card, as in <see cref="CardView"/>.</param>
/// <param name="Price">USD; what it costs as things stand, offers in.</param>
/// <param name="Charge">What is paid at a gateway of another currency than the price's; the price if no rate held.</param>
/// <param name="ValidUntil">Of the quote while not completed, then the true one; null until first use if the plan starts then.</param>
public sealed record TopUpView(
    Guid Id,
    string OrderCode,
    TopUpState State,
    long Version,
    Guid NameId,
    CardIdentifier Card,
    Carrier Carrier,
    string? CurrentPlan,
    DateTimeOffset? CurrentExpiresAt,
    Plan Plan,
    Money Price,
    Money Charge,
    FxRate Rate,
    DateTimeOffset CreatedAt,
    DateTimeOffset QuoteExpiresAt,
    DateTimeOffset? CompletedAt,
    DateTimeOffset? ValidUntil,
    string? CarrierReference,
    TopUpTrouble Trouble,
    IReadOnlyList<PaymentView> Payments)
{
    /// <summary>What offers make of the price; null: it is the list price.</summary>
    public Sale? Sale { get; init; }

    /// <summary>Packs that may be asked for instead, while it is a quote.</summary>
    public IReadOnlyList<PackView> Packs { get; init; } = [];

    /// <summary>When it is delivered, if not as soon as it is paid.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Before offers, for all periods.</summary>
    public Money ListPrice => Plan.Price with { Minor = Plan.Price.Minor * (Sale?.Present.Quantity ?? 1) };

    /// <summary>What this gateway asks, in its currency; null: it cannot be paid in that.</summary>
    public Money? ChargeAt(string gateway, Currency currency) => TopUp.ChargeAt(Plan, Charge, Rate, Sale, gateway, currency);

    /// <summary>Paid, and waiting for the day that it starts on: until then it can be given up.</summary>
    public bool IsWaitingForStart(DateTimeOffset now) => State == TopUpState.Paid && StartsAt > now;

    /// <summary>The payment that it was paid with, or is to be; null before a way was chosen.</summary>
    public PaymentView? Chosen => Payments.FirstOrDefault(payment => payment is { Paid: true, Refund: null }) ?? Payments.LastOrDefault(payment => payment.Paid) ?? (Payments is [.., var last] ? last : null);

    /// <summary>What was paid, or is to be as things stand.</summary>
    public Money Due => Chosen?.Amount ?? Charge;

    /// <summary>Nothing more will happen by itself.</summary>
    public bool IsFinal => Transitions.Final.Contains(State);
}
