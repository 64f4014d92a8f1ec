using System.Collections.Immutable;

namespace Refill.Promotions;

/// <summary>Offers that meet: the same customer, plan and moment.</summary>
/// <param name="carrierOf">Carriers by plan.</param>
internal sealed class OfferOverlaps(IReadOnlyDictionary<string, string> carrierOf)
{
    /// <summary>One coupon of two offers at one time: nobody could say which was meant.</summary>
    public IEnumerable<BadOffer> OfCoupons(IEnumerable<(int Line, Promotion Promotion)> offers) =>
        from ofOne in offers.Where(offer => offer.Promotion.Coupon is not null).GroupBy(offer => offer.Promotion.Coupon)
        from pair in Pairs([.. ofOne])
        where pair.Other.Line > 0 && Overlap(pair.One.Promotion, pair.Other.Promotion) && MayMeet(pair.One.Promotion, pair.Other.Promotion)
        select new BadOffer(pair.Other.Line, "coupon", $"'{ofOne.Key}' is the coupon of '{pair.One.Promotion.Code}' too, at the same time and for the same plans");

    /// <summary>Two that stand alone: the better one for the customer is taken, which may not have been meant.</summary>
    public IEnumerable<BadOffer> OfExclusives(IEnumerable<(int Line, Promotion Promotion)> offers) =>
        from pair in Pairs([.. offers.Where(offer => offer.Promotion is { IsCombinable: false, Coupon: null } && offer.Promotion.Kind != PromotionKind.BuyGetOne)])
        where pair.Other.Line > 0 && Overlap(pair.One.Promotion, pair.Other.Promotion) && MayMeet(pair.One.Promotion, pair.Other.Promotion)
        select new BadOffer(pair.Other.Line, "combinable", $"'{pair.Other.Promotion.Code}' overlaps '{pair.One.Promotion.Code}': neither is combinable, so each customer gets the better of the two");

    /// <summary>Every two that might be at the same time. Sorted by their beginnings, what begins after an end is passed over with all that follows.</summary>
    private static IEnumerable<((int Line, Promotion Promotion) One, (int Line, Promotion Promotion) Other)> Pairs((int Line, Promotion Promotion)[] offers)
    {
        Array.Sort(offers, static (left, right) =>
            Nullable.Compare(left.Promotion.From, right.Promotion.From) is not 0 and var order ? order : string.CompareOrdinal(left.Promotion.Code, right.Promotion.Code));
        for (var one = 0; one < offers.Length; one++)
        {
            for (var other = one + 1; other < offers.Length && !(offers[other].Promotion.From >= offers[one].Promotion.Until); other++)
            {
                yield return offers[one].Line == 0 || offers[other].Line > 0 ? (offers[one], offers[other]) : (offers[other], offers[one]);
            }
        }
    }

    private static bool Overlap(Promotion one, Promotion other) => !(one.From >= other.Until) && !(other.From >= one.Until) && one.Code != other.Code;

    private bool MayMeet(Promotion one, Promotion other) => Meet(one.Plans, other.Plans) && Meet(CarriersOf(one), CarriersOf(other)) && Meet(one.Gateways, other.Gateways) && Meet(one.Shops, other.Shops);

    private ImmutableArray<string> CarriersOf(Promotion promotion) => promotion.Plans.IsEmpty ? promotion.Carriers : [.. promotion.Plans.Select(plan => carrierOf.GetValueOrDefault(plan, plan))];

    private static bool Meet(ImmutableArray<string> one, ImmutableArray<string> other) => one.IsEmpty || other.IsEmpty || one.Any(code => other.Contains(code));
}
