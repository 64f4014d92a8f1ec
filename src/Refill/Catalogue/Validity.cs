using NodaTime;
using NodaTime.TimeZones;

namespace Refill.Catalogue;

/// <summary>When a plan ends, by its own clock. The end is exclusive: the first instant at which it is over.</summary>
public static class Validity
{
    /// <summary>Midnight, the first of two where the clock goes back over it, and where it does not exist the first instant after the gap (a whole day, for one that a country left out).</summary>
    private static readonly ZoneLocalMappingResolver FirstOfDay = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);

    /// <exception cref="InvalidOperationException">The rule names a time zone that the tz database does not know.</exception>
    public static DateTimeOffset EndsAt(this ValidityRule rule, DateTimeOffset start)
    {
        if (rule.Clock == ValidityClock.Hours24)
        {
            return start + TimeSpan.FromHours(24L * rule.Count);
        }

        var zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(rule.TimeZone) ?? throw new InvalidOperationException($"'{rule.TimeZone}' is no time zone");
        var day = Instant.FromDateTimeOffset(start).InZone(zone).Date;

        // Calendar days: the day of activation is the first of Count. Calendar months: to the same day of the month (or that month's last), end of the day before.
        var end = rule.Clock == ValidityClock.CalendarDays ? day.PlusDays(rule.Count) : day.PlusMonths(rule.Count);

        return zone.ResolveLocal(end.AtMidnight(), FirstOfDay).ToInstant().ToDateTimeOffset();
    }

    /// <summary>The first instant of a day.</summary>
    /// <param name="timeZone">IANA name.</param>
    public static DateTimeOffset StartOf(DateOnly day, string timeZone) => DateTimeZoneProviders.Tzdb[timeZone].ResolveLocal(LocalDate.FromDateOnly(day).AtMidnight(), FirstOfDay).ToInstant().ToDateTimeOffset();

    /// <summary>The day that it is there.</summary>
    /// <param name="timeZone">IANA name.</param>
    public static DateOnly DayOf(DateTimeOffset at, string timeZone) => Instant.FromDateTimeOffset(at).InZone(DateTimeZoneProviders.Tzdb[timeZone]).Date.ToDateOnly();

    public static bool IsKnownZone(string timeZone) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(timeZone) is not null;
}
