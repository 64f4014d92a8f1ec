using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Promotions;

/// <summary>The offers as they were read a moment ago.</summary>
/// <param name="UsedUp">Codes of which nothing is left for anybody. The ledger has the last word: what looks as if something were left may be refused.</param>
public sealed record OffersNow(PromotionBook Book, FrozenSet<string> UsedUp)
{
    public static readonly OffersNow None = new(PromotionBook.Empty, []);
}

/// <summary>All promotions, kept in memory and read again when they are older than <see cref="Fresh"/>: an import by another process is seen as soon.</summary>
public sealed class PromotionReader(Database database, TimeProvider time)
{
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private volatile Snapshot? snapshot;
    private int forgotten;
    private (int Forgotten, Task<Snapshot> Task)? reading;

    public ValueTask<OffersNow> NowAsync(CancellationToken cancellation)
    {
        if (Recent() is { } known)
        {
            return new(known.Offers);
        }

        lock (gate)
        {
            if (Recent() is { } fresh)
            {
                return new(fresh.Offers);
            }

            if (reading is not { Task.IsCompleted: false } begun || begun.Forgotten != Volatile.Read(ref forgotten))
            {
                // As the catalogue's: one read for all who wait, on a thread of its own.
                reading = begun = (Volatile.Read(ref forgotten), Task.Run(ReadAnewAsync, CancellationToken.None));
            }

            return new(OffersOf(begun.Task.WaitAsync(cancellation)));
        }
    }

    /// <summary>Reads anew at the next question; after an import in this process, or when a limit was met.</summary>
    public void Forget() => Interlocked.Increment(ref forgotten);

    /// <summary>Codes of the promotions that this card has used as often as one card may; of those with a coupon, of this one alone.</summary>
    public async Task<IReadOnlySet<string>> SpentByAsync(Guid cardId, PromotionBook book, string? coupon, DateTimeOffset at, CancellationToken cancellation)
    {
        if (!book.AsksCard(coupon))
        {
            return FrozenSet<string>.Empty;
        }

        var counted = book.All.Where(promotion => promotion.UsesPerCard is not null && (promotion.Coupon is null || promotion.Coupon == coupon) && promotion.RunsAt(at))
            .ToDictionary(promotion => PromotionAccounts.OfCard(cardId, promotion.Id, promotion.UsesPerCard!.Value).Id, promotion => promotion.Code);
        if (counted.Count == 0)
        {
            return FrozenSet<string>.Empty;
        }

        short cell = CellId.CellOf(cardId).Number;
        Guid[] ids = [.. counted.Keys];
        await using var db = database.Open();
        var spent = await db.Set<AccountRow>().AsNoTracking().Where(a => a.Cell == cell && ids.Contains(a.Id) && a.Balance <= a.Floor).Select(a => a.Id).ToListAsync(cancellation);
        return spent.Select(id => counted[id]).ToHashSet();
    }

    /// <summary>How often each may still be used, by code: in all, and by this card; who has no card has all its uses.</summary>
    public async Task<(IReadOnlyDictionary<string, long> InAll, IReadOnlyDictionary<string, int> ByCard)> UsesLeftAsync(Guid? cardId, PromotionBook book, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var inAll = await LeftAsync(db, book.All, cancellation);
        var counted = book.All.Where(promotion => promotion.UsesPerCard is not null).ToList();
        if (cardId is not { } card || counted.Count == 0)
        {
            return (inAll, FrozenDictionary<string, int>.Empty);
        }

        var accounts = counted.ToDictionary(promotion => PromotionAccounts.OfCard(card, promotion.Id, promotion.UsesPerCard!.Value).Id, promotion => promotion.Code);
        short cell = CellId.CellOf(card).Number;
        Guid[] ids = [.. accounts.Keys];
        return (inAll, (await db.Set<AccountRow>().AsNoTracking().Where(a => a.Cell == cell && ids.Contains(a.Id)).Select(a => new { a.Id, Left = a.Balance - a.Floor }).ToListAsync(cancellation)).ToDictionary(a => accounts[a.Id], a => (int)a.Left));
    }

    /// <summary>What is left of each limited promotion, by code.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> LeftAsync(RefillDb db, IEnumerable<Promotion> promotions, CancellationToken cancellation)
    {
        var limited = promotions.Where(promotion => promotion.Limit is not null).ToDictionary(promotion => PromotionAccounts.Left(promotion.Id).Id, promotion => promotion.Code);
        if (limited.Count == 0)
        {
            return FrozenDictionary<string, long>.Empty;
        }

        Guid[] ids = [.. limited.Keys];
        short cell = PromotionAccounts.Cell.Number;
        var left = limited.Values.ToDictionary(code => code, _ => 0L);
        foreach (var account in await db.Set<AccountRow>().AsNoTracking().Where(a => a.Cell == cell && ids.Contains(a.Id)).Select(a => new { a.Id, a.Balance }).ToListAsync(cancellation))
        {
            left[limited[account.Id]] = account.Balance;
        }

        return left;
    }

    private static async Task<OffersNow> OffersOf(Task<Snapshot> reading) => (await reading).Offers;

    private Snapshot? Recent() => snapshot is { } known && known.Forgotten == Volatile.Read(ref forgotten) && time.GetElapsedTime(known.ReadAt) < Fresh ? known : null;

    private async Task<Snapshot> ReadAnewAsync()
    {
        var (readAt, before) = (time.GetTimestamp(), Volatile.Read(ref forgotten));
        await using var db = database.Open();
        List<Promotion> promotions = [.. (await db.Set<PromotionRow>().AsNoTracking().ToListAsync()).Select(row => row.ToPromotion())];
        var now = time.GetUtcNow();
        var left = await LeftAsync(db, promotions.Where(promotion => promotion.RunsAt(now)), default);
        return snapshot = new Snapshot(readAt, before, new OffersNow(PromotionBook.Of(promotions), left.Where(pair => pair.Value <= 0).Select(pair => pair.Key).ToFrozenSet()));
    }

    private sealed record Snapshot(long ReadAt, int Forgotten, OffersNow Offers);
}
