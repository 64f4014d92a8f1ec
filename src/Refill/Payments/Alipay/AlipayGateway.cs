using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Alipay;

/// <summary>
/// Alipay Open Platform, gateway v2 with RSA2 in key or certificate mode (payments-protocols, 1A): page and wap pay by a signed address, QR by precreate, a scanned code by
/// pay, query, close, refund and refund query. An answer counts only if its signature holds; what is not understood is unknown, never guessed.
/// </summary>
public sealed class AlipayGateway : IPaymentGateway, ISelfTest, IDisposable
{
    internal const string GatewayName = "alipay";

    /// <summary>wap pay takes no shorter time to pay; page pay and precreate take a minute.</summary>
    private static readonly TimeSpan LeastTimeToPay = TimeSpan.FromMinutes(5);

    private readonly HttpClient http;
    private readonly AlipayKeyRing ring;
    private readonly AlipayClient client;
    private readonly AlipayTrades trades;
    private readonly TimeProvider time;
    private readonly ILogger<AlipayGateway> log;

    /// <param name="http">Follows no redirects, has no time limit of its own. Disposed of with the gateway.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    public AlipayGateway(HttpClient http, AlipayOptions options, TimeProvider time, ILogger<AlipayGateway> log)
        : this(http, AlipayKeyRing.Of(options, time, log), time, log)
    {
    }

    /// <param name="http">Follows no redirects, has no time limit of its own. Disposed of with the gateway.</param>
    /// <param name="ring">The keys; the statement and the agreements share it.</param>
    public AlipayGateway(HttpClient http, AlipayKeyRing ring, TimeProvider time, ILogger<AlipayGateway> log)
    {
        (this.http, this.ring, this.time, this.log) = (http, ring, time, log);
        client = new AlipayClient(http, ring, time, log);
        trades = new AlipayTrades(client, log);
    }

    public string Name => GatewayName;

    public Currency Currency => Currency.Cny;

    public IReadOnlyList<PaymentWay> Ways { get; } = [PaymentWay.Page, PaymentWay.Wap, PaymentWay.Qr, PaymentWay.Barcode];

    public bool IsPayerCode(string scanned) => AlipayTrades.IsPayerCode(scanned);

    public IReadOnlyList<Uri> PayerOrigins => [new(client.Options.GatewayUrl.GetLeftPart(UriPartial.Authority))];

    /// <summary>
    /// One harmless signed call, about an order that does not exist: null if keys, certificates, app id and clock are right; else which of them is wrong and why, none of it
    /// shown. The seller's id cannot be checked by a call: notifications are held against it.
    /// </summary>
    public Task<string?> CheckAsync(CancellationToken cancellation) => AlipayCheck.RunAsync(client, ring, time, cancellation);

