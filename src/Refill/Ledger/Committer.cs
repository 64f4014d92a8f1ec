using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Refill.Work;

namespace Refill.Ledger;

/// <summary>
/// The one writer of a partition: takes whatever waits, up to a bound, decides it in memory in order, writes it as one transaction, and answers
/// the callers when it is durable. A commit that the database refuses does not take the others with it: the group is tried again one by one.
/// </summary>
internal sealed class Committer
{
    public const int MaxQueue = 8192;

    /// <summary>How often a group is tried again when other processes were in its way.</summary>
    private const int MaxTries = 5;

    /// <summary>How many groups are careful after one was wrong to trust.</summary>
    private const int CarefulAfterConflict = 16;

    /// <summary>A connection that broke while it lay idle is replaced once.</summary>
    private const int MaxConnects = 2;

    private static readonly Meter Meter = new("Refill.Ledger");
    private static readonly Histogram<int> GroupSize = Meter.CreateHistogram<int>("refill.ledger.group", "{commit}", "commits in one transaction");

    private readonly GroupStore store;
    private readonly int maxGroup;
    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxQueue) { SingleReader = true });
    private readonly Task running;
    private readonly AccountCache accounts = new();

    /// <summary>How many groups are to be careful yet: whoever was wrong once (another process posts to the same accounts, a batch is repeated) is likely to be wrong again.</summary>
    private int carefulGroups;
    private volatile bool isStopped;

    public Committer(GroupStore store, int maxGroup)
    {
        (this.store, this.maxGroup) = (store, maxGroup);
        // A store that blocks would otherwise hold one of the few threads that everybody shares.
        running = Task.Factory.StartNew(RunAsync, CancellationToken.None, store.Blocks ? TaskCreationOptions.LongRunning : TaskCreationOptions.None, TaskScheduler.Default).Unwrap();
    }

    /// <exception cref="CommitterBusyException">The queue is full.</exception>
    public Task<CommitOutcome> EnqueueAsync(Commit commit)
    {
        var waiting = new Waiting(commit);
        if (queue.Writer.TryWrite(waiting))
        {
            return waiting.Task;
        }

        ObjectDisposedException.ThrowIf(isStopped, typeof(GeneralLedger));
        throw new CommitterBusyException();
    }

    /// <summary>Finishes what is queued, then lets go of the database.</summary>
    public async ValueTask StopAsync()
    {
        isStopped = true;
        queue.Writer.TryComplete();
        await running;
        await store.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<Waiting>(maxGroup);
        while (await SomethingWaitsAsync())
        {
            group.Clear();
            while (group.Count < maxGroup && queue.Reader.TryRead(out var waiting))
            {
                group.Add(waiting);
            }

            GroupSize.Record(group.Count);
            await TogetherAsync(group, careful: carefulGroups > 0);
            carefulGroups = Math.Max(0, carefulGroups - 1);
        }
    }

    /// <summary>Blocks if the store does: then nothing in the loop ever leaves its thread.</summary>
    private ValueTask<bool> SomethingWaitsAsync()
    {
        var waits = queue.Reader.WaitToReadAsync();
        return store.Blocks && !waits.IsCompleted ? new ValueTask<bool>(waits.AsTask().GetAwaiter().GetResult()) : waits;
    }

    /// <param name="careful">Believe nothing but the database.</param>
    /// <returns>Null, or why the database cannot be reached.</returns>
    private async Task<Exception?> TogetherAsync(List<Waiting> group, bool careful)
    {
        for (var attempt = 1; ; attempt++)
        {
            var trusting = !careful && attempt == 1;
            try
            {
                if (await OnceAsync(group, trusting))
                {
                    return null;
                }
            }
            catch (CommitUnknownException unknown)
            {
                accounts.Clear();
                Fail(group, unknown);
                return unknown;
            }
            catch (Exception error)
            {
                // Whatever it is, it must end at the callers and not in the loop, or nobody would ever be answered again.
                accounts.Clear();
                var verdict = error is NotCommittedException ? Verdict.InTheWay : store.Judge(error);
                if (trusting && verdict != Verdict.Unreachable)
                {
                    carefulGroups = CarefulAfterConflict;
                    continue;
                }

                if (attempt < (verdict switch { Verdict.InTheWay => MaxTries, Verdict.Unreachable => MaxConnects, _ => 1 }))
                {
                    continue;
                }

                if (verdict == Verdict.Unreachable || group.Count == 1)
                {
                    Fail(group, error);
                    return verdict == Verdict.Unreachable ? error : null;
                }

                return await OneByOneAsync(group);
            }
        }
    }

    /// <summary>A commit that the database refuses must not take the others with it.</summary>
    private async Task<Exception?> OneByOneAsync(List<Waiting> group)
    {
        Exception? unreachable = null;
        foreach (var waiting in group)
        {
            if (unreachable is null)
            {
                unreachable = await TogetherAsync([waiting], careful: true);
            }
            else
            {
                Fail([waiting], unreachable is CommitUnknownException { InnerException: { } cause } ? cause : unreachable);
            }
        }

        return unreachable;
    }

    /// <returns>False: nothing was done, because one of them would be refused on trust alone. Then all are decided again carefully, in their order.</returns>
    private async Task<bool> OnceAsync(List<Waiting> waiting, bool trusting)
    {
        var group = new Group(trusting ? accounts : null);
        foreach (var one in waiting)
        {
            group.Need(one.Commit);
        }

        var outcomes = new (CommitOutcome? Outcome, InvalidOperationException? Broken)[waiting.Count];
        try
        {
            await store.LoadAsync(group);
            Decide(group, waiting, outcomes);
            if (trusting && outcomes.Any(static one => one is { Broken: not null } or { Outcome: CommitOutcome.Stale or CommitOutcome.BelowFloor }))
            {
                await store.RollbackAsync();
                return false;
            }

            if (group.IsEmpty)
            {
                await store.RollbackAsync();
            }
            else
            {
                await store.WriteAsync(group);
            }
        }
        catch (InDoubtException doubt)
        {
            await SettleAsync(group, doubt);
        }
        catch
        {
            await store.RollbackAsync();
            throw;
        }

        accounts.Keep(group);
        if (waiting is [{ Commit.IsAnsweredAtOnce: true } alone] && outcomes[0].Outcome is CommitOutcome.Committed only && queue.Reader.Count == 0)
        {
            Waking.Alone(() => alone.Answer(only));
            return true;
        }

        Waiting[] answered = [.. waiting];
        Waking.All(answered.Length, index =>
        {
            if (outcomes[index].Broken is { } broken)
            {
                answered[index].Fail(broken);
            }
            else
            {
                answered[index].Answer(outcomes[index].Outcome!);
            }
        });
        return true;
    }

    private static void Fail(List<Waiting> waiting, Exception error)
    {
        Waiting[] failed = [.. waiting];
        Waking.All(failed.Length, index => failed[index].Fail(error));
    }

    private static void Decide(Group group, List<Waiting> waiting, (CommitOutcome? Outcome, InvalidOperationException? Broken)[] outcomes)
    {
        for (var index = 0; index < outcomes.Length; index++)
        {
            try
            {
                outcomes[index].Outcome = group.Decide(waiting[index].Commit);
            }
            catch (InvalidOperationException broken)
            {
                outcomes[index].Broken = broken; // A broken invariant is its caller's, not the group's.
            }
        }
    }

    /// <summary>If the database does not say whether it committed, it is asked: a group is all there or not at all.</summary>
    /// <exception cref="NotCommittedException">It is not there; it may be tried again.</exception>
    /// <exception cref="CommitUnknownException">It cannot be told.</exception>
    private async Task SettleAsync(Group group, InDoubtException doubt)
    {
        await store.RollbackAsync();
        bool? committed;
        try
        {
            committed = await store.WasCommittedAsync(group);
        }
        catch (Exception unreachable) when (unreachable is DbException or IOException or TimeoutException or InvalidOperationException)
        {
            committed = null;
        }

        switch (committed)
        {
            case false:
                throw new NotCommittedException(doubt);
            case null:
                throw new CommitUnknownException(doubt.InnerException!);
        }
    }

    private sealed class Waiting(Commit commit)
    {
        // Answered on a thread of the pool (Waking), and by the committer's own loop only where the commit allows it.
        private readonly TaskCompletionSource<CommitOutcome> source = new();

        public Commit Commit => commit;

        public Task<CommitOutcome> Task => source.Task;

        public void Answer(CommitOutcome outcome) => source.TrySetResult(outcome);

        public void Fail(Exception error) => source.TrySetException(error);
    }
}

/// <summary>The commit failed and certainly left nothing behind; it may be tried again.</summary>
internal sealed class NotCommittedException(Exception inner) : Exception(inner.Message, inner);
