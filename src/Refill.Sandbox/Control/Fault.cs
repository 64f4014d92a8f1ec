using System.Collections.Frozen;

namespace Refill.Sandbox.Control;

/// <summary>What can be made to go wrong. docs/sandbox.md says what each means at each point.</summary>
internal enum FaultKind
{
    Slow,
    Pending,
    LostAnswer,
    Reject,
    Error500,
    Duplicate,
    OutOfOrder,
    Never,
    WrongAmount,
    WrongCurrency,
    WrongSeller,
    BadSignature,
    Unavailable,
    UnknownState,
    UnknownSerial,
    MissingRow,
    ExtraRow,
    ChangedHeader,
    SignTest,
    Stale,
    Abnormal,
    Closed,
    BadHash,
    Conflict409,
    Truncated,
}

/// <summary>A fault that was asked for.</summary>
/// <param name="Order">Only for this out_trade_no or customIdentifier; null: any.</param>
/// <param name="Number">Only for this number, in the form +12015550170; null: any.</param>
/// <param name="Seconds">How long, for those that last.</param>
/// <param name="TimesLeft">How often it still happens.</param>
internal sealed record Fault(long Id, string Target, string Point, string? Order, string? Number, FaultKind Kind, int Seconds, int TimesLeft)
{
    internal TimeSpan Wait => TimeSpan.FromSeconds(Seconds);
}

