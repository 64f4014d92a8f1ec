using System.Globalization;

namespace Refill.Units;

/// <summary>An instant as people write it: with its offset, so that nobody need guess whose clock it is.</summary>
public static class Moment
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Such as 2026-12-01T00:00-05:00 or 2026-12-01T05:00:00Z, of this century; in UTC.</summary>
    public static bool TryParse(string? text, out DateTimeOffset instant)
    {
        var isOne = DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out instant)
            && instant.Year is >= 2000 and < 2100 && (text![^1] == 'Z' || text[^6] is '+' or '-');
        instant = instant.ToUniversalTime();
        return isOne;
    }
}
