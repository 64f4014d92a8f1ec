using Refill.Catalogue;

namespace Refill.Advice;

/// <summary>What a plan gives, as advice counts it: what is not stated counts as nothing.</summary>
internal static class Granted
{
    /// <param name="bonusBytes">What an offer adds to the data.</param>
    public static Grants By(Plan plan, long bonusBytes = 0)
    {
        var data = plan.FullSpeed switch
        {
            { Kind: AllowanceKind.Unlimited } => Grant.Unlimited,
            { Kind: AllowanceKind.Limited, Amount: > 0 and var amount } => plan.IsDaily ? Grant.Daily(amount) : Grant.Pool(amount + bonusBytes),
            _ => Grant.None,
        };
        return new Grants(data, HotspotOf(plan, data), Of(plan.Voice), Of(plan.Sms));
    }

    /// <summary>What is left of a plan that runs: amounts as the ledger has them, what has no amount as the plan says.</summary>
    /// <param name="left">Data, hotspot, seconds, messages; null: there is no account.</param>
    public static Grants Left(Plan plan, IReadOnlyList<long?> left)
    {
        var whole = By(plan);
        return new Grants(Of(whole.Data, left[0]), plan.HotspotData.Kind == AllowanceKind.NotStated ? Of(whole.Hotspot, whole.Hotspot == Grant.None ? 0 : left[0]) : Of(whole.Hotspot, left[1]), Of(whole.Voice, left[2]), Of(whole.Sms, left[3]));

        static Grant Of(Grant grant, long? amount) => grant.Kind == GrantKind.Pool ? Grant.Pool(amount ?? 0) : grant;
    }

    /// <summary>Yes without an amount: as much as the data.</summary>
    private static Grant HotspotOf(Plan plan, Grant data) => (plan.Hotspot, plan.HotspotData) switch
    {
        (not Hotspot.Yes, _) => Grant.None,
        (_, { Kind: AllowanceKind.NotStated }) => data,
        (_, { Kind: AllowanceKind.Limited } stated) when plan.IsDaily => Grant.Daily(stated.Amount),
        (_, var stated) => Of(stated),
    };

    private static Grant Of(Allowance allowance) => allowance.Kind switch
    {
        AllowanceKind.Unlimited => Grant.Unlimited,
        AllowanceKind.Limited => Grant.Pool(allowance.Amount),
        _ => Grant.None,
    };
}
