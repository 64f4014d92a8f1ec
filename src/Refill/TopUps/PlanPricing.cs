using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.TopUps;

/// <summary>A plan as <see cref="Pricing"/> is asked about it: quotes, comparison and advice ask in the same words.</summary>
internal static class PlanPricing
{
    /// <param name="at">Now, or a moment to come.</param>
    public static PriceQuestion Question(Plan plan, Carrier carrier, CarrierDirectory carriers, DateTimeOffset at) => new(plan.Code, carrier.Code, plan.Price.Minor, at)
    {
        FullSpeedBytes = plan is { IsDaily: false, FullSpeed: { Kind: AllowanceKind.Limited, Amount: var bytes } } && carriers.Find(carrier.Connector) is { AllowancesInLedger: true } ? bytes : null,
    };
}
