using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Refill.Sandbox.Alipay;

/// <summary>A merchant's request: its parameters and its business content, of which nothing has been believed yet.</summary>
internal sealed partial class AlipayCall
{
    private const int MostParameters = 40;
    private const int LongestUrl = 256;
    private const int LongestSubject = 256;
    private const int LongestPassback = 512;
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(15);

    private readonly JsonElement content;

    private AlipayCall(Dictionary<string, string> parameters, JsonElement content) => (Parameters, this.content) = (parameters, content);

    internal IReadOnlyDictionary<string, string> Parameters { get; }

    internal string Method => this["method"] ?? "";

    /// <summary>False if biz_content is there but is no JSON object.</summary>
    internal bool ContentIsReadable => content.ValueKind == JsonValueKind.Object;

    internal string? Order => Text("out_trade_no");

    internal string? TradeNumber => Text("trade_no");

    /// <summary>What a fault may be matched by: the order, or the agreement that the call is about.</summary>
    internal string? About => Order ?? Text("external_agreement_no") ?? Text("agreement_no");

    /// <summary>One of the common parameters.</summary>
    internal string? this[string name] => Parameters.TryGetValue(name, out var value) ? value : null;

    /// <summary>Query and body together, for clients put their parameters in either: the body counts where both have one.</summary>
    /// <returns>Null if there are too many, or one twice.</returns>
    internal static async Task<AlipayCall?> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var parameters = request.Query.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        if (request.HasFormContentType)
        {
            foreach (var (name, value) in await request.ReadFormAsync(cancellation))
            {
                parameters[name] = value;
            }
        }

        if (parameters.Count > MostParameters || parameters.Values.Any(value => value.Count != 1))
        {
            return null;
        }

        var texts = parameters.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal);
        return new AlipayCall(texts, Parse(texts.GetValueOrDefault("biz_content", "{}")));
    }

    /// <summary>A member of the business content: a text, or a number as it stands.</summary>
    internal string? Text(string name) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out var member) ? member.ValueKind switch
        {
            JsonValueKind.String => member.GetString() is { Length: > 0 } text ? text : null,
            JsonValueKind.Number => member.GetRawText(),
            _ => null,
        }
        : null;

    /// <summary>An object within the business content, to be read like it; null if there is none.</summary>
    internal AlipayCall? Within(string name) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Object ? new AlipayCall([], member) : null;

    /// <summary>A whole number from 1 to the most; null if it is missing or something else.</summary>
    internal int? Count(string name, int most) =>
        int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 && count <= most ? count : null;

    /// <summary>What the merchant wants to be paid, or which parameter cannot be taken.</summary>
    internal (TradeAsk? Ask, AlipayRefusal? Refusal) ReadAsk(string product, string? productCode, TimeSpan usualWait, DateTimeOffset now)
    {
        if (Order is not { } order || !IsOrderNumber(order))
        {
            return (null, AlipayRefusal.Parameter("out_trade_no", "1 to 64 of A-Z a-z 0-9 _"));
        }

        if (AlipayWords.Fen(Text("total_amount")) is not { } fen)
        {
            return (null, AlipayRefusal.Parameter("total_amount", "0.01 to 100000000 with at most two decimal places"));
        }

        if (Text("subject") is not { Length: <= LongestSubject } subject || subject.AsSpan().ContainsAny("/=&"))
        {
            return (null, AlipayRefusal.Parameter("subject", $"1 to {LongestSubject} characters without / = &"));
        }

        if (productCode is not null && Text("product_code") != productCode)
        {
            return (null, AlipayRefusal.Parameter("product_code", productCode));
        }

        if (Expiry(usualWait, now) is not { } expiry)
        {
            return (null, AlipayRefusal.Parameter("time_expire", "yyyy-MM-dd HH:mm:ss within 15 days; timeout_express: 1m to 15d"));
        }

        var quitUrl = Text("quit_url");
        if (AddressesRefusal(("quit_url", quitUrl)) is { } refusal)
        {
            return (null, refusal);
        }

        return Text("passback_params") is { Length: > LongestPassback }
            ? (null, AlipayRefusal.Parameter("passback_params", $"at most {LongestPassback} characters"))
            : (new TradeAsk(product, order, fen, subject, expiry, this["notify_url"], this["return_url"], quitUrl, Text("passback_params")), null);
    }

    public override string ToString() => $"{Method} of {Order}";

    internal static bool IsOrderNumber(string text) => OrderNumber().IsMatch(text);

    /// <summary>The addresses among the common parameters and the given others: why one of them cannot be taken; null if all can.</summary>
    internal AlipayRefusal? AddressesRefusal(params (string Name, string? Url)[] more)
    {
        foreach (var (name, url) in more.Prepend(("return_url", this["return_url"])).Prepend(("notify_url", this["notify_url"])))
        {
            if (url is not null && !IsAddress(url))
            {
                return AlipayRefusal.Parameter(name, $"an http or https address of at most {LongestUrl} printable ASCII characters");
            }
        }

        return null;
    }

    /// <summary>Printable ASCII only: it goes into a header of the redirect as it is.</summary>
    private static bool IsAddress(string url) =>
        url.Length <= LongestUrl && url.All(character => character is > ' ' and <= '~')
        && Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https";

    private DateTimeOffset? Expiry(TimeSpan usualWait, DateTimeOffset now)
    {
        if (Text("time_expire") is { } absolute)
        {
            return AlipayWords.Time(absolute) is { } instant && instant <= now + LongestWait ? instant : null;
        }

        return Text("timeout_express") is { } relative ? AlipayWords.Express(relative, now) : now + usualWait;
    }

    private static JsonElement Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return default;
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_]{1,64}$", RegexOptions.CultureInvariant)]
    private static partial Regex OrderNumber();
}
