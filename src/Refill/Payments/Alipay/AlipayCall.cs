using System.Text.Json;

namespace Refill.Payments.Alipay;

/// <summary>What a call gave: a verified answer, or silence and its reason.</summary>
internal readonly record struct AlipayCall(JsonElement Answer, string? Silence)
{
    public string? Code => Text("code");

    public string? SubCode => Text("sub_code");

    /// <summary>For logs: the codes, never the message, which may repeat what was sent.</summary>
    public string Refusal => $"code {Code ?? "missing"}, {SubCode ?? "no sub_code"}";

    public string? Text(string name) =>
        Silence is null && Answer.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null;
}
