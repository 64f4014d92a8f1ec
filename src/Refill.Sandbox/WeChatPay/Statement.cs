using System.Globalization;
using System.Text;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>Money that has moved: a payment, or a refund of one.</summary>
/// <param name="At">When it was paid, or when the refund was accepted.</param>
/// <param name="Refund">Null for the payment itself.</param>
/// <param name="RefundState">As it stood when the statement was made.</param>
/// <param name="FeeFen">What it costs the merchant; negative for what a refund brings back.</param>
internal sealed record Movement(DateTimeOffset At, WeChatTrade Trade, WeChatRefund? Refund, string? RefundState, long FeeFen);

/// <summary>What a day's statement is made of.</summary>
/// <param name="Earlier">What had moved before the day, for the balance.</param>
internal sealed record StatementDay(DateTimeOffset Start, DateTimeOffset End, IReadOnlyList<Movement> Earlier, IReadOnlyList<Movement> Movements);

/// <summary>Money that the merchant had sent to its bank.</summary>
/// <param name="Number">WeChat Pay's.</param>
internal sealed record Withdrawal(string Number, DateTimeOffset At, long Fen)
{
    internal const string Schema = """
        CREATE TABLE IF NOT EXISTS wechat_withdrawals (number TEXT PRIMARY KEY, at INTEGER NOT NULL, fen INTEGER NOT NULL);
        """;

    /// <summary>All that the account holds goes to the bank; null: it holds nothing.</summary>
    internal static Withdrawal? Make(BooksEntry entry, DateTimeOffset now, decimal feePercent)
    {
        if (Statement.Balance(entry, now, feePercent) is not (> 0 and var fen))
        {
            return null;
        }

        var made = new Withdrawal(WeChatPayWords.NewRefundId(now), now, fen);
        entry.Change("INSERT INTO wechat_withdrawals (number, at, fen) VALUES ($1, $2, $3)", made.Number, made.At, made.Fen);
        return made;
    }

    internal static List<Withdrawal> Before(BooksEntry entry, DateTimeOffset end) => entry.Rows(
        "SELECT number, at, fen FROM wechat_withdrawals WHERE at < $1 ORDER BY at, number",
        row => new Withdrawal(row.GetString(0), row.Instant(1), row.GetInt64(2)), end);
}

/// <summary>The statement of a day, from the sandbox's own books: what it says is what happened.</summary>
internal static class Statement
{
    /// <summary>Real statements are split beyond this; the sandbox refuses.</summary>
    private const int MostMovements = 100_000;

    private const string TradeHeadings =
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

    private const string TradeSumHeadings = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    private const string FlowHeadings = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
    private const string FlowSumHeadings = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

    /// <summary>All that moved before an instant, in its order. A refund that is CLOSED by then has moved nothing.</summary>
    /// <param name="asOf">Whose state of refunds is told: it is a snapshot.</param>
    internal static List<Movement> Movements(BooksEntry entry, DateTimeOffset before, DateTimeOffset asOf, decimal feePercent)
    {
        var movements = new List<Movement>();
        foreach (var trade in entry.Rows($"SELECT {WeChatTrade.Columns} FROM wechat_trades WHERE paid_at < $1 LIMIT {MostMovements + 1}", WeChatTrade.Read, before))
        {
            var fee = Fee(trade.Fen, feePercent);
            movements.Add(new Movement(trade.PaidAt!.Value, trade, null, null, fee));

            // Each refund brings back so much that the fee left is that of what is left.
            var left = trade.Fen;
            foreach (var refund in WeChatRefunds.Of(entry, trade.Order))
            {
                var state = refund.SettledAt is { } settled && settled <= asOf ? refund.State : RefundState.Processing;
                if (state != RefundState.Closed && refund.CreatedAt < before)
                {
                    left -= refund.Fen;
                    movements.Add(new Movement(refund.CreatedAt, trade, refund, state, Fee(left, feePercent) - fee));
                    fee = Fee(left, feePercent);
                }
            }
        }

        return movements.Count <= MostMovements
            ? [.. movements.OrderBy(movement => movement.At).ThenBy(movement => movement.Trade.Order, StringComparer.Ordinal).ThenBy(movement => movement.Refund?.RefundNumber, StringComparer.Ordinal)]
            : throw new InvalidOperationException($"more than {MostMovements} movements");
    }

    /// <summary>GET /v3/bill/tradebill: 27 columns, a backtick before each cell, amounts in yuan, the fee with five decimal places.</summary>
    internal static byte[] OfTrades(IReadOnlyList<Movement> movements, WeChatPayBooksOptions options, bool changedHeader = false)
    {
        var rate = string.Create(CultureInfo.InvariantCulture, $"{options.FeePercent:0.00}%");
        var lines = movements.Select(movement => TradeCells(movement, options.MerchantId, rate));
        var (paid, back) = (movements.Where(movement => movement.Refund is null).Sum(movement => movement.Trade.Fen), movements.Sum(movement => movement.Refund?.Fen ?? 0));
        string[] sums =
        [
            string.Create(CultureInfo.InvariantCulture, $"{movements.Count}.0"), WeChatPayWords.Sum(paid), WeChatPayWords.Sum(back), WeChatPayWords.Sum(0),
            WeChatPayWords.Sum(movements.Sum(movement => movement.FeeFen)), WeChatPayWords.Sum(paid), WeChatPayWords.Sum(back),
        ];
        return File(changedHeader ? TradeHeadings.Replace("商户订单号", "商户单号", StringComparison.Ordinal) : TradeHeadings, lines, TradeSumHeadings, sums);
    }

