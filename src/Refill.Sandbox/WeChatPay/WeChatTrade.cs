using Microsoft.Data.Sqlite;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>A trade as the books have it. Unlike Alipay's it exists from the moment that the merchant has asked for it.</summary>
/// <param name="Ticket">Names the page behind a QR code; cannot be guessed.</param>
/// <param name="TransactionId">WeChat Pay's own number: there is none before it is paid.</param>
/// <param name="Type">trade_type.</param>
/// <param name="OpenId">Who is to pay (JSAPI), or who has paid; null: anybody.</param>
/// <param name="State">trade_state.</param>
/// <param name="PayUntil">time_expire, or the end of the link's life: ends paying and does not close.</param>
/// <param name="ClosesAt">Nobody has paid it for seven days.</param>
/// <param name="PaysAt">USERPAYING is over then, and becomes <paramref name="PaysAs"/>.</param>
/// <param name="AuthCode">The payer's barcode: codepay only, and good once.</param>
internal sealed record WeChatTrade(
    string Order,
    string Ticket,
    string PrepayId,
    string? TransactionId,
    string Type,
    string AppId,
    long Fen,
    string Description,
    string? Attach,
    string? OpenId,
    string State,
    string? NotifyUrl,
    DateTimeOffset CreatedAt,
    DateTimeOffset PayUntil,
    DateTimeOffset ClosesAt,
    DateTimeOffset? PaysAt,
    string? PaysAs,
    DateTimeOffset? PaidAt,
    string? AuthCode,
    int Notifications)
{
    internal const string Columns =
        "order_number, ticket, prepay_id, transaction_id, type, app_id, fen, description, attach, open_id, state, notify_url, created_at, pay_until, closes_at, pays_at, pays_as, paid_at, auth_code, notifications";

    internal const string Schema = """
        CREATE TABLE IF NOT EXISTS wechat_trades (
            order_number TEXT PRIMARY KEY, ticket TEXT NOT NULL UNIQUE, prepay_id TEXT NOT NULL UNIQUE, transaction_id TEXT UNIQUE, type TEXT NOT NULL, app_id TEXT NOT NULL,
            fen INTEGER NOT NULL, description TEXT NOT NULL, attach TEXT, open_id TEXT, state TEXT NOT NULL, notify_url TEXT, created_at INTEGER NOT NULL,
            pay_until INTEGER NOT NULL, closes_at INTEGER NOT NULL, pays_at INTEGER, pays_as TEXT, paid_at INTEGER, auth_code TEXT UNIQUE, notifications INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS wechat_refunds (
            refund_number TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE, order_number TEXT NOT NULL, fen INTEGER NOT NULL, state TEXT NOT NULL, reversal INTEGER NOT NULL,
            notify_url TEXT, created_at INTEGER NOT NULL, settles_at INTEGER NOT NULL, settles_as TEXT NOT NULL, settled_at INTEGER);
        CREATE TABLE IF NOT EXISTS wechat_certificates (
            id INTEGER PRIMARY KEY AUTOINCREMENT, serial TEXT NOT NULL UNIQUE, pem TEXT NOT NULL, private_key TEXT NOT NULL, made_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS wechat_settings (name TEXT PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS wechat_statements (token TEXT PRIMARY KEY, bytes BLOB NOT NULL, is_gzip INTEGER NOT NULL, expires_at INTEGER NOT NULL);
        """;

    /// <summary>True also of one that has been refunded.</summary>
    internal bool IsPaid => State is TradeState.Success or TradeState.Refund;

    internal static WeChatTrade Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.TextOrNull(3), row.GetString(4), row.GetString(5), row.GetInt64(6), row.GetString(7), row.TextOrNull(8),
        row.TextOrNull(9), row.GetString(10), row.TextOrNull(11), row.Instant(12), row.Instant(13), row.Instant(14), row.InstantOrNull(15), row.TextOrNull(16),
        row.InstantOrNull(17), row.TextOrNull(18), row.GetInt32(19));

    public override string ToString() => $"{Order} of {Fen} fen, {State}";
}

/// <param name="RefundNumber">The merchant's: unique among all refunds, not only those of the order.</param>
/// <param name="Fen">Of this refund alone.</param>
/// <param name="IsReversal">The money of a reversed codepay trade: no refund that a merchant can ask about.</param>
/// <param name="SettlesAt">When <see cref="RefundState.Processing"/> ends as <paramref name="SettlesAs"/>.</param>
internal sealed record WeChatRefund(
    string RefundNumber,
    string RefundId,
    string Order,
    long Fen,
    string State,
    bool IsReversal,
    string? NotifyUrl,
    DateTimeOffset CreatedAt,
    DateTimeOffset SettlesAt,
    string SettlesAs,
    DateTimeOffset? SettledAt)
{
    internal const string Columns = "refund_number, refund_id, order_number, fen, state, reversal, notify_url, created_at, settles_at, settles_as, settled_at";

    internal static WeChatRefund Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.GetBoolean(5), row.TextOrNull(6), row.Instant(7), row.Instant(8),
        row.GetString(9), row.InstantOrNull(10));

    public override string ToString() => $"{RefundNumber} of {Fen} fen, {State}";
}

/// <summary>What a merchant wants to be paid.</summary>
/// <param name="LinkLife">How long the payer's link is good.</param>
/// <param name="ExpiresAt">time_expire; null if it was not given.</param>
internal sealed record WeChatAsk(
    string Type, string Order, string AppId, long Fen, string Description, string? Attach, string? OpenId, string? AuthCode, string? NotifyUrl, TimeSpan LinkLife, DateTimeOffset? ExpiresAt);

/// <summary>What a merchant wants to give back.</summary>
/// <param name="Total">What the merchant believes the order to be worth.</param>
internal sealed record WeChatRefundAsk(string? Order, string? TransactionId, string RefundNumber, long Fen, long Total, string? NotifyUrl);

/// <summary>What a notification tells, kept as it was when it was written down.</summary>
/// <param name="Event">event_type, such as TRANSACTION.SUCCESS.</param>
/// <param name="RefundState">Null if it is not about a refund.</param>
internal sealed record WeChatNotice(string Event, string? RefundNumber = null, string? RefundState = null);
