using System.Text.Json;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>The rules of trades: what a payer and a merchant may do, and when. Each works within one entry of the books.</summary>
internal static class WeChatTrades
{
    internal const string SenderName = "wechatpay";

    /// <summary>The payer who pays where the merchant named none.</summary>
    internal const string SomePayer = "oSandboxPayer000000000000001";

    private static readonly TimeSpan UnpaidFor = TimeSpan.FromDays(7);
    private static readonly TimeSpan ReversibleFor = TimeSpan.FromDays(7);

    /// <summary>A merchant wants to be paid. The same number with the same parameters is the same trade, however often it is asked for (failure case 16).</summary>
    internal static (WeChatTrade? Trade, WeChatPayRefusal? Refusal) Ask(BooksEntry entry, WeChatAsk ask, DateTimeOffset now)
    {
        var until = now + ask.LinkLife is var end && ask.ExpiresAt is { } expiry && expiry < end ? expiry : end;
        if (Find(entry, ask.Order) is { } known)
        {
            return known switch
            {
                { IsPaid: true } => (null, WeChatPayRefusal.OrderPaid),
                { State: not (TradeState.NotPaid or TradeState.UserPaying) } => (null, WeChatPayRefusal.OrderClosed),
                _ when (known.Type, known.AppId, known.Fen, known.Description, known.Attach, known.AuthCode) != (ask.Type, ask.AppId, ask.Fen, ask.Description, ask.Attach, ask.AuthCode)
                    || (ask.Type == TradeType.JsApi && known.OpenId != ask.OpenId) => (null, WeChatPayRefusal.OrderUsed),
                _ => (Renew(entry, known, ask, until), null),
            };
        }

        if (ask.AuthCode is not null && entry.Number("SELECT count(*) FROM wechat_trades WHERE auth_code = $1", ask.AuthCode) > 0)
        {
            return (null, WeChatPayRefusal.CodeUsed);
        }

        entry.Change(
            """
            INSERT INTO wechat_trades (order_number, ticket, prepay_id, type, app_id, fen, description, attach, open_id, state, notify_url, created_at, pay_until, closes_at, auth_code)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            ask.Order, Guid.NewGuid().ToString("N"), WeChatPayWords.NewPrepayId(now), ask.Type, ask.AppId, ask.Fen, ask.Description, ask.Attach, ask.OpenId,
            TradeState.NotPaid, ask.NotifyUrl, now, until, now + UnpaidFor, ask.AuthCode);
        return (Find(entry, ask.Order), null);
    }

    internal static WeChatTrade? Find(BooksEntry entry, string order) => FindBy(entry, "order_number", order);

    internal static WeChatTrade? FindByTicket(BooksEntry entry, string ticket) => FindBy(entry, "ticket", ticket);

    internal static WeChatTrade? FindByPrepayId(BooksEntry entry, string prepayId) => FindBy(entry, "prepay_id", prepayId);

    internal static WeChatTrade? FindByTransactionId(BooksEntry entry, string transactionId) => FindBy(entry, "transaction_id", transactionId);

    /// <summary>The payer pays, now.</summary>
    internal static WeChatPayRefusal? Pay(BooksEntry entry, WeChatTrade trade, DateTimeOffset now)
    {
        switch (trade)
        {
            case { IsPaid: true }:
                return WeChatPayRefusal.OrderPaid;
            case { State: not (TradeState.NotPaid or TradeState.UserPaying) }:
                return WeChatPayRefusal.OrderClosed;
            case { State: TradeState.NotPaid } when trade.PayUntil <= now:
                return WeChatPayRefusal.OrderExpired;
            default:
                Become(entry, trade, TradeState.Success, now, now);
                return null;
        }
    }

    /// <summary>The payer is asked for a password (failure case 18), and answers later.</summary>
    /// <param name="paysAs">SUCCESS or PAYERROR.</param>
    internal static WeChatTrade AskForPassword(BooksEntry entry, WeChatTrade trade, DateTimeOffset paysAt, string paysAs)
    {
        entry.Change("UPDATE wechat_trades SET state = $2, pays_at = $3, pays_as = $4 WHERE order_number = $1", trade.Order, TradeState.UserPaying, paysAt, paysAs);
        return Find(entry, trade.Order)!;
    }

    /// <summary>The payer cannot pay, and it is over.</summary>
    internal static void Fail(BooksEntry entry, WeChatTrade trade) => Become(entry, trade, TradeState.PayError, null, null);

    /// <summary>Unpaid trades only: one that is paid stays paid (failure case 19).</summary>
    internal static WeChatPayRefusal? Close(BooksEntry entry, string order)
    {
        switch (Find(entry, order))
        {
            case null:
                return WeChatPayRefusal.OrderNotExist;
            case { IsPaid: true }:
                return WeChatPayRefusal.OrderPaid;
            case { Type: TradeType.CodePay }:
                return WeChatPayRefusal.Invalid("a codepay trade is reversed, not closed");
            case { State: not TradeState.NotPaid }:
                return WeChatPayRefusal.OrderClosed;
            case var trade:
                Become(entry, trade, TradeState.Closed, null, null);
                return null;
        }
    }

    /// <summary>Codepay only: what is unpaid never will be paid, what is paid goes back. However often it is asked for (failure case 17).</summary>
    internal static WeChatPayRefusal? Reverse(BooksEntry entry, string order, DateTimeOffset now)
    {
        switch (Find(entry, order))
        {
            case null:
                return WeChatPayRefusal.OrderNotExist;
            case { Type: not TradeType.CodePay }:
                return WeChatPayRefusal.Invalid("only codepay trades can be reversed");
            case { State: TradeState.Revoked }:
                return null;
            case { State: TradeState.Closed or TradeState.Refund } other:
                return WeChatPayRefusal.Invalid($"a trade that is {other.State} cannot be reversed");
            case { PaidAt: { } paidAt } when paidAt + ReversibleFor <= now:
                return WeChatPayRefusal.Invalid("it was paid more than 7 days ago: refund it");
            case var trade:
                if (trade.IsPaid)
                {
                    entry.Change(
                        "INSERT INTO wechat_refunds (refund_number, refund_id, order_number, fen, state, reversal, created_at, settles_at, settles_as, settled_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6, $5, $6)",
                        $"reversal of {trade.Order}", WeChatPayWords.NewRefundId(now), trade.Order, trade.Fen, RefundState.Success, now);
                }

                Become(entry, trade, TradeState.Revoked, trade.PaidAt, null);
                return null;
        }
    }

    /// <summary>Makes final what time has decided: payers at their passwords, refunds in process, and trades that nobody has paid for a week.</summary>
    internal static void Settle(BooksEntry entry, DateTimeOffset now)
    {
        foreach (var trade in entry.Rows($"SELECT {WeChatTrade.Columns} FROM wechat_trades WHERE state = $2 AND pays_at <= $1 ORDER BY pays_at", WeChatTrade.Read, now, TradeState.UserPaying))
        {
            Become(entry, trade, trade.PaysAs!, trade.PaysAs == TradeState.Success ? trade.PaysAt : null, now);
        }

        entry.Change("UPDATE wechat_trades SET state = $2 WHERE state = $3 AND closes_at <= $1", now, TradeState.Closed, TradeState.NotPaid);
        WeChatRefunds.Settle(entry, now);
    }

    internal static DateTimeOffset? NextSettling(BooksEntry entry) =>
        entry.Number(
            """
            SELECT min(due) FROM (
                SELECT min(pays_at) AS due FROM wechat_trades WHERE state = $1 UNION ALL
                SELECT min(settles_at) FROM wechat_refunds WHERE state = $2)
            """,
            TradeState.UserPaying, RefundState.Processing) is { } due
            ? DateTimeOffset.FromUnixTimeMilliseconds(due)
            : null;

    /// <summary>Writes down a notification; nothing if the merchant named no address.</summary>
    internal static void Notify(BooksEntry entry, string order, string? url, WeChatNotice notice, DateTimeOffset due)
    {
        if (url is not null)
        {
            Outbox.HandIn(entry, SenderName, order, Guid.NewGuid().ToString(), JsonSerializer.Serialize(notice), url, due);
        }
    }

    private static WeChatTrade? FindBy(BooksEntry entry, string column, string value) =>
        entry.Rows($"SELECT {WeChatTrade.Columns} FROM wechat_trades WHERE {column} = $1", WeChatTrade.Read, value).FirstOrDefault();

    private static WeChatTrade Renew(BooksEntry entry, WeChatTrade known, WeChatAsk ask, DateTimeOffset until)
    {
        // The latest address counts, and the payer has a fresh link.
        entry.Change("UPDATE wechat_trades SET notify_url = $2, pay_until = $3 WHERE order_number = $1", known.Order, ask.NotifyUrl, until);
        return Find(entry, known.Order)!;
    }

    /// <param name="told">When the merchant is told of a payment; null: not at all.</param>
    private static void Become(BooksEntry entry, WeChatTrade trade, string state, DateTimeOffset? paidAt, DateTimeOffset? told)
    {
        entry.Change(
            "UPDATE wechat_trades SET state = $2, paid_at = $3, transaction_id = coalesce(transaction_id, $4), open_id = coalesce(open_id, $5) WHERE order_number = $1",
            trade.Order, state, paidAt, paidAt is { } instant ? WeChatPayWords.NewTransactionId(instant) : null, paidAt is null ? null : SomePayer);
        if (state == TradeState.Success && told is { } due)
        {
            Notify(entry, trade.Order, trade.NotifyUrl, new WeChatNotice("TRANSACTION.SUCCESS"), due);
        }
    }
}
