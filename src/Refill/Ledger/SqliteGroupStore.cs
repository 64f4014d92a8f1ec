using Microsoft.Data.Sqlite;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// The ledger on SQLite: one connection, one writer, prepared statements in one BEGIN IMMEDIATE transaction; durable when COMMIT returns
/// (WAL, synchronous=FULL). SQLite has no real async: the calls block the committer's own thread, and only that.
/// </summary>
internal sealed class SqliteGroupStore(Database database) : GroupStore
{
    private const string SelectAnswer = "SELECT body_hash, answer FROM answer WHERE cell = @1 AND scope = @2 AND key = @3";
    private const string SelectAccount = "SELECT purpose, unit, owner, floor, balance, postings FROM account WHERE cell = @1 AND id = @2";
    private const string SelectTransfer = "SELECT 1 FROM transfer WHERE cell = @1 AND id = @2";
    private const string InsertAnswer = "INSERT INTO answer (cell, scope, key, body_hash, answer, at) VALUES (@1, @2, @3, @4, @5, @6)";
    private const string InsertAccount = "INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings) VALUES (@1, @2, @3, @4, @5, @6, @7, @8)";
    private const string UpdateAccount = "UPDATE account SET balance = @3, postings = @4 WHERE cell = @1 AND id = @2";
    private const string InsertTransfer = "INSERT INTO transfer (cell, id, kind, subject, at) VALUES (@1, @2, @3, @4, @5)";
    private const string InsertPosting = "INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after) VALUES (@1, @2, @3, @4, @5, @6)";

    private readonly Dictionary<string, SqliteCommand> prepared = [];
    private SqliteConnection? connection;
    private SqliteTransaction? transaction;

    public override async Task LoadAsync(Group group)
    {
        connection ??= (SqliteConnection)await database.OpenConnectionAsync(CancellationToken.None);
        transaction = connection.BeginTransaction();
        foreach (var id in group.Answers.Keys)
        {
            using var reader = Command(SelectAnswer, id.Cell.Number, id.Scope, id.Key).ExecuteReader();
            if (reader.Read())
            {
                group.Answers[id] = new StoredAnswer(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1));
            }
        }

        foreach (var id in group.Rows.Keys)
        {
            var version = (long?)Command(RowSql.SelectVersion(id.Table), id.Cell.Number, Bytes(id.Id)).ExecuteScalar() ?? 0;
            group.Rows[id] = new RowDraft { StoredVersion = version, Version = version };
        }

