using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Payments.Wallets;

/// <summary>A customer's prepaid balance: one account in USD that never falls below zero, in the cell of its id.</summary>
public sealed record Wallet(Guid Id, string Name, DateTimeOffset CreatedAt)
{
    public Account Account => AccountOf(Id);

    public static Account AccountOf(Guid walletId) => Account.For(CellId.CellOf(walletId), "wallet", Currency.Usd.Unit, walletId, floor: 0);
}

/// <summary>What became of a credit. A closed set.</summary>
public abstract record CreditOutcome
{
    private CreditOutcome()
    {
    }

    public sealed record Credited(Money Balance) : CreditOutcome;

    /// <summary>The same reference with the same amount and reason was credited before; nothing was changed.</summary>
    public sealed record Already(Money Balance) : CreditOutcome;

    /// <summary>The reference was used for something else.</summary>
    public sealed record ReferenceReused : CreditOutcome;

    public sealed record NoSuchWallet : CreditOutcome;
}

/// <summary>Opens wallets and puts money into them by hand; what spends it is a journey.</summary>
public sealed class Wallets(Database database, GeneralLedger ledger, TimeProvider time)
{
    public const int MaxName = 100;
    public const int MaxReason = 200;
    public const int MaxReference = 64;

    /// <summary>A slip of the hand has fewer digits than this: 1,000,000.00.</summary>
    public static readonly Money MostAtOnce = Money.Usd(100_000_000);

    /// <summary>Money from outside that an operator vouches for: a bank transfer, cash.</summary>
    private const string Funding = "funding/manual";

    /// <exception cref="ArgumentException">A name of no or more than <see cref="MaxName"/> characters.</exception>
    public async Task<Wallet> OpenAsync(string name, CancellationToken cancellation)
    {
        if (name.Trim().Length is 0 or > MaxName || name.Any(char.IsControl))
        {
            throw new ArgumentException($"a wallet's name has 1 to {MaxName} characters", nameof(name));
        }

        var row = new WalletRow { Id = CellId.New(new Cell(RandomNumberGenerator.GetBytes(1)[0]), time), Name = name.Trim(), CreatedAt = time.GetUtcNow() };
        await using var db = database.Open();
        db.Add(row);
        await db.SaveChangesAsync(cancellation);
        return Read(row);
    }

    public async Task<Wallet?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return await db.Set<WalletRow>().AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, cancellation) is { } row ? Read(row) : null;
    }

    public async Task<IReadOnlyList<Wallet>> ListAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        return [.. (await db.Set<WalletRow>().AsNoTracking().OrderByDescending(row => row.CreatedAt).ToListAsync(cancellation)).Select(Read)];
    }

    public async Task<Money> BalanceAsync(Guid walletId, CancellationToken cancellation) => Money.Usd(await ledger.BalanceAsync(Wallet.AccountOf(walletId), cancellation));

    /// <summary>Puts money into a wallet, once per reference.</summary>
    /// <param name="amount">USD, above zero, at most <see cref="MostAtOnce"/>.</param>
    /// <param name="reason">Why, in words for whoever reads the books later; 1 to 200 characters.</param>
    /// <param name="reference">The bank's or the receipt's number: the same one credits once; 1 to 64 characters.</param>
    /// <exception cref="ArgumentException">An amount, a reason or a reference that is not allowed.</exception>
    public async Task<CreditOutcome> CreditAsync(Guid walletId, Money amount, string reason, string reference, CancellationToken cancellation)
    {
        if (amount.Currency != Currency.Usd || amount.Minor <= 0 || amount.Minor > MostAtOnce.Minor)
        {
            throw new ArgumentException($"an amount is above zero and at most {MostAtOnce}", nameof(amount));
        }

        if (reason.Trim().Length is 0 or > MaxReason || reference.Length is 0 or > MaxReference || reason.Any(char.IsControl) || reference.Any(char.IsControl))
        {
            throw new ArgumentException($"a reason has 1 to {MaxReason} characters, a reference 1 to {MaxReference}", nameof(reason));
        }

        if (await FindAsync(walletId, cancellation) is null)
        {
            return new CreditOutcome.NoSuchWallet();
        }

        var cell = CellId.CellOf(walletId);
        var id = CellId.New(cell, time);
        var wallet = Wallet.AccountOf(walletId);
        var outcome = await ledger.CommitAsync(
            new Commit(cell)
            {
                Key = new IdempotencyKey("wallet-credit", $"{walletId:N}:{reference}", [.. SHA256.HashData(Encoding.UTF8.GetBytes($"{amount.Minor} {amount.Currency.Code} {reason.Trim()}"))]),
                Rows = [RowChange.Insert(WalletCreditRow.Table, cell, id, walletId, amount.Minor, reason.Trim(), reference, time.GetUtcNow().ToUnixTimeMilliseconds())],
                Transfers = [new Transfer(CellId.New(cell, time), "wallet-credited", id, [new(Account.For(cell, Funding, amount.Currency.Unit), -amount.Minor), new(wallet, amount.Minor)])],
            },
            cancellation);
        return outcome switch
        {
            CommitOutcome.Committed => new CreditOutcome.Credited(await BalanceAsync(walletId, cancellation)),
            CommitOutcome.Replayed => new CreditOutcome.Already(await BalanceAsync(walletId, cancellation)),
            CommitOutcome.KeyReused => new CreditOutcome.ReferenceReused(),
            _ => throw new InvalidOperationException($"a credit of wallet {walletId} was refused: {outcome}"),
        };
    }

    private static Wallet Read(WalletRow row) => new(row.Id, row.Name, row.CreatedAt);
}

public sealed class WalletRow : IEntityTypeConfiguration<WalletRow>
{
    public Guid Id { get; set; }
    public string Name { get; set; } = "";
    public DateTimeOffset CreatedAt { get; set; }

    public void Configure(EntityTypeBuilder<WalletRow> builder)
    {
        builder.ToTable("wallet");
        builder.HasKey(row => row.Id);
    }
}

/// <summary>Why money was put into a wallet by hand; written with the transfer.</summary>
public sealed class WalletCreditRow : IEntityTypeConfiguration<WalletCreditRow>
{
    public static readonly VersionedTable Table = new(
        "wallet_credit",
        new Column("wallet_id", ColumnType.Uuid),
        new Column("amount_minor", ColumnType.Bigint),
        new Column("reason", ColumnType.Text),
        new Column("reference", ColumnType.Text),
        new Column("at", ColumnType.Bigint));

    public short Cell { get; set; }
    public Guid Id { get; set; }
    public long Version { get; set; }
    public Guid WalletId { get; set; }
    public long AmountMinor { get; set; }
    public string Reason { get; set; } = "";
    public string Reference { get; set; } = "";
    public DateTimeOffset At { get; set; }

    public void Configure(EntityTypeBuilder<WalletCreditRow> builder)
    {
        builder.ToTable("wallet_credit");
        builder.HasKey(row => new { row.Cell, row.Id });
    }
}
