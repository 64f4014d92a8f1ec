using System.Globalization;
using NodaTime;
using NodaTime.Text;
using NodaTime.TimeZones;

namespace Refill.Promotions;

/// <summary>
/// Windows as sellers write them: a day, or a moment on the clock of a named zone. Where the clock goes back and a moment comes twice, a window begins with the first and ends with the second;
/// where it goes forward over a moment, the first instant after the gap is taken.
/// </summary>
public static class PromotionWindow
{
    private static readonly ZoneLocalMappingResolver Beginning = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);
    private static readonly ZoneLocalMappingResolver Ending = Resolvers.CreateMappingResolver(Resolvers.ReturnLater, Resolvers.ReturnStartOfIntervalAfter);
    private static readonly LocalDatePattern Day = LocalDatePattern.Iso;
    private static readonly LocalDateTimePattern Minute = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm");

    public static bool IsZone(string zone) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is not null;

    /// <summary>"2026-12-01" is its first instant there. Null: it cannot be read.</summary>
    public static DateTimeOffset? Begin(string text, string zone) => Read(text, zone, 0, Beginning);

    /// <summary>The exclusive end: "2026-12-01" lasts to the end of that day there, "2026-12-01T18:00" to that minute.</summary>
    public static DateTimeOffset? End(string text, string zone) => Read(text, zone, 1, Ending);

    /// <summary>The wall clock of a zone, to the minute.</summary>
    public static string Show(DateTimeOffset moment, string zone) =>
        Instant.FromDateTimeOffset(moment).InZone(DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) ?? DateTimeZone.Utc).ToString("uuuu-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static DateTimeOffset? Read(string text, string zoneId, int daysAfter, ZoneLocalMappingResolver resolver)
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneId) is not { } zone)
        {
            return null;
        }

        var local = Day.Parse(text) is { Success: true, Value: var day } && IsOurs(day.Year) ? day.PlusDays(daysAfter).AtMidnight()
            : Minute.Parse(text) is { Success: true, Value: var minute } && IsOurs(minute.Year) ? minute
            : (LocalDateTime?)null;
        return local is { } moment ? zone.ResolveLocal(moment, resolver).ToInstant().ToDateTimeOffset() : null;
    }

    private static bool IsOurs(int year) => year is >= 2000 and < 2100;
}
