namespace Refill.Sandbox.Alipay.Bills;

/// <summary>What stands in the two files of a bill: which one it is, its columns, its rows, and the lines after them.</summary>
/// <param name="Name">Such as 业务: 业务明细, 业务汇总.</param>
internal sealed record BillTable(string Name, string[] Columns, List<string[]> Rows, List<string> Closing, string[] SummaryColumns, List<string[]> Summary)
{
    /// <summary>As Alipay's files have it (several repositories that read them agree): where a text ends in a TAB so that a spreadsheet leaves its digits alone.</summary>
    private const string Tab = "\t";

    private static readonly string[] TradeColumns =
    [
        "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称", "操作员", "终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）",
        "集分宝（元）", "支付宝优惠（元）", "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）", "卡消费金额（元）", "退款批次号/请求号", "服务费（元）", "分润（元）", "备注",
    ];

    private static readonly string[] TradeSummaryColumns =
    [
        "门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）", "商家实收（元）", "支付宝优惠（元）", "商家优惠（元）", "卡消费金额（元）", "服务费（元）", "分润（元）", "实收净额（元）",
    ];

    private static readonly string[] AccountColumns =
        ["账务流水号", "业务流水号", "商户订单号", "商品名称", "发生时间", "对方账号", "收入金额（+元）", "支出金额（-元）", "账户余额（元）", "交易渠道", "业务类型", "备注"];

    private static readonly string[] AccountSummaryColumns = ["类型", "收入笔数", "收入金额（+元）", "支出笔数", "支出金额（-元）", "总金额（元）"];

    /// <summary>bill_type trade: one row for each payment and each refund.</summary>
    internal static BillTable OfTrades(List<BillRow> rows)
    {
        var (payments, refunds) = (rows.FindAll(row => !row.IsRefund), rows.FindAll(row => row.IsRefund));
        var (fen, fee) = (rows.Sum(row => row.Fen), rows.Sum(row => row.FeeFen));
        return new BillTable(
            "业务",
            TradeColumns,
            rows.ConvertAll(row => (string[])
            [
                row.TradeNumber + Tab, row.Order + Tab, (row.IsRefund ? "退款" : "交易") + Tab, row.Subject, AlipayWords.Time(row.CreatedAt), AlipayWords.Time(row.DoneAt),
                Tab, Tab, Tab, Tab, SandboxBuyer.Logon + Tab, Signed(row.Fen), Signed(row.Fen), "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00" + Tab, "0.00",
                row.RefundNumber + Tab, Signed(row.FeeFen), "0.00", "",
            ]),
            [
                $"交易合计：{payments.Count}笔，商家实收共{Signed(payments.Sum(row => row.Fen))}元，商家优惠共0.00元",
                $"退款合计：{refunds.Count}笔，商家实收退款共{Signed(refunds.Sum(row => row.Fen))}元，商家优惠退款共0.00元",
            ],
            TradeSummaryColumns,
            [["合计" + Tab, "合计" + Tab, $"{payments.Count}", $"{refunds.Count}", Signed(fen), Signed(fen), "0.00", "0.00", "0.00", Signed(fee), "0.00", Signed(fen + fee)]]);
    }

    /// <summary>bill_type signcustomer: one row for each movement of the merchant's account, fees apart from what they were taken for.</summary>
    /// <param name="before">All that was before the bill's time: the account's balance, and how many movements there have been.</param>
    internal static BillTable OfAccount(List<BillRow> before, List<BillRow> rows)
    {
        var (balance, number) = (before.Sum(row => row.Fen + row.FeeFen), before.SelectMany(Movements).LongCount());
        var movements = rows.SelectMany(Movements).ToList();
        return new BillTable(
            "账务",
            AccountColumns,
            movements.ConvertAll(movement =>
            {
                balance += movement.Fen;
                number++;
                return (string[])
                [
                    $"{movement.Row.TradeNumber[..8]}{number:000000000}" + Tab, movement.Row.TradeNumber + Tab, movement.Row.Order + Tab, movement.Row.Subject, AlipayWords.Time(movement.Row.DoneAt),
                    SandboxBuyer.Logon + Tab, movement.Fen > 0 ? Signed(movement.Fen) : "0.00", movement.Fen < 0 ? Signed(movement.Fen) : "0.00", Signed(balance), "支付宝" + Tab,
                    movement.Kind + Tab, movement.Row.RefundNumber ?? "",
                ];
            }),
            [$"支出合计：{Count(movements, -1)}笔，共{Sum(movements, -1)}元", $"收入合计：{Count(movements, 1)}笔，共{Sum(movements, 1)}元"],
            AccountSummaryColumns,
            [
                .. movements.Select(movement => movement.Kind).Distinct().Append("合计").Select(kind =>
                {
                    var own = movements.FindAll(movement => kind == "合计" || movement.Kind == kind);
                    return (string[])[kind + Tab, Count(own, 1), Sum(own, 1), Count(own, -1), Sum(own, -1), Signed(own.Sum(movement => movement.Fen))];
                }),
            ]);
    }

    /// <summary>The kinds of movement in Alipay's words: paid online, refunded, charged for, charge sent back.</summary>
    private static IEnumerable<(BillRow Row, string Kind, long Fen)> Movements(BillRow row) =>
        new[] { (row, row.IsRefund ? "交易退款" : "在线支付", row.Fen), (row, row.IsRefund ? "退费" : "收费", row.FeeFen) }.Where(movement => movement.Item3 != 0);

    private static string Count(List<(BillRow Row, string Kind, long Fen)> movements, int sign) => $"{movements.Count(movement => Math.Sign(movement.Fen) == sign)}";

    private static string Sum(List<(BillRow Row, string Kind, long Fen)> movements, int sign) => Signed(movements.Where(movement => Math.Sign(movement.Fen) == sign).Sum(movement => movement.Fen));

    private static string Signed(long fen) => fen < 0 ? $"-{AlipayWords.Yuan(-fen)}" : AlipayWords.Yuan(fen);
}
