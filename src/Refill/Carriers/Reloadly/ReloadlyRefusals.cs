using System.Collections.Frozen;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// Reloadly's error codes that are final: the request was turned away before anything was credited, and will be again. The contract
/// names only INVALID_RECIPIENT_PHONE and the codes of other calls; the rest are from Reloadly's published list and from the field
/// (docs/decisions/reloadly-contract.md). A code that does not stand here is no proof of anything: it is <c>Unknown</c>.
/// </summary>
internal static class ReloadlyRefusals
{
    /// <summary>This customIdentifier has been used: that was our own earlier call.</summary>
    internal const string IdentifierUsed = "CUSTOM_IDENTIFIER_ALREADY_USED";

    internal const string TransactionNotFound = "TRANSACTION_NOT_FOUND";

    private static readonly FrozenDictionary<string, DeliveryRefusal> Final = new Dictionary<string, DeliveryRefusal>
    {
        ["INVALID_RECIPIENT_PHONE"] = DeliveryRefusal.CardRefused,
        ["INVALID_PHONE_NUMBER"] = DeliveryRefusal.CardRefused,
        ["OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"] = DeliveryRefusal.CardRefused,
        ["PHONE_BANNED_BY_OPERATOR"] = DeliveryRefusal.CardRefused,
        ["RECIPIENT_PHONE_INACTIVE"] = DeliveryRefusal.CardRefused,
        ["TRANSACTION_REJECTED_BY_OPERATOR"] = DeliveryRefusal.CardRefused,
        ["TRANSACTION_REFUSED_BY_OPERATOR"] = DeliveryRefusal.CardRefused,
        ["INVALID_AMOUNT"] = DeliveryRefusal.PlanNotAvailable,
        ["INVALID_AMOUNT_FOR_OPERATOR"] = DeliveryRefusal.PlanNotAvailable,
        ["INVALID_AMOUNT_FOR_RECIPIENT_PHONE"] = DeliveryRefusal.PlanNotAvailable,
        ["IMPOSSIBLE_AMOUNT"] = DeliveryRefusal.PlanNotAvailable,
        ["OPERATOR_NOT_FOUND"] = DeliveryRefusal.PlanNotAvailable,
        ["OPERATOR_NOT_IN_SERVICE"] = DeliveryRefusal.PlanNotAvailable,
        ["OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE"] = DeliveryRefusal.PlanNotAvailable,
        ["COUNTRY_NOT_SUPPORTED"] = DeliveryRefusal.PlanNotAvailable,
        ["PHONE_RECENTLY_RECHARGED"] = DeliveryRefusal.LimitReached,
        ["RECIPIENT_REACHED_MAX_TOPUP_NUMBER"] = DeliveryRefusal.LimitReached,
        ["INSUFFICIENT_BALANCE"] = DeliveryRefusal.SellerRefused,
        ["INACTIVE_ACCOUNT"] = DeliveryRefusal.SellerRefused,
        ["ACCOUNT_NOT_FOUND"] = DeliveryRefusal.SellerRefused,
        ["MAX_DAILY_TRANSACTION_AMOUNT_REACHED"] = DeliveryRefusal.SellerRefused,
        ["MAX_DAILY_TRANSACTION_COUNT_REACHED"] = DeliveryRefusal.SellerRefused,
        ["INVALID_INPUT_PROVIDED"] = DeliveryRefusal.Other,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> NumberUnknown = FrozenSet.Create(
        StringComparer.Ordinal, "COULD_NOT_AUTO_DETECT_OPERATOR", "INVALID_RECIPIENT_PHONE", "INVALID_PHONE_NUMBER", "OPERATOR_NOT_FOUND");

    internal static DeliveryRefusal? Find(string? errorCode) =>
        errorCode is not null && Final.TryGetValue(errorCode, out var refusal) ? refusal : null;

    /// <summary>True if the code says that no operator of theirs knows the number.</summary>
    internal static bool SaysNumberUnknown(string? errorCode) => errorCode is not null && NumberUnknown.Contains(errorCode);
}
