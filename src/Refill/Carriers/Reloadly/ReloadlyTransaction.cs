using System.Globalization;
using System.Text.Json;
using Refill.Cards;
using Refill.Units;

namespace Refill.Carriers.Reloadly;

/// <summary>What we ask Reloadly to do, worked out from a delivery's order before anything is sent.</summary>
/// <param name="Amount">USD, one of the operator's fixed amounts.</param>
/// <param name="Number">Country code and national number, digits only: the form in which their answers give it back.</param>
internal sealed record ReloadlyAsk(long OperatorId, Money Amount, string Number, string Identifier)
{
    /// <summary>Null, with the reason, if the order cannot be put to Reloadly: nothing is sent then.</summary>
    internal static ReloadlyAsk? From(DeliveryOrder order, out DeliveryOutcome.Rejected? refusal)
    {
        refusal = null;
        if (order.Card.Kind != CardIdentifierKind.Msisdn)
        {
            refusal = new(DeliveryRefusal.CardRefused, "Reloadly tops up phone numbers, not ICCIDs");
        }
        else if (!Money.TryParseDecimal(order.CarrierProduct, Currency.Usd, out var amount) || amount.Minor <= 0)
        {
            refusal = new(DeliveryRefusal.PlanNotAvailable, $"the catalogue's carrier product '{order.CarrierProduct}' is not an amount in USD");
        }
        else if (!long.TryParse(order.Reference, NumberStyles.None, CultureInfo.InvariantCulture, out var operatorId))
        {
            refusal = new(DeliveryRefusal.PlanNotAvailable, $"'{order.Reference}' is not an operator's id");
        }
        else
        {
            return new(operatorId, amount, order.Card.Value.TrimStart('+'), ReloadlyIdentifier.Of(order.Id));
        }

        return null;
    }

    /// <summary>The request of the contract (TopUpsRequest). The amount is a JSON number with its cents; senderPhone and recipientEmail are optional and left out.</summary>
    internal object Body => new
    {
        operatorId = OperatorId,
        amount = Amount.Minor / 100m,
        useLocalAmount = false,
        customIdentifier = Identifier,
        recipientPhone = new { countryCode = "US", number = Number },
    };
}

/// <summary>A transaction as Reloadly's answers give it, held against what was asked.</summary>
internal static class ReloadlyTransaction
{
    private const int LongestReference = 200;

    /// <summary>The outcome that the answer proves; <see cref="DeliveryOutcome.Unknown"/> if it proves none or is about something else.</summary>
    /// <param name="errorCode">What the answer around it says went wrong, if it does.</param>
    internal static DeliveryOutcome Read(JsonElement answer, ReloadlyAsk asked, string? errorCode = null)
    {
        if (ReloadlyJson.Number(answer, "transactionId") is not ({ } transactionId and > 0))
        {
            return new DeliveryOutcome.Unknown("an answer without transactionId");
        }

        if (Mismatch(answer, asked) is { } field)
        {
            return new DeliveryOutcome.Unknown($"{AnotherDelivery} {transactionId}: {field} differs");
        }

        return ReloadlyJson.Text(answer, "status") switch
        {
            "SUCCESSFUL" => new DeliveryOutcome.Accepted(Reference(answer) ?? Text(transactionId), Cost(answer, asked)),
            "PROCESSING" or "PENDING" => new DeliveryOutcome.Pending(Text(transactionId)),
            "FAILED" or "REFUNDED" => new DeliveryOutcome.Rejected(
                ReloadlyRefusals.Find(ReloadlyJson.Text(answer, "errorCode") ?? errorCode) ?? DeliveryRefusal.Other, $"transaction {transactionId} {ReloadlyJson.Text(answer, "status")}"),
            _ => new DeliveryOutcome.Unknown($"transaction {transactionId} has a status that the contract does not name"),
        };
    }

    /// <summary>Begins the detail of an <see cref="DeliveryOutcome.Unknown"/> that a person must see.</summary>
    internal const string AnotherDelivery = "the answer is about something else than what was asked, transaction";

    private static string? Mismatch(JsonElement answer, ReloadlyAsk asked) =>
        ReloadlyJson.Text(answer, "customIdentifier") != asked.Identifier ? "customIdentifier"
        : ReloadlyJson.Number(answer, "operatorId") != asked.OperatorId ? "operatorId"
        : ReloadlyJson.Text(answer, "recipientPhone")?.TrimStart('+') != asked.Number ? "recipientPhone"
        : ReloadlyJson.Decimal(answer, "requestedAmount") != asked.Amount.Minor / 100m ? "requestedAmount"
        : ReloadlyJson.Text(answer, "requestedAmountCurrencyCode") != Currency.Usd.Code ? "requestedAmountCurrencyCode"
        : null;

    private static string? Reference(JsonElement answer) =>
        ReloadlyJson.Text(answer, "operatorTransactionId") is { Length: > 0 and <= LongestReference } text && !text.Any(char.IsControl) ? text : null;

    /// <summary>
    /// Requested amount less discount, where the discount is said in USD and makes sense. Reloadly reckons to five decimals; a part of a cent
    /// counts as a cent, so that we never book less than we pay.
    /// </summary>
    private static Money? Cost(JsonElement answer, ReloadlyAsk asked)
    {
        if (ReloadlyJson.Decimal(answer, "discount") is not { } discount || ReloadlyJson.Text(answer, "discountCurrencyCode") != Currency.Usd.Code)
        {
            return null;
        }

        var cents = decimal.Ceiling(asked.Amount.Minor - (discount * 100m));
        return cents >= 0 && cents <= asked.Amount.Minor ? Money.Usd((long)cents) : null;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
