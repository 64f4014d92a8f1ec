using System.Net.Mime;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>
/// /gateway.do: Alipay's Open Platform, version 2, as far as a merchant needs it who sells by page, by wap and by QR code. Each request is verified,
/// done and committed to the books, and only then does a fault that was asked for spoil the answer.
/// </summary>
internal sealed class AlipayGateway(
    AlipayBooksOptions options, SandboxBooks books, FaultBook faults, AlipaySigning signing, Courier courier, TimeProvider time)
{
    internal const string Path = "/gateway.do";
    internal const string PagePay = "alipay.trade.page.pay";
    internal const string WapPay = "alipay.trade.wap.pay";
    internal const string Precreate = "alipay.trade.precreate";

    private static readonly TimeSpan UsualWait = TimeSpan.FromDays(15);
    private static readonly TimeSpan UsualWaitOfCode = TimeSpan.FromHours(3);

    private const string Buyer = "2088000000000001";
    private const string BuyerLogon = "san***@sandbox.invalid";

    internal async Task HandleAsync(HttpContext context)
    {
        if (await AlipayCall.ReadAsync(context.Request, context.RequestAborted) is not { } call)
        {
            await AnswerAsync(context, "error", AlipayAnswer.InvalidArguments("isv.invalid-parameter", "too many parameters, or one of them twice"), spoiled: false);
            return;
        }

        var point = PointOf(call.Method);
        if (Objection(call, point) is { } objection)
        {
            await (call.Method is PagePay or WapPay
                ? AlipayCashier.ShowErrorAsync(context, objection.Refusal!)
                : AnswerAsync(context, "error", objection, spoiled: false));
            return;
        }

        if (point == "page")
        {
            await StartPageAsync(context, call);
            return;
        }

        var fault = faults.Take("alipay", point!, call.Order) ?? faults.Take("alipay", "gateway", call.Order);
        if (fault?.Kind == FaultKind.Error500)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var answer = fault?.Kind == FaultKind.Reject ? Rejection(fault.Point) : Do(call, fault, context);
        courier.Ring();
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            await AnswerAsync(context, call.Method.Replace('.', '_'), answer, spoiled: fault?.Kind == FaultKind.BadSignature);
        }
    }

    private static string? PointOf(string method) => method switch
    {
        PagePay or WapPay => "page",
        Precreate => "precreate",
        "alipay.trade.query" => "query",
        "alipay.trade.close" => "close",
        "alipay.trade.refund" => "refund",
        "alipay.trade.fastpay.refund.query" => "refund-query",
        _ => null,
    };

    /// <summary>What is wrong with the request before its business is looked at; null if nothing is.</summary>
    private AlipayAnswer? Objection(AlipayCall call, string? point)
    {
        foreach (var name in (string[])["app_id", "method", "sign_type", "sign", "timestamp", "version"])
        {
            if (string.IsNullOrEmpty(call[name]))
            {
                return AlipayAnswer.MissingArguments($"isv.missing-{(name == "sign" ? "signature" : name.Replace('_', '-'))}", $"{name} is missing");
            }
        }

        return call switch
        {
            _ when call["app_id"] != options.AppId => AlipayAnswer.InvalidArguments("isv.invalid-app-id", "the sandbox knows another app_id"),
            _ when call["sign_type"] != "RSA2" => AlipayAnswer.InvalidArguments("isv.invalid-signature-type", "RSA2 only"),
            _ when call["version"] != "1.0" => AlipayAnswer.InvalidArguments("isv.invalid-version", "1.0 only"),
            _ when !string.Equals(call["charset"] ?? "utf-8", "utf-8", StringComparison.OrdinalIgnoreCase) => AlipayAnswer.InvalidArguments("isv.invalid-charset", "utf-8 only"),
            _ when !string.Equals(call["format"] ?? "JSON", "JSON", StringComparison.OrdinalIgnoreCase) => AlipayAnswer.InvalidArguments("isv.invalid-format", "JSON only"),
            _ when !signing.IsMerchants(AlipaySigning.TextOf(call.Parameters, "sign"), call["sign"]!) =>
                AlipayAnswer.InvalidArguments("isv.invalid-signature", "the signature does not fit the parameters and the merchant's public key"),
            _ when AlipayWords.Time(call["timestamp"]!) is null => AlipayAnswer.InvalidArguments("isv.invalid-timestamp", "yyyy-MM-dd HH:mm:ss"),
            _ when point is null => AlipayAnswer.InvalidArguments("isv.invalid-method", "the sandbox does not have this method"),
            _ when !call.ContentIsReadable => AlipayAnswer.InvalidArguments("isv.invalid-parameter", "biz_content is not a JSON object"),
            _ => null,
        };
    }

    private async Task StartPageAsync(HttpContext context, AlipayCall call)
    {
        FaultKind[] atTheDoor = [FaultKind.Slow, FaultKind.Error500, FaultKind.Reject];
        var fault = faults.Take("alipay", "page", call.Order, null, atTheDoor) ?? faults.Take("alipay", "gateway", call.Order, null, [.. atTheDoor, FaultKind.LostAnswer]);
        if (fault?.Kind == FaultKind.Error500)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var now = time.GetUtcNow();
        var (trade, refusal) = fault?.Kind == FaultKind.Reject ? (null, AlipayAnswer.NotPermitted.Refusal) : Ask(call, call.Method == PagePay ? "FAST_INSTANT_TRADE_PAY" : "QUICK_WAP_WAY", UsualWait, now);
        if (!await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            return;
        }

        if (trade is null || refusal == AlipayRefusal.ContextInconsistent)
        {
            await AlipayCashier.ShowErrorAsync(context, refusal!);
            return;
        }

        // A trade that is paid or closed is shown as such on its own page, with the way back.
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = AlipayCashier.PathOf(trade);
    }

    private (Trade? Trade, AlipayRefusal? Refusal) Ask(AlipayCall call, string? productCode, TimeSpan usualWait, DateTimeOffset now) =>
        call.ReadAsk(call.Method, productCode, usualWait, now) switch
        {
            ({ } ask, _) => Enter(now, entry => AlipayTrades.Ask(entry, ask, now)),
            var (_, refusal) => (null, refusal),
        };

    private AlipayAnswer Do(AlipayCall call, Fault? fault, HttpContext context)
    {
        var now = time.GetUtcNow();
        if (call.Method == Precreate)
        {
            return Ask(call, productCode: null, UsualWaitOfCode, now) switch
            {
                (_, { } refusal) => AlipayAnswer.Failed(refusal),
                ({ } trade, _) => AlipayAnswer.Success(("out_trade_no", trade.Order), ("qr_code", $"{context.Request.Scheme}://{context.Request.Host}{AlipayCashier.PathOf(trade)}")),
                _ => throw new InvalidOperationException("neither a trade nor a refusal"),
            };
        }

        if (call.Order is null && call.TradeNumber is null)
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("out_trade_no, trade_no", "one of them must be given"));
        }

        return Enter(now, entry => call.Method switch
        {
            "alipay.trade.query" => Query(entry, call, fault),
            "alipay.trade.close" => AlipayTrades.Close(entry, call.Order, call.TradeNumber, now) switch
            {
                (_, { } refusal) => AlipayAnswer.Failed(refusal),
                var (trade, _) => AlipayAnswer.Success(("out_trade_no", trade!.Order), ("trade_no", trade.TradeNumber)),
            },
            "alipay.trade.refund" => Refund(entry, call, now, fault),
            "alipay.trade.fastpay.refund.query" => QueryRefund(entry, call, fault),
            _ => throw new InvalidOperationException($"{call.Method} is not in the list"),
        });
    }

    private static AlipayAnswer Query(BooksEntry entry, AlipayCall call, Fault? fault)
    {
        if (fault?.Kind == FaultKind.Never || AlipayTrades.FindOpened(entry, call.Order, call.TradeNumber) is not { } trade)
        {
            return AlipayAnswer.Failed(AlipayRefusal.TradeNotExist);
        }

        var paid = trade.PaidAt is not null && fault?.Kind != FaultKind.Pending;
        var total = AlipayWords.Yuan(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(trade.Fen) : trade.Fen);
        var currency = fault?.Kind == FaultKind.WrongCurrency ? Spoiling.OtherCurrency : null;
        return AlipayAnswer.Success(
            ("buyer_logon_id", BuyerLogon),
            ("buyer_pay_amount", paid ? total : "0.00"),
            ("buyer_user_id", Buyer),
            ("invoice_amount", paid ? total : "0.00"),
            ("out_trade_no", trade.Order),
            ("pay_currency", currency),
            ("point_amount", "0.00"),
            ("receipt_amount", paid ? total : "0.00"),
            ("send_pay_date", paid ? AlipayWords.Time(trade.PaidAt!.Value) : null),
            ("settle_currency", currency),
            ("total_amount", total),
            ("trade_no", trade.TradeNumber),
            ("trade_status", fault?.Kind == FaultKind.Pending ? TradeStatus.Waiting : trade.Status),
            ("trans_currency", currency));
    }

    private static AlipayAnswer Refund(BooksEntry entry, AlipayCall call, DateTimeOffset now, Fault? fault)
    {
        if (AlipayWords.Fen(call.Text("refund_amount")) is not { } fen)
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("refund_amount", "0.01 to 100000000 with at most two decimal places"));
        }

        if (call.Text("out_request_no") is { Length: > 64 })
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("out_request_no", "at most 64 characters"));
        }

        TimeSpan? effectAfter = fault?.Kind == FaultKind.Pending ? fault.Wait : null;
        return AlipayTrades.RefundOf(entry, call.Order, call.TradeNumber, call.Text("out_request_no"), fen, now, effectAfter) switch
        {
            (_, { } refusal) => AlipayAnswer.Failed(refusal),
            var (done, _) => AlipayAnswer.Success(
                ("buyer_logon_id", BuyerLogon),
                ("buyer_user_id", Buyer),
                ("fund_change", done!.Moved ? "Y" : "N"),
                ("gmt_refund_pay", done.Refund.RefundedAt is { } moved ? AlipayWords.Time(moved) : null),
                ("out_trade_no", done.Trade.Order),
                ("refund_fee", AlipayWords.Yuan(done.RefundedFen)),
                ("send_back_fee", AlipayWords.Yuan(done.Moved ? done.Refund.Fen : 0)),
                ("trade_no", done.Trade.TradeNumber)),
        };
    }

    /// <summary>A refund that has not moved money is not shown at all: absent, as the real one does it.</summary>
    private static AlipayAnswer QueryRefund(BooksEntry entry, AlipayCall call, Fault? fault)
    {
        if (call.Text("out_request_no") is not { } number)
        {
            return AlipayAnswer.Failed(AlipayRefusal.Parameter("out_request_no", "must be given"));
        }

        if (AlipayTrades.FindOpened(entry, call.Order, call.TradeNumber) is not { } trade)
        {
            return AlipayAnswer.Failed(AlipayRefusal.TradeNotExist);
        }

        var refund = AlipayTrades.RefundsOf(entry, trade.Order).Find(candidate => candidate.RefundNumber == number && candidate.RefundedAt is not null);
        return refund is null || fault?.Kind == FaultKind.Never
            ? AlipayAnswer.Success()
            : AlipayAnswer.Success(
                ("gmt_refund_pay", AlipayWords.Time(refund.RefundedAt!.Value)),
                ("out_request_no", refund.RefundNumber),
                ("out_trade_no", trade.Order),
                ("refund_amount", AlipayWords.Yuan(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(refund.Fen) : refund.Fen)),
                ("refund_status", "REFUND_SUCCESS"),
                ("total_amount", AlipayWords.Yuan(trade.Fen)),
                ("trade_no", trade.TradeNumber));
    }

    /// <summary>Nothing is done, and nothing will be: the answer to the fault "reject".</summary>
    private static AlipayAnswer Rejection(string point) => point switch
    {
        "gateway" => AlipayAnswer.NotPermitted,
        "precreate" => AlipayAnswer.Failed(new("ACQ.ACCESS_FORBIDDEN", "the sandbox was asked to refuse this order")),
        "refund" => AlipayAnswer.Failed(new("ACQ.SELLER_BALANCE_NOT_ENOUGH", "the sandbox was asked to refuse this refund")),
        _ => AlipayAnswer.Failed(new("ACQ.SYSTEM_ERROR", "the sandbox was asked to refuse this call")),
    };

    private T Enter<T>(DateTimeOffset now, Func<BooksEntry, T> work) => books.Enter(entry =>
    {
        AlipayTrades.Settle(entry, now);
        return work(entry);
    });

    private async Task AnswerAsync(HttpContext context, string method, AlipayAnswer answer, bool spoiled)
    {
        var node = answer.ToNode();
        var signature = spoiled ? signing.SignWrongly(node) : signing.Sign(node);
        context.Response.ContentType = $"{MediaTypeNames.Text.Html};charset=utf-8";
        await context.Response.WriteAsync($$"""{"{{method}}_response":{{node}},"sign":"{{signature}}"}""", context.RequestAborted);
    }
}