    public async Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation)
    {
        var earliest = time.GetUtcNow() + LeastTimeToPay;
        var expiresAt = AlipayTime.Format(order.ExpiresAt > earliest ? order.ExpiresAt : earliest);
        var content = new Dictionary<string, object>
        {
            ["out_trade_no"] = order.OrderNumber,
            ["total_amount"] = order.Amount.ToDecimalString(),
            ["subject"] = AlipayTrades.Subject(order.Subject),
            ["time_expire"] = expiresAt,
        };
        switch (order.Way)
        {
            case PaymentWay.Page:
                content["product_code"] = "FAST_INSTANT_TRADE_PAY";
                return new PaymentStart.Redirect(client.Address("alipay.trade.page.pay", content, order.ReturnUrl));
            case PaymentWay.Wap:
                content["product_code"] = "QUICK_WAP_WAY";
                content["quit_url"] = order.ReturnUrl.ToString();
                return new PaymentStart.Redirect(client.Address("alipay.trade.wap.pay", content, order.ReturnUrl));
            case PaymentWay.Qr:
                content["product_code"] = "FACE_TO_FACE_PAYMENT";
                return await PrecreateAsync(order, content, cancellation);
            case PaymentWay.Barcode:
                return await trades.ScanAsync(order, expiresAt, cancellation);
            default:
                throw new ArgumentOutOfRangeException(nameof(order), order.Way, "no such way to pay");
        }
    }

    public Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation) => trades.QueryAsync(payment.OrderNumber, cancellation);

    public Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation) =>
        payment.Way == PaymentWay.Barcode ? trades.CancelAsync(payment.OrderNumber, cancellation) : trades.CloseAsync(payment.OrderNumber, cancellation);

    public async Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var content = new Dictionary<string, object>
        {
            ["out_trade_no"] = refund.OrderNumber,
            ["refund_amount"] = refund.Amount.ToDecimalString(),
            ["out_request_no"] = refund.RefundNumber,
            ["refund_reason"] = AlipayTrades.Subject(refund.Reason),
        };
        var call = await client.CallAsync("alipay.trade.refund", content, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),

            // fund_change=N: this call moved nothing. That is so on a repeat of one that did; the refund query tells.
            { Code: "10000" } when !IsAbout(call, refund) => new RefundStatus.Unknown("an answer about another order"),
            { Code: "10000" } when call.Text("fund_change") == "Y" => new RefundStatus.Refunded(),
            { Code: "10000" } => await QueryRefundAsync(refund, cancellation) is RefundStatus.Refunded done ? done : new RefundStatus.Pending(),
            { Code: "10003" } => new RefundStatus.Pending(),
            { IsInDoubt: true } or { SubCode: "ACQ.TRADE_NOT_EXIST" } => new RefundStatus.Unknown(call.Refusal),

            // A scanned code's charge that was cancelled late: its money has gone back with the cancel, under no refund number of ours.
            { SubCode: "ACQ.TRADE_HAS_CLOSE" or "ACQ.TRADE_STATUS_ERROR" } when refund.Payment.Way == PaymentWay.Barcode && await WentBackAsync(refund, cancellation) => new RefundStatus.Refunded(),

            // TRADE_FINISHED, frozen, over the amount, past the time limit, no funds: repeating it changes nothing.
            { Code: "40004", SubCode: { } sub } when sub.StartsWith("ACQ.", StringComparison.Ordinal) => new RefundStatus.Rejected(call.Refusal),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    public async Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        var content = new Dictionary<string, object> { ["out_trade_no"] = refund.OrderNumber, ["out_request_no"] = refund.RefundNumber };
        var call = await client.CallAsync("alipay.trade.fastpay.refund.query", content, null, cancellation);
        return call switch
        {
            { Silence: { } silence } => new RefundStatus.Unknown(silence),

            // What it says of the order and the amount, if it does, must be what was asked: a smaller refund is not this one.
            { Code: "10000" } when !IsAbout(call, refund) || (call.Text("refund_amount") is { Length: > 0 } && AlipayTrades.Amount(call, "refund_amount") != refund.Amount) =>
                new RefundStatus.Unknown("an answer about another order or amount"),

            // Only these words are success; without them it was not received, or failed.
            { Code: "10000" } when call.Text("refund_status") == "REFUND_SUCCESS" && call.Text("out_request_no") == refund.RefundNumber => new RefundStatus.Refunded(),
            { Code: "10000" } when call.Text("refund_status") is null or "" => new RefundStatus.NotFound(),
            { Code: "10000" } => new RefundStatus.Pending(),
            { SubCode: "ACQ.TRADE_NOT_EXIST" or "TRADE_NOT_EXIST" } => new RefundStatus.NotFound(),
            _ => new RefundStatus.Unknown(call.Refusal),
        };
    }

    public async ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation)
    {
        var (form, why) = await AlipayNotification.OpenAsync(notification, client, cancellation);
        var read = form is null ? new PaymentNotification.Refused(why!) : AlipayNotification.Read(form, client.Options);
        if (read is PaymentNotification.Refused refused)
        {
            log.LogWarning("a notification for Alipay was refused: {Reason}", refused.Reason);
        }

        return read;
    }

    /// <summary>Exactly `success`, seven characters, stops the repeats; anything else keeps them coming.</summary>
    public NotificationReply Reply(bool accepted) => accepted ? new NotificationReply(200, "text/plain", "success") : new NotificationReply(400, "text/plain", "failure");

    public void Dispose() => http.Dispose();

    private async Task<PaymentStart> PrecreateAsync(PaymentOrder order, Dictionary<string, object> content, CancellationToken cancellation)
    {
        var call = await client.CallAsync("alipay.trade.precreate", content, client.Options.NotifyUrl, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentStart.Unknown(silence),
            { Code: "10000" } when call.Text("out_trade_no") == order.OrderNumber && call.Text("qr_code") is { Length: > 0 and <= 1024 } code => new PaymentStart.ShowCode(code),
            { Code: "10000" } => new PaymentStart.Unknown("an answer without a code, or about another order"),
            { Code: "40004", SubCode: not "ACQ.SYSTEM_ERROR" } or { Code: "40002" or "40001" or "40006" } => trades.Refused(call),
            _ => new PaymentStart.Unknown(call.Refusal),
        };
    }

    private async Task<bool> WentBackAsync(RefundOrder refund, CancellationToken cancellation) =>
        await trades.QueryAsync(refund.OrderNumber, cancellation) is PaymentStatus.Paid paid && paid.Amount == refund.PaidAmount && paid.Refunded == paid.Amount && refund.Amount == paid.Amount;

    private static bool IsAbout(AlipayCall call, RefundOrder refund) => call.Text("out_trade_no") is not { } order || order == refund.OrderNumber;
}
