using System.Collections.Concurrent;
using Refill.Storage;

namespace Refill.Ledger;

/// <summary>The statements that change rows of a <see cref="VersionedTable"/>, made once per table. Names come from our own code, never from outside.</summary>
internal static class RowSql
{
    private static readonly ConcurrentDictionary<(VersionedTable, string), string> Made = new();

    // SQLite: one row at a time; parameters ?1 cell, ?2 id, ?3 version, then the table's own columns; the expected version is last.
    public static string SelectVersion(VersionedTable table) => Once(table, "version", static t => $"SELECT version FROM {t.Name} WHERE cell = ?1 AND id = ?2");

    public static string Insert(VersionedTable table) => Once(table, "insert", static t =>
        $"INSERT INTO {t.Name} (cell, id, version, {Names(t)}) VALUES ({string.Join(", ", Enumerable.Range(1, t.Columns.Length + 3).Select(n => $"?{n}"))})");

    public static string Update(VersionedTable table) => Once(table, "update", static t =>
        $"UPDATE {t.Name} SET version = ?3, {string.Join(", ", t.Columns.Select((column, index) => $"{column.Name} = ?{index + 4}"))} WHERE cell = ?1 AND id = ?2 AND version = ?{t.Columns.Length + 4}");

    public static string Delete(VersionedTable table) => Once(table, "delete", static t => $"DELETE FROM {t.Name} WHERE cell = ?1 AND id = ?2 AND version = ?3");

    // PostgreSQL: many rows at once; parameters $1 cells, $2 ids, $3 versions, then an array for each of the table's own columns. The arrays are unnested side by side in a SELECT list: in FROM, PostgreSQL would write all of
    // them down first, which is a quarter of what inserting them costs (docs/performance.md).
    public static string SelectVersions(VersionedTable table) => Once(table, "versions", static t =>
        $"SELECT r.cell, r.id, r.version FROM {t.Name} r JOIN ({Keys}) k ON r.cell = k.cell AND r.id = k.id ORDER BY r.cell, r.id FOR UPDATE OF r");

    public static string InsertMany(VersionedTable table) => Once(table, "insert many", static t =>
        $"INSERT INTO {t.Name} (cell, id, version, {Names(t)}) SELECT {Arrays(t)}");

    // The last array holds the versions that are expected. If a row has another, the division by zero ends the whole transaction.
    public static string UpdateMany(VersionedTable table) => Once(table, "update many", static t => AllOf(
        $"UPDATE {t.Name} r SET version = v.version, {string.Join(", ", t.Columns.Select(column => $"{column.Name} = v.{column.Name}"))} "
        + $"FROM (SELECT {Arrays(t)}, unnest(${t.Columns.Length + 4}::bigint[]) AS expected) v WHERE r.cell = v.cell AND r.id = v.id AND r.version = v.expected"));

    public static string DeleteMany(VersionedTable table) => Once(table, "delete many", static t => AllOf(
        $"DELETE FROM {t.Name} r USING ({Keys}, unnest($3::bigint[]) AS expected) v WHERE r.cell = v.cell AND r.id = v.id AND r.version = v.expected"));

    /// <summary>The same change, for all of the ids in $2 or (by an error, "division by zero") for none.</summary>
    public static string AllOf(string change) => $"WITH changed AS ({change} RETURNING 1) SELECT 1 / (count(*) = cardinality($2))::int FROM changed";

    /// <summary>Cells in $1, ids in $2.</summary>
    public const string Keys = "SELECT unnest($1::smallint[]) AS cell, unnest($2::uuid[]) AS id";

    public static string PostgresType(ColumnType type) => type switch
    {
        ColumnType.Uuid => "uuid",
        ColumnType.Smallint => "smallint",
        ColumnType.Bigint => "bigint",
        ColumnType.Text => "text",
        ColumnType.Bytes => "bytea",
        ColumnType.Boolean => "boolean",
        _ => throw new System.Diagnostics.UnreachableException(type.ToString()),
    };

    private static string Names(VersionedTable table) => string.Join(", ", table.Columns.Select(column => column.Name));

    private static string Arrays(VersionedTable table) =>
        "unnest($1::smallint[]) AS cell, unnest($2::uuid[]) AS id, unnest($3::bigint[]) AS version, " + string.Join(", ", table.Columns.Select((column, index) => $"unnest(${index + 4}::{PostgresType(column.Type)}[]) AS {column.Name}"));

    private static string Once(VersionedTable table, string what, Func<VersionedTable, string> make) => Made.GetOrAdd((table, what), key => make(key.Item1));
}
