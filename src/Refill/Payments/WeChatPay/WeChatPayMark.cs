using System.Globalization;

namespace Refill.Payments.WeChatPay;

/// <summary>The four headers that an answer or a notification is signed with. Null: it is not there, or there twice, or longer than any such is.</summary>
internal sealed record WeChatPayMark(string? Seconds, string? Nonce, string? Serial, string? Signature, string? Scheme)
{
    private const int MaxLength = 1024;

    /// <summary>Begins a signature that is wrong on purpose: WeChat Pay tries whether we look. The true answer, or notification, follows.</summary>
    private const string Probe = "WECHATPAY/SIGNTEST/";

    /// <summary>Answers and notifications are this fresh; at the limit itself they are refused, as WeChat Pay's own libraries do (Go, Java).</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public bool IsThere => Seconds is not null && Nonce is not null && Serial is not null && Signature is not null;

    /// <param name="header">The value of a header by its name, whatever its case; null if there is none, or there are two.</param>
    public static WeChatPayMark Of(Func<string, string?> header)
    {
        return new WeChatPayMark(Short("Wechatpay-Timestamp"), Short("Wechatpay-Nonce"), Short("Wechatpay-Serial"), Short("Wechatpay-Signature"), Short("Wechatpay-Signature-Type"));

        string? Short(string name) => header(name) is { Length: > 0 and <= MaxLength } value ? value : null;
    }

    /// <summary>What is wrong with it before any key is looked for; null: nothing.</summary>
    public string? Fault(DateTimeOffset now)
    {
        if (!IsThere)
        {
            return "it is not signed";
        }

        if (Signature!.StartsWith(Probe, StringComparison.Ordinal))
        {
            return "a probe of WeChat Pay's (SIGNTEST), signed wrongly on purpose";
        }

        if (Scheme is not (null or WeChatPaySignature.Scheme))
        {
            return "it is signed by another scheme";
        }

        if (!long.TryParse(Seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Seconds.Length > 12)
        {
            return "its time is no time";
        }

        var ahead = seconds - now.ToUnixTimeSeconds();
        return Math.Abs(ahead) < (long)Tolerance.TotalSeconds ? null : string.Create(CultureInfo.InvariantCulture, $"its time differs from ours by {ahead} s: it is old, or one of the clocks is wrong");
    }
}
