using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay.Bills;

/// <summary>One payment or one refund, as a bill tells it.</summary>
/// <param name="RefundNumber">Null: a payment.</param>
/// <param name="Fen">Negative for a refund.</param>
/// <param name="FeeFen">Negative where it was taken, positive where it came back with a refund.</param>
internal sealed record BillRow(
    string TradeNumber, string Order, string? RefundNumber, string Subject, long Fen, long FeeFen, DateTimeOffset CreatedAt, DateTimeOffset DoneAt)
{
    internal bool IsRefund => RefundNumber is not null;

    /// <summary>What became final from the one instant on and before the other, in the order of time.</summary>
    internal static List<BillRow> Read(BooksEntry entry, DateTimeOffset from, DateTimeOffset until, decimal feeRate)
    {
        var payments = entry.Rows(
            "SELECT trade_number, order_number, subject, fen, coalesce(opened_at, created_at), paid_at FROM trades WHERE paid_at >= $1 AND paid_at < $2",
            row => new BillRow(
                row.GetString(0), row.GetString(1), null, row.GetString(2), row.GetInt64(3), -Fee(row.GetInt64(3), feeRate), row.Instant(4), row.Instant(5)),
            from, until);

        // The fee comes back with the money, so that after the last of several parts none of it is left: each part takes what all up to it make, less what all before it made.
        var refunds = entry.Rows(
            """
            SELECT trade_number, order_number, refund_number, subject, fen, earlier_fen, created_at, refunded_at FROM (
                SELECT t.trade_number, t.order_number, r.refund_number, t.subject, r.fen, coalesce(t.opened_at, t.created_at) AS created_at, r.refunded_at,
                    sum(r.fen) OVER (PARTITION BY r.order_number ORDER BY r.refunded_at, r.refund_number) - r.fen AS earlier_fen
                FROM refunds r JOIN trades t ON t.order_number = r.order_number WHERE r.refunded_at IS NOT NULL)
            WHERE refunded_at >= $1 AND refunded_at < $2
            """,
            row => new BillRow(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), -row.GetInt64(4),
                Fee(row.GetInt64(5) + row.GetInt64(4), feeRate) - Fee(row.GetInt64(5), feeRate), row.Instant(6), row.Instant(7)),
            from, until);
        return [.. payments.Concat(refunds).OrderBy(row => row.DoneAt).ThenBy(row => row.TradeNumber, StringComparer.Ordinal).ThenBy(row => row.RefundNumber, StringComparer.Ordinal)];
    }

    /// <summary>Rounded half up to fen.</summary>
    private static long Fee(long fen, decimal rate) => (long)decimal.Round(fen * rate, MidpointRounding.AwayFromZero);
}
