using Npgsql;
using NpgsqlTypes;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// The ledger on PostgreSQL: one round trip to read and lock what a group needs, one to write it, one to commit; statements over arrays.
/// Rows are locked in the order of their keys, so that several processes on one database wait for each other and do not deadlock.
/// </summary>
internal sealed class PostgresGroupStore(Database database) : GroupStore
{
    private const string SelectAnswers = """
        SELECT a.cell, a.scope, a.key, a.body_hash, a.answer FROM answer a
        JOIN unnest($1::smallint[], $2::text[], $3::text[]) AS k(cell, scope, key) ON a.cell = k.cell AND a.scope = k.scope AND a.key = k.key
        """;

    private const string SelectAccounts = """
        SELECT a.cell, a.id, a.purpose, a.unit, a.owner, a.floor, a.balance, a.postings FROM account a
        JOIN unnest($1::smallint[], $2::uuid[]) AS k(cell, id) ON a.cell = k.cell AND a.id = k.id
        ORDER BY a.cell, a.id FOR UPDATE OF a
        """;

    private const string InsertAnswers = "INSERT INTO answer (cell, scope, key, body_hash, answer, at) SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[])";

    private const string InsertAccounts = """
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings)
        SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[])
        """;

    private const string UpdateAccounts = """
        UPDATE account a SET balance = v.balance, postings = v.postings
        FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[]) AS v(cell, id, balance, postings) WHERE a.cell = v.cell AND a.id = v.id
        """;

    private const string InsertTransfers = "INSERT INTO transfer (cell, id, kind, subject, at) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[])";

    private const string InsertPostings = """
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after)
        SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[])
        """;

    private NpgsqlConnection? connection;
    private NpgsqlTransaction? transaction;

    public override async Task LoadAsync(Group group)
    {
        connection ??= (NpgsqlConnection)await database.OpenConnectionAsync(CancellationToken.None);
        transaction = await connection.BeginTransactionAsync();
        var tables = group.Rows.Keys.GroupBy(row => row.Table).OrderBy(table => table.Key.Name, StringComparer.Ordinal).ToList();
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (group.Answers.Count > 0)
        {
            var ids = group.Answers.Keys.ToList();
            Add(batch, SelectAnswers, Cells(ids, id => id.Cell), Texts(ids, id => id.Scope), Texts(ids, id => id.Key));
        }

        foreach (var table in tables)
        {
            var rows = table.ToList();
            Add(batch, RowSql.SelectVersions(table.Key), Cells(rows, row => row.Cell), Uuids(rows, row => row.Id));
        }

        if (group.Accounts.Count > 0)
        {
            var ids = group.Accounts.Keys.ToList();
            Add(batch, SelectAccounts, Cells(ids, CellId.CellOf), Uuids(ids, id => id));
        }

        await using var reader = await batch.ExecuteReaderAsync();
        if (group.Answers.Count > 0)
        {
            while (await reader.ReadAsync())
            {
                group.Answers[new AnswerId(new Cell((byte)reader.GetInt16(0)), reader.GetString(1), reader.GetString(2))] = new StoredAnswer(reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<byte[]>(4));
            }

            await reader.NextResultAsync();
        }

        foreach (var table in tables)
        {
            while (await reader.ReadAsync())
            {
                var version = reader.GetInt64(2);
                group.Rows[new RowId(table.Key, new Cell((byte)reader.GetInt16(0)), reader.GetGuid(1))] = new RowDraft { StoredVersion = version, Version = version };
            }

            await reader.NextResultAsync();
        }

        while (group.Accounts.Count > 0 && await reader.ReadAsync())
        {
            var account = new Account(reader.GetGuid(1), new Cell((byte)reader.GetInt16(0)), reader.GetString(2), new Unit(reader.GetString(3)), reader.GetGuid(4), reader.GetInt64(5));
            group.Accounts[account.Id] = new AccountDraft { Account = account, IsStored = true, Balance = reader.GetInt64(6), Postings = reader.GetInt64(7) };
        }
    }

