namespace Refill.Payments.WeChatPay;

/// <summary>
/// Reads notifications: the signature over the raw body first (failure case 14), then the seal, then whether it is ours. A replay within the five minutes is
/// harmless: what it says is held against the payment, which knows it already (case 10).
/// </summary>
internal static class WeChatPayNotification
{
    public const int MaxBody = 64 * 1024;
    private const int MaxOrder = 64;

    public static async ValueTask<PaymentNotification> ReadAsync(RawNotification raw, WeChatPayOptions options, WeChatPayKeyRing keys, WeChatPayCalls calls, CancellationToken cancellation)
    {
        if (raw.Body.Length is 0 or > MaxBody)
        {
            return new PaymentNotification.Refused("the body is empty, or longer than 64 KiB");
        }

        if (await calls.FaultAsync(WeChatPayMark.Of(name => Header(raw.Headers, name)), raw.Body, cancellation) is { } fault)
        {
            return new PaymentNotification.Refused(fault);
        }

        if (WeChatPayJson.Read(raw.Body) is not { } body || body.Text("event_type") is not { Length: > 0 } type)
        {
            return new PaymentNotification.Refused("the body is no event");
        }

        var isRefund = type.StartsWith("REFUND.", StringComparison.Ordinal);
        if (!isRefund && type != "TRANSACTION.SUCCESS")
        {
            return new PaymentNotification.Ignored($"event_type {WeChatPayJson.Plain(type)}");
        }

        if (body.Member("resource") is not { } box || WeChatPaySeal.Open(keys.Current.ApiV3Keys, box) is not { } plain || WeChatPayJson.Read(plain) is not { } about)
        {
            return new PaymentNotification.Refused("what it is about cannot be opened with the APIv3 key");
        }

        // A refund's names no app.
        if (isRefund ? about.Text("mchid") != options.MerchantId : !WeChatPayTrade.IsOurs(about, options))
        {
            return new PaymentNotification.Refused("it is for another seller");
        }

        return about.Text("out_trade_no") switch
        {
            not { Length: > 0 and <= MaxOrder } => new PaymentNotification.Refused("there is no order number"),
            var order when isRefund => new PaymentNotification.AboutRefund(order),
            var order => new PaymentNotification.Genuine(order, WeChatPayTrade.Status(about)),
        };
    }

    private static string? Header(IReadOnlyDictionary<string, string> headers, string name) => headers.TryGetValue(name, out var value)
        ? value
        : headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
