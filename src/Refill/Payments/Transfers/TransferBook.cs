using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Payments.Transfers;

/// <param name="PaymentId">What it pays for, as far as that is known.</param>
internal sealed record KeptCredit(Guid Id, Guid? PaymentId);

/// <summary>What the bank has said, and what a person has transferred back: the books that <see cref="TransferGateway"/> answers from.</summary>
public sealed class TransferBook(Database database, TimeProvider time)
{
    /// <summary>How many entries one query asks for.</summary>
    private const int Piece = 500;

    /// <summary>How often an insert is tried again because another import was faster.</summary>
    private const int MaxTries = 3;

    /// <summary>The credit that pays for this payment; null: none has come.</summary>
    internal async Task<BankCreditRow?> PayingAsync(Guid paymentId, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return await db.Set<BankCreditRow>().AsNoTracking().FirstOrDefaultAsync(row => row.PaymentId == paymentId, cancellation);
    }

    /// <summary>Keeps those that are not known yet.</summary>
    /// <returns>The rows of all, by the bank's ids, and how many of them are new.</returns>
    /// <exception cref="StatementException">One was of another amount when it came before; nothing is kept then.</exception>
    internal async Task<(IReadOnlyDictionary<string, KeptCredit> Rows, int New)> KeepAsync(string account, IReadOnlyList<BankEntry> credits, CancellationToken cancellation)
    {
        var (known, added) = (new Dictionary<string, KeptCredit>(credits.Count), 0);
        foreach (var piece in credits.Chunk(Piece))
        {
            await FindAsync(account, piece, known, cancellation);
        }

        foreach (var piece in credits.Where(credit => !known.ContainsKey(credit.Id)).Chunk(Piece).ToList())
        {
            added += await AddAsync(account, piece, known, cancellation);
        }

        return (known, added);
    }

    /// <summary>Makes this credit the one that pays for the payment, if none is yet. False: another is.</summary>
    internal async Task<bool> ClaimAsync(Guid creditId, Guid paymentId, CancellationToken cancellation)
    {
        await using var db = database.Open();
        try
        {
            await db.Set<BankCreditRow>()
                .Where(row => row.Id == creditId && row.PaymentId == null && !db.Set<BankCreditRow>().Any(other => other.PaymentId == paymentId))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.PaymentId, paymentId), cancellation);
        }
        catch (DbException error) when (UniqueViolation.Is(error))
        {
            // Two imports at once: the other was first.
        }

        return await db.Set<BankCreditRow>().AnyAsync(row => row.Id == creditId && row.PaymentId == paymentId, cancellation);
    }

    internal async Task<bool> IsRefundedAsync(string refundNumber, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return await db.Set<BankRefundRow>().AnyAsync(row => row.RefundNumber == refundNumber, cancellation);
    }

    /// <summary>A person has transferred it back. Saying so twice is once.</summary>
    internal async Task ConfirmRefundAsync(string refundNumber, string by, CancellationToken cancellation)
    {
        await using var db = database.Open();
        db.Add(new BankRefundRow { RefundNumber = refundNumber, ConfirmedAt = time.GetUtcNow(), ConfirmedBy = by });
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException error) when (UniqueViolation.Is(error))
        {
            // It had been said.
        }
    }

    private async Task FindAsync(string account, IReadOnlyList<BankEntry> credits, Dictionary<string, KeptCredit> known, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var ids = credits.Select(credit => credit.Id).ToList();
        var rows = await db.Set<BankCreditRow>().AsNoTracking().Where(row => row.Account == account && ids.Contains(row.EntryId)).ToDictionaryAsync(row => row.EntryId, cancellation);
        foreach (var credit in credits.Where(credit => rows.ContainsKey(credit.Id)))
        {
            var row = rows[credit.Id];
            known[credit.Id] = row.AmountMinor == credit.Amount.Minor && row.Currency == credit.Amount.Currency.Code
                ? new KeptCredit(row.Id, row.PaymentId)
                : throw new StatementException($"the entry '{credit.Id}' has {credit.Amount}, and had {new Money(row.AmountMinor, Currency.Of(row.Currency))} when it was imported before");
        }
    }

    private async Task<int> AddAsync(string account, IReadOnlyList<BankEntry> credits, Dictionary<string, KeptCredit> known, CancellationToken cancellation)
    {
        for (var tried = 1; ; tried++)
        {
            await using var db = database.Open();
            var now = time.GetUtcNow();
            var rows = credits.Where(credit => !known.ContainsKey(credit.Id)).Select(credit => new BankCreditRow
            {
                Id = Guid.CreateVersion7(now),
                Account = account,
                EntryId = credit.Id,
                AmountMinor = credit.Amount.Minor,
                Currency = credit.Amount.Currency.Code,
                ValueDate = credit.ValueDate.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
                ImportedAt = now,
            }).ToList();
            db.AddRange(rows);
            try
            {
                await db.SaveChangesAsync(cancellation);
                rows.ForEach(row => known[row.EntryId] = new KeptCredit(row.Id, null));
                return rows.Count;
            }
            catch (DbUpdateException error) when (tried < MaxTries && UniqueViolation.Is(error))
            {
                await FindAsync(account, credits, known, cancellation); // Another import at the same time has some of them.
            }
        }
    }
}
