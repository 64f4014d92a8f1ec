namespace Refill.Advice;

/// <summary>One purchase of a schedule.</summary>
/// <param name="Day">On which it is paid.</param>
/// <param name="Start">On which it begins.</param>
/// <param name="Offer">Index into <see cref="Question.Offers"/>.</param>
public sealed record Purchase(int Day, int Start, int Offer);

public enum AnswerKind
{
    /// <summary>A schedule, proven to be the cheapest.</summary>
    Proven = 0,

    /// <summary>The best schedule found when a limit was hit; <see cref="Answer.LowerBound"/> says how far from the cheapest it can be.</summary>
    Bounded = 1,

    /// <summary>Proven: nothing on sale covers the need.</summary>
    Impossible = 2,

    /// <summary>A limit was hit before any schedule was found.</summary>
    Unknown = 3,
}

/// <summary>The cheapest schedule, or what is known of it.</summary>
/// <param name="Cents">What the schedule costs in all, SIMs included; 0 if there is none.</param>
/// <param name="LowerBound">In cents: no schedule costs less.</param>
/// <param name="Schedule">In the order of the days on which they begin.</param>
public sealed record Answer(AnswerKind Kind, long Cents, long LowerBound, IReadOnlyList<Purchase> Schedule, SolverWork Work)
{
    /// <summary>Indices of the offers that were left when those that another one beats on every day had been dropped.</summary>
    public IReadOnlyList<int> Reduced { get; init; } = [];

    public bool HasSchedule => Kind is AnswerKind.Proven or AnswerKind.Bounded;

    /// <summary>By how much at most the schedule is dearer than the cheapest, in hundredths of a percent of its price, rounded up; 0 if proven.</summary>
    public int GapBasisPoints => Cents <= LowerBound ? 0 : (int)((((Cents - LowerBound) * 10_000) + Cents - 1) / Cents);
}

/// <summary>What it took.</summary>
/// <param name="Offers">Left after those that another one beats were dropped.</param>
/// <param name="Choices">Offers times the days on which they can begin, after those of one day that another one beats were dropped.</param>
/// <param name="Labels">Looked at.</param>
/// <param name="RootBound">In cents: what was proven before anything was looked at.</param>
/// <param name="Passes">Of the search, each wider than the one before.</param>
public sealed record SolverWork(int Offers, int Choices, long Labels, long RootBound, int Passes);

/// <summary>Limits of one answer. They count work and not time, so that the same question has the same answer on every machine.</summary>
/// <param name="Labels">How many labels may be looked at in all.</param>
/// <param name="Kept">How many may be kept at once: a kept one takes about 200 bytes.</param>
public sealed record SolverLimits(long Labels = 2_000_000, int Kept = 400_000)
{
    public static readonly SolverLimits Default = new();
}
