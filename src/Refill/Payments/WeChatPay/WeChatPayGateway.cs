using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// WeChat Pay, API v3, for a merchant of its own in mainland China (payments-protocols, 1B): by a code (native), from a phone's browser (h5), within WeChat
/// (jsapi) and by a scanned code (codepay); query, close, reverse, refund. A success counts only if its signature holds and it is about what was asked;
/// what is not understood is unknown, never guessed.
/// </summary>
public sealed class WeChatPayGateway : IPaymentGateway, ISelfTest, IPayerAccounts, IDisposable
{
    private readonly HttpClient http;
    private readonly WeChatPayKeyRing keys;
    private readonly WeChatPayCertificates certificates;
    private readonly WeChatPayOrders orders;
    private readonly WeChatPayRefunds refunds;
    private readonly WeChatAccounts accounts;
    private readonly ILogger<WeChatPayGateway> log;

    /// <param name="http">Follows no redirects, has no time limit of its own, decompresses nothing.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    public WeChatPayGateway(HttpClient http, WeChatPayOptions options, TimeProvider time, ILogger<WeChatPayGateway> log)
    {
        (this.http, this.log, Time, Options) = (http, log, time, options.Checked());
        keys = new WeChatPayKeyRing(options.Keys, time, log);
        Wire = new WeChatPayWire(http, options, keys, time);
        certificates = new WeChatPayCertificates(Wire, options, keys, time, log);
        Calls = new WeChatPayCalls(Wire, certificates, time, log);
        orders = new WeChatPayOrders(Calls, options, keys, time, log);
        refunds = new WeChatPayRefunds(Calls, options, log);
        accounts = new WeChatAccounts(Wire, options, keys, log);
    }

    public string Name => "wechatpay";

    public Currency Currency => Currency.Cny;

    /// <summary>Within WeChat only if the app's secret is there: without it no payer's openid can be learnt.</summary>
    public IReadOnlyList<PaymentWay> Ways => keys.Current.AppSecret is null
        ? [PaymentWay.Qr, PaymentWay.Wap, PaymentWay.Barcode]
        : [PaymentWay.Qr, PaymentWay.Wap, PaymentWay.InApp, PaymentWay.Barcode];

    public bool IsPayerCode(string scanned) => WeChatPayOrders.IsPayerCode(scanned);

    public IReadOnlyList<Uri> PayerOrigins => keys.Current.AppSecret is null ? [Options.PagesUrl] : [.. new[] { Options.PagesUrl, Options.AuthoriseUrl }.Distinct()];

    internal WeChatPayOptions Options { get; }

    internal WeChatPayWire Wire { get; }

    internal WeChatPayCalls Calls { get; }

    internal TimeProvider Time { get; }

