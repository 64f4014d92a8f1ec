using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's Alipay answered to one call, its signature already found good or bad.</summary>
internal sealed record AlipayReply(string Method, string Raw, JsonElement Node, string Signature, string? Certificate)
{
    internal bool SignatureIsGood => Merchant.IsSignedByAlipay(Node.GetRawText(), Signature);

    internal string? this[string name] => Node.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>A merchant's side of Alipay, written for these tests alone from the protocol's description: neither the adapter's code nor the sandbox's.</summary>
internal sealed partial class Merchant(HttpClient http, TimeProvider time)
{
    internal const string AppId = "2021000000000001";
    internal const string SellerId = "2088000000000009";
    private static readonly RSA MerchantKey = RSA.Create(2048);
    private static readonly RSA AlipayKey = RSA.Create(2048);

    internal static string PublicKeyPem => MerchantKey.ExportSubjectPublicKeyInfoPem();

    internal static string PrivateKeyPem => MerchantKey.ExportPkcs8PrivateKeyPem();

    internal static string AlipayPublicKeyPem => AlipayKey.ExportSubjectPublicKeyInfoPem();

    internal static string AlipayPrivateKeyPem => AlipayKey.ExportPkcs8PrivateKeyPem();

    /// <summary>Parameters of every request, such as certificates' numbers.</summary>
    internal (string Name, string Value)[] Always { get; set; } = [];

    /// <summary>Signs instead of the usual key.</summary>
    internal RSA? Key { get; set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A signed request's parameters; what is in `more` replaces the usual ones before signing.</summary>
    internal Dictionary<string, string> Sign(string method, object content, params (string Name, string Value)[] more)
    {
        var parameters = new Dictionary<string, string>
        {
            ["app_id"] = AppId,
            ["method"] = method,
            ["charset"] = "utf-8",
            ["format"] = "JSON",
            ["sign_type"] = "RSA2",
            ["timestamp"] = time.GetUtcNow().ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            ["version"] = "1.0",
            ["biz_content"] = JsonSerializer.Serialize(content),
        };
        foreach (var (name, value) in Always.Concat(more))
        {
            parameters[name] = value;
        }

        var text = string.Join("&", parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + "=" + pair.Value));
        parameters["sign"] = Convert.ToBase64String((Key ?? MerchantKey).SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        return parameters;
    }

    /// <summary>Calls with all parameters in the body.</summary>
    internal Task<AlipayReply> CallAsync(string method, object content, params (string Name, string Value)[] more) => SendAsync(Sign(method, content, more));

    internal async Task<AlipayReply> SendAsync(Dictionary<string, string> parameters)
    {
        using var answer = await http.PostAsync("/gateway.do?charset=utf-8", new FormUrlEncodedContent(parameters), Cancellation);
        Assert.Equal("text/html; charset=utf-8", answer.EnsureSuccessStatusCode().Content.Headers.ContentType?.ToString(), ignoreCase: true);
        return Read(await answer.Content.ReadAsStringAsync(Cancellation));
    }

    internal Task<AlipayReply> QueryAsync(string order) => CallAsync("alipay.trade.query", new { out_trade_no = order });

    internal Task<AlipayReply> CloseAsync(string order) => CallAsync("alipay.trade.close", new { out_trade_no = order });

    internal Task<AlipayReply> RefundAsync(string order, string amount, string? number) =>
        CallAsync("alipay.trade.refund", number is null ? new { out_trade_no = order, refund_amount = amount } : new { out_trade_no = order, refund_amount = amount, out_request_no = number });

    /// <summary>The barcode of a buyer's telephone; each order has a code of its own.</summary>
    internal Task<AlipayReply> PayAsync(string order, string amount = "12.34", string? code = null, string? notifyUrl = null) => CallAsync(
        "alipay.trade.pay",
        new { out_trade_no = order, total_amount = amount, subject = "5 GB for 30 days", scene = "bar_code", auth_code = code ?? CodeOf(order) },
        notifyUrl is null ? [] : [("notify_url", notifyUrl)]);

    internal Task<AlipayReply> CancelAsync(string order) => CallAsync("alipay.trade.cancel", new { out_trade_no = order });

    internal Task<AlipayReply> QueryRefundAsync(string order, string number) =>
        CallAsync("alipay.trade.fastpay.refund.query", new { out_trade_no = order, out_request_no = number });

    internal Task<AlipayReply> PrecreateAsync(string order, string amount = "12.34", string? notifyUrl = null) => CallAsync(
        "alipay.trade.precreate",
        new { out_trade_no = order, total_amount = amount, subject = "5 GB for 30 days" },
        notifyUrl is null ? [] : [("notify_url", notifyUrl)]);

    /// <summary>The address that a merchant sends a browser to.</summary>
    internal string PageAddress(string order, string amount = "12.34", string method = "alipay.trade.page.pay", string? returnUrl = null, string? notifyUrl = null, JsonObject? content = null)
    {
        var business = content ?? [];
        business["out_trade_no"] = order;
        business["total_amount"] = amount;
        business["subject"] ??= "5 GB for 30 days";
        business["product_code"] ??= method == "alipay.trade.page.pay" ? "FAST_INSTANT_TRADE_PAY" : "QUICK_WAP_WAY";
        var more = new[] { ("return_url", returnUrl), ("notify_url", notifyUrl) }.Where(pair => pair.Item2 is not null).Select(pair => (pair.Item1, pair.Item2!));
        return "/gateway.do?" + string.Join('&', Sign(method, business, [.. more]).Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
    }

    /// <summary>Makes an order, opens its page as a payer would, and says where the page is.</summary>
    internal async Task<string> OpenAsync(string order, string amount = "12.34", string? notifyUrl = null, string? returnUrl = null)
    {
        using var start = await http.GetAsync(PageAddress(order, amount, notifyUrl: notifyUrl, returnUrl: returnUrl), Cancellation);
        var page = start.Headers.Location!.ToString();
        using var shown = await http.GetAsync(page, Cancellation);
        shown.EnsureSuccessStatusCode();
        return page;
    }

    private static string CodeOf(string order) => "28" + (Convert.ToUInt64(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(order)))[..12], 16) % 10_000_000_000_000_000).ToString("0000000000000000", CultureInfo.InvariantCulture);

