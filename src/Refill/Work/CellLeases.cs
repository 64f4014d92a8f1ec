using Npgsql;
using Refill.Storage;
using Refill.Units;

namespace Refill.Work;

/// <summary>
/// This process's share of the cells on PostgreSQL, for background work (docs/decisions/cell-leases.md). Believing to hold a cell is worth nothing:
/// a claim is conditioned on the lease's epoch in its own transaction, and taking a dead node's cells moves the version of all work that it had claimed.
/// </summary>
internal sealed class CellLeases(Database database, string node, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Cells that are leased together.</summary>
    public const int Range = 8;

    /// <summary>A node that has not said for so long that it is there is dead; with a renewal and a poll, others go on within 10 seconds.</summary>
    public static readonly TimeSpan Presence = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    // One node at a time; a process that freezes in between is thrown out by the server, so that it does not stop the others.
    private const string Begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2s'; SELECT pg_advisory_xact_lock(7313457)";

    // In this order: a claim that is under way holds its lease row, so what it claims is seen, and taken from it, by the statement after.
    private const string VacateOfDead = "UPDATE cell_lease SET owner = NULL, epoch = epoch + 1 WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM node)";

    private const string TakeWorkOfDead = """
        UPDATE work SET version = version + 1, lease_until = 0, lease_owner = NULL WHERE (cell, id) IN (
            SELECT cell, id FROM work WHERE lease_owner IS NOT NULL AND lease_owner NOT IN (SELECT id FROM node) ORDER BY cell, id FOR UPDATE)
        """;

    private const string GiveBackSurplus = """
        UPDATE cell_lease SET owner = NULL, epoch = epoch + 1 WHERE first_cell IN (
            SELECT first_cell FROM cell_lease WHERE owner = $1 ORDER BY first_cell OFFSET $2)
        """;

    private const string TakeShare = """
        UPDATE cell_lease SET owner = $1, epoch = epoch + 1 WHERE first_cell IN (
            SELECT first_cell FROM cell_lease WHERE owner IS NULL ORDER BY first_cell
            LIMIT greatest(0, $2 - (SELECT count(*) FROM cell_lease WHERE owner = $1)))
        """;

    // A living process holds this lock on a connection of its own; the server lets it go the moment that the process dies. So a node that starts again need not wait until the one that had its
    // name before is taken for dead. Only for the same name: a node whose connection broke is not to lose its cells to the others at once.
    private const string Live = "SELECT pg_advisory_lock(hashtextextended($1, 7313457))";
    private const string ForgetPredecessors = "DELETE FROM node WHERE starts_with(id, $1) AND id <> $2 AND pg_try_advisory_xact_lock(hashtextextended(id, 7313457))";

    private DateTimeOffset renewedAt = DateTimeOffset.MinValue;
    private NpgsqlConnection? living;

    /// <summary>What this process is called in the database: two processes with one name are still two.</summary>
    public string Id { get; } = $"{node}/{Guid.NewGuid():N}";

    /// <summary>What it held when it last looked: first cells and epochs.</summary>
    public (short[] FirstCells, long[] Epochs) Held { get; private set; } = ([], []);

    /// <summary>Renews if it is time to.</summary>
    public Task KeepAsync(CancellationToken cancellation) => time.GetUtcNow() - renewedAt < RenewEvery ? Task.CompletedTask : RenewAsync(cancellation);

    /// <summary>Says that this node is there, takes from the dead, gives back what is beyond its fair share, and takes what is free up to it.</summary>
    /// <returns>True if work of a dead node became due.</returns>
    public async Task<bool> RenewAsync(CancellationToken cancellation)
    {
        if (database.Options.Kind != DatabaseKind.Postgres)
        {
            return false;
        }

        await LiveAsync();
        var now = time.GetUtcNow();
        await using var connection = (NpgsqlConnection)await database.OpenConnectionAsync(cancellation);
        await RunAsync(connection, Begin); // A connection that goes back to the pool in a transaction is rolled back by it.
        await RunAsync(connection, $"INSERT INTO cell_lease (first_cell, epoch) SELECT n, 0 FROM generate_series(0, {Cell.Count - 1}, {Range}) n ON CONFLICT DO NOTHING");
        await RunAsync(connection, "DELETE FROM node WHERE present_until < $1", now.ToUnixTimeMilliseconds());
        await RunAsync(connection, "INSERT INTO node (id, present_until) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET present_until = excluded.present_until", Id, (now + Presence).ToUnixTimeMilliseconds());
        await RunAsync(connection, ForgetPredecessors, $"{node}/", Id);
        await RunAsync(connection, VacateOfDead);
        var taken = await RunAsync(connection, TakeWorkOfDead);
        var nodes = await NumberOfNodesAsync(connection);
        var share = ((Cell.Count / Range) + nodes - 1) / nodes;
        await RunAsync(connection, GiveBackSurplus, Id, share);
        await RunAsync(connection, TakeShare, Id, share);
        var held = await ReadHeldAsync(connection);
        await RunAsync(connection, "COMMIT");
        (Held, renewedAt) = (held, now);
        return taken > 0;
    }

    /// <summary>Gives everything back at once; for a node that stops cleanly.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        if (database.Options.Kind == DatabaseKind.Postgres)
        {
            await using var connection = (NpgsqlConnection)await database.OpenConnectionAsync(cancellation);
            await RunAsync(connection, $"{Begin}; DELETE FROM node WHERE id = '{Id.Replace("'", "''", StringComparison.Ordinal)}'; {VacateOfDead}; {TakeWorkOfDead}; COMMIT");
            Held = ([], []);
            await DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (living is { } connection)
        {
            living = null;
            await connection.DisposeAsync();
        }
    }

    /// <summary>Looks whether the lock is still held, and takes it (again) if it is not.</summary>
    private async Task LiveAsync()
    {
        try
        {
            if (living is null)
            {
                living = await database.OpenKeptAsync("SET application_name = 'refill node'"); // Outside the pool, where it would keep the lock after its end.
                await RunAsync(living, Live, Id);
            }
            else
            {
                await RunAsync(living, "SELECT 1");
            }
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteNonQueryAsync();
    }

    private static async Task<int> NumberOfNodesAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT count(*)::int FROM node", connection);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private async Task<(short[] FirstCells, long[] Epochs)> ReadHeldAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT first_cell, epoch FROM cell_lease WHERE owner = $1", connection) { Parameters = { new NpgsqlParameter { Value = Id } } };
        await using var reader = await command.ExecuteReaderAsync();
        var (cells, epochs) = (new List<short>(), new List<long>());
        while (await reader.ReadAsync())
        {
            cells.Add(reader.GetInt16(0));
            epochs.Add(reader.GetInt64(1));
        }

        return ([.. cells], [.. epochs]);
    }
}
