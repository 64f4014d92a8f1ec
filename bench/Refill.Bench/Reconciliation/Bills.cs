using System.Globalization;
using System.IO.Compression;
using System.Text;
using Refill.Units;

namespace Refill.Bench.Reconciliation;

/// <summary>
/// Alipay's two bills of a day, as its files are described (payments-protocols, 1A; tests/Refill.Tests/Payments/Alipay/BillMaker.cs): a zip with a GBK file of rows and one of sums for the trades, and one for the movements of
/// the account, in which every payment, every refund, every fee and every withdrawal has a row of its own. They are written row by row: a file is as long as its day.
/// </summary>
internal sealed class Bills : IDisposable
{
    private const string Headings =
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

    private const string SumHeadings = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";
    private const string AccountHeadings = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);
    private static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding(936)!;

    private readonly DateOnly day;
    private readonly string seller;
    private readonly ZipArchive trades;
    private readonly ZipArchive account;
    private readonly StreamWriter tradeRows;
    private readonly StreamWriter accountRows;
    private (long Count, long Fen) paid, returned, ins, outs;
    private long fees;
    private long entries;

    public Bills(string folder, DateOnly day, string seller)
    {
        (this.day, this.seller) = (day, seller);
        (TradesFile, AccountFile) = (Path.Combine(folder, "trades.zip"), Path.Combine(folder, "account.zip"));
        (trades, account) = (New(TradesFile), New(AccountFile));
        (tradeRows, accountRows) = (Entry(trades, "业务明细"), Entry(account, "账务明细"));
        Begin(tradeRows, "业务明细", Headings);
        Begin(accountRows, "账务明细", AccountHeadings);
    }

    public string TradesFile { get; }

    public string AccountFile { get; }

    /// <summary>Of the bill of trades.</summary>
    public int Rows { get; private set; }

    /// <summary>What the gateway keeps, in fen.</summary>
    public long Fees => -fees;

    public long Paid => paid.Fen;

    public long Returned => -returned.Fen;

    public long Withdrawn { get; private set; }

    /// <summary>0.6 %, as Alipay takes it; in fen.</summary>
    public static long FeeOf(long fen) => ((fen * 6) + 500) / 1000;

    public void Payment(string trade, string order, long fen, DateTimeOffset at)
    {
        paid = (paid.Count + 1, paid.Fen + fen);
        Trade(trade, order, "交易", fen, -FeeOf(fen), "", at);
        Moved(trade, order, fen, "在线支付", at);
        Moved(trade, order, -FeeOf(fen), "收费", at);
    }

    public void Refund(string trade, string order, string refund, long fen, DateTimeOffset at)
    {
        returned = (returned.Count + 1, returned.Fen - fen);
        Trade(trade, order, "退款", -fen, FeeOf(fen), refund, at);
        Moved(trade, order, -fen, "交易退款", at);
        Moved(trade, order, FeeOf(fen), "退费", at);
    }

    /// <summary>A row whose word nobody has explained.</summary>
    public void Other(string trade, string order, long fen, DateTimeOffset at) => Trade(trade, order, "代扣", fen, 0, "", at);

    public void Withdrawal(string number, long fen, DateTimeOffset at)
    {
        Withdrawn += fen;
        Moved(number, "", -fen, "提现", at);
    }

    /// <summary>Closes both, with what their rows come to.</summary>
    public void End()
    {
        tradeRows.Write(string.Create(CultureInfo.InvariantCulture, $"#----业务明细列表结束----\r\n#交易合计：{paid.Count}笔，商家实收共{Yuan(paid.Fen)}元，商家优惠共0.00元\r\n#退款合计：{returned.Count}笔，商家实收退款共{Yuan(returned.Fen)}元，商家优惠退款共0.00元\r\n"));
        Exported(tradeRows);
        using (var sums = Entry(trades, "业务明细(汇总)"))
        {
            Begin(sums, "业务汇总", SumHeadings);
            var left = paid.Fen + returned.Fen;
            sums.Write(string.Create(CultureInfo.InvariantCulture, $"合计\t,合计\t,{paid.Count},{returned.Count},{Yuan(left)},{Yuan(left)},0.00,0.00,0.00,{Yuan(fees)},0.00,{Yuan(left + fees)}\r\n#----业务汇总列表结束----\r\n"));
            Exported(sums, close: false);
        }

        accountRows.Write(string.Create(CultureInfo.InvariantCulture, $"#----账务明细列表结束----\r\n#支出合计：{outs.Count}笔，共{Yuan(outs.Fen)}元\r\n#收入合计：{ins.Count}笔，共{Yuan(ins.Fen)}元\r\n"));
        Exported(accountRows);
        Dispose();
    }

    public void Dispose()
    {
        trades.Dispose();
        account.Dispose();
    }

    private static string Yuan(long fen) => Money.Cny(fen).ToDecimalString();

    private static string Time(DateTimeOffset at) => at.ToOffset(Beijing).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static ZipArchive New(string path) => new(File.Create(path), ZipArchiveMode.Create, leaveOpen: false, Gbk);

    private StreamWriter Entry(ZipArchive zip, string kind) =>
        new(zip.CreateEntry(string.Create(CultureInfo.InvariantCulture, $"{seller}0156_{day:yyyyMMdd}_{kind}.csv"), CompressionLevel.Fastest).Open(), Gbk, 64 * 1024);

    private void Begin(StreamWriter rows, string kind, string headings) => rows.Write(string.Create(
        CultureInfo.InvariantCulture,
        $"#支付宝{kind}查询\r\n#账号：[{seller}0156]\r\n#起始日期：[{day:yyyy年MM月dd日} 00:00:00]   终止日期：[{day.AddDays(1):yyyy年MM月dd日} 00:00:00]\r\n#----{kind}列表----\r\n{headings}\r\n"));

    private void Exported(StreamWriter rows, bool close = true)
    {
        rows.Write(string.Create(CultureInfo.InvariantCulture, $"#导出时间：[{day.AddDays(1):yyyy年MM月dd日} 05:46:49]\r\n"));
        if (close)
        {
            rows.Dispose();
        }
    }

    private void Trade(string trade, string order, string kind, long fen, long fee, string refund, DateTimeOffset at)
    {
        (Rows, fees) = (Rows + 1, fees + fee);
        var (time, amount) = (Time(at), Yuan(fen));
        tradeRows.Write($"{trade}\t,{order}\t,{kind}\t,Mint Mobile 5GB {order.AsSpan(0, 12)},{time},{time},\t,\t,\t,\t,*津水(602***@qq.com)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,{Yuan(fee)},0.00,\r\n");
    }

    /// <param name="fen">Positive: it came in.</param>
    private void Moved(string number, string order, long fen, string kind, DateTimeOffset at)
    {
        (ins, outs) = fen > 0 ? ((ins.Count + 1, ins.Fen + fen), outs) : (ins, (outs.Count + (fen < 0 ? 1 : 0), outs.Fen + fen));
        accountRows.Write(string.Create(CultureInfo.InvariantCulture, $"{++entries:D20}\t,{number}\t,{order}\t,Mint Mobile 5GB\t,{Time(at)},*津水(602***@qq.com)\t,{(fen > 0 ? Yuan(fen) : "")},{(fen < 0 ? Yuan(fen) : "")},0.00,支付宝\t,{kind}\t,\r\n"));
    }
}
