using Refill.Storage;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>A line of an account's history.</summary>
public sealed record Entry(long Sequence, Guid TransferId, string Kind, Guid Subject, long Amount, long BalanceAfter, DateTimeOffset At);

/// <summary>
/// The ledger's door: commits go in, outcomes come out after they are durable. One committer per partition takes whatever waits,
/// decides it in memory in order and writes it as one transaction (group commit).
/// </summary>
public sealed class GeneralLedger(Database database, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Queues a commit and waits until it is durable. A caller that stops waiting does not undo it: what happened stands behind its key.</summary>
    /// <exception cref="CommitterBusyException">The queue is full; nothing was done.</exception>
    /// <exception cref="CommitUnknownException">The database did not answer the commit.</exception>
    /// <exception cref="InvalidOperationException">A broken invariant: postings that do not sum to zero, an account of another cell or unit, a floor that differs.</exception>
    public ValueTask<CommitOutcome> CommitAsync(Commit commit, CancellationToken cancellation = default) =>
        throw new NotImplementedException($"{database} {time}");

    /// <summary>The balance in the account's unit, 0 if nothing was ever posted. One row read.</summary>
    public Task<long> BalanceAsync(Account account, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The account's entries, newest first, those with a sequence below <paramref name="before"/>; at most <paramref name="limit"/> (1-200).</summary>
    public Task<IReadOnlyList<Entry>> HistoryAsync(Account account, long before = long.MaxValue, int limit = 50, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The answer stored behind a key, or null if no commit has used it.</summary>
    public Task<CommitOutcome?> FindAnswerAsync(Cell cell, IdempotencyKey key, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Finishes what is queued, then stops.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