/// <summary>Which faults there are at which points: nothing else can be asked for.</summary>
internal static class FaultMatrix
{
    private static readonly FrozenDictionary<string, FaultKind> Kinds = new Dictionary<string, FaultKind>
    {
        ["slow"] = FaultKind.Slow,
        ["pending"] = FaultKind.Pending,
        ["lost-answer"] = FaultKind.LostAnswer,
        ["reject"] = FaultKind.Reject,
        ["error-500"] = FaultKind.Error500,
        ["duplicate"] = FaultKind.Duplicate,
        ["out-of-order"] = FaultKind.OutOfOrder,
        ["never"] = FaultKind.Never,
        ["wrong-amount"] = FaultKind.WrongAmount,
        ["wrong-currency"] = FaultKind.WrongCurrency,
        ["wrong-seller"] = FaultKind.WrongSeller,
        ["bad-signature"] = FaultKind.BadSignature,
        ["unavailable"] = FaultKind.Unavailable,
        ["unknown-state"] = FaultKind.UnknownState,
        ["unknown-serial"] = FaultKind.UnknownSerial,
        ["missing-row"] = FaultKind.MissingRow,
        ["extra-row"] = FaultKind.ExtraRow,
        ["changed-header"] = FaultKind.ChangedHeader,
        ["signtest"] = FaultKind.SignTest,
        ["stale"] = FaultKind.Stale,
        ["abnormal"] = FaultKind.Abnormal,
        ["closed"] = FaultKind.Closed,
        ["bad-hash"] = FaultKind.BadHash,
        ["truncated"] = FaultKind.Truncated,
        ["conflict-409"] = FaultKind.Conflict409,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<FaultKind, string> Names = Kinds.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    private static readonly FaultKind[] OfAnyCall = [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Reject, FaultKind.Error500];

    private static readonly FaultKind[] OfAlipaysCalls = [.. OfAnyCall, FaultKind.BadSignature, FaultKind.UnknownSerial];
    /// <summary>Of WeChat Pay, whose answers are signed with a time and the name of a key.</summary>
    private static readonly FaultKind[] OfSigned = [.. OfAnyCall, FaultKind.BadSignature, FaultKind.SignTest, FaultKind.Stale, FaultKind.UnknownSerial];

    private static readonly FaultKind[] OfToldTrades = [FaultKind.Pending, FaultKind.WrongAmount, FaultKind.WrongCurrency, FaultKind.WrongSeller, FaultKind.UnknownState];

    private static readonly FrozenDictionary<(string Target, string Point), FaultKind[]> Allowed = new Dictionary<(string, string), FaultKind[]>
    {
        [("alipay", "gateway")] = OfAlipaysCalls,
        [("alipay", "page")] = [.. OfAnyCall, FaultKind.Pending, FaultKind.WrongAmount],
        [("alipay", "precreate")] = OfAlipaysCalls,
        [("alipay", "pay")] = [.. OfAlipaysCalls, FaultKind.Pending, FaultKind.Unavailable, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("alipay", "charge")] = [.. OfAlipaysCalls, FaultKind.Pending, FaultKind.Unavailable, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("alipay", "query")] = [.. OfAlipaysCalls, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency, FaultKind.UnknownState],
        [("alipay", "close")] = OfAlipaysCalls,
        [("alipay", "cancel")] = [.. OfAlipaysCalls, FaultKind.Pending, FaultKind.Unavailable],
        [("alipay", "refund")] = [.. OfAlipaysCalls, FaultKind.Pending],
        [("alipay", "refund-query")] = [.. OfAlipaysCalls, FaultKind.Never, FaultKind.WrongAmount],
        [("alipay", "agreement-query")] = [.. OfAlipaysCalls, FaultKind.Pending, FaultKind.Never, FaultKind.UnknownState],
        [("alipay", "bill")] =
            [.. OfAlipaysCalls, FaultKind.Never, FaultKind.MissingRow, FaultKind.ExtraRow, FaultKind.WrongAmount, FaultKind.ChangedHeader, FaultKind.Truncated],
        [("alipay", "notify")] =
        [
            FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Duplicate, FaultKind.OutOfOrder, FaultKind.Never,
            FaultKind.WrongAmount, FaultKind.WrongCurrency, FaultKind.WrongSeller, FaultKind.BadSignature, FaultKind.UnknownState,
        ],
        [("wechatpay", "gateway")] = OfSigned,
        [("wechatpay", "native")] = OfSigned,
        [("wechatpay", "h5")] = OfSigned,
        [("wechatpay", "jsapi")] = OfSigned,
        [("wechatpay", "codepay")] = [.. OfSigned, .. OfToldTrades],
        [("wechatpay", "query")] = [.. OfSigned, .. OfToldTrades, FaultKind.Never],
        [("wechatpay", "close")] = OfSigned,
        [("wechatpay", "reverse")] = [.. OfSigned, FaultKind.Pending],
        [("wechatpay", "refund")] = [.. OfSigned, FaultKind.Pending, FaultKind.Abnormal, FaultKind.Closed, FaultKind.UnknownState],
        [("wechatpay", "refund-query")] = [.. OfSigned, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency, FaultKind.UnknownState],
        [("wechatpay", "notify")] =
        [
            FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Duplicate, FaultKind.OutOfOrder, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency,
            FaultKind.WrongSeller, FaultKind.UnknownState, FaultKind.BadSignature, FaultKind.SignTest, FaultKind.Stale, FaultKind.UnknownSerial,
        ],
        [("wechatpay", "bill")] =
        [
            .. OfSigned, FaultKind.Never, FaultKind.MissingRow, FaultKind.ExtraRow, FaultKind.WrongAmount, FaultKind.ChangedHeader, FaultKind.BadHash, FaultKind.Truncated,
        ],
        [("reloadly", "token")] = OfAnyCall,
        [("reloadly", "lookup")] = OfAnyCall,
        [("reloadly", "topup")] = [.. OfAnyCall, FaultKind.Pending, FaultKind.Never],
        [("reloadly", "topup-async")] = [.. OfAnyCall, FaultKind.Pending, FaultKind.Never],
        [("reloadly", "status")] = [.. OfAnyCall, FaultKind.Pending, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("reloadly", "report")] = [.. OfAnyCall, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("reloadly", "webhook")] = [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Duplicate, FaultKind.OutOfOrder, FaultKind.Never, FaultKind.BadSignature],
        [("stripe", "gateway")] = [.. OfAnyCall, FaultKind.Conflict409],
        [("stripe", "session")] = [.. OfAnyCall, FaultKind.Conflict409, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("stripe", "page")] = [FaultKind.Slow, FaultKind.LostAnswer],
        [("stripe", "intent")] = [.. OfAnyCall, FaultKind.Conflict409, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("stripe", "refund")] = [.. OfAnyCall, FaultKind.Conflict409, FaultKind.Pending, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("stripe", "events")] = [.. OfAnyCall, FaultKind.Never],
        [("stripe", "balance")] = [.. OfAnyCall, FaultKind.Never, FaultKind.MissingRow, FaultKind.ExtraRow, FaultKind.WrongAmount, FaultKind.WrongCurrency],
        [("stripe", "webhook")] =
        [
            FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Duplicate, FaultKind.OutOfOrder, FaultKind.Never,
            FaultKind.WrongAmount, FaultKind.WrongCurrency, FaultKind.BadSignature, FaultKind.Stale,
        ],
    }.ToFrozenDictionary();

    internal static IEnumerable<string> Targets => Allowed.Keys.Select(key => key.Target).Distinct().Order(StringComparer.Ordinal);

    internal static IEnumerable<string> Points(string target) =>
        Allowed.Keys.Where(key => key.Target == target).Select(key => key.Point).Order(StringComparer.Ordinal);

    internal static IEnumerable<string> Faults(string target, string point) =>
        Allowed.TryGetValue((target, point), out var kinds) ? kinds.Select(Name).Order(StringComparer.Ordinal) : [];

    internal static string Name(FaultKind kind) => Names[kind];

    internal static FaultKind? Find(string? name) => name is not null && Kinds.TryGetValue(name, out var kind) ? kind : null;

    internal static FaultKind Parse(string name) => Kinds[name];

    /// <summary>True for those that make no sense without a number of seconds.</summary>
    internal static bool Lasts(string point, FaultKind kind) =>
        kind == FaultKind.Slow || (kind == FaultKind.Pending && point is "page" or "codepay" or "refund" or "intent" or "topup" or "topup-async");
}
