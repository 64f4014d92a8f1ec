using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Refill.Sandbox.Alipay;
using Refill.Sandbox.Books;
using Refill.Sandbox.Reloadly;

namespace Refill.Sandbox.Control;

/// <summary>/control: what a test or a demonstrator may look at and change. JSON both ways.</summary>
internal static class ControlApi
{
    private const int LongestMatch = 128;
    private const int LongestFaultSeconds = 86_400;
    private const int MostTimes = 1_000_000;
    private const int MostRows = 10_000;

    internal static void MapControl(this IEndpointRouteBuilder app)
    {
        var control = app.MapGroup("/control");
        control.MapGet("/health", () => TypedResults.Json(new { status = "ok" }));
        control.MapPost("/reset", (SandboxBooks books) =>
        {
            books.Reset();
            return TypedResults.NoContent();
        });
        control.MapGet("/faults", (FaultBook faults) => TypedResults.Json(faults.All().Select(Describe)));
        control.MapPost("/faults", SetFaultAsync);
        control.MapDelete("/faults", (FaultBook faults) => TypedResults.Json(new { removed = faults.Remove(null) }));
        control.MapDelete("/faults/{id:long}", (long id, FaultBook faults) => TypedResults.Json(new { removed = faults.Remove(id) }));
        control.MapGet("/books/alipay/trades", TradesAsync);
        control.MapGet("/books/reloadly/credits", Credits);
        control.MapGet("/books/messages", Messages);
        control.MapPost("/alipay/pay", PayAsync);
        control.MapPost("/alipay/finish", FinishAsync);
        control.MapPost("/alipay/renotify", RenotifyAsync);
    }

    private static async Task<JsonHttpResult<object>> SetFaultAsync(HttpContext context, FaultBook faults)
    {
        var asked = await ReadAsync(context);
        var (target, point, kind) = (Text(asked, "target") ?? "", Text(asked, "point") ?? "", FaultMatrix.Find(Text(asked, "fault")));
        if (!FaultMatrix.Targets.Contains(target))
        {
            return Refused($"target must be one of {string.Join(", ", FaultMatrix.Targets)}");
        }

        if (!FaultMatrix.Points(target).Contains(point))
        {
            return Refused($"point of {target} must be one of {string.Join(", ", FaultMatrix.Points(target))}");
        }

        if (kind is not { } fault || !FaultMatrix.Faults(target, point).Contains(FaultMatrix.Name(fault)))
        {
            return Refused($"fault at {target} {point} must be one of {string.Join(", ", FaultMatrix.Faults(target, point))}");
        }

        var match = asked.TryGetProperty("match", out var given) ? given : default;
        var (order, number) = (Text(match, "order"), Text(match, "number"));
        if (given.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object)
            || (given.ValueKind == JsonValueKind.Object && given.EnumerateObject().Any(member => member.Name is not ("order" or "number") || member.Value.ValueKind != JsonValueKind.String))
            || order is { Length: 0 or > LongestMatch })
        {
            return Refused("""match must be {}, {"order": "…"} or {"number": "+1…"}""");
        }

        if (number is not null && (target != "reloadly" || (number = ReloadlyOperators.Normalise(number)) is null))
        {
            return Refused("match by number: reloadly only, a US number such as +12015550170");
        }

        if ((order ?? number) is not null && (target, point) is ("reloadly", "token") or ("wechatpay", "bill"))
        {
            return Refused($"match at {target} {point} must be {{}}: it is about no order and no number");
        }

        var (seconds, times) = (Number(asked, "seconds", 0), Number(asked, "times", 1));
        if (seconds is not (>= 0 and <= LongestFaultSeconds) || (seconds == 0 && FaultMatrix.Lasts(point, fault)))
        {
            return Refused($"seconds must be {(FaultMatrix.Lasts(point, fault) ? 1 : 0)} to {LongestFaultSeconds}");
        }

        if (times is not (>= 1 and <= MostTimes))
        {
            return Refused($"times must be 1 to {MostTimes}; it is 1 if it is not given");
        }

