using System.Collections.Immutable;
using Refill.Catalogue;
using Refill.Promotions;
using Refill.Reviews;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Comparison;

/// <summary>A plan beside a need, as pages show it.</summary>
/// <param name="Price">Of one purchase now, with the offers that hold.</param>
/// <param name="Purchases">How often it is bought for the stay.</param>
/// <param name="Total">For the whole stay, all taxes in; the first purchase at <paramref name="Price"/>, further ones at the list price; with the new SIM, if one is needed and its price is stated.</param>
/// <param name="Sim">What of it is for the SIM.</param>
/// <param name="PerDay">Rounded up to the cent.</param>
/// <param name="PerGigabyte">Of full-speed data, rounded half up; null: there is none, it has no limit, or how much is not stated.</param>
/// <param name="EndsAt">Of the first purchase, if it begins (or is first used) on the first day.</param>
/// <param name="Lacks">Empty: it covers the need.</param>
/// <param name="Rating">Null: nobody has reviewed it.</param>
public sealed record ComparedPlan(
    Carrier Carrier, Plan Plan, Money Price, int Purchases, Money Total, Money? Sim, Money PerDay, Money? PerGigabyte, DateTimeOffset EndsAt, ImmutableArray<Lack> Lacks, Rating? Rating)
{
    /// <summary>The names of the offers in <see cref="Price"/>.</summary>
    public ImmutableArray<PromotionName> Offers { get; init; } = [];
}

/// <param name="Page">From 1; beyond <paramref name="Pages"/> there are no plans.</param>
/// <param name="Found">How many plans the filters leave.</param>
/// <param name="Covering">How many of these cover the need.</param>
/// <param name="OnSale">How many plans there are at all.</param>
public sealed record ComparedPage(ImmutableArray<ComparedPlan> Plans, int Page, int Pages, int Found, int Covering, int OnSale);

/// <summary>Compares all that is on sale with what somebody needs. Works on a table in memory that is built once for each state of catalogue and offers.</summary>
public sealed class PlanComparison
{
    public const int PageSize = 6;

    /// <summary>As many as fit on a phone.</summary>
    public const int MostSideBySide = 4;

    private readonly CatalogueReader catalogue;
    private readonly Selling selling;
    private readonly ReviewRatings reviews;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private Known? known;

    internal PlanComparison(CatalogueReader catalogue, Selling selling, ReviewRatings reviews, TimeProvider time) =>
        (this.catalogue, this.selling, this.reviews, this.time) = (catalogue, selling, reviews, time);

    /// <param name="card">The plans that it can take are compared, at the prices that it is quoted; null: all, at everybody's prices.</param>
    /// <param name="page">From 1.</param>
    public async Task<ComparedPage> FindAsync(Need need, CardView? card, int page, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(page, 1);
        var now = time.GetUtcNow();
        var all = await TableAsync(now, cancellation);
        var table = card is not null && await selling.PricesAsync(card, now, cancellation) is { AreEverybodys: false } its ? await TableOfAsync(card.Carrier.Code, its, cancellation) : all;
        var ratings = await reviews.CurrentAsync(cancellation);
        var (plans, found, covering) = table.Select(need with { CarrierCode = card?.Carrier.Code }, code => ratings.Of(code)?.Rank ?? 0, (int)Math.Min(int.MaxValue, (page - 1L) * PageSize), PageSize);
        return new ComparedPage([.. plans.Select(plan => Compare(table, plan, need, ratings, now))], page, Math.Max(1, (found + PageSize - 1) / PageSize), found, covering, all.Count);
    }

    /// <summary>The plans of these codes that are on sale, in this order; and the codes that no plan on sale has.</summary>
    /// <param name="card">Plans that it can take are shown at the prices that it is quoted; null: all are at everybody's.</param>
    public async Task<(ImmutableArray<ComparedPlan> Plans, ImmutableArray<string> Unknown)> SideBySideAsync(IReadOnlyList<string> codes, Need need, CardView? card, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var (all, ratings) = (await TableAsync(now, cancellation), await reviews.CurrentAsync(cancellation));
        var its = card is null ? null : await selling.PricesAsync(card, now, cancellation);
        return (
            [.. codes.Select(all.Find).OfType<PricedPlan>().Select(plan => its is not null && plan.Carrier.Code == card!.Carrier.Code ? plan with { Priced = its.Of(plan.Plan, plan.Carrier) } : plan)
                .Select(plan => Compare(all, plan, need, ratings, now))],
            [.. codes.Where(code => all.Find(code) is null)]);
    }

    /// <summary>The names of carriers and networks that have something on sale.</summary>
    public async Task<ImmutableArray<string>> NamesAsync(CancellationToken cancellation) => (await TableAsync(time.GetUtcNow(), cancellation)).Names;

    /// <summary>At everybody's prices. One build for all who ask, on a thread of its own.</summary>
    private async ValueTask<PlanTable> TableAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var onSale = await catalogue.OnSaleAsync(now, cancellation);
        var prices = await selling.PricesAsync(null, now, cancellation);
        Task<PlanTable> table;
        lock (gate)
        {
            known = known?.IsStill(onSale, prices) == true ? known : new Known(onSale, prices, prices.Offers.Book.NextChange(now), Task.Run(() => new PlanTable(onSale, prices.Of), CancellationToken.None));
            table = known.Table;
        }

        return await table.WaitAsync(cancellation);
    }

    /// <summary>The plans of one carrier, at prices that are not everybody's: built for this question alone.</summary>
    private async ValueTask<PlanTable> TableOfAsync(string carrierCode, AskingPrices prices, CancellationToken cancellation)
    {
        var onSale = await catalogue.OnSaleAsync(prices.At, cancellation);
        return new PlanTable(onSale with { Plans = [.. onSale.Plans.Where(sold => sold.Carrier.Code == carrierCode)] }, prices.Of);
    }

    private static ComparedPlan Compare(PlanTable table, PricedPlan plan, Need need, Ratings ratings, DateTimeOffset now)
    {
        var periods = table.PeriodsOf(plan, need);
        var total = Judgement.Total(plan, periods, need);
        var start = Validity.StartOf(need.Start, plan.Carrier.TimeZone);
        return new ComparedPlan(
            plan.Carrier, plan.Plan, Money.Usd(plan.Cents), periods.Count, Money.Usd(total), need.NewSim && plan.SimCents > 0 ? Money.Usd(plan.SimCents) : null, Money.Usd(Judgement.PerDay(total, need)),
            Judgement.PerGigabyte(total, plan, periods, need) is { } cents ? Money.Usd(cents) : null, plan.Plan.Validity.EndsAt(start > now ? start : now), Judgement.LacksOf(plan, periods, need), ratings.Of(plan.Plan.Code))
        {
            Offers = [.. plan.Priced.Lines.Select(line => line.Promotion.Name)],
        };
    }

    /// <param name="Until">When the next offer begins or ends.</param>
    private sealed record Known(OnSale OnSale, AskingPrices Prices, DateTimeOffset Until, Task<PlanTable> Table)
    {
        public bool IsStill(OnSale onSale, AskingPrices prices) =>
            ReferenceEquals(OnSale, onSale) && prices.At < Until
            && (ReferenceEquals(Prices.Offers, prices.Offers) || (ReferenceEquals(Prices.Offers.Book, prices.Offers.Book) && Prices.Offers.UsedUp.SetEquals(prices.Offers.UsedUp)));
    }
}
