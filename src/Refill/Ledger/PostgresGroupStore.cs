using Npgsql;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// The ledger on PostgreSQL: one round trip writes a group that trusts what it knows, and a careful one has another before, to read and lock what it needs; statements over arrays.
/// Rows are locked and inserted in the order of their keys, so that several processes on one database wait for each other and do not deadlock.
/// </summary>
internal sealed class PostgresGroupStore(Database database) : GroupStore
{
    private const string Session = "SET statement_timeout = 0; SET application_name = 'refill committer'; SET idle_in_transaction_session_timeout = '10s'"; // It would cancel a commit, too: PatientCommit.

    // The transaction's number is what the server can be asked about if the connection is lost while it commits.
    private const string TransactionNumber = "SELECT pg_current_xact_id()::text";

    // A group written in one round trip has no number yet when the connection is lost. It holds this lock, until it is committed or gone; the key is the connection's own.
    private const string Begun = "SELECT pg_advisory_xact_lock($1)";

    private const string SelectAnswers = $"SELECT a.cell, a.id, a.answer FROM answer a JOIN ({RowSql.Keys}) k ON a.cell = k.cell AND a.id = k.id";

    private const string SelectAccounts = $"""
        SELECT a.cell, a.id, a.purpose, a.unit, a.owner, a.floor, a.balance, a.postings, a.last_transfer FROM account a
        JOIN ({RowSql.Keys}) k ON a.cell = k.cell AND a.id = k.id
        """;

    private const string SelectTransfers = $"SELECT t.id, t.postings FROM transfer t JOIN ({RowSql.Keys}) k ON t.cell = k.cell AND t.id = k.id";

    private const string LockAccounts = SelectAccounts + " ORDER BY a.cell, a.id FOR UPDATE OF a";

    private const string InsertAnswers = $"INSERT INTO answer (cell, id, answer) {RowSql.Keys}, unnest($3::bytea[])";

    private const string InsertAccounts = $"""
        INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings, last_transfer)
        {RowSql.Keys}, unnest($3::text[]), unnest($4::text[]), unnest($5::uuid[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::uuid[])
        """;

    private static readonly string UpdateAccounts = RowSql.AllOf($"""
        UPDATE account a SET balance = v.balance, postings = v.postings, last_transfer = v.last
        FROM ({RowSql.Keys}, unnest($3::bigint[]) AS balance, unnest($4::bigint[]) AS postings, unnest($5::bigint[]) AS expected, unnest($6::uuid[]) AS last) v
        WHERE a.cell = v.cell AND a.id = v.id AND a.postings = v.expected
        """);

