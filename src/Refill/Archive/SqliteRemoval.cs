using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Archive;

/// <summary>On SQLite rows are deleted a few at a time, a top-up only at the very version that the file has of it; and as long as each few took the file is left to the committer: there is one writer.</summary>
internal sealed class SqliteRemoval : Removal
{
    private const string DeleteTopUp = "DELETE FROM top_up WHERE cell = ?1 AND id = ?2 AND version = ?3";
    private const string FindTopUp = "SELECT 1 FROM top_up WHERE cell = ?1 AND id = ?2";
    private const string DeletePayments = "DELETE FROM payment WHERE cell = ?1 AND top_up_id = ?2";
    private const string DeleteSteps = "DELETE FROM top_up_step WHERE cell = ?1 AND top_up_id = ?2";
    private const string DeleteTransfer = "DELETE FROM transfer WHERE cell = ?1 AND id = ?2";
    private const string OpenAccount = "INSERT INTO account (cell, id, purpose, unit, owner, floor, balance, postings, last_transfer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    private const string UpdateRow = "UPDATE archive SET revived = ?1, sums = ?2 WHERE month = ?3";

    private readonly Database database;
    private readonly FileLock alone;
    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteStatement> prepared = [];

    private SqliteRemoval(Database database, FileLock alone, SqliteConnection connection) => (this.database, this.alone, this.connection) = (database, alone, connection);

    public static new async Task<Removal?> TryBeginAsync(Database database, CancellationToken cancellation)
    {
        if (FileLock.TryTake(database.LockFile("archive")) is not { } alone)
        {
            return null;
        }

        try
        {
            return new SqliteRemoval(database, alone, (SqliteConnection)await database.OpenConnectionAsync(cancellation));
        }
        catch
        {
            alone.Dispose();
            throw;
        }
    }

    /// <summary>Nothing leaves yet: whatever changes until it is removed is seen then.</summary>
    public override async Task<bool> BookAsync(ArchiveRow row, Leaving leaving, Guid firstNewId, CancellationToken cancellation)
    {
        await using var db = database.Open();
        db.Add(row);
        await db.SaveChangesAsync(cancellation);
        return true;
    }

    public override async Task OpenAccountsAsync(IReadOnlyList<AccountRow> accounts, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        await using (var transaction = connection.BeginTransaction())
        {
            foreach (var account in accounts)
            {
                Statement(OpenAccount).Bind(1, account.Cell).Bind(2, account.Id).Bind(3, account.Purpose).Bind(4, account.Unit).Bind(5, account.Owner).Bind(6, account.Floor).Bind(7, account.Balance).Bind(8, account.Postings)
                    .Bind(9, account.LastTransfer).Run();
            }

            transaction.Commit();
        }

        await Task.Delay(Stopwatch.GetElapsedTime(begun), cancellation);
    }

    public override async Task RemoveAsync(ArchiveRow row, IReadOnlyList<ArchivedSubject> chunk, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        await using (var transaction = connection.BeginTransaction())
        {
            var revived = chunk.Where(subject => !Remove(subject)).ToList();
            if (revived.Count > 0)
            {
                Revive(row, revived);
                Statement(UpdateRow).Bind(1, row.Revived.AsSpan()).Bind(2, row.Sums.AsSpan()).Bind(3, row.Month).Run();
            }

            transaction.Commit();
        }

        await Task.Delay(Stopwatch.GetElapsedTime(begun), cancellation);
    }

    public override ValueTask DisposeAsync()
    {
        foreach (var statement in prepared.Values)
        {
            statement.Dispose();
        }

        connection.Dispose();
        alone.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>False: the top-up has changed, and nothing about it was removed.</summary>
    private bool Remove(ArchivedSubject subject)
    {
        if (subject.TopUp is { } topUp)
        {
            var cell = CellId.CellOf(topUp.Id).Number;
            if (Statement(DeleteTopUp).Bind(1, cell).Bind(2, topUp.Id).Bind(3, topUp.Version).Run() == 0 && IsThere(cell, topUp.Id))
            {
                return false;
            }

            Statement(DeletePayments).Bind(1, cell).Bind(2, topUp.Id).Run();
            Statement(DeleteSteps).Bind(1, cell).Bind(2, topUp.Id).Run();
        }

        foreach (var transfer in subject.Transfers)
        {
            Statement(DeleteTransfer).Bind(1, CellId.CellOf(transfer.Id).Number).Bind(2, transfer.Id).Run();
        }

        return true;
    }

    /// <summary>What the file says of these does not count.</summary>
    private static void Revive(ArchiveRow row, IEnumerable<ArchivedSubject> revived)
    {
        var sums = new SharedSums(row.Sums);
        foreach (var subject in revived)
        {
            row.Revived = [.. row.Revived, .. subject.TopUp!.Id.ToByteArray(bigEndian: true)];
            foreach (var transfer in subject.Transfers)
            {
                sums.Remove(transfer, subject.TopUp.Id);
            }
        }

        row.Sums = sums.Packed;
    }

    private bool IsThere(byte cell, Guid id)
    {
        var found = Statement(FindTopUp).Bind(1, cell).Bind(2, id);
        var isThere = found.Step();
        found.Reset();
        return isThere;
    }

    private SqliteStatement Statement(string sql) => prepared.TryGetValue(sql, out var statement) ? statement : prepared[sql] = new SqliteStatement(connection, sql);
}
