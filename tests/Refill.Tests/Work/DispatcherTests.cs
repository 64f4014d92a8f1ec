using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.Tests.Work;

public sealed class DispatcherOnSqliteTests() : DispatcherTests(DatabaseKind.Sqlite);

public sealed class DispatcherOnPostgresTests() : DispatcherTests(DatabaseKind.Postgres);

/// <summary>Leases, tries and the dead letter, with a clock that the test turns.</summary>
public abstract class DispatcherTests(DatabaseKind kind) : IAsyncLifetime
{
    private static readonly Cell Cell = new(7);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private TestDatabase? test;
    private GeneralLedger? ledger;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(kind);
        ledger = new GeneralLedger(test.Database);
    }

    public async ValueTask DisposeAsync()
    {
        await ledger!.DisposeAsync();
        await test!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Work_that_was_looked_at_a_hundred_times_in_order_survives_a_failure_and_comes_back_in_seconds()
    {
        var looks = 0;
        var dispatcher = Node("a", (_, _) => ++looks == 101 ? throw new InvalidOperationException("the database is away") : Task.FromResult<WorkVerdict>(new WorkVerdict.Again(TimeSpan.FromSeconds(10), "not yet")));
        await ScheduleAsync();
        for (var look = 0; look < 101; look++)
        {
            await dispatcher.RunDueAsync(Token);
            time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(101, looks);
        Assert.Equal(1, await dispatcher.RunDueAsync(Token));
        Assert.Equal(WorkState.Pending, (await OnlyAsync()).State);
    }

    [Fact]
    public async Task Work_whose_handler_always_throws_is_tried_ever_more_rarely_and_then_laid_before_a_person()
    {
        var tries = 0;
        var dispatcher = Node("a", (_, _) => ++tries > 0 ? throw new InvalidOperationException("a defect of ours") : Task.FromResult<WorkVerdict>(new WorkVerdict.Finished()));
        await ScheduleAsync();
        for (var minutes = 0; minutes < 14 * 60; minutes++)
        {
            await dispatcher.RunDueAsync(Token);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        var dead = await OnlyAsync();
        Assert.Equal((Dispatcher.MaxFailures, WorkState.Dead, "a defect of ours"), (tries, dead.State, dead.LastError));
    }

    [Fact]
    public async Task Nobody_else_takes_up_work_before_its_lease_is_over_and_then_the_first_verdict_counts_for_nothing()
    {
        var (begun, finish) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = Node("a", async (_, _) =>
        {
            begun.SetResult();
            await finish.Task;
            return new WorkVerdict.Dead("the slow one's word");
        });
        var second = Node("b", (_, _) => Task.FromResult<WorkVerdict>(new WorkVerdict.Again(TimeSpan.FromHours(1), "the second one's word")));
        await ScheduleAsync();
        var first = slow.RunDueAsync(Token);
        await begun.Task;
        Assert.Equal(0, await second.RunDueAsync(Token));
        time.Advance(DispatcherOptions.Default("b").Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await second.RunDueAsync(Token));
        finish.SetResult();
        await first;
        var left = await OnlyAsync();
        Assert.Equal((WorkState.Pending, "the second one's word"), (left.State, left.LastError));
    }

    [Fact]
    public async Task Two_nodes_at_once_do_each_piece_of_work_once()
    {
        var done = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        WorkHandler handler = (item, _) =>
        {
            done.Add(item.Subject);
            return Task.FromResult<WorkVerdict>(new WorkVerdict.Finished());
        };
        for (var n = 0; n < 60; n++)
        {
            await ScheduleAsync();
        }

        await Task.WhenAll(Node("a", handler).RunDueAsync(Token), Node("b", handler).RunDueAsync(Token));
        Assert.Equal((60, 60), (done.Count, done.Distinct().Count()));
    }

    [Fact]
    public async Task A_verdict_that_cannot_be_written_leaves_the_work_to_whoever_comes_after_the_lease()
    {
        var dispatcher = Node("a", async (_, _) =>
        {
            await ledger!.DisposeAsync();
            return new WorkVerdict.Finished();
        });
        await ScheduleAsync();
        Assert.Equal(1, await dispatcher.RunDueAsync(Token));
        Assert.Equal(WorkState.Pending, (await OnlyAsync()).State);
    }

    private Dispatcher Node(string name, WorkHandler handler) => new(
        test!.Database, ledger!, new WorkHandlers(new Dictionary<string, WorkHandler> { ["test"] = handler }.ToFrozenDictionary()), new WorkBell(), DispatcherOptions.Default(name), time, NullLogger<Dispatcher>.Instance);

    private async Task ScheduleAsync() =>
        Assert.IsType<CommitOutcome.Committed>(await ledger!.CommitAsync(new Commit(Cell) { Rows = [WorkItem.Schedule(Cell, "test", Guid.NewGuid(), time.GetUtcNow(), time)] }, Token));

    private async Task<WorkItem> OnlyAsync()
    {
        await using var db = test!.Database.Open();
        return (await db.Set<WorkRow>().AsNoTracking().SingleAsync(Token)).ToItem();
    }
}
