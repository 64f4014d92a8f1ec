using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Refill.Promotions;

/// <summary>What is to be priced.</summary>
/// <param name="Carrier">The carrier's code.</param>
/// <param name="ListCents">Of one period, at least 1.</param>
/// <param name="At">When: now, or any moment to come.</param>
public readonly record struct PriceQuestion(string Plan, string Carrier, long ListCents, DateTimeOffset At)
{
    /// <summary>The way of paying; null: none is chosen yet.</summary>
    public string? Gateway { get; init; }

    /// <summary>Null: not sold in a shop.</summary>
    public string? Shop { get; init; }

    public bool IsFirstPurchase { get; init; }

    /// <summary>Bytes that the plan gives at full speed; null: no amount, so that nothing can be added to it.</summary>
    public long? FullSpeedBytes { get; init; }

    /// <summary>Normalised.</summary>
    public IReadOnlyCollection<string>? Coupons { get; init; }

    /// <summary>The code of a <see cref="PromotionKind.BuyGetOne"/> that was asked for.</summary>
    public string? Pack { get; init; }

    /// <summary>Codes of promotions of which nothing is left, for this card or at all.</summary>
    public IReadOnlySet<string>? Spent { get; init; }
}

/// <param name="OffCents">What it takes off; 0 for bonus data.</param>
/// <param name="BonusBytes">What it adds; 0 for the others.</param>
public readonly record struct PricedLine(Promotion Promotion, long OffCents, long BonusBytes);

/// <summary>A price, line by line: <see cref="ListCents"/> less what the lines take off is <see cref="TotalCents"/>.</summary>
/// <param name="ListCents">Of all periods.</param>
/// <param name="Quantity">Periods delivered.</param>
public sealed record Priced(long ListCents, long TotalCents, int Quantity, long BonusBytes, ImmutableArray<PricedLine> Lines)
{
    /// <summary>The same for the customer, whatever leads to it.</summary>
    public bool IsAsGoodAs(Priced other) => (TotalCents, Quantity, BonusBytes) == (other.TotalCents, other.Quantity, other.BonusBytes);
}

/// <param name="Plain">Before a way of paying is chosen.</param>
/// <param name="ByGateway">Ways whose price is another, by name.</param>
/// <param name="Packs">What may be asked for besides, by code.</param>
public sealed record PriceAnswer(Priced Plain, ImmutableArray<KeyValuePair<string, Priced>> ByGateway, ImmutableArray<Promotion> Packs);

/// <summary>What became of a coupon that was typed.</summary>
public enum CouponStanding
{
    Accepted,

    /// <summary>It holds, but with certain ways of paying only.</summary>
    OtherWay,

    /// <summary>It holds, but what is had without it is better or as good.</summary>
    NotBetter,
    Unknown,
    NotYet,
    Ended,
    OtherPlan,
    NotFirstPurchase,
    TooLittle,
    UsedUp,
}

/// <summary>
/// The one place that decides a price: plan pages, quotes and advice ask it, and a quote keeps its answer. Values in, values out; the same answer in whatever order the promotions were given.
/// The rule (docs/promotions.md): all combinable offers add up, percentages first, each of the list price, then amounts; or one exclusive offer alone; whichever is cheapest, then gives most data, then is first by code. Never below one cent.
/// </summary>
public static class Pricing
{
    public const long LeastCents = 1;
    private const long WholeBasisPoints = 10_000;

    /// <summary>The best price for this way of paying.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A list price below one cent.</exception>
    public static Priced Price(in PriceQuestion question, PromotionBook book)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(question.ListCents, LeastCents);
        var (ofPlan, ofCarrier, general) = book.For(question.Plan, question.Carrier);
        if (question.Pack is { } code && book.ByCode.TryGetValue(code, out var pack) && pack.Kind == PromotionKind.BuyGetOne && Holds(pack, question))
        {
            return Alone(pack, question);
        }

        Priced? best = null;
        List<Promotion>? combinable = null;
        foreach (var list in (ReadOnlySpan<Promotion[]>)[ofPlan, ofCarrier, general])
        {
            foreach (var promotion in list)
            {
                if (promotion.Kind == PromotionKind.BuyGetOne || !Holds(promotion, question))
                {
                    continue;
                }

                if (promotion.IsCombinable)
                {
                    (combinable ??= []).Add(promotion);
                }
                else if (Alone(promotion, question) is var alone && (best is null || IsBetter(alone, best)))
                {
                    best = alone;
                }
            }
        }

