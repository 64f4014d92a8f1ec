using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Ledger;

/// <summary>A ledger of a test's own, with the accounts of one cell that its tests move money between.</summary>
public abstract class LedgerTestBase : IAsyncLifetime
{
    protected static readonly Cell Cell = new(7);

    protected TestDatabase Test { get; private set; } = null!;

    protected GeneralLedger Ledger { get; set; } = null!;

    protected abstract DatabaseKind Kind { get; }

    public async ValueTask InitializeAsync()
    {
        Test = await TestDatabase.NewAsync(Kind);
        Ledger = new GeneralLedger(Test.Database);
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        await Test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static Account World() => Account.For(Cell, "world", Currency.Usd.Unit);

    protected static Account Wallet(int number, Guid run = default)
    {
        Span<byte> owner = stackalloc byte[16];
        run.TryWriteBytes(owner);
        owner[0] ^= (byte)number;
        return Account.For(Cell, "wallet", Currency.Usd.Unit, new Guid(owner), floor: 0);
    }

    protected static Transfer Transfer(Account from, Account to, long amount) =>
        new(CellId.New(Cell, TimeProvider.System), "test", default, [new(from, -amount), new(to, amount)]);

    protected Task<CommitOutcome> MoveAsync(Account from, Account to, long amount) => Ledger.CommitAsync(new Commit(Cell) { Transfers = [Transfer(from, to, amount)] }, Token);

    protected async Task SoundAsync() =>
        Assert.All(await new LedgerAudit(Test.Database).RunAsync(Token), finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));

    /// <summary>The audit finds something, and its check says this.</summary>
    protected async Task FoundAsync(string check)
    {
        var findings = await new LedgerAudit(Test.Database).RunAsync(Token);
        Assert.Contains(findings, finding => finding.ProblemCount > 0 && finding.Check.Contains(check, StringComparison.Ordinal) && finding.Problems.Count > 0);
    }
}
