using Microsoft.Data.Sqlite;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay;

/// <summary>The four words of the protocol, and one that it does not have.</summary>
internal static class TradeStatus
{
    /// <summary>For the fault "unknown-state": lists of words grow (failure case 15).</summary>
    internal const string NobodyKnows = "TRADE_UNDER_REVIEW";

    internal const string Waiting = "WAIT_BUYER_PAY";
    internal const string Success = "TRADE_SUCCESS";

    /// <summary>Unpaid when its time was over or when it was closed, or paid and refunded in full.</summary>
    internal const string Closed = "TRADE_CLOSED";

    /// <summary>Paid, and too old to be refunded.</summary>
    internal const string Finished = "TRADE_FINISHED";
}

/// <summary>A trade as the books have it. Before <see cref="OpenedAt"/> it is only a merchant's wish: a payer has not seen it, and the protocol says that it does not exist.</summary>
/// <param name="Ticket">Names the payment page; cannot be guessed.</param>
/// <param name="Product">The method that made it, such as alipay.trade.page.pay.</param>
/// <param name="PaysAt">The payer has paid, but it becomes final only then (the fault "pending").</param>
internal sealed record Trade(
    string Order,
    string Ticket,
    string TradeNumber,
    string Product,
    long Fen,
    string Subject,
    string Status,
    string? NotifyUrl,
    string? ReturnUrl,
    string? QuitUrl,
    string? Passback,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? OpenedAt,
    DateTimeOffset? PaysAt,
    DateTimeOffset? PaidAt,
    DateTimeOffset? ClosedAt,
    int Notifications)
{
    internal const string Columns =
        "order_number, ticket, trade_number, product, fen, subject, status, notify_url, return_url, quit_url, passback, created_at, expires_at, opened_at, pays_at, paid_at, closed_at, notifications";

    /// <summary>The payer has done his part, and only the effect is to come. One whose barcode was read, or who is charged by agreement, may still go away.</summary>
    internal bool IsBeingPaid => PaysAt is not null && Product != AlipayGateway.Pay;

    internal static Trade Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.GetString(6),
        row.TextOrNull(7), row.TextOrNull(8), row.TextOrNull(9), row.TextOrNull(10), row.Instant(11), row.Instant(12),
        row.InstantOrNull(13), row.InstantOrNull(14), row.InstantOrNull(15), row.InstantOrNull(16), row.GetInt32(17));

    public override string ToString() => $"trade {Order}, {Status}";
}

/// <param name="Fen">Of this refund alone.</param>
/// <param name="RefundedAt">Null while the money has not moved (the fault "pending").</param>
internal sealed record Refund(string Order, string RefundNumber, long Fen, DateTimeOffset? RefundedAt)
{
    internal const string Columns = "order_number, refund_number, fen, refunded_at";

    internal static Refund Read(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.InstantOrNull(3));
}

/// <summary>What a merchant wants to be paid.</summary>
internal sealed record TradeAsk(
    string Product, string Order, long Fen, string Subject, DateTimeOffset ExpiresAt, string? NotifyUrl, string? ReturnUrl, string? QuitUrl, string? Passback);

/// <summary>Why something cannot be done, in the protocol's code (40004 goes with it).</summary>
internal sealed record AlipayRefusal(string SubCode, string Reason)
{
    internal static readonly AlipayRefusal TradeNotExist = new("ACQ.TRADE_NOT_EXIST", "no payer has opened a trade of this number");
    internal static readonly AlipayRefusal ContextInconsistent = new("ACQ.CONTEXT_INCONSISTENT", "this out_trade_no was used with another amount");
    internal static readonly AlipayRefusal TradeHasSuccess = new("ACQ.TRADE_HAS_SUCCESS", "the trade has been paid");
    internal static readonly AlipayRefusal TradeHasClose = new("ACQ.TRADE_HAS_CLOSE", "the trade is closed");
    internal static readonly AlipayRefusal TradeHasFinished = new("ACQ.TRADE_HAS_FINISHED", "the trade is finished and cannot be refunded any more");
    internal static readonly AlipayRefusal TradeStatus = new("ACQ.TRADE_STATUS_ERROR", "the trade's status does not allow this");
    internal static readonly AlipayRefusal AuthCodeInvalid = new("ACQ.PAYMENT_AUTH_CODE_INVALID", "auth_code: 16 to 24 digits that begin with 25 to 30, each code for one order");
    internal static readonly AlipayRefusal RefundTooBig = new("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "more than what was paid and not yet refunded");
    internal static readonly AlipayRefusal RefundDiffers = new("ACQ.DISCORDANT_REPEAT_REQUEST", "this out_request_no was used with another amount");

    internal static AlipayRefusal Parameter(string name, string allowed) => new("ACQ.INVALID_PARAMETER", $"{name}: {allowed}");
}
