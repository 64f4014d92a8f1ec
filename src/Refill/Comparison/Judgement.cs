using System.Collections.Immutable;
using NodaTime;
using Refill.Catalogue;

namespace Refill.Comparison;

/// <summary>How often a plan must be bought for a stay, what that costs, and what is lacking (docs/comparison.md). Whole numbers throughout.</summary>
internal static class Judgement
{
    /// <summary>How often validities of this kind follow one another until a stay is over, and how long the longest of them is within it. A period of 24 hours counts as one day.</summary>
    public static Periods PeriodsOf(ValidityClock clock, int count, Need need)
    {
        if (clock != ValidityClock.CalendarMonths)
        {
            return new Periods((need.Days + count - 1) / count, Math.Min(count, need.Days));
        }

        var (start, after) = (LocalDate.FromDateOnly(need.Start), LocalDate.FromDateOnly(need.End).PlusDays(1));
        var (periods, longest) = (0, 0);
        for (var begin = start; begin < after; periods++)
        {
            var end = start.PlusMonths(count * (periods + 1));
            longest = Math.Max(longest, Period.DaysBetween(begin, LocalDate.Min(end, after)));
            begin = end;
        }

        return new Periods(periods, longest);
    }

    /// <summary>US cents for the whole stay. Only the first purchase has the offers of now: nobody knows what runs when the next ones are due.</summary>
    public static long Total(PricedPlan plan, in Periods periods, Need need) => plan.Cents + (plan.ListCents * (periods.Count - 1)) + (need.NewSim ? plan.SimCents : 0);

    /// <summary>Cents a day, rounded up.</summary>
    public static long PerDay(long total, Need need) => (total + need.Days - 1) / need.Days;

    /// <summary>Cents for a gigabyte at full speed, rounded half up; null: there is none, it has no limit, or how much is not stated.</summary>
    public static long? PerGigabyte(long total, PricedPlan plan, in Periods periods, Need need)
    {
        const long Gigabyte = 1_000_000_000;
        if (plan.Plan.FullSpeed is not { Kind: AllowanceKind.Limited, Amount: > 0 and var amount })
        {
            return null;
        }

        var bytes = (Int128)amount * (plan.Plan.IsDaily ? need.Days : periods.Count);
        return (long)((((Int128)total * Gigabyte * 2) + bytes) / (bytes * 2));
    }

    public static bool Covers(PricedPlan plan, in Periods periods, Need need) =>
        DataOf(plan.Plan, periods, need) is null && MinutesOf(plan.Plan, periods, need) is null && SmsOf(plan.Plan, periods, need) is null && HotspotOf(plan.Plan, need) is null;

    public static ImmutableArray<Lack> LacksOf(PricedPlan plan, in Periods periods, Need need) =>
        [.. new[] { DataOf(plan.Plan, periods, need), MinutesOf(plan.Plan, periods, need), SmsOf(plan.Plan, periods, need), HotspotOf(plan.Plan, need) }.OfType<Lack>()];

    private static Lack? DataOf(Plan plan, in Periods periods, Need need)
    {
        if ((need.BytesADay == 0 && need.BytesInAll == 0) || plan.FullSpeed.Kind == AllowanceKind.Unlimited)
        {
            return null;
        }

        if (plan.FullSpeed.Kind == AllowanceKind.NotStated)
        {
            return new Lack(LackKind.DataNotStated);
        }

        if (need.SlowWillDo && plan.AfterQuota == AfterQuota.Throttled)
        {
            return null;
        }

        // Each day of a need by the day is like the others: what the longest period needs must be in one purchase.
        var (needed, has, of) = (need.BytesADay > 0, plan.IsDaily) switch
        {
            (true, true) => (need.BytesADay, plan.FullSpeed.Amount, LackOf.Day),
            (true, false) => (need.BytesADay * periods.LongestDays, plan.FullSpeed.Amount, periods.Count > 1 ? LackOf.Period : LackOf.Stay),
            (false, true) => (need.BytesInAll, plan.FullSpeed.Amount * need.Days, LackOf.Stay),
            _ => (need.BytesInAll, plan.FullSpeed.Amount * periods.Count, LackOf.Stay),
        };
        return has >= needed ? null : new Lack(LackKind.Data, needed - has, of);
    }

    private static Lack? MinutesOf(Plan plan, in Periods periods, Need need) => CountOf(plan.Voice, 60, periods, need.Minutes, LackKind.Minutes, LackKind.MinutesNotStated);

    private static Lack? SmsOf(Plan plan, in Periods periods, Need need) => CountOf(plan.Sms, 1, periods, need.Sms, LackKind.Sms, LackKind.SmsNotStated);

    private static Lack? CountOf(Allowance allowance, int unit, in Periods periods, int needed, LackKind tooFew, LackKind notStated)
    {
        if (needed == 0 || allowance.Kind == AllowanceKind.Unlimited)
        {
            return null;
        }

        var has = allowance.Amount / unit * periods.Count;
        return allowance.Kind == AllowanceKind.NotStated ? new Lack(notStated) : has >= needed ? null : new Lack(tooFew, needed - has);
    }

    private static Lack? HotspotOf(Plan plan, Need need) => (need.Hotspot, plan.Hotspot) switch
    {
        (HotspotWish.Yes, Hotspot.No) => new Lack(LackKind.Hotspot),
        (HotspotWish.Yes, Hotspot.NotStated) => new Lack(LackKind.HotspotNotStated),
        _ => null,
    };
}

/// <param name="Count">How often a plan is bought.</param>
/// <param name="LongestDays">Days of the stay that the longest of its periods lasts.</param>
internal readonly record struct Periods(int Count, int LongestDays);