        return faults.Set(target, point, order, number, fault, seconds.Value, times.Value) is { } set
            ? TypedResults.Json<object>(Describe(set), statusCode: StatusCodes.Status201Created)
            : Refused($"there are {FaultBook.MostFaults} faults already");
    }

    private static JsonHttpResult<object> TradesAsync(string? order, SandboxBooks books, TimeProvider time) => TypedResults.Json<object>(books.Enter(entry =>
    {
        AlipayTrades.Settle(entry, time.GetUtcNow());
        return entry.Rows(
            $"SELECT {Trade.Columns} FROM trades WHERE opened_at IS NOT NULL AND ($1 IS NULL OR order_number = $1) ORDER BY created_at, order_number LIMIT {MostRows}", Trade.Read, order)
            .ConvertAll(trade => new
            {
                order = trade.Order,
                tradeNo = trade.TradeNumber,
                amount = AlipayWords.Yuan(trade.Fen),
                status = trade.Status,
                refunds = AlipayTrades.RefundsOf(entry, trade.Order).Where(refund => refund.RefundedAt is not null)
                    .Select(refund => new { refundNumber = refund.RefundNumber, amount = AlipayWords.Yuan(refund.Fen) }).ToList(),
                notifications = trade.Notifications,
            });
    }));

    private static JsonHttpResult<object> Credits(string? number, SandboxBooks books, ReloadlyBooksOptions options, TimeProvider time)
    {
        // A plus sign in a query that nobody encoded has become a space.
        var wanted = number is null ? null : ReloadlyOperators.Normalise(number.Trim());
        if (number is not null && wanted is null)
        {
            return Refused("number must be a US number such as +12015550170");
        }

        return TypedResults.Json<object>(books.Enter(entry =>
        {
            ReloadlyTransactions.Settle(entry, options.WebhookUrl?.AbsoluteUri, time.GetUtcNow());
            return entry.Rows(
                $"SELECT {ReloadlyTransaction.Columns} FROM transactions WHERE status = $1 AND ($2 IS NULL OR number = $2) ORDER BY settled_at, id LIMIT {MostRows}",
                ReloadlyTransaction.Read, TopUpStatus.Successful, wanted).ConvertAll(credit => new
                {
                    number = credit.Number,
                    operatorId = credit.OperatorId,
                    amount = ReloadlyWords.Amount(credit.Cents),
                    customIdentifier = credit.CustomIdentifier,
                    transactionId = credit.Id,
                    status = credit.Status,
                    creditedAt = credit.SettledAt,
                });
        }));
    }

    /// <summary>Notifications and webhooks, by the order or customIdentifier that they are about: how often tried, and when next.</summary>
    private static JsonHttpResult<object> Messages(string? about, SandboxBooks books) => TypedResults.Json<object>(books.Enter(entry => entry.Rows(
        $"SELECT id, sender, about, notice_id, attempts, due_at, outcome FROM messages WHERE $1 IS NULL OR about = $1 ORDER BY id LIMIT {MostRows}",
        row => new
        {
            id = row.GetInt64(0),
            sender = row.GetString(1),
            about = row.GetString(2),
            noticeId = row.GetString(3),
            attempts = row.GetInt32(4),
            dueAt = row.InstantOrNull(5),
            outcome = row.TextOrNull(6),
        },
        about)));

    private static Task<JsonHttpResult<object>> PayAsync(HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) =>
        WithTradeAsync(context, books, courier, time, (entry, trade, now) => AlipayTrades.Pay(entry, AlipayTrades.Open(entry, trade, now), now));

    private static Task<JsonHttpResult<object>> FinishAsync(HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) =>
        WithTradeAsync(context, books, courier, time, (entry, trade, _) => AlipayTrades.Finish(entry, trade));

    private static Task<JsonHttpResult<object>> RenotifyAsync(HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) =>
        WithTradeAsync(context, books, courier, time, (entry, trade, now) => entry.Change(
            """
            INSERT INTO messages (sender, about, notice_id, content, url, due_at)
            SELECT sender, about, notice_id, content, url, $3 FROM messages WHERE sender = $1 AND about = $2 ORDER BY id DESC LIMIT 1
            """,
            AlipayTrades.SenderName, trade.Order, now) > 0 ? null : new AlipayRefusal("NOTHING_TO_REPEAT", "no notification has been due for this order"));

    private static async Task<JsonHttpResult<object>> WithTradeAsync(
        HttpContext context, SandboxBooks books, Courier courier, TimeProvider time, Func<BooksEntry, Trade, DateTimeOffset, AlipayRefusal?> work)
    {
        if (Text(await ReadAsync(context), "order") is not { Length: <= LongestMatch } order)
        {
            return Refused("""the body must be {"order": "…"}""");
        }

        var now = time.GetUtcNow();
        var (found, refusal) = books.Enter(entry =>
        {
            AlipayTrades.Settle(entry, now);
            return AlipayTrades.Find(entry, order) is { } trade ? (true, work(entry, trade, now)) : (false, null);
        });
        courier.Ring();
        return (found, refusal) switch
        {
            (false, _) => TypedResults.Json<object>(new { error = "there is no such order" }, statusCode: StatusCodes.Status404NotFound),
            (_, { } reason) => TypedResults.Json<object>(new { error = reason.Reason, code = reason.SubCode }, statusCode: StatusCodes.Status409Conflict),
            _ => TypedResults.Json<object>(new { order }),
        };
    }

    private static object Describe(Fault fault) => new
    {
        id = fault.Id,
        target = fault.Target,
        point = fault.Point,
        match = new { order = fault.Order, number = fault.Number },
        fault = FaultMatrix.Name(fault.Kind),
        seconds = fault.Seconds,
        timesLeft = fault.TimesLeft,
    };

    internal static JsonHttpResult<object> Refused(string error) => TypedResults.Json<object>(new { error }, statusCode: StatusCodes.Status400BadRequest);

    internal static string? Text(JsonElement within, string name) =>
        within.ValueKind == JsonValueKind.Object && within.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    /// <summary>A whole number; the usual one if it is not given, null if it is something else.</summary>
    private static int? Number(JsonElement within, string name, int usual) =>
        !within.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null ? usual
        : member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number) ? number
        : null;

    internal static Task<JsonElement> ReadAsync(HttpContext context) => ReloadlyWords.ReadAsync(context);
}
