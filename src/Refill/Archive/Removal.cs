using Refill.Ledger;
using Refill.Storage;

namespace Refill.Archive;

/// <summary>
/// Takes out of the database what a file holds. Whoever has one is the only one that archives, on all nodes, until it is disposed of. Whatever it does can be done again: what is
/// gone already is not missed. A top-up that has changed since the file was written is never removed.
/// </summary>
internal abstract class Removal : IAsyncDisposable
{
    /// <summary>How many subjects (a top-up with its transfers, or something else with its own) one transaction removes.</summary>
    public const int MaxChunk = 500;

    /// <summary>
    /// Gives a row to each account that has none because its only posting says all of it (Account.OpensWithOwner): when the posting leaves, the balance must stay. Nothing changes by it; it may be done again, and a row that is there is
    /// left alone.
    /// </summary>
    public abstract Task OpenAccountsAsync(IReadOnlyList<AccountRow> accounts, CancellationToken cancellation);

    /// <summary>Null: another process is at it.</summary>
    public static async Task<Removal?> TryBeginAsync(Database database, CancellationToken cancellation) =>
        database.Options.Kind == DatabaseKind.Postgres ? await PostgresRemoval.TryBeginAsync(database, cancellation) : await SqliteRemoval.TryBeginAsync(database, cancellation);

    /// <summary>Commits that the file counts from now on; with it, on PostgreSQL, go its top-ups and transfers.</summary>
    /// <param name="row">As it is to be stored, in state <see cref="ArchiveState.Moving"/>.</param>
    /// <param name="leaving">What the file was written from; read to its end and closed.</param>
    /// <param name="firstNewId">The least id that anything can have which was written since the file was begun.</param>
    /// <returns>False: something in the file has changed meanwhile, and nothing was done.</returns>
    public abstract Task<bool> BookAsync(ArchiveRow row, Leaving leaving, Guid firstNewId, CancellationToken cancellation);

    /// <summary>Removes some of what the file holds, in one transaction. A top-up that has changed since then stays, with all that is about it, and is added to the row's <see cref="ArchiveRow.Revived"/> (on SQLite; on PostgreSQL it cannot have).</summary>
    /// <param name="chunk">At most <see cref="MaxChunk"/>.</param>
    public abstract Task RemoveAsync(ArchiveRow row, IReadOnlyList<ArchivedSubject> chunk, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();

    /// <summary>The ids in <see cref="ArchiveRow.Revived"/>.</summary>
    public static HashSet<Guid> RevivedOf(ArchiveRow row) => [.. row.Revived.Chunk(16).Select(bytes => new Guid(bytes, bigEndian: true))];
}
