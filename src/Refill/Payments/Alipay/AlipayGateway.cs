using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>
/// Alipay Open Platform, gateway v2 with RSA2 in key mode (payments-protocols, 1A): page and wap pay by a signed address, QR by precreate, query, close,
/// refund and refund query. An answer counts only if its signature holds; what is not understood is unknown, never guessed.
/// </summary>
public sealed class AlipayGateway : IPaymentGateway, IDisposable
{
    private const int MaxAnswer = 1024 * 1024;
    private const int MaxSubject = 128;

    /// <summary>wap pay takes no shorter time to pay; page pay and precreate take a minute.</summary>
    private static readonly TimeSpan LeastTimeToPay = TimeSpan.FromMinutes(5);

    // Chinese subjects stay readable; nothing here is ever put into HTML.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HttpClient http;
    private readonly AlipayOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<AlipayGateway> log;
    private readonly RSA ours;
    private readonly RSA theirs;

    /// <param name="http">Follows no redirects, has no time limit of its own.</param>
    /// <exception cref="AlipaySettingException">A setting that cannot work, by its name.</exception>
    public AlipayGateway(HttpClient http, AlipayOptions options, TimeProvider time, ILogger<AlipayGateway> log)
    {
        (this.http, this.options, this.time, this.log) = (http, options, time, log);
        (ours, theirs) = options.Load();
    }

    public string Name => "alipay";

    public Currency Currency => Currency.Cny;

    public IReadOnlyList<Uri> PayerOrigins => [new(options.GatewayUrl.GetLeftPart(UriPartial.Authority))];

