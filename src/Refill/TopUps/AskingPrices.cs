using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.TopUps;

/// <summary>What plans cost at one moment, with the offers that hold for a card, or for whoever comes: without a coupon, and before a way of paying is chosen.</summary>
/// <param name="IsFirst">Nothing was bought for the card yet.</param>
/// <param name="Spent">Codes of offers of which nothing is left for it.</param>
internal sealed record AskingPrices(OffersNow Offers, bool IsFirst, IReadOnlySet<string> Spent, DateTimeOffset At, CarrierDirectory Carriers)
{
    /// <summary>No card is known, or none of its own doings changes a price.</summary>
    public bool AreEverybodys => !IsFirst && Spent.Count == Offers.UsedUp.Count;

    public Priced Of(Plan plan, Carrier carrier) => Pricing.Price(Question(plan, carrier), Offers.Book);

    public PriceQuestion Question(Plan plan, Carrier carrier) => PlanPricing.Question(plan, carrier, Carriers, At) with { IsFirstPurchase = IsFirst, Spent = Spent };
}
