using System.Collections.Frozen;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Refill.Ledger;
using Refill.Storage;

namespace Refill.Work;

/// <summary>What a handler wants done with its work. A closed set.</summary>
public abstract record WorkVerdict
{
    private WorkVerdict()
    {
    }

    /// <summary>The handler's own commit has finished or rescheduled it.</summary>
    public sealed record Committed : WorkVerdict;

    /// <summary>Nothing (more) to do: take it out.</summary>
    public sealed record Finished : WorkVerdict;

    /// <summary>In order so far, to be looked at again then.</summary>
    public sealed record Again(TimeSpan After, string? Reason) : WorkVerdict;

    public sealed record Dead(string Reason) : WorkVerdict;
}

public delegate Task<WorkVerdict> WorkHandler(WorkItem item, CancellationToken cancellation);

/// <summary>The handlers by kind of work; a journey brings its own.</summary>
public sealed record WorkHandlers(FrozenDictionary<string, WorkHandler> ByKind);

/// <param name="Node">This process's name among those that share the database; each start of it counts as a node of its own.</param>
/// <param name="Lease">How long a claim holds; longer than the slowest outside call.</param>
/// <param name="PollEvery">How often the outbox is looked at when nobody rings the <see cref="WorkBell"/>.</param>
public sealed record DispatcherOptions(string Node, TimeSpan Lease, TimeSpan PollEvery, int Concurrency)
{
    public static DispatcherOptions Default(string node) => new(node, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(1), 32);
}

/// <summary>
/// Claims due work under leases and runs its handlers, several at once. A handler that throws is tried again with exponential back-off and
/// jitter; after <see cref="MaxFailures"/> attempts in a row that threw, the work is dead and a person is shown it.
/// </summary>
public sealed class Dispatcher(Database database, GeneralLedger ledger, WorkHandlers handlers, WorkBell bell, DispatcherOptions options, TimeProvider time, ILogger<Dispatcher> log) : IAsyncDisposable
{
    /// <summary>Attempts after which work whose handler keeps throwing is laid before a person: with the back-off below, about 11 hours.</summary>
    public const int MaxFailures = 24;

    private static readonly Meter Meter = new("Refill.Work");
    private static readonly Counter<long> Handled = Meter.CreateCounter<long>("refill.work.handled");
    private static readonly ActivitySource Activities = new("Refill.Work");

    private readonly CellLeases leases = new(database, options.Node, time);

    public ValueTask DisposeAsync() => leases.DisposeAsync();

    /// <summary>Runs until cancelled; ends when the handlers under way have ended.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        if (database.Options.Kind == DatabaseKind.Sqlite)
        {
            await ReleaseLeasesAsync(stopping); // A file has one node: whoever had claimed it is gone.
        }

        using var left = new CancellationTokenSource();
        var renewing = RenewAsync(left.Token);
        using var places = new SemaphoreSlim(options.Concurrency);
        while (!stopping.IsCancellationRequested)
        {
            var claimed = 0;
            try
            {
                claimed = await ClaimAndStartAsync(places, stopping);
            }
            catch (Exception error) when (error is DbException or InvalidOperationException or TimeoutException)
            {
                log.LogError("work cannot be claimed: {Error}", error.Message);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }

            if (claimed == 0)
            {
                await bell.WaitAsync(options.PollEvery, stopping);
            }
        }

        // Handlers under way keep their places; when all places are free, all have ended.
        for (var place = 0; place < options.Concurrency; place++)
        {
            await places.WaitAsync(CancellationToken.None);
        }

