using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.Advice;

/// <summary>Why nothing can be advised before anything is computed; a page has words for each. Limits of numbers and days are the form's.</summary>
public enum AdviceProblem
{
    CardNotFound,
    NoSuchCarrier,
    CouponUnknown,
    CouponNotYet,
    CouponEnded,
    CouponOtherPlan,
    CouponNotFirstPurchase,
    CouponTooLittle,
    CouponUsedUp,
    CouponNotBetter,
}

public enum AdviceKind
{
    /// <summary>Nothing is cheaper.</summary>
    Proven,

    /// <summary>The best that was found in the time there is; <see cref="AdviceGiven.GapBasisPoints"/> says how far from the cheapest it can be.</summary>
    Bounded,

    /// <summary>Nothing on sale covers the need: <see cref="AdviceGiven.Lacks"/> says what lacks, the steps (if any) what comes nearest.</summary>
    Impossible,

    /// <summary>No answer in the time there is.</summary>
    TooHard,

    /// <summary>The checker did not agree: nothing is shown.</summary>
    NotChecked,
}

/// <summary>One purchase.</summary>
/// <param name="BuyOn">By this day it must be paid, at this price.</param>
/// <param name="From">The first day on which it can be used; <see cref="Until"/> the last.</param>
/// <param name="Cents">All taxes and offers in, without the SIM.</param>
/// <param name="SimCents">Of a new card, with the first plan for it; 0: none is needed, or it costs nothing.</param>
/// <param name="Lines">The offers in the price.</param>
public sealed record AdviceStep(DateOnly BuyOn, DateOnly From, DateOnly Until, Carrier Carrier, Plan Plan, long Cents, long ListCents, int Quantity, string? Pack, bool TakesCoupon, bool NeedsSim, long SimCents, IReadOnlyList<PromotionName> Lines);

/// <summary>What is to be done now.</summary>
/// <param name="OrderNow">Today at this price, or a better one, to start on the step's day; false: come back on <see cref="On"/>.</param>
/// <param name="On">The day on which to buy.</param>
/// <param name="NowCents">What it would cost today; null: it cannot be had today.</param>
public sealed record FirstMove(bool OrderNow, DateOnly On, long? NowCents);

public enum AlternativeKind
{
    /// <summary>One purchase for everything.</summary>
    OnePlan,

    /// <summary>Plans of one carrier only.</summary>
    OneCarrier,

    /// <summary>The same plan each time.</summary>
    SamePlan,

    /// <summary>Cards of any carrier, where one was asked for.</summary>
    AnyCarrier,
}

public sealed record Alternative(AlternativeKind Kind, string Name, long Cents);

/// <param name="Cents">The least for at most so many slow days.</param>
public sealed record FrontPoint(int SlowDays, long Cents);

/// <summary>What nothing on sale gives: of this, on this day for the first time.</summary>
public sealed record Lack(Commodity Commodity, DateOnly On);

/// <summary>The rule for an open end: the short plan again and again until as much is paid as the long one costs, then the long one.</summary>
public sealed record BreakEven(Plan Short, long ShortCents, int ShortDays, Plan Long, long LongCents);

/// <summary>Advice, checked day by day before it is given.</summary>
public sealed record AdviceGiven(Stay Stay, AdviceKind Kind, DateOnly Today)
{
    public long TotalCents { get; init; }

    public int GapBasisPoints { get; init; }

    public IReadOnlyList<AdviceStep> Steps { get; init; } = [];

    public FirstMove? First { get; init; }

    /// <summary>In days from <see cref="Today"/>.</summary>
    public IReadOnlyList<DayRun> Days { get; init; } = [];

    public IReadOnlyList<DateOnly> SlowDays { get; init; } = [];

    public IReadOnlyList<FrontPoint> Front { get; init; } = [];

    public IReadOnlyList<Alternative> Alternatives { get; init; } = [];

    public IReadOnlyList<Lack> Lacks { get; init; } = [];

    public BreakEven? BreakEven { get; init; }

    /// <summary>The card that was named is one of this carrier.</summary>
    public Carrier? CardOf { get; init; }
}

/// <summary>Either advice or why there is none.</summary>
public sealed record AdviceAnswer(AdviceGiven? Given, AdviceProblem? Problem);
