using System.Security.Cryptography;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>The payment page: where a payer sees a trade, pays it or goes away, and is sent back to the merchant.</summary>
internal sealed class AlipayCashier(AlipayBooksOptions options, SandboxBooks books, FaultBook faults, AlipaySigning signing, Courier courier, TimeProvider time)
{
    internal const string Route = "/alipay/cashier/{ticket}";

    internal static string PathOf(Trade trade) => $"/alipay/cashier/{trade.Ticket}";

    /// <summary>GET: shows the trade. From now on it exists.</summary>
    internal async Task ShowAsync(HttpContext context, string ticket)
    {
        var now = time.GetUtcNow();
        var trade = books.Enter(entry =>
        {
            AlipayTrades.Settle(entry, now);
            return AlipayTrades.FindByTicket(entry, ticket) is { } found ? AlipayTrades.Open(entry, found, now) : null;
        });
        await (trade is null ? ShowErrorAsync(context, AlipayRefusal.TradeNotExist) : WriteAsync(context, StatusCodes.Status200OK, trade, refusal: null));
    }

    /// <summary>POST: the button that was pressed.</summary>
    internal async Task ActAsync(HttpContext context, string ticket)
    {
        var action = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))["action"].ToString() : "";
        var now = time.GetUtcNow();
        var trade = books.Enter(entry =>
        {
            AlipayTrades.Settle(entry, now);
            return AlipayTrades.FindByTicket(entry, ticket);
        });
        if (trade is null || action is not ("pay" or "pay-stay" or "cancel" or "back"))
        {
            await ShowErrorAsync(context, trade is null ? AlipayRefusal.TradeNotExist : AlipayRefusal.Parameter("action", "pay, pay-stay, cancel or back"));
            return;
        }

        if (action == "cancel")
        {
            Go(context, trade.QuitUrl ?? trade.ReturnUrl ?? PathOf(trade));
            return;
        }

        var fault = action == "back" ? null : faults.Take("alipay", "page", trade.Order, null, FaultKind.LostAnswer, FaultKind.Pending, FaultKind.WrongAmount);
        if (action is "pay" or "pay-stay")
        {
            // Pressed twice, it is paid once: AlipayTrades says so, and the payer goes where the first press led.
            books.Enter(entry => AlipayTrades.Pay(entry, AlipayTrades.Open(entry, trade, now), now, fault?.Kind == FaultKind.Pending ? fault.Wait : null));
            courier.Ring();
            trade = books.Enter(entry => AlipayTrades.Find(entry, trade.Order))!;
        }

        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            var paid = trade.PaidAt is not null || trade.PaysAt is not null;
            Go(context, action == "pay-stay" || !paid || trade.ReturnUrl is null ? PathOf(trade) : Return(trade, trade.ReturnUrl, fault));
        }
    }

    internal static Task ShowErrorAsync(HttpContext context, AlipayRefusal refusal) =>
        WriteAsync(context, StatusCodes.Status400BadRequest, trade: null, refusal);

    /// <summary>The merchant's address with the parameters of the browser's return, signed. They prove nothing (failure case 4), which the fault "wrong-amount" shows.</summary>
    private string Return(Trade trade, string returnUrl, Fault? fault)
    {
        var parameters = new Dictionary<string, string>
        {
            ["app_id"] = options.AppId,
            ["auth_app_id"] = options.AppId,
            ["charset"] = "utf-8",
            ["method"] = $"{trade.Product}.return",
            ["out_trade_no"] = trade.Order,
            ["seller_id"] = options.SellerId,
            ["timestamp"] = AlipayWords.Time(time.GetUtcNow()),
            ["total_amount"] = AlipayWords.Yuan(fault?.Kind == FaultKind.WrongAmount ? Spoiling.Smaller(trade.Fen) : trade.Fen),
            ["trade_no"] = trade.TradeNumber,
            ["version"] = "1.0",
        };
        return signing.SignReturn(returnUrl, parameters);
    }

    internal static void Go(HttpContext context, string url)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = url;
        context.Response.Headers.CacheControl = "no-store";
    }

    private static Task WriteAsync(HttpContext context, int status, Trade? trade, AlipayRefusal? refusal) =>
        WriteAsync(context, status, [trade?.ReturnUrl, trade?.QuitUrl], words => trade is null ? CashierPage.Error(words, refusal) : CashierPage.Body(words, trade));

    /// <summary>A page of Alipay's, for a payer.</summary>
    /// <param name="merchant">Addresses of the merchant's that its buttons may lead to.</param>
    internal static async Task WriteAsync(HttpContext context, int status, IEnumerable<string?> merchant, Func<CashierWords, string> body)
    {
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);

        // Chrome holds form-action against where a form's answer redirects to: the merchant's origin has to stand here.
        var origins = string.Join(' ', merchant.OfType<string>().Select(url => new Uri(url).GetLeftPart(UriPartial.Authority)).Distinct());
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html;charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {origins}; frame-ancestors 'none'; base-uri 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        var words = CashierWords.All.For(context.Request.Headers.AcceptLanguage);
        await context.Response.WriteAsync(CashierPage.Html(words, nonce, body(words)), context.RequestAborted);
    }
}
