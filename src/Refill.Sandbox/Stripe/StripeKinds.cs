using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Refill.Sandbox.Stripe;

/// <summary>What an object is called in the API, and what its ids begin with.</summary>
internal sealed record StripeKind(string Name, string Prefix);

internal static class StripeKinds
{
    /// <summary>No digits: no id can ever look like the number of a card.</summary>
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const int IdLength = 24;

    private static readonly FrozenDictionary<Type, StripeKind> Kinds = new Dictionary<Type, StripeKind>
    {
        [typeof(CheckoutSession)] = new("checkout.session", "cs_test_"),
        [typeof(PaymentIntent)] = new("payment_intent", "pi_"),
        [typeof(SetupIntent)] = new("setup_intent", "seti_"),
        [typeof(Customer)] = new("customer", "cus_"),
        [typeof(PaymentMethod)] = new("payment_method", "pm_"),
        [typeof(Charge)] = new("charge", "ch_"),
        [typeof(Refund)] = new("refund", "re_"),
        [typeof(BalanceTransaction)] = new("balance_transaction", "txn_"),
        [typeof(Payout)] = new("payout", "po_"),
        [typeof(StripeEvent)] = new("event", "evt_"),
    }.ToFrozenDictionary();

    internal static StripeKind Of(Type type) => Kinds[type];

    internal static string NewId<T>() where T : StripeObject => NewText(Of(typeof(T)).Prefix);

    internal static string NewText(string prefix) => prefix + RandomNumberGenerator.GetString(Letters, IdLength);
}
