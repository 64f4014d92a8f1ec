using System.Globalization;
using System.IO.Compression;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using ExcelDataReader;

namespace Refill.Catalogue;

/// <param name="Line">Where the row begins, from 1.</param>
/// <param name="Fault">Why its cells cannot be relied on; null: they can.</param>
internal sealed record SheetRow(int Line, IReadOnlyList<string> Cells, string? Fault);

/// <summary>A file cannot be read as a sheet at all.</summary>
internal sealed class SheetException(string message) : Exception(message);

/// <summary>Rows of text out of a file that people make with a spreadsheet: CSV in UTF-8, or a workbook (XLSX). The first row is the heading; blank rows are passed over.</summary>
internal static class Sheet
{
    public const int MaxBytes = 5 * 1024 * 1024;

    /// <summary>A workbook is a zip, and a small zip can hold very much.</summary>
    private const long MaxUnpacked = 200L * 1024 * 1024;

    private const int MaxCells = 1_000;

    /// <param name="heading">The line that the heading stands in; what is above it is passed over.</param>
    /// <param name="name">Of a workbook's sheet; null: its first.</param>
    /// <exception cref="SheetException">It is no such file, or too large; also while the rows are read.</exception>
    public static async Task<IEnumerable<SheetRow>> ReadAsync(Stream stream, int heading, string? name, CancellationToken cancellation)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[81920];
        for (int length; (length = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (bytes.Length + length > MaxBytes)
            {
                throw new SheetException($"is larger than {MaxBytes / 1024 / 1024} MiB");
            }

            bytes.Write(buffer, 0, length);
        }

        bytes.Position = 0;
        return bytes.GetBuffer().AsSpan(0, (int)bytes.Length).StartsWith("PK\u0003\u0004"u8) ? Workbook(bytes, heading, name) : Csv(bytes, heading);
    }

    private static IEnumerable<SheetRow> Csv(MemoryStream bytes, int heading)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new SheetException("is not UTF-8");
        }

        return Rows();

        IEnumerable<SheetRow> Rows()
        {
            var misquoted = false;
            var settings = new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = _ => misquoted = true, TrimOptions = TrimOptions.Trim, DetectColumnCountChanges = false, IgnoreBlankLines = false };
            using var csv = new CsvParser(new StringReader(text), settings);

            // The line is where the record begins: a quotation mark that is never closed runs to the end of the file.
            for (var line = 1; csv.Read(); line = csv.RawRow + 1)
            {
                var isBlank = csv is { Count: 1 } && csv[0].Length == 0;
                if (line >= heading && !isBlank)
                {
                    // Cells are read to find out about their quotation marks.
                    var cells = csv.Record!;
                    yield return new SheetRow(line, cells, misquoted ? "has a quotation mark out of place: a cell with one stands in quotation marks, and the mark in it is doubled" : null);
                }

                misquoted = false;
            }
        }
    }

    private static IEnumerable<SheetRow> Workbook(MemoryStream bytes, int heading, string? name)
    {
        Checked(() =>
        {
            using var zip = new ZipArchive(bytes, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.Entries.Sum(entry => entry.Length) > MaxUnpacked)
            {
                throw new SheetException($"holds more than {MaxUnpacked / 1024 / 1024} MiB");
            }

            return true;
        });
        bytes.Position = 0;
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance); // The library looks for windows-1252, also where nothing is written in it.
        using var reader = Checked(() => ExcelReaderFactory.CreateOpenXmlReader(bytes));
        while (name is not null && reader.Name != name)
        {
            if (!Checked(reader.NextResult))
            {
                throw new SheetException($"has no sheet '{name}'");
            }
        }

        // A sheet has as many columns as its widest row: what is behind the heading's last and empty is none.
        var width = 0;
        for (var line = 1; Checked(reader.Read); line++)
        {
            if (reader.FieldCount > MaxCells)
            {
                throw new SheetException($"has more than {MaxCells} columns");
            }

            string[] cells = [.. Enumerable.Range(0, reader.FieldCount).Select(column => Text(reader.GetValue(column)))];
            var used = Array.FindLastIndex(cells, cell => cell.Length > 0) + 1;
            if (line >= heading && used > 0)
            {
                width = width == 0 ? used : width;
                yield return new SheetRow(line, used > width ? cells : cells[..width], null);
            }
        }
    }

    /// <summary>As it would stand in a CSV: a workbook keeps numbers as binary fractions, which are read with the fifteen digits that they were typed with.</summary>
    private static string Text(object? value) => value switch
    {
        null => "",
        string text => text.Trim(),
        bool flag => flag ? "TRUE" : "FALSE",
        double number when Math.Abs(number) < 1e15 => ((decimal)number).ToString(CultureInfo.InvariantCulture),
        DateTime moment => moment.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>The reader's own exceptions are of many kinds.</summary>
    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
#pragma warning disable CA1031 // Whatever a broken workbook makes the library do, the file is refused.
        catch (Exception error) when (error is not (SheetException or OutOfMemoryException))
#pragma warning restore CA1031
        {
            throw new SheetException($"is no workbook that can be read ({error.GetType().Name})");
        }
    }
}
