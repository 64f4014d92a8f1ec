using Npgsql;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Ledger;

/// <summary>The line to PostgreSQL breaks while a group commits: it happened or it did not, and the ledger finds out which.</summary>
public sealed class LostCommitTests
{
    private static readonly Cell Cell = new(7);

    public static TheoryData<LineCut> Cuts => [LineCut.BeforeTheServerHears, LineCut.BeforeTheServerIsHeard];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_transfer_is_there_once_although_the_line_broke_at_its_commit(LineCut cut)
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Postgres);
        var server = new NpgsqlConnectionStringBuilder(test.Database.Options.ConnectionString);
        await using var line = new CutLine(server.Host!, server.Port, "COMMIT", cut);
        var through = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = "127.0.0.1", Port = line.Port, SslMode = SslMode.Disable };
        await using var ledger = new GeneralLedger(new Database(new DatabaseOptions(DatabaseKind.Postgres, through.ConnectionString)));
        var (world, wallet) = (Account.For(Cell, "world", Currency.Usd.Unit), Account.For(Cell, "wallet", Currency.Usd.Unit, floor: 0));

        var outcome = await ledger.CommitAsync(new Commit(Cell) { Transfers = [new Transfer(CellId.New(Cell, TimeProvider.System), "test", default, [new(world, -5), new(wallet, 5)])] }, Token);

        Assert.IsType<CommitOutcome.Committed>(outcome);
        Assert.True(line.WasCut);
        Assert.Equal(5, await ledger.BalanceAsync(wallet, Token));
        Assert.Single(await ledger.HistoryAsync(wallet, cancellation: Token));
    }
}