        if (combinable is not null)
        {
            combinable.Sort(static (left, right) => left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind) : string.CompareOrdinal(left.Code, right.Code));
            var together = Together(CollectionsMarshal.AsSpan(combinable), question);
            best = best is null || !IsBetter(best, together) ? together : best;
        }

        return best ?? new Priced(question.ListCents, question.ListCents, 1, 0, []);
    }

    /// <summary>The price for every way of paying, whatever <see cref="PriceQuestion.Gateway"/> says, and the packs that may be asked for.</summary>
    public static PriceAnswer Answer(in PriceQuestion question, PromotionBook book)
    {
        var asked = question with { Gateway = null };
        var plain = Price(asked, book);
        var (ofPlan, ofCarrier, general) = book.For(question.Plan, question.Carrier);
        SortedSet<string>? gateways = null;
        SortedDictionary<string, Promotion>? packs = null;
        foreach (var list in (ReadOnlySpan<Promotion[]>)[ofPlan, ofCarrier, general])
        {
            foreach (var promotion in list)
            {
                foreach (var gateway in promotion.Gateways)
                {
                    (gateways ??= new(StringComparer.Ordinal)).Add(gateway);
                }

                if (promotion.Kind == PromotionKind.BuyGetOne && Holds(promotion, asked))
                {
                    (packs ??= new(StringComparer.Ordinal))[promotion.Code] = promotion;
                }
            }
        }

        var byGateway = ImmutableArray.CreateBuilder<KeyValuePair<string, Priced>>();
        foreach (var gateway in gateways ?? [])
        {
            if (Price(asked with { Gateway = gateway }, book) is var priced && !priced.IsAsGoodAs(plain))
            {
                byGateway.Add(new(gateway, priced));
            }
        }

        return new PriceAnswer(plain, byGateway.ToImmutable(), packs is null ? [] : [.. packs.Values]);
    }

    /// <summary>Why a coupon holds or does not. Where several promotions have it, the one that comes nearest speaks.</summary>
    /// <param name="coupon">Normalised.</param>
    public static CouponStanding Explain(in PriceQuestion question, string coupon, PromotionBook book)
    {
        var nearest = CouponStanding.Unknown;
        foreach (var promotion in book.OfCoupon(coupon))
        {
            var standing = Stand(promotion, question with { Coupons = [coupon] }, book);
            nearest = standing < nearest || nearest == CouponStanding.Unknown ? standing : nearest;
        }

        return nearest;
    }

    private static CouponStanding Stand(Promotion promotion, in PriceQuestion question, PromotionBook book)
    {
        if (promotion.Until <= question.At || promotion.StoppedAt <= question.At)
        {
            return CouponStanding.Ended;
        }

        if (promotion.From > question.At)
        {
            return CouponStanding.NotYet;
        }

        if (!Fits(promotion.Plans, question.Plan) || !Fits(promotion.Carriers, question.Carrier) || (promotion.Kind == PromotionKind.BonusData && question.FullSpeedBytes is not > 0))
        {
            return CouponStanding.OtherPlan;
        }

        if (promotion.IsFirstPurchaseOnly && !question.IsFirstPurchase)
        {
            return CouponStanding.NotFirstPurchase;
        }

        if (question.ListCents * promotion.Quantity < promotion.LeastSpendCents)
        {
            return CouponStanding.TooLittle;
        }

        if (question.Spent?.Contains(promotion.Code) == true)
        {
            return CouponStanding.UsedUp;
        }

        var paid = promotion.Gateways.IsEmpty ? question : question with { Gateway = promotion.Gateways[0] };
        if (!Fits(promotion.Shops, question.Shop) || (promotion.Kind != PromotionKind.BuyGetOne && !Price(paid, book).Lines.Any(line => line.Promotion.Code == promotion.Code)))
        {
            return CouponStanding.NotBetter;
        }

        return Fits(promotion.Gateways, question.Gateway) ? CouponStanding.Accepted : CouponStanding.OtherWay;
    }

    private static bool Holds(Promotion promotion, in PriceQuestion question) =>
        promotion.RunsAt(question.At)
        && (promotion.Coupon is not { } coupon || question.Coupons?.Contains(coupon) == true)
        && Fits(promotion.Plans, question.Plan) && Fits(promotion.Carriers, question.Carrier) && Fits(promotion.Gateways, question.Gateway) && Fits(promotion.Shops, question.Shop)
        && (!promotion.IsFirstPurchaseOnly || question.IsFirstPurchase)
        && question.ListCents * promotion.Quantity >= promotion.LeastSpendCents
        && (promotion.Kind != PromotionKind.BonusData || question.FullSpeedBytes is > 0)
        && question.Spent?.Contains(promotion.Code) != true;

    private static bool Fits(ImmutableArray<string> wanted, string? given) => wanted.IsEmpty || (given is not null && wanted.Contains(given));

    private static Priced Alone(Promotion promotion, in PriceQuestion question) => Together([promotion], question);

    /// <param name="promotions">In the order of application. A pack stands alone.</param>
    private static Priced Together(ReadOnlySpan<Promotion> promotions, in PriceQuestion question)
    {
        var quantity = promotions[0].Quantity;
        var list = question.ListCents * quantity;
        var (total, bonus) = (list, 0L);
        var lines = ImmutableArray.CreateBuilder<PricedLine>(promotions.Length);
        foreach (var promotion in promotions)
        {
            var off = promotion.Kind switch
            {
                // Rounded down to the cent: a percentage is never more than it says.
                PromotionKind.Percentage => list * promotion.Value / WholeBasisPoints,
                PromotionKind.AmountOff => promotion.Value,
                PromotionKind.BuyGetOne => question.ListCents,
                _ => 0,
            };
            off = Math.Min(off, total - LeastCents);
            var more = promotion.Kind == PromotionKind.BonusData ? promotion.Value : 0;
            if (off > 0 || more > 0)
            {
                lines.Add(new PricedLine(promotion, off, more));
                (total, bonus) = (total - off, bonus + more);
            }
        }

        return new Priced(list, total, quantity, bonus, lines.DrainToImmutable());
    }

    /// <summary>For the customer. Equal ones: the first by code, so that an answer does not depend on the order of a file.</summary>
    private static bool IsBetter(Priced one, Priced other) =>
        one.TotalCents != other.TotalCents ? one.TotalCents < other.TotalCents
        : one.BonusBytes != other.BonusBytes ? one.BonusBytes > other.BonusBytes
        : one.Lines.Length > 0 && (other.Lines.Length == 0 || string.CompareOrdinal(one.Lines[0].Promotion.Code, other.Lines[0].Promotion.Code) < 0);
}
