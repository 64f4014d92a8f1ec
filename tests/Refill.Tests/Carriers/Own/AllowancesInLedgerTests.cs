using System.Collections.Immutable;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Carriers.Own;

public sealed class AllowancesInLedgerTests
{
    private static readonly Cell Cell = new(42);
    private static readonly Plan Plan = AllowancesTests.PlanOf(Allowance.Of(10_000_000_000), Allowance.Unlimited, Allowance.Of(100), Hotspot.Yes, Allowance.Of(2_000_000_000));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task What_was_put_on_a_card_can_be_used_up_and_no_more(DatabaseKind kind)
    {
        await using var test = await TestDatabase.NewAsync(kind);
        await using var ledger = new GeneralLedger(test.Database);
        var (first, second) = (CellId.New(Cell, TimeProvider.System), CellId.New(Cell, TimeProvider.System));
        foreach (var topUp in new[] { first, second })
        {
            Assert.IsType<CommitOutcome.Committed>(await CommitAsync(ledger, topUp, Allowances.Postings(Plan, topUp)));
        }

        var data = Account.For(Cell, Allowances.Data, Unit.Byte, first, floor: 0);
        var used = Account.For(Cell, "used/data", Unit.Byte);
        Assert.IsType<CommitOutcome.Committed>(await CommitAsync(ledger, first, [new(data, -9_999_999_999), new(used, 9_999_999_999)]));
        Assert.IsType<CommitOutcome.BelowFloor>(await CommitAsync(ledger, first, [new(data, -2), new(used, 2)]));

        Assert.Equal(1, await ledger.BalanceAsync(data, Cancellation));
        Assert.Equal(10_000_000_000, await ledger.BalanceAsync(Account.For(Cell, Allowances.Data, Unit.Byte, second, floor: 0), Cancellation));
        Assert.Equal(-20_000_000_000, await ledger.BalanceAsync(Account.For(Cell, "issuance/data", Unit.Byte), Cancellation));
        Assert.Equal(100, await ledger.BalanceAsync(Account.For(Cell, Allowances.Sms, Unit.Message, first, floor: 0), Cancellation));
        Assert.Equal(2_000_000_000, await ledger.BalanceAsync(Account.For(Cell, Allowances.Hotspot, Unit.HotspotByte, first, floor: 0), Cancellation));
    }

    private static Task<CommitOutcome> CommitAsync(GeneralLedger ledger, Guid topUp, ImmutableArray<Posting> postings) =>
        ledger.CommitAsync(new Commit(Cell) { Transfers = [new Transfer(CellId.New(Cell, TimeProvider.System), "delivered", topUp, postings)] }, Cancellation);
}
