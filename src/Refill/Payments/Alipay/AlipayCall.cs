using System.Text.Json;

namespace Refill.Payments.Alipay;

/// <summary>What a call gave: a verified answer, or silence and its reason.</summary>
internal readonly record struct AlipayCall(JsonElement Answer, string? Silence)
{
    /// <summary>What an answer said whose signature does not hold or is missing. It proves nothing; only the check of our settings looks at it.</summary>
    public JsonElement? Unproven { get; init; }

    public string? Code => Text("code");

    public string? SubCode => Text("sub_code");

    /// <summary>True: nobody can say whether it was done (failure case 17).</summary>
    public bool IsInDoubt => Silence is not null || Code == "20000" || SubCode is "ACQ.SYSTEM_ERROR" or "aop.ACQ.SYSTEM_ERROR" or "SYSTEM_ERROR";

    /// <summary>For logs: the codes, never the message, which may repeat what was sent.</summary>
    public string Refusal => $"code {Code ?? "missing"}, {SubCode ?? "no sub_code"}";

    public string? Text(string name) => Silence is null ? Text(Answer, name) : null;

    public static string? Text(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null;
}
