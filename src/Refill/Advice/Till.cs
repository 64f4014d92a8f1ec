using Refill.Promotions;
using Refill.TopUps;
using Refill.Carriers;

namespace Refill.Advice;

/// <summary>
/// Plays the purchases of a schedule one after another as the quotes of those days would price them. A solver may save a use of an offer for later, and put a first purchase second; a quote gives what holds. So what
/// is shown is always what the till says; where the two differ, the till's schedule is played again by the checker, and the solver's sum stands as the bound that it is.
/// </summary>
internal static class Till
{
    /// <summary>The same purchases in the order in which they are paid, at the till's prices.</summary>
    public static (Asking Asking, IReadOnlyList<Purchase> Schedule) Price(Asking asking, IReadOnlyList<Purchase> schedule, CarrierDirectory connectors)
    {
        var (offers, wares) = (asking.Question.Offers.ToList(), asking.Wares.ToList());
        var (usedInAll, usedByCard, begins) = (new Dictionary<string, int>(), new Dictionary<(string Code, string Carrier), int>(), new Dictionary<string, int>());
        var paid = new List<Purchase>();
        foreach (var purchase in schedule.OrderBy(purchase => purchase.Day).ThenBy(purchase => purchase.Start))
        {
            var ware = wares[purchase.Offer];
            var carrier = ware.Carrier.Code;
            var priced = Pricing.Price(
                PlanPricing.Question(ware.Plan, ware.Carrier, connectors, asking.Calendar.Moment(purchase.Day)) with
                {
                    // A card has had its first purchase when one is delivered: what was bought in advance is not yet.
                    IsFirstPurchase = asking.Purse.IsNew(carrier) && begins.GetValueOrDefault(carrier, int.MaxValue) > purchase.Day,
                    Spent = Spent(carrier),
                    Coupons = ware.TakesCoupon ? [asking.Purse.Coupon!] : null,
                    Pack = ware.Pack,
                },
                asking.Purse.Book);
            begins[carrier] = Math.Min(begins.GetValueOrDefault(carrier, int.MaxValue), purchase.Start);
            foreach (var line in priced.Lines)
            {
                usedInAll[line.Promotion.Code] = usedInAll.GetValueOrDefault(line.Promotion.Code) + 1;
                usedByCard[(line.Promotion.Code, carrier)] = usedByCard.GetValueOrDefault((line.Promotion.Code, carrier)) + 1;
            }

            if (priced.IsAsGoodAs(ware.Priced))
            {
                paid.Add(purchase);
                continue;
            }

            paid.Add(purchase with { Offer = offers.Count });
            offers.Add(offers[purchase.Offer] with { FirstDay = purchase.Day, LastDay = purchase.Day, Cents = priced.TotalCents, Periods = priced.Quantity, Uses = null, Grants = Granted.By(ware.Plan, priced.BonusBytes / priced.Quantity) });
            wares.Add(ware with { Priced = priced });
        }

        return (asking with { Question = asking.Question with { Offers = offers }, Wares = wares }, paid);

        HashSet<string> Spent(string carrier) =>
        [
            .. asking.Purse.Book.All
                .Where(promotion => asking.Purse.InAll(promotion) - usedInAll.GetValueOrDefault(promotion.Code) <= 0 || asking.Purse.ByCard(promotion, carrier) - usedByCard.GetValueOrDefault((promotion.Code, carrier)) <= 0)
                .Select(promotion => promotion.Code),
        ];
    }
}
