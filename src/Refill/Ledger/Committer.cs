using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Threading.Channels;

namespace Refill.Ledger;

/// <summary>
/// The one writer of a partition: takes whatever waits, up to a bound, decides it in memory in order, writes it as one transaction, and answers
/// the callers when it is durable. A commit that the database refuses does not take the others with it: the group is tried again one by one.
/// </summary>
internal sealed class Committer
{
    public const int MaxGroup = 512;
    public const int MaxQueue = 8192;
    private const int MaxTries = 5;

    private static readonly Meter Meter = new("Refill.Ledger");
    private static readonly Histogram<int> GroupSize = Meter.CreateHistogram<int>("refill.ledger.group", "{commit}", "commits in one transaction");

    private readonly GroupStore store;
    private readonly TimeProvider time;
    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxQueue) { SingleReader = true });
    private readonly Task running;

    public Committer(GroupStore store, TimeProvider time)
    {
        (this.store, this.time) = (store, time);
        running = Task.Run(RunAsync);
    }

    /// <exception cref="CommitterBusyException">The queue is full.</exception>
    public Task<CommitOutcome> EnqueueAsync(Commit commit)
    {
        var waiting = new Waiting(commit);
        ObjectDisposedException.ThrowIf(queue.Reader.Completion.IsCompleted, this);
        return queue.Writer.TryWrite(waiting)
            ? waiting.Task
            : throw (running.IsCompleted ? new ObjectDisposedException(nameof(GeneralLedger)) : new CommitterBusyException());
    }

    /// <summary>Finishes what is queued, then lets go of the database.</summary>
    public async ValueTask StopAsync()
    {
        queue.Writer.TryComplete();
        await running;
        await store.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<Waiting>(MaxGroup);
        while (await queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var waiting))
            {
                group.Add(waiting);
            }

            GroupSize.Record(group.Count);
            await TogetherAsync(group);
        }
    }

    private async Task TogetherAsync(List<Waiting> group)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await OnceAsync(group);
                return;
            }
            catch (CommitUnknownException unknown)
            {
                group.ForEach(waiting => waiting.Fail(unknown));
                return;
            }
            catch (Exception error) when (attempt < MaxTries && (error is NotCommittedException || store.IsTransient(error)))
            {
                // Another process was in the way: read again and decide again.
            }
            catch (Exception error)
            {
                // Whatever it is, it must end at the callers and not in the loop, or nobody would ever be answered again.
                if (group.Count == 1)
                {
                    group[0].Fail(error);
                    return;
                }

                foreach (var waiting in group)
                {
                    await TogetherAsync([waiting]);
                }

                return;
            }
        }
    }

    private async Task OnceAsync(List<Waiting> waiting)
    {
        var group = new Group();
        foreach (var one in waiting)
        {
            group.Need(one.Commit);
        }

        var outcomes = new (CommitOutcome? Outcome, InvalidOperationException? Broken)[waiting.Count];
        try
        {
            await store.LoadAsync(group);
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

            if (group.IsEmpty)
            {
                await store.RollbackAsync();
            }
            else
            {
                await store.WriteAsync(group, time.GetUtcNow().ToUnixTimeMilliseconds());
            }
        }
        catch
        {
            await store.RollbackAsync();
            throw;
        }

        if (!group.IsEmpty)
        {
            await MakeDurableAsync(group);
        }

        for (var index = 0; index < outcomes.Length; index++)
        {
            if (outcomes[index].Broken is { } broken)
            {
                waiting[index].Fail(broken);
            }
            else
            {
                waiting[index].Answer(outcomes[index].Outcome!);
            }
        }
    }

    /// <summary>If the database does not say whether it committed, it is asked: a group is all there or not at all.</summary>
    private async Task MakeDurableAsync(Group group)
    {
        try
        {
            await store.CommitAsync();
        }
        catch (Exception error) when (error is DbException or IOException or TimeoutException or InvalidOperationException)
        {
            await store.RollbackAsync();
            bool? committed;
            try
            {
                committed = await store.WasCommittedAsync(group);
            }
            catch (Exception unreachable) when (unreachable is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                throw new CommitUnknownException(error);
            }

            switch (committed)
            {
                case true:
                    return;
                case false:
                    throw new NotCommittedException(error);
                case null:
                    throw new CommitUnknownException(error);
            }
        }
    }

    private sealed class Waiting(Commit commit)
    {
        private readonly TaskCompletionSource<CommitOutcome> source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Commit Commit => commit;

        public Task<CommitOutcome> Task => source.Task;

        public void Answer(CommitOutcome outcome) => source.TrySetResult(outcome);

        public void Fail(Exception error) => source.TrySetException(error);
    }
}

/// <summary>The commit failed and certainly left nothing behind; it may be tried again.</summary>
internal sealed class NotCommittedException(Exception inner) : Exception(inner.Message, inner);
