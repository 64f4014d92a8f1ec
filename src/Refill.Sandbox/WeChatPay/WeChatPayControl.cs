using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Refill.Sandbox.Books;
using Refill.Sandbox.Reloadly;

namespace Refill.Sandbox.WeChatPay;

/// <summary>/control/wechatpay and the books of it: what a test or a demonstrator may look at and change. JSON both ways.</summary>
internal static class WeChatPayControl
{
    private const int LongestName = 128;
    private const int MostRows = 10_000;

    internal static void MapWeChatPayControl(this IEndpointRouteBuilder app)
    {
        app.MapGet("/control/books/wechatpay/trades", Trades);
        var control = app.MapGroup("/control/wechatpay");
        control.MapPost("/pay", (HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) => WithTradeAsync(
            context, books, courier, time, (entry, trade, _, now) => WeChatTrades.Pay(entry, trade, now)));
        control.MapPost("/renotify", (HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) => WithTradeAsync(context, books, courier, time, Renotify));
        control.MapPost("/refund", (HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) => WithTradeAsync(context, books, courier, time, DecideRefund));
        control.MapPost("/rotate", (WeChatPayKeys keys) => TypedResults.Json(new { serial = keys.Rotate() }));
        control.MapPost("/signer", SetSignerAsync);
        control.MapPost("/withdraw", (SandboxBooks books, WeChatPayBooksOptions options, TimeProvider time) => books.Enter(entry => Withdrawal.Make(entry, time.GetUtcNow(), options.FeePercent)) is { } made
            ? TypedResults.Json<object>(new { number = made.Number, amount = WeChatPayWords.Yuan(made.Fen) })
            : Refused("the account holds nothing", StatusCodes.Status409Conflict));
    }

    private static JsonHttpResult<object> Trades(HttpContext context, string? order, SandboxBooks books, TimeProvider time) => TypedResults.Json<object>(books.Enter(entry =>
    {
        WeChatTrades.Settle(entry, time.GetUtcNow());
        return entry.Rows($"SELECT {WeChatTrade.Columns} FROM wechat_trades WHERE $1 IS NULL OR order_number = $1 ORDER BY created_at, order_number LIMIT {MostRows}", WeChatTrade.Read, order)
            .ConvertAll(trade => new
            {
                order = trade.Order,
                tradeNo = trade.TransactionId,
                type = trade.Type,
                amount = WeChatPayWords.Yuan(trade.Fen),
                status = trade.State,
                page = $"{context.Request.Scheme}://{context.Request.Host}{WeChatPayPayer.CodePathOf(trade)}",
                refunds = WeChatRefunds.Of(entry, trade.Order).ConvertAll(refund => new { refundNumber = refund.RefundNumber, amount = WeChatPayWords.Yuan(refund.Fen), status = refund.State }),
                notifications = trade.Notifications,
            });
    }));

    private static WeChatPayRefusal? Renotify(BooksEntry entry, WeChatTrade trade, JsonElement body, DateTimeOffset now) => entry.Change(
        """
        INSERT INTO messages (sender, about, notice_id, content, url, due_at)
        SELECT sender, about, notice_id, content, url, $3 FROM messages WHERE sender = $1 AND about = $2 ORDER BY id DESC LIMIT 1
        """,
        WeChatTrades.SenderName, trade.Order, now) > 0 ? null : new(StatusCodes.Status409Conflict, "NOTHING_TO_REPEAT", "no notification has been due for this order");

    /// <summary>{"order", "refund", "status"}: SUCCESS, ABNORMAL or CLOSED, now.</summary>
    private static WeChatPayRefusal? DecideRefund(BooksEntry entry, WeChatTrade trade, JsonElement body, DateTimeOffset now) =>
        Text(body, "status") is not (RefundState.Success or RefundState.Abnormal or RefundState.Closed) ? WeChatPayRefusal.Invalid("status must be SUCCESS, ABNORMAL or CLOSED")
        : WeChatRefunds.Find(entry, Text(body, "refund") ?? "") is { } refund && refund.Order == trade.Order ? WeChatRefunds.Decide(entry, refund, Text(body, "status")!, now)
        : WeChatPayRefusal.RefundNotExist;

    /// <summary>{"by": "certificate"} or {"by": "public-key"}: which of the two signs notifications from now on.</summary>
    private static async Task<JsonHttpResult<object>> SetSignerAsync(HttpContext context, WeChatPayKeys keys)
    {
        var by = Text(await ReloadlyWords.ReadAsync(context), "by");
        if (by is not ("certificate" or "public-key"))
        {
            return Refused("""the body must be {"by": "certificate"} or {"by": "public-key"}""", StatusCodes.Status400BadRequest);
        }

        keys.NotifyByPublicKey(by == "public-key");
        return TypedResults.Json<object>(new { by });
    }

    private static async Task<JsonHttpResult<object>> WithTradeAsync(
        HttpContext context, SandboxBooks books, Courier courier, TimeProvider time, Func<BooksEntry, WeChatTrade, JsonElement, DateTimeOffset, WeChatPayRefusal?> work)
    {
        var body = await ReloadlyWords.ReadAsync(context);
        if (Text(body, "order") is not { Length: <= LongestName } order)
        {
            return Refused("""the body must be {"order": "…"}""", StatusCodes.Status400BadRequest);
        }

        var now = time.GetUtcNow();
        var (found, refusal) = books.Enter(entry =>
        {
            WeChatTrades.Settle(entry, now);
            return WeChatTrades.Find(entry, order) is { } trade ? (true, work(entry, trade, body, now)) : (false, null);
        });
        courier.Ring();
        return (found, refusal) switch
        {
            (false, _) => Refused("there is no such order", StatusCodes.Status404NotFound),
            (_, { } reason) => TypedResults.Json<object>(new { error = reason.Message, code = reason.Code }, statusCode: StatusCodes.Status409Conflict),
            _ => TypedResults.Json<object>(new { order }),
        };
    }

    private static JsonHttpResult<object> Refused(string error, int status) => TypedResults.Json<object>(new { error }, statusCode: status);

    private static string? Text(JsonElement within, string name) =>
        within.ValueKind == JsonValueKind.Object && within.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
