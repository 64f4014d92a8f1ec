using System.Globalization;

namespace Refill.Payments.Alipay;

/// <summary>Alipay writes and reads Beijing time without saying so.</summary>
internal static class AlipayTime
{
    public const string Zone = "Asia/Shanghai";
    private const string Form = "yyyy-MM-dd HH:mm:ss";
    private const string DayForm = "yyyy-MM-dd";

    /// <summary>China has one time zone, and no summer time since 1991.</summary>
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    public static string Format(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString(Form, CultureInfo.InvariantCulture);

    public static string Format(DateOnly day) => day.ToString(DayForm, CultureInfo.InvariantCulture);

    public static DateTimeOffset? Parse(string? text) =>
        DateTime.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? new DateTimeOffset(time, Beijing).ToUniversalTime() : null;

    /// <summary>A day, with or without a time of day behind it.</summary>
    public static DateOnly? ParseDay(string? text) =>
        text is { Length: >= 10 } && DateOnly.TryParseExact(text[..10], DayForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>The day that an instant falls on in Beijing.</summary>
    public static DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(instant.ToOffset(Beijing).DateTime);

    public static DateTimeOffset At(DateOnly day, TimeOnly time) => new DateTimeOffset(day.ToDateTime(time), Beijing).ToUniversalTime();
}
