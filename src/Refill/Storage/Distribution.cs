using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Refill.Storage;

/// <summary>How the schema is spread over several PostgreSQL servers, read from the model itself: a table that is added is in it, and nobody has to think of it (docs/scaling.md).</summary>
public static class Distribution
{
    /// <summary>Citus' own default; a shard holds eight cells.</summary>
    private const int Shards = 32;

    private const string CellColumn = "cell";

    /// <summary>The SQL for Citus 12 and later, to be run once as the owner of a schema that `refill` has just made, before there are rows to speak of.</summary>
    public static string ForCitus()
    {
        // The model alone: nothing is opened.
        using var db = new Database(new DatabaseOptions(DatabaseKind.Postgres, "Host=none")).Open();
        var tables = db.Model.GetEntityTypes().OrderBy(TableOf, StringComparer.Ordinal).ToList();
        var (first, others) = (tables.First(IsOfCells), tables.Where(IsOfCells).Skip(1));
        return string.Join('\n',
        [
            "-- Refill on Citus: every table of a cell is spread by it, and rows of one cell stand together. docs/scaling.md says what was tried and what was not.",
            "CREATE EXTENSION IF NOT EXISTS citus;",
            "BEGIN;",
            $"SELECT create_distributed_table('{TableOf(first)}', '{CellColumn}', shard_count => {Shards});",
            .. others.Select(table => $"SELECT create_distributed_table('{TableOf(table)}', '{CellColumn}', colocate_with => '{TableOf(first)}');"),
            "-- The same for all cells, small, and rarely changed: on every server.",
            .. tables.Where(table => !IsOfCells(table)).Select(table => $"SELECT create_reference_table('{TableOf(table)}');"),
            "COMMIT;",
            "",
        ]);
    }

    internal static bool IsOfCells(IEntityType table) => table.GetProperties().Any(property => property.GetColumnName() == CellColumn);

    internal static string TableOf(IEntityType table) => table.GetTableName() ?? throw new InvalidOperationException($"{table.Name} has no table");
}
