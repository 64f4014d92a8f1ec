using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// A trade bill (bill_type ALL), line by line: what was paid and given back, with fees of five decimals. A sum that differs makes the whole file unfit.
/// </summary>
internal sealed class WeChatPayBill(string merchantId)
{
    public const string Heading = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    public const string SumHeading = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

    private const int MaxText = 100;
    private const long Fen = WeChatPayTable.Fen;

    private static readonly int[] Summed = [12, 16, 17, 22, 24, 25];

    private readonly WeChatPayTable table = new(Heading, SumHeading);
    private readonly long[] sums = new long[Summed.Length];
    private long rows;

    /// <summary>The next line, without its end. A row of the statement, or null: the line was none, but is as it should be.</summary>
    /// <exception cref="StatementException">The file is unfit.</exception>
    public StatementRow? Read(string text)
    {
        if (table.Row(text) is not { } cells)
        {
            return null;
        }

        rows++;
        return Row(cells);
    }

    /// <exception cref="StatementException">The file ended before its sums, or they do not agree.</exception>
    public void End()
    {
        table.End();
        Compare(table.Sums!);
    }

    private StatementRow Row(string[] cells)
    {
        if (cells[2] != merchantId)
        {
            throw table.Unfit("a row of another merchant");
        }

        if (cells[11] != Currency.Cny.Code)
        {
            throw table.Unfit("a row in another currency");
        }

        for (var sum = 0; sum < Summed.Length; sum++)
        {
            sums[sum] = checked(sums[sum] + table.Amount(cells[Summed[sum]]));
        }

        var at = table.Time(cells[0]);
        var (paid, back) = (Money.Cny(table.Whole(cells[24])), Money.Cny(table.Whole(cells[25])));
        var fee = new Money((long)Math.Round(table.Amount(cells[22]) / (decimal)Fen, MidpointRounding.AwayFromZero), Currency.Cny);
        var order = WeChatPayTable.Number(cells[6]);
        var text = Words(cells[8], cells[9], cells[19]);
        return cells[9] switch
        {
            "SUCCESS" => new StatementRow(table.Line, StatementKind.Payment, order, null, table.Needed(cells[5]), paid, fee, at, text),

            // How a refund stands is a snapshot. FAIL and CHANGE: the money has not reached the payer, a person must look.
            "REFUND" when cells[19] is "SUCCESS" or "PROCESSING" or "" => new StatementRow(table.Line, StatementKind.Refund, order, WeChatPayTable.Number(cells[15]), table.Needed(cells[14]), -back, fee, at, text),

            // A scanned code's order that was reversed: what had been taken went back at once, without a refund of ours.
            "REVOKED" when back.Minor > 0 => new StatementRow(table.Line, StatementKind.Refund, order, WeChatPayTable.Number(cells[15]), WeChatPayTable.Number(cells[14]) ?? table.Needed(cells[5]), -back, fee, at, text),
            _ => new StatementRow(table.Line, StatementKind.Other, order, WeChatPayTable.Number(cells[15]), WeChatPayTable.Number(cells[14]) ?? table.Needed(cells[5]), paid - back, fee, at, text),
        };
    }

    private void Compare(string[] cells)
    {
        if (table.Amount(cells[0]) != rows * 100 * Fen)
        {
            throw table.Unfit("the number of rows is not the one that the sums name");
        }

        for (var sum = 0; sum < Summed.Length; sum++)
        {
            // The sums are written to the fen; the fees' parts of one may add up to a little less or more.
            if (Math.Abs(table.Amount(cells[sum + 1]) - sums[sum]) >= Fen)
            {
                throw table.Unfit($"the rows do not add up to {SumHeading.Split(',')[sum + 1]}");
            }
        }
    }

    private static string Words(params string[] words)
    {
        var text = string.Join(' ', words.Where(word => word.Length > 0).Select(WeChatPayJson.Plain));
        return text.Length > MaxText ? text[..MaxText] : text;
    }
}
