using System.Globalization;

namespace Refill.Sandbox.Alipay;

/// <summary>How Alipay writes amounts and times: yuan with two decimal places, the clock of Beijing.</summary>
internal static class AlipayWords
{
    internal const long MostFen = 100_000_000_00;
    internal const string DayFormat = "yyyy-MM-dd";
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss";
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    internal static string Yuan(long fen) => string.Create(CultureInfo.InvariantCulture, $"{fen / 100}.{fen % 100:00}");

    /// <summary>Fen; null unless the text is plain digits with at most two decimal places, from 0.01 to 100000000.</summary>
    internal static long? Fen(string? yuan) =>
        yuan is { Length: <= 12 }
        && decimal.TryParse(yuan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
        && amount * 100 is var fen && fen == decimal.Truncate(fen) && fen is >= 1 and <= MostFen
            ? (long)fen
            : null;

    internal static string Time(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString(TimeFormat, CultureInfo.InvariantCulture);

    internal static DateTimeOffset? Time(string? text) =>
        DateTime.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) ? new DateTimeOffset(local, Beijing) : null;

    /// <summary>The day in Beijing.</summary>
    internal static DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(instant.ToOffset(Beijing).Date);

    /// <summary>When a day begins in Beijing.</summary>
    internal static DateTimeOffset BeginOf(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), Beijing);

    internal static string Day(DateOnly day) => day.ToString(DayFormat, CultureInfo.InvariantCulture);

    internal static DateOnly? Day(string? text) =>
        DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 2000 and <= 2200 ? day : null;

    /// <summary>timeout_express: 1m to 15d, or 1c for the end of the day in Beijing.</summary>
    internal static DateTimeOffset? Express(string text, DateTimeOffset now)
    {
        if (text == "1c")
        {
            return new DateTimeOffset(now.ToOffset(Beijing).Date.AddDays(1), Beijing);
        }

        if (text.Length is < 2 or > 6 || !int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        TimeSpan? span = text[^1] switch
        {
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => null,
        };
        return span >= TimeSpan.FromMinutes(1) && span <= TimeSpan.FromDays(15) ? now + span : null;
    }
}
