using System.IO.Compression;
using System.Text;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Bills as Alipay's files are described in several readers of them, made by the test itself.</summary>
internal static class BillMaker
{
    public const string Headings =
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

    public const string SumHeadings = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";

    public const string AccountHeadings = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";

    public static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding(936)!;

    public static string Row(string trade, string order, string kind, string amount, string fee, string refund = "", string remark = "") =>
        $"{trade}\t,{order}\t,{kind}\t,充值 5GB,2026-11-22 10:55:16,2026-11-22 10:55:23,\t,\t,\t,\t,*津水(602***@qq.com)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,{fee},0.00,{remark}";

    public static string Details(IEnumerable<string> rows, string closing, string headings = Headings, string day = "2026年11月22日", string account = AlipayWire.SellerId) =>
        $"#支付宝业务明细查询\r\n#账号：[{account}0156]\r\n#起始日期：[{day} 00:00:00]   终止日期：[2026年11月23日 00:00:00]\r\n#----业务明细列表----\r\n{headings}\r\n"
        + string.Concat(rows.Select(row => row + "\r\n")) + $"#----业务明细列表结束----\r\n{closing}#导出时间：[2026年11月23日 05:46:49]\r\n";

    public static string Closing(int payments, string received, int refunds, string returned) =>
        $"#交易合计：{payments}笔，商家实收共{received}元，商家优惠共0.00元\r\n#退款合计：{refunds}笔，商家实收退款共{returned}元，商家优惠退款共0.00元\r\n";

    public static string Sums(int payments, int refunds, string amount, string fee, string net, string day = "2026年11月22日") =>
        $"#支付宝业务汇总查询\r\n#账号：[{AlipayWire.SellerId}0156]\r\n#起始日期：[{day} 00:00:00]   终止日期：[2026年11月23日 00:00:00]\r\n#----业务汇总列表----\r\n{SumHeadings}\r\n"
        + $"合计\t,合计\t,{payments},{refunds},{amount},{amount},0.00,0.00,0.00,{fee},0.00,{net}\r\n#----业务汇总列表结束----\r\n#导出时间：[2026年11月23日 05:46:49]\r\n";

    public static string Account(IEnumerable<string> rows, string closing, string headings = AccountHeadings) =>
        $"#支付宝账务明细查询\r\n#账号：[{AlipayWire.SellerId}0156]\r\n#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]\r\n#----账务明细列表----\r\n{headings}\r\n"
        + string.Concat(rows.Select(row => row + "\r\n")) + $"#----账务明细列表结束----\r\n{closing}#导出时间：[2026年11月23日 05:46:49]\r\n";

    public static byte[] Zip(params (string Name, string Text)[] files)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true, Gbk))
        {
            foreach (var (name, text) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Gbk.GetBytes(text));
            }
        }

        return buffer.ToArray();
    }

    public static byte[] Trades(string details, string sums) => Zip(("20880000000000010156_20261122_业务明细.csv", details), ("20880000000000010156_20261122_业务明细(汇总).csv", sums));
}
