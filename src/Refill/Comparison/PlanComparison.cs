using System.Collections.Immutable;
using Refill.Catalogue;
using Refill.Reviews;
using Refill.Units;

namespace Refill.Comparison;

/// <summary>A plan beside a need, as pages show it.</summary>
/// <param name="Purchases">How often it is bought for the stay.</param>
/// <param name="Total">For the whole stay, all taxes in; with the new SIM, if one is needed and its price is stated.</param>
/// <param name="Sim">What of it is for the SIM.</param>
/// <param name="PerDay">Rounded up to the cent.</param>
/// <param name="PerGigabyte">Of full-speed data, rounded half up; null: there is none, it has no limit, or how much is not stated.</param>
/// <param name="EndsAt">Of the first purchase, if it begins (or is first used) on the first day.</param>
/// <param name="Lacks">Empty: it covers the need.</param>
/// <param name="Rating">Null: nobody has reviewed it.</param>
public sealed record ComparedPlan(
    Carrier Carrier, Plan Plan, Money Price, int Purchases, Money Total, Money? Sim, Money PerDay, Money? PerGigabyte, DateTimeOffset EndsAt, ImmutableArray<Lack> Lacks, Rating? Rating);

/// <param name="Page">From 1; beyond <paramref name="Pages"/> there are no plans.</param>
/// <param name="Found">How many plans the filters leave.</param>
/// <param name="Covering">How many of these cover the need.</param>
/// <param name="OnSale">How many plans there are at all.</param>
public sealed record ComparedPage(ImmutableArray<ComparedPlan> Plans, int Page, int Pages, int Found, int Covering, int OnSale);

/// <summary>Compares all that is on sale with what somebody needs. Works on a table in memory that is built once for each state of the catalogue.</summary>
public sealed class PlanComparison(CatalogueReader catalogue, ReviewRatings reviews, TimeProvider time)
{
    public const int PageSize = 6;

    /// <summary>As many as fit on a phone.</summary>
    public const int MostSideBySide = 4;

    private PlanTable? table;

    /// <param name="page">From 1.</param>
    public async Task<ComparedPage> FindAsync(Need need, int page, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(page, 1);
        var now = time.GetUtcNow();
        var all = await TableAsync(now, cancellation);
        var ratings = await reviews.CurrentAsync(cancellation);
        var (plans, found, covering) = all.Select(need, code => ratings.Of(code)?.Rank ?? 0, (int)Math.Min(int.MaxValue, (page - 1L) * PageSize), PageSize);
        return new ComparedPage([.. plans.Select(plan => Compare(all, plan, need, ratings, now))], page, Math.Max(1, (found + PageSize - 1) / PageSize), found, covering, all.Count);
    }

    /// <summary>The plans of these codes that are on sale, in this order; and the codes that no plan on sale has.</summary>
    public async Task<(ImmutableArray<ComparedPlan> Plans, ImmutableArray<string> Unknown)> SideBySideAsync(IReadOnlyList<string> codes, Need need, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var (all, ratings) = (await TableAsync(now, cancellation), await reviews.CurrentAsync(cancellation));
        return ([.. codes.Select(all.Find).OfType<PricedPlan>().Select(plan => Compare(all, plan, need, ratings, now))], [.. codes.Where(code => all.Find(code) is null)]);
    }

    /// <summary>The names of carriers and networks that have something on sale.</summary>
    public async Task<ImmutableArray<string>> NamesAsync(CancellationToken cancellation) => (await TableAsync(time.GetUtcNow(), cancellation)).Names;

    /// <summary>The one place that says what a plan costs here: the price list's price, in US cents.</summary>
    private static long CentsOf(Plan plan) => plan.Price.Minor;

    private async ValueTask<PlanTable> TableAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var onSale = await catalogue.OnSaleAsync(now, cancellation);
        return Volatile.Read(ref table) is { } known && ReferenceEquals(known.OnSale, onSale) ? known : table = new PlanTable(onSale, CentsOf);
    }

    private static ComparedPlan Compare(PlanTable all, PricedPlan plan, Need need, Ratings ratings, DateTimeOffset now)
    {
        var periods = all.PeriodsOf(plan, need);
        var total = Judgement.Total(plan, periods, need);
        var start = Validity.StartOf(need.Start, plan.Carrier.TimeZone);
        return new ComparedPlan(
            plan.Carrier, plan.Plan, Money.Usd(plan.Cents), periods.Count, Money.Usd(total), need.NewSim && plan.SimCents > 0 ? Money.Usd(plan.SimCents) : null, Money.Usd(Judgement.PerDay(total, need)),
            Judgement.PerGigabyte(total, plan, periods, need) is { } cents ? Money.Usd(cents) : null, plan.Plan.Validity.EndsAt(start > now ? start : now), Judgement.LacksOf(plan, periods, need), ratings.Of(plan.Plan.Code));
    }
}
