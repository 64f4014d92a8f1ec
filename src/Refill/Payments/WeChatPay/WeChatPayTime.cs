using System.Globalization;

namespace Refill.Payments.WeChatPay;

/// <summary>RFC 3339 in Beijing's time in calls, Beijing's time without saying so in statements.</summary>
internal static class WeChatPayTime
{
    public static readonly TimeSpan Beijing = TimeSpan.FromHours(8);
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static string Format(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    /// <summary>An instant with its offset; null: it is none.</summary>
    public static DateTimeOffset? Parse(string? text) =>
        text is { Length: >= 20 and <= 40 } && DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;

    /// <summary>A statement's `yyyy-MM-dd HH:mm:ss`; null: it is none.</summary>
    public static DateTimeOffset? ParseRow(string text) =>
        DateTime.TryParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? new DateTimeOffset(time, Beijing).ToUniversalTime() : null;
}
