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

    public static NpgsqlParameter Bytes<T>(List<T> items, Func<T, byte[]> value) => Of(items, value, NpgsqlDbType.Bytea);

    /// <summary>A column of a versioned table.</summary>
    public static NpgsqlParameter Column(ColumnType type, List<RowDraft> rows, int column) => type switch
    {
        ColumnType.Uuid => Values<Guid>(rows, column, NpgsqlDbType.Uuid),
        ColumnType.Smallint => Values<short>(rows, column, NpgsqlDbType.Smallint),
        ColumnType.Bigint => Values<long>(rows, column, NpgsqlDbType.Bigint),
        ColumnType.Text => Of(rows, row => (string?)row.Change!.Values!.Value[column], NpgsqlDbType.Text),
        ColumnType.Bytes => Of(rows, row => (byte[]?)row.Change!.Values!.Value[column], NpgsqlDbType.Bytea),
        ColumnType.Boolean => Values<bool>(rows, column, NpgsqlDbType.Boolean),
        _ => throw new UnreachableException(type.ToString()),
    };

    /// <summary>Without nulls, as nearly always, an array of plain values, which is written much faster.</summary>
    private static NpgsqlParameter Values<TValue>(List<RowDraft> rows, int column, NpgsqlDbType type)
        where TValue : struct
    {
        var values = new TValue[rows.Count];
        for (var index = 0; index < values.Length; index++)
        {
            if (rows[index].Change!.Values!.Value[column] is not { } value)
            {
                return Of(rows, row => (TValue?)row.Change!.Values!.Value[column], type);
            }

            values[index] = (TValue)value;
        }

        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }

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
