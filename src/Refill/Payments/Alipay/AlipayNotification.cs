using System.Security.Cryptography;
using System.Text;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>
/// Reads trade notifications. The signature is over all parameters but sign and sign_type; empty ones are dropped by Alipay's .NET SDK and kept by its
/// Node SDK, so both texts are tried. A replay is harmless: what it says is held against the payment, which knows it already.
/// </summary>
internal static class AlipayNotification
{
    public const int MaxBody = 64 * 1024;
    public const int MaxParameters = 100;

    public static PaymentNotification Read(RawNotification raw, AlipayOptions options, RSA alipay)
    {
        if (raw.Body.Length > MaxBody || Parse(raw.Body.Span) is not { } form)
        {
            return new PaymentNotification.Refused("the body is no form of at most 64 KiB and 100 parameters");
        }

        if (form.GetValueOrDefault("sign_type") is not (null or "RSA2") || !string.Equals(form.GetValueOrDefault("charset", "utf-8"), "utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return new PaymentNotification.Refused("only RSA2 over UTF-8 is taken");
        }

        var signed = form.Where(p => p.Key is not ("sign" or "sign_type")).ToList();
        var sign = form.GetValueOrDefault("sign");
        if (!Holds(signed.Where(p => p.Value.Length > 0)) && !Holds(signed))
        {
            return new PaymentNotification.Refused("the signature does not hold");
        }

        // Failure case 7: genuine is not enough, it must be ours.
        if (form.GetValueOrDefault("app_id") != options.AppId || form.GetValueOrDefault("seller_id") is { } seller && seller != options.SellerId)
        {
            return new PaymentNotification.Refused("it is for another seller");
        }

        if (form.GetValueOrDefault("notify_type") is { } type and not "trade_status_sync")
        {
            return new PaymentNotification.Ignored($"notify_type {Plain(type)}");
        }

        return form.GetValueOrDefault("out_trade_no") is { Length: > 0 and <= 64 } order
            ? new PaymentNotification.Genuine(order, Status(form))
            : new PaymentNotification.Refused("there is no order number");

        bool Holds(IEnumerable<KeyValuePair<string, string>> parameters) =>
            AlipaySignature.Verify(alipay, Encoding.UTF8.GetBytes(AlipaySignature.TextOf(parameters)), sign);
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

    /// <summary>application/x-www-form-urlencoded, strictly: UTF-8, each name once, no broken escapes. Null: it is not that.</summary>
    public static Dictionary<string, string>? Parse(ReadOnlySpan<byte> body)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var range in body.Split((byte)'&'))
        {
            var pair = body[range];
            var equals = pair.IndexOf((byte)'=');
            if (equals <= 0 || form.Count >= MaxParameters || Decode(pair[..equals]) is not { } name || Decode(pair[(equals + 1)..]) is not { } value || !form.TryAdd(name, value))
            {
                return null;
            }
        }

        return form;
    }

    private static string? Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '%')
            {
                if (at + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[at + 1]) || !char.IsAsciiHexDigit((char)text[at + 2]))
                {
                    return null;
                }

                bytes[length++] = (byte)((HexValue(text[at + 1]) << 4) | HexValue(text[at + 2]));
                at += 2;
            }
            else
            {
                bytes[length++] = text[at] == '+' ? (byte)' ' : text[at];
            }
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    /// <summary>Fit for a log: what a stranger wrote, cut and without control characters.</summary>
    private static string Plain(string? text) => new([.. (text ?? "missing").Take(40).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? c : '?')]);
}
