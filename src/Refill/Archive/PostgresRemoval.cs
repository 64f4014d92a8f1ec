using Npgsql;
using NpgsqlTypes;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Archive;

/// <summary>
/// On PostgreSQL all top-ups and transfers of a file go in the transaction that books it: what has stayed from months before is deleted, the month's partitions are detached and dropped, however many rows they hold, and what
/// stays of them moves to the partition for all others. For the moment in which the partitions go nobody reads or writes the two tables. Payments and steps have no partitions, and are deleted some at a time afterwards.
/// </summary>
internal sealed class PostgresRemoval : Removal
{
    private const string Session = "SET statement_timeout = 0; SET application_name = 'refill archive'";

    /// <summary>For as long as the connection.</summary>
    private const string Alone = "SELECT pg_try_advisory_lock(hashtext('refill archive'))";

    private const string NoLongerAlone = "SELECT pg_advisory_unlock_all()";

    // All orders wait behind whoever waits for this lock: it gives up soon, and tries again.
    private const string Patience = "SET LOCAL lock_timeout = '500ms'";
    private const int MaxTries = 10;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(3);

    // Every step of a top-up after its first writes such a row, in the same commit.
    private const string SelectChanged = "SELECT DISTINCT top_up_id FROM top_up_step WHERE cell = ANY($1::smallint[]) AND id >= $2 AND top_up_id < $3";

    private const string SelectPartitions = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass";