        foreach (var id in group.Accounts.Keys)
        {
            var cell = CellId.CellOf(id);
            using var reader = Command(SelectAccount, cell.Number, Bytes(id)).ExecuteReader();
            if (reader.Read())
            {
                var account = new Account(id, cell, reader.GetString(0), new Unit(reader.GetString(1)), new Guid(reader.GetFieldValue<byte[]>(2), bigEndian: true), reader.GetInt64(3));
                group.Accounts[id] = new AccountDraft { Account = account, IsStored = true, Balance = reader.GetInt64(4), Postings = reader.GetInt64(5) };
            }
        }
    }

    public override Task WriteAsync(Group group, long nowMilliseconds)
    {
        foreach (var (id, row) in group.Rows.Where(row => row.Value.IsChanged))
        {
            Write(id, row);
        }

        foreach (var draft in group.Accounts.Values)
        {
            switch (draft)
            {
                case { IsChanged: true, IsStored: true }:
                    Run(UpdateAccount, draft.Account.Cell.Number, Bytes(draft.Account.Id), draft.Balance, draft.Postings);
                    break;
                case { IsChanged: true, Account: var account }:
                    Run(InsertAccount, account.Cell.Number, Bytes(account.Id), account.Purpose, account.Unit.Code, Bytes(account.Owner), account.Floor, draft.Balance, draft.Postings);
                    break;
            }
        }

        foreach (var (cell, transfer) in group.Transfers)
        {
            Run(InsertTransfer, cell.Number, Bytes(transfer.Id), transfer.Kind, Bytes(transfer.Subject), nowMilliseconds);
        }

        foreach (var posting in group.Postings)
        {
            Run(InsertPosting, posting.Cell.Number, Bytes(posting.AccountId), posting.Sequence, Bytes(posting.TransferId), posting.Amount, posting.BalanceAfter);
        }

        foreach (var answer in group.NewAnswers)
        {
            Run(InsertAnswer, answer.Id.Cell.Number, answer.Id.Scope, answer.Id.Key, answer.BodyHash, answer.Answer, nowMilliseconds);
        }

        return Task.CompletedTask;
    }

    public override Task CommitAsync()
    {
        transaction!.Commit();
        EndTransaction();
        return Task.CompletedTask;
    }

    public override Task RollbackAsync()
    {
        try
        {
            transaction?.Rollback();
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException)
        {
            // The connection is of no use any more; the next group gets a new one.
            Forget();
        }

        EndTransaction();
        return Task.CompletedTask;
    }

    public override async Task<bool?> WasCommittedAsync(Group group)
    {
        Forget();
        await using var fresh = (SqliteConnection)await database.OpenConnectionAsync(CancellationToken.None);
        if (group.Transfers is [var (cell, transfer), ..])
        {
            return Exists(fresh, SelectTransfer, cell.Number, Bytes(transfer.Id));
        }

        if (group.NewAnswers is [var answer, ..])
        {
            return Exists(fresh, SelectAnswer, answer.Id.Cell.Number, answer.Id.Scope, answer.Id.Key);
        }

        var inserted = group.Rows.FirstOrDefault(row => row.Value is { StoredVersion: 0, IsChanged: true, IsDeleted: false }).Key;
        return inserted.Table is null ? null : Exists(fresh, RowSql.SelectVersion(inserted.Table), inserted.Cell.Number, Bytes(inserted.Id));
    }

    /// <summary>BUSY and LOCKED: somebody else (a command, a backup) is writing.</summary>
    public override bool IsTransient(Exception error) => error is SqliteException { SqliteErrorCode: 5 or 6 };

    public override ValueTask DisposeAsync()
    {
        Forget();
        return ValueTask.CompletedTask;
    }

    private void Write(RowId id, RowDraft row)
    {
        if (row.StoredVersion == 0)
        {
            if (!row.IsDeleted)
            {
                Run(RowSql.Insert(id.Table), Values(id, row));
            }

            return;
        }

        var changed = row.IsDeleted
            ? Run(RowSql.Delete(id.Table), id.Cell.Number, Bytes(id.Id), row.StoredVersion)
            : Run(RowSql.Update(id.Table), [.. Values(id, row), row.StoredVersion]);
        if (changed != 1)
        {
            throw new InvalidOperationException($"{id.Table.Name} {id.Id} changed under the writer's own lock");
        }
    }

    private static object?[] Values(RowId id, RowDraft row)
    {
        var values = row.Change!.Values!.Value;
        var all = new object?[values.Length + 3];
        (all[0], all[1], all[2]) = (id.Cell.Number, Bytes(id.Id), row.Version);
        for (var index = 0; index < values.Length; index++)
        {
            all[index + 3] = values[index] is Guid guid ? Bytes(guid) : values[index];
        }

        return all;
    }

    private int Run(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteNonQuery();

    private SqliteCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            prepared[sql] = command = NewCommand(connection!, sql, values.Length);
        }

        command.Transaction = transaction;
        for (var index = 0; index < values.Length; index++)
        {
            command.Parameters[index].Value = values[index] ?? DBNull.Value;
        }

        return command;
    }

    private static SqliteCommand NewCommand(SqliteConnection connection, string sql, int parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var index = 1; index <= parameters; index++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"@{index}" });
        }

        return command;
    }

    private static bool Exists(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = NewCommand(connection, sql, values.Length);
        for (var index = 0; index < values.Length; index++)
        {
            command.Parameters[index].Value = values[index];
        }

        return command.ExecuteScalar() is not null;
    }

    private void EndTransaction()
    {
        transaction?.Dispose();
        transaction = null;
    }

    private void Forget()
    {
        foreach (var command in prepared.Values)
        {
            command.Dispose();
        }

        prepared.Clear();
        connection?.Dispose();
        connection = null;
    }

    private static byte[] Bytes(Guid id) => id.ToByteArray(bigEndian: true);
}