        await left.CancelAsync();
        await renewing;
        try
        {
            await leases.LeaveAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException or TimeoutException or IOException)
        {
            log.LogWarning("cells are not given back: {Error}; others take them in {Seconds} s", error.Message, CellLeases.Presence.TotalSeconds);
        }
    }

    /// <summary>Apart from the claims, which wait for a free place while handlers are busy.</summary>
    private async Task RenewAsync(CancellationToken left)
    {
        using var timer = new PeriodicTimer(CellLeases.RenewEvery, time);
        try
        {
            do
            {
                try
                {
                    if (await leases.RenewAsync(left))
                    {
                        log.LogWarning("work of a node that is gone is taken up");
                        bell.Ring();
                    }
                }
                catch (Exception error) when (error is DbException or InvalidOperationException or TimeoutException or IOException)
                {
                    log.LogError("leases of cells cannot be renewed: {Error}", error.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(left));
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // Every handler has ended.
        }
    }

    /// <summary>Claims and handles everything that is due now, one after the other; for tests and for the command line.</summary>
    /// <returns>How many were handled.</returns>
    public async Task<int> RunDueAsync(CancellationToken cancellation)
    {
        var count = 0;
        await leases.KeepAsync(cancellation);
        while (await ClaimAsync(1, cancellation) is [var item])
        {
            await HandleAsync(item, cancellation);
            await leases.KeepAsync(cancellation);
            count++;
        }

        return count;
    }

    private async Task<int> ClaimAndStartAsync(SemaphoreSlim places, CancellationToken stopping)
    {
        await places.WaitAsync(stopping);
        var free = 1;
        while (places.Wait(0, CancellationToken.None))
        {
            free++;
        }

        IReadOnlyList<WorkItem> items = [];
        try
        {
            items = await ClaimAsync(free, stopping);
        }
        finally
        {
            if (free > items.Count)
            {
                places.Release(free - items.Count);
            }
        }

        foreach (var item in items)
        {
            _ = Task.Run(
                async () =>
                {
                    try
                    {
                        await HandleAsync(item, stopping);
                    }
                    finally
                    {
                        places.Release();
                    }
                },
                CancellationToken.None);
        }

        return items.Count;
    }

    private async Task HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        using var activity = Activities.StartActivity(item.Kind);
        WorkVerdict verdict;
        var failed = false;
        try
        {
            verdict = handlers.ByKind.TryGetValue(item.Kind, out var handler)
                ? await handler(item, cancellation)
                : new WorkVerdict.Dead($"no handler for '{item.Kind}'");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return; // Stopping: its lease is given back when all handlers have ended.
        }
        catch (Exception error)
        {
            // The edge of the machine: whatever a handler throws must not lose the work.
            log.LogError("work {Kind} {Id} failed at attempt {Attempt}: {Type}: {Error}", item.Kind, item.Id, item.Attempts, error.GetType().Name, error.Message);
            failed = true;
            verdict = item.Attempts >= MaxFailures
                ? new WorkVerdict.Dead(error.Message)
                : new WorkVerdict.Again(BackOff(item.Attempts), error.Message);
        }

        Handled.Add(1, new KeyValuePair<string, object?>("kind", item.Kind), new KeyValuePair<string, object?>("verdict", verdict.GetType().Name));
        await CarryOutAsync(item, verdict, failed);
    }

    private async Task CarryOutAsync(WorkItem item, WorkVerdict verdict, bool failed)
    {
        var change = verdict switch
        {
            WorkVerdict.Committed => null,
            WorkVerdict.Finished => item.Finish(),
            WorkVerdict.Again again when failed => item.Again(time.GetUtcNow() + again.After, again.Reason),
            WorkVerdict.Again again => item.Later(time.GetUtcNow() + again.After, again.Reason),
            WorkVerdict.Dead dead => item.Bury(dead.Reason),
            _ => throw new UnreachableException(verdict.GetType().Name),
        };
        if (verdict is WorkVerdict.Dead buried)
        {
            log.LogError("work {Kind} {Id} about {Subject} needs a person: {Reason}", item.Kind, item.Id, item.Subject, buried.Reason);
        }

        if (change is not null)
        {
            try
            {
                // Stale: another node took it over after the lease ran out, and it is theirs now.
                await ledger.CommitAsync(new Commit(item.Cell) { Rows = [change] }, CancellationToken.None);
            }
            catch (Exception error)
            {
                // The edge of the machine again: the database is out of reach, or stopped. When the lease is over, the work is taken up anew.
                log.LogWarning("work {Kind} {Id} keeps its lease: {Type}: {Error}", item.Kind, item.Id, error.GetType().Name, error.Message);
            }
        }
    }

    /// <summary>2 s, 4 s, 8 s … at most 30 min, each ± 20 % so that what failed together does not come back together.</summary>
    public static TimeSpan BackOff(int attempt)
    {
        var seconds = Math.Min(1800, Math.Pow(2, Math.Clamp(attempt, 1, 12)));
        return TimeSpan.FromSeconds(seconds * (0.8 + (0.4 * Random.Shared.NextDouble())));
    }

    private async Task<IReadOnlyList<WorkItem>> ClaimAsync(int limit, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await using var db = database.Open();
        var pending = (short)WorkState.Pending;
        var nowInstant = time.GetUtcNow();

        // Look before locking: on SQLite a claim takes the one write lock, and most looks find nothing.
        if (!await db.Set<WorkRow>().AnyAsync(row => row.State == pending && row.DueAt <= nowInstant && row.LeaseUntil < nowInstant, cancellation))
        {
            return [];
        }

        await db.Database.OpenConnectionAsync(cancellation); // Through EF Core, which closes it when the context is used again.
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = ClaimSql(database.Options.Kind);
        Add(command, "now", now);
        Add(command, "lease", now + (long)options.Lease.TotalMilliseconds);
        Add(command, "owner", leases.Id);
        Add(command, "limit", limit);
        if (database.Options.Kind == DatabaseKind.Postgres)
        {
            var (firstCells, epochs) = leases.Held;
            Add(command, "cells", firstCells);
            Add(command, "epochs", epochs);
        }

        var items = new List<WorkItem>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            items.Add(Read(reader));
        }

        return items;
    }

    private static WorkItem Read(DbDataReader reader) => new(
        new Units.Cell((byte)reader.GetInt16(0)),
        Id(reader, 1),
        reader.GetInt64(2),
        reader.GetString(3),
        Id(reader, 4),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
        (int)reader.GetInt64(6),
        WorkState.Pending,
        reader.IsDBNull(7) ? null : reader.GetString(7),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)));

    private static Guid Id(DbDataReader reader, int column) => reader.GetValue(column) switch
    {
        Guid id => id,
        byte[] bytes => new Guid(bytes, bigEndian: true),
        var other => throw new InvalidOperationException($"an id cannot be a {other.GetType().Name}"),
    };

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    /// <summary>Due, not leased, oldest first.</summary>
    private static string ClaimSql(DatabaseKind kind) => kind == DatabaseKind.Postgres ? ClaimOfOwnCells : """
        UPDATE work SET version = version + 1, attempts = attempts + 1, lease_until = @lease, lease_owner = @owner
        WHERE (cell, id) IN (SELECT cell, id FROM work WHERE state = 1 AND due_at <= @now AND lease_until < @now ORDER BY due_at LIMIT @limit)
        RETURNING cell, id, version, kind, subject, due_at, attempts, last_error, created_at
        """;

    // The lease rows are locked until the claim is committed, and their epochs looked at as they are then: no cell changes hands in between.
    private static readonly string ClaimOfOwnCells = $"""
        WITH mine AS MATERIALIZED (
            SELECT lease.first_cell FROM cell_lease lease JOIN unnest(@cells, @epochs) AS held (first_cell, epoch) ON held.first_cell = lease.first_cell
            WHERE lease.epoch = held.epoch AND lease.owner = @owner FOR SHARE OF lease),
        due AS MATERIALIZED (
            SELECT cell, id FROM work
            WHERE state = 1 AND due_at <= @now AND lease_until < @now AND (cell - cell % {CellLeases.Range}) IN (SELECT first_cell FROM mine)
            ORDER BY due_at LIMIT @limit FOR UPDATE SKIP LOCKED)
        UPDATE work SET version = version + 1, attempts = attempts + 1, lease_until = @lease, lease_owner = @owner
        FROM due WHERE work.cell = due.cell AND work.id = due.id
        RETURNING work.cell, work.id, version, kind, subject, due_at, attempts, last_error, created_at
        """;

    private async Task ReleaseLeasesAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var released = await db.Set<WorkRow>()
            .Where(row => row.LeaseOwner != null)
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.LeaseUntil, DateTimeOffset.UnixEpoch)
                .SetProperty(row => row.LeaseOwner, (string?)null)
                .SetProperty(row => row.Version, row => row.Version + 1), cancellation);
        if (released > 0)
        {
            log.LogInformation("{Count} pieces of work that were claimed when the server stopped are taken up again", released);
        }
    }
}
