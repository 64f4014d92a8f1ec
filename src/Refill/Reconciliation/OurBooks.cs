using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation;

/// <summary>Our side of a statement, read in pieces: hand-written, because a day may have a million rows.</summary>
internal sealed class OurBooks(Database database)
{
    private const string Columns = "p.id, p.top_up_id, p.gateway, p.state, p.amount_minor, p.currency, p.paid_minor, p.gateway_number, p.refund_requested_at, p.refunded_at, p.refunds_asked";

    // One look-up for each: on SQLite a query costs no round trip.
    private const string SqliteByKey = $"SELECT {Columns} FROM payment p WHERE p.id = $1 AND p.cell = $2";
    private const string PostgresByKeys = $"SELECT {Columns} FROM (SELECT unnest($1::smallint[]) AS cell, unnest($2::uuid[]) AS id) k JOIN payment p ON p.cell = k.cell AND p.id = k.id";

    /// <summary>What was paid, or came back, at a gateway in a time: both lie in indexes of their own.</summary>
    private const string PaidWithin = $"SELECT {Columns} FROM payment p WHERE p.gateway = $1 AND p.paid_at >= $2 AND p.paid_at < $3";
    private const string RefundedWithin = $"SELECT {Columns} FROM payment p WHERE p.gateway = $1 AND p.refunded_at >= $2 AND p.refunded_at < $3";

    private const string RefundColumns = "r.payment_id, r.ordinal, r.id, r.amount_minor, r.currency, r.state, r.cell";
    private const string ByHandWithin = $"SELECT {RefundColumns} FROM refund r JOIN payment p ON p.cell = r.cell AND p.id = r.payment_id WHERE p.gateway = $1 AND r.done_at >= $2 AND r.done_at < $3";
    private const string ByHandOf = $"SELECT {RefundColumns} FROM refund r WHERE r.payment_id = $1 AND r.cell = $2";

    /// <summary>The payments of these ids at this gateway that there are.</summary>
    public async Task<Dictionary<Guid, OurPayment>> FindAsync(DbConnection connection, string gateway, IReadOnlyCollection<Guid> ids, CancellationToken cancellation)
    {
        var found = new Dictionary<Guid, OurPayment>(ids.Count);
        await using var command = connection.CreateCommand();
        if (database.Options.Kind == DatabaseKind.Postgres)
        {
            command.CommandText = PostgresByKeys;
            command.Parameters.Add(new NpgsqlParameter { Value = ids.Select(id => (short)CellId.CellOf(id).Number).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
            command.Parameters.Add(new NpgsqlParameter { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
            await ReadAsync(command, gateway, payment => found[payment.Id] = payment, cancellation);
            return await WithThoseByHandAsync(connection, found, cancellation);
        }

        command.CommandText = SqliteByKey;
        var (id, cell) = (Parameter(command, "$1", null), Parameter(command, "$2", null));
        foreach (var one in ids)
        {
            (id.Value, cell.Value) = (one.ToByteArray(bigEndian: true), CellId.CellOf(one).Number);
            await ReadAsync(command, gateway, payment => found[payment.Id] = payment, cancellation);
        }

        return await WithThoseByHandAsync(connection, found, cancellation);
    }

    /// <summary>What our books say was paid at the gateway in this time, each at most once; in no order.</summary>
    public IAsyncEnumerable<OurPayment> PaidAsync(string gateway, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellation) => WithinAsync(PaidWithin, gateway, from, before, cancellation);

    /// <summary>What our books say came back in this time: by itself, or by hand.</summary>
    public async IAsyncEnumerable<OurRefund> RefundedAsync(string gateway, DateTimeOffset from, DateTimeOffset before, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var payment in WithinAsync(RefundedWithin, gateway, from, before, cancellation))
        {
            yield return payment.Refunds[0];
        }

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var command = connection.CreateCommand();
        (command.CommandText, command.CommandTimeout) = (ByHandWithin, 0);
        Parameter(command, "$1", gateway);
        Parameter(command, "$2", from.ToUnixTimeMilliseconds());
        Parameter(command, "$3", before.ToUnixTimeMilliseconds());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            yield return ByHand(reader);
        }
    }

    /// <summary>Few payments have any: each is asked for by itself.</summary>
    private static async Task<Dictionary<Guid, OurPayment>> WithThoseByHandAsync(DbConnection connection, Dictionary<Guid, OurPayment> found, CancellationToken cancellation)
    {
        foreach (var payment in found.Values.Where(payment => payment.HasRefundsByHand).ToList())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = ByHandOf;
            Parameter(command, "$1", command is NpgsqlCommand ? payment.Id : payment.Id.ToByteArray(bigEndian: true));
            Parameter(command, "$2", (short)CellId.CellOf(payment.Id).Number);
            var refunds = payment.Refunds.ToList();
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                if ((RefundState)reader.GetInt16(5) != RefundState.Withdrawn)
                {
                    refunds.Add(ByHand(reader));
                }
            }

            found[payment.Id] = payment with { Refunds = refunds };
        }

        return found;
    }

    private static OurRefund ByHand(DbDataReader row) =>
        new(Id(row, 0), row.GetInt16(1), Id(row, 2), new Money(row.GetInt64(3), Currency.Of(row.GetString(4))), (RefundState)row.GetInt16(5) == RefundState.Done);

    private async IAsyncEnumerable<OurPayment> WithinAsync(string sql, string gateway, DateTimeOffset from, DateTimeOffset before, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var command = connection.CreateCommand();
        (command.CommandText, command.CommandTimeout) = (sql, 0);
        Parameter(command, "$1", gateway);
        Parameter(command, "$2", from.ToUnixTimeMilliseconds());
        Parameter(command, "$3", before.ToUnixTimeMilliseconds());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            yield return Payment(reader);
        }
    }

    private static async Task ReadAsync(DbCommand command, string gateway, Action<OurPayment> take, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            // Another gateway's of that number: no order of this one's.
            if (reader.GetString(2) == gateway)
            {
                take(Payment(reader));
            }
        }
    }

    private static OurPayment Payment(DbDataReader row)
    {
        var (id, currency) = (Id(row, 0), Currency.Of(row.GetString(5)));
        Money? paid = row.IsDBNull(6) ? null : new Money(row.GetInt64(6), currency);
        return new OurPayment(
            id, Id(row, 1), (PaymentState)row.GetInt16(3), new Money(row.GetInt64(4), currency), paid, row.IsDBNull(7) ? null : row.GetString(7),
            row.IsDBNull(8) || paid is not { } amount ? [] : [new OurRefund(id, 1, id, amount, !row.IsDBNull(9))])
        {
            HasRefundsByHand = row.GetInt16(10) > 0,
        };
    }

    private static Guid Id(DbDataReader row, int column) => row is Microsoft.Data.Sqlite.SqliteDataReader ? new Guid((byte[])row.GetValue(column), bigEndian: true) : row.GetGuid(column);

    private static DbParameter Parameter(DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();

        // Npgsql's numbered parameters have no names, SQLite's are found by theirs.
        (parameter.ParameterName, parameter.Value) = (command is NpgsqlCommand ? "" : name, value ?? DBNull.Value);
        command.Parameters.Add(parameter);
        return parameter;
    }
}