    public override async Task WriteAsync(Group group, long nowMilliseconds)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var table in group.Rows.Where(row => row.Value.IsChanged).GroupBy(row => row.Key.Table))
        {
            AddRows(batch, table.Key, [.. table.Where(row => row.Value is { StoredVersion: 0, IsDeleted: false })], RowSql.InsertMany(table.Key));
            AddRows(batch, table.Key, [.. table.Where(row => row.Value is { StoredVersion: > 0, IsDeleted: false })], RowSql.UpdateMany(table.Key));
            var deleted = table.Where(row => row.Value is { StoredVersion: > 0, IsDeleted: true }).Select(row => row.Key).ToList();
            if (deleted.Count > 0)
            {
                Add(batch, RowSql.DeleteMany(table.Key), Cells(deleted, row => row.Cell), Uuids(deleted, row => row.Id));
            }
        }

        var opened = group.Accounts.Values.OfType<AccountDraft>().Where(draft => draft is { IsChanged: true, IsStored: false }).ToList();
        if (opened.Count > 0)
        {
            Add(batch, InsertAccounts,
                Cells(opened, a => a.Account.Cell), Uuids(opened, a => a.Account.Id), Texts(opened, a => a.Account.Purpose), Texts(opened, a => a.Account.Unit.Code),
                Uuids(opened, a => a.Account.Owner), Longs(opened, a => a.Account.Floor), Longs(opened, a => a.Balance), Longs(opened, a => a.Postings));
        }

        var moved = group.Accounts.Values.OfType<AccountDraft>().Where(draft => draft is { IsChanged: true, IsStored: true }).ToList();
        if (moved.Count > 0)
        {
            Add(batch, UpdateAccounts, Cells(moved, a => a.Account.Cell), Uuids(moved, a => a.Account.Id), Longs(moved, a => a.Balance), Longs(moved, a => a.Postings));
        }

        if (group.Transfers.Count > 0)
        {
            var transfers = group.Transfers;
            var postings = group.Postings;
            Add(batch, InsertTransfers,
                Cells(transfers, t => t.Cell), Uuids(transfers, t => t.Transfer.Id), Texts(transfers, t => t.Transfer.Kind), Uuids(transfers, t => t.Transfer.Subject), Longs(transfers, _ => nowMilliseconds));
            Add(batch, InsertPostings,
                Cells(postings, p => p.Cell), Uuids(postings, p => p.AccountId), Longs(postings, p => p.Sequence), Uuids(postings, p => p.TransferId), Longs(postings, p => p.Amount), Longs(postings, p => p.BalanceAfter));
        }

        if (group.NewAnswers.Count > 0)
        {
            var answers = group.NewAnswers;
            Add(batch, InsertAnswers,
                Cells(answers, a => a.Id.Cell), Texts(answers, a => a.Id.Scope), Texts(answers, a => a.Id.Key),
                Array(answers, a => a.BodyHash, NpgsqlDbType.Bytea), Array(answers, a => a.Answer, NpgsqlDbType.Bytea), Longs(answers, _ => nowMilliseconds));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync();
        }
    }

    public override async Task CommitAsync()
    {
        await transaction!.CommitAsync();
        await EndTransactionAsync();
    }

    public override async Task RollbackAsync()
    {
        try
        {
            if (transaction is not null)
            {
                await transaction.RollbackAsync();
            }
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The connection is of no use any more; the next group gets a new one.
            await ForgetAsync();
        }

        await EndTransactionAsync();
        if (connection?.FullState != System.Data.ConnectionState.Open)
        {
            await ForgetAsync();
        }
    }

    public override async Task<bool?> WasCommittedAsync(Group group)
    {
        await ForgetAsync();
        await using var fresh = (NpgsqlConnection)await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = fresh.CreateCommand();
        if (group.Transfers is [var (cell, transfer), ..])
        {
            command.CommandText = "SELECT 1 FROM transfer WHERE cell = $1 AND id = $2";
            command.Parameters.Add(new NpgsqlParameter { Value = (short)cell.Number });
            command.Parameters.Add(new NpgsqlParameter { Value = transfer.Id });
            return await command.ExecuteScalarAsync() is not null;
        }

        var inserted = group.Rows.FirstOrDefault(row => row.Value is { StoredVersion: 0, IsChanged: true, IsDeleted: false }).Key;
        if (inserted.Table is null)
        {
            return null;
        }

        command.CommandText = $"SELECT 1 FROM {inserted.Table.Name} WHERE cell = $1 AND id = $2";
        command.Parameters.Add(new NpgsqlParameter { Value = (short)inserted.Cell.Number });
        command.Parameters.Add(new NpgsqlParameter { Value = inserted.Id });
        return await command.ExecuteScalarAsync() is not null;
    }

    /// <summary>
    /// Serialization failure, deadlock, a unique key that another process took meanwhile, a server that is going down or coming up,
    /// a connection that broke before the commit was sent: reading and deciding again settles it.
    /// </summary>
    public override bool IsTransient(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CannotConnectNow }
        || error is NpgsqlException { IsTransient: true };

    public override async ValueTask DisposeAsync() => await ForgetAsync();

    private static void AddRows(NpgsqlBatch batch, VersionedTable table, IReadOnlyList<KeyValuePair<RowId, RowDraft>> rows, string sql)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var parameters = new List<NpgsqlParameter> { Cells(rows, row => row.Key.Cell), Uuids(rows, row => row.Key.Id), Longs(rows, row => row.Value.Version) };
        for (var index = 0; index < table.Columns.Length; index++)
        {
            var column = index;
            parameters.Add(table.Columns[column].Type switch
            {
                ColumnType.Uuid => Array(rows, row => (Guid?)Value(row.Value, column), NpgsqlDbType.Uuid),
                ColumnType.Smallint => Array(rows, row => (short?)Value(row.Value, column), NpgsqlDbType.Smallint),
                ColumnType.Bigint => Array(rows, row => (long?)Value(row.Value, column), NpgsqlDbType.Bigint),
                ColumnType.Text => Array(rows, row => (string?)Value(row.Value, column), NpgsqlDbType.Text),
                ColumnType.Bytes => Array(rows, row => (byte[]?)Value(row.Value, column), NpgsqlDbType.Bytea),
                ColumnType.Boolean => Array(rows, row => (bool?)Value(row.Value, column), NpgsqlDbType.Boolean),
                var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
            });
        }

        Add(batch, sql, [.. parameters]);
    }

    private static object? Value(RowDraft row, int column) => row.Change!.Values!.Value[column];

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<short[]> Cells<T>(IReadOnlyList<T> items, Func<T, Cell> cell) => Array(items, item => (short)cell(item).Number, NpgsqlDbType.Smallint);

    private static NpgsqlParameter<Guid[]> Uuids<T>(IReadOnlyList<T> items, Func<T, Guid> id) => Array(items, id, NpgsqlDbType.Uuid);

    private static NpgsqlParameter<long[]> Longs<T>(IReadOnlyList<T> items, Func<T, long> value) => Array(items, value, NpgsqlDbType.Bigint);

    private static NpgsqlParameter<string[]> Texts<T>(IReadOnlyList<T> items, Func<T, string> text) => Array(items, text, NpgsqlDbType.Text);

    private static NpgsqlParameter<TValue[]> Array<T, TValue>(IReadOnlyList<T> items, Func<T, TValue> value, NpgsqlDbType type)
    {
        var values = new TValue[items.Count];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = value(items[index]);
        }

        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }

    private async Task EndTransactionAsync()
    {
        if (transaction is not null)
        {
            await transaction.DisposeAsync();
            transaction = null;
        }
    }

    private async Task ForgetAsync()
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
            connection = null;
        }
    }
}
