using System.Globalization;
using Refill.Units;

namespace Refill.Payments.Transfers;

/// <summary>
/// Bank transfer: the payer is shown an account and a reference, and orders it at their own bank. Nobody can be asked: what has arrived is known when a statement is imported (Reconciliation/Bank), and every answer here is read from
/// that. Money goes back by a person's hand, who says so. Why it is as it is: docs/decisions/bank-transfer.md.
/// </summary>
public sealed class TransferGateway(TransferOptions options, TransferBook book) : IPaymentGateway, ITransferInstructions, ISelfTest
{
    public const string GatewayName = "transfer";

    public string Name => GatewayName;

    public Currency Currency => options.Currency;

    public IReadOnlyList<PaymentWay> Ways { get; } = [PaymentWay.Transfer];

    public IReadOnlyList<Uri> PayerOrigins => [];

    internal TransferOptions Options => options;

    public Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation) => Task.FromResult<PaymentStart>(
        order.Way == PaymentWay.Transfer && order.Amount.Currency == Currency ? InstructionsFor(order.OrderNumber) : new PaymentStart.Rejected("a bank transfer is ordered at the payer's bank, in the account's currency"));

    public PaymentStart.ShowTransfer InstructionsFor(string orderNumber) => new(options.Account, options.Holder, TransferReference.Show(TransferReference.Of(IdOf(orderNumber))));

    /// <summary>The first credit under its reference, with the sum that arrived. That is not asked of the bank: it is what the last statement said.</summary>
    public async Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation)
    {
        if (await book.PayingAsync(IdOf(payment.OrderNumber), cancellation) is not { } credit)
        {
            return new PaymentStatus.Waiting();
        }

        var currency = Currency.Of(credit.Currency);
        if (currency != payment.Amount.Currency)
        {
            return new PaymentStatus.WrongCurrency(credit.EntryId, credit.Currency); // The account has been changed since.
        }

        // A bank knows days: the order was certainly there when it was paid.
        var (day, ordered) = (new DateTimeOffset(DateOnly.ParseExact(credit.ValueDate, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeOnly.MinValue, TimeSpan.Zero), CellId.TimeOf(IdOf(payment.OrderNumber)));
        return new PaymentStatus.Paid(credit.EntryId, new Money(credit.AmountMinor, currency), day > ordered ? day : ordered, new Money(0, currency));
    }

    /// <summary>No bank can be stopped. Money that comes all the same is found by the next import, and is honoured or goes back.</summary>
    public async Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation) =>
        await book.PayingAsync(IdOf(payment.OrderNumber), cancellation) is null ? new PaymentClose.Closed() : new PaymentClose.AlreadyPaid();

    /// <summary>A person does it (`refill bank refunds`); it is pending until they say that they have.</summary>
    public async Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation) =>
        await book.IsRefundedAsync(refund.RefundNumber, cancellation) ? new RefundStatus.Refunded() : new RefundStatus.Pending();

    public Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation) => RefundAsync(refund, cancellation);

    public ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation) =>
        ValueTask.FromResult<PaymentNotification>(new PaymentNotification.Refused("a bank notifies nobody here: its statements are imported"));

    public NotificationReply Reply(bool accepted) => new(404, "text/plain", "");

    /// <summary>An IBAN has check digits: one that is mistyped would send every payer's money elsewhere.</summary>
    public Task<string?> CheckAsync(CancellationToken cancellation)
    {
        var looksLikeIban = options.Number is { Length: >= 15 and <= 34 } number && char.IsAsciiLetter(number[0]) && char.IsAsciiLetter(number[1]) && char.IsAsciiDigit(number[2]) && char.IsAsciiDigit(number[3]);
        return Task.FromResult(looksLikeIban && !Mod97.IsRight(options.Number) ? "transfer-account looks like an IBAN, and its check digits are wrong" : null);
    }

    private static Guid IdOf(string orderNumber) => Guid.ParseExact(orderNumber, "N");
}
