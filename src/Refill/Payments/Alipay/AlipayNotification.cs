using System.Text;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>
/// Reads notifications. What is signed are all parameters but sign and, for trades, sign_type; those of the service market and of agreements keep sign_type, so both texts are
/// tried for them (the published vectors show that each rule fails on the other kind). Empty parameters are dropped by Alipay's .NET SDK and kept by its Node SDK, so both texts
/// are tried. A replay is harmless: what it says is held against the payment, which knows it already.
/// </summary>
internal static class AlipayNotification
{
    public const int MaxBody = 64 * 1024;
    public const string OfTrade = "trade_status_sync";

    /// <summary>The parameters of a notification that Alipay has signed for our app; else null and why not.</summary>
    public static async ValueTask<(Dictionary<string, string>? Form, string? Why)> OpenAsync(RawNotification raw, AlipayClient client, CancellationToken cancellation)
    {
        if (raw.Body.Length > MaxBody || AlipayForm.Parse(raw.Body.Span) is not { } form)
        {
            return (null, $"the body is no form of at most 64 KiB and {AlipayForm.MaxParameters} parameters");
        }

        if (form.GetValueOrDefault("sign_type") is not (null or "RSA2") || !string.Equals(form.GetValueOrDefault("charset", "utf-8"), "utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return (null, "only RSA2 over UTF-8 is taken");
        }

        var texts = Texts(form);
        var sign = form.GetValueOrDefault("sign");
        if (await client.WhyForgedAsync(key => texts.Exists(text => AlipaySignature.Verify(key, text, sign)), form.GetValueOrDefault("alipay_cert_sn"), cancellation) is { } forged)
        {
            return (null, forged);
        }

        // Failure case 7: genuine is not enough, it must be ours.
        return form.GetValueOrDefault("app_id") == client.Options.AppId ? (form, null) : (null, "it is for another app");
    }

    /// <summary>Of a trade, or something else that payments do not care about.</summary>
    public static PaymentNotification Read(Dictionary<string, string> form, AlipayOptions options)
    {
        if (form.GetValueOrDefault("seller_id") is { } seller && seller != options.SellerId)
        {
            return new PaymentNotification.Refused("it is for another seller");
        }

        if (form.GetValueOrDefault("notify_type") is { } type and not OfTrade)
        {
            return new PaymentNotification.Ignored($"notify_type {Plain(type)}");
        }

        return form.GetValueOrDefault("out_trade_no") is { Length: > 0 and <= 64 } order
            ? new PaymentNotification.Genuine(order, Status(form))
            : new PaymentNotification.Refused("there is no order number");
    }

    /// <summary>Fit for a log: what a stranger wrote, cut and without control characters.</summary>
    public static string Plain(string? text) => new([.. (text ?? "missing").Take(40).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' ? c : '?')]);

    /// <summary>All that may have been signed.</summary>
    private static List<byte[]> Texts(Dictionary<string, string> form)
    {
        var keepType = form.GetValueOrDefault("notify_type") is not (null or OfTrade);
        var texts = new List<byte[]>(4);
        foreach (var withType in keepType ? [true, false] : new[] { false })
        {
            var signed = form.Where(p => p.Key is not ("sign" or "sign_type")).ToList();
            if (withType)
            {
                signed.Add(new("sign_type", "RSA2")); // The only one that is taken; it is part of the text even where it was not sent (published vectors).
            }

            texts.Add(Encoding.UTF8.GetBytes(AlipaySignature.TextOf(signed.Where(p => p.Value.Length > 0))));
            texts.Add(Encoding.UTF8.GetBytes(AlipaySignature.TextOf(signed)));
        }

        return texts;
    }

    private static PaymentStatus Status(Dictionary<string, string> form) => form.GetValueOrDefault("trade_status") switch
    {
        "WAIT_BUYER_PAY" => new PaymentStatus.Waiting(),

        // Failure case 24: closed may be unpaid for ever or refunded in full; only the gateway, asked, tells which.
        "TRADE_CLOSED" => new PaymentStatus.Unknown("closed: unpaid or refunded"),
        "TRADE_SUCCESS" or "TRADE_FINISHED" => Paid(form),
        var other => new PaymentStatus.Unknown($"trade_status {Plain(other)}"),
    };

    private static PaymentStatus Paid(Dictionary<string, string> form)
    {
        var number = form.GetValueOrDefault("trade_no");
        if (number is not { Length: > 0 and <= 64 } || !Money.TryParseDecimal(form.GetValueOrDefault("total_amount"), Currency.Cny, out var amount) || amount.Minor <= 0)
        {
            return new PaymentStatus.Unknown("paid, but without number or amount");
        }

        if (form.GetValueOrDefault("trans_currency") is { } currency and not "CNY")
        {
            return new PaymentStatus.WrongCurrency(number, Plain(currency));
        }

        var refunded = Money.TryParseDecimal(form.GetValueOrDefault("refund_fee"), Currency.Cny, out var back) ? back : Money.Cny(0);
        return new PaymentStatus.Paid(number, amount, AlipayTime.Parse(form.GetValueOrDefault("gmt_payment")), refunded);
    }
}
