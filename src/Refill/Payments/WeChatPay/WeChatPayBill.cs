using System.Globalization;
using Refill.Units;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// A trade bill (bill_type ALL), line by line: a heading of 27 names, rows whose cells begin with a backtick, a second heading, one row of sums. A heading
/// that has changed, a cell too many or a sum that differs makes the whole file unfit. Amounts are in yuan; fees have five decimals.
/// </summary>
internal sealed class WeChatPayBill(string merchantId)
{
    public const string Heading = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    public const string SumHeading = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

    private const int Cells = 27;
    private const int MaxText = 100;

    /// <summary>Of a fen in amounts with five decimals.</summary>
    private const long Fen = 1000;

    private static readonly int[] Summed = [12, 16, 17, 22, 24, 25];

    private readonly long[] sums = new long[Summed.Length];
    private long rows;
    private int line;
    private Part part;

    private enum Part
    {
        Heading,
        Rows,
        Sums,
        End,
    }

    /// <summary>The next line, without its end. A row of the statement, or null: the line was none, but is as it should be.</summary>
    /// <exception cref="StatementException">The file is unfit.</exception>
    public StatementRow? Read(string text)
    {
        line++;
        switch (part)
        {
            case Part.Heading when text == Heading:
                part = Part.Rows;
                return null;
            case Part.Heading:
                throw Unfit("the heading is not the one that is known");
            case Part.Rows when text == SumHeading:
                part = Part.Sums;
                return null;
            case Part.Rows:
                rows++;
                return Row(Split(text, Cells));
            case Part.Sums:
                Compare(Split(text, Summed.Length + 1));
                part = Part.End;
                return null;
            default:
                throw Unfit("there is more after the sums");
        }
    }

    /// <exception cref="StatementException">The file ended before its sums.</exception>
    public void End()
    {
        if (part != Part.End)
        {
            throw Unfit("the file is cut off: there are no sums");
        }
    }

    /// <summary>Cells stand between ",`", so that commas within them do no harm.</summary>
    private string[] Split(string text, int count)
    {
        var cells = text.StartsWith('`') ? text[1..].Split(",`") : [];
        return cells.Length == count ? cells : throw Unfit($"{count} cells were expected, and there are {cells.Length}");
    }

    private StatementRow Row(string[] cells)
    {
        if (cells[2] != merchantId)
        {
            throw Unfit("a row of another merchant");
        }

        if (cells[11] != Currency.Cny.Code)
        {
            throw Unfit("a row in another currency");
        }

        for (var sum = 0; sum < Summed.Length; sum++)
        {
            sums[sum] = checked(sums[sum] + Amount(cells[Summed[sum]]));
        }

        var at = WeChatPayTime.ParseRow(cells[0]) ?? throw Unfit("a time that is none");
        var (paid, back) = (Yuan(cells[24]), Yuan(cells[25]));
        var fee = new Money((long)Math.Round(Amount(cells[22]) / (decimal)Fen, MidpointRounding.AwayFromZero), Currency.Cny);
        var order = Number(cells[6]);
        var text = Words(cells[8], cells[9], cells[19]);
        return cells[9] switch
        {
            "SUCCESS" => new StatementRow(line, StatementKind.Payment, order, null, Needed(cells[5]), paid, fee, at, text),

            // How a refund stands is a snapshot. FAIL and CHANGE: the money has not reached the payer, a person must look.
            "REFUND" when cells[19] is "SUCCESS" or "PROCESSING" or "" => new StatementRow(line, StatementKind.Refund, order, Number(cells[15]), Needed(cells[14]), -back, fee, at, text),

            // A scanned code's order that was reversed: what had been taken went back at once, without a refund of ours.
            "REVOKED" when back.Minor > 0 => new StatementRow(line, StatementKind.Refund, order, Number(cells[15]), Number(cells[14]) ?? Needed(cells[5]), -back, fee, at, text),
            _ => new StatementRow(line, StatementKind.Other, order, Number(cells[15]), Number(cells[14]) ?? Needed(cells[5]), paid - back, fee, at, text),
        };
    }

    private void Compare(string[] cells)
    {
        if (Amount(cells[0]) != rows * 100 * Fen)
        {
            throw Unfit("the number of rows is not the one that the sums name");
        }

        for (var sum = 0; sum < Summed.Length; sum++)
        {
            // The sums are written to the fen; the fees' parts of one may add up to a little less or more.
            if (Math.Abs(Amount(cells[sum + 1]) - sums[sum]) >= Fen)
            {
                throw Unfit($"the rows do not add up to {SumHeading.Split(',')[sum + 1]}");
            }
        }
    }

    private Money Yuan(string cell)
    {
        var amount = Amount(cell);
        return amount % Fen == 0 ? Money.Cny(amount / Fen) : throw Unfit("an amount with a part of a fen");
    }

    /// <summary>Yuan in hundred-thousandths: digits, at most five of them after the point, and a minus. No exponent, no grouping.</summary>
    private long Amount(string cell)
    {
        var digits = cell.StartsWith('-') ? cell.AsSpan(1) : cell.AsSpan();
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? default : digits[(point + 1)..];
        if (whole.Length is 0 or > 12 || fraction.Length > 5 || (point >= 0 && fraction.IsEmpty) || whole.ContainsAnyExceptInRange('0', '9') || fraction.ContainsAnyExceptInRange('0', '9'))
        {
            throw Unfit("an amount that is none");
        }

        Span<char> scaled = stackalloc char[17];
        scaled.Fill('0');
        whole.CopyTo(scaled);
        fraction.CopyTo(scaled[whole.Length..]);
        var value = long.Parse(scaled[..(whole.Length + 5)], NumberStyles.None, CultureInfo.InvariantCulture);
        return cell.StartsWith('-') ? -value : value;
    }

    /// <summary>A number; "0" and nothing: there is none.</summary>
    private static string? Number(string cell) => cell is "" or "0" ? null : cell.Length <= 64 ? cell : cell[..64];

    private string Needed(string cell) => Number(cell) ?? throw Unfit("a row without WeChat Pay's number");

    private static string Words(params string[] words)
    {
        var text = string.Join(' ', words.Where(word => word.Length > 0).Select(WeChatPayJson.Plain));
        return text.Length > MaxText ? text[..MaxText] : text;
    }

    private StatementException Unfit(string why) => new($"WeChat Pay's statement is unfit at line {line}: {why}");
}
