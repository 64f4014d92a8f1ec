using System.Globalization;

namespace Refill.Payments.Alipay;

/// <summary>Alipay writes and reads Beijing time without saying so.</summary>
internal static class AlipayTime
{
    private const string Form = "yyyy-MM-dd HH:mm:ss";
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    public static string Format(DateTimeOffset instant) => instant.ToOffset(Beijing).ToString(Form, CultureInfo.InvariantCulture);

    public static DateTimeOffset? Parse(string? text) =>
        DateTime.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? new DateTimeOffset(time, Beijing).ToUniversalTime() : null;
}
