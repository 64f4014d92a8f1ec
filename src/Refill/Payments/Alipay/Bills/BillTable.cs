using System.Globalization;
using Refill.Units;

namespace Refill.Payments.Alipay.Bills;

/// <summary>
/// The shape that all of Alipay's bills have: lines that begin with # say whose and of which day it is, then the headings, the rows, a # line that ends them, and # lines
/// that sum them up. What is not so is no bill.
/// </summary>
internal sealed class BillTable(BillLines lines, string account, DateOnly day)
{
    private bool ended;

    /// <summary>The headings, in the order of the cells of a row.</summary>
    public IReadOnlyList<string> Headings { get; private set; } = [];

    /// <summary>The # lines after the rows, without the #.</summary>
    public List<string> Closing { get; } = [];

    public int Line => lines.Number;

    /// <summary>Reads up to the headings.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        var dated = false;
        while (await lines.NextAsync(cancellation) is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                Headings = BillLines.Cells(line) is { } cells && dated ? cells : throw Unfit("the headings are broken, or stand before the day that they are of");
                return;
            }

            // The account is the seller's id and four digits more.
            if (Between(line, "#账号：[", "]") is { } of && !of.StartsWith(account, StringComparison.Ordinal))
            {
                throw Unfit("it is of another account");
            }

            if (Between(line, "#起始日期：[", "]") is { } from)
            {
                dated = from.StartsWith(day.ToString("yyyy年MM月dd日", CultureInfo.InvariantCulture), StringComparison.Ordinal) ? true : throw Unfit("it is of another day");
            }
        }

        throw Unfit("it has no headings");
    }

    /// <summary>The cells of the next row, as many as there are headings; null at the end.</summary>
    public async ValueTask<List<string>?> NextAsync(CancellationToken cancellation)
    {
        while (await lines.NextAsync(cancellation) is { } line)
        {
            if (line.Length > 0 && line[0] == '#')
            {
                ended = true;
                if (Closing.Count < 20)
                {
                    Closing.Add(line[1..]);
                }
            }
            else if (line.AsSpan().Trim().Length > 0)
            {
                return !ended && BillLines.Cells(line) is { } cells && cells.Count == Headings.Count
                    ? cells
                    : throw Unfit(ended ? "rows follow its end" : $"a row has not {Headings.Count} cells");
            }
        }

        return ended ? null : throw Unfit("it breaks off before its end");
    }

    public Money Amount(List<string> cells, int column) =>
        Money.TryParseDecimal(cells[column], Currency.Cny, out var money) ? money : throw Unfit($"what stands under {Headings[column]} is no amount");

    public DateTimeOffset Time(List<string> cells, int column) => AlipayTime.Parse(cells[column]) ?? throw Unfit($"what stands under {Headings[column]} is no time");

    public string Number(List<string> cells, int column) =>
        cells[column] is { Length: > 0 and <= 64 } number && !number.Any(char.IsControl) ? number : throw Unfit($"what stands under {Headings[column]} is no number of at most 64 characters");

    /// <summary>As <see cref="Number"/>, or null where there is none.</summary>
    public string? OptionalNumber(List<string> cells, int column) => cells[column].Length == 0 ? null : Number(cells, column);

    public StatementException Unfit(string why) => new($"Alipay's bill of {AlipayTime.Format(day)}, line {lines.Number}: {why}");

    /// <summary>What stands between two texts; null if they are not there.</summary>
    public static string? Between(string line, string before, string after)
    {
        var start = line.IndexOf(before, StringComparison.Ordinal);
        var end = start < 0 ? -1 : line.IndexOf(after, start + before.Length, StringComparison.Ordinal);
        return end < 0 ? null : line[(start + before.Length)..end];
    }

    /// <summary>A closing line: how many, and how much in all.</summary>
    public (long Count, Money Sum) Sum(string title, string words)
    {
        var line = Closing.Find(one => one.StartsWith(title, StringComparison.Ordinal)) ?? throw Unfit($"it does not close with {title}");
        return long.TryParse(Between(line, title, "笔"), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && Money.TryParseDecimal(Between(line, words, "元")?.Replace(",", "", StringComparison.Ordinal), Currency.Cny, out var sum)
            ? (count, sum)
            : throw Unfit($"what closes it under {title} cannot be read");
    }
}
