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
    // Cards are spread evenly, so a group touches pages everywhere: they stay in memory (64 MiB, SQLite's own default is 2).
    private const string Cache = "PRAGMA cache_size = -65536";

    // Carrying the log over is SqliteLog's. What is durable is not touched by this: the log is synced at every commit.
    private const string NoCheckpoint = "PRAGMA wal_autocheckpoint = 0";
    private const string Checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
    private const string Begin = "BEGIN IMMEDIATE";
    private const string Commit = "COMMIT";
    private const string SelectAnswer = "SELECT answer FROM answer WHERE cell = ?1 AND id = ?2";
    private const string SelectAccount = "SELECT purpose, unit, owner, floor, balance, postings, last_transfer FROM account WHERE cell = ?1 AND id = ?2";
    private const string SelectPostings = "SELECT postings FROM transfer WHERE cell = ?1 AND id = ?2";
    private const string SelectTransfer = "SELECT 1 FROM transfer WHERE cell = ?1 AND id = ?2";
    private const string InsertAnswer = "INSERT INTO answer (cell, id, answer) VALUES (?1, ?2, ?3)";
    private const string InsertAccount = "INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings, last_transfer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    private const string UpdateAccount = "UPDATE account SET balance = ?3, postings = ?4, last_transfer = ?6 WHERE cell = ?1 AND id = ?2 AND postings = ?5";
    private const string AddToAccount = "UPDATE account SET balance = balance + ?3, postings = postings + ?4 WHERE cell = ?1 AND id = ?2";
    private const string InsertTransfer = "INSERT INTO transfer (cell, id, kind, subject, postings) VALUES (?1, ?2, ?3, ?4, ?5)";

    private readonly Dictionary<string, SqliteStatement> prepared = [];
    private SqliteConnection? connection;
    private SqliteLog? log;

    public override bool Blocks => true;

    public override async Task LoadAsync(Group group)
    {
        if (connection is null)
        {
            connection = await database.OpenKeptSqliteAsync();
            try
            {
                Statement(Cache).Run();
                Statement(NoCheckpoint).Run();
            }
            catch
            {
                Forget(); // One without its settings must not be kept.
                throw;
            }
        }

        log ??= new SqliteLog(database);
        log.Restart(Statement(Checkpoint));

        Statement(Begin).Run();
        var answers = Statement(SelectAnswer);
        foreach (var id in group.Answers.Keys)
        {
            if (answers.Bind(1, id.Cell.Number).Bind(2, id.Id).Step())
            {
                group.Answers[id] = new StoredAnswer(answers.Bytes(0));
                answers.Reset();
            }
        }

        if (!group.IsTrusting)
        {
            foreach (var row in group.Rows)
            {
                row.StoredVersion = row.Version = StoredVersion(row.Id);
            }
        }

        var accounts = Statement(SelectAccount);
        foreach (var draft in group.UnknownAccounts)
        {
            var (cell, id) = (draft.Account.Cell, draft.Account.Id);
            if (accounts.Bind(1, cell.Number).Bind(2, id).Step())
            {
                draft.Found(new Account(id, cell, accounts.Text(0), new Unit(accounts.Text(1)), accounts.Uuid(2), accounts.Long(3)), accounts.Long(4), accounts.Long(5), accounts.Uuid(6));
                accounts.Reset();
            }
        }

        var transfers = Statement(SelectPostings);
        foreach (var draft in group.UnknownOfOwners)
        {
            if (!draft.IsStored && transfers.Bind(1, draft.Account.Cell.Number).Bind(2, draft.Account.Owner).Step())
            {
                var postings = transfers.Bytes(0);
                transfers.Reset(); // First: damaged postings must not leave it in the middle.
                draft.FoundInTransfer(postings);
            }
        }
    }

    public override Task WriteAsync(Group group)
    {
        foreach (var row in group.Rows)
        {
            Write(row.Id, row);
        }

        foreach (var draft in group.Accounts)
        {
            if (draft is { IsChanged: true, NeedsNoRow: false })
            {
                Write(draft);
            }
        }

        var transfers = Statement(InsertTransfer);
        foreach (var (cell, transfer, postings) in group.Transfers)
        {
            transfers.Bind(1, cell.Number).Bind(2, transfer.Id).Bind(3, transfer.Kind).Bind(4, transfer.Subject).Bind(5, postings).Run();
        }

        var answers = Statement(InsertAnswer);
        foreach (var answer in group.NewAnswers)
        {
            answers.Bind(1, answer.Id.Cell.Number).Bind(2, answer.Id.Id).Bind(3, answer.Answer.Kept).Run();
        }

        try
        {
            Statement(Commit).Run();
        }
        catch (SqliteException error)
        {
            throw new InDoubtException(error);
        }

        return Task.CompletedTask;
    }

    public override Task RollbackAsync()
    {
        try
        {
            // Some errors end the transaction by themselves.
            if (connection is not null && SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
            {
                Statement("ROLLBACK").Run();
            }
        }
        catch (SqliteException)
        {
            // The connection is of no use any more; the next group gets a new one.
            Forget();
        }

        return Task.CompletedTask;
    }

    public override async Task<bool?> WasCommittedAsync(Group group)
    {
        Forget();
        await using var fresh = (SqliteConnection)await database.OpenConnectionAsync(CancellationToken.None);
        if (group.Transfers is [var draft, ..])
        {
            using var transfers = new SqliteStatement(fresh, SelectTransfer);
            return transfers.Bind(1, draft.Cell.Number).Bind(2, draft.Transfer.Id).Step();
        }

        if (group.NewAnswers is [var answer, ..])
        {
            using var answers = new SqliteStatement(fresh, SelectAnswer);
            return answers.Bind(1, answer.Id.Cell.Number).Bind(2, answer.Id.Id).Step();
        }

        // The only writer is we: a row that still has its old version was not written.
        var row = group.Rows.First(row => row.IsChanged);
        using var versions = new SqliteStatement(fresh, RowSql.SelectVersion(row.Id.Table));
        var version = versions.Bind(1, row.Id.Cell.Number).Bind(2, row.Id.Id).Step() ? versions.Long(0) : 0;
        return version == row.StoredVersion ? false : version == row.Version ? true : null;
    }

    /// <summary>BUSY and LOCKED: somebody else (a command, a backup) is writing. Outdated: has written. CANTOPEN, IOERR, FULL, CORRUPT, NOTADB, READONLY: no commit would fare better.</summary>
    public override Verdict Judge(Exception error) => error switch
    {
        SqliteException { SqliteErrorCode: 5 or 6 } or OutdatedException => Verdict.InTheWay,
        SqliteException { SqliteErrorCode: 8 or 10 or 11 or 13 or 14 or 26 } => Verdict.Unreachable,
        _ => Verdict.Refused,
    };

    public override ValueTask DisposeAsync()
    {
        log?.Dispose();
        Forget();
        return ValueTask.CompletedTask;
    }

    private long StoredVersion(RowId id)
    {
        var versions = Statement(RowSql.SelectVersion(id.Table));
        if (!versions.Bind(1, id.Cell.Number).Bind(2, id.Id).Step())
        {
            return 0;
        }

        var version = versions.Long(0);
        versions.Reset();
        return version;
    }

    private void Write(RowId id, RowDraft row)
    {
        if (!row.IsChanged || (row.StoredVersion == 0 && row.IsDeleted))
        {
            return;
        }

        if (row.IsDeleted)
        {
            Expect(id, Statement(RowSql.Delete(id.Table)).Bind(1, id.Cell.Number).Bind(2, id.Id).Bind(3, row.StoredVersion).Run());
            return;
        }

        var statement = Statement(row.StoredVersion == 0 ? RowSql.Insert(id.Table) : RowSql.Update(id.Table));
        statement.Bind(1, id.Cell.Number).Bind(2, id.Id).Bind(3, row.Version);
        var values = row.Change!.Values!.Value;
        for (var index = 0; index < values.Length; index++)
        {
            statement.BindValue(index + 4, values[index]);
        }

        if (row.StoredVersion > 0)
        {
            statement.Bind(values.Length + 4, row.StoredVersion);
        }

        Expect(id, statement.Run());
    }

    private static void Expect(RowId id, int changed)
    {
        if (changed != 1)
        {
            throw new OutdatedException($"{id.Table.Name} {id.Id} has not the expected version");
        }
    }

    private void Write(AccountDraft draft)
    {
        var account = draft.Account;
        if (account.IsSummed && draft.IsStored)
        {
            if (Statement(AddToAccount).Bind(1, account.Cell.Number).Bind(2, account.Id).Bind(3, draft.Balance).Bind(4, draft.Postings).Run() != 1)
            {
                throw new OutdatedException($"account {account.Id} is not there");
            }
        }
        else if (draft.IsStored)
        {
            var changed = Statement(UpdateAccount).Bind(1, account.Cell.Number).Bind(2, account.Id).Bind(3, draft.Balance).Bind(4, draft.Postings).Bind(5, draft.StoredPostings).Bind(6, draft.Last).Run();
            if (changed != 1)
            {
                throw new OutdatedException($"account {account.Id} has not {draft.StoredPostings} postings any more");
            }
        }
        else
        {
            Statement(InsertAccount).Bind(1, account.Cell.Number).Bind(2, account.Id).Bind(3, account.Purpose).Bind(4, account.Unit.Code)
                .Bind(5, account.Owner).Bind(6, account.Floor).Bind(7, draft.Balance).Bind(8, draft.Postings).Bind(9, draft.Last).Run();
        }
    }

    private SqliteStatement Statement(string sql)
    {
        if (!prepared.TryGetValue(sql, out var statement))
        {
            prepared[sql] = statement = new SqliteStatement(connection!, sql);
        }

        return statement;
    }

    private void Forget()
    {
        foreach (var statement in prepared.Values)
        {
            statement.Dispose();
        }

        prepared.Clear();
        connection?.Dispose();
        connection = null;
    }
}

/// <summary>What a trusting group took to be so is not.</summary>
internal sealed class OutdatedException(string message) : Exception(message);
