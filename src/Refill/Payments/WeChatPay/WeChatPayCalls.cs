using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// What a call gave: a success whose signature holds, a refusal by its code (which nobody has to sign: it is believed only where a later query would show it
/// wrong), or silence and its reason. A success that is not signed is silence.
/// </summary>
internal readonly record struct WeChatPayCall(int Status, JsonElement Body, string? Silence)
{
    public bool Succeeded => Silence is null && Status is 200 or 204;

    /// <summary>The refusal's code without underscores, for WeChat Pay writes some both ways (ORDER_NOT_EXIST, ORDERNOTEXIST).</summary>
    public string? Code => Silence is null ? Body.Text("code")?.Replace("_", "", StringComparison.Ordinal) : null;

    /// <summary>It has been understood and turned down: the same again would be turned down again.</summary>
    public bool IsDefinite => Silence is null && Status is 400 or 401 or 403 or 404 && Code is not (null or "SYSTEMERROR" or "BANKERROR" or "FREQUENCYLIMITED" or "FREQUENCYLIMIT");

    /// <summary>For logs: status and code, never the message, which may repeat what was sent.</summary>
    public string Refusal => $"HTTP {Status}, code {WeChatPayJson.Plain(Silence is null ? Body.Text("code") : null)}";

    public string? Text(string name) => Body.Text(name);
}

/// <summary>Signed calls whose answers are verified over the bytes received.</summary>
internal sealed class WeChatPayCalls(WeChatPayWire wire, WeChatPayCertificates certificates, TimeProvider time, ILogger log)
{
    public Task<WeChatPayCall> GetAsync(string pathAndQuery, CancellationToken cancellation) => CallAsync(HttpMethod.Get, pathAndQuery, null, cancellation);

    public Task<WeChatPayCall> PostAsync(string path, JsonObject body, CancellationToken cancellation) => CallAsync(HttpMethod.Post, path, WeChatPayJson.Write(body), cancellation);

    /// <summary>What is wrong with a signature over these bytes; null: it holds.</summary>
    public async ValueTask<string?> FaultAsync(WeChatPayMark mark, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (mark.Fault(time.GetUtcNow()) is { } fault)
        {
            return fault;
        }

        var (key, why) = await certificates.FindAsync(mark.Serial!, cancellation);
        return key is null ? why : WeChatPaySignature.Verify(key, WeChatPaySignature.Answer(mark.Seconds!, mark.Nonce!, body.Span), mark.Signature!) ? null : "the signature does not hold";
    }

    private async Task<WeChatPayCall> CallAsync(HttpMethod method, string pathAndQuery, byte[]? body, CancellationToken cancellation)
    {
        var received = await wire.SendAsync(method, pathAndQuery, body, cancellation);
        var silence = received.Silence;
        if (received.IsSuccess && await FaultAsync(received.Mark, received.Body, cancellation) is { } fault)
        {
            silence = $"an answer that is not believed: {fault}";
        }

        var read = silence is null && !received.Body.IsEmpty ? WeChatPayJson.Read(received.Body) : null;
        if (silence is null && received.IsSuccess && received.Status != 204 && read is null)
        {
            silence = "an answer that is no JSON object";
        }

        if (silence is not null)
        {
            log.LogWarning("WeChat Pay {Method} {Path}: {Why}", method, pathAndQuery.Split('?')[0], silence);
        }

        return new WeChatPayCall(received.Status, read ?? default, silence);
    }
}
