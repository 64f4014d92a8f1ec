using System.Collections.Immutable;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>Why a refund cannot be asked for. A closed set.</summary>
public enum RefundProblem
{
    /// <summary>The carrier's answer is not known, or the top-up is still under way: nothing is given back of what may yet be delivered.</summary>
    NotDelivered = 1,
    NotPaid = 2,
    MoreThanWasPaid = 3,
    TooMany = 4,

    /// <summary>Paid from a wallet: `refill wallet credit` gives it back.</summary>
    FromWallet = 5,
}

/// <summary>The steps of giving back what was earned: values in, values out, as <see cref="TopUpSteps"/>. The state of the top-up does not change: it was delivered, and stays so.</summary>
internal sealed class RefundSteps(TimeProvider time)
{
    public const string PartWork = "top-up.refund-part";

    public const string Reserved = "part-refund-reserved";
    public const string Refunded = "part-refunded";
    public const string Withdrawn = "part-refund-withdrawn";

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <param name="amountMinor">Null: all that is left.</param>
    /// <param name="by">Who asks, 1 to 100 characters.</param>
    public (Step? Step, Refund? Refund, RefundProblem? Problem) Ask(TopUp topUp, IReadOnlyList<Payment> payments, long? amountMinor, string reason, string by)
    {
        if (topUp.WalletId is not null || payments.Any(payment => payment is { State: PaymentState.Paid, Gateway: WalletGateway.GatewayName }))
        {
            return (null, null, RefundProblem.FromWallet);
        }

        if (payments.FirstOrDefault(payment => payment is { State: PaymentState.Paid, PaidAmount: not null }) is not { PaidAmount: { } paid } payment)
        {
            return (null, null, RefundProblem.NotPaid);
        }

        var minor = amountMinor ?? paid.Minor - payment.GivenBackMinor;
        switch (true)
        {
            case true when topUp.State != TopUpState.Completed:
                return (null, null, RefundProblem.NotDelivered);
            case true when minor <= 0 || minor > paid.Minor - payment.GivenBackMinor:
                return (null, null, RefundProblem.MoreThanWasPaid);
            case true when payment.RefundsAsked >= Refund.MostOfOnePayment - 1:
                return (null, null, RefundProblem.TooMany);
        }

        var refund = new Refund(CellId.New(topUp.Cell, time), 0, payment.Id, topUp.Id, (short)(payment.RefundsAsked + 2), new Money(minor, paid.Currency), RefundState.Requested, reason, by, Now, null);
        var step = new Step("refund-asked", topUp, topUp with { UpdatedAt = Now })
        {
            Payments = [payment with { GivenBackMinor = payment.GivenBackMinor + minor, RefundsAsked = (short)(payment.RefundsAsked + 1) }],
            Transfers = [Move(Reserved, topUp, payment, paid, payment.GivenBackMinor, minor)],
            Also = [refund.Store(0)],
            Work = [new(PartWork, refund.Id, Now)],
        };
        return (step, refund, null);
    }

    public Step? Done(TopUp topUp, IReadOnlyList<Payment> payments, Refund refund) =>
        refund.State is RefundState.Requested or RefundState.NeedsReview && payments.FirstOrDefault(payment => payment.Id == refund.PaymentId) is { } payment
            ? new Step("refund-done", topUp, topUp with { UpdatedAt = Now })
            {
                Transfers = [Transfer(Refunded, topUp, [new(PaymentAccounts.InTransit(payment), -refund.Amount.Minor), new(PaymentAccounts.Clearing(payment), refund.Amount.Minor)])],
                Also = [(refund with { State = RefundState.Done, DoneAt = Now }).Store(refund.Version)],
            }
            : null;

    /// <summary>The gateway refused it for good (failure case 23): the money stays reserved, a person looks.</summary>
    public Step? Refused(TopUp topUp, Refund refund) => refund.State == RefundState.Requested
        ? new Step("refund-part-refused", topUp, topUp with { UpdatedAt = Now }) { Also = [(refund with { State = RefundState.NeedsReview }).Store(refund.Version)] }
        : null;

    /// <summary>A person gives it up after the gateway has refused it: what was reserved is earned again.</summary>
    public Step? Withdraw(TopUp topUp, IReadOnlyList<Payment> payments, Refund refund) =>
        refund.State == RefundState.NeedsReview && payments.FirstOrDefault(payment => payment.Id == refund.PaymentId) is { PaidAmount: { } paid } payment
            ? new Step("refund-withdrawn", topUp, topUp with { UpdatedAt = Now })
            {
                Payments = [payment with { GivenBackMinor = payment.GivenBackMinor - refund.Amount.Minor }],
                Transfers = [Move(Withdrawn, topUp, payment, paid, payment.GivenBackMinor, -refund.Amount.Minor)],
                Also = [(refund with { State = RefundState.Withdrawn }).Store(refund.Version)],
            }
            : null;

    /// <summary>Out of what was earned and into what is reserved to go back; or, with a negative amount, the other way. What was exchanged for it is taken back at the rate of the quote, so that all parts together are the price.</summary>
    private Transfer Move(string kind, TopUp topUp, Payment payment, Money paid, long before, long minor)
    {
        var price = topUp.Price;
        var postings = ImmutableArray.CreateBuilder<Posting>();
        postings.Add(new(PaymentAccounts.InTransit(payment), minor));
        if (paid.Currency == price.Currency)
        {
            postings.Add(new(Account.For(topUp.Cell, "revenue", price.Currency.Unit), -minor));
        }
        else
        {
            var part = Part(price.Minor, before + minor, paid.Minor) - Part(price.Minor, before, paid.Minor);
            postings.Add(new(Account.For(topUp.Cell, "exchange", paid.Currency.Unit), -minor));
            if (part != 0)
            {
                postings.Add(new(Account.For(topUp.Cell, "revenue", price.Currency.Unit), -part));
                postings.Add(new(Account.For(topUp.Cell, "exchange", price.Currency.Unit), part));
            }
        }

        return Transfer(kind, topUp, postings.ToImmutable());
    }

    private static long Part(long price, long part, long whole) => (long)((Int128)price * part / whole);

    private Transfer Transfer(string kind, TopUp topUp, ImmutableArray<Posting> postings) => new(CellId.New(topUp.Cell, time), kind, topUp.Id, postings);
}
