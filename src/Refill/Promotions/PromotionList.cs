using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Promotions;

/// <param name="Left">Uses left in all; null: any number.</param>
public sealed record ListedOffer(Promotion Promotion, long? Left);

/// <summary>What operators look at: every offer with the uses left of it, those that end first in front.</summary>
public sealed class PromotionList(Database database)
{
    /// <summary>What a page shows of each kind.</summary>
    public const int Most = 200;

    /// <summary>Offers that run at this moment, that are to come, and that have ended, the latest first; at most 200 of each.</summary>
    public async Task<(IReadOnlyList<ListedOffer> Running, IReadOnlyList<ListedOffer> Coming, IReadOnlyList<ListedOffer> Ended)> ReadAsync(DateTimeOffset at, CancellationToken cancellation)
    {
        await using var db = database.Open();
        List<Promotion> all = [.. (await db.Set<PromotionRow>().AsNoTracking().ToListAsync(cancellation)).Select(row => row.ToPromotion())];
        List<Promotion> running = [.. all.Where(offer => offer.RunsAt(at)).OrderBy(offer => offer.Until ?? DateTimeOffset.MaxValue).ThenBy(offer => offer.Code, StringComparer.Ordinal).Take(Most)];
        List<Promotion> ended = [.. all.Where(offer => EndOf(offer) <= at).OrderByDescending(EndOf).ThenBy(offer => offer.Code, StringComparer.Ordinal).Take(Most)];
        List<Promotion> coming = [.. all.Where(offer => !offer.RunsAt(at) && !(EndOf(offer) <= at)).OrderBy(offer => offer.From).ThenBy(offer => offer.Code, StringComparer.Ordinal).Take(Most)];
        var left = await PromotionReader.LeftAsync(db, [.. running, .. coming, .. ended], cancellation);
        return (Listed(running), Listed(coming), Listed(ended));

        IReadOnlyList<ListedOffer> Listed(List<Promotion> offers) => offers.ConvertAll(offer => new ListedOffer(offer, offer.Limit is null ? null : left.GetValueOrDefault(offer.Code)));
    }

    private static DateTimeOffset? EndOf(Promotion offer) => offer.StoppedAt is { } stopped && !(offer.Until < stopped) ? stopped : offer.Until;
}
