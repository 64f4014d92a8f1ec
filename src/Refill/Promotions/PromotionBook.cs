using System.Collections.Frozen;

namespace Refill.Promotions;

/// <summary>Promotions, made ready to be asked: by plan, by carrier, by coupon. Immutable; it holds those that have not begun too, so that a day to come can be asked about.</summary>
public sealed class PromotionBook
{
    public static readonly PromotionBook Empty = new([]);

    private readonly FrozenDictionary<string, Promotion[]> byPlan;
    private readonly FrozenDictionary<string, Promotion[]> byCarrier;
    private readonly Promotion[] general;
    private readonly FrozenDictionary<string, Promotion[]> byCoupon;
    private readonly bool asksCard;

    private PromotionBook(IEnumerable<Promotion> promotions)
    {
        // In the order in which they are applied, so that no question need sort: percentages, amounts, bonus data, each by code.
        All = [.. promotions.OrderBy(promotion => promotion.Kind).ThenBy(promotion => promotion.Code, StringComparer.Ordinal)];
        byPlan = Index(All, promotion => promotion.Plans);
        byCarrier = Index(All.Where(promotion => promotion.Plans.IsEmpty), promotion => promotion.Carriers);
        general = [.. All.Where(promotion => promotion.Plans.IsEmpty && promotion.Carriers.IsEmpty)];
        byCoupon = Index(All, promotion => promotion.Coupon is { } coupon ? [coupon] : []);
        ByCode = All.ToFrozenDictionary(promotion => promotion.Code);
        asksCard = All.Any(promotion => promotion is { Coupon: null, UsesPerCard: not null });
    }

    public IReadOnlyList<Promotion> All { get; }

    public IReadOnlyDictionary<string, Promotion> ByCode { get; }

    public static PromotionBook Of(IReadOnlyCollection<Promotion> promotions) => promotions.Count == 0 ? Empty : new PromotionBook(promotions);

    /// <summary>False: with this coupon, or none, nobody need find out what a card has had before.</summary>
    public bool AsksCard(string? coupon) => asksCard || (coupon is not null && OfCoupon(coupon).Any(promotion => promotion.UsesPerCard is not null));

    /// <summary>When the next offer begins or ends after this moment: until then prices are the same. The last moment of all, if none does.</summary>
    public DateTimeOffset NextChange(DateTimeOffset after) =>
        All.SelectMany(promotion => (DateTimeOffset?[])[promotion.From, promotion.Until, promotion.StoppedAt]).OfType<DateTimeOffset>().Where(change => change > after).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();

    internal IReadOnlyList<Promotion> OfCoupon(string coupon) => byCoupon.GetValueOrDefault(coupon) ?? [];

    /// <summary>Those whose plan and carrier fit, as three lists, each in the order of application.</summary>
    internal (Promotion[] Plan, Promotion[] Carrier, Promotion[] General) For(string plan, string carrier) =>
        (byPlan.GetValueOrDefault(plan) ?? [], byCarrier.GetValueOrDefault(carrier) ?? [], general);

    private static FrozenDictionary<string, Promotion[]> Index(IEnumerable<Promotion> promotions, Func<Promotion, IEnumerable<string>> keys) =>
        promotions.SelectMany(promotion => keys(promotion).Distinct().Select(key => (Key: key, Promotion: promotion))).GroupBy(pair => pair.Key).ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.Promotion).ToArray());
}
