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

/// <summary>Several nodes on one PostgreSQL, each with a clock that the test turns: a node whose clock stands still is frozen.</summary>
public sealed class CellLeasesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider time = new(Start);
    private TestDatabase? test;
    private GeneralLedger? ledger;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(DatabaseKind.Postgres);
        ledger = new GeneralLedger(test.Database);
    }

    public async ValueTask DisposeAsync()
    {
        await ledger!.DisposeAsync();
        await test!.DisposeAsync();
    }

    [Fact]
    public async Task Each_node_has_its_fair_share_no_cell_two_owners_and_the_same_name_twice_is_two_nodes()
    {
        CellLeases[] nodes = [Leases("same"), Leases("same"), Leases("other")];
        for (var round = 0; round < 2; round++)
        {
            foreach (var node in nodes)
            {
                await node.RenewAsync(Token);
            }
        }

        var held = nodes.SelectMany(node => node.Held.FirstCells).ToList();
        Assert.Equal(Cell.Count / CellLeases.Range, held.Distinct().Count());
        Assert.Equal(held.Count, held.Distinct().Count());
        Assert.All(nodes, node => Assert.InRange(node.Held.FirstCells.Length, 10, 11));
    }

    [Fact]
    public async Task A_node_that_dies_loses_its_cells_within_ten_seconds_and_one_that_leaves_at_once()
    {
        var (dies, leaves, stays) = (Leases("a"), Leases("b"), Leases("c"));
        await dies.RenewAsync(Token);
        await leaves.RenewAsync(Token);
        await leaves.LeaveAsync(Token);
        Assert.Empty(leaves.Held.FirstCells);
        await stays.RenewAsync(Token);
        Assert.Empty(stays.Held.FirstCells);
        for (var second = 0; second < 9; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await stays.KeepAsync(Token);
        }

        Assert.Equal(Cell.Count / CellLeases.Range, stays.Held.FirstCells.Length);
        await stays.LeaveAsync(Token);
        var next = Leases("d");
        await next.RenewAsync(Token);
        Assert.Equal(Cell.Count / CellLeases.Range, next.Held.FirstCells.Length);
    }

    [Fact]
    public async Task A_node_that_is_started_again_has_the_cells_of_its_dead_predecessor_at_once_but_not_those_of_a_living_one()
    {
        var (dies, lives, other) = (Leases("a"), Leases("a"), Leases("b"));
        await dies.RenewAsync(Token);
        await lives.RenewAsync(Token);
        await dies.RenewAsync(Token);
        await lives.RenewAsync(Token);
        Assert.Equal((16, 16), (dies.Held.FirstCells.Length, lives.Held.FirstCells.Length));

        await dies.DisposeAsync(); // What the server sees of a process that was killed.
        await other.RenewAsync(Token);
        await other.RenewAsync(Token);
        Assert.Empty(other.Held.FirstCells); // Another name waits until it is taken for dead.
        var again = Leases("a");
        await again.RenewAsync(Token);
        Assert.NotEmpty(again.Held.FirstCells);
        Assert.Empty(again.Held.FirstCells.Intersect(lives.Held.FirstCells));
    }

    [Fact]
    public async Task What_a_frozen_node_had_begun_is_refused_when_it_wakes_and_is_done_once_by_the_other()
    {
        var (begun, wake) = (new TaskCompletionSource(), new TaskCompletionSource());
        CommitOutcome? refused = null;
        var effect = new Cell(7);
        var (frozenClock, verdicts) = (new FakeTimeProvider(Start), 0);
        var frozen = Node("a", frozenClock, async (item, _) =>
        {
            begun.SetResult();
            await wake.Task;
            refused = await ledger!.CommitAsync(new Commit(item.Cell) { Rows = [item.Finish(), Effect(effect)] }, Token);
            return new WorkVerdict.Committed();
        });
        var other = Node("b", time, async (item, _) =>
        {
            verdicts++;
            Assert.IsType<CommitOutcome.Committed>(await ledger!.CommitAsync(new Commit(item.Cell) { Rows = [item.Finish(), Effect(effect)] }, Token));
            return new WorkVerdict.Committed();
        });
        await ScheduleAsync("test");
        var first = frozen.RunDueAsync(Token);
        await begun.Task;
        time.Advance(CellLeases.Presence + TimeSpan.FromSeconds(1)); // Far less than the lease of the work itself.
        Assert.Equal(1, await other.RunDueAsync(Token));
        wake.SetResult();
        await first;
        Assert.IsType<CommitOutcome.Stale>(refused);
        await using var db = test!.Database.Open();
        Assert.Equal((1, 1), (verdicts, await db.Set<WorkRow>().CountAsync(row => row.Kind == "effect", Token)));
    }

    [Fact]
    public async Task A_frozen_node_that_still_believes_in_its_cells_can_claim_nothing_in_them()
    {
        var done = new List<string>();
        var frozen = Node("a", new FakeTimeProvider(Start), (_, _) => Done("a"));
        var other = Node("b", time, (_, _) => Done("b"));
        Assert.Equal(0, await frozen.RunDueAsync(Token)); // Takes all cells, and by its clock need not look again.
        time.Advance(CellLeases.Presence + TimeSpan.FromSeconds(1));
        Assert.Equal(0, await other.RunDueAsync(Token));
        await ScheduleAsync("test", Start);
        Assert.Equal(0, await frozen.RunDueAsync(Token));
        Assert.Equal(1, await other.RunDueAsync(Token));
        Assert.Equal(["b"], done);

        Task<WorkVerdict> Done(string who)
        {
            done.Add(who);
            return Task.FromResult<WorkVerdict>(new WorkVerdict.Finished());
        }
    }

    private CellLeases Leases(string name) => new(test!.Database, name, time);

    private Dispatcher Node(string name, TimeProvider clock, WorkHandler handler) => new(
        test!.Database, ledger!, new WorkHandlers(new Dictionary<string, WorkHandler> { ["test"] = handler }.ToFrozenDictionary()), new WorkBell(), DispatcherOptions.Default(name), clock, NullLogger<Dispatcher>.Instance);

    private RowChange Effect(Cell cell) => WorkItem.Schedule(cell, "effect", Guid.NewGuid(), time.GetUtcNow().AddYears(1), time);

    private async Task ScheduleAsync(string kind, DateTimeOffset? due = null)
    {
        var cell = new Cell(7);
        Assert.IsType<CommitOutcome.Committed>(await ledger!.CommitAsync(new Commit(cell) { Rows = [WorkItem.Schedule(cell, kind, Guid.NewGuid(), due ?? time.GetUtcNow(), time)] }, Token));
    }
}
