using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <param name="Plan">The plan at the price that holds; null: there is none to be sold.</param>
/// <param name="Withdrawn">There was one of this code.</param>
public sealed record FoundPlan(Plan? Plan, bool Withdrawn);

/// <summary>What is sold now. Keeps the whole catalogue in memory and reads it again when it is older than <see cref="Fresh"/>: an import by another process is seen as soon.</summary>
public sealed class CatalogueReader(Database database, TimeProvider time)
{
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private volatile Snapshot? snapshot;

    public async Task<Carrier?> CarrierAsync(string code, CancellationToken cancellation) => (await ReadAsync(cancellation)).Carriers.GetValueOrDefault(code);

    /// <summary>The carriers that a connector serves.</summary>
    public async Task<IReadOnlyList<Carrier>> CarriersOfAsync(string connector, CancellationToken cancellation) =>
        [.. (await ReadAsync(cancellation)).Carriers.Values.Where(carrier => carrier.Connector == connector)];

    public async Task<FoundPlan> FindPlanAsync(string code, DateTimeOffset at, CancellationToken cancellation)
    {
        var now = await ReadAsync(cancellation);
        return now.Plans.TryGetValue(code, out var entry) ? new FoundPlan(now.Sold(entry, at), entry.Row.WithdrawnAt <= at) : new FoundPlan(null, false);
    }

    /// <summary>The plans of a carrier that can be bought at this moment, cheapest first.</summary>
    public async Task<IReadOnlyList<Plan>> PlansOfAsync(string carrierCode, DateTimeOffset at, CancellationToken cancellation)
    {
        var now = await ReadAsync(cancellation);
        return [.. now.Plans.Values.Where(entry => entry.Row.CarrierCode == carrierCode).Select(entry => now.Sold(entry, at)).OfType<Plan>().OrderBy(plan => plan.Price.Minor).ThenBy(plan => plan.Code, StringComparer.Ordinal)];
    }

    /// <summary>Reads anew at the next question; called after an import in this process.</summary>
    public void Forget() => snapshot = null;

    private async Task<Snapshot> ReadAsync(CancellationToken cancellation)
    {
        if (snapshot is { } known && time.GetElapsedTime(known.ReadAt) < Fresh)
        {
            return known;
        }

        var readAt = time.GetTimestamp();
        await using var db = database.Open();
        var carriers = await db.Set<CarrierRow>().AsNoTracking().ToListAsync(cancellation);
        var plans = await db.Set<PlanRow>().AsNoTracking().ToListAsync(cancellation);
        var prices = (await db.Set<PlanPriceRow>().AsNoTracking().ToListAsync(cancellation)).ToLookup(price => price.PlanCode);
        return snapshot = new Snapshot(
            readAt,
            carriers.ToFrozenDictionary(row => row.Code, row => row.ToCarrier()),
            plans.ToFrozenDictionary(row => row.Code, row => new Entry(row, [.. prices[row.Code].OrderByDescending(price => price.ValidFrom)])));
    }

    private sealed record Entry(PlanRow Row, IReadOnlyList<PlanPriceRow> NewestFirst);

    private sealed record Snapshot(long ReadAt, FrozenDictionary<string, Carrier> Carriers, FrozenDictionary<string, Entry> Plans)
    {
        public Plan? Sold(Entry entry, DateTimeOffset at) =>
            !(entry.Row.WithdrawnAt <= at) && entry.NewestFirst.FirstOrDefault(price => price.ValidFrom <= at) is { } price && Carriers.TryGetValue(entry.Row.CarrierCode, out var carrier)
                ? entry.Row.ToPlan(Money.Usd(price.Cents), carrier.TimeZone)
                : null;
    }
}
