using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Refill.Payments.WeChatPay;

/// <summary>JSON as WeChat Pay sends it: read strictly, written with Chinese left readable (nothing of it is ever put into HTML).</summary>
internal static class WeChatPayJson
{
    private static readonly JsonSerializerOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static byte[] Write(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, Writing);

    /// <summary>An object, each name once; null: it is none.</summary>
    public static JsonElement? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Reading);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null; // The second: a name that is no text.
        }
    }

    /// <summary>A text; null: there is none of that name, or it is no text.</summary>
    public static string? Text(this JsonElement element, string name)
    {
        try
        {
            return element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // Half of a surrogate pair, escaped: JSON, but no text.
        }
    }

    /// <summary>A whole number; null: there is none of that name, or it is no such.</summary>
    public static long? Number(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Fit for a log or a reason: what came from outside, cut and without anything but letters, digits, '_' and '.'.</summary>
    public static string Plain(string? text) => text is null ? "missing" : new([.. text.Take(40).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? c : '?')]);
}