    private const string InsertTransfers = $"INSERT INTO transfer (cell, id, kind, subject, postings) {RowSql.Keys}, unnest($3::text[]), unnest($4::uuid[]), unnest($5::bytea[])";

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
            connection = await database.OpenKeptAsync(Session);
            lockKey = Random.Shared.NextInt64();
        }

        (transactionNumber, isBegun) = (null, false);
        if (group is { IsTrusting: true, HasTransfers: true, UnknownAccounts.Count: 0 })
        {
            return;
        }

        isBegun = true;
        var tables = group.IsTrusting ? [] : ByTable(group.Rows);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("BEGIN").Add(TransactionNumber);
        if (group.Answers.Count > 0)
        {
            var ids = new List<AnswerId>(group.Answers.Keys);
            batch.Add(SelectAnswers, PgArray.Cells(ids, id => id.Cell), PgArray.Uuids(ids, id => id.Id));
        }

        foreach (var (table, rows) in tables)
        {
            batch.Add(RowSql.SelectVersions(table), PgArray.Cells(rows, row => row.Id.Cell), PgArray.Uuids(rows, row => row.Id.Id));
        }

        if (group.UnknownAccounts is { Count: > 0 } unknown)
        {
            batch.Add(group.IsTrusting ? SelectAccounts : LockAccounts, PgArray.Cells(unknown, draft => draft.Account.Cell), PgArray.Uuids(unknown, draft => draft.Account.Id));
        }

        var ofOwners = group.UnknownOfOwners.ToLookup(draft => draft.Account.Owner);
        if (ofOwners.Count > 0)
        {
            var owners = ofOwners.Select(owned => owned.Key).ToList();
            batch.Add(SelectTransfers, PgArray.Cells(owners, CellId.CellOf), PgArray.Uuids(owners, id => id));
        }

        await using var reader = await batch.ExecuteReaderAsync();
        await reader.ReadAsync();
        transactionNumber = reader.GetString(0);
        if (group.Answers.Count > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                group.Answers[new AnswerId(new Cell((byte)reader.GetInt16(0)), reader.GetGuid(1))] = new StoredAnswer(reader.GetFieldValue<byte[]>(2));
            }
        }

        foreach (var (table, _) in tables)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                var row = group.Row(new RowId(table, new Cell((byte)reader.GetInt16(0)), reader.GetGuid(1)));
                row.StoredVersion = row.Version = reader.GetInt64(2);
            }
        }

        if (group.UnknownAccounts.Count > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                var account = new Account(reader.GetGuid(1), new Cell((byte)reader.GetInt16(0)), reader.GetString(2), new Unit(reader.GetString(3)), reader.GetGuid(4), reader.GetInt64(5));
                group.AccountOf(account.Id).Found(account, reader.GetInt64(6), reader.GetInt64(7), reader.GetGuid(8));
            }
        }

        if (ofOwners.Count > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
            {
                foreach (var draft in ofOwners[reader.GetGuid(0)].Where(draft => !draft.IsStored))
                {
                    draft.FoundInTransfer(reader.GetFieldValue<byte[]>(1));
                }
            }
        }
    }

    public override async Task WriteAsync(Group group)
    {
        // Statements that are sent in one go are one transaction by themselves (PostgreSQL's protocol, "Pipelining"), which ends with the last of them.
        var batch = new NpgsqlBatch(connection);
        if (!isBegun)
        {
            batch.Add(Begun, new NpgsqlParameter<long> { TypedValue = lockKey });
        }

        AddRows(batch, group);
        AddAccounts(batch, group);
        if (group.Transfers is { Count: > 0 } transfers)
        {
            batch.Add(InsertTransfers,
                PgArray.Cells(transfers, t => t.Cell), PgArray.Uuids(transfers, t => t.Transfer.Id), PgArray.Texts(transfers, t => t.Transfer.Kind), PgArray.Uuids(transfers, t => t.Transfer.Subject), PgArray.Bytes(transfers, t => t.Postings));
        }

        if (group.NewAnswers is { Count: > 0 } answers)
        {
            answers.Sort(static (one, other) => one.Id.CompareTo(other.Id));
            batch.Add(InsertAnswers, PgArray.Cells(answers, a => a.Id.Cell), PgArray.Uuids(answers, a => a.Id.Id), PgArray.Bytes(answers, a => a.Answer.Kept));
        }

        if (isBegun)
        {
            batch.Add("COMMIT");
        }

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
        return await new PostgresDoubt(fresh, transactionNumber, lockKey).WasCommittedAsync(group);
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
        foreach (var (table, rows) in ByTable(group.Rows.Where(static row => row.IsChanged)))
        {
            rows.Sort(static (one, other) => (one.Id.Cell.Number, one.Id.Id).CompareTo((other.Id.Cell.Number, other.Id.Id)));
            AddRows(batch, table, rows.FindAll(static row => row is { StoredVersion: 0, IsDeleted: false }), RowSql.InsertMany(table), areNew: true);
            AddRows(batch, table, rows.FindAll(static row => row is { StoredVersion: > 0, IsDeleted: false }), RowSql.UpdateMany(table), areNew: false);
            if (rows.FindAll(static row => row is { StoredVersion: > 0, IsDeleted: true }) is { Count: > 0 } deleted)
            {
                batch.Add(RowSql.DeleteMany(table), PgArray.Cells(deleted, row => row.Id.Cell), PgArray.Uuids(deleted, row => row.Id.Id), PgArray.Longs(deleted, row => row.StoredVersion));
            }
        }
    }

    private static void AddRows(NpgsqlBatch batch, VersionedTable table, List<RowDraft> rows, string sql, bool areNew)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var parameters = new NpgsqlParameter[table.Columns.Length + (areNew ? 3 : 4)];
        (parameters[0], parameters[1], parameters[2]) = (PgArray.Cells(rows, row => row.Id.Cell), PgArray.Uuids(rows, row => row.Id.Id), PgArray.Longs(rows, row => row.Version));
        for (var index = 0; index < table.Columns.Length; index++)
        {
            parameters[index + 3] = PgArray.Column(table.Columns[index].Type, rows, index);
        }

        if (!areNew)
        {
            parameters[^1] = PgArray.Longs(rows, row => row.StoredVersion);
        }

        batch.Add(sql, parameters);
    }

    private static void AddAccounts(NpgsqlBatch batch, Group group)
    {
        var (opened, moved, summed) = (new List<AccountDraft>(), new List<AccountDraft>(), new List<Delta>());
        foreach (var draft in group.Accounts)
        {
            if (!draft.IsChanged || draft.NeedsNoRow)
            {
                continue;
            }

            if (draft.Account.IsSummed)
            {
                summed.Add(new Delta(draft.Account.Id, draft.Balance, draft.Postings));
            }

            if (!draft.IsStored || !draft.Account.IsSummed)
            {
                (draft.IsStored ? moved : opened).Add(draft);
            }
        }

        if (opened.Count > 0)
        {
            opened.Sort(static (one, other) => (one.Account.Cell.Number, one.Account.Id).CompareTo((other.Account.Cell.Number, other.Account.Id)));
            batch.Add(InsertAccounts,
                PgArray.Cells(opened, a => a.Account.Cell), PgArray.Uuids(opened, a => a.Account.Id), PgArray.Texts(opened, a => a.Account.Purpose), PgArray.Texts(opened, a => a.Account.Unit.Code),
                PgArray.Uuids(opened, a => a.Account.Owner), PgArray.Longs(opened, a => a.Account.Floor), PgArray.Longs(opened, a => a.Account.IsSummed ? 0 : a.Balance), PgArray.Longs(opened, a => a.Account.IsSummed ? 0 : a.Postings), PgArray.Uuids(opened, a => a.Last));
        }

        if (moved.Count > 0)
        {
            moved.Sort(static (one, other) => (one.Account.Cell.Number, one.Account.Id).CompareTo((other.Account.Cell.Number, other.Account.Id)));
            batch.Add(UpdateAccounts,
                PgArray.Cells(moved, a => a.Account.Cell), PgArray.Uuids(moved, a => a.Account.Id), PgArray.Longs(moved, a => a.Balance), PgArray.Longs(moved, a => a.Postings), PgArray.Longs(moved, a => a.StoredPostings), PgArray.Uuids(moved, a => a.Last));
        }

        if (summed.Count > 0)
        {
            var cell = CellId.CellOf(summed[0].AccountId);
            batch.Add(Tallies.Insert, new NpgsqlParameter<short> { TypedValue = cell.Number }, new NpgsqlParameter<Guid> { TypedValue = CellId.New(cell, TimeProvider.System) }, new NpgsqlParameter<byte[]> { TypedValue = Tallies.Pack(summed) });
        }
    }

    /// <summary>By table, in the order of their names: the same for every process.</summary>
    private static List<(VersionedTable Table, List<RowDraft> Rows)> ByTable(IEnumerable<RowDraft> rows)
    {
        var tables = new List<(VersionedTable Table, List<RowDraft> Rows)>();
        foreach (var row in rows)
        {
            var index = tables.FindIndex(known => known.Table == row.Id.Table);
            if (index < 0)
            {
                index = tables.Count;
                tables.Add((row.Id.Table, []));
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
