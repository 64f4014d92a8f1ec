using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Alipay's side of the wire, signed by the test itself (not by the code under test), and an adapter that talks to it.</summary>
internal sealed class AlipayWire : HttpMessageHandler
{
    public const string AppId = "2026000000000001";
    public const string SellerId = "2088000000000001";
    private static readonly RSA Merchant = RSA.Create(2048);
    private static readonly RSA Alipay = RSA.Create(2048);

    public AlipayWire() => Gateway = new AlipayGateway(Client(), Options, Time, NullLogger<AlipayGateway>.Instance);

    public static AlipayOptions Options { get; } = new(
        new Uri("http://127.0.0.1:9/gateway.do"), AppId, SellerId, Merchant.ExportPkcs8PrivateKeyPem(), Alipay.ExportSubjectPublicKeyInfoPem(), new Uri("https://shop.example/inbound/payments/alipay"), TimeSpan.FromSeconds(1));

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public AlipayGateway Gateway { get; }

    /// <summary>A key of Alipay's that a test rotates to, or that is nobody's.</summary>
    public static RSA OtherKey { get; } = RSA.Create(2048);

    /// <summary>The parameters of the last call.</summary>
    public Dictionary<string, string> Sent { get; private set; } = [];

    /// <summary>The methods that were called, in their order.</summary>
    public List<string> Called { get; } = [];

    /// <summary>What a file is answered with (bills).</summary>
    public Func<Uri, HttpResponseMessage> Download { get; set; } = _ => throw new InvalidOperationException("no file scripted");

    /// <summary>What the next call is answered with.</summary>
    public Func<CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = _ => throw new InvalidOperationException("no answer scripted");

    public JsonElement Content => JsonDocument.Parse(Sent["biz_content"]).RootElement;

    public AlipayKeyRing Ring => AlipayKeyRing.Of(Options, Time, NullLogger.Instance);

    public HttpClient Client() => new(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>An order as the gateway is asked about it.</summary>
    public static PaymentKey Key(string order) => new(order, PaymentWay.Page, Money.Cny(10650), null, null);

    public static string Sign(string text) => Sign(text, Alipay);

    public static string Sign(string text, RSA key) => Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static bool MerchantSigned(IReadOnlyDictionary<string, string> parameters) => SignedBy(Merchant, parameters);

    public static bool SignedBy(RSA key, IReadOnlyDictionary<string, string> parameters)
    {
        var names = parameters.Keys.Where(name => name != "sign").ToArray();
        Array.Sort(names, string.CompareOrdinal);
        var text = new StringBuilder();
        foreach (var name in names)
        {
            text.Append(text.Length > 0 ? "&" : "").Append(name).Append('=').Append(parameters[name]);
        }

        return key.VerifyData(Encoding.UTF8.GetBytes(text.ToString()), Convert.FromBase64String(parameters["sign"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    /// <summary>What the adapter makes of a notification; in key mode it asks nobody and is ready at once.</summary>
    public PaymentNotification Read(RawNotification notification)
    {
        var read = Gateway.ReadAsync(notification, CancellationToken.None);
        return read.IsCompletedSuccessfully ? read.Result : throw new InvalidOperationException("the reading of a notification waited for something");
    }

    /// <summary>A signed answer whose node is exactly this text.</summary>
    public void Answers(string root, string node) => Says($"{{\"{root}\":{node},\"sign\":\"{Sign(node)}\"}}");

    /// <summary>Answers to these methods in this order, signed; a call of another method, or one more, is none of the adapter's.</summary>
    public void Script(params (string Method, string Node)[] script)
    {
        var next = new Queue<(string Method, string Node)>(script);
        Called.Clear();
        Answer = _ =>
        {
            var (method, node) = next.Count > 0 ? next.Dequeue() : throw new InvalidOperationException($"{Sent["method"]} was not expected");
            Assert.Equal(method, Sent["method"]);
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(Body(method, node, Alipay)) });
        };
    }

    /// <summary>An answer, signed with a key, in certificate mode with its certificate's number.</summary>
    public static string Body(string method, string node, RSA key, string? certificate = null) =>
        $"{{\"{method.Replace('.', '_')}_response\":{node},{(certificate is null ? "" : $"\"alipay_cert_sn\":\"{certificate}\",")}\"sign\":\"{Sign(node, key)}\"}}";

    public void Says(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        Answer = _ => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "text/html") });

    public static RawNotification Notification(Dictionary<string, string> form, Func<string, string>? sign = null, bool keepEmpty = true, bool keepType = false)
    {
        var all = new Dictionary<string, string>(form) { ["sign_type"] = "RSA2" };
        var names = all.Keys.Where(name => (keepType || name != "sign_type") && (keepEmpty || all[name].Length > 0)).ToArray();
        Array.Sort(names, string.CompareOrdinal);
        var signature = (sign ?? Sign)(string.Join('&', names.Select(name => $"{name}={all[name]}")));
        var body = string.Join('&', form.Append(new("sign", signature)).Append(new("sign_type", "RSA2")).Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        return Raw(Encoding.UTF8.GetBytes(body));
    }

    public static RawNotification Raw(byte[] body) => new("POST", "/inbound/payments/alipay", "application/x-www-form-urlencoded; charset=utf-8", new Dictionary<string, string>(), body);

    public static Dictionary<string, string> PaidForm(string order = "0123456789abcdef0123456789abcdef", string amount = "106.50") => new()
    {
        ["notify_time"] = "2026-11-23 20:00:05",
        ["notify_type"] = "trade_status_sync",
        ["notify_id"] = "2026112300222200005",
        ["app_id"] = AppId,
        ["charset"] = "utf-8",
        ["version"] = "1.0",
        ["trade_no"] = "2026112322001400001",
        ["out_trade_no"] = order,
        ["trade_status"] = "TRADE_SUCCESS",
        ["total_amount"] = amount,
        ["seller_id"] = SellerId,
        ["gmt_payment"] = "2026-11-23 20:00:03",
        ["subject"] = "充值 5GB",
        ["fund_bill_list"] = "[{\"amount\":\"106.50\",\"fundChannel\":\"ALIPAYACCOUNT\"}]",
    };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
        {
            return Download(request.RequestUri!);
        }

        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        Sent = body.Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => Uri.UnescapeDataString(pair[0]), pair => Uri.UnescapeDataString(pair[1].Replace('+', ' ')));
        Called.Add(Sent["method"]);
        return await Answer(cancellationToken);
    }
}
