namespace Refill.Ledger;

/// <summary>What an error says of the group that met it. Nothing of the group was done in any of these cases.</summary>
internal enum Verdict
{
    /// <summary>Somebody else was in the way: reading and deciding again settles it.</summary>
    InTheWay,

    /// <summary>The database cannot be reached: no commit of the group would fare better.</summary>
    Unreachable,

    /// <summary>The database refuses what one of the commits asks for; the others would pass without it.</summary>
    Refused,
}

/// <summary>The connection was lost in the middle of a commit: it may have happened.</summary>
internal sealed class InDoubtException(Exception inner) : Exception(inner.Message, inner);

/// <summary>One partition's way to its database: reads what a group needs, writes what it decided, in one transaction.</summary>
internal abstract class GroupStore : IAsyncDisposable
{
    /// <summary>True if every call blocks and completes before it returns: its committer has a thread of its own.</summary>
    public abstract bool Blocks { get; }

    /// <summary>Begins the transaction and fills in what the group asked for; for a careful group locked against other processes, where the database knows locks. A group that asks for nothing costs nothing.</summary>
    public abstract Task LoadAsync(Group group);

    /// <summary>Writes the group's drafts, each row and account only if it is still as the group took it to be, and makes them durable.</summary>
    /// <exception cref="InDoubtException">What became of it is not known. After any other exception it certainly did not happen.</exception>
    public abstract Task WriteAsync(Group group);

    /// <summary>Ends the transaction without effect; never throws.</summary>
    public abstract Task RollbackAsync();

    /// <summary>Whether this group was committed after all, when the database did not say so: all of it was, or nothing. Null: it cannot be told.</summary>
    public abstract Task<bool?> WasCommittedAsync(Group group);

    public abstract Verdict Judge(Exception error);

    public abstract ValueTask DisposeAsync();
}
