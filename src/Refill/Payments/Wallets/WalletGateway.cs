using System.Security.Cryptography;
using System.Text;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Payments.Wallets;

/// <summary>
/// A wallet as a gateway: money that a top-up is paid with and goes back to when it cannot be delivered. Its books are our own ledger's, so there is no outside
/// call and nothing unknown; a wallet may stand in another cell than the card, as a gateway stands on another machine. In the wallet's cell `taken/wallet`
/// counts what top-ups have taken; in the card's cell `clearing/wallet` counts the same with the other sign, as for any gateway.
/// </summary>
public sealed class WalletGateway(GeneralLedger ledger, TimeProvider time) : IPaymentGateway
{
    public const string GatewayName = "wallet";

    /// <summary>The kinds of the transfers on a wallet's account; their subject is the top-up.</summary>
    public const string Paid = "wallet-paid";
    public const string Refunded = "wallet-refunded";

    /// <summary>Paid, earned and on the card in one transfer, whose other postings stand in the card's cell: a top-up of our own network.</summary>
    public const string Delivered = "wallet-delivered";

    /// <summary>What top-ups have taken from the wallets of a cell and not given back.</summary>
    public const string TakenPurpose = "taken/wallet";

    public string Name => GatewayName;

    public Currency Currency => Currency.Usd;

    public IReadOnlyList<PaymentWay> Ways { get; } = [PaymentWay.Direct];

    public IReadOnlyList<Uri> PayerOrigins => [];

    /// <summary>What stands as the gateway's number of a payment: the wallet and the payment, 22 characters each.</summary>
    public static string NumberOf(Guid walletId, Guid paymentId) => $"{CellId.ToText(walletId)}.{CellId.ToText(paymentId)}";

    /// <summary>The wallet that a payment was taken from; null: it was taken from none.</summary>
    public static Guid? WalletOf(string? gatewayNumber) => gatewayNumber?.Split('.') is [var wallet, _] && CellId.TryParse(wallet, out var id) ? id : null;

    /// <summary>The wallet's side of a top-up, for the commit that books it: refused if the wallet holds less.</summary>
    public Transfer Take(Guid walletId, Guid topUpId, Money amount)
    {
        var cell = CellId.CellOf(walletId);
        return new Transfer(CellId.New(cell, time), Paid, topUpId, [new(Wallet.AccountOf(walletId), -amount.Minor), new(Taken(cell, amount), amount.Minor)]);
    }

    /// <summary>Wallets are charged in the commit of the order itself; a browser is sent nowhere.</summary>
    public Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation) =>
        Task.FromResult<PaymentStart>(new PaymentStart.Rejected("a wallet is charged with the order, it has no page to pay on"));

    /// <summary>A wallet's payment is booked as paid or not at all: nothing can be open.</summary>
    public Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation) => Task.FromResult<PaymentStatus>(new PaymentStatus.NotFound());

    public Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation) => Task.FromResult<PaymentClose>(new PaymentClose.NotFound());

    /// <summary>Back into the wallet, once per refund number.</summary>
    public async Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        if (WalletOf(refund.Payment.GatewayNumber) is not { } walletId)
        {
            return new RefundStatus.Rejected("the payment does not say of which wallet it was");
        }

        var cell = CellId.CellOf(walletId);
        var outcome = await ledger.CommitAsync(
            new Commit(cell)
            {
                Key = KeyOf(refund),
                Transfers = [new Transfer(CellId.New(cell, time), Refunded, refund.TopUpId, [new(Taken(cell, refund.Amount), -refund.Amount.Minor), new(Wallet.AccountOf(walletId), refund.Amount.Minor)])],
            },
            cancellation);
        return outcome switch
        {
            CommitOutcome.Committed or CommitOutcome.Replayed => new RefundStatus.Refunded(),
            CommitOutcome.KeyReused => new RefundStatus.Rejected("the refund number was used for another amount"),
            CommitOutcome.BelowFloor => new RefundStatus.Rejected("more than was taken"),
            _ => throw new InvalidOperationException($"refund {refund.RefundNumber} was refused: {outcome}"),
        };
    }

    public async Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation) =>
        WalletOf(refund.Payment.GatewayNumber) is { } walletId
            ? await ledger.FindAnswerAsync(CellId.CellOf(walletId), KeyOf(refund), cancellation) switch
            {
                CommitOutcome.Replayed => new RefundStatus.Refunded(),
                null => new RefundStatus.NotFound(),
                _ => new RefundStatus.Rejected("the refund number was used for another amount"),
            }
            : new RefundStatus.Rejected("the payment does not say of which wallet it was");

    public ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation) =>
        ValueTask.FromResult<PaymentNotification>(new PaymentNotification.Refused("a wallet notifies nobody"));

    public NotificationReply Reply(bool accepted) => new(404, "text/plain", "");

    private static IdempotencyKey KeyOf(RefundOrder refund) =>
        new("wallet-refund", refund.RefundNumber, [.. SHA256.HashData(Encoding.UTF8.GetBytes($"{refund.Payment.GatewayNumber} {refund.Amount.Minor} {refund.Amount.Currency.Code}"))]);

    private static Account Taken(Cell cell, Money amount) => Account.For(cell, TakenPurpose, amount.Currency.Unit, floor: 0);
}
