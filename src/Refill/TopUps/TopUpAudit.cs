using Microsoft.EntityFrameworkCore;
using Refill.Cards;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Promotions;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Holds top-ups, payments, work and ledger against each other: the invariants of reliability.md that the ledger alone cannot see.
/// Reads some cells after the others, so that memory is bounded. Wants a quiet database (no steps under way) to be exact: on a busy one it reads each cell in one snapshot.
/// </summary>
public sealed class TopUpAudit(Database database)
{
    /// <summary>With their payments and transfers some hundred megabytes.</summary>
    private const int MaxTopUpsAtOnce = 100_000;

    /// <summary>Of archives read at once.</summary>
    private const int MaxArchivedAtOnce = 1_000;

    /// <summary>As if nothing had ever moved to an archive.</summary>
    public Task<IReadOnlyList<AuditFinding>> RunAsync(CancellationToken cancellation) => RunAsync(ArchivedTopUps.None, cancellation);

    internal async Task<IReadOnlyList<AuditFinding>> RunAsync(ArchivedTopUps archives, CancellationToken cancellation)
    {
        var (laws, offers, prices) = (new TopUpLaws(archives), new PromotionLaws(archives), await PricesAsync(cancellation));
        await foreach (var piece in archives.TopUps(cancellation).Chunk(MaxArchivedAtOnce).WithCancellation(cancellation))
        {
            var rows = RowsOf(piece, prices);
            laws.JudgeArchived(rows);
            offers.JudgeArchived(rows);
        }

        var share = await CellsAtOnceAsync(cancellation);
        for (var first = 0; first < Cell.Count; first += share)
        {
            foreach (var rows in await ReadAsync((short)first, (short)(first + share - 1), archives.MovingBefore, prices, cancellation))
            {
                laws.Judge(rows);
                offers.Judge(rows);
            }
        }

        return [.. laws.Findings, await WalletsAsync(cancellation), .. offers.Findings, await PromotionLaws.OverAllAsync(database, cancellation)];
    }

    /// <summary>
    /// Wallets and cards stand in different cells, so no cell alone can tell: what the wallets' side says was taken, the cards' side has. Only refunds that are back in
    /// their wallet and not yet confirmed to the top-up may lie between.
    /// </summary>
    private async Task<AuditFinding> WalletsAsync(CancellationToken cancellation)
    {
        var check = new TopUpLaws.Check("I4  what wallets gave, top-ups have: both sides agree over all cells");
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var pending = await Tallies.PendingAsync(db, cancellation);
        var accounts = await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Purpose == WalletGateway.TakenPurpose || a.Purpose == "clearing/" + WalletGateway.GatewayName || a.Purpose == "refund-in-transit/" + WalletGateway.GatewayName).ToListAsync(cancellation);
        check.Examined = accounts.Count;
        var (taken, cleared, returning) = (Of(WalletGateway.TakenPurpose), Of("clearing/" + WalletGateway.GatewayName), Of("refund-in-transit/" + WalletGateway.GatewayName));
        if (-(taken + cleared) is var between && (between < 0 || between > returning))
        {
            check.Problem($"wallets say that {taken} was taken, top-ups {-cleared}, of which {returning} is on its way back");
        }

        return check.Finding;

