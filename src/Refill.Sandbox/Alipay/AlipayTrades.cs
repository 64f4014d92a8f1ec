using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Refill.Sandbox.Alipay.Agreements;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay;

/// <summary>What a notification tells about a trade, kept as it was when it was written down.</summary>
/// <param name="RefundedFen">All that has gone back by then; null if it is not about a refund.</param>
internal sealed record AlipayNotice(string Status, string? RefundNumber = null, long? RefundedFen = null, DateTimeOffset? RefundedAt = null);

/// <summary>The rules of trades: what a payer and a merchant may do, and when. Each works within one entry of the books.</summary>
internal static class AlipayTrades
{
    internal const string SenderName = "alipay";

    /// <summary>A merchant wants to be paid. The same number and amount is the same trade, however often it is asked for.</summary>
    internal static (Trade? Trade, AlipayRefusal? Refusal) Ask(BooksEntry entry, TradeAsk ask, DateTimeOffset now)
    {
        if (Find(entry, ask.Order) is { } known)
        {
            return known switch
            {
                _ when known.Fen != ask.Fen => (known, AlipayRefusal.ContextInconsistent),
                { PaidAt: not null } => (known, AlipayRefusal.TradeHasSuccess),
                { Status: TradeStatus.Closed } => (known, AlipayRefusal.TradeHasClose),
                _ => (Renew(entry, known, ask), null),
            };
        }

        if (ask.ExpiresAt <= now)
        {
            return (null, AlipayRefusal.Parameter("time_expire", "it is over"));
        }

        var day = AlipayWords.Time(now)[..10].Replace("-", "", StringComparison.Ordinal);
        // The ticket stands in addresses that merchants keep: a UUID, which the search for numbers of payment cards knows by its form.
        entry.Change(
            """
            INSERT INTO trades (order_number, ticket, trade_number, product, fen, subject, status, notify_url, return_url, quit_url, passback, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            ask.Order, Guid.NewGuid().ToString("N"), $"{day}22001{RandomNumberGenerator.GetString("0123456789", 15)}", ask.Product, ask.Fen,
            ask.Subject, TradeStatus.Waiting, ask.NotifyUrl, ask.ReturnUrl, ask.QuitUrl, ask.Passback, now, ask.ExpiresAt);
        return (Find(entry, ask.Order), null);
    }

    /// <summary>Any trade, also one that no payer has seen yet.</summary>
    internal static Trade? Find(BooksEntry entry, string order) =>
        entry.Rows($"SELECT {Trade.Columns} FROM trades WHERE order_number = $1", Trade.Read, order).FirstOrDefault();

    internal static Trade? FindByTicket(BooksEntry entry, string ticket) =>
        entry.Rows($"SELECT {Trade.Columns} FROM trades WHERE ticket = $1", Trade.Read, ticket).FirstOrDefault();

    /// <summary>A trade that exists by the protocol: a payer has opened it. By either number.</summary>
    internal static Trade? FindOpened(BooksEntry entry, string? order, string? tradeNumber) => entry.Rows(
        $"SELECT {Trade.Columns} FROM trades WHERE opened_at IS NOT NULL AND ($1 IS NULL OR order_number = $1) AND ($2 IS NULL OR trade_number = $2)",
        Trade.Read, order, tradeNumber).FirstOrDefault();

    internal static List<Refund> RefundsOf(BooksEntry entry, string order) =>
        entry.Rows($"SELECT {Refund.Columns} FROM refunds WHERE order_number = $1 ORDER BY settles_at, refund_number", Refund.Read, order);

    /// <summary>The payer sees the trade: from now on it exists.</summary>
    internal static Trade Open(BooksEntry entry, Trade trade, DateTimeOffset now)
    {
        entry.Change("UPDATE trades SET opened_at = $2 WHERE order_number = $1 AND opened_at IS NULL AND status = $3", trade.Order, now, TradeStatus.Waiting);
        return Find(entry, trade.Order)!;
    }

    /// <summary>The payer pays an open trade, now or, by the fault "pending", with an effect that comes later.</summary>
    internal static AlipayRefusal? Pay(BooksEntry entry, Trade trade, DateTimeOffset now, TimeSpan? effectAfter = null)
    {
        if (trade.PaidAt is not null || trade.IsBeingPaid)
        {
            return AlipayRefusal.TradeHasSuccess;
        }

        if (trade.Status != TradeStatus.Waiting)
        {
            return AlipayRefusal.TradeHasClose;
        }

        entry.Change("UPDATE trades SET pays_at = $2 WHERE order_number = $1", trade.Order, now + (effectAfter ?? TimeSpan.Zero));
        Settle(entry, now);
        return null;
    }

    /// <summary>Unpaid trades only: one that is paid stays paid (failure case 19).</summary>
    internal static (Trade? Trade, AlipayRefusal? Refusal) Close(BooksEntry entry, string? order, string? tradeNumber, DateTimeOffset now)
    {
        if (FindOpened(entry, order, tradeNumber) is not { } trade)
        {
            return (null, AlipayRefusal.TradeNotExist);
        }

        if (trade.Status != TradeStatus.Waiting || trade.IsBeingPaid)
        {
            return (trade, AlipayRefusal.TradeStatus);
        }

        entry.Change("UPDATE trades SET status = $2, closed_at = $3, pays_at = NULL WHERE order_number = $1", trade.Order, TradeStatus.Closed, now);
        return (trade, null);
    }

    /// <summary>What a refund came to: of the trade after it, whether money moved by this very call, and how much has gone back in all.</summary>
    internal sealed record Refunding(Trade Trade, Refund Refund, bool Moved, long RefundedFen);

    /// <summary>Sends money back. The same refund number does so once (failure case 21).</summary>
    /// <param name="effectAfter">By the fault "pending": taken now, moved later.</param>
    internal static (Refunding? Refunding, AlipayRefusal? Refusal) RefundOf(
        BooksEntry entry, string? order, string? tradeNumber, string? refundNumber, long fen, DateTimeOffset now, TimeSpan? effectAfter)
    {
        if (FindOpened(entry, order, tradeNumber) is not { } trade)
        {
            return (null, AlipayRefusal.TradeNotExist);
        }

        if (refundNumber is null && fen != trade.Fen)
        {
            return (null, AlipayRefusal.Parameter("out_request_no", "must be given for a part of the amount"));
        }

        var number = refundNumber ?? trade.Order;
        var refunds = RefundsOf(entry, trade.Order);
        if (refunds.Find(earlier => earlier.RefundNumber == number) is { } same)
        {
            return same.Fen == fen ? (new Refunding(trade, same, Moved: false, Moved(refunds)), null) : (null, AlipayRefusal.RefundDiffers);
        }

        if (Obstacle(trade, refunds, fen) is { } obstacle)
        {
            return (null, obstacle);
        }

        entry.Change("INSERT INTO refunds (order_number, refund_number, fen, settles_at) VALUES ($1, $2, $3, $4)", trade.Order, number, fen, now + (effectAfter ?? TimeSpan.Zero));
        Settle(entry, now);
        refunds = RefundsOf(entry, trade.Order);
        var refund = refunds.Single(each => each.RefundNumber == number);
        return (new Refunding(Find(entry, trade.Order)!, refund, refund.RefundedAt is not null, Moved(refunds)), null);
    }

    /// <summary>Sends back what has not been sent back yet, under the trade's own number: alipay.trade.cancel.</summary>
    internal static AlipayRefusal? RefundRest(BooksEntry entry, Trade trade, DateTimeOffset now)
    {
        var rest = trade.Fen - RefundsOf(entry, trade.Order).Sum(refund => refund.Fen);
        return rest == 0 ? null : RefundOf(entry, trade.Order, null, trade.TradeNumber, rest, now, effectAfter: null).Refusal;
    }

    /// <summary>The time for refunds is over: months at the real one, at once here.</summary>
    internal static AlipayRefusal? Finish(BooksEntry entry, Trade trade)
    {
        if (trade.Status != TradeStatus.Success)
        {
            return AlipayRefusal.TradeStatus;
        }

        entry.Change("UPDATE trades SET status = $2 WHERE order_number = $1", trade.Order, TradeStatus.Finished);
        Notify(entry, trade, new AlipayNotice(TradeStatus.Finished), trade.PaidAt!.Value);
        return null;
    }

    /// <summary>Makes final what time has decided: payments and refunds that were pending, and trades that nobody has paid in time.</summary>
    internal static void Settle(BooksEntry entry, DateTimeOffset now)
    {
        foreach (var trade in entry.Rows($"SELECT {Trade.Columns} FROM trades WHERE status = $2 AND pays_at <= $1", Trade.Read, now, TradeStatus.Waiting))
        {
            entry.Change("UPDATE trades SET status = $2, paid_at = pays_at WHERE order_number = $1", trade.Order, TradeStatus.Success);
            AgreementBook.Charged(entry, trade.Order, trade.PaysAt!.Value);
            Notify(entry, trade, new AlipayNotice(TradeStatus.Success), now);
        }

        entry.Change("UPDATE trades SET status = $2, closed_at = expires_at WHERE status = $3 AND pays_at IS NULL AND expires_at <= $1", now, TradeStatus.Closed, TradeStatus.Waiting);
        foreach (var refund in entry.Rows($"SELECT {Refund.Columns} FROM refunds WHERE refunded_at IS NULL AND settles_at <= $1 ORDER BY settles_at", Refund.Read, now))
        {
            entry.Change("UPDATE refunds SET refunded_at = settles_at WHERE order_number = $1 AND refund_number = $2", refund.Order, refund.RefundNumber);
            var trade = Find(entry, refund.Order)!;
            var moved = Moved(RefundsOf(entry, refund.Order));
            if (moved > trade.Fen)
            {
                throw new InvalidOperationException($"{moved} fen refunded of {trade.Fen} paid, {trade}");
            }

            var status = moved == trade.Fen ? TradeStatus.Closed : trade.Status;
            entry.Change("UPDATE trades SET status = $2, closed_at = CASE WHEN $2 = $4 THEN $3 END WHERE order_number = $1", trade.Order, status, now, TradeStatus.Closed);
            Notify(entry, trade, new AlipayNotice(status, refund.RefundNumber, moved, now), now);
        }
    }

    internal static DateTimeOffset? NextSettling(BooksEntry entry) =>
        entry.Number(
            """
            SELECT min(due) FROM (
                SELECT min(pays_at) AS due FROM trades WHERE status = $1 UNION ALL
                SELECT min(settles_at) FROM refunds WHERE refunded_at IS NULL)
            """,
            TradeStatus.Waiting) is { } due
            ? DateTimeOffset.FromUnixTimeMilliseconds(due)
            : null;

    private static Trade Renew(BooksEntry entry, Trade known, TradeAsk ask)
    {
        // The latest addresses count: the browser that comes now is to go back to where it came from.
        entry.Change(
            "UPDATE trades SET product = $2, notify_url = $3, return_url = $4, quit_url = $5, passback = $6 WHERE order_number = $1",
            known.Order, ask.Product, ask.NotifyUrl, ask.ReturnUrl, ask.QuitUrl, ask.Passback);
        return Find(entry, known.Order)!;
    }

    private static AlipayRefusal? Obstacle(Trade trade, List<Refund> refunds, long fen) => trade switch
    {
        { PaidAt: null } => AlipayRefusal.TradeStatus,
        { Status: TradeStatus.Finished } => AlipayRefusal.TradeHasFinished,
        { Status: TradeStatus.Closed } => AlipayRefusal.TradeHasClose,
        _ when refunds.Sum(refund => refund.Fen) + fen > trade.Fen => AlipayRefusal.RefundTooBig,
        _ => null,
    };

    private static long Moved(List<Refund> refunds) => refunds.Where(refund => refund.RefundedAt is not null).Sum(refund => refund.Fen);

    private static void Notify(BooksEntry entry, Trade trade, AlipayNotice notice, DateTimeOffset due)
    {
        if (trade.NotifyUrl is { } url)
        {
            var noticeId = due.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) + RandomNumberGenerator.GetHexString(21, lowercase: true);
            Outbox.HandIn(entry, SenderName, trade.Order, noticeId, JsonSerializer.Serialize(notice), url, due);
        }
    }
}