    private const string InsertRow = """
        INSERT INTO archive (month, file, sha256, bytes, top_ups, transfers, state, sums, revived, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    private const string OpenAccounts = $"""
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings, last_transfer)
        {RowSql.Keys}, unnest($3::text[]), unnest($4::text[]), unnest($5::uuid[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::uuid[])
        ON CONFLICT (cell, id) DO NOTHING
        """;

    private const string Keys = "unnest($1::smallint[], $2::uuid[]) AS k(cell, id)";
    private const string DeletePayments = $"DELETE FROM payment p USING {Keys} WHERE p.cell = k.cell AND p.top_up_id = k.id";
    private const string DeleteSteps = $"DELETE FROM top_up_step s USING {Keys} WHERE s.cell = k.cell AND s.top_up_id = k.id";

    private readonly NpgsqlConnection connection;

    private PostgresRemoval(NpgsqlConnection connection) => this.connection = connection;

    public static new async Task<Removal?> TryBeginAsync(Database database, CancellationToken cancellation)
    {
        var (removal, isAlone) = (new PostgresRemoval(await database.OpenKeptAsync(Session)), false);
        try
        {
            await using var alone = new NpgsqlCommand(Alone, removal.connection);
            isAlone = await alone.ExecuteScalarAsync(cancellation) is true;
            return isAlone ? removal : null;
        }
        finally
        {
            if (!isAlone)
            {
                await removal.DisposeAsync();
            }
        }
    }

    public override async Task<bool> BookAsync(ArchiveRow row, Leaving leaving, Guid firstNewId, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryBookAsync(row, leaving, firstNewId, cancellation);
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                if (tries == MaxTries)
                {
                    throw new ArchiveUnfitException($"somebody reads the tables of top-ups and transfers all the time (a backup?): {row.Month} has not moved, try again later");
                }

                await Task.Delay(BetweenTries, cancellation);
            }
        }
    }

    public override async Task OpenAccountsAsync(IReadOnlyList<AccountRow> accounts, CancellationToken cancellation)
    {
        List<AccountRow> rows = [.. accounts.OrderBy(account => account.Cell).ThenBy(account => account.Id)]; // In the committers' order.
        await RunAsync(
            OpenAccounts, cancellation,
            PgArray.Of(rows, a => a.Cell, NpgsqlDbType.Smallint), PgArray.Uuids(rows, a => a.Id), PgArray.Texts(rows, a => a.Purpose), PgArray.Texts(rows, a => a.Unit), PgArray.Uuids(rows, a => a.Owner),
            PgArray.Longs(rows, a => a.Floor), PgArray.Longs(rows, a => a.Balance), PgArray.Longs(rows, a => a.Postings), PgArray.Uuids(rows, a => a.LastTransfer));
    }

    public override async Task RemoveAsync(ArchiveRow row, IReadOnlyList<ArchivedSubject> chunk, CancellationToken cancellation)
    {
        var keys = KeysOf([.. chunk.Select(subject => subject.TopUp?.Id).OfType<Guid>()]);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(DeletePayments, keys).Add(DeleteSteps, [.. keys.Select(key => key.Clone())]);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public override async ValueTask DisposeAsync()
    {
        // Said aloud: PostgreSQL ends a session some time after its connection is closed, and the next run would find this one still there.
        try
        {
            await using var end = new NpgsqlCommand(NoLongerAlone, connection);
            await end.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // A broken connection has no lock.
        }

        await connection.DisposeAsync();
    }

    private async Task<bool> TryBookAsync(ArchiveRow row, Leaving leaving, Guid firstNewId, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await HasChangedAsync(leaving, firstNewId, cancellation))
        {
            return false;
        }

        foreach (var table in Months.Tables)
        {
            // By a hash of the few that stay, which the session's settings forbid.
            await RunAsync("SET LOCAL enable_hashjoin = on", cancellation);
            await RunAsync(
                $"DELETE FROM {table}_other o WHERE o.id < $1 AND NOT EXISTS (SELECT 1 FROM unnest($2::uuid[]) AS k(id) WHERE k.id = o.id)", cancellation,
                new() { Value = leaving.Month.Next.FirstId }, PgArray.Uuids(StayingOf(table, leaving), id => id));
            await RunAsync("SET LOCAL enable_hashjoin = off", cancellation);
        }

        var parts = new List<(string Table, string Partition)>();
        foreach (var table in Months.Tables)
        {
            parts.AddRange((await PartitionsAsync(table, leaving.Month, cancellation)).Select(partition => (table, partition)));
        }

        await RunAsync(Patience, cancellation);
        await RunAsync(
            $"LOCK TABLE {string.Join(", ", Months.Tables.Select(table => $"ONLY {table}").Concat(Months.Tables.Select(table => $"{table}_other")).Concat(parts.Select(part => part.Partition)))} IN ACCESS EXCLUSIVE MODE", cancellation);
        if (await HasChangedAsync(leaving, firstNewId, cancellation))
        {
            return false; // Between the first look and the lock.
        }

        foreach (var (table, partition) in parts)
        {
            await RunAsync($"ALTER TABLE {table} DETACH PARTITION {partition}", cancellation);
            await RunAsync($"INSERT INTO {table} SELECT m.* FROM {partition} m JOIN {Keys} ON m.cell = k.cell AND m.id = k.id", cancellation, KeysOf(StayingOf(table, leaving)));
            await RunAsync($"DROP TABLE {partition}", cancellation);
        }

        await RunAsync(
            InsertRow, cancellation,
            new() { Value = row.Month }, new() { Value = row.File }, new() { Value = row.Sha256 }, new() { Value = row.Bytes }, new() { Value = row.TopUps }, new() { Value = row.Transfers }, new() { Value = row.State },
            new() { Value = row.Sums }, new() { Value = row.Revived }, new() { Value = row.CreatedAt.ToUnixTimeMilliseconds() });
        await transaction.CommitAsync(cancellation);
        return true;
    }

    private async Task<bool> HasChangedAsync(Leaving leaving, Guid firstNewId, CancellationToken cancellation)
    {
        short[] cells = [.. Enumerable.Range(0, Cell.Count).Select(cell => (short)cell)];
        var changed = await IdsAsync(
            SelectChanged, cancellation, new() { Value = cells, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint }, new() { Value = firstNewId }, new() { Value = leaving.Month.Next.FirstId });
        changed.ExceptWith(leaving.Staying);
        return changed.Count > 0;
    }

    /// <summary>Of the month, and of those before it that had nothing to archive when it was their turn.</summary>
    private async Task<List<string>> PartitionsAsync(string table, Month month, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(SelectPartitions, connection) { Parameters = { new() { Value = table } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var partitions = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            if (Months.OfPartition(table, reader.GetString(0)) is { } of && of.Start <= month.Start)
            {
                partitions.Add(reader.GetString(0));
            }
        }

        partitions.Sort(StringComparer.Ordinal);
        return partitions;
    }

    private static List<Guid> StayingOf(string table, Leaving leaving) => table == Months.TopUps ? [.. leaving.Staying] : leaving.StayingTransfers;

    private static NpgsqlParameter[] KeysOf(List<Guid> ids) => [PgArray.Cells(ids, CellId.CellOf), PgArray.Uuids(ids, id => id)];

    private async Task RunAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<HashSet<Guid>> IdsAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetGuid(0));
        }

        return ids;
    }
}
