using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.Comparison;

/// <summary>A plan on sale, with what the comparison looks up most.</summary>
/// <param name="Priced">What one purchase costs now, all taxes in, and the offers in it.</param>
/// <param name="Clock">Which of the table's kinds of validity it has.</param>
internal sealed record PricedPlan(Carrier Carrier, Plan Plan, Priced Priced, long SimCents, int Clock, int Name)
{
    public long Cents => Priced.TotalCents;

    /// <summary>Without offers.</summary>
    public long ListCents => Plan.Price.Minor;
}

/// <summary>All that is on sale at a moment, cheapest first, laid out for comparing. Built once for each state of catalogue and offers; a question reads it from end to end.</summary>
internal sealed class PlanTable
{
    private const ulong Lacking = 1UL << 63;
    private const ulong Last = Lacking - 1;

    private readonly PricedPlan[] plans;
    private readonly (ValidityClock Clock, int Count)[] clocks;
    private readonly (string Carrier, string Network)[] names;
    private readonly FrozenDictionary<string, PricedPlan> byCode;

    public PlanTable(OnSale onSale, Func<Plan, Carrier, Priced> price)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(onSale.Plans.Count, 1 << KeyShift, nameof(onSale));
        clocks = [.. onSale.Plans.Select(sold => (sold.Plan.Validity.Clock, sold.Plan.Validity.Count)).Distinct()];
        names = [.. onSale.Plans.Select(sold => (sold.Carrier.Name, sold.Carrier.Network)).Distinct()];
        var (clockOf, nameOf) = (Places(clocks), Places(names));
        plans = [.. onSale.Plans
            .Select(sold => new PricedPlan(sold.Carrier, sold.Plan, price(sold.Plan, sold.Carrier), sold.Carrier.SimPrice?.Minor ?? 0, clockOf[(sold.Plan.Validity.Clock, sold.Plan.Validity.Count)], nameOf[(sold.Carrier.Name, sold.Carrier.Network)]))
            .OrderBy(plan => plan.Cents).ThenBy(plan => plan.Plan.Code, StringComparer.Ordinal)];
        byCode = plans.ToFrozenDictionary(plan => plan.Plan.Code);
        Names = [.. names.SelectMany(name => new[] { name.Carrier, name.Network }).Where(name => name.Length > 0).Distinct().Order(StringComparer.OrdinalIgnoreCase)];
    }

    public int Count => plans.Length;

    /// <summary>Of carriers and networks, in order.</summary>
    public ImmutableArray<string> Names { get; }

    public PricedPlan? Find(string code) => byCode.GetValueOrDefault(code);

    public Periods PeriodsOf(PricedPlan plan, Need need) => Judgement.PeriodsOf(clocks[plan.Clock].Clock, clocks[plan.Clock].Count, need);

    /// <summary>The plans that the filters leave, those that cover the need before those that lack something, in the order asked for (what costs the same: the cheaper purchase first).</summary>
    /// <param name="rank">The higher, the better: for the order by stars.</param>
    /// <param name="from">Which of them is the first to be given.</param>
    /// <returns>The plans from there on, and how many there are in all, and how many of these cover the need.</returns>
    public (ImmutableArray<PricedPlan> Plans, int Total, int Covering) Select(Need need, Func<string, int> rank, int from, int count)
    {
        var periods = Array.ConvertAll(clocks, clock => Judgement.PeriodsOf(clock.Clock, clock.Count, need));
        var named = need.Carrier.Length == 0 ? null : Array.ConvertAll(names, name => Contains(name.Carrier, need.Carrier) || Contains(name.Network, need.Carrier));
        var (keys, found, covering) = (ArrayPool<ulong>.Shared.Rent(plans.Length), 0, 0);
        try
        {
            for (var index = 0; index < plans.Length; index++)
            {
                var plan = plans[index];
                if (named?[plan.Name] == false || !IsAsked(plan, need))
                {
                    continue;
                }

                ref readonly var its = ref periods[plan.Clock];
                var covers = Judgement.Covers(plan, its, need);
                covering += covers ? 1 : 0;
                keys[found++] = (covers ? 0 : Lacking) | (KeyOf(plan, its, need, rank) << KeyShift) | (uint)index;
            }

            Array.Sort(keys, 0, found);
            return ([.. keys.AsSpan(Math.Min(from, found), Math.Clamp(found - from, 0, count)).ToArray().Select(key => plans[(int)(key & ((1UL << KeyShift) - 1))])], found, covering);
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(keys);
        }
    }

    /// <summary>The lowest bits say which plan it is, so that what is equal stays in the table's order: for a million plans.</summary>
    private const int KeyShift = 20;
    private const ulong MostKey = Last >> KeyShift;

    private static ulong KeyOf(PricedPlan plan, in Periods periods, Need need, Func<string, int> rank) => need.Order switch
    {
        ComparisonOrder.Cost => Math.Min(MostKey, (ulong)Judgement.Total(plan, periods, need)),
        ComparisonOrder.PerGigabyte => Math.Min(MostKey, (ulong)(Judgement.PerGigabyte(Judgement.Total(plan, periods, need), plan, periods, need) ?? long.MaxValue)),
        ComparisonOrder.Stars => MostKey - (ulong)Math.Max(0, rank(plan.Plan.Code)),
        _ => plan.Plan.FullSpeed.Kind switch
        {
            AllowanceKind.Unlimited => 0,
            AllowanceKind.Limited => MostKey - 1 - Math.Min(MostKey - 1, (ulong)(plan.Plan.FullSpeed.Amount / 1_000_000 * (plan.Plan.IsDaily ? need.Days : periods.Count))),
            _ => MostKey,
        },
    };

    private static bool IsAsked(PricedPlan plan, Need need) =>
        (need.CarrierCode is not { } code || plan.Carrier.Code == code)
        && (need.Hotspot is not (HotspotWish.No or HotspotWish.NotStated) || plan.Plan.Hotspot == (need.Hotspot == HotspotWish.No ? Hotspot.No : Hotspot.NotStated));

    private static bool Contains(string name, string part) => name.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static Dictionary<T, int> Places<T>(T[] values)
        where T : notnull => values.Index().ToDictionary(value => value.Item, value => value.Index);
}
