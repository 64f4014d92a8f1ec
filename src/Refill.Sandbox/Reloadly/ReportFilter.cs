using System.Globalization;
using System.Text.Json;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Reloadly;

/// <summary>Which transactions a report shows, newest first.</summary>
/// <param name="Operators">Ids of theirs: the filters by country, operator and its name come to this.</param>
internal sealed record ReportFilter(string? CustomIdentifier, IReadOnlyList<long> Operators, DateTimeOffset? From, DateTimeOffset? Until, int Size, int Page)
{
    private const int LargestPage = 200;
    private const int LastPage = 1_000_000;

    internal static ReportFilter Read(IQueryCollection query)
    {
        var (country, id, name) = (Text("countryCode"), Text("operatorId"), Text("operatorName"));
        return new ReportFilter(
            Text("customIdentifier"),
            [.. ReloadlyOperators.All
                .Where(it => country is null or "US"
                    && (id is null || id == it.Id.ToString(CultureInfo.InvariantCulture))
                    && (name is null || it.Name.Contains(name, StringComparison.OrdinalIgnoreCase)))
                .Select(it => it.Id)],
            Instant("startDate"),
            Instant("endDate"),
            Number("size", LargestPage, LargestPage),
            Number("page", 1, LastPage));

        string? Text(string parameter) => query[parameter].ToString() is { Length: > 0 } text ? text : null;

        int Number(string parameter, int usual, int largest) =>
            int.TryParse(Text(parameter), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, 1, largest) : usual;

        DateTimeOffset? Instant(string parameter) =>
            DateTimeOffset.TryParseExact(Text(parameter), "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;
    }

    /// <summary>The identifier is compared as the real one is said to do it: without regard to case.</summary>
    internal List<ReloadlyTransaction> Rows(BooksEntry entry) => entry.Rows(
        $"""
        SELECT {ReloadlyTransaction.Columns} FROM transactions
        WHERE ($1 IS NULL OR custom_identifier = $1 COLLATE NOCASE) AND operator_id IN (SELECT value FROM json_each($2))
            AND ($3 IS NULL OR created_at >= $3) AND ($4 IS NULL OR created_at <= $4)
        ORDER BY id DESC LIMIT $5 OFFSET $6
        """,
        ReloadlyTransaction.Read, CustomIdentifier, JsonSerializer.Serialize(Operators), From, Until, Size, (long)(Page - 1) * Size);
}
