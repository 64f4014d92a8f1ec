using System.Collections.Frozen;

namespace Refill.Payments.Alipay;

/// <summary>
/// The refusals of alipay.trade.pay after which the same order cannot become paid by that call (its published list of sub codes, from copies in several SDKs). What is not
/// here is not taken for one: ACQ.SYSTEM_ERROR, ACQ.TRADE_HAS_SUCCESS and ACQ.CONTEXT_INCONSISTENT may stand for money that was taken.
/// </summary>
internal static class AlipayRefusals
{
    private static readonly FrozenSet<string> Definite = FrozenSet.ToFrozenSet(
    [
        // Of the request and of our contract.
        "ACQ.INVALID_PARAMETER", "ACQ.ACCESS_FORBIDDEN", "ACQ.EXIST_FORBIDDEN_WORD", "ACQ.PARTNER_ERROR", "ACQ.TOTAL_FEE_EXCEED", "ACQ.SELLER_BEEN_BLOCKED", "ACQ.BUYER_SELLER_EQUAL",
        "ACQ.INVALID_STORE_ID", "ACQ.SUB_MERCHANT_CREATE_FAIL", "ACQ.SUB_MERCHANT_TYPE_INVALID", "ACQ.SECONDARY_MERCHANT_STATUS_ERROR", "ACQ.AMOUNT_OR_CURRENCY_ERROR", "ACQ.CURRENCY_NOT_SUPPORT",
        "ACQ.MERCHANT_AGREEMENT_NOT_EXIST", "ACQ.MERCHANT_AGREEMENT_INVALID", "ACQ.MERCHANT_STATUS_NOT_NORMAL", "ACQ.PRODUCT_AMOUNT_LIMIT_ERROR",

        // Of the code and of the payer.
        "ACQ.PAYMENT_AUTH_CODE_INVALID", "ACQ.CERT_EXPIRED", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", "ACQ.ERROR_BALANCE_PAYMENT_DISABLE", "ACQ.PULL_MOBILE_CASHIER_FAIL",
        "ACQ.MOBILE_PAYMENT_SWITCH_OFF", "ACQ.USER_FACE_PAYMENT_SWITCH_OFF", "ACQ.PAYMENT_FAIL", "ACQ.PAYMENT_REQUEST_HAS_RISK", "ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE", "ACQ.BEYOND_PAY_RESTRICTION",
        "ACQ.BEYOND_PER_RECEIPT_RESTRICTION", "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", "ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", "ACQ.BUYER_ENABLE_STATUS_FORBID", "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT",

        // Of an agreement.
        "ACQ.AGREEMENT_NOT_EXIST", "ACQ.AGREEMENT_INVALID", "ACQ.AGREEMENT_STATUS_NOT_NORMAL", "ACQ.CYCLE_PAY_DATE_NOT_MATCH", "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", "ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED",
        "ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED",
    ]);

    /// <summary>Of an agreement that holds us to more than we ask: an ordinary payment is not refused by it.</summary>
    private static readonly FrozenSet<string> OfTerms = FrozenSet.ToFrozenSet(
        ["ACQ.CYCLE_PAY_DATE_NOT_MATCH", "ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", "ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED", "ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED", "ACQ.PAYMENT_REQUEST_HAS_RISK"]);

    /// <summary>Arguments that are missing or wrong (40001, 40002) and rights that are missing (40006) are refused before anything is done.</summary>
    public static bool OfRequest(AlipayCall call) => call.Code is "40001" or "40002" or "40006";

    public static bool OfPaying(AlipayCall call) => OfRequest(call) || (call.Code == "40004" && call.SubCode is { } sub && Definite.Contains(sub));

    /// <summary>The agreement does not let us; the payer could.</summary>
    public static bool NeedsPayer(AlipayCall call) => call.SubCode is { } sub && OfTerms.Contains(sub);

    /// <summary>There is no such agreement, or it has ended.</summary>
    public static bool NoAgreement(AlipayCall call) => call.SubCode?.Contains("AGREEMENT_NOT_EXIST", StringComparison.Ordinal) == true;
}
