using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Refill.Catalogue;

/// <summary>A mapping cannot be used; the message says where and why.</summary>
public sealed class MappingException(string message) : Exception(message);

/// <summary>
/// How somebody else's price list is read as ours (docs/catalogue-format.md): for each of our columns a column of theirs, or a text that is the same for all rows. Values in, values out;
/// what comes out is read as if it stood in a file of our own, so that one set of rules holds for both.
/// </summary>
public sealed class PriceListMapping
{
    public const int MaxBytes = 256 * 1024;
    private const int MaxSkips = 100;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    private readonly Mapped read;

    private PriceListMapping(Mapped read) => this.read = read;

    /// <summary>How a cell's text becomes ours.</summary>
    private enum Form
    {
        Text,

        /// <summary>A code: lower-case letters, digits and hyphens; what is longer than a code may be ends in a sum of its letters.</summary>
        Code,

        /// <summary>Dollars with any number of decimals, rounded up to the cent: the seller is never paid short.</summary>
        Dollars,
        Megabytes,
        Gigabytes,

        /// <summary>A number: whole, also when it is written as 128.0.</summary>
        Number,

        /// <summary>Kilobits a second as what follows the quota: throttled:128.</summary>
        ThrottledKbps,
        Days,
        Hours24,
        Months,
    }

    private sealed record Mapped(IReadOnlyDictionary<string, Column> Columns, string? Sheet = null, int Heading = 1, IReadOnlyList<Skip>? Skip = null);

    /// <param name="Is">The same text in every row.</param>
    /// <param name="From">Their column, or several whose texts are joined by a hyphen.</param>
    /// <param name="Words">Their text, and ours for it, as it is; looked at first.</param>
    /// <param name="Empty">Ours where theirs is empty.</param>
    /// <param name="Html">Theirs is written as in a page: &amp;amp; is &amp;.</param>
    /// <param name="Suffix">Appended where another column of theirs holds a text.</param>
    private sealed record Column(string? Is = null, [property: JsonConverter(typeof(Names))] IReadOnlyList<string>? From = null, Form As = Form.Text, IReadOnlyDictionary<string, string>? Words = null, string? Empty = null, bool Html = false, Suffix? Suffix = null);

    /// <param name="Text">Such as "/day".</param>
    private sealed record Suffix(string Column, string Is, string Text);

    /// <summary>Rows that are not for sale here, and why.</summary>
    private sealed record Skip(string Column, string Is, string Reason);

    /// <summary>The sheet of a workbook; null: its first.</summary>
    public string? Sheet => read.Sheet;

    /// <summary>The line that the heading stands in, from 1.</summary>
    public int Heading => read.Heading;

    /// <summary>Theirs that are needed.</summary>
    internal IEnumerable<string> Needed => read.Columns.Values.SelectMany(column => (column.From ?? []).Concat(column.Suffix is { } suffix ? [suffix.Column] : []))
        .Concat((read.Skip ?? []).Select(skip => skip.Column)).Distinct();

    /// <exception cref="MappingException">It cannot be used.</exception>
    public static PriceListMapping Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
        {
            throw new MappingException($"the mapping is larger than {MaxBytes / 1024} KiB");
        }

        Mapped mapped;
        try
        {
            mapped = JsonSerializer.Deserialize<Mapped>(json.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json, Json) ?? throw new MappingException("the mapping is empty");
        }
        catch (JsonException wrong)
        {
            throw new MappingException($"the mapping cannot be read at {wrong.Path ?? "$"}, line {wrong.LineNumber + 1}: it must be JSON as docs/catalogue-format.md says");
        }

        if (mapped.Columns is null || mapped.Heading is < 1 or > 1000 || mapped.Skip?.Count > MaxSkips)
        {
            throw new MappingException($"the mapping needs columns; its heading may stand in lines 1 to 1000, and it may skip for {MaxSkips} reasons");
        }

