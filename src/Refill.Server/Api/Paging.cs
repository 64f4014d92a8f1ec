using System.Globalization;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Server.Api;

/// <summary>Pages of a wallet's account: a cursor names the entry that the next page begins with, "12.AZ…": its number and its transfer.</summary>
internal static class Paging
{
    private const int DefaultPage = 20;
    private const int MaxPage = 100;

    public static bool TryRead(string? cursor, string? limit, out EntryCursor? from, out int most)
    {
        from = null;
        most = DefaultPage;
        if (limit is not null && !(int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) && most is >= 1 and <= MaxPage))
        {
            return false;
        }

        if (cursor is null)
        {
            return true;
        }

        if (cursor.Split('.') is not [var number, var transfer] || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) || sequence < 1 || !CellId.TryParse(transfer, out var id))
        {
            return false;
        }

        from = new EntryCursor(sequence, id);
        return true;
    }

    public static string? Write(EntryCursor? next) => next is { } entry ? string.Create(CultureInfo.InvariantCulture, $"{entry.Sequence}.{CellId.ToText(entry.TransferId)}") : null;
}
