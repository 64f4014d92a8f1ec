using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Payments.WeChatPay;
using Refill.Units;

namespace Refill.Tests.Payments.WeChatPay;

/// <summary>WeChat Pay's side of the wire, signed and sealed by the test itself (not by the code under test), and an adapter that talks to it.</summary>
internal sealed class WeChatWire : HttpMessageHandler
{
    public const string Merchant = "1900000109";
    public const string App = "wx8888888888888888";
    public const string ApiV3Key = "0123456789abcdef0123456789abcdef";
    public const string Order = "0123456789abcdef0123456789abcdef";
    public const string PublicKeyId = "PUB_KEY_ID_0119000001092026112300000000000001";
    private static readonly RSA MerchantKey = RSA.Create(2048);
    private static readonly RSA RootKey = RSA.Create(2048);

    public WeChatWire(Func<WeChatPayOptions, WeChatPayOptions>? change = null)
    {
        Gateway = new WeChatPayGateway(new HttpClient(this) { Timeout = Timeout.InfiniteTimeSpan }, (change ?? (same => same))(Options), Time, NullLogger<WeChatPayGateway>.Instance);
        Listed = [Platform];
    }

    public static DateTimeOffset Start { get; } = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public static X509Certificate2 Root { get; } = Certificate("CN=Root", RootKey, RootKey, null, 10, "01");

    /// <summary>Two certificates of WeChat Pay's, old and new, and one that another has made.</summary>
    public static (X509Certificate2 Certificate, RSA Key) Platform { get; } = Issue("5157F09EFDC096DE15EBE81A47057A7232F1B8E1");

    public static (X509Certificate2 Certificate, RSA Key) Later { get; } = Issue("6257F09EFDC096DE15EBE81A47057A7232F1B8E2");

    public static RSA PublicKey { get; } = RSA.Create(2048);

    public static WeChatPayKeys Keys { get; } = new("4F1C72E2A8931B7260000000000000000000ABCD", MerchantKey.ExportPkcs8PrivateKeyPem(), [ApiV3Key]);

    public static WeChatPayOptions Options { get; } = new(new Uri("http://127.0.0.1:9"), Merchant, App, () => Keys, new Uri("https://shop.example/inbound/payments/wechatpay"), TimeSpan.FromSeconds(1));

    public FakeTimeProvider Time { get; } = new(Start);

    public WeChatPayGateway Gateway { get; }

    /// <summary>What GET /v3/certificates lists, signed by the last.</summary>
    public List<(X509Certificate2 Certificate, RSA Key)> Listed { get; set; }

    /// <summary>How often certificates were asked for.</summary>
    public int Fetches { get; private set; }

    /// <summary>The last request; that for certificates only if there was no other: method, path and query, body, headers.</summary>
    public (string Method, string Target, string Body, Dictionary<string, string> Headers) Sent { get; private set; }

    public List<string> Targets { get; } = [];

    /// <summary>What a call is answered with, by its target.</summary>
    public Func<string, CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = (target, _) => throw new InvalidOperationException($"no answer scripted for {target}");

    public Func<HttpResponseMessage>? CertificatesAnswer { get; set; }

    public static PaymentKey Key(PaymentWay way = PaymentWay.Qr, string order = Order) => new(order, way, Money.Cny(10650), null, null);

    public static PaymentOrder Payment(PaymentWay way, Payer? payer = null, string subject = "充值 5GB") =>
        new(Order, Money.Cny(10650), subject, way, Start, Start.AddMinutes(15), new Uri("https://shop.example/top-ups/x?back=1")) { Payer = payer ?? Payer.Unknown };

    /// <summary>The signature over an answer or notification of this time.</summary>
    public static Dictionary<string, string> Signed(byte[] body, DateTimeOffset at, (X509Certificate2 Certificate, RSA Key)? by = null)
    {
        var (certificate, key) = by ?? Platform;
        return Signed(body, at, certificate.SerialNumber, key);
    }

    public static Dictionary<string, string> Signed(byte[] body, DateTimeOffset at, string serial, RSA key)
    {
        var (seconds, nonce) = (at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), "fdasflkja484w");
        byte[] text = [.. Encoding.ASCII.GetBytes(seconds + "\n" + nonce + "\n"), .. body, 10];
        return new()
        {
            ["Wechatpay-Timestamp"] = seconds,
            ["Wechatpay-Nonce"] = nonce,
            ["Wechatpay-Serial"] = serial,
            ["Wechatpay-Signature"] = Convert.ToBase64String(key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        };
    }

    public HttpResponseMessage Message(string body, int status = 200, Dictionary<string, string>? headers = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var message = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(bytes) };
        foreach (var (name, value) in headers ?? Signed(bytes, Time.GetUtcNow()))
        {
            message.Headers.Add(name, value);
        }

