using NodaTime;

namespace Refill.Catalogue;

/// <summary>When a plan ends, by its own clock. The end is exclusive: the first instant at which it is over.</summary>
public static class Validity
{
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

        // Where midnight does not exist (a gap), the day begins at the first instant after it.
        return zone.AtStartOfDay(end).ToInstant().ToDateTimeOffset();
    }

    public static bool IsKnownZone(string timeZone) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(timeZone) is not null;
}
