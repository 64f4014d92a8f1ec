using Npgsql;
using NpgsqlTypes;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// The ledger on PostgreSQL: one round trip writes a group that trusts what it knows, and a careful one has another before, to read and lock what it needs; statements over arrays.
/// Rows are locked and inserted in the order of their keys, so that several processes on one database wait for each other and do not deadlock.
/// </summary>
internal sealed class PostgresGroupStore(Database database) : GroupStore
{
    // The committer looks rows up by primary key and nothing else. Its plans are fixed to that and prepared once; a plan made while a table was small would else read all of it for ever.
    private const string Session = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; "
        + "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '10s'"; // It would cancel a commit, too: PatientCommit.

    // The transaction's number is what the server can be asked about if the connection is lost while it commits.
    private const string TransactionNumber = "SELECT pg_current_xact_id()::text";

    private const string InProgress = "in progress";

    // A standby may not have heard of it yet, though it will.
    private const string TransactionStatus = "SELECT CASE WHEN pg_is_in_recovery() THEN 'in progress' ELSE pg_xact_status($1::text::xid8) END FROM pg_sleep(0.1)";

    /// <summary>How often the server is asked about a commit that it is still busy with: for 10 seconds.</summary>
    private const int MaxStatusQuestions = 100;

    // A group written in one round trip has no number yet when the connection is lost. It holds this lock, until it is committed or gone; the key is the connection's own.
    private const string Begun = "SELECT pg_advisory_xact_lock($1)";

    private const string SelectAnswers = """
        SELECT a.cell, a.id, a.body_hash, a.answer FROM answer a
        JOIN unnest($1::smallint[], $2::uuid[]) AS k(cell, id) ON a.cell = k.cell AND a.id = k.id
        """;

    private const string SelectAccounts = """
        SELECT a.cell, a.id, a.purpose, a.unit, a.owner, a.floor, a.balance, a.postings FROM account a
        JOIN unnest($1::smallint[], $2::uuid[]) AS k(cell, id) ON a.cell = k.cell AND a.id = k.id
        """;

    private const string LockAccounts = SelectAccounts + " ORDER BY a.cell, a.id FOR UPDATE OF a";

    private const string InsertAnswers = "INSERT INTO answer (cell, id, body_hash, answer, at) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[])";

    private const string InsertAccounts = """
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings)
        SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[])
        """;

    private static readonly string UpdateAccounts = RowSql.AllOf("""
        UPDATE account a SET balance = v.balance, postings = v.postings
        FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS v(cell, id, balance, postings, expected)
        WHERE a.cell = v.cell AND a.id = v.id AND a.postings = v.expected
        """);

    private const string InsertTransfers = "INSERT INTO transfer (cell, id, kind, subject, at) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[])";

    private const string InsertPostings = """
        INSERT INTO posting (cell, account_id, sequence, transfer_id, amount, balance_after)
        SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[])
        """;

    private readonly PatientCommit commits = new();
    private NpgsqlConnection? connection;
    private long lockKey;
    private string? transactionNumber;
    private bool isBegun;

    public override bool Blocks => false;

    public override async Task LoadAsync(Group group)
    {
        commits.ThrowIfUnderWay();
        if (connection is null)
        {
            connection = await database.OpenCommitterAsync(Session);
            lockKey = Random.Shared.NextInt64();
        }

        (transactionNumber, isBegun) = (null, false);
        if (group is { IsTrusting: true, HasTransfers: true, UnknownAccounts.Count: 0 })
        {
            return;
        }

        isBegun = true;
        var tables = group.IsTrusting ? [] : ByTable(group.Rows.Keys, row => row.Table);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("BEGIN").Add(TransactionNumber);
        if (group.Answers.Count > 0)
        {
            var ids = new List<AnswerId>(group.Answers.Keys);
            batch.Add(SelectAnswers, PgArray.Cells(ids, id => id.Cell), PgArray.Uuids(ids, id => id.Id));
        }

        foreach (var (table, rows) in tables)
        {
            batch.Add(RowSql.SelectVersions(table), PgArray.Cells(rows, row => row.Cell), PgArray.Uuids(rows, row => row.Id));
        }

        if (group.UnknownAccounts is { Count: > 0 } unknown)
        {
            batch.Add(group.IsTrusting ? SelectAccounts : LockAccounts, PgArray.Cells(unknown, CellId.CellOf), PgArray.Uuids(unknown, id => id));
        }

        await using var reader = await batch.ExecuteReaderAsync();
        await reader.ReadAsync();
        transactionNumber = reader.GetString(0);
        if (group.Answers.Count > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                group.Answers[new AnswerId(new Cell((byte)reader.GetInt16(0)), reader.GetGuid(1))] = new StoredAnswer(reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<byte[]>(3));
            }
        }