        return message;
    }

    /// <summary>Answers one after another, signed if they are successes; the last is repeated.</summary>
    public void Says(params (int Status, string Body)[] answers)
    {
        var next = 0;
        Answer = (_, _) =>
        {
            var (status, body) = answers[Math.Min(next++, answers.Length - 1)];
            return Task.FromResult(Message(body, status, status is >= 200 and <= 299 ? null : []));
        };
    }

    public static string Trade(string state = "SUCCESS", string order = Order, string merchant = Merchant, string app = App, string currency = "CNY", long total = 10650) => $$$"""
        {"appid":"{{{app}}}","mchid":"{{{merchant}}}","out_trade_no":"{{{order}}}","transaction_id":"4200000000202611230000000001","trade_type":"NATIVE","trade_state":"{{{state}}}","success_time":"2026-11-23T20:00:03+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":{{{total}}},"payer_total":1,"currency":"{{{currency}}}","payer_currency":"CNY"}}
        """;

    public static string Refund(string status = "PROCESSING", long refund = 10650, string order = Order, string number = Order + "R1") =>
        $$$"""{"refund_id":"50000000382019052709732678859","out_refund_no":"{{{number}}}","transaction_id":"4200","out_trade_no":"{{{order}}}","status":"{{{status}}}","amount":{"total":10650,"refund":{{{refund}}},"currency":"CNY"}}""";

    /// <summary>{algorithm, nonce, associated_data, ciphertext} under a key, as WeChat Pay seals.</summary>
    public static string Sealed(string plain, string key = ApiV3Key, string associated = "transaction")
    {
        var (bytes, nonce, tag) = (Encoding.UTF8.GetBytes(plain), "0123456789ab", new byte[16]);
        var cipher = new byte[bytes.Length];
        using var aes = new AesGcm(Encoding.ASCII.GetBytes(key), 16);
        aes.Encrypt(Encoding.ASCII.GetBytes(nonce), bytes, cipher, tag, Encoding.ASCII.GetBytes(associated));
        return $$"""{"algorithm":"AEAD_AES_256_GCM","nonce":"{{nonce}}","associated_data":"{{associated}}","ciphertext":"{{Convert.ToBase64String([.. cipher, .. tag])}}"}""";
    }

    public static string Event(string plain, string type = "TRANSACTION.SUCCESS", string key = ApiV3Key) =>
        $$"""{"id":"EV-1","create_time":"2026-11-23T20:00:05+08:00","resource_type":"encrypt-resource","event_type":"{{type}}","summary":"支付成功","resource":{{Sealed(plain, key)}}}""";

    public RawNotification Notification(string body, Dictionary<string, string>? headers = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return new RawNotification("POST", "/inbound/payments/wechatpay", "application/json", headers ?? Signed(bytes, Time.GetUtcNow()), bytes);
    }

    public async Task<PaymentNotification> Read(RawNotification notification) => await Gateway.ReadAsync(notification, TestContext.Current.CancellationToken);

    /// <summary>Whether the merchant's signature over the last request holds, from its Authorization alone.</summary>
    public bool MerchantSigned()
    {
        var parts = Sent.Headers["Authorization"]["WECHATPAY2-SHA256-RSA2048 ".Length..].Split(',').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1].Trim('"'));
        var text = $"{Sent.Method}\n{Sent.Target}\n{parts["timestamp"]}\n{parts["nonce_str"]}\n{Sent.Body}\n";
        return parts["mchid"] == Merchant && parts["serial_no"] == Keys.Certificate && parts["timestamp"] == Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)
            && MerchantKey.VerifyData(Encoding.UTF8.GetBytes(text), Convert.FromBase64String(parts["signature"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    public static bool MerchantSigned(string text, string signature) =>
        MerchantKey.VerifyData(Encoding.UTF8.GetBytes(text), Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public static (X509Certificate2 Certificate, RSA Key) Issue(string serial, RSA? root = null, int fromDays = -10)
    {
        var key = RSA.Create(2048);
        return (Certificate("CN=Tenpay.com sign", key, root ?? RootKey, Root, 5, serial, fromDays), key);
    }

    public string CertificateList(string key = ApiV3Key) =>
        $$"""{"data":[{{string.Join(',', Listed.Select(one => $$"""{"serial_no":"{{one.Certificate.SerialNumber}}","effective_time":"2026-06-08T10:34:56+08:00","expire_time":"2031-06-08T10:34:56+08:00","encrypt_certificate":{{Sealed(one.Certificate.ExportCertificatePem(), key, "certificate")}}}"""))}}]}""";

    public HttpResponseMessage CertificatesMessage(string key = ApiV3Key)
    {
        var body = CertificateList(key);
        return Message(body, 200, Signed(Encoding.UTF8.GetBytes(body), Time.GetUtcNow(), Listed[^1]));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri!.PathAndQuery;
        Targets.Add(target);
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var sent = (request.Method.Method, target, body, request.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value)));
        Sent = target != "/v3/certificates" || Sent.Method is null ? sent : Sent;
        if (target == "/v3/certificates")
        {
            Fetches++;
            return CertificatesAnswer?.Invoke() ?? CertificatesMessage();
        }

        return await Answer(target, cancellationToken);
    }

    private static X509Certificate2 Certificate(string subject, RSA key, RSA signer, X509Certificate2? issuer, int years, string serial, int fromDays = -10)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        return request.Create(issuer?.SubjectName ?? request.SubjectName, X509SignatureGenerator.CreateForRSA(signer, RSASignaturePadding.Pkcs1), Start.AddDays(fromDays), Start.AddDays(fromDays).AddYears(years), Convert.FromHexString(serial));
    }
}
