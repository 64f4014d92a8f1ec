using System.Globalization;
using Refill.Cards;

namespace Refill.Server.Storefront;

/// <summary>What people type into forms, full-width digits too; null: it is no such thing.</summary>
internal static class Typed
{
    private const decimal Gigabyte = 1_000_000_000;

    /// <summary>A day as browsers send it, of a year with which can be reckoned.</summary>
    public static DateOnly? Day(string text) =>
        DateOnly.TryParseExact(CardRecognition.Plain(text), "yyyy-M-d", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9998 ? day : null;

    public static int? Whole(string text) => int.TryParse(CardRecognition.Plain(text), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Gigabytes, with a point or a comma.</summary>
    public static decimal? Gigabytes(string text) =>
        decimal.TryParse(CardRecognition.Plain(text).Replace(',', '.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <param name="gigabytes">At most a billion.</param>
    public static long Bytes(decimal gigabytes) => (long)Math.Ceiling(gigabytes * Gigabyte);

    public static long WholeGigabytes(long bytes) => bytes / (long)Gigabyte;
}
