namespace Refill.Ledger;

/// <summary>One partition's way to its database: reads what a group needs, writes what it decided, in one transaction.</summary>
internal abstract class GroupStore : IAsyncDisposable
{
    /// <summary>Begins the transaction and fills in what the group asked for, locked against other processes where the database knows locks.</summary>
    public abstract Task LoadAsync(Group group);

    /// <summary>Writes the group's drafts; not durable yet.</summary>
    public abstract Task WriteAsync(Group group, long nowMilliseconds);

    /// <summary>Makes it durable. If this throws, what became of it is not known.</summary>
    public abstract Task CommitAsync();

    /// <summary>Ends the transaction without effect; never throws.</summary>
    public abstract Task RollbackAsync();

    /// <summary>Whether this group was committed after all, when the database did not say so: all of it was, or nothing. Null: it cannot be told.</summary>
    public abstract Task<bool?> WasCommittedAsync(Group group);

    /// <summary>True if the same group may succeed when it is tried again: somebody else was in the way.</summary>
    public abstract bool IsTransient(Exception error);

    public abstract ValueTask DisposeAsync();
}
