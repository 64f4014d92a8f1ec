using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <param name="Plan">The plan at the price that holds; null: there is none to be sold.</param>
/// <param name="Withdrawn">There was one of this code.</param>
public sealed record FoundPlan(Plan? Plan, bool Withdrawn);

/// <summary>Everything that can be bought, and until when this holds if nothing is imported meanwhile; the same object for all who ask as long as it is so.</summary>
/// <param name="Until">When the next price begins or the next plan is withdrawn.</param>
public sealed record OnSale(IReadOnlyList<(Carrier Carrier, Plan Plan)> Plans, DateTimeOffset From, DateTimeOffset Until);

/// <summary>What is sold now. Keeps the whole catalogue in memory and reads it again when it is older than <see cref="Fresh"/>: an import by another process is seen as soon.</summary>
public sealed class CatalogueReader(Database database, TimeProvider time)
{
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    /// <summary>From this age on the next one is read while the old one still serves: whoever asks all the time never waits for a read.</summary>
    private static readonly TimeSpan Ahead = Fresh - TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private volatile Snapshot? snapshot;
    private int forgotten;

    /// <summary>One read for all: when the snapshot has aged, a thousand visitors do not read a thousand times. With the count of <see cref="Forget"/> before it.</summary>
    private (int Forgotten, Task<Snapshot> Task)? reading;

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

    public async Task<OnSale> OnSaleAsync(DateTimeOffset at, CancellationToken cancellation)
    {
        var now = await ReadAsync(cancellation);
        return now.OnSale is { } known && known.From <= at && at < known.Until ? known : now.OnSale = now.AllSold(at);
    }

    /// <summary>Reads anew at the next question; called after an import in this process.</summary>
    public void Forget() => Interlocked.Increment(ref forgotten);

    private Task<Snapshot> ReadAsync(CancellationToken cancellation)
    {
        if (Recent() is { } known && time.GetElapsedTime(known.ReadAt) < Ahead)
        {
            return Task.FromResult(known);
        }

        lock (gate)
        {
            var last = Recent();
            if (last is not null && time.GetElapsedTime(last.ReadAt) < Ahead)
            {
                return Task.FromResult(last);
            }

            if (reading is not { Task.IsCompleted: false } begun || begun.Forgotten != Volatile.Read(ref forgotten))
            {
                // On a thread of its own, and not under one visitor's cancellation: SQLite reads without yielding, and the others wait for it, too.
                reading = begun = (Volatile.Read(ref forgotten), Task.Run(ReadAnewAsync, CancellationToken.None));
            }

            return last is not null ? Task.FromResult(last) : begun.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Not what was read, or was being read, when an import ended.</summary>
    private Snapshot? Recent() =>
        snapshot is { } known && known.Forgotten == Volatile.Read(ref forgotten) && time.GetElapsedTime(known.ReadAt) < Fresh ? known : null;

    private async Task<Snapshot> ReadAnewAsync()
    {
        var (readAt, before) = (time.GetTimestamp(), Volatile.Read(ref forgotten));
        await using var db = database.Open();
        var carriers = await db.Set<CarrierRow>().AsNoTracking().ToListAsync();
        var plans = await db.Set<PlanRow>().AsNoTracking().ToListAsync();
        var prices = (await db.Set<PlanPriceRow>().AsNoTracking().ToListAsync()).ToLookup(price => price.PlanCode);
        return snapshot = new Snapshot(
            readAt,
            before,
            carriers.ToFrozenDictionary(row => row.Code, row => row.ToCarrier()),
            plans.ToFrozenDictionary(row => row.Code, row => new Entry(row, [.. prices[row.Code].OrderByDescending(price => price.ValidFrom)])));
    }

    private sealed record Entry(PlanRow Row, IReadOnlyList<PlanPriceRow> NewestFirst)
    {
        /// <summary>The plan as last sold: as long as its price holds it is the same object for all who ask.</summary>
        public (PlanPriceRow Price, Plan Plan)? Last { get; set; }
    }

    private sealed record Snapshot(long ReadAt, int Forgotten, FrozenDictionary<string, Carrier> Carriers, FrozenDictionary<string, Entry> Plans)
    {
        public OnSale? OnSale { get; set; }

        public OnSale AllSold(DateTimeOffset at)
        {
            var (sold, until) = (new List<(Carrier, Plan)>(Plans.Count), DateTimeOffset.MaxValue);
            foreach (var entry in Plans.Values)
            {
                if (Sold(entry, at) is { } plan)
                {
                    sold.Add((Carriers[plan.CarrierCode], plan));
                }

                foreach (var change in entry.NewestFirst.Select(price => price.ValidFrom).Append(entry.Row.WithdrawnAt ?? until))
                {
                    until = change > at && change < until ? change : until;
                }
            }

            return new OnSale(sold, at, until);
        }

        public Plan? Sold(Entry entry, DateTimeOffset at)
        {
            if (entry.Row.WithdrawnAt <= at || entry.NewestFirst.FirstOrDefault(price => price.ValidFrom <= at) is not { } price || !Carriers.TryGetValue(entry.Row.CarrierCode, out var carrier))
            {
                return null;
            }

            if (entry.Last is { } last && last.Price == price)
            {
                return last.Plan;
            }

            var plan = entry.Row.ToPlan(Money.Usd(price.Cents), carrier.TimeZone);
            entry.Last = (price, plan);
            return plan;
        }
    }
}
