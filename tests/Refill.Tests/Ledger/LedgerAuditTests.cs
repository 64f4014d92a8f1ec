using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Tests.Ledger;

public sealed class LedgerAuditOnSqliteTests : LedgerAuditTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class LedgerAuditOnPostgresTests : LedgerAuditTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>What somebody who goes past the ledger does to its rows, the audit finds.</summary>
public abstract class LedgerAuditTests : LedgerTestBase
{
    public static TheoryData<string, string> Damage => new()
    {
        { "UPDATE account SET balance = balance + 1 WHERE purpose = 'wallet'", "every account's balance" },
        { "DELETE FROM transfer WHERE kind = 'test'", "balance is the sum of its postings" },
        { "DELETE FROM transfer WHERE id = (SELECT max(id) FROM transfer)", "no gap in the sequence" },
        { "DELETE FROM account WHERE purpose = 'wallet'", "has its account and its transfer" },
        { "UPDATE transfer SET postings = x'00'", "has its account and its transfer" },
        { "UPDATE account SET last_transfer = id WHERE purpose = 'wallet'", "no gap in the sequence" },
        { "UPDATE account SET postings = postings + 1 WHERE purpose = 'wallet'", "counts its postings" },
        { "UPDATE account SET balance = balance + 5, unit = 'EUR' WHERE purpose = 'wallet'", "each unit sums to zero" },
        { "INSERT INTO answer (cell, id, answer) SELECT cell, id, x'616263' FROM account LIMIT 1", "whole key" },
        { "UPDATE account SET cell = 9 WHERE purpose = 'wallet'", "stands in its own cell" },
    };

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task The_audit_finds_planted_damage(string sql, string check)
    {
        await MoveAsync(World(), Wallet(1), 10);
        await MoveAsync(Wallet(1), World(), 4);
        await SoundAsync();
        Assert.True(await Test.RunAsync(Kind == DatabaseKind.Sqlite ? sql : sql.Replace("max(id)", "max(id::text)::uuid", StringComparison.Ordinal).Replace("x'", "'\\x", StringComparison.Ordinal)) > 0);
        await FoundAsync(check);
    }

    public static TheoryData<string, string> DamagedPostings => new()
    {
        { "amount", "postings sum to zero" },
        { "amount", "balance is the sum of its postings" },
        { "left out", "counts its postings" },
        { "left out", "no gap in the sequence" },
        { "twice", "counts its postings" },
        { "below the floor", "nor ever was" },
        { "balance after", "no gap in the sequence" },
        { "sequence", "no gap in the sequence" },
        { "previous", "no gap in the sequence" },
        { "unit", "has its account" },
        { "account", "has its account" },
        { "two that make up for each other", "postings sum to zero" },
        { "all left out", "has its account and its transfer" },
    };

    /// <summary>Somebody who knows how postings are packed has been at those of the second transfer.</summary>
    [Theory]
    [MemberData(nameof(DamagedPostings))]
    public async Task The_audit_finds_damaged_postings(string what, string check)
    {
        await MoveAsync(World(), Wallet(1), 10);
        await MoveAsync(Wallet(1), World(), 4);
        await MoveAsync(World(), Wallet(2), 7);
        await SoundAsync();
        await Test.RepackAsync(Wallet(1).Id, lines => [.. lines.SelectMany(line => (what, line.AccountId == Wallet(1).Id) switch
        {
            ("all left out", _) => [],
            (_, false) => [line],
            ("amount", _) => [line with { Amount = line.Amount + 1 }],
            ("left out", _) => [],
            ("twice", _) => [line, line],
            ("below the floor", _) => [line with { BalanceAfter = -1 }],
            ("balance after", _) => [line with { BalanceAfter = line.BalanceAfter + 1 }],
            ("sequence", _) => [line with { Sequence = line.Sequence + 1 }],
            ("previous", _) => [line with { Previous = line.AccountId }],
            ("unit", _) => [line with { Unit = "EUR" }],
            ("account", _) => [line with { AccountId = Account.For(Cell, "nobody", Currency.Usd.Unit).Id }],
            _ => new[] { line with { Amount = line.Amount - 1 }, line with { Amount = 2, Sequence = 9 } },
        })]);
        await FoundAsync(check);
    }
}
