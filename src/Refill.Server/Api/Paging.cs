using System.Globalization;

namespace Refill.Server.Api;

/// <summary>Pages of a wallet's account: a cursor is the sequence number below which the next page begins.</summary>
internal static class Paging
{
    private const int DefaultPage = 20;
    private const int MaxPage = 100;

    public static bool TryRead(string? cursor, string? limit, out long before, out int most)
    {
        before = long.MaxValue;
        most = DefaultPage;
        return (limit is null || (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) && most is >= 1 and <= MaxPage))
            && (cursor is null || (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before) && before > 0));
    }

    public static string? Write(long? next) => next?.ToString(CultureInfo.InvariantCulture);
}
