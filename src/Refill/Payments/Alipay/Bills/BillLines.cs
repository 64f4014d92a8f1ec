using System.IO.Hashing;
using System.Text;

namespace Refill.Payments.Alipay.Bills;

/// <summary>The lines of one file of a bill, GBK, read as they come; at the end its length and CRC are held against what the zip says.</summary>
internal sealed class BillLines(Stream stream, long length, uint crc, BillLimits limits) : IAsyncDisposable
{
    /// <summary>Of the shared framework. A nickname that was cut in the middle of a character is no reason to refuse a day: what is not GBK becomes a question mark, and columns that count are checked by themselves.</summary>
    internal static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding(936)!;

    private readonly Decoder decoder = Gbk.GetDecoder();
    private readonly byte[] bytes = new byte[32 * 1024];
    private readonly char[] chars = new char[32 * 1024 + 16];
    /// <summary>As zip files carry it (APPNOTE 4.4.7): .NET 10 reads an entry without holding its bytes against it.</summary>
    private readonly Crc32 checkSum = new();

    private readonly StringBuilder pending = new();
    private int at;
    private int count;
    private long total;
    private bool ended;

    /// <summary>Of the line that was read last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line, without its end; null after the last.</summary>
    /// <exception cref="StatementException">It is broken or too long.</exception>
    public async ValueTask<string?> NextAsync(CancellationToken cancellation)
    {
        pending.Clear();
        while (true)
        {
            if (at == count && !await FillAsync(cancellation))
            {
                return pending.Length == 0 ? null : Line(pending.ToString());
            }

            var rest = chars.AsSpan(at, count - at);
            var end = rest.IndexOf('\n');
            var piece = end < 0 ? rest : rest[..end];
            if (pending.Length + piece.Length > limits.LineLength)
            {
                throw new StatementException($"line {Number + 1} of the bill is longer than {limits.LineLength} characters");
            }

            at += end < 0 ? rest.Length : end + 1;
            if (end >= 0 && pending.Length == 0)
            {
                return Line(piece.ToString());
            }

            pending.Append(piece);
            if (end >= 0)
            {
                return Line(pending.ToString());
            }
        }
    }

    /// <summary>Cells between commas; in quotation marks a comma is text. Spaces and the TAB that keeps a spreadsheet from rounding are not part of a cell. Null: a quotation mark is left open.</summary>
    internal static List<string>? Cells(string line)
    {
        var cells = new List<string>(32);
        var start = 0;
        while (true)
        {
            if (start < line.Length && line[start] == '"')
            {
                var cell = new StringBuilder();
                var quoted = start + 1;
                for (; quoted < line.Length; quoted++)
                {
                    if (line[quoted] != '"')
                    {
                        cell.Append(line[quoted]);
                    }
                    else if (quoted + 1 < line.Length && line[quoted + 1] == '"')
                    {
                        cell.Append(line[++quoted]);
                    }
                    else
                    {
                        break;
                    }
                }

                if (quoted >= line.Length)
                {
                    return null;
                }

                var next = line.IndexOf(',', quoted);
                var rest = next < 0 ? line.AsSpan(quoted + 1) : line.AsSpan(quoted + 1, next - quoted - 1);
                if (!rest.IsWhiteSpace())
                {
                    return null;
                }

                cells.Add(cell.ToString().Trim());
                if (next < 0)
                {
                    return cells;
                }

                start = next + 1;
                continue;
            }

            var comma = line.IndexOf(',', start);
            cells.Add((comma < 0 ? line.AsSpan(start) : line.AsSpan(start, comma - start)).Trim().ToString());
            if (comma < 0)
            {
                return cells;
            }

            start = comma + 1;
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private string Line(string text)
    {
        Number++;
        return text.EndsWith('\r') ? text[..^1] : text;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        while (!ended)
        {
            int read;
            try
            {
                read = await stream.ReadAsync(bytes, cancellation);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException)
            {
                throw new StatementException($"the bill's zip is broken: {error.GetType().Name}");
            }

            total += read;
            checkSum.Append(bytes.AsSpan(0, read));
            ended = read == 0;
            if (total > length || (ended && (total != length || checkSum.GetCurrentHashAsUInt32() != crc)))
            {
                throw new StatementException("the bill's zip is broken: length or check sum do not agree");
            }

            (at, count) = (0, decoder.GetChars(bytes, 0, read, chars, 0, flush: ended));
            if (count > 0)
            {
                return true;
            }
        }

        return false;
    }
}
