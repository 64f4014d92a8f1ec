using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Refill.Storage;

namespace Refill.Tests.Storage;

/// <summary>What an engine that spreads tables by cell asks of the schema.</summary>
public sealed class DistributionTests
{
    [Fact]
    public void Each_table_of_the_model_is_named_once_and_spread_by_cell_if_it_has_one()
    {
        var lines = Distribution.ForCitus().Split('\n').Where(line => line.StartsWith("SELECT ", StringComparison.Ordinal)).ToList();
        Model(model =>
        {
            Assert.Equal(model.Count, lines.Count);
            foreach (var table in model)
            {
                var line = Assert.Single(lines, line => line.Contains($"('{table.GetTableName()}'", StringComparison.Ordinal));
                Assert.Equal(Distribution.IsOfCells(table), line.Contains("create_distributed_table", StringComparison.Ordinal) && line.Contains("', 'cell', ", StringComparison.Ordinal));
            }

            Assert.Contains(model, table => table.GetTableName() == "transfer" && Distribution.IsOfCells(table));
            Assert.Contains(model, table => table.GetTableName() == "plan" && !Distribution.IsOfCells(table));
        });
    }

    [Fact]
    public void No_primary_key_unique_index_or_foreign_key_of_a_cells_table_lacks_the_cell() => Model(model =>
    {
        foreach (var table in model.Where(Distribution.IsOfCells))
        {
            Assert.All(table.GetKeys(), key => Assert.Equal("cell", key.Properties[0].GetColumnName()));
            Assert.All(table.GetIndexes().Where(index => index.IsUnique), index => Assert.Contains(index.Properties, property => property.GetColumnName() == "cell"));
            Assert.All(table.GetForeignKeys(), key => Assert.Contains(key.Properties, property => property.GetColumnName() == "cell"));
        }
    });

    [Fact]
    public void Every_statement_of_the_committer_that_looks_for_rows_names_their_cell()
    {
        var statements = new[] { "RowSql", "PostgresGroupStore" }.SelectMany(Statements).ToList();
        Assert.True(statements.Count > 10, $"{statements.Count} statements");
        Assert.All(statements, sql => Assert.Contains("cell", sql, StringComparison.Ordinal));
    }

    /// <summary>All constant texts of the class that touch a table.</summary>
    private static IEnumerable<string> Statements(string type)
    {
        var found = typeof(Distribution).Assembly.GetType($"Refill.Ledger.{type}", throwOnError: true)!;
        var fields = found.GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public)
            .Where(field => field.FieldType == typeof(string)).Select(field => (string)field.GetValue(null)!);
        var made = found.GetMethods(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public)
            .Where(method => method.ReturnType == typeof(string) && method.GetParameters() is [{ } only] && only.ParameterType == typeof(VersionedTable))
            .Select(method => (string)method.Invoke(null, [Refill.Work.WorkItem.Table])!);
        return fields.Concat(made).Where(sql => new[] { "FROM ", "INTO ", "UPDATE " }.Any(word => sql.Contains(word, StringComparison.Ordinal)) && !sql.Contains("pg_", StringComparison.Ordinal));
    }

    private static void Model(Action<IReadOnlyList<IEntityType>> look)
    {
        using var db = new Database(new DatabaseOptions(DatabaseKind.Postgres, "Host=none")).Open();
        look([.. db.Model.GetEntityTypes()]);
    }
}
