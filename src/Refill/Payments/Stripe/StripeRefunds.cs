using global::Stripe;

namespace Refill.Payments.Stripe;

/// <summary>Refunds as Stripe is told them, and what it says of them. The refund's number stands in its metadata, by which it is found again.</summary>
internal static class StripeRefunds
{
    public static RefundCreateOptions Of(RefundOrder refund) => new()
    {
        PaymentIntent = refund.Payment.GatewayNumber,
        Amount = refund.Amount.Minor,
        Metadata = new() { [StripeWords.RefundNumber] = refund.RefundNumber, [StripeWords.OrderNumber] = refund.OrderNumber },
    };

    public static bool IsOurs(Refund told, RefundOrder asked) => told.Metadata?.GetValueOrDefault(StripeWords.RefundNumber) == asked.RefundNumber;

    public static RefundStatus StatusOf(Refund told, RefundOrder asked)
    {
        if (!IsOurs(told, asked) || told.PaymentIntentId != asked.Payment.GatewayNumber || told.Amount != asked.Amount.Minor || told.Currency != StripeWords.Usd)
        {
            return new RefundStatus.Unknown("an answer about another refund or amount");
        }

        return told.Status switch
        {
            "succeeded" => new RefundStatus.Refunded(),
            "pending" or "requires_action" => new RefundStatus.Pending(),

            // Failure case 23: the money came back to us. The same number sends no second refund; a person finds another way.
            "failed" or "canceled" => new RefundStatus.Rejected($"refund {StripeWords.Plain(told.Id)} {told.Status}: {StripeWords.Plain(told.FailureReason)}"),
            var other => new RefundStatus.Unknown($"refund status {StripeWords.Plain(other)}"),
        };
    }
}
