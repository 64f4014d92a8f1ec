using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using Refill.Sandbox.Alipay.Agreements;
using Refill.Sandbox.Alipay.Bills;
using Refill.Sandbox.Alipay.Certificates;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>
/// /gateway.do: Alipay's Open Platform, version 2, as far as a merchant needs it who sells by page, by wap, by QR code, by barcode and by agreement. Each request is
/// verified, done and committed to the books, and only then does a fault that was asked for spoil the answer.
/// </summary>
internal sealed class AlipayGateway(
    AlipayBooksOptions options, SandboxBooks books, FaultBook faults, AlipayKeyRing keys, AlipaySigning signing, BillDesk bills, Courier courier, TimeProvider time)
{
    internal const string Path = "/gateway.do";
    internal const string PagePay = "alipay.trade.page.pay";
    internal const string WapPay = "alipay.trade.wap.pay";
    internal const string Precreate = "alipay.trade.precreate";
    internal const string Pay = "alipay.trade.pay";
    private const string Download = "alipay.open.app.alipaycert.download";

    private static readonly TimeSpan UsualWait = TimeSpan.FromDays(15);
    private static readonly TimeSpan UsualWaitOfCode = TimeSpan.FromHours(3);

    internal async Task HandleAsync(HttpContext context)
    {
        if (await AlipayCall.ReadAsync(context.Request, context.RequestAborted) is not { } call)
        {
            await AnswerAsync(context, "error", AlipayAnswer.InvalidArguments("isv.invalid-parameter", "too many parameters, or one of them twice"), fault: null);
            return;
        }

        var point = PointOf(call);
        var isPage = call.Method is PagePay or WapPay or AgreementCalls.PageSign;
        if (Objection(call, point) is { } objection)
        {
            await (isPage ? AlipayCashier.ShowErrorAsync(context, objection.Refusal!) : AnswerAsync(context, "error", objection, fault: null));
            return;
        }

        if (isPage)
        {
            await StartPageAsync(context, call, point!);
            return;
        }

        var fault = faults.Take("alipay", point!, call.About, null, point == "bill" ? BillDesk.OfTheCall : []) ?? faults.Take("alipay", "gateway", call.About);
        if (fault?.Kind == FaultKind.Error500)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var answer = fault?.Kind == FaultKind.Reject ? Rejection(fault.Point, call) : Do(new AlipayVisit(call, fault, time.GetUtcNow(), $"{context.Request.Scheme}://{context.Request.Host}"));
        courier.Ring();
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            await AnswerAsync(context, call.Method.Replace('.', '_'), answer, fault);
        }
    }

    /// <summary>Where faults may strike a call; null for a method that there is not.</summary>
    private static string? PointOf(AlipayCall call) => call.Method switch
    {
        PagePay or WapPay => "page",
        Precreate => "precreate",
        Pay => call.Within("agreement_params") is null ? "pay" : "charge",
        "alipay.trade.query" => "query",
        "alipay.trade.close" => "close",
        "alipay.trade.cancel" => "cancel",
        "alipay.trade.refund" => "refund",
        "alipay.trade.fastpay.refund.query" => "refund-query",
        "alipay.user.agreement.query" => "agreement-query",
        "alipay.data.dataservice.bill.downloadurl.query" => "bill",
        AgreementCalls.PageSign or "alipay.user.agreement.unsign" or "alipay.user.agreement.executionplan.modify" or Download => "gateway",
        _ => null,
    };

    /// <summary>What is wrong with the request before its business is looked at; null if nothing is.</summary>
    private AlipayAnswer? Objection(AlipayCall call, string? point)
    {
        string[] needed = ["app_id", "method", "sign_type", "sign", "timestamp", "version", .. keys.InCertificateMode ? (string[])["app_cert_sn", "alipay_root_cert_sn"] : []];
        foreach (var name in needed)
        {
            if (string.IsNullOrEmpty(call[name]))
            {
                return AlipayAnswer.MissingArguments($"isv.missing-{(name == "sign" ? "signature" : name.Replace('_', '-'))}", $"{name} is missing");
            }
        }

        var certificate = call["app_cert_sn"];
        return call switch
        {
            _ when call["app_id"] != options.AppId => AlipayAnswer.InvalidArguments("isv.invalid-app-id", "the sandbox knows another app_id"),
            _ when call["sign_type"] != "RSA2" => AlipayAnswer.InvalidArguments("isv.invalid-signature-type", "RSA2 only"),
            _ when call["version"] != "1.0" => AlipayAnswer.InvalidArguments("isv.invalid-version", "1.0 only"),
            _ when !string.Equals(call["charset"] ?? "utf-8", "utf-8", StringComparison.OrdinalIgnoreCase) => AlipayAnswer.InvalidArguments("isv.invalid-charset", "utf-8 only"),
            _ when !string.Equals(call["format"] ?? "JSON", "JSON", StringComparison.OrdinalIgnoreCase) => AlipayAnswer.InvalidArguments("isv.invalid-format", "JSON only"),
            _ when (keys.InCertificateMode ? !keys.IsMerchantNumber(certificate!) : certificate is not null) =>
                AlipayAnswer.InvalidArguments("isv.invalid-app-cert-sn", keys.InCertificateMode ? "no certificate of this app has this number" : "this app is in key mode"),
            _ when call["alipay_root_cert_sn"] != keys.RootNumber => AlipayAnswer.InvalidArguments("isv.invalid-alipay-root-cert-sn", "this is not the number of Alipay's roots"),
            _ when !signing.IsMerchants(AlipaySigning.TextOf(call.Parameters, "sign"), call["sign"]!, certificate) =>
                AlipayAnswer.InvalidArguments("isv.invalid-signature", "the signature does not fit the parameters and the merchant's public key"),
            _ when AlipayWords.Time(call["timestamp"]!) is null => AlipayAnswer.InvalidArguments("isv.invalid-timestamp", "yyyy-MM-dd HH:mm:ss"),
            _ when point is null => AlipayAnswer.InvalidArguments("isv.invalid-method", "the sandbox does not have this method"),
            _ when !call.ContentIsReadable => AlipayAnswer.InvalidArguments("isv.invalid-parameter", "biz_content is not a JSON object"),
            _ => null,
        };
    }

    private async Task StartPageAsync(HttpContext context, AlipayCall call, string point)
    {
        FaultKind[] atTheDoor = [FaultKind.Slow, FaultKind.Error500, FaultKind.Reject];
        var fault = faults.Take("alipay", point, call.About, null, atTheDoor) ?? faults.Take("alipay", "gateway", call.About, null, [.. atTheDoor, FaultKind.LostAnswer]);
        if (fault?.Kind == FaultKind.Error500)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var now = time.GetUtcNow();
        var (page, refusal) = fault?.Kind == FaultKind.Reject ? (null, AlipayAnswer.NotPermitted.Refusal) : Enter(now, entry => call.Method == AgreementCalls.PageSign
            ? AgreementCalls.Start(entry, call, now) switch { var (agreement, reason) => (agreement is null ? null : AgreementCounter.PathOf(agreement), reason) }
            : Ask(entry, call, call.Method == PagePay ? "FAST_INSTANT_TRADE_PAY" : "QUICK_WAP_WAY", UsualWait, now) switch { var (trade, reason) => (trade is null ? null : AlipayCashier.PathOf(trade), reason) });
        if (!await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            return;
        }

        if (page is null || refusal == AlipayRefusal.ContextInconsistent)
        {
            await AlipayCashier.ShowErrorAsync(context, refusal!);
            return;
        }

        // A trade that is paid or closed is shown as such on its own page, with the way back.
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = page;
    }

    private static (Trade? Trade, AlipayRefusal? Refusal) Ask(BooksEntry entry, AlipayCall call, string? productCode, TimeSpan usualWait, DateTimeOffset now) =>
        call.ReadAsk(call.Method, productCode, usualWait, now) switch
        {
            ({ } ask, _) => AlipayTrades.Ask(entry, ask, now),
            var (_, refusal) => (null, refusal),
        };

    private AlipayAnswer Do(AlipayVisit visit) => Enter(visit.Now, entry => visit.Call.Method switch
    {
        Precreate => Ask(entry, visit.Call, productCode: null, UsualWaitOfCode, visit.Now) switch
        {
            (_, { } refusal) => AlipayAnswer.Failed(refusal),
            var (trade, _) => AlipayAnswer.Success(("out_trade_no", trade!.Order), ("qr_code", visit.Host + AlipayCashier.PathOf(trade))),
        },
        Pay => visit.Call.Within("agreement_params") is null ? AlipayBarcode.Pay(entry, visit) : AgreementCalls.Charge(entry, visit),
        "alipay.trade.query" => AlipayTradeCalls.Query(entry, visit),
        "alipay.trade.close" => AlipayTradeCalls.Close(entry, visit),
        "alipay.trade.cancel" => AlipayBarcode.Cancel(entry, visit),
        "alipay.trade.refund" => AlipayTradeCalls.Refund(entry, visit),
        "alipay.trade.fastpay.refund.query" => AlipayTradeCalls.QueryRefund(entry, visit),
        "alipay.user.agreement.query" => AgreementCalls.Query(entry, visit),
        "alipay.user.agreement.unsign" => AgreementCalls.Unsign(entry, visit),
        "alipay.user.agreement.executionplan.modify" => AgreementCalls.PutOff(entry, visit),
        "alipay.data.dataservice.bill.downloadurl.query" => bills.Ask(entry, visit),
        Download => keys.ChainOf(visit.Call.Text("alipay_cert_sn") ?? "") is { } chain
            ? AlipayAnswer.Success(("alipay_cert_content", Convert.ToBase64String(Encoding.ASCII.GetBytes(chain))))
            : AlipayAnswer.Failed(new("CERT_NOT_EXIST", "Alipay has no certificate of this number")),
        _ => throw new InvalidOperationException($"{visit.Call.Method} is not in the list"),
    });

    /// <summary>Nothing is done, and nothing will be: the answer to the fault "reject".</summary>
    private static AlipayAnswer Rejection(string point, AlipayCall call) => point switch
    {
        "gateway" => AlipayAnswer.NotPermitted,
        "precreate" => AlipayAnswer.Failed(new("ACQ.ACCESS_FORBIDDEN", "the sandbox was asked to refuse this order")),
        "pay" or "charge" => AlipayAnswer.Failed(new("ACQ.BUYER_BALANCE_NOT_ENOUGH", "the sandbox was asked to leave the buyer without money")),
        "refund" => AlipayAnswer.Failed(new("ACQ.SELLER_BALANCE_NOT_ENOUGH", "the sandbox was asked to refuse this refund")),
        "cancel" => AlipayAnswer.Failed(new("ACQ.SELLER_BALANCE_NOT_ENOUGH", "the sandbox was asked to refuse this cancellation"), ("out_trade_no", call.Order), ("retry_flag", "N")),
        "bill" => AlipayAnswer.Failed(new("UNKNOWN_ERROR", "the sandbox was asked to refuse this call")),
        _ => AlipayAnswer.Failed(new("ACQ.SYSTEM_ERROR", "the sandbox was asked to refuse this call")),
    };

    private T Enter<T>(DateTimeOffset now, Func<BooksEntry, T> work) => books.Enter(entry =>
    {
        AlipayTrades.Settle(entry, now);
        return work(entry);
    });

    private async Task AnswerAsync(HttpContext context, string method, AlipayAnswer answer, Fault? fault)
    {
        var node = answer.ToNode();
        var (signature, certificate) = signing.SignAnswer(fault?.Kind == FaultKind.BadSignature ? node + " " : node);
        if (certificate is not null && fault?.Kind == FaultKind.UnknownSerial)
        {
            certificate = RandomNumberGenerator.GetHexString(certificate.Length, lowercase: true);
        }

        var named = certificate is null ? "" : $"\"alipay_cert_sn\":\"{certificate}\",";
        context.Response.ContentType = $"{MediaTypeNames.Text.Html};charset=utf-8";
        await context.Response.WriteAsync($$"""{"{{method}}_response":{{node}},{{named}}"sign":"{{signature}}"}""", context.RequestAborted);
    }
}
