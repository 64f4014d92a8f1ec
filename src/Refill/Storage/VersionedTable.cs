using System.Collections.Immutable;
using Refill.Units;

namespace Refill.Storage;

/// <summary>How a column is kept: the same meaning on SQLite and PostgreSQL.</summary>
public enum ColumnType
{
    /// <summary>uuid; on SQLite 16 bytes, big-endian.</summary>
    Uuid,
    Smallint,
    Bigint,
    Text,
    Bytes,
    Boolean,
}

public sealed record Column(string Name, ColumnType Type);

/// <summary>
/// A table whose rows change only by compare-and-set on a version, inside a ledger commit. Every such table leads with
/// cell smallint, id uuid (together its primary key) and version bigint; a capability or a journey names the rest.
/// The same table is mapped in <see cref="RefillDb"/> for reading; a test holds the two against each other.
/// </summary>
public sealed class VersionedTable(string name, params ImmutableArray<Column> columns)
{
    public string Name => name;

    public ImmutableArray<Column> Columns => columns;
}

/// <summary>One row's compare-and-set: insert when <see cref="ExpectedVersion"/> is 0, else update (or delete) if the row still has that version. The new version is one more.</summary>
/// <param name="Values">One value for each of the table's columns, in order: Guid, short, long, string, byte[], bool or null. Null array: delete the row.</param>
public sealed record RowChange(VersionedTable Table, Cell Cell, Guid Id, long ExpectedVersion, ImmutableArray<object?>? Values)
{
    public static RowChange Insert(VersionedTable table, Cell cell, Guid id, params ImmutableArray<object?> values) => new(table, cell, id, 0, values);

    public static RowChange Update(VersionedTable table, Cell cell, Guid id, long expectedVersion, params ImmutableArray<object?> values) => new(table, cell, id, expectedVersion, values);

    public static RowChange Delete(VersionedTable table, Cell cell, Guid id, long expectedVersion) => new(table, cell, id, expectedVersion, null);
}
