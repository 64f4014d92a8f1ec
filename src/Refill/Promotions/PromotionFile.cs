using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;

namespace Refill.Promotions;

/// <summary>A row of a file, as texts.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Fault">Why its cells cannot be relied on; null: they can.</param>
internal sealed record FileRow(int Line, IReadOnlyDictionary<string, string> Cells, string? Fault);

/// <summary>A file cannot be read at all.</summary>
internal sealed class PromotionFileException(string message) : Exception(message);

/// <summary>Rows out of a file: CSV with a heading, or JSON lines with the same names (a first character '{' says so). UTF-8.</summary>
internal static class PromotionFile
{
    public const int MaxBytes = 5 * 1024 * 1024;

    /// <exception cref="PromotionFileException">It is no such file, or too large.</exception>
    public static async Task<IReadOnlyList<FileRow>> ReadAsync(Stream stream, int maxRows, CancellationToken cancellation)
    {
        var bytes = new byte[MaxBytes + 1];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (length > MaxBytes)
        {
            throw new PromotionFileException($"is larger than {MaxBytes / 1024 / 1024} MiB");
        }

        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new PromotionFileException("is not UTF-8");
        }

        var rows = new List<FileRow>();
        foreach (var row in text.AsSpan().TrimStart().StartsWith("{") ? Lines(text) : Csv(text))
        {
            cancellation.ThrowIfCancellationRequested();
            if (rows.Count == maxRows)
            {
                throw new PromotionFileException($"has more than {maxRows} promotions");
            }

            rows.Add(row);
        }

        return rows.Count > 0 ? rows : throw new PromotionFileException("holds no promotion");
    }

    private static IEnumerable<FileRow> Lines(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return Line(number, line);
            }
        }
    }

    private static FileRow Line(int number, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 2, AllowDuplicateProperties = false });
            var cells = new Dictionary<string, string>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                cells[property.Name] = property.Value.ValueKind switch
                {
                    JsonValueKind.String => property.Value.GetString()!.Trim(),
                    JsonValueKind.Number => property.Value.GetRawText(),
                    JsonValueKind.True => "yes",
                    JsonValueKind.False => "no",
                    JsonValueKind.Null => "",
                    _ => throw new JsonException(),
                };
            }

            return new FileRow(number, cells, null);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return new FileRow(number, new Dictionary<string, string>(), "is no JSON object of texts, numbers and true or false");
        }
    }

    private static IEnumerable<FileRow> Csv(string text)
    {
        var misquoted = false;
        var settings = new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = _ => misquoted = true, TrimOptions = TrimOptions.Trim, DetectColumnCountChanges = false, IgnoreBlankLines = false };
        using var csv = new CsvParser(new StringReader(text), settings);
        string[]? heading = null;
        for (var line = 1; csv.Read(); line = csv.RawRow + 1)
        {
            var cells = csv.Record!;
            if (cells is [""])
            {
                continue;
            }

            if (heading is null)
            {
                heading = cells;
                if (heading.Distinct().Count() != heading.Length)
                {
                    throw new PromotionFileException($"has the column {heading.GroupBy(column => column).First(column => column.Count() > 1).Key} twice");
                }

                continue;
            }

            yield return cells.Length == heading.Length
                ? new FileRow(line, heading.Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second), misquoted ? "has a quotation mark out of place" : null)
                : new FileRow(line, new Dictionary<string, string>(), $"has {cells.Length} cells; the heading has {heading.Length}");
            misquoted = false;
        }
    }
}
