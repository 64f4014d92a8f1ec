using Microsoft.EntityFrameworkCore;
using Refill.Payments.Transfers;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation.Bank;

/// <summary>Money that a person is to transfer back. To whom, the bank's own entry says; nothing of it is kept here.</summary>
/// <param name="Number">Ours, of the refund; it is said when it is done.</param>
/// <param name="Reference">That the transfer came under.</param>
/// <param name="EntryId">The bank's, of the transfer.</param>
public sealed record BankRefund(string Number, Money Amount, string Reference, string EntryId, DateTimeOffset Since);

public enum BankRefundAnswer
{
    /// <summary>Written down; the top-up hears of it by the outbox.</summary>
    Confirmed,

    /// <summary>It had been said before, and is done.</summary>
    Known,

    /// <summary>There is no such refund, or nothing of it is to be transferred.</summary>
    NotFound,
}

/// <summary>Refunds of bank transfers, which a person makes at the bank.</summary>
public sealed class BankRefunds
{
    public const int MostListed = 1_000;
    private readonly Database database;
    private readonly TransferBook transfers;
    private readonly TopUpStore store;
    private readonly ReconciliationBook book;

    internal BankRefunds(Database database, TransferBook transfers, TopUpStore store, ReconciliationBook book) => (this.database, this.transfers, this.store, this.book) = (database, transfers, store, book);

    /// <summary>What is to be transferred back, oldest first; at most <see cref="MostListed"/>. What a person has confirmed and the outbox has not yet booked is not among them.</summary>
    public async Task<IReadOnlyList<BankRefund>> ListAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await db.Set<PaymentRow>().AsNoTracking()
            .Where(p => p.State == (short)PaymentState.Refunding && p.Gateway == TransferGateway.GatewayName).OrderBy(p => p.CreatedAt).Take(MostListed).ToListAsync(cancellation);
        var waiting = new List<BankRefund>();
        foreach (var payment in rows.Select(Payment.Read))
        {
            if (payment is { PaidAmount: { } amount, RefundRequestedAt: { } since } && !await transfers.IsRefundedAsync(payment.RefundNumber, cancellation))
            {
                waiting.Add(new BankRefund(payment.RefundNumber, amount, TransferReference.Show(TransferReference.Of(payment.Id)), payment.GatewayNumber ?? "", since));
            }
        }

        return waiting;
    }

    /// <param name="number">As listed.</param>
    /// <param name="by">Who says so, at most 100 characters.</param>
    public async Task<BankRefundAnswer> ConfirmAsync(string number, string by, CancellationToken cancellation)
    {
        const string Suffix = "R1";
        if (!number.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase) || !Payment.TryParseOrderNumber(number[..^Suffix.Length], out var id)
            || await store.LoadPaymentAsync(id, cancellation) is not { Gateway: TransferGateway.GatewayName, RefundRequestedAt: not null } payment)
        {
            return BankRefundAnswer.NotFound;
        }

        if (payment.State == PaymentState.Refunded)
        {
            return BankRefundAnswer.Known;
        }

        await transfers.ConfirmRefundAsync(payment.RefundNumber, by, cancellation);
        await store.HurryAsync(payment.Id, TopUpSteps.RefundWork, cancellation, unbury: true);
        await book.SettleAsync(TransferGateway.GatewayName, BankSubject.Of(payment.GatewayNumber ?? ""), "it has been transferred back", cancellation);
        return BankRefundAnswer.Confirmed;
    }
}
