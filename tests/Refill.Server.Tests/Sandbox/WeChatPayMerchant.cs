using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Refill.Sandbox;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What a merchant thinks of the signature on an answer or a notification.</summary>
internal enum WeChatPayVerdict
{
    Good,
    Unsigned,
    UnknownSerial,
    Stale,
    Bad,
}

/// <summary>What the sandbox's WeChat Pay answered to one call.</summary>
internal sealed record WeChatPayReply(HttpStatusCode Status, string Raw, JsonElement Json, string? Serial, WeChatPayVerdict Verdict)
{
    /// <summary>A member by its path, such as amount.total, as its text; null if there is none.</summary>
    internal string? this[string path] => WeChatPayMerchant.Member(Json, path);
}

/// <summary>A notification, opened.</summary>
internal sealed record WeChatPayNotice(JsonElement Outer, JsonElement Inner, string? Serial, WeChatPayVerdict Verdict)
{
    /// <summary>A member of what was encrypted.</summary>
    internal string? this[string path] => WeChatPayMerchant.Member(Inner, path);

    internal string? Event => WeChatPayMerchant.Member(Outer, "event_type");
}

/// <summary>A merchant's side of WeChat Pay, written for these tests alone from the protocol's description: neither the adapter's code nor the sandbox's.</summary>
internal sealed class WeChatPayMerchant(HttpClient http, TimeProvider time)
{
    internal const string MerchantId = "1900000001";
    internal const string AppId = "wx8888888888888888";
    internal const string MerchantSerial = "3775B6A45ACD588826D15E583A95F5DD6A1C9B51";
    internal const string ApiV3Key = "a 32 byte key of these tests, ok";
    internal const string PublicKeyId = "PUB_KEY_ID_0119000000012026030100000000000000";
    private static readonly RSA MerchantKey = RSA.Create(2048);
    private static readonly RSA PlatformKey = RSA.Create(2048);
    private static readonly RSA PublicKey = RSA.Create(2048);
    private static readonly X509Certificate2 Platform = SelfSigned(PlatformKey);

    private readonly Dictionary<string, RSA> trusted = new() { [PlatformSerial] = PlatformKey, [PublicKeyId] = PublicKey };

    internal static WeChatPayBooksOptions Options { get; } = new(
        MerchantId, AppId, MerchantSerial, MerchantKey.ExportSubjectPublicKeyInfoPem(), ApiV3Key, Platform.ExportCertificatePem(), PlatformKey.ExportPkcs8PrivateKeyPem(),
        PublicKeyId, PublicKey.ExportPkcs8PrivateKeyPem());

    internal static string PlatformSerial => Platform.SerialNumber;

    internal static string MerchantPrivateKeyPem => MerchantKey.ExportPkcs8PrivateKeyPem();

    internal static string PublicKeyPem => PublicKey.ExportSubjectPublicKeyInfoPem();

    /// <summary>Which key the answers are to be signed with; null: the sandbox's choice.</summary>
    internal string? WantedSerial { get; set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal void Trust(string serial, RSA key) => trusted[serial] = key;

    internal static JsonObject Order(string order, string? notifyUrl = null, long total = 1234) => new()
    {
        ["mchid"] = MerchantId,
        ["appid"] = AppId,
        ["out_trade_no"] = order,
        ["description"] = "5 GB for 30 days",
        ["notify_url"] = notifyUrl ?? "https://shop.invalid/inbound",
        ["amount"] = new JsonObject { ["total"] = total, ["currency"] = "CNY" },
    };

    internal Task<WeChatPayReply> NativeAsync(string order, string? notifyUrl = null, long total = 1234) => PostAsync("/v3/pay/transactions/native", Order(order, notifyUrl, total));

    internal Task<WeChatPayReply> H5Async(string order)
    {
        var body = Order(order);
        body["scene_info"] = new JsonObject { ["payer_client_ip"] = "127.0.0.1", ["h5_info"] = new JsonObject { ["type"] = "Wap" } };
        return PostAsync("/v3/pay/transactions/h5", body);
    }

    internal Task<WeChatPayReply> JsApiAsync(string order)
    {
        var body = Order(order);
        body["payer"] = new JsonObject { ["openid"] = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" };
        return PostAsync("/v3/pay/transactions/jsapi", body);
    }

    internal Task<WeChatPayReply> CodePayAsync(string order, string authCode = "130061098828009406", long total = 1234)
    {
        var body = Order(order, total: total);
        body.Remove("notify_url");
        body["payer"] = new JsonObject { ["auth_code"] = authCode };
        body["scene_info"] = new JsonObject { ["store_info"] = new JsonObject { ["id"] = "0001" } };
        return PostAsync("/v3/pay/transactions/codepay", body);
    }

    internal Task<WeChatPayReply> QueryAsync(string order) => GetAsync($"/v3/pay/transactions/out-trade-no/{order}?mchid={MerchantId}");

    internal Task<WeChatPayReply> QueryByIdAsync(string id) => GetAsync($"/v3/pay/transactions/id/{id}?mchid={MerchantId}");

    internal Task<WeChatPayReply> CloseAsync(string order) => PostAsync($"/v3/pay/transactions/out-trade-no/{order}/close", new JsonObject { ["mchid"] = MerchantId });

    internal Task<WeChatPayReply> ReverseAsync(string order) =>
        PostAsync($"/v3/pay/transactions/out-trade-no/{order}/reverse", new JsonObject { ["appid"] = AppId, ["mchid"] = MerchantId });

    internal Task<WeChatPayReply> RefundAsync(string order, string number, long fen, long total = 1234, string? notifyUrl = null)
    {
        var body = new JsonObject
        {
            ["out_trade_no"] = order,
            ["out_refund_no"] = number,
            ["amount"] = new JsonObject { ["refund"] = fen, ["total"] = total, ["currency"] = "CNY" },
        };
        if (notifyUrl is not null)
        {
            body["notify_url"] = notifyUrl;
        }

        return PostAsync("/v3/refund/domestic/refunds", body);
    }

    internal Task<WeChatPayReply> QueryRefundAsync(string number) => GetAsync($"/v3/refund/domestic/refunds/{number}");

    internal Task<WeChatPayReply> GetAsync(string target) => SendAsync(HttpMethod.Get, target, "");

    internal Task<WeChatPayReply> PostAsync(string target, JsonNode body) => SendAsync(HttpMethod.Post, target, body.ToJsonString());

    internal async Task<WeChatPayReply> SendAsync(HttpMethod method, string target, string body, string? authorization = null)
    {
        using var answer = await SendRawAsync(method, target, body, authorization);
        var raw = await answer.Content.ReadAsStringAsync(Cancellation);
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        return new WeChatPayReply(answer.StatusCode, raw, raw.StartsWith('{') ? JsonDocument.Parse(raw).RootElement : default, headers.GetValueOrDefault("Wechatpay-Serial"), Judge(headers, raw));
    }

    /// <summary>The answer as it is, for what is no JSON.</summary>
    internal async Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string target, string body = "", string? authorization = null)
    {
        using var request = new HttpRequestMessage(method, target);
        request.Headers.TryAddWithoutValidation("Authorization", authorization ?? Authorize(method.Method, target, body));
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "refill-tests");
        if (WantedSerial is not null)
        {
            request.Headers.TryAddWithoutValidation("Wechatpay-Serial", WantedSerial);
        }

        if (method != HttpMethod.Get)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        return await http.SendAsync(request, Cancellation);
    }

