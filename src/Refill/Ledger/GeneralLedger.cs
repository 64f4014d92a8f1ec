using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>A line of an account's history.</summary>
/// <param name="At">When its transfer was decided, to the millisecond.</param>
/// <param name="Before">Where the history goes on, backwards; null: this was the first.</param>
public sealed record Entry(long Sequence, Guid TransferId, string Kind, Guid Subject, long Amount, long BalanceAfter, DateTimeOffset At, EntryCursor? Before);

/// <summary>A posting of an account: its number, and the transfer that holds it.</summary>
public readonly record struct EntryCursor(long Sequence, Guid TransferId);

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

    private static readonly TimeSpan CarryOverEvery = TimeSpan.FromSeconds(1);

    private readonly Database database;
    private readonly Committer[] committers;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task carrying;
    private int isStopped;

    public GeneralLedger(Database database)
        : this(database, new LedgerOptions())
    {
    }

    public GeneralLedger(Database database, LedgerOptions options)
    {
        this.database = database;
        committers = database.Options.Kind == DatabaseKind.Sqlite
            ? [new Committer(new SqliteGroupStore(database), options.MaxGroup)]
            : [.. Enumerable.Range(0, options.Committers).Select(_ => new Committer(new PostgresGroupStore(database), options.MaxGroup))];
        carrying = database.Options.Kind == DatabaseKind.Sqlite ? Task.CompletedTask : CarryOverAsync(stopping.Token);
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

    /// <summary>The balance in the account's unit, 0 if nothing was ever posted.</summary>
    public async Task<long> BalanceAsync(Account account, CancellationToken cancellation = default)
    {
        short cell = account.Cell.Number;
        await using var db = database.Open();
        var rows = db.Set<AccountRow>().Where(row => row.Cell == cell && row.Id == account.Id).Select(row => row.Balance);
        if (!account.IsSummed)
        {
            return await rows.Select(balance => (long?)balance).FirstOrDefaultAsync(cancellation) ?? (await FirstAsync(db, account, cancellation))?.BalanceAfter ?? 0;
        }

        // In one snapshot, or what is carried over between the two would be missed or counted twice.
        await using var snapshot = await db.SnapshotAsync(cancellation);
        return await rows.FirstOrDefaultAsync(cancellation) + (await Tallies.PendingAsync(db, cancellation)).GetValueOrDefault(account.Id).Amount;
    }

    /// <summary>The account's entries, newest first; at most <paramref name="limit"/> (1-200). Each says where the one before it stands, so a page costs a row for each of its entries and no index.</summary>
    /// <param name="from">The first entry of the page (<see cref="Entry.Before"/> of the last one of the page before); null: the newest.</param>
    /// <returns>Fewer than <paramref name="limit"/>: there are no more, or what is older has moved to the archive.</returns>
    public async Task<IReadOnlyList<Entry>> HistoryAsync(Account account, EntryCursor? from = null, int limit = 50, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxPage);
        if (account.IsSummed)
        {
            throw new ArgumentException($"{account.Purpose} has no floor: its postings have no order", nameof(account));
        }

        short cell = account.Cell.Number;
        await using var db = database.Open();
        await db.Database.OpenConnectionAsync(cancellation);
        var next = from ?? await db.Set<AccountRow>().Where(row => row.Cell == cell && row.Id == account.Id && row.Postings > 0).Select(row => (EntryCursor?)new EntryCursor(row.Postings, row.LastTransfer)).FirstOrDefaultAsync(cancellation)
            ?? (await FirstAsync(db, account, cancellation) is { } first ? new EntryCursor(first.Sequence, account.Owner) : null);
        var (entries, transfer, postings) = (new List<Entry>(), (TransferRow?)null, new List<PostingLine>());
        while (next is { } wanted && entries.Count < limit)
        {
            if (transfer?.Id != wanted.TransferId)
            {
                short transferCell = CellId.CellOf(wanted.TransferId).Number;
                transfer = await db.Set<TransferRow>().AsNoTracking().FirstOrDefaultAsync(row => row.Cell == transferCell && row.Id == wanted.TransferId, cancellation);
                if (transfer is null)
                {
                    break;
                }

                postings = PackedPostings.Read(transfer.Postings);
            }

            if (postings.FindIndex(line => line.AccountId == account.Id && line.Sequence == wanted.Sequence) is var at && at < 0)
            {
                break; // A cursor that nobody gave out.
            }

            var posting = postings[at];
            next = posting.Sequence > 1 ? new EntryCursor(posting.Sequence - 1, posting.Previous) : null;
            entries.Add(new Entry(posting.Sequence, transfer.Id, transfer.Kind, transfer.Subject, posting.Amount, posting.BalanceAfter, CellId.TimeOf(transfer.Id), next));
        }

        return entries;
    }

    /// <summary>The posting of an account that has no row, because nothing was posted to it since its owner came into being; null: there is none.</summary>
    private static async Task<PostingLine?> FirstAsync(RefillDb db, Account account, CancellationToken cancellation)
    {
        if (account.Owner == default || !account.OpensWithOwner(account.Owner))
        {
            return null;
        }

        short cell = account.Cell.Number;
        var postings = await db.Set<TransferRow>().Where(row => row.Cell == cell && row.Id == account.Owner).Select(row => row.Postings).FirstOrDefaultAsync(cancellation);
        return postings is null ? null : PackedPostings.Read(postings).Where(line => line.AccountId == account.Id && line.Opens is not null).Select(line => (PostingLine?)line).FirstOrDefault();
    }

    /// <summary>What a commit under this key would be answered, or null if none has used it.</summary>
    public async Task<CommitOutcome?> FindAnswerAsync(Cell cell, IdempotencyKey key, CancellationToken cancellation = default)
    {
        short number = cell.Number;
        var id = AnswerId.Of(cell, key).Id;
        await using var db = database.Open();
        var row = await db.Set<AnswerRow>().AsNoTracking().FirstOrDefaultAsync(answer => answer.Cell == number && answer.Id == id, cancellation);
        return row is null ? null : new StoredAnswer(row.Answer).To(key);
    }

    /// <summary>Finishes what is queued, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isStopped, 1) == 1)
        {
            return;
        }

        foreach (var committer in committers)
        {
            await committer.StopAsync();
        }

        await stopping.CancelAsync();
        await carrying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    /// <summary>Every second, what was posted to accounts without a floor goes into their rows. What is not carried over is not lost: it is read with them.</summary>
    private async Task CarryOverAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(CarryOverEvery);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                await using var connection = (Npgsql.NpgsqlConnection)await database.OpenConnectionAsync(stop);
                while (!await Tallies.CarryOverAsync(connection, stop))
                {
                    // There is more.
                }
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The database is out of reach, or another was in the way: a second later again. Whatever it is, this loop must not end; what waits is counted in every balance, and a tally that cannot be read fails the audit.
            }
        }
    }
}
