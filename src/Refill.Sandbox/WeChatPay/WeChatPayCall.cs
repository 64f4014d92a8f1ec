using System.Globalization;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;

namespace Refill.Sandbox.WeChatPay;

/// <summary>A merchant's request: its bytes as they came, of which nothing has been believed until <see cref="Objection"/> has nothing to say.</summary>
internal sealed partial class WeChatPayCall
{
    private const int LongestHeader = 2048;

    /// <summary>How far the two clocks may be apart.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly HttpRequest request;
    private readonly byte[] body;
    private readonly JsonElement content;

    private WeChatPayCall(HttpRequest request, byte[] body) => (this.request, this.body, content) = (request, body, Parse(body));

    /// <summary>The key that the merchant wants the answer to be signed by; null: any.</summary>
    internal string? WantedSerial => request.Headers["Wechatpay-Serial"].ToString() is { Length: > 0 and <= 64 } serial ? serial : null;

    /// <summary>What begins the addresses that answers name.</summary>
    internal string Origin => $"{request.Scheme}://{request.Host}";

    internal static async Task<WeChatPayCall> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellation);
        return new WeChatPayCall(request, buffer.ToArray());
    }

    /// <summary>What is wrong with the request before its business is looked at; null if nothing is.</summary>
    internal WeChatPayRefusal? Objection(WeChatPayBooksOptions options, WeChatPayKeys keys, DateTimeOffset now)
    {
        if (request.Headers.Accept.Count == 0 || request.Headers.UserAgent.Count == 0)
        {
            return new WeChatPayRefusal(StatusCodes.Status400BadRequest, "PARAM_ERROR", "Http头缺少Accept或User-Agent");
        }

        if (Attributes(request.Headers.Authorization.ToString()) is not { } given
            || given.GetValueOrDefault("nonce_str") is not { Length: >= 1 and <= 64 } nonce
            || given.GetValueOrDefault("timestamp") is not { } timestamp
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || given.GetValueOrDefault("signature") is not { } signature)
        {
            return WeChatPayRefusal.Signature("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》");
        }

        if (given.GetValueOrDefault("mchid") != options.MerchantId)
        {
            return WeChatPayRefusal.Signature("商户号不存在");
        }

        if (!string.Equals(given.GetValueOrDefault("serial_no"), options.MerchantSerial, StringComparison.OrdinalIgnoreCase))
        {
            return WeChatPayRefusal.Signature("商户证书序列号有误");
        }

        if (Math.Abs(now.ToUnixTimeSeconds() - (decimal)seconds) > (decimal)Tolerance.TotalSeconds)
        {
            return WeChatPayRefusal.Signature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟");
        }

        // The request line as it stood on the wire: a path that was decoded and encoded again would be another text (failure case 14).
        var head = $"{request.Method}\n{request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}\n{timestamp}\n{nonce}\n";
        byte[] text = [.. Encoding.UTF8.GetBytes(head), .. body, (byte)'\n'];
        if (!keys.IsMerchants(text, signature))
        {
            return WeChatPayRefusal.Signature("错误的签名，验签失败", new
            {
                field = "signature",
                issue = "sign not match",
                location = "authorization",
                sign_information = new { method = request.Method, url = request.Path.Value, sign_message_length = text.Length, truncated_sign_message = head },
            });
        }

        return !HttpMethods.IsPost(request.Method) ? null
            : request.ContentType?.StartsWith(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase) != true
                ? new WeChatPayRefusal(StatusCodes.Status415UnsupportedMediaType, "PARAM_ERROR", "Content-Type: application/json")
            : content.ValueKind != JsonValueKind.Object ? WeChatPayRefusal.Parameter("/", "the body is not a JSON object")
            : null;
    }

    /// <summary>A text of the body by its path, such as "payer", "openid"; null if it is missing, empty or no text.</summary>
    internal string? Text(params ReadOnlySpan<string> path) => Find(path) is { ValueKind: JsonValueKind.String } member && member.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A whole number of the body; null if it is missing or something else (12.0 and "12" are).</summary>
    internal long? Number(params ReadOnlySpan<string> path) =>
        Find(path) is { ValueKind: JsonValueKind.Number } member && member.GetRawText().All(char.IsAsciiDigit) && member.TryGetInt64(out var number) ? number : null;

    internal bool Has(params ReadOnlySpan<string> path) => Find(path) is { ValueKind: not JsonValueKind.Null };

    internal string? Query(string name) => request.Query[name] is [{ Length: > 0 } value] ? value : null;

    private JsonElement? Find(ReadOnlySpan<string> path)
    {
        var found = content;
        foreach (var name in path)
        {
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(name, out found))
            {
                return null;
            }
        }

        return found;
    }

    /// <summary>name="value" in any order, separated by commas; null if anything else stands there, or a name twice.</summary>
    private static Dictionary<string, string>? Attributes(string header)
    {
        if (header.Length > LongestHeader || !header.StartsWith(WeChatPayKeys.Scheme + " ", StringComparison.Ordinal) || Header().Match(header) is not { Success: true } match)
        {
            return null;
        }

        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        return match.Groups["name"].Captures.Zip(match.Groups["value"].Captures).All(pair => attributes.TryAdd(pair.First.Value, pair.Second.Value)) ? attributes : null;
    }

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return default;
        }
    }

    [GeneratedRegex("""^[A-Z0-9-]+ +(?:(?<name>[a-z_]+)="(?<value>[^"]*)" *(?:, *|$))+$""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Header();
}
