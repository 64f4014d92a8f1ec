using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Payments.Alipay;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Alipay's side of the wire, signed by the test itself (not by the code under test), and an adapter that talks to it.</summary>
internal sealed class AlipayWire : HttpMessageHandler
{
    public const string AppId = "2026000000000001";
    public const string SellerId = "2088000000000001";
    private static readonly RSA Merchant = RSA.Create(2048);
    private static readonly RSA Alipay = RSA.Create(2048);

    public AlipayWire() => Gateway = new AlipayGateway(new HttpClient(this) { Timeout = Timeout.InfiniteTimeSpan }, Options, Time, NullLogger<AlipayGateway>.Instance);

    public static AlipayOptions Options { get; } = new(
        new Uri("http://127.0.0.1:9/gateway.do"), AppId, SellerId, Merchant.ExportPkcs8PrivateKeyPem(), Alipay.ExportSubjectPublicKeyInfoPem(), new Uri("https://shop.example/inbound/payments/alipay"), TimeSpan.FromSeconds(1));

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public AlipayGateway Gateway { get; }

    /// <summary>The parameters of the last call.</summary>
    public Dictionary<string, string> Sent { get; private set; } = [];

    /// <summary>What the next call is answered with.</summary>
    public Func<CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = _ => throw new InvalidOperationException("no answer scripted");

    public static string Sign(string text) => Convert.ToBase64String(Alipay.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static bool MerchantSigned(IReadOnlyDictionary<string, string> parameters)
    {
        var names = parameters.Keys.Where(name => name != "sign").ToArray();
        Array.Sort(names, string.CompareOrdinal);
        var text = new StringBuilder();
        foreach (var name in names)
        {
            text.Append(text.Length > 0 ? "&" : "").Append(name).Append('=').Append(parameters[name]);
        }

        return Merchant.VerifyData(Encoding.UTF8.GetBytes(text.ToString()), Convert.FromBase64String(parameters["sign"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    /// <summary>A signed answer whose node is exactly this text.</summary>
    public void Answers(string root, string node) => Says($"{{\"{root}\":{node},\"sign\":\"{Sign(node)}\"}}");

    public void Says(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        Answer = _ => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "text/html") });

    public static RawNotification Notification(Dictionary<string, string> form, Func<string, string>? sign = null, bool keepEmpty = true)
    {
        var names = form.Keys.Where(name => name is not ("sign" or "sign_type") && (keepEmpty || form[name].Length > 0)).ToArray();
        Array.Sort(names, string.CompareOrdinal);
        var signature = (sign ?? Sign)(string.Join('&', names.Select(name => $"{name}={form[name]}")));
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
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        Sent = body.Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => Uri.UnescapeDataString(pair[0]), pair => Uri.UnescapeDataString(pair[1].Replace('+', ' ')));
        return await Answer(cancellationToken);
    }
}
