using System.Collections.Immutable;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Carriers.Own;

/// <summary>
/// What a plan puts on a card of our own network, as postings: each allowance is an account that belongs to the top-up, never below zero,
/// filled from the cell's issuance account of its unit (which falls as much, and so counts what was ever issued).
/// </summary>
public static class Allowances
{
    public const string Data = "allowance/data";
    public const string Hotspot = "allowance/hotspot";
    public const string Voice = "allowance/voice";
    public const string Sms = "allowance/sms";

    /// <summary>
    /// The postings for one transfer of the commit that completes the top-up; none if the plan states no amount of anything. They stand in the cell
    /// of the top-up's id. The window in which they may be used stands in the top-up's row, not here: it is moved when a plan starts on first use.
    /// </summary>
    /// <param name="quantity">Periods bought together.</param>
    /// <param name="bonusBytes">What an offer adds to the plan's data.</param>
    /// <remarks>
    /// An unlimited allowance has no posting: there is no amount that could run out, and the plan in the top-up's row says that it is unlimited. One that
    /// is not stated has none either: an account would turn "the source does not say" into a number. Nor does an amount of 0, which says that
    /// there is none. Hotspot data is a limit within the data, counted in a unit of its own, so that the two are never added up.
    /// </remarks>
    public static ImmutableArray<Posting> Postings(Plan plan, Guid topUpId, int quantity = 1, long bonusBytes = 0)
    {
        var cell = CellId.CellOf(topUpId);
        return
        [
            .. Put(Data, "issuance/data", Unit.Byte, plan.FullSpeed, bonusBytes),
            .. plan.Hotspot == Catalogue.Hotspot.Yes ? Put(Hotspot, "issuance/hotspot", Unit.HotspotByte, plan.HotspotData) : [],
            .. Put(Voice, "issuance/voice", Unit.VoiceSecond, plan.Voice),
            .. Put(Sms, "issuance/sms", Unit.Message, plan.Sms),
        ];

        Posting[] Put(string purpose, string issuance, Unit unit, Allowance allowance, long more = 0) => allowance switch
        {
            { Kind: AllowanceKind.Limited, Amount: > 0 and var amount } =>
            [
                new Posting(Account.For(cell, purpose, unit, topUpId, floor: 0), (amount * quantity) + more),
                new Posting(Account.For(cell, issuance, unit), -((amount * quantity) + more)),
            ],
            { Kind: AllowanceKind.Limited, Amount: < 0 } => throw new ArgumentException($"plan {plan.Code} has a negative allowance: {allowance}", nameof(plan)),
            _ => [],
        };
    }
}