    public Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation) => order.Way switch
    {
        PaymentWay.Qr => orders.ShowAsync(order, cancellation),
        PaymentWay.Wap => orders.SendAsync(order, cancellation),
        PaymentWay.InApp => orders.CallAsync(order, cancellation),
        PaymentWay.Barcode => orders.ChargeAsync(order, cancellation),
        _ => throw new ArgumentOutOfRangeException(nameof(order), order.Way, "no such way to pay"),
    };

    public async Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation)
    {
        var call = await Calls.GetAsync($"{Order(payment)}?mchid={Options.MerchantId}", cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentStatus.Unknown(silence),
            { Succeeded: true } when call.Text("out_trade_no") != payment.OrderNumber || !WeChatPayTrade.IsOurs(call.Body, Options) => new PaymentStatus.Unknown("an answer about another order or seller"),
            { Succeeded: true } => WeChatPayTrade.Status(call.Body),
            { Status: 404, Code: "ORDERNOTEXIST" or "RESOURCENOTEXISTS" } => new PaymentStatus.NotFound(),
            _ => new PaymentStatus.Unknown(call.Refusal),
        };
    }

    public async Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation)
    {
        if (payment.Way == PaymentWay.Barcode)
        {
            return await ReverseAsync(payment, cancellation);
        }

        var call = await Calls.PostAsync($"{Order(payment)}/close", new JsonObject { ["mchid"] = Options.MerchantId }, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentClose.Unknown(silence),
            { Succeeded: true } => new PaymentClose.Closed(),
            { Code: "ORDERPAID" } => new PaymentClose.AlreadyPaid(), // Failure case 19: the caller queries it.
            { Status: 404, Code: "ORDERNOTEXIST" or "RESOURCENOTEXISTS" } => new PaymentClose.NotFound(),

            // Closed already, or in a state that cannot be closed. Nobody has signed that: a query tells.
            { IsDefinite: true } => await StateAfterRefusalAsync(payment, call, cancellation),
            _ => new PaymentClose.Unknown(call.Refusal),
        };
    }

    public Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation) => refunds.AskAsync(refund, cancellation);

    public Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation) => refunds.QueryAsync(refund, cancellation);

    public async ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation)
    {
        var read = await WeChatPayNotification.ReadAsync(notification, Options, keys, Calls, cancellation);
        if (read is PaymentNotification.Refused refused)
        {
            log.LogWarning("a notification for WeChat Pay was refused: {Reason}", refused.Reason);
        }

        return read;
    }

    /// <summary>200 and nothing stops the repeats; anything from 400 on keeps them coming.</summary>
    public NotificationReply Reply(bool accepted) => accepted
        ? new NotificationReply(200, "application/json", "")
        : new NotificationReply(400, "application/json", """{"code":"FAIL","message":"失败"}""");

    /// <summary>Where a browser within WeChat is sent to learn who its user is to our app; it comes back to <paramref name="callback"/> with ?code=…&amp;state=….</summary>
    /// <exception cref="ArgumentException">The state is not letters and digits, or longer than 128.</exception>
    public Uri AuthoriseAddress(Uri callback, string state) => accounts.AuthoriseAddress(callback, state);

    /// <summary>The payer's openid (<see cref="Payer.Account"/>) for the code that the browser came back with; null: it gives none.</summary>
    public Task<string?> AccountAsync(string code, CancellationToken cancellation) => accounts.OpenIdAsync(code, cancellation);

    /// <summary>Makes a harmless signed call or two. Null: ids and keys fit; else which of them is wrong and why, without showing it.</summary>
    public Task<string?> CheckAsync(CancellationToken cancellation) => new WeChatPayCheck(Wire, Calls, certificates, Options, keys, Time).RunAsync(cancellation);

    public void Dispose()
    {
        certificates.Dispose();
        http.Dispose();
    }

    private static string Order(PaymentKey payment) => $"/v3/pay/transactions/out-trade-no/{Uri.EscapeDataString(payment.OrderNumber)}";

    /// <summary>
    /// A scanned code's order is not closed but reversed, right after a last query (failure case 17): what was paid since that query goes back by it. That the
    /// payer is being asked at this moment is a failure (case 18); it is tried again.
    /// </summary>
    private async Task<PaymentClose> ReverseAsync(PaymentKey payment, CancellationToken cancellation)
    {
        switch (await QueryAsync(payment, cancellation))
        {
            case PaymentStatus.Paid or PaymentStatus.WrongCurrency:
                return new PaymentClose.AlreadyPaid();
            case PaymentStatus.Closed:
                return new PaymentClose.Closed();
            case PaymentStatus.Unknown unknown:
                return new PaymentClose.Unknown($"not reversed before it is known how it stands: {unknown.Reason}");
        }

        var call = await Calls.PostAsync($"{Order(payment)}/reverse", new JsonObject { ["appid"] = Options.AppId, ["mchid"] = Options.MerchantId }, cancellation);
        return call switch
        {
            { Silence: { } silence } => new PaymentClose.Unknown(silence),
            { Status: 200 } when call.Text("out_trade_no") == payment.OrderNumber && call.Text("mchid") == Options.MerchantId && call.Code is null => new PaymentClose.Closed(),
            { Code: "USERPAYING" } => new PaymentClose.Unknown("not reversed: the payer is being asked; try again"),
            { Code: "ORDERPAID" } => new PaymentClose.AlreadyPaid(),
            { Status: 404, Code: "ORDERNOTEXIST" or "RESOURCENOTEXISTS" } => new PaymentClose.NotFound(),
            { IsDefinite: true } => await StateAfterRefusalAsync(payment, call, cancellation),
            _ => new PaymentClose.Unknown($"not reversed: {call.Refusal}"),
        };
    }

    private async Task<PaymentClose> StateAfterRefusalAsync(PaymentKey payment, WeChatPayCall call, CancellationToken cancellation) => await QueryAsync(payment, cancellation) switch
    {
        PaymentStatus.Paid or PaymentStatus.WrongCurrency => new PaymentClose.AlreadyPaid(),
        PaymentStatus.Closed => new PaymentClose.Closed(),
        PaymentStatus.NotFound => new PaymentClose.NotFound(),
        var other => new PaymentClose.Unknown($"it was refused ({call.Refusal}), and the order is {other.GetType().Name}"),
    };
}
