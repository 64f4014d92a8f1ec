using Refill.Ledger;

namespace Refill.TopUps;

/// <summary>Where a payment's money stands, in the payment's own currency and cell.</summary>
internal static class PaymentAccounts
{
    /// <summary>What the gateway has collected for us (negative: owed to us).</summary>
    public static Account Clearing(Payment payment) => Account.For(payment.Cell, $"clearing/{payment.Gateway}", payment.Amount.Currency.Unit);

    /// <summary>Received for this top-up and not yet earned. Its floor of zero makes it impossible to refund or earn the same money twice.</summary>
    public static Account Held(Payment payment) => Account.For(payment.Cell, "held", payment.Amount.Currency.Unit, payment.TopUpId, floor: 0);

    /// <summary>Reserved to go back before the gateway is asked (failure case 22).</summary>
    public static Account InTransit(Payment payment) => Account.For(payment.Cell, $"refund-in-transit/{payment.Gateway}", payment.Amount.Currency.Unit, floor: 0);
}