        long Of(string purpose) => accounts.Where(a => a.Purpose == purpose).Sum(a => a.Balance + pending.GetValueOrDefault(a.Id).Amount);
    }

    /// <summary>Work that the machine has given up and a person must look at: not damage, but not to be forgotten.</summary>
    public async Task<IReadOnlyList<WorkItem>> DeadWorkAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await db.Set<WorkRow>().AsNoTracking().Where(w => w.State == (short)WorkState.Dead).OrderBy(w => w.CreatedAt).Take(1000).ToListAsync(cancellation);
        return [.. rows.Select(row => row.ToItem())];
    }

    /// <summary>A power of two: on SQLite, where keys do not begin with the cell, every share is a pass over the whole file.</summary>
    private async Task<int> CellsAtOnceAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var topUps = await db.Set<TopUpRow>().LongCountAsync(cancellation);
        var share = Cell.Count;
        while (share > 1 && topUps * share / Cell.Count > MaxTopUpsAtOnce)
        {
            share /= 2;
        }

        return share;
    }

    /// <summary>Of all terms that anything was ever sold on: some for each plan.</summary>
    private async Task<IReadOnlyDictionary<Guid, Money>> PricesAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        return (await db.Set<TermsRow>().AsNoTracking().ToListAsync(cancellation)).ToDictionary(row => row.Id, row => TermsBook.Read(row).Plan.Price);
    }

    private async Task<IReadOnlyList<TopUpRows>> ReadAsync(short first, short last, Guid movingBefore, IReadOnlyDictionary<Guid, Money> prices, CancellationToken cancellation)
    {
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var topUps = (await db.Set<TopUpRow>().AsNoTracking().Where(t => t.Cell >= first && t.Cell <= last)
            .Select(t => new TopUpLine(t.Cell, t.Id, t.Version, (TopUpState)t.State, t.CardId, t.ChargeMinor, t.ChargeCurrency, t.WalletId, t.OrderCode, t.TermsId, t.Detail.Contains(TopUpLine.OffersMark) ? t.Detail : null)).ToListAsync(cancellation)).ToLookup(t => t.Cell);
        var known = movingBefore == Guid.Empty ? [] : topUps.SelectMany(cell => cell).Select(t => t.Id).ToHashSet();
        var payments = (await db.Set<PaymentRow>().AsNoTracking().Where(p => p.Cell >= first && p.Cell <= last).ToListAsync(cancellation)).Where(p => !IsLeaving(p.TopUpId)).ToLookup(p => p.Cell);
        var steps = (await db.Set<TopUpStepRow>().AsNoTracking().Where(s => s.Cell >= first && s.Cell <= last).OrderBy(s => s.TopUpVersion).ToListAsync(cancellation)).Where(s => !IsLeaving(s.TopUpId)).ToLookup(s => s.Cell);
        var transfers = (await db.Set<TransferRow>().AsNoTracking().Where(t => t.Cell >= first && t.Cell <= last).Select(t => new { t.Cell, t.Subject, t.Kind, Postings = t.Kind == WalletGateway.Delivered ? t.Postings : null }).ToListAsync(cancellation)).ToLookup(t => t.Cell);
        var pending = await Tallies.PendingAsync(db, cancellation);
        var accounts = (await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Cell >= first && a.Cell <= last && (a.Purpose == "held" || a.Purpose.StartsWith("refund-in-transit/") || a.Purpose.StartsWith("clearing/") || a.Purpose.StartsWith("fees/") || a.Purpose.StartsWith("settlement/"))).ToListAsync(cancellation)).ToLookup(a => a.Cell);
        var offers = (await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Cell >= first && a.Cell <= last && (a.Purpose == PromotionAccounts.ReservedPurpose || a.Purpose == PromotionAccounts.UsedPurpose || a.Purpose == PromotionAccounts.OfCardPurpose)).ToListAsync(cancellation)).ToLookup(a => a.Cell);
        foreach (var account in accounts.Concat(offers).SelectMany(a => a))
        {
            account.Balance += pending.GetValueOrDefault(account.Id).Amount;
        }

        var work = (await db.Set<WorkRow>().AsNoTracking().Where(w => w.Cell >= first && w.Cell <= last).Select(w => new { w.Kind, w.Subject }).ToListAsync(cancellation)).Select(w => (w.Kind, w.Subject)).ToHashSet();
        var refunds = (await db.Set<RefundRow>().AsNoTracking().Where(r => r.Cell >= first && r.Cell <= last).ToListAsync(cancellation)).Select(Refund.Read).ToLookup(refund => refund.TopUpId);
        var cards = (await db.Set<CardRow>().Where(c => c.Cell >= first && c.Cell <= last && db.Set<CardIdentifierRow>().Any(i => i.CardId == c.Id)).Select(c => new { c.Cell, c.Id }).ToListAsync(cancellation)).ToLookup(c => c.Cell, c => c.Id);
        return
        [
            .. topUps.Select(cell => cell.Key).Union(payments.Select(cell => cell.Key)).Union(steps.Select(cell => cell.Key)).Union(accounts.Select(cell => cell.Key)).Union(offers.Select(cell => cell.Key)).Order().Select(cell => new TopUpRows(
                cell,
                topUps[cell].ToDictionary(t => t.Id),
                PaymentsOf(topUps[cell], payments[cell]),
                steps[cell].ToLookup(s => s.TopUpId),
                transfers[cell].ToLookup(t => t.Subject, t => t.Kind),
                transfers[cell].Where(t => t.Postings is not null).ToLookup(t => t.Subject, t => t.Postings!),
                [.. accounts[cell]],
                work,
                cards[cell].ToHashSet(),
                prices,
                refunds)
            {
                Offers = [.. offers[cell]],
            }),
        ];

        // An archive that is half moved: its top-ups have gone, what is about them goes now.
        bool IsLeaving(Guid topUpId) => topUpId.CompareTo(movingBefore) < 0 && !known.Contains(topUpId);
    }

    private static TopUpRows RowsOf(IReadOnlyList<ArchivedTopUp> archived, IReadOnlyDictionary<Guid, Money> prices)
    {
        var topUps = archived.Select(a => new TopUpLine(a.TopUp.Cell, a.TopUp.Id, a.TopUp.Version, (TopUpState)a.TopUp.State, a.TopUp.CardId, a.TopUp.ChargeMinor, a.TopUp.ChargeCurrency, a.TopUp.WalletId, a.TopUp.OrderCode, a.TopUp.TermsId, a.TopUp.Detail.Contains(TopUpLine.OffersMark, StringComparison.Ordinal) ? a.TopUp.Detail : null)).DistinctBy(t => t.Id).ToList();
        var transfers = archived.SelectMany(a => a.Transfers).ToList();
        return new TopUpRows(
            -1,
            topUps.ToDictionary(t => t.Id),
            PaymentsOf(topUps, archived.SelectMany(a => a.Payments)),
            archived.SelectMany(a => a.Steps).ToLookup(s => s.TopUpId),
            transfers.ToLookup(t => t.Subject, t => t.Kind),
            transfers.Where(t => t.Kind == WalletGateway.Delivered).ToLookup(t => t.Subject, t => t.Postings),
            [],
            new HashSet<(string, Guid)>(),
            new HashSet<Guid>(),
            prices,
            Array.Empty<Refund>().ToLookup(refund => refund.TopUpId));
    }

    /// <summary>With those that top-ups are themselves.</summary>
    private static ILookup<Guid, Payment> PaymentsOf(IEnumerable<TopUpLine> topUps, IEnumerable<PaymentRow> rows)
    {
        var known = rows.Select(Payment.Read).ToList();
        var ids = known.Select(payment => payment.Id).ToHashSet();
        return known.Concat(topUps.Select(topUp => topUp.OwnPayment).OfType<Payment>().Where(own => !ids.Contains(own.Id))).ToLookup(payment => payment.TopUpId);
    }
}
