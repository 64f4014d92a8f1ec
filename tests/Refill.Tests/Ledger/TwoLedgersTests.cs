using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.Tests.Ledger;

public sealed class TwoLedgersOnSqliteTests : TwoLedgersTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class TwoLedgersOnPostgresTests : TwoLedgersTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>Two processes on one database, each remembering what it wrote last: neither may believe itself more than the database.</summary>
public abstract class TwoLedgersTests : IAsyncLifetime
{
    private static readonly Cell Cell = new(7);
    private TestDatabase test = null!;
    private GeneralLedger ledger = null!;
    private GeneralLedger other = null!;

    protected abstract DatabaseKind Kind { get; }

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(Kind);
        (ledger, other) = (new GeneralLedger(test.Database), new GeneralLedger(test.Database));
    }

    public async ValueTask DisposeAsync()
    {
        await ledger.DisposeAsync();
        await other.DisposeAsync();
        await test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_another_process_did_meanwhile_is_seen_though_this_one_remembers_otherwise()
    {
        await MoveAsync(World(), Wallet(1), 100);
        await MoveAsync(Wallet(1), World(), 30); // Remembered here: 70.
        Assert.IsType<CommitOutcome.Committed>(await other.CommitAsync(new Commit(Cell) { Transfers = [Transfer(Wallet(1), World(), 60)] }, Token));

        var refused = Assert.IsType<CommitOutcome.BelowFloor>(await ledger.CommitAsync(new Commit(Cell) { Transfers = [Transfer(Wallet(1), World(), 50)] }, Token));
        Assert.Equal(10, refused.Balance);
        Assert.IsType<CommitOutcome.Committed>(await other.CommitAsync(new Commit(Cell) { Transfers = [Transfer(World(), Wallet(1), 90)] }, Token));
        Assert.IsType<CommitOutcome.Committed>(await ledger.CommitAsync(new Commit(Cell) { Transfers = [Transfer(Wallet(1), World(), 95)] }, Token));
        Assert.Equal(5, await ledger.BalanceAsync(Wallet(1), Token));
        await SoundAsync();
    }

    [Fact]
    public async Task A_key_that_another_process_has_used_is_answered_as_there_and_does_not_disturb_the_others_of_its_group()
    {
        var order = (string key) => new Commit(Cell) { Key = Key(key, "body"), Answer = Guid.NewGuid().ToByteArray(), Transfers = [Transfer(World(), Wallet(1), 1)] };
        var first = Assert.IsType<CommitOutcome.Committed>(await other.CommitAsync(order("again"), Token));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => ledger.CommitAsync(order(number == 10 ? "again" : $"new {number}"), Token)));
        Assert.Equal(first.Answer.ToArray(), Assert.IsType<CommitOutcome.Replayed>(outcomes[10]).Answer.ToArray());
        Assert.Equal(19, outcomes.Count(outcome => outcome is CommitOutcome.Committed));
        Assert.Equal(20, await ledger.BalanceAsync(Wallet(1), Token));
        await SoundAsync();
    }

    [Fact]
    public async Task A_row_that_another_process_has_changed_meanwhile_is_stale()
    {
        var row = CellId.New(Cell, TimeProvider.System);
        Assert.IsType<CommitOutcome.Committed>(await ledger.CommitAsync(new Commit(Cell) { Rows = [Row(row, 0, "a")], Transfers = [Transfer(World(), Wallet(1), 1)] }, Token));
        Assert.IsType<CommitOutcome.Committed>(await other.CommitAsync(new Commit(Cell) { Rows = [Row(row, 1, "b")], Transfers = [Transfer(World(), Wallet(2), 1)] }, Token));

        var stale = Assert.IsType<CommitOutcome.Stale>(await ledger.CommitAsync(new Commit(Cell) { Rows = [Row(row, 1, "c")], Transfers = [Transfer(World(), Wallet(1), 1)] }, Token));
        Assert.Equal(2, stale.CurrentVersion);
        var there = Assert.IsType<CommitOutcome.Stale>(await ledger.CommitAsync(new Commit(Cell) { Rows = [Row(row, 0, "d")], Transfers = [Transfer(World(), Wallet(1), 1)] }, Token));
        Assert.Equal(2, there.CurrentVersion);
        Assert.Equal(1, await ledger.BalanceAsync(Wallet(1), Token));
        await SoundAsync();
    }

    [Fact]
    public async Task Two_that_spend_from_one_account_at_once_never_spend_more_than_is_there()
    {
        await MoveAsync(World(), Wallet(1), 300);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 400).Select(number => (number % 2 == 0 ? ledger : other).CommitAsync(
            new Commit(Cell) { Key = Key($"{number}", "body"), Answer = new byte[] { 1 }, Transfers = [Transfer(Wallet(1), Wallet(2), 1)] }, Token)));

        Assert.Equal((300, 100), (outcomes.Count(outcome => outcome is CommitOutcome.Committed), outcomes.Count(outcome => outcome is CommitOutcome.BelowFloor { Balance: 0 })));
        Assert.Equal((0L, 300L), (await ledger.BalanceAsync(Wallet(1), Token), await other.BalanceAsync(Wallet(2), Token)));
        await SoundAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Account World() => Account.For(Cell, "world", Currency.Usd.Unit);

    private static Account Wallet(byte number) => Account.For(Cell, "wallet", Currency.Usd.Unit, new Guid(number, 0, 0, new byte[8]), floor: 0);

    private static Transfer Transfer(Account from, Account to, long amount) =>
        new(CellId.New(Cell, TimeProvider.System), "test", default, [new(from, -amount), new(to, amount)]);

    private static IdempotencyKey Key(string key, string body) => new("test", key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(body))]);

    private static RowChange Row(Guid id, long version, string kind) => new(WorkItem.Table, Cell, id, version, ImmutableArray.Create<object?>(kind, id, 1L, 0L, (short)2, 0L, null, null, 0L));

    private Task<CommitOutcome> MoveAsync(Account from, Account to, long amount) => ledger.CommitAsync(new Commit(Cell) { Transfers = [Transfer(from, to, amount)] }, Token);

    private async Task SoundAsync() =>
        Assert.All(await new LedgerAudit(test.Database).RunAsync(Token), finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
}
