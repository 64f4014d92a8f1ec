using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>The rules of refunds: accepted is not made (failure case 23), and the same number is made once (failure case 21). Each works within one entry of the books.</summary>
internal static class WeChatRefunds
{
    private const int MostRefunds = 50;
    private static readonly TimeSpan RefundableFor = TimeSpan.FromDays(365);

    /// <summary>Takes a refund, which settles later.</summary>
    internal static (WeChatTrade? Trade, WeChatRefund? Refund, WeChatPayRefusal? Refusal) Ask(
        BooksEntry entry, WeChatRefundAsk ask, DateTimeOffset now, TimeSpan gap, TimeSpan settlesAfter, string settlesAs)
    {
        var trade = ask.Order is { } order ? WeChatTrades.Find(entry, order) : WeChatTrades.FindByTransactionId(entry, ask.TransactionId!);
        if (trade is null || (ask.TransactionId is not null && ask.TransactionId != trade.TransactionId))
        {
            return (null, null, WeChatPayRefusal.TradeNotExist);
        }

        if (Find(entry, ask.RefundNumber) is { } same)
        {
            return (same.Order, same.Fen, trade.Fen) == (trade.Order, ask.Fen, ask.Total)
                ? (trade, same, null)
                : (null, null, WeChatPayRefusal.Invalid("this out_refund_no was used with another order or amount"));
        }

        if (Obstacle(trade, Of(entry, trade.Order), ask, now, gap) is { } obstacle)
        {
            return (null, null, obstacle);
        }

        entry.Change(
            "INSERT INTO wechat_refunds (refund_number, refund_id, order_number, fen, state, reversal, notify_url, created_at, settles_at, settles_as) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9)",
            ask.RefundNumber, WeChatPayWords.NewRefundId(now), trade.Order, ask.Fen, RefundState.Processing, ask.NotifyUrl, now, now + settlesAfter, settlesAs);
        Mark(entry, trade.Order);
        return (WeChatTrades.Find(entry, trade.Order), Find(entry, ask.RefundNumber), null);
    }

    internal static WeChatRefund? Find(BooksEntry entry, string refundNumber) =>
        entry.Rows($"SELECT {WeChatRefund.Columns} FROM wechat_refunds WHERE refund_number = $1 AND reversal = 0", WeChatRefund.Read, refundNumber).FirstOrDefault();

    /// <summary>All of an order, the money of a reversal too.</summary>
    internal static List<WeChatRefund> Of(BooksEntry entry, string order) =>
        entry.Rows($"SELECT {WeChatRefund.Columns} FROM wechat_refunds WHERE order_number = $1 ORDER BY created_at, refund_number", WeChatRefund.Read, order);

    /// <summary>A refund that is in process becomes final, or one that was abnormal is made or given up by hand.</summary>
    internal static WeChatPayRefusal? Decide(BooksEntry entry, WeChatRefund refund, string state, DateTimeOffset now)
    {
        if (refund.State is not (RefundState.Processing or RefundState.Abnormal) || state == refund.State)
        {
            return WeChatPayRefusal.Invalid($"a refund that is {refund.State} does not become {state}");
        }

        entry.Change("UPDATE wechat_refunds SET state = $2, settled_at = $3 WHERE refund_number = $1", refund.RefundNumber, state, now);
        Mark(entry, refund.Order);
        WeChatTrades.Notify(entry, refund.Order, refund.NotifyUrl, new WeChatNotice($"REFUND.{state}", refund.RefundNumber, state), now);
        return null;
    }

    internal static void Settle(BooksEntry entry, DateTimeOffset now)
    {
        foreach (var refund in entry.Rows($"SELECT {WeChatRefund.Columns} FROM wechat_refunds WHERE state = $2 AND settles_at <= $1 ORDER BY settles_at", WeChatRefund.Read, now, RefundState.Processing))
        {
            Decide(entry, refund, refund.SettlesAs, refund.SettlesAt);
        }
    }

    private static WeChatPayRefusal? Obstacle(WeChatTrade trade, List<WeChatRefund> refunds, WeChatRefundAsk ask, DateTimeOffset now, TimeSpan gap)
    {
        var open = refunds.Where(refund => refund.State != RefundState.Closed).ToList();
        return trade switch
        {
            { IsPaid: false } => WeChatPayRefusal.Invalid($"a trade that is {trade.State} cannot be refunded"),
            { PaidAt: { } paidAt } when paidAt + RefundableFor <= now => WeChatPayRefusal.Invalid("it was paid more than a year ago"),
            _ when ask.Total != trade.Fen => WeChatPayRefusal.Parameter("/amount/total", "not the order's total"),
            _ when open.Sum(refund => refund.Fen) + ask.Fen > trade.Fen => WeChatPayRefusal.Invalid("退款总金额大于支付金额"),
            _ when open.Count >= MostRefunds => WeChatPayRefusal.Invalid($"an order has at most {MostRefunds} refunds"),
            _ when refunds.Exists(refund => refund.CreatedAt + gap > now) => WeChatPayRefusal.TooOften,
            _ => null,
        };
    }

    /// <summary>A paid trade is REFUND while any refund of it stands.</summary>
    private static void Mark(BooksEntry entry, string order)
    {
        var trade = WeChatTrades.Find(entry, order)!;
        var sum = Of(entry, order).Where(refund => refund.State != RefundState.Closed).Sum(refund => refund.Fen);
        if (sum > trade.Fen)
        {
            throw new InvalidOperationException($"{sum} fen refunded of {trade}");
        }

        entry.Change("UPDATE wechat_trades SET state = $2 WHERE order_number = $1", order, sum > 0 ? TradeState.Refund : TradeState.Success);
    }
}
