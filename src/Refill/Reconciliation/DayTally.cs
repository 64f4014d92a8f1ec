using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation;

/// <summary>What a difference is about; the same words whichever side it is seen from, so that it is found again.</summary>
internal static class DifferenceSubject
{
    public static string Payment(string orderNumber) => "payment " + orderNumber;

    public static string Refund(string refundNumber) => "refund " + refundNumber;

    public static string Of(StatementRow row) => row.Kind switch
    {
        StatementKind.Payment when row.OrderNumber is { Length: > 0 } number => Payment(number),
        StatementKind.Refund when (row.RefundNumber ?? row.OrderNumber) is { Length: > 0 } number => Refund(number),
        _ => $"{row.Kind.ToString().ToLowerInvariant()} {row.GatewayNumber}",
    };
}

/// <summary>Something that differs, as it was found.</summary>
internal sealed record Difference(DiscrepancyKind Kind, string Subject, Guid? PaymentId, string? GatewayNumber, Money? Ours, Money? Theirs, DateTimeOffset At, string Text);

/// <summary>The sums and differences of one day while its statement is read. What it remembers of a million rows that agree is their ids.</summary>
internal sealed class DayTally(string gateway, DateOnly day, Currency currency)
{
    private readonly HashSet<Guid> payments = [];
    private readonly HashSet<(Guid, int)> refunds = [];
    private readonly List<Difference> differences = [];
    private readonly List<(string, Guid)> toAct = [];

    public string Gateway => gateway;

    public DateOnly Day => day;

    public Currency Currency => currency;

    public int Rows { get; private set; }

    public int Matched { get; private set; }

    /// <summary>In minor units, each positive; fees may be negative if more was given back.</summary>
    public long Payments { get; private set; }

    public long Refunds { get; private set; }

    public long Fees { get; private set; }

    public long Settled { get; private set; }

    public IReadOnlyList<Difference> Differences => differences;

    /// <summary>Payments to be looked at, and refunds to be asked about, because they know more than we: the work, and what it is about.</summary>
    public IReadOnlyList<(string Work, Guid Subject)> ToAct => toAct;

    public int Of(DiscrepancyKind kind) => differences.Count(difference => difference.Kind == kind);

    /// <summary>True the first time that the statement speaks of it.</summary>
    public bool See(Guid paymentId) => payments.Add(paymentId);

    public bool See(OurRefund refund) => refunds.Add((refund.PaymentId, refund.Ordinal));

    public bool Saw(Guid paymentId) => payments.Contains(paymentId);

    public bool Saw(OurRefund refund) => refunds.Contains((refund.PaymentId, refund.Ordinal));

    /// <summary>The same of a refund by its number.</summary>
    public bool SawRefund(string number) => number.LastIndexOf('R') is > 0 and var at && Guid.TryParseExact(number[..at], "N", out var id) && int.TryParse(number.AsSpan(at + 1), out var ordinal) && refunds.Contains((id, ordinal));

    public void Count(StatementRow row, OurPayment? ours, Verdict verdict)
    {
        Rows++;
        if (verdict is not Verdict.Unexplained && row.Amount.Currency == currency)
        {
            Add(row);
        }

        switch (verdict)
        {
            case Verdict.Matched or Verdict.Booking:
                Matched++;
                break;
            case Verdict.PaidThere there:
                toAct.Add((TopUpSteps.PaymentWork, there.Payment.Id));
                Find(DiscrepancyKind.OnlyTheirs, row, there.Payment, null, "paid there, not booked here");
                break;
            case Verdict.RefundedThere there:
                Matched++;
                toAct.Add((there.Refund.Work, there.Refund.Subject));
                break;
            case Verdict.OnlyTheirs only:
                Find(DiscrepancyKind.OnlyTheirs, row, only.Payment, null, only.Why);
                break;
            case Verdict.AmountDiffers differs:
                Find(DiscrepancyKind.AmountDiffers, row, differs.Payment, differs.Ours, "the amounts differ");
                break;
            case Verdict.Unexplained unexplained:
                Find(DiscrepancyKind.Unexplained, row, ours, null, unexplained.Why);
                break;
        }
    }

    /// <summary>In our books as of this day, and not in their statement.</summary>
    /// <param name="at">A moment of that day.</param>
    public Difference OnlyOurs(OurPayment ours, DateTimeOffset at) =>
        Keep(new Difference(DiscrepancyKind.OnlyOurs, DifferenceSubject.Payment(ours.Id.ToString("N")), ours.Id, ours.GatewayNumber, ours.Paid ?? ours.Asked, null, at, "not in their statement of this day"));

    public Difference OnlyOurs(OurRefund refund, DateTimeOffset at) =>
        Keep(new Difference(DiscrepancyKind.OnlyOurs, DifferenceSubject.Refund(refund.Number), refund.PaymentId, null, -refund.Amount, null, at, "not in their statement of this day"));

    private void Add(StatementRow row)
    {
        checked
        {
            switch (row.Kind)
            {
                case StatementKind.Payment:
                    Payments += row.Amount.Minor;
                    Fees += row.Fee.Minor;
                    break;
                case StatementKind.Refund:
                    Refunds -= row.Amount.Minor;
                    Fees += row.Fee.Minor;
                    break;
                case StatementKind.Fee:
                    Fees += row.Fee.Minor - row.Amount.Minor;
                    break;
                case StatementKind.Settlement:
                    Settled -= row.Amount.Minor;
                    Fees += row.Fee.Minor;
                    break;
            }
        }
    }

    private void Find(DiscrepancyKind kind, StatementRow row, OurPayment? ours, Money? amount, string text) =>
        Keep(new Difference(kind, DifferenceSubject.Of(row), ours?.Id, row.GatewayNumber, amount, row.Amount, row.At, text));

    /// <exception cref="StatementException">There are so many that the file cannot be the right one.</exception>
    private Difference Keep(Difference difference)
    {
        differences.Add(difference);
        return differences.Count <= Reconciler.MostDifferences
            ? difference
            : throw new StatementException($"more than {Reconciler.MostDifferences} rows differ: this is not the statement of this installation, or our books of the day are not there");
    }
}
