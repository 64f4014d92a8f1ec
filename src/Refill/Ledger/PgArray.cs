using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>A property of many things as one parameter of type array.</summary>
internal static class PgArray
{
    public static NpgsqlBatch Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
        return batch;
    }

    public static NpgsqlParameter Cells<T>(List<T> items, Func<T, Cell> cell) => Of(items, item => (short)cell(item).Number, NpgsqlDbType.Smallint);

    public static NpgsqlParameter Uuids<T>(List<T> items, Func<T, Guid> id) => Of(items, id, NpgsqlDbType.Uuid);

    public static NpgsqlParameter Longs<T>(List<T> items, Func<T, long> value) => Of(items, value, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Texts<T>(List<T> items, Func<T, string> text) => Of(items, text, NpgsqlDbType.Text);

    /// <summary>A column of a versioned table.</summary>
    public static NpgsqlParameter Column<T>(ColumnType type, List<T> items, Func<T, object?> value) => type switch
    {
        ColumnType.Uuid => Of(items, item => (Guid?)value(item), NpgsqlDbType.Uuid),
        ColumnType.Smallint => Of(items, item => (short?)value(item), NpgsqlDbType.Smallint),
        ColumnType.Bigint => Of(items, item => (long?)value(item), NpgsqlDbType.Bigint),
        ColumnType.Text => Of(items, item => (string?)value(item), NpgsqlDbType.Text),
        ColumnType.Bytes => Of(items, item => (byte[]?)value(item), NpgsqlDbType.Bytea),
        ColumnType.Boolean => Of(items, item => (bool?)value(item), NpgsqlDbType.Boolean),
        _ => throw new UnreachableException(type.ToString()),
    };

    public static NpgsqlParameter Of<T, TValue>(List<T> items, Func<T, TValue> value, NpgsqlDbType type)
    {
        var values = new TValue[items.Count];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = value(items[index]);
        }

        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
