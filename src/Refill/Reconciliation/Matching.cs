using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation;

/// <summary>What our books know of a payment, as far as a statement can agree with it or not.</summary>
internal sealed record OurPayment(Guid Id, Guid TopUpId, PaymentState State, Money Asked, Money? Paid, string? GatewayNumber, IReadOnlyList<OurRefund> Refunds)
{
    /// <summary>They stand in a table of their own.</summary>
    public bool HasRefundsByHand { get; init; }
}

/// <summary>A refund of it: the one that goes by itself (R1), or one by hand.</summary>
/// <param name="Subject">What its work in the outbox is about.</param>
/// <param name="Amount">Positive.</param>
internal sealed record OurRefund(Guid PaymentId, int Ordinal, Guid Subject, Money Amount, bool IsDone)
{
    public string Number => Refund.NumberOf(PaymentId, Ordinal);

    public string Work => Ordinal == 1 ? TopUpSteps.RefundWork : RefundSteps.PartWork;
}

/// <summary>What a row of a statement comes to, held against our books. A closed set.</summary>
internal abstract record Verdict
{
    private Verdict()
    {
    }

    public sealed record Matched : Verdict;

    /// <summary>They have the money, we think it unpaid: it is to be booked, which completes the top-up or sends the money back.</summary>
    public sealed record PaidThere(OurPayment Payment) : Verdict;

    /// <summary>They have given it back, we still wait to hear of it: it is to be asked about.</summary>
    public sealed record RefundedThere(OurRefund Refund) : Verdict;

    /// <summary>We know of no such thing.</summary>
    public sealed record OnlyTheirs(OurPayment? Payment, string Why) : Verdict;

    public sealed record AmountDiffers(OurPayment Payment, Money Ours) : Verdict;

    /// <summary>A fee or a payout of theirs: it is posted, there is nothing to hold it against.</summary>
    public sealed record Booking : Verdict;

    public sealed record Unexplained(string Why) : Verdict;
}

/// <summary>One row against one payment: the rules, without database or network.</summary>
internal static class Matching
{
    /// <param name="currency">The gateway's.</param>
    /// <param name="ours">The payment of the row's order number; null: we have none of that number at this gateway.</param>
    /// <param name="refund">Of these, the one that the row is about (<see cref="RefundOf"/>).</param>
    /// <param name="isRepeated">An earlier row of the same statement was about the same payment or refund.</param>
    public static Verdict Judge(StatementRow row, Currency currency, OurPayment? ours, OurRefund? refund, bool isRepeated)
    {
        if (row.Amount.Currency != currency || row.Fee.Currency != currency)
        {
            return new Verdict.Unexplained($"in {row.Amount.Currency.Code}");
        }

        return row.Kind switch
        {
            StatementKind.Fee or StatementKind.Settlement => new Verdict.Booking(),
            StatementKind.Payment when row.Amount.Minor <= 0 => new Verdict.Unexplained("a payment of nothing or less"),
            StatementKind.Refund when row.Amount.Minor >= 0 => new Verdict.Unexplained("a refund of nothing or less"),
            StatementKind.Payment or StatementKind.Refund when ours is null => new Verdict.OnlyTheirs(null, row.OrderNumber is null ? "it names no order of ours" : "we have no such order"),
            StatementKind.Payment or StatementKind.Refund when isRepeated => new Verdict.OnlyTheirs(ours, "it stands there twice"),
            StatementKind.Payment => JudgePayment(row, ours!),
            StatementKind.Refund => JudgeRefund(row, ours!, refund),
            _ => new Verdict.Unexplained(row.Text),
        };
    }

    private static Verdict JudgePayment(StatementRow row, OurPayment ours) => ours switch
    {
        { State: PaymentState.NeedsReview, Paid: null } => new Verdict.OnlyTheirs(ours, "a person is looking at this payment"),

        // Also with another amount than was asked: what is booked then goes back (failure case 6).
        { Paid: null } => new Verdict.PaidThere(ours),
        { Paid: { } paid } when paid != row.Amount => new Verdict.AmountDiffers(ours, paid),
        { GatewayNumber: { } number } when row.GatewayNumber.Length > 0 && number != row.GatewayNumber => new Verdict.OnlyTheirs(ours, "our payment has another number with them"),
        _ => new Verdict.Matched(),
    };

    /// <summary>The refund that a row names by its number; where it names none, the only one of its amount.</summary>
    public static OurRefund? RefundOf(StatementRow row, OurPayment ours) => row.RefundNumber is { Length: > 0 } number
        ? ours.Refunds.FirstOrDefault(refund => refund.Number == number)
        : ours.Refunds.Where(refund => refund.Amount.Minor == -row.Amount.Minor).ToList() is [var only] ? only : null;

    private static Verdict JudgeRefund(StatementRow row, OurPayment ours, OurRefund? refund) => refund switch
    {
        null => new Verdict.OnlyTheirs(ours, ours.Refunds.Count == 0 ? "we asked for no refund" : "we asked for no such refund"),
        { Amount: { } amount } when amount.Minor != -row.Amount.Minor => new Verdict.AmountDiffers(ours, -amount),
        { IsDone: false } => new Verdict.RefundedThere(refund),
        _ => new Verdict.Matched(),
    };
}
