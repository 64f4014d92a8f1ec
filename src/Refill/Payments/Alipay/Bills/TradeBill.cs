using System.Globalization;
using System.Runtime.CompilerServices;
using Refill.Units;

namespace Refill.Payments.Alipay.Bills;

/// <summary>The bill of a day's payments and refunds (bill_type trade): columns by name, all of them, in their order; sums held against the rows.</summary>
internal static class TradeBill
{
    private const string Payment = "交易";
    private const string Refund = "退款";

    private static readonly string[] Columns =
    [
        "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称", "操作员", "终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）",
        "集分宝（元）", "支付宝优惠（元）", "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）", "卡消费金额（元）", "退款批次号/请求号", "服务费（元）", "分润（元）", "备注",
    ];

    private static readonly string[] SumColumns =
    [
        "门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）", "商家实收（元）", "支付宝优惠（元）", "商家优惠（元）", "卡消费金额（元）", "服务费（元）", "分润（元）", "实收净额（元）",
    ];

    private static readonly (int Trade, int Order, int Kind, int DoneAt, int Amount, int Received, int Refund, int Fee, int Share) At =
        (0, 1, 2, 5, 11, 12, 21, 22, 23);

    /// <exception cref="StatementException">It is no such bill, or its sums do not agree.</exception>
    public static async IAsyncEnumerable<StatementRow> ReadAsync(BillFile file, string account, DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sums = await SumsAsync(file, account, day, cancellation);
        await using var lines = file.Read("业务", summary: false);
        var table = new BillTable(lines, account, day);
        await table.BeginAsync(cancellation);
        if (!table.Headings.SequenceEqual(Columns))
        {
            throw table.Unfit("its columns are not those that are known");
        }

        var totals = new Totals();
        while (await table.NextAsync(cancellation) is { } cells)
        {
            var kind = cells[At.Kind] switch { Payment => StatementKind.Payment, Refund => StatementKind.Refund, _ => StatementKind.Other };
            var (amount, received, fee) = (table.Amount(cells, At.Amount), table.Amount(cells, At.Received), table.Amount(cells, At.Fee));
            if ((kind == StatementKind.Payment && amount.Minor < 0) || (kind == StatementKind.Refund && amount.Minor > 0))
            {
                throw table.Unfit("a payment is negative, or a refund positive");
            }

            totals.Add(kind, amount, received, fee, table.Amount(cells, At.Share));
            yield return new StatementRow(
                table.Line,
                kind,
                table.OptionalNumber(cells, At.Order),
                kind == StatementKind.Payment ? null : table.OptionalNumber(cells, At.Refund),
                table.Number(cells, At.Trade),
                amount,
                sums.FeeIsSubtracted ? fee : -fee,
                table.Time(cells, At.DoneAt),
                cells[At.Kind] is { Length: <= 100 } text ? text : cells[At.Kind][..100]);
        }

        Compare(table, totals, sums);
    }

    private static void Compare(BillTable table, Totals rows, Sums sums)
    {
        var (payments, received) = table.Sum("交易合计：", "商家实收共");
        var (refunds, returned) = table.Sum("退款合计：", "商家实收退款共");
        if ((payments, received, refunds, returned) != (rows.Payments, rows.Received, rows.Refunds, rows.Returned))
        {
            throw table.Unfit("what it closes with does not agree with its rows");
        }

        // Nobody says whether the sums of orders and of what was received are before or after refunds; what is left in the end is after them.
        var fees = sums.FeeIsSubtracted ? -rows.Fees : rows.Fees;
        if ((sums.Payments, sums.Refunds, sums.Fee) != (rows.Payments, rows.Refunds, rows.Fees)
            || (sums.Amount != rows.Amount && sums.Amount != rows.Amount + rows.Back)
            || (sums.Received != rows.Received && sums.Received != rows.Received + rows.Returned)
            || (sums.Net != rows.Received + rows.Returned + fees + rows.Shares && sums.Net != rows.Received + rows.Returned + fees - rows.Shares))
        {
            throw table.Unfit("the file that sums it up does not agree with its rows");
        }
    }

    private static async Task<Sums> SumsAsync(BillFile file, string account, DateOnly day, CancellationToken cancellation)
    {
        await using var lines = file.Read("业务", summary: true);
        var table = new BillTable(lines, account, day);
        await table.BeginAsync(cancellation);
        if (!table.Headings.SequenceEqual(SumColumns))
        {
            throw table.Unfit("the columns of its sums are not those that are known");
        }

        Sums? found = null;
        while (await table.NextAsync(cancellation) is { } cells)
        {
            // A line for each shop, and one of all.
            if (cells[0] == "合计")
            {
                found = found is null ? new Sums(Count(2), Count(3), table.Amount(cells, 4), table.Amount(cells, 5), table.Amount(cells, 9), table.Amount(cells, 11)) : throw table.Unfit("it sums up twice");
            }

            long Count(int column) =>
                long.TryParse(cells[column], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : throw table.Unfit($"what stands under {SumColumns[column]} is no count");
        }

        return found ?? throw table.Unfit("it does not sum up");
    }

    private sealed record Sums(long Payments, long Refunds, Money Amount, Money Received, Money Fee, Money Net)
    {
        /// <summary>How fees are written follows from the sums: what is left is what was received and the fees, which are negative where they are kept, or what was received less the fees.</summary>
        public bool FeeIsSubtracted => Fee.Minor != 0 && Net == Received - Fee && Net != Received + Fee;
    }

    private sealed class Totals
    {
        public long Payments { get; private set; }
        public long Refunds { get; private set; }

        /// <summary>Of the payments, and of the refunds (negative).</summary>
        public Money Amount { get; private set; } = Money.Cny(0);
        public Money Back { get; private set; } = Money.Cny(0);
        public Money Received { get; private set; } = Money.Cny(0);
        public Money Returned { get; private set; } = Money.Cny(0);
        public Money Fees { get; private set; } = Money.Cny(0);
        public Money Shares { get; private set; } = Money.Cny(0);

        public void Add(StatementKind kind, Money amount, Money received, Money fee, Money share)
        {
            if (kind == StatementKind.Payment)
            {
                (Payments, Amount, Received) = (Payments + 1, Amount + amount, Received + received);
            }
            else if (kind == StatementKind.Refund)
            {
                (Refunds, Back, Returned) = (Refunds + 1, Back + amount, Returned + received);
            }

            (Fees, Shares) = (Fees + fee, Shares + share);
        }
    }
}
