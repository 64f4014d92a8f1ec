using CsCheck;
using Refill.Catalogue;

namespace Refill.Tests.Catalogue;

public sealed class ValidityTests
{
    [Theory]
    [InlineData(30, ValidityClock.Hours24, "America/New_York", "2026-03-01T15:30:00-05:00", "2026-03-31T16:30:00-04:00")] // Across the clock change: 30 × 24 hours, not 30 days on the wall.
    [InlineData(1, ValidityClock.CalendarDays, "America/New_York", "2026-03-01T00:00:00-05:00", "2026-03-02T00:00:00-05:00")]
    [InlineData(7, ValidityClock.CalendarDays, "America/New_York", "2026-03-05T23:59:59-05:00", "2026-03-12T00:00:00-04:00")]
    [InlineData(7, ValidityClock.CalendarDays, "America/Los_Angeles", "2026-03-06T07:59:59Z", "2026-03-12T00:00:00-07:00")] // Still the 5th there.
    [InlineData(1, ValidityClock.CalendarMonths, "America/New_York", "2026-01-31T12:00:00-05:00", "2026-02-28T00:00:00-05:00")]
    [InlineData(1, ValidityClock.CalendarMonths, "America/New_York", "2028-01-31T12:00:00-05:00", "2028-02-29T00:00:00-05:00")]
    [InlineData(12, ValidityClock.CalendarMonths, "America/New_York", "2028-02-29T12:00:00-05:00", "2029-02-28T00:00:00-05:00")]
    [InlineData(1, ValidityClock.CalendarDays, "America/Havana", "2026-03-07T12:00:00-05:00", "2026-03-08T01:00:00-04:00")] // There is no midnight on the 8th in Havana.
    [InlineData(1, ValidityClock.CalendarDays, "Asia/Beirut", "2026-10-24T12:00:00+03:00", "2026-10-25T00:00:00+02:00")] // 24 October has its last hour twice; the plan has both.
    [InlineData(1, ValidityClock.CalendarDays, "America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-01T00:00:00-04:00")] // Midnight comes twice; the day ends at the first.
    [InlineData(1, ValidityClock.CalendarDays, "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00")] // The 30th was never there.
    [InlineData(1, ValidityClock.CalendarMonths, "America/New_York", "2026-03-31T12:00:00-04:00", "2026-04-30T00:00:00-04:00")]
    public void A_plan_ends_by_its_own_clock(int count, ValidityClock clock, string zone, string start, string end) =>
        Assert.Equal(DateTimeOffset.Parse(end, null), new ValidityRule(count, clock, Activation.OnPurchase, zone).EndsAt(DateTimeOffset.Parse(start, null)));

    [Fact]
    public void A_later_start_never_ends_earlier_and_every_end_is_after_its_start()
    {
        string[] zones = ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "America/Havana", "Asia/Shanghai"];
        Gen.Select(Gen.Long[1_600_000_000, 2_000_000_000], Gen.Long[0, 4_000_000], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[0, 4]).Sample((start, later, count, clock, zone) =>
        {
            var rule = new ValidityRule(count, (ValidityClock)clock, Activation.OnPurchase, zones[zone]);
            var (first, second) = (DateTimeOffset.FromUnixTimeSeconds(start), DateTimeOffset.FromUnixTimeSeconds(start + later));
            return rule.EndsAt(first) > first && rule.EndsAt(second) >= rule.EndsAt(first);
        }, iter: 20_000);
    }
}
