using System.Globalization;
using System.Security.Cryptography;

namespace Refill.Payments.WeChatPay;

/// <summary>What WeChat Pay said against a call, and what a person has to look at. Shows no key.</summary>
/// <param name="Code">Without underscores.</param>
internal sealed record WeChatPayRefusal(WeChatPayReceived Received, string? Code, string? Fault)
{
    public static WeChatPayRefusal Of(WeChatPayReceived received)
    {
        var code = received.Silence is null ? WeChatPayJson.Read(received.Body)?.Text("code") : null;
        return new WeChatPayRefusal(received, code?.Replace("_", "", StringComparison.Ordinal), received.Silence ?? $"HTTP {received.Status}, code {WeChatPayJson.Plain(code)}");
    }
}

/// <summary>
/// One or two harmless calls that show whether ids and keys fit together. The list of certificates tries our signature and the APIv3 key; in public-key mode
/// the query of an order that does not exist tries WeChat Pay's public key, too, if the refusal is signed.
/// </summary>
internal sealed class WeChatPayCheck(WeChatPayWire wire, WeChatPayCalls calls, WeChatPayCertificates certificates, WeChatPayOptions options, WeChatPayKeyRing keys, TimeProvider time)
{
    /// <summary>Null: all is well; else which key or id is wrong, and why.</summary>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        var set = keys.Current;
        if (keys.Fault is { } fault)
        {
            return fault;
        }

        if (set.AskFor is not null && await TryPublicKeyAsync(cancellation) is { } wrong)
        {
            return wrong;
        }

        return await certificates.FetchAsync(cancellation) switch
        {
            null => null,

            // Merchants who have begun with a public key have no platform certificates at all.
            { Received: { Silence: null, Status: 403 or 404 } } when set.AskFor is not null => null,
            { Received: { Silence: null, Status: 200 }, Fault: var why } => why,
            var refusal => Explain(refusal),
        };
    }

    private async Task<string?> TryPublicKeyAsync(CancellationToken cancellation)
    {
        var received = await wire.SendAsync(HttpMethod.Get, $"/v3/pay/transactions/out-trade-no/check{RandomNumberGenerator.GetHexString(16, lowercase: true)}?mchid={options.MerchantId}", null, cancellation);
        var refusal = WeChatPayRefusal.Of(received);
        if (received.Silence is not null || refusal.Code is not ("ORDERNOTEXIST" or "RESOURCENOTEXISTS"))
        {
            return Explain(refusal);
        }

        return received.Mark.IsThere && await calls.FaultAsync(received.Mark, received.Body, cancellation) is { } fault
            ? $"WeChat Pay's answer does not verify: {fault}; its public key, or that key's id, is not the one that the merchant platform shows"
            : null;
    }

    private string Explain(WeChatPayRefusal refusal)
    {
        var ahead = (refusal.Received.ServerTime - time.GetUtcNow())?.TotalSeconds ?? 0;
        return refusal switch
        {
            { Received.Silence: { } silence } => $"{options.ApiUrl.Host} does not answer: {silence}",
            _ when Math.Abs(ahead) >= WeChatPayMark.Tolerance.TotalSeconds => string.Create(CultureInfo.InvariantCulture, $"our clock is wrong: WeChat Pay's differs by {ahead:0} s ({refusal.Fault})"),
            { Received.Status: 401 } or { Code: "SIGNERROR" } => $"our signature is not accepted: the private key, the serial number of its API certificate and the merchant id do not belong together ({refusal.Fault})",
            { Code: "MCHNOTEXISTS" or "PARAMERROR" or "INVALIDREQUEST" } => $"the merchant id is not one that WeChat Pay knows ({refusal.Fault})",
            { Received.Status: 403 } or { Code: "NOAUTH" } => $"the merchant id may not do this ({refusal.Fault})",
            _ => $"WeChat Pay does not say what it should ({refusal.Fault})",
        };
    }
}
