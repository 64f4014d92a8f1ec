using System.Globalization;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// The shape of WeChat Pay's statements, line by line: a heading, rows whose cells begin with a backtick, a second heading, one row of sums. A heading that has changed or a
/// cell too many makes the whole file unfit.
/// </summary>
internal sealed class WeChatPayTable(string heading, string sumHeading)
{
    /// <summary>Of a fen in amounts with five decimals.</summary>
    public const long Fen = 1000;

    private readonly int cells = heading.Count(c => c == ',') + 1;
    private readonly int sumCells = sumHeading.Count(c => c == ',') + 1;
    private Part part;

    private enum Part
    {
        Heading,
        Rows,
        Sums,
        End,
    }

    /// <summary>Of the line that was read last, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>The last line's cells, once the end has been read.</summary>
    public string[]? Sums { get; private set; }

    /// <summary>The next line, without its end: a row's cells, or null: the line was none, but is as it should be.</summary>
    /// <exception cref="StatementException">The file is unfit.</exception>
    public string[]? Row(string text)
    {
        Line++;
        switch (part)
        {
            case Part.Heading when text == heading:
                part = Part.Rows;
                return null;
            case Part.Heading:
                throw Unfit("the heading is not the one that is known");
            case Part.Rows when text == sumHeading:
                part = Part.Sums;
                return null;
            case Part.Rows:
                return Split(text, cells);
            case Part.Sums:
                Sums = Split(text, sumCells);
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

    /// <summary>Yuan in hundred-thousandths: digits, at most five of them after the point, and a minus. No exponent, no grouping.</summary>
    public long Amount(string cell)
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

    /// <summary>Yuan in fen.</summary>
    public long Whole(string cell)
    {
        var amount = Amount(cell);
        return amount % Fen == 0 ? amount / Fen : throw Unfit("an amount with a part of a fen");
    }

    public DateTimeOffset Time(string cell) => WeChatPayTime.ParseRow(cell) ?? throw Unfit("a time that is none");

    public string Needed(string cell) => Number(cell) ?? throw Unfit("a row without WeChat Pay's number");

    /// <summary>A number; "0" and nothing: there is none.</summary>
    public static string? Number(string cell) => cell is "" or "0" ? null : cell.Length <= 64 ? cell : cell[..64];

    public StatementException Unfit(string why) => new($"WeChat Pay's statement is unfit at line {Line}: {why}");

    /// <summary>Cells stand between ",`", so that commas within them do no harm.</summary>
    private string[] Split(string text, int count)
    {
        var split = text.StartsWith('`') ? text[1..].Split(",`") : [];
        return split.Length == count ? split : throw Unfit($"{count} cells were expected, and there are {split.Length}");
    }
}
