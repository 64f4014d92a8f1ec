using Refill.Ledger;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>Where a payment's money stands, in the payment's own currency and cell.</summary>
internal static class PaymentAccounts
{
    /// <summary>What the gateway has collected for us (negative: owed to us).</summary>
    public static Account Clearing(Payment payment) => Clearing(payment.Cell, payment.Gateway, payment.Amount.Currency);

    public static Account Clearing(Cell cell, string gateway, Currency currency) => Account.For(cell, $"clearing/{gateway}", currency.Unit);

    /// <summary>Received for this top-up and not yet earned. Its floor of zero makes it impossible to refund or earn the same money twice.</summary>
    public static Account Held(Payment payment) => Account.For(payment.Cell, "held", payment.Amount.Currency.Unit, payment.TopUpId, floor: 0);

    /// <summary>Reserved to go back before the gateway is asked (failure case 22).</summary>
    public static Account InTransit(Payment payment) => InTransit(payment.Cell, payment.Gateway, payment.Amount.Currency);

    public static Account InTransit(Cell cell, string gateway, Currency currency) => Account.For(cell, $"refund-in-transit/{gateway}", currency.Unit, floor: 0);
}
