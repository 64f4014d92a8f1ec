using System.Collections.Specialized;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Web;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Payments.Stripe;
using Refill.Units;

namespace Refill.Tests.Payments.Stripe;

/// <summary>What was sent in one call.</summary>
internal sealed record StripeSent(string Method, string Path, NameValueCollection Parameters, string? IdempotencyKey, string? Authorization, string? Version);

/// <summary>A scripted Stripe: answers are given by the test, events are signed by the test itself.</summary>
internal sealed class StripeWire : HttpMessageHandler
{
    public const string Order = "0123456789abcdef0123456789abcdef";
    public const string SecretKey = "sk_test_51AbcNotARealKey";
    public const string Secret = "whsec_old";
    public const string NextSecret = "whsec_new";
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly HttpClient http;
    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> answers = new();

    public StripeWire(string secretKey = SecretKey)
    {
        http = new HttpClient(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 4 * 1024 * 1024 };
        Keys = new StripeKeys(secretKey, [Secret]);
        Options = new StripeOptions(new Uri("http://127.0.0.1:9"), () => Keys, TimeSpan.FromSeconds(1)) { MaxNetworkRetries = 0 };
    }

    public StripeKeys Keys { get; set; }

    public StripeOptions Options { get; set; }

    public FakeTimeProvider Time { get; } = new(Now);

    public StripeGateway Gateway => new(http, Options, Time, NullLogger<StripeGateway>.Instance);

    public StripeStatement Statement => new(http, Options, Time, NullLogger<StripeStatement>.Instance);

    public StripeSavedMeans Means => new(http, Options, Time, NullLogger<StripeSavedMeans>.Instance);

    /// <summary>All calls, first to last.</summary>
    public List<StripeSent> Sent { get; } = [];

    /// <summary>An order as the gateway is asked about it.</summary>
    public static PaymentKey Key(string? start = "cs_test_1", string? number = null) => new(Order, PaymentWay.Page, Money.Usd(1500), start, number);

    public static PaymentOrder Payment(string subject = "Mint 5GB", PaymentWay way = PaymentWay.Page) =>
        new(Order, Money.Usd(1500), subject, way, Now, Now.AddMinutes(15), new Uri("https://shop.example/top-ups/x?back=1"));

    /// <summary>The next answer not yet given.</summary>
    public StripeWire Says(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        Answers(_ => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") }));

    public StripeWire Answers(Func<CancellationToken, Task<HttpResponseMessage>> answer)
    {
        answers.Enqueue(answer);
        return this;
    }

    public StripeWire Refuses(int status, string type, string code, string more = "") =>
        Says($$"""{"error":{"type":"{{type}}","code":"{{code}}","message":"secret words about 4242424242424242"{{more}} } }""", (HttpStatusCode)status);

    public static string Session(string status, string paymentStatus, string intent = "null", string order = Order, string more = "") => $$"""
        {"id":"cs_test_1","object":"checkout.session","mode":"payment","client_reference_id":"{{order}}","status":"{{status}}","payment_status":"{{paymentStatus}}",
         "amount_total":1500,"currency":"usd","livemode":false,"url":"https://checkout.stripe.com/c/pay/cs_test_1","payment_intent":{{intent}}{{more}} }
        """;

    public static string Intent(string status, long received = 1500, string currency = "usd", string charge = """{"id":"ch_1","object":"charge","created":1795435203,"amount":1500,"amount_refunded":0}""", string more = "", string order = Order) => $$"""
        {"id":"pi_1","object":"payment_intent","status":"{{status}}","amount":1500,"amount_received":{{received}},"currency":"{{currency}}","livemode":false,
         "metadata":{"order_number":"{{order}}"},"latest_charge":{{charge}}{{more}} }
        """;

    public static string SignatureOf(string body, DateTimeOffset at, params string[] secrets) =>
        $"t={at.ToUnixTimeSeconds()}" + string.Concat(secrets.Select(secret => ",v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{at.ToUnixTimeSeconds()}.{body}")))));

    /// <summary>A signed event about this object.</summary>
    public static RawNotification Event(string type, string about, DateTimeOffset? at = null, string secret = Secret, string livemode = "false", string version = "2026-10-28.endive", string more = "")
    {
        var body = $$"""{"id":"evt_1","object":"event","api_version":"{{version}}","created":1795435203,"type":"{{type}}","livemode":{{livemode}},"data":{"object":{{about}} }{{more}} }""";
        return Raw(Encoding.UTF8.GetBytes(body), SignatureOf(body, at ?? Now, secret));
    }

    public static RawNotification Raw(byte[] body, string? signature) => new(
        "POST", "/inbound/payments/stripe", "application/json; charset=utf-8", signature is null ? new Dictionary<string, string>() : new() { ["stripe-signature"] = signature }, body);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var form = request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : request.RequestUri!.Query;
        Sent.Add(new StripeSent(
            request.Method.Method, request.RequestUri!.AbsolutePath, HttpUtility.ParseQueryString(form), Header("Idempotency-Key"), request.Headers.Authorization?.ToString(), Header("Stripe-Version")));
        return answers.TryDequeue(out var answer) ? await answer(cancellationToken) : throw new InvalidOperationException("no answer scripted");

        string? Header(string name) => request.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            http.Dispose();
        }
    }
}
