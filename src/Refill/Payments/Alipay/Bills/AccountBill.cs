using System.Runtime.CompilerServices;
using Refill.Units;

namespace Refill.Payments.Alipay.Bills;

/// <summary>
/// The bill of a day's movements of the seller's account (bill_type signcustomer), of which only the money that left to the bank is read: the rest is in the bill of trades.
/// Its columns are those of several files and readers from 2012 to 2026; newer ones carry more of them, so they are found by name.
/// </summary>
internal static class AccountBill
{
    private const string Withdrawal = "提现";

    /// <exception cref="StatementException">It is no such bill, or its sums do not agree.</exception>
    public static async IAsyncEnumerable<StatementRow> WithdrawalsAsync(BillFile file, string account, DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var lines = file.Read("账务", summary: false);
        var table = new BillTable(lines, account, day);
        await table.BeginAsync(cancellation);
        var (number, at, income, expense, kind) = (Column("账务流水号"), Column("发生时间"), Column("收入金额（+元）"), Column("支出金额（-元）"), Column("业务类型"));
        var (ins, outs, came, went) = (0L, 0L, Money.Cny(0), Money.Cny(0));
        while (await table.NextAsync(cancellation) is { } cells)
        {
            var (plus, minus) = (Empty(cells[income]) ? Money.Cny(0) : table.Amount(cells, income), Empty(cells[expense]) ? Money.Cny(0) : table.Amount(cells, expense));
            minus = minus.Minor > 0 ? -minus : minus; // Its heading says the sign; files differ in whether the cell repeats it.
            (ins, outs, came, went) = (ins + (plus.Minor != 0 ? 1 : 0), outs + (minus.Minor != 0 ? 1 : 0), came + plus, went + minus);
            if (cells[kind] == Withdrawal)
            {
                // A withdrawal that the bank sent back comes in again under the same word.
                yield return new StatementRow(table.Line, StatementKind.Settlement, null, null, table.Number(cells, number), plus + minus, Money.Cny(0), table.Time(cells, at), Withdrawal);
            }
        }

        var (spent, received) = (table.Sum("支出合计：", "共"), table.Sum("收入合计：", "共"));
        if (spent.Count != outs || Math.Abs(spent.Sum.Minor) != -went.Minor || received.Count != ins || received.Sum != came)
        {
            throw table.Unfit("what it closes with does not agree with its rows");
        }

        int Column(string name)
        {
            var column = table.Headings.ToList().IndexOf(name);
            return column >= 0 && table.Headings.Count(heading => heading == name) == 1 ? column : throw table.Unfit($"it has no column {name} (the columns of this bill can be chosen at Alipay: the default ones are read)");
        }
    }

    private static bool Empty(string cell) => cell.Length == 0;
}