    /// <summary>GET /v3/bill/fundflowbill: what came into the account and what went out of it, with the balance after each; a refund goes out less the fee that comes back.</summary>
    /// <param name="withdrawals">All until the day's end.</param>
    internal static byte[] OfFunds(StatementDay day, IReadOnlyList<Withdrawal> withdrawals, WeChatPayBooksOptions options, bool changedHeader = false)
    {
        var balance = day.Earlier.Sum(Net) - withdrawals.Where(withdrawal => withdrawal.At < day.Start).Sum(withdrawal => withdrawal.Fen);
        var toBank = new Queue<Withdrawal>(withdrawals.Where(withdrawal => withdrawal.At >= day.Start));
        var (incomes, expenses, income, expense) = (0, 0, 0L, 0L);
        var lines = new List<string[]>();
        foreach (var movement in day.Movements)
        {
            WithdrawUntil(movement.At);
            var (trade, refund) = (movement.Trade, movement.Refund);
            if (refund is null)
            {
                Add(movement, trade.TransactionId!, $"1{trade.TransactionId}", "交易", "交易", trade.Fen, "", trade.Order);
                if (movement.FeeFen > 0)
                {
                    Add(movement, trade.TransactionId!, $"2{trade.TransactionId}", "交易", "扣除交易手续费", -movement.FeeFen, "", trade.Order);
                }
            }
            else
            {
                Add(
                    movement, refund.RefundId, trade.TransactionId!, "退款", "退款", -refund.Fen - movement.FeeFen,
                    $"退款总金额{WeChatPayWords.Yuan(refund.Fen)}元;含手续费{WeChatPayWords.Yuan(-movement.FeeFen)}元", refund.IsReversal ? trade.Order : refund.RefundNumber);
            }
        }

        WithdrawUntil(DateTimeOffset.MaxValue);
        var count = (incomes + expenses).ToString(CultureInfo.InvariantCulture);
        return File(
            changedHeader ? FlowHeadings.Replace("业务凭证号", "凭证号", StringComparison.Ordinal) : FlowHeadings, lines, FlowSumHeadings,
            [count, incomes.ToString(CultureInfo.InvariantCulture), WeChatPayWords.Yuan(income), expenses.ToString(CultureInfo.InvariantCulture), WeChatPayWords.Yuan(expense)]);

        void WithdrawUntil(DateTimeOffset at)
        {
            while (toBank.TryPeek(out var next) && next.At <= at)
            {
                toBank.Dequeue();
                Line(next.At, next.Number, $"3{next.Number}", "提现", "提现", -next.Fen, "system", "", next.Number);
            }
        }

        void Add(Movement movement, string number, string flowNumber, string name, string type, long fen, string remark, string voucher) =>
            Line(movement.At, number, flowNumber, name, type, fen, movement.Refund is null ? "system" : $"{options.MerchantId}API", remark, voucher);

        void Line(DateTimeOffset at, string number, string flowNumber, string name, string type, long fen, string by, string remark, string voucher)
        {
            balance += fen;
            (incomes, expenses, income, expense) = fen > 0 ? (incomes + 1, expenses, income + fen, expense) : (incomes, expenses + 1, income, expense - fen);
            lines.Add(
            [
                WeChatPayWords.StatementTime(at), number, flowNumber, name, type, fen > 0 ? "收入" : "支出", WeChatPayWords.Yuan(Math.Abs(fen)), WeChatPayWords.Yuan(balance), by, remark, voucher,
            ]);
        }
    }

    /// <summary>What the merchant's account holds.</summary>
    internal static long Balance(BooksEntry entry, DateTimeOffset now, decimal feePercent) =>
        Movements(entry, now.AddMilliseconds(1), now, feePercent).Sum(Net) - Withdrawal.Before(entry, now.AddMilliseconds(1)).Sum(withdrawal => withdrawal.Fen);

    /// <summary>Half up to fen.</summary>
    private static long Fee(long fen, decimal percent) => (long)decimal.Round(fen * percent / 100, 0, MidpointRounding.AwayFromZero);

    private static long Net(Movement movement) => (movement.Refund is { } refund ? -refund.Fen : movement.Trade.Fen) - movement.FeeFen;

    private static string[] TradeCells(Movement movement, string merchant, string rate)
    {
        var (trade, refund) = (movement.Trade, movement.Refund);
        var (paid, back) = (WeChatPayWords.Yuan(refund is null ? trade.Fen : 0), WeChatPayWords.Yuan(refund?.Fen ?? 0));
        return
        [
            WeChatPayWords.StatementTime(movement.At), trade.AppId, merchant, "0", "", trade.TransactionId!, trade.Order, trade.OpenId!, trade.Type,
            refund is null ? TradeState.Success : refund.IsReversal ? TradeState.Revoked : TradeState.Refund,
            "OTHERS", WeChatPayWords.Currency, paid, "0.00", refund?.RefundId ?? "0", refund is { IsReversal: false } ? refund.RefundNumber : "0", back, "0.00", refund is null ? "" : "ORIGINAL", movement.RefundState ?? "",
            trade.Description, trade.Attach ?? "", $"{WeChatPayWords.Yuan(movement.FeeFen)}000", rate, paid, back, "",
        ];
    }

    private static byte[] File(string headings, IEnumerable<string[]> lines, string sumHeadings, string[] sums)
    {
        var text = new StringBuilder().Append(headings).Append("\r\n");
        foreach (var cells in lines)
        {
            text.Append(Joined(cells));
        }

        text.Append(sumHeadings).Append("\r\n").Append(Joined(sums));
        return [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text.ToString())];
    }

    /// <summary>A backtick before each cell keeps spreadsheets from taking numbers for numbers; what a merchant wrote may hold neither it nor the end of a line.</summary>
    private static string Joined(string[] cells) => string.Join(',', cells.Select(cell => $"`{cell.Replace('`', '\'').ReplaceLineEndings(" ")}")) + "\r\n";
}