        foreach (var (table, _) in tables)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                var row = group.Rows[new RowId(table, new Cell((byte)reader.GetInt16(0)), reader.GetGuid(1))];
                row.StoredVersion = row.Version = reader.GetInt64(2);
            }
        }

        if (group.UnknownAccounts.Count > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                var account = new Account(reader.GetGuid(1), new Cell((byte)reader.GetInt16(0)), reader.GetString(2), new Unit(reader.GetString(3)), reader.GetGuid(4), reader.GetInt64(5));
                group.Accounts[account.Id] = new AccountDraft { Account = account, IsStored = true, StoredPostings = reader.GetInt64(7), Balance = reader.GetInt64(6), Postings = reader.GetInt64(7) };
            }
        }
    }

    public override async Task WriteAsync(Group group, long nowMilliseconds)
    {
        var batch = new NpgsqlBatch(connection);
        if (!isBegun)
        {
            batch.Add("BEGIN").Add(Begun, new NpgsqlParameter<long> { TypedValue = lockKey });
            isBegun = true;
        }

        AddRows(batch, group);
        AddAccounts(batch, group);
        if (group.Transfers is { Count: > 0 } transfers)
        {
            var postings = group.Postings;
            batch.Add(InsertTransfers,
                PgArray.Cells(transfers, t => t.Cell), PgArray.Uuids(transfers, t => t.Transfer.Id), PgArray.Texts(transfers, t => t.Transfer.Kind), PgArray.Uuids(transfers, t => t.Transfer.Subject), PgArray.Longs(transfers, _ => nowMilliseconds));
            batch.Add(InsertPostings,
                PgArray.Cells(postings, p => p.Cell), PgArray.Uuids(postings, p => p.AccountId), PgArray.Longs(postings, p => p.Sequence), PgArray.Uuids(postings, p => p.TransferId), PgArray.Longs(postings, p => p.Amount), PgArray.Longs(postings, p => p.BalanceAfter));
        }

        if (group.NewAnswers is { Count: > 0 } answers)
        {
            answers.Sort(static (one, other) => one.Id.CompareTo(other.Id));
            batch.Add(InsertAnswers,
                PgArray.Cells(answers, a => a.Id.Cell), PgArray.Uuids(answers, a => a.Id.Id),
                PgArray.Of(answers, a => a.BodyHash, NpgsqlDbType.Bytea), PgArray.Of(answers, a => a.Answer, NpgsqlDbType.Bytea), PgArray.Longs(answers, _ => nowMilliseconds));
        }

        batch.Add("COMMIT");
        try
        {
            if (await commits.ExecuteAsync(connection!, batch))
            {
                return;
            }
        }
        catch (Exception error) when (error is not PostgresException { InvariantSeverity: "ERROR" })
        {
            // The server said ERROR: it certainly rolls back. Anything else, and COMMIT may have been on its way.
            throw new InDoubtException(error);
        }

        connection = null;
        throw new InDoubtException(new TimeoutException("the commit takes too long"));
    }

    public override async Task RollbackAsync()
    {
        if (!isBegun)
        {
            return;
        }

        isBegun = false;
        try
        {
            if (connection is { FullState: System.Data.ConnectionState.Open })
            {
                await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync();
                return;
            }
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException or IOException or TimeoutException)
        {
            // The connection is of no use any more; the next group gets a new one.
        }

        await ForgetAsync();
    }

    public override async Task<bool?> WasCommittedAsync(Group group)
    {
        await ForgetAsync();
        await using var fresh = (NpgsqlConnection)await database.OpenConnectionAsync(CancellationToken.None);
        var status = transactionNumber is null ? await OverAsync(fresh) ? null : InProgress : await FinalStatusAsync(fresh);
        if (status == InProgress)
        {
            return null;
        }

        // The number alone is no proof: a server that crashed may give it to another transaction. Ids of our own making are. And should the server after all begin only now what it was sent
        // (nobody can exclude that), the same ids keep it from being done twice.
        if (group.Transfers is [var (cell, transfer), ..])
        {
            return await VersionAsync(fresh, "SELECT 1::bigint FROM transfer WHERE cell = $1 AND id = $2", cell, transfer.Id) > 0;
        }

        foreach (var (id, row) in group.Rows)
        {
            if (row is { IsChanged: true, IsDeleted: false })
            {
                var version = await VersionAsync(fresh, $"SELECT version FROM {id.Table.Name} WHERE cell = $1 AND id = $2", id.Cell, id.Id);
                return version >= row.Version && (row.StoredVersion == 0 || status == "committed");
            }
        }

        return status switch { "committed" => true, "aborted" => false, _ => null };
    }

    /// <summary>Whether nothing of ours is under way on the server any more; waits for it.</summary>
    private async Task<bool> OverAsync(NpgsqlConnection fresh)
    {
        for (var question = 0; question < MaxStatusQuestions; question++)
        {
            await using var command = new NpgsqlCommand("SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE pg_try_advisory_xact_lock($1) END FROM pg_sleep(0.1)", fresh) { Parameters = { new NpgsqlParameter<long> { TypedValue = lockKey } } };
            if (await command.ExecuteScalarAsync() is true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What became of the transaction; waits while the server is still busy with it. Null: this server does not know it.</summary>
    private async Task<string?> FinalStatusAsync(NpgsqlConnection fresh)
    {
        string? status = null;
        for (var question = 0; question < MaxStatusQuestions; question++)
        {
            await using var command = new NpgsqlCommand(TransactionStatus, fresh) { Parameters = { new NpgsqlParameter { Value = transactionNumber, NpgsqlDbType = NpgsqlDbType.Text } } };
            try
            {
                status = await command.ExecuteScalarAsync() as string;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidParameterValue)
            {
                return null; // "in the future": the server crashed and has forgotten it.
            }

            if (status != InProgress)
            {
                break;
            }
        }

        return status;
    }

    private static async Task<long> VersionAsync(NpgsqlConnection connection, string sql, Cell cell, Guid id)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter { Value = (short)cell.Number }, new NpgsqlParameter { Value = id } } };
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }

    /// <summary>
    /// Serialization failure, deadlock, a unique key that another process took meanwhile, a row or account that it changed (a division by zero, RowSql.AllOf): in the way. What is not the server's own word about a statement,
    /// and a server that is going down or coming up or only follows another: unreachable.
    /// </summary>
    public override Verdict Judge(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DivisionByZero } => Verdict.InTheWay,
        _ when Database.IsOutOfReach(error) => Verdict.Unreachable,
        PostgresException => Verdict.Refused,
        IOException or TimeoutException or System.Net.Sockets.SocketException => Verdict.Unreachable,
        _ => Verdict.Refused,
    };

    public override async ValueTask DisposeAsync() => await ForgetAsync();

    private static void AddRows(NpgsqlBatch batch, Group group)
    {
        foreach (var (table, rows) in ByTable(group.Rows, row => row.Key.Table))
        {
            rows.RemoveAll(static row => !row.Value.IsChanged);
            rows.Sort(static (one, other) => (one.Key.Cell.Number, one.Key.Id).CompareTo((other.Key.Cell.Number, other.Key.Id)));
            AddRows(batch, table, rows.FindAll(static row => row.Value is { StoredVersion: 0, IsDeleted: false }), RowSql.InsertMany(table), areNew: true);
            AddRows(batch, table, rows.FindAll(static row => row.Value is { StoredVersion: > 0, IsDeleted: false }), RowSql.UpdateMany(table), areNew: false);
            if (rows.FindAll(static row => row.Value is { StoredVersion: > 0, IsDeleted: true }) is { Count: > 0 } deleted)
            {
                batch.Add(RowSql.DeleteMany(table), PgArray.Cells(deleted, row => row.Key.Cell), PgArray.Uuids(deleted, row => row.Key.Id), PgArray.Longs(deleted, row => row.Value.StoredVersion));
            }
        }
    }

    private static void AddRows(NpgsqlBatch batch, VersionedTable table, List<KeyValuePair<RowId, RowDraft>> rows, string sql, bool areNew)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var parameters = new NpgsqlParameter[table.Columns.Length + (areNew ? 3 : 4)];
        (parameters[0], parameters[1], parameters[2]) = (PgArray.Cells(rows, row => row.Key.Cell), PgArray.Uuids(rows, row => row.Key.Id), PgArray.Longs(rows, row => row.Value.Version));
        for (var index = 0; index < table.Columns.Length; index++)
        {
            var column = index;
            parameters[index + 3] = PgArray.Column(table.Columns[column].Type, rows, row => row.Value.Change!.Values!.Value[column]);
        }

        if (!areNew)
        {
            parameters[^1] = PgArray.Longs(rows, row => row.Value.StoredVersion);
        }

        batch.Add(sql, parameters);
    }

    private static void AddAccounts(NpgsqlBatch batch, Group group)
    {
        var (opened, moved) = (new List<AccountDraft>(), new List<AccountDraft>());
        foreach (var draft in group.Accounts.Values)
        {
            if (draft is { IsChanged: true })
            {
                (draft.IsStored ? moved : opened).Add(draft);
            }
        }

        if (opened.Count > 0)
        {
            opened.Sort(static (one, other) => (one.Account.Cell.Number, one.Account.Id).CompareTo((other.Account.Cell.Number, other.Account.Id)));
            batch.Add(InsertAccounts,
                PgArray.Cells(opened, a => a.Account.Cell), PgArray.Uuids(opened, a => a.Account.Id), PgArray.Texts(opened, a => a.Account.Purpose), PgArray.Texts(opened, a => a.Account.Unit.Code),
                PgArray.Uuids(opened, a => a.Account.Owner), PgArray.Longs(opened, a => a.Account.Floor), PgArray.Longs(opened, a => a.Balance), PgArray.Longs(opened, a => a.Postings));
        }

        if (moved.Count > 0)
        {
            moved.Sort(static (one, other) => (one.Account.Cell.Number, one.Account.Id).CompareTo((other.Account.Cell.Number, other.Account.Id)));
            batch.Add(UpdateAccounts,
                PgArray.Cells(moved, a => a.Account.Cell), PgArray.Uuids(moved, a => a.Account.Id), PgArray.Longs(moved, a => a.Balance), PgArray.Longs(moved, a => a.Postings), PgArray.Longs(moved, a => a.StoredPostings));
        }
    }

    /// <summary>By table, in the order of their names: the same for every process.</summary>
    private static List<(VersionedTable Table, List<T> Rows)> ByTable<T>(IEnumerable<T> rows, Func<T, VersionedTable> tableOf)
    {
        var tables = new List<(VersionedTable Table, List<T> Rows)>();
        foreach (var row in rows)
        {
            var table = tableOf(row);
            var index = tables.FindIndex(known => known.Table == table);
            if (index < 0)
            {
                index = tables.Count;
                tables.Add((table, []));
            }

            tables[index].Rows.Add(row);
        }

        tables.Sort(static (one, other) => string.CompareOrdinal(one.Table.Name, other.Table.Name));
        return tables;
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