    public async Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation)
    {
        var earliest = time.GetUtcNow() + LeastTimeToPay;
        var content = new Dictionary<string, string>
        {
            ["out_trade_no"] = order.OrderNumber,
            ["total_amount"] = order.Amount.ToDecimalString(),
            ["subject"] = Subject(order.Subject),
            ["time_expire"] = AlipayTime.Format(order.ExpiresAt > earliest ? order.ExpiresAt : earliest),
        };
        switch (order.Way)
        {
            case PaymentWay.Page:
                content["product_code"] = "FAST_INSTANT_TRADE_PAY";
                return new PaymentStart.Redirect(Address("alipay.trade.page.pay", content, order.ReturnUrl));
            case PaymentWay.Wap:
                content["product_code"] = "QUICK_WAP_WAY";
                content["quit_url"] = order.ReturnUrl.ToString();
                return new PaymentStart.Redirect(Address("alipay.trade.wap.pay", content, order.ReturnUrl));
            case PaymentWay.Qr:
                content["product_code"] = "FACE_TO_FACE_PAYMENT";
                return await PrecreateAsync(order, content, cancellation);
            default:
                throw new ArgumentOutOfRangeException(nameof(order), order.Way, "no such way to pay");
        }
    }

    public async Task<PaymentStatus> QueryAsync(string orderNumber, CancellationToken cancellation)
    {
        var call = await CallAsync("alipay.trade.query", new() { ["out_trade_no"] = orderNumber }, false, cancellation);
        if (call.Silence is { } silence)
        {
            return new PaymentStatus.Unknown(silence);
        }

        if (call.Code != "10000")
        {
            return call.SubCode == "ACQ.TRADE_NOT_EXIST" ? new PaymentStatus.NotFound() : new PaymentStatus.Unknown(call.Refusal);
        }

        if (call.Text("out_trade_no") != orderNumber)
        {
            return new PaymentStatus.Unknown("an answer about another order");
        }

        return call.Text("trade_status") switch
        {
            "WAIT_BUYER_PAY" => new PaymentStatus.Waiting(),
            "TRADE_SUCCESS" or "TRADE_FINISHED" => Paid(call, Money.Cny(0)),

            // Failure case 24: a trade that was paid and refunded in full is closed, too; it has a day on which it was paid.
            "TRADE_CLOSED" when call.Text("send_pay_date") is { Length: > 0 } => Paid(call, Amount(call, "total_amount") ?? Money.Cny(0)),
            "TRADE_CLOSED" => new PaymentStatus.Closed(),
            var other => new PaymentStatus.Unknown($"trade_status {other}"),
        };
    }

    public async Task<PaymentClose> CloseAsync(string orderNumber, CancellationToken cancellation)
    {
        var call = await CallAsync("alipay.trade.close", new() { ["out_trade_no"] = orderNumber }, false, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentClose.Unknown(silence),
            { Code: "10000" } => new PaymentClose.Closed(),
            { SubCode: "ACQ.TRADE_NOT_EXIST" } => new PaymentClose.NotFound(),

            // It can be closed only while it waits: it was paid (case 19), or closed already. A query tells.
            { SubCode: "ACQ.TRADE_STATUS_ERROR" or "ACQ.REASON_TRADE_STATUS_INVALID" or "ACQ.REASON_ILLEGAL_STATUS" } => await StateAfterRefusedCloseAsync(orderNumber, cancellation),
            _ => new PaymentClose.Unknown(call.Refusal),
        };
    }

    public async Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var content = new Dictionary<string, string>
        {
            ["out_trade_no"] = refund.OrderNumber,
            ["refund_amount"] = refund.Amount.ToDecimalString(),
            ["out_request_no"] = refund.RefundNumber,
            ["refund_reason"] = Subject(refund.Reason),
        };
        var call = await CallAsync("alipay.trade.refund", content, false, cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),

            // fund_change=N: this call moved nothing. That is so on a repeat of one that did; the refund query tells.
            { Code: "10000" } when !IsAbout(call, refund) => new RefundStatus.Unknown("an answer about another order"),
            { Code: "10000" } when call.Text("fund_change") == "Y" => new RefundStatus.Refunded(),
            { Code: "10000" } => await QueryRefundAsync(refund, cancellation) is RefundStatus.Refunded done ? done : new RefundStatus.Pending(),
            { Code: "10003" } => new RefundStatus.Pending(),
            { SubCode: "ACQ.SYSTEM_ERROR" or "ACQ.TRADE_NOT_EXIST" or "aop.ACQ.SYSTEM_ERROR" } => new RefundStatus.Unknown(call.Refusal),

            // TRADE_FINISHED, frozen, over the amount, past the time limit, no funds: repeating it changes nothing.
            { Code: "40004", SubCode: { } sub } when sub.StartsWith("ACQ.", StringComparison.Ordinal) => new RefundStatus.Rejected(call.Refusal),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    public async Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var content = new Dictionary<string, string> { ["out_trade_no"] = refund.OrderNumber, ["out_request_no"] = refund.RefundNumber };
        var call = await CallAsync("alipay.trade.fastpay.refund.query", content, false, cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),

            // What it says of the order and the amount, if it does, must be what was asked: a smaller refund is not this one.
            { Code: "10000" } when !IsAbout(call, refund) || (call.Text("refund_amount") is { Length: > 0 } && Amount(call, "refund_amount") != refund.Amount) =>
                new RefundStatus.Unknown("an answer about another order or amount"),

            // Only these words are success; without them it was not received, or failed.
            { Code: "10000" } when call.Text("refund_status") == "REFUND_SUCCESS" && call.Text("out_request_no") == refund.RefundNumber => new RefundStatus.Refunded(),
            { Code: "10000" } when call.Text("refund_status") is null or "" => new RefundStatus.NotFound(),
            { Code: "10000" } => new RefundStatus.Pending(),
            { SubCode: "ACQ.TRADE_NOT_EXIST" or "TRADE_NOT_EXIST" } => new RefundStatus.NotFound(),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    public PaymentNotification Read(RawNotification notification)
    {
        var read = AlipayNotification.Read(notification, options, theirs);
        if (read is PaymentNotification.Refused refused)
        {
            log.LogWarning("a notification for Alipay was refused: {Reason}", refused.Reason);
        }

        return read;
    }

    /// <summary>Exactly `success`, seven characters, stops the repeats; anything else keeps them coming.</summary>
    public NotificationReply Reply(bool accepted) => accepted ? new NotificationReply(200, "text/plain", "success") : new NotificationReply(400, "text/plain", "failure");

    public void Dispose()
    {
        ours.Dispose();
        theirs.Dispose();
        http.Dispose();
    }

    private async Task<PaymentStart> PrecreateAsync(PaymentOrder order, Dictionary<string, string> content, CancellationToken cancellation)
    {
        var call = await CallAsync("alipay.trade.precreate", content, true, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentStart.Unknown(silence),
            { Code: "10000" } when call.Text("out_trade_no") == order.OrderNumber && call.Text("qr_code") is { Length: > 0 and <= 1024 } code => new PaymentStart.ShowCode(code),
            { Code: "10000" } => new PaymentStart.Unknown("an answer without a code, or about another order"),
            { Code: "40004", SubCode: not "ACQ.SYSTEM_ERROR" } or { Code: "40002" or "40001" or "40006" } => Refused(call),
            _ => new PaymentStart.Unknown(call.Refusal),
        };
    }

    private PaymentStart.Rejected Refused(AlipayCall call)
    {
        log.LogError("Alipay refuses an order: {Refusal}", call.Refusal);
        return new PaymentStart.Rejected(call.Refusal);
    }

    private async Task<PaymentClose> StateAfterRefusedCloseAsync(string orderNumber, CancellationToken cancellation) => await QueryAsync(orderNumber, cancellation) switch
    {
        PaymentStatus.Paid or PaymentStatus.WrongCurrency => new PaymentClose.AlreadyPaid(),
        PaymentStatus.Closed => new PaymentClose.Closed(),
        PaymentStatus.NotFound => new PaymentClose.NotFound(),
        var other => new PaymentClose.Unknown($"close was refused, and the order is {other.GetType().Name}"),
    };

    private static PaymentStatus Paid(AlipayCall call, Money refunded)
    {
        if (call.Text("trade_no") is not { Length: > 0 and <= 64 } number || Amount(call, "total_amount") is not { Minor: > 0 } amount)
        {
            return new PaymentStatus.Unknown("paid, but without number or amount");
        }

        return call.Text("trans_currency") is { Length: > 0 } currency and not "CNY"
            ? new PaymentStatus.WrongCurrency(number, currency)
            : new PaymentStatus.Paid(number, amount, AlipayTime.Parse(call.Text("send_pay_date")), refunded);
    }

    private static bool IsAbout(AlipayCall call, RefundOrder refund) => call.Text("out_trade_no") is not { } order || order == refund.OrderNumber;

    private static Money? Amount(AlipayCall call, string name) => Money.TryParseDecimal(call.Text(name), Currency.Cny, out var money) ? money : null;

    /// <summary>Alipay takes no slash, equals or ampersand in a subject.</summary>
    private static string Subject(string text)
    {
        var clean = new string([.. text.Select(c => c is '/' or '=' or '&' || char.IsControl(c) ? ' ' : c)]);
        return clean.Length > MaxSubject ? clean[..MaxSubject] : clean;
    }

    private Uri Address(string method, Dictionary<string, string> content, Uri returnUrl)
    {
        var parameters = Parameters(method, content, notify: true);
        parameters["return_url"] = returnUrl.ToString();
        parameters["sign"] = AlipaySignature.Sign(ours, AlipaySignature.TextOf(parameters));
        return new Uri($"{options.GatewayUrl}?{string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"))}");
    }

    private SortedDictionary<string, string> Parameters(string method, Dictionary<string, string> content, bool notify)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["app_id"] = options.AppId,
            ["biz_content"] = JsonSerializer.Serialize(content, Json),
            ["charset"] = "utf-8",
            ["format"] = "JSON",
            ["method"] = method,
            ["sign_type"] = "RSA2",
            ["timestamp"] = AlipayTime.Format(time.GetUtcNow()),
            ["version"] = "1.0",
        };
        if (notify)
        {
            parameters["notify_url"] = options.NotifyUrl.ToString();
        }

        return parameters;
    }

    private async Task<AlipayCall> CallAsync(string method, Dictionary<string, string> content, bool notify, CancellationToken cancellation)
    {
        var parameters = Parameters(method, content, notify);
        parameters["sign"] = AlipaySignature.Sign(ours, AlipaySignature.TextOf(parameters));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{options.GatewayUrl}?charset=utf-8") { Content = new FormUrlEncodedContent(parameters) };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if ((int)response.StatusCode != 200)
            {
                return Silent(method, $"HTTP status {(int)response.StatusCode}");
            }

            await response.Content.LoadIntoBufferAsync(MaxAnswer, limit.Token); // A longer one is an HttpRequestException.
            var body = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return AlipayAnswer.Read(body, method.Replace('.', '_') + "_response", theirs, out var why) is { } value ? new AlipayCall(value, null) : Silent(method, why!);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Silent(method, "no answer in time");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Silent(method, $"no answer: {error.GetType().Name}");
        }
    }

    private AlipayCall Silent(string method, string why)
    {
        log.LogWarning("Alipay {Method}: {Why}", method, why);
        return new AlipayCall(default, why);
    }
}