        foreach (var (name, column) in mapped.Columns)
        {
            if (!CatalogueLine.Columns.Contains(name) && !CatalogueLine.MayBeMissing.Contains(name))
            {
                throw new MappingException($"the mapping has the column {name}, which the catalogue has not");
            }

            if (column is null || (column.Is is null) == (column.From is not { Count: > 0 }))
            {
                throw new MappingException($"the mapping's column {name} needs either \"is\" or \"from\"");
            }
        }

        return CatalogueLine.Columns.FirstOrDefault(column => !mapped.Columns.ContainsKey(column) && !CatalogueLine.MayBeEmpty.Contains(column)) is { } missing
            ? throw new MappingException($"the mapping says nothing of the column {missing}")
            : new PriceListMapping(mapped);
    }

    /// <summary>Why this row of theirs is left out; null: it is not.</summary>
    internal string? WhySkipped(Func<string, string> theirs) => (read.Skip ?? []).FirstOrDefault(skip => theirs(skip.Column) == skip.Is)?.Reason;

    /// <summary>Our column of their row. A text that the form does not understand is given as it is, and refused by the catalogue's own rules.</summary>
    internal string Cell(string name, Func<string, string> theirs)
    {
        if (!read.Columns.TryGetValue(name, out var column))
        {
            return "";
        }

        if (column.Is is { } same)
        {
            return same;
        }

        var text = string.Join('-', column.From!.Select(theirs));
        if (column.Html)
        {
            text = WebUtility.HtmlDecode(text);
        }

        var ours = text.Length == 0 && column.Empty is { } empty ? empty : column.Words?.GetValueOrDefault(text) ?? In(column.As, text);
        return column.Suffix is { } suffix && theirs(suffix.Column) == suffix.Is ? ours + suffix.Text : ours;
    }

    private static string In(Form form, string text) => form switch
    {
        Form.Code => CodeOf(text),
        Form.Dollars => Number(text) is { } dollars && dollars < 1_000_000 ? (Math.Ceiling(dollars * 100) / 100).ToString("0.00", CultureInfo.InvariantCulture) : text,
        Form.Megabytes => Whole(text) is { } megabytes ? megabytes == 0 ? "0" : megabytes % 1000 == 0 ? $"{megabytes / 1000} GB" : $"{megabytes} MB" : text,
        Form.Gigabytes => Number(text) is { } gigabytes && gigabytes * 1000 % 1 == 0 && gigabytes < 100_000 ? gigabytes == 0 ? "0" : gigabytes % 1 == 0 ? $"{gigabytes:0} GB" : $"{gigabytes * 1000:0} MB" : text,
        Form.Number => Whole(text)?.ToString(CultureInfo.InvariantCulture) ?? text,
        Form.ThrottledKbps => Whole(text) is { } kbps ? $"throttled:{kbps}" : text,
        Form.Days => Whole(text) is { } days ? $"{days} days" : text,
        Form.Hours24 => Whole(text) is { } periods ? $"{periods}x24h" : text,
        Form.Months => Whole(text) is { } months ? $"{months} months" : text,
        _ => text,
    };

    private static decimal? Number(string text) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long? Whole(string text) => Number(text) is { } number && number % 1 == 0 && number <= long.MaxValue ? (long)number : null;

    private static string CodeOf(string text)
    {
        const int Longest = 60, Sum = 8;
        var code = new StringBuilder(text.Length);
        foreach (var letter in text.Normalize(NormalizationForm.FormKD).ToLowerInvariant().Where(c => c < 128))
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                code.Append(letter);
            }
            else if (code.Length > 0 && code[^1] != '-')
            {
                code.Append('-');
            }
        }

        var plain = code.ToString().TrimEnd('-');
        return plain.Length <= Longest ? plain
            : $"{plain[..(Longest - Sum - 1)].TrimEnd('-')}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Sum / 2))}";
    }

    /// <summary>One name, or a list of them.</summary>
    private sealed class Names : JsonConverter<IReadOnlyList<string>>
    {
        public override IReadOnlyList<string>? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.String => [reader.GetString()!],
            JsonTokenType.StartArray => JsonSerializer.Deserialize<string[]>(ref reader, options) is { } names && names.All(name => name is not null) ? names : throw new JsonException(),
            _ => throw new JsonException(),
        };

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}
