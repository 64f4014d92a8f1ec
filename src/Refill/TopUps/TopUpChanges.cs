using System.Collections.Concurrent;

namespace Refill.TopUps;

/// <summary>Wakes those of this process who wait for a top-up to change. Steps taken by other nodes are seen by the waiter's own slow poll.</summary>
public sealed class TopUpChanges
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> waiting = new();

    /// <summary>A task that ends at the next change.</summary>
    public Task NextAsync(Guid topUpId) => waiting.GetOrAdd(topUpId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Tell(Guid topUpId)
    {
        if (waiting.TryRemove(topUpId, out var waiters))
        {
            waiters.SetResult();
        }
    }

    /// <summary>Lets go of a wait that nothing came of, so that abandoned pages leave nothing behind.</summary>
    public void Forget(Guid topUpId) => Tell(topUpId);
}
