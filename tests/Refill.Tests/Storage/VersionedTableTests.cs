using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Refill.Storage;

namespace Refill.Tests.Storage;

/// <summary>A versioned table is written by the ledger's own SQL and read through EF: two descriptions of one thing, held against each other here.</summary>
public sealed class VersionedTableTests
{
    public static TheoryData<DatabaseKind> Kinds => [DatabaseKind.Sqlite, DatabaseKind.Postgres];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_versioned_table_is_mapped_with_the_same_columns_types_and_key(DatabaseKind kind)
    {
        // The model alone: nothing is opened.
        using var db = new Database(new DatabaseOptions(kind, kind == DatabaseKind.Sqlite ? "Data Source=:memory:" : "Host=none")).Open();
        var tables = typeof(VersionedTable).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Where(field => field.FieldType == typeof(VersionedTable)))
            .Select(field => (VersionedTable)field.GetValue(null)!)
            .ToList();
        Assert.Contains(tables, table => table.Name == "card");
        foreach (var table in tables)
        {
            var entity = Assert.Single(db.Model.GetEntityTypes(), entity => entity.GetTableName() == table.Name);
            Assert.Equal(kind == DatabaseKind.Sqlite ? ["id", "cell"] : ["cell", "id"], entity.FindPrimaryKey()!.Properties.Select(property => property.GetColumnName()));
            var mapped = entity.GetProperties().ToDictionary(property => property.GetColumnName(), Stored);
            var named = table.Columns.ToDictionary(column => column.Name, column => column.Type);
            (named["cell"], named["id"], named["version"]) = (ColumnType.Smallint, ColumnType.Uuid, ColumnType.Bigint);
            Assert.Equal(named.OrderBy(column => column.Key, StringComparer.Ordinal), mapped.OrderBy(column => column.Key, StringComparer.Ordinal));
        }
    }

    private static ColumnType Stored(IProperty property)
    {
        var type = Nullable.GetUnderlyingType(property.ClrType) ?? property.ClrType;
        return type switch
        {
            _ when type == typeof(Guid) => ColumnType.Uuid,
            _ when type == typeof(short) => ColumnType.Smallint,
            _ when type == typeof(long) || type == typeof(DateTimeOffset) => ColumnType.Bigint,
            _ when type == typeof(string) => ColumnType.Text,
            _ when type == typeof(byte[]) => ColumnType.Bytes,
            _ when type == typeof(bool) => ColumnType.Boolean,
            _ => throw new InvalidOperationException($"{property.DeclaringType.Name}.{property.Name} is a {type.Name}, which no versioned table keeps"),
        };
    }
}