    /// <param name="secondsAgo">How old the signature is.</param>
    /// <param name="order">The order of the attributes, for every library has its own.</param>
    internal string Authorize(
        string method, string target, string body, long secondsAgo = 0, string order = "mchid,nonce_str,timestamp,serial_no,signature", string mchid = MerchantId, string serial = MerchantSerial)
    {
        var (timestamp, nonce) = ((time.GetUtcNow().ToUnixTimeSeconds() - secondsAgo).ToString(CultureInfo.InvariantCulture), RandomNumberGenerator.GetHexString(32));
        var values = new Dictionary<string, string>
        {
            ["mchid"] = mchid,
            ["nonce_str"] = nonce,
            ["timestamp"] = timestamp,
            ["serial_no"] = serial,
            ["signature"] = Sign($"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n"),
        };
        return "WECHATPAY2-SHA256-RSA2048 " + string.Join(',', order.Split(',').Select(name => $"{name}=\"{values[name]}\""));
    }

    internal static string Sign(string text) => Convert.ToBase64String(MerchantKey.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    internal WeChatPayNotice Open(Received received)
    {
        var outer = JsonDocument.Parse(received.Body).RootElement;
        var resource = outer.GetProperty("resource");
        var inner = Decrypt(resource.GetProperty("ciphertext").GetString()!, resource.GetProperty("nonce").GetString()!, resource.GetProperty("associated_data").GetString()!);
        return new WeChatPayNotice(outer, JsonDocument.Parse(inner).RootElement, received.Headers.GetValueOrDefault("Wechatpay-Serial"), Judge(received.Headers, received.Body));
    }

    internal static string Decrypt(string ciphertext, string nonce, string associated)
    {
        var bytes = Convert.FromBase64String(ciphertext);
        var plain = new byte[bytes.Length - 16];
        using var aes = new AesGcm(Encoding.UTF8.GetBytes(ApiV3Key), 16);
        aes.Decrypt(Encoding.UTF8.GetBytes(nonce), bytes.AsSpan(..^16), bytes.AsSpan(^16..), plain, Encoding.UTF8.GetBytes(associated));
        return Encoding.UTF8.GetString(plain);
    }

    internal static string? Member(JsonElement within, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (within.ValueKind != JsonValueKind.Object || !within.TryGetProperty(name, out within))
            {
                return null;
            }
        }

        return within.ToString();
    }

    private WeChatPayVerdict Judge(IReadOnlyDictionary<string, string> headers, string body)
    {
        if (!headers.TryGetValue("Wechatpay-Signature", out var signature) || !headers.TryGetValue("Wechatpay-Serial", out var serial))
        {
            return WeChatPayVerdict.Unsigned;
        }

        var (timestamp, nonce) = (headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]);
        Span<byte> bytes = stackalloc byte[1024];
        return !trusted.TryGetValue(serial, out var key) ? WeChatPayVerdict.UnknownSerial
            : Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - long.Parse(timestamp, CultureInfo.InvariantCulture)) > 300 ? WeChatPayVerdict.Stale
            : Convert.TryFromBase64String(signature, bytes, out var length)
                && key.VerifyData(Encoding.UTF8.GetBytes($"{timestamp}\n{nonce}\n{body}\n"), bytes[..length], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ? WeChatPayVerdict.Good
            : WeChatPayVerdict.Bad;
    }

    private static X509Certificate2 SelfSigned(RSA key)
    {
        var request = new CertificateRequest("CN=platform of these tests", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        byte[] serial = [0x51, .. RandomNumberGenerator.GetBytes(19)];
        return request.Create(request.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), SandboxRig.Start.AddDays(-30), SandboxRig.Start.AddYears(5), serial);
    }
}
