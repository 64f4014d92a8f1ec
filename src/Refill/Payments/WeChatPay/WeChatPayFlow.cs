using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// A fund flow (account_type BASIC), line by line: what came into the merchant's account and what left it. Payments, refunds and their fees stand in the trade bill
/// and are only added up here; what is given is money that went to the seller's bank, and what is neither.
/// </summary>
internal sealed class WeChatPayFlow
{
    public const string Heading = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
    public const string SumHeading = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

    private readonly WeChatPayTable table = new(Heading, SumHeading);
    private long ins;
    private long outs;
    private long came;
    private long went;

    /// <summary>The next line, without its end. A row for the books, or null: the line was none, or stands in the trade bill too.</summary>
    /// <exception cref="StatementException">The file is unfit.</exception>
    public StatementRow? Read(string text)
    {
        if (table.Row(text) is not { } cells)
        {
            return null;
        }

        var fen = table.Whole(cells[6]);
        switch (cells[5])
        {
            case "收入" when fen >= 0:
                (ins, came) = (ins + 1, checked(came + fen));
                break;
            case "支出" when fen >= 0:
                (outs, went, fen) = (outs + 1, checked(went + fen), -fen);
                break;
            default:
                throw table.Unfit("a row that says neither income nor expense");
        }

        return cells[4] switch
        {
            "交易" or "扣除交易手续费" or "退款" => null,

            // A withdrawal that the bank sent back comes in again under the same word.
            "提现" => Row(StatementKind.Settlement, "withdrawal"),
            _ => Row(StatementKind.Other, "in the fund flow, neither payment nor refund nor withdrawal"),
        };

        StatementRow Row(StatementKind kind, string words) => new(table.Line, kind, null, null, table.Needed(cells[2]), Money.Cny(fen), Money.Cny(0), table.Time(cells[0]), words);
    }

    /// <exception cref="StatementException">The file ended before its sums, or they do not agree.</exception>
    public void End()
    {
        table.End();
        var told = Array.ConvertAll(table.Sums!, table.Amount);
        if (!told.AsSpan().SequenceEqual([(ins + outs) * 100 * WeChatPayTable.Fen, ins * 100 * WeChatPayTable.Fen, came * WeChatPayTable.Fen, outs * 100 * WeChatPayTable.Fen, went * WeChatPayTable.Fen]))
        {
            throw table.Unfit("the rows do not add up to its sums");
        }
    }
}
