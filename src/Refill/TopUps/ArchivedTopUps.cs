using Refill.Ledger;

namespace Refill.TopUps;

/// <summary>A top-up that has left the database, with everything about it.</summary>
internal sealed record ArchivedTopUp(TopUpRow TopUp, IReadOnlyList<PaymentRow> Payments, IReadOnlyList<TopUpStepRow> Steps, IReadOnlyList<TransferRow> Transfers);

/// <summary>What archives hold, for the audit: beside the database's.</summary>
/// <param name="TopUps">Those of the archives at hand that are not in the database (any more).</param>
/// <param name="NotAtHand">What the archives that are not at hand hold of accounts, by account.</param>
/// <param name="MovingBefore">While an archive is half moved: payments and steps of top-ups with lesser ids may stand in the database without them. Else empty.</param>
internal sealed record ArchivedTopUps(Func<CancellationToken, IAsyncEnumerable<ArchivedTopUp>> TopUps, IReadOnlyDictionary<Guid, Delta> NotAtHand, Guid MovingBefore)
{
    public static readonly ArchivedTopUps None = new(_ => AsyncEnumerable.Empty<ArchivedTopUp>(), new Dictionary<Guid, Delta>(), Guid.Empty);
}