    /// <summary>A form or an address's query that Alipay signed: sign and sign_type are left out of the text, nothing else.</summary>
    internal static bool IsSignedByAlipay(IReadOnlyDictionary<string, string> parameters)
    {
        var signed = parameters.Where(pair => pair.Key is not ("sign" or "sign_type")).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + "=" + pair.Value);
        return parameters.TryGetValue("sign", out var signature) && IsSignedByAlipay(string.Join("&", signed), signature);
    }

    internal static bool IsSignedByAlipay(string text, string signature, RSA? key = null) =>
        (key ?? AlipayKey).VerifyData(Encoding.UTF8.GetBytes(text), Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    /// <summary>{"&lt;method&gt;_response":NODE,"alipay_cert_sn":"…","sign":"…"}: the node's text as it stands is what is signed; the certificate is named in certificate mode only.</summary>
    private static AlipayReply Read(string raw)
    {
        var parts = Envelope().Match(raw);
        Assert.True(parts.Success, raw);
        return new AlipayReply(
            parts.Groups["method"].Value, raw, JsonDocument.Parse(parts.Groups["node"].Value).RootElement, parts.Groups["sign"].Value,
            parts.Groups["certificate"] is { Success: true, Value: var certificate } ? certificate : null);
    }

    [GeneratedRegex("""^{"(?<method>\w+)_response":(?<node>{.*})(,"alipay_cert_sn":"(?<certificate>\w+)")?,"sign":"(?<sign>[^"]+)"}$""")]
    private static partial Regex Envelope();
}
