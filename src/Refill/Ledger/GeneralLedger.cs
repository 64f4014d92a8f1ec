using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>A line of an account's history.</summary>
public sealed record Entry(long Sequence, Guid TransferId, string Kind, Guid Subject, long Amount, long BalanceAfter, DateTimeOffset At);

/// <summary>How commits are grouped; what is answered does not depend on it.</summary>
/// <param name="MaxGroup">Commits that one transaction holds at most, 1 to 512. 1 is one transaction for each: for comparison.</param>
/// <param name="Committers">On PostgreSQL, each for its share of the cells, 1 to 16. SQLite has one writer by nature.</param>
public sealed record LedgerOptions(int MaxGroup = LedgerOptions.MostInGroup, int Committers = LedgerOptions.UsualCommitters)
{
    public const int MostInGroup = 512;
    public const int UsualCommitters = 1;
    public const int MostCommitters = 16;
}

/// <summary>
/// The ledger's door: commits go in, outcomes come out after they are durable. One committer per partition takes whatever waits,
/// decides it in memory in order and writes it as one transaction (group commit).
/// </summary>
public sealed class GeneralLedger : IAsyncDisposable
{
    /// <summary>The most entries that one page of history has.</summary>
    public const int MaxPage = 200;

    private readonly Database database;
    private readonly Committer[] committers;

    public GeneralLedger(Database database, TimeProvider time)
        : this(database, time, new LedgerOptions())
    {
    }

    public GeneralLedger(Database database, TimeProvider time, LedgerOptions options)
    {
        this.database = database;
        committers = database.Options.Kind == DatabaseKind.Sqlite
            ? [new Committer(new SqliteGroupStore(database), options.MaxGroup, time)]
            : [.. Enumerable.Range(0, options.Committers).Select(_ => new Committer(new PostgresGroupStore(database), options.MaxGroup, time))];
    }

    /// <summary>Queues a commit and waits until it is durable. A caller that stops waiting does not undo it: what happened stands behind its key.</summary>
    /// <exception cref="CommitterBusyException">The queue is full; nothing was done.</exception>
    /// <exception cref="CommitUnknownException">The database did not say whether the commit happened.</exception>
    /// <exception cref="InvalidOperationException">A broken invariant: postings that do not sum to zero, an account of another cell or unit, a floor that differs.</exception>
    public Task<CommitOutcome> CommitAsync(Commit commit, CancellationToken cancellation = default)
    {
        CommitRules.Check(commit);
        cancellation.ThrowIfCancellationRequested();
        var outcome = committers[commit.Cell.Number * committers.Length / Cell.Count].EnqueueAsync(commit);
        return cancellation.CanBeCanceled ? outcome.WaitAsync(cancellation) : outcome;
    }

    /// <summary>The balance in the account's unit, 0 if nothing was ever posted. One row read.</summary>
    public async Task<long> BalanceAsync(Account account, CancellationToken cancellation = default)
    {
        short cell = account.Cell.Number;
        await using var db = database.Open();
        return await db.Set<AccountRow>().Where(row => row.Cell == cell && row.Id == account.Id).Select(row => row.Balance).FirstOrDefaultAsync(cancellation);
    }

    /// <summary>The account's entries, newest first, those with a sequence below <paramref name="before"/>; at most <paramref name="limit"/> (1-200).</summary>
    public async Task<IReadOnlyList<Entry>> HistoryAsync(Account account, long before = long.MaxValue, int limit = 50, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxPage);
        short cell = account.Cell.Number;
        await using var db = database.Open();
        var postings = await db.Set<PostingRow>().AsNoTracking()
            .Where(posting => posting.Cell == cell && posting.AccountId == account.Id && posting.Sequence < before)
            .OrderByDescending(posting => posting.Sequence)
            .Take(limit)
            .ToListAsync(cancellation);

        // A transfer may stand in another cell than its posting: they are found by their ids, which say where.
        var (cells, ids) = (postings.Select(posting => (short)CellId.CellOf(posting.TransferId).Number).Distinct().ToList(), postings.Select(posting => posting.TransferId).ToList());
        var transfers = await db.Set<TransferRow>().AsNoTracking().Where(transfer => cells.Contains(transfer.Cell) && ids.Contains(transfer.Id)).ToDictionaryAsync(transfer => transfer.Id, cancellation);
        return [.. postings.Select(posting => Read(posting, transfers[posting.TransferId]))];
    }

    private static Entry Read(PostingRow posting, TransferRow transfer) => new(posting.Sequence, transfer.Id, transfer.Kind, transfer.Subject, posting.Amount, posting.BalanceAfter, transfer.At);

    /// <summary>What a commit under this key would be answered, or null if none has used it.</summary>
    public async Task<CommitOutcome?> FindAnswerAsync(Cell cell, IdempotencyKey key, CancellationToken cancellation = default)
    {
        short number = cell.Number;
        var id = AnswerId.Of(cell, key).Id;
        await using var db = database.Open();
        var row = await db.Set<AnswerRow>().AsNoTracking().FirstOrDefaultAsync(answer => answer.Cell == number && answer.Id == id, cancellation);
        return row is null ? null : key.BodyHash.AsSpan().SequenceEqual(row.BodyHash) ? new CommitOutcome.Replayed(row.Answer) : new CommitOutcome.KeyReused();
    }

    /// <summary>Finishes what is queued, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var committer in committers)
        {
            await committer.StopAsync();
        }
    }
}
