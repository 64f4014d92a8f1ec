using System.Net.Mime;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.WeChatPay;

/// <summary>
/// /v3/pay, /v3/refund and /v3/certificates: WeChat Pay's API v3 as far as a merchant needs it who sells by QR code, in a phone's browser, within WeChat and by
/// barcode. Each request is verified, done and committed to the books, and only then does a fault that was asked for spoil the answer, which is signed.
/// </summary>
internal sealed class WeChatPayGateway(
    WeChatPayBooksOptions options, SandboxBooks books, FaultBook faults, WeChatPayKeys keys, Courier courier, TimeProvider time)
{
    internal const string Target = "wechatpay";

    /// <summary>What one call does, within one entry of the books.</summary>
    internal delegate WeChatPayAnswer Work(BooksEntry entry, WeChatPayCall call, Fault? fault, DateTimeOffset now);

    /// <summary>POST /v3/pay/transactions/{native, h5, jsapi}.</summary>
    internal Task AskAsync(HttpContext context, string point, string type) => HandleAsync(context, point, call => call.Text("out_trade_no"), (entry, call, _, now) =>
        Ask(entry, call, type, now) switch
        {
            ({ } trade, _) when type == TradeType.Native => WeChatPayAnswer.Ok(new { code_url = call.Origin + WeChatPayPayer.CodePathOf(trade) }),
            ({ } trade, _) when type == TradeType.H5 => WeChatPayAnswer.Ok(new { h5_url = call.Origin + WeChatPayPayer.H5PathOf(trade) }),
            ({ } trade, _) => WeChatPayAnswer.Ok(new { prepay_id = trade.PrepayId }),
            var (_, refusal) => WeChatPayAnswer.Failed(refusal!),
        });

    /// <summary>POST /v3/pay/transactions/codepay: paid at once, or by a payer who is asked for a password first.</summary>
    internal Task PayByCodeAsync(HttpContext context) => HandleAsync(context, "codepay", call => call.Text("out_trade_no"), (entry, call, fault, now) =>
    {
        var (trade, objection) = Ask(entry, call, TradeType.CodePay, now);
        if (trade is null)
        {
            return WeChatPayAnswer.Failed(objection!);
        }

        if (trade.State == TradeState.NotPaid && PayerWays.Of(trade.AuthCode!, fault) is var way)
        {
            if (way.Refusal is { } refusal)
            {
                WeChatTrades.Fail(entry, trade);
                return WeChatPayAnswer.Failed(refusal);
            }

            if (way.PasswordAfter is { } wait)
            {
                WeChatTrades.AskForPassword(entry, trade, now + wait, way.PaysAs);
            }
            else
            {
                WeChatTrades.Pay(entry, trade, now);
            }

            trade = WeChatTrades.Find(entry, trade.Order)!;
        }

        return WeChatPayAnswer.Ok(WeChatPayJson.Of(trade, options, trade.State, fault?.Kind == FaultKind.Pending ? null : fault?.Kind));
    });

    /// <summary>GET by the merchant's number or by WeChat Pay's.</summary>
    internal Task QueryAsync(HttpContext context, Func<BooksEntry, WeChatTrade?> find) => HandleAsync(context, "query", _ => books.Enter(find)?.Order, (entry, call, fault, _) =>
        call.Query("mchid") != options.MerchantId ? WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("mchid", "not the merchant who has signed", "query"))
        : fault?.Kind == FaultKind.Never || find(entry) is not { } trade ? WeChatPayAnswer.Failed(WeChatPayRefusal.OrderNotExist)
        : WeChatPayAnswer.Ok(WeChatPayJson.Of(trade, options, trade.State, fault?.Kind)));

    /// <summary>POST …/close: 204.</summary>
    internal Task CloseAsync(HttpContext context, string order) => HandleAsync(context, "close", _ => order, (entry, call, _, _) =>
        call.Text("mchid") != options.MerchantId ? WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("/mchid", "not the merchant who has signed"))
        : WeChatTrades.Close(entry, order) is { } refusal ? WeChatPayAnswer.Failed(refusal)
        : WeChatPayAnswer.Nothing);

    /// <summary>POST …/reverse. The fault "pending": the payer is still at the password, and nothing is reversed (failure case 18).</summary>
    internal Task ReverseAsync(HttpContext context, string order) => HandleAsync(context, "reverse", _ => order, (entry, call, fault, now) =>
        call.Text("mchid") != options.MerchantId || call.Text("appid") != options.AppId ? WeChatPayAnswer.Failed(WeChatPayRefusal.Parameter("/mchid", "mchid and appid of the merchant who has signed"))
        : fault?.Kind == FaultKind.Pending ? WeChatPayAnswer.Failed(WeChatPayRefusal.UserPaying)
        : WeChatTrades.Reverse(entry, order, now) is { } refusal ? WeChatPayAnswer.Failed(refusal)
        : WeChatPayAnswer.Ok(new { appid = options.AppId, mchid = options.MerchantId, out_trade_no = order }));

    /// <summary>POST /v3/refund/domestic/refunds: 200 says that it has been accepted, no more.</summary>
    internal Task RefundAsync(HttpContext context) => HandleAsync(context, "refund", OrderOf, (entry, call, fault, now) =>
    {
        var (ask, objection) = WeChatPayAsks.ReadRefund(call);
        if (ask is null)
        {
            return WeChatPayAnswer.Failed(objection!);
        }

        var settlesAfter = fault?.Kind == FaultKind.Pending ? fault.Wait : TimeSpan.FromSeconds(options.RefundSeconds);
        var settlesAs = fault?.Kind switch
        {
            FaultKind.Abnormal => RefundState.Abnormal,
            FaultKind.Closed => RefundState.Closed,
            _ => RefundState.Success,
        };
        return WeChatRefunds.Ask(entry, ask, now, TimeSpan.FromSeconds(options.RefundGapSeconds), settlesAfter, settlesAs) switch
        {
            ({ } trade, { } refund, _) => WeChatPayAnswer.Ok(WeChatPayJson.Of(trade, refund, fault?.Kind == FaultKind.UnknownState ? fault.Kind : null)),
            var (_, _, refusal) => WeChatPayAnswer.Failed(refusal!),
        };
    });

    internal Task QueryRefundAsync(HttpContext context, string number) => HandleAsync(
        context, "refund-query", _ => books.Enter(entry => WeChatRefunds.Find(entry, number))?.Order, (entry, _, fault, _) =>
            fault?.Kind == FaultKind.Never || WeChatRefunds.Find(entry, number) is not { } refund
                ? WeChatPayAnswer.Failed(WeChatPayRefusal.RefundNotExist)
                : WeChatPayAnswer.Ok(WeChatPayJson.Of(WeChatTrades.Find(entry, refund.Order)!, refund, fault?.Kind)));

    /// <summary>GET /v3/certificates: those that are good, wrapped under the APIv3 key.</summary>
    internal Task CertificatesAsync(HttpContext context)
    {
        var certificates = keys.Certificates();
        return HandleAsync(context, "certificates", _ => null, (_, _, _, _) => WeChatPayAnswer.Ok(new
        {
            data = certificates.ConvertAll(each =>
            {
                var nonce = WeChatPayWords.Digits(12);
                return new
                {
                    serial_no = each.Serial,
                    effective_time = WeChatPayWords.Time(each.NotBefore),
                    expire_time = WeChatPayWords.Time(each.NotAfter),
                    encrypt_certificate = new
                    {
                        algorithm = WeChatPayNotifier.Algorithm,
                        nonce,
                        associated_data = "certificate",
                        ciphertext = keys.Encrypt(System.Text.Encoding.ASCII.GetBytes(each.Pem), nonce, "certificate"),
                    },
                };
            }),
        }));
    }

    /// <summary>Reads, verifies, does, spoils and answers one call.</summary>
    /// <param name="point">Where faults are set; one of "gateway" strikes too.</param>
    /// <param name="orderOf">Whose faults strike.</param>
    internal async Task HandleAsync(HttpContext context, string point, Func<WeChatPayCall, string?> orderOf, Work work)
    {
        var call = await WeChatPayCall.ReadAsync(context.Request, context.RequestAborted);
        var now = time.GetUtcNow();
        if (call.Objection(options, keys, now) is { } objection)
        {
            await AnswerAsync(context, call, WeChatPayAnswer.Failed(objection), null);
            return;
        }

        var fault = TakeFault(point, orderOf(call));
        var answer = fault?.Kind switch
        {
            FaultKind.Error500 => WeChatPayAnswer.Failed(WeChatPayRefusal.SystemError),
            FaultKind.Reject => WeChatPayAnswer.Failed(Rejection(fault.Point)),
            _ => books.Enter(entry =>
            {
                WeChatTrades.Settle(entry, now);
                return work(entry, call, fault, now);
            }),
        };
        courier.Ring();
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            await AnswerAsync(context, call, answer, fault?.Kind);
        }
    }

    internal Fault? TakeFault(string point, string? order) => faults.Take(Target, point, order) ?? faults.Take(Target, "gateway", order);

    private (WeChatTrade? Trade, WeChatPayRefusal? Refusal) Ask(BooksEntry entry, WeChatPayCall call, string type, DateTimeOffset now) =>
        WeChatPayAsks.Read(call, type, options, now) switch
        {
            ({ } ask, _) => WeChatTrades.Ask(entry, ask, now),
            var (_, refusal) => (null, refusal),
        };

    private string? OrderOf(WeChatPayCall call) =>
        call.Text("out_trade_no") ?? (call.Text("transaction_id") is { } id ? books.Enter(entry => WeChatTrades.FindByTransactionId(entry, id))?.Order : null);

    /// <summary>Nothing is done, and nothing will be: the answer to the fault "reject".</summary>
    private static WeChatPayRefusal Rejection(string point) => point switch
    {
        "refund" or "codepay" => WeChatPayRefusal.NotEnough,
        "bill" => WeChatPayRefusal.NoStatement,
        _ => WeChatPayRefusal.NotPermitted,
    };

    /// <summary>Signed over its very bytes, the 204 that has none too.</summary>
    private async Task AnswerAsync(HttpContext context, WeChatPayCall call, WeChatPayAnswer answer, FaultKind? fault)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.Headers["Request-ID"] = $"0{WeChatPayWords.Digits(26)}";
        foreach (var (name, value) in keys.SignAnswer(answer.Body, call.WantedSerial, fault).Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (answer.Body.Length > 0)
        {
            context.Response.ContentType = $"{MediaTypeNames.Application.Json}; charset=utf-8";
            context.Response.ContentLength = answer.Body.Length;
            await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
        }
    }
}

/// <summary>How a payer at the counter behaves: by a fault that was asked for, or by the last two digits of the barcode.</summary>
/// <param name="PasswordAfter">Asked for a password, and answers after this long; null: is not asked.</param>
/// <param name="PaysAs">What comes of it: SUCCESS or PAYERROR.</param>
internal sealed record PayerWays(WeChatPayRefusal? Refusal, TimeSpan? PasswordAfter, string PaysAs)
{
    internal static PayerWays Of(string authCode, Fault? fault) => fault?.Kind == FaultKind.Pending
        ? new(null, fault.Wait, TradeState.Success)
        : authCode[^2..] switch
        {
            "75" => new(null, TimeSpan.FromSeconds(10), TradeState.Success),
            "76" => new(null, TimeSpan.FromSeconds(30), TradeState.PayError),
            "77" => new(WeChatPayRefusal.NotEnough, null, TradeState.PayError),
            _ => new(null, null, TradeState.Success),
        };
}
