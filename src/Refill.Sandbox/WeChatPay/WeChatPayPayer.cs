using System.Security.Cryptography;
using System.Text;
using Refill.Sandbox.Alipay;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>
/// The payer's side: the page behind a QR code, the page in a phone's browser (h5_url, with redirect_url behind it) and the stand-in for WeChat's own payment sheet,
/// which a real page opens by WeixinJSBridge and here by an address. All three are one page; they differ in how they are found and where they lead back to.
/// </summary>
internal sealed class WeChatPayPayer(WeChatPayBooksOptions options, SandboxBooks books, WeChatPayKeys keys, Courier courier, TimeProvider time)
{
    internal const string CodeRoute = "/wechatpay/code/{ticket}";
    internal const string H5Route = "/wechatpay/h5";
    internal const string BridgeRoute = "/wechatpay/bridge";
    internal const string NotSigned = "PAY_SIGN_ERROR";

    internal static string CodePathOf(WeChatTrade trade) => $"/wechatpay/code/{trade.Ticket}";

    /// <summary>With a query of its own, as the real one: a merchant appends &amp;redirect_url=.</summary>
    internal static string H5PathOf(WeChatTrade trade) => $"{H5Route}?prepay_id={trade.PrepayId}&package={trade.Ticket}";

    internal Task CodeAsync(HttpContext context, string ticket) => HandleAsync(context, entry => WeChatTrades.FindByTicket(entry, ticket), TradeType.Native, null);

    internal Task H5Async(HttpContext context) => HandleAsync(
        context,
        entry => WeChatTrades.FindByPrepayId(entry, Query(context, "prepay_id") ?? "") is { } trade && trade.Ticket == Query(context, "package") ? trade : null,
        TradeType.H5,
        Query(context, "redirect_url"));

    /// <summary>
    /// ?prepay_id=…&amp;return_url=…; with the parameters of getBrandWCPayRequest (appId, timeStamp, nonceStr, package, paySign) it checks the merchant's signature as
    /// WeChat does, over appid, time, nonce and package.
    /// </summary>
    internal Task BridgeAsync(HttpContext context)
    {
        const string Prefix = "prepay_id=";
        var package = Query(context, "package") ?? Prefix + Query(context, "prepay_id");
        if (Query(context, "paySign") is { } signature
            && (Query(context, "appId") != options.AppId
                || !keys.IsMerchants(Encoding.UTF8.GetBytes($"{options.AppId}\n{Query(context, "timeStamp")}\n{Query(context, "nonceStr")}\n{package}\n"), signature)))
        {
            return WriteAsync(context, StatusCodes.Status400BadRequest, null, null, NotSigned);
        }

        return HandleAsync(
            context, entry => package.StartsWith(Prefix, StringComparison.Ordinal) ? WeChatTrades.FindByPrepayId(entry, package[Prefix.Length..]) : null, TradeType.JsApi, Query(context, "return_url"));
    }

    private async Task HandleAsync(HttpContext context, Func<BooksEntry, WeChatTrade?> find, string type, string? returnUrl)
    {
        var now = time.GetUtcNow();
        var action = !HttpMethods.IsPost(context.Request.Method) ? null
            : context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))["action"].ToString() : "";
        var trade = books.Enter(entry =>
        {
            WeChatTrades.Settle(entry, now);
            var found = find(entry);

            // Pressed twice, it is paid once: WeChatTrades says so, and the payer goes where the first press led.
            return found is null || action is not ("pay" or "pay-stay") || WeChatTrades.Pay(entry, found, now) is not null ? found : WeChatTrades.Find(entry, found.Order);
        });
        courier.Ring();

        // A barcode's payer types the password on the page that a QR code would lead to.
        if (trade is null || (trade.Type != type && (trade.Type, type) is not (TradeType.CodePay, TradeType.Native)))
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, null, null, WeChatPayRefusal.OrderNotExist.Code);
        }
        else if ((returnUrl is not null && !WeChatPayAsks.IsAddress(returnUrl)) || action is not (null or "pay" or "pay-stay" or "cancel" or "back"))
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, null, null, "PARAM_ERROR");
        }
        else if (action is null)
        {
            var isOver = trade.State == TradeState.NotPaid && trade.PayUntil <= now;
            await WriteAsync(context, StatusCodes.Status200OK, new PayerView(trade, context.Request.Path + context.Request.QueryString, returnUrl is not null, isOver), returnUrl, null);
        }
        else
        {
            var stay = returnUrl is null || action == "pay-stay" || (action == "pay" && !trade.IsPaid);
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = stay ? context.Request.Path + context.Request.QueryString : Return(returnUrl!, type, trade.IsPaid && action != "cancel");
            context.Response.Headers.CacheControl = "no-store";
        }
    }

    /// <summary>H5 leads back to the very address; the bridge adds what WeixinJSBridge would have said. Neither proves anything (failure case 4).</summary>
    private static string Return(string returnUrl, string type, bool paid)
    {
        if (type != TradeType.JsApi)
        {
            return returnUrl;
        }

        var (before, fragment) = returnUrl.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at ? (returnUrl[..at], returnUrl[at..]) : (returnUrl, "");
        return $"{before}{(before.Contains('?', StringComparison.Ordinal) ? '&' : '?')}err_msg=get_brand_wcpay_request%3A{(paid ? "ok" : "cancel")}{fragment}";
    }

    private static string? Query(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    private static async Task WriteAsync(HttpContext context, int status, PayerView? view, string? returnUrl, string? error)
    {
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);

        // Chrome holds form-action against where a form's answer redirects to: the merchant's origin has to stand here.
        var merchant = returnUrl is null ? "" : new Uri(returnUrl).GetLeftPart(UriPartial.Authority);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html;charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {merchant}; frame-ancestors 'none'; base-uri 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(WeChatPayPage.Html(CashierWords.All.For(context.Request.Headers.AcceptLanguage), nonce, view, error), context.RequestAborted);
    }
}
