using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace Refill.Sandbox.Stripe;

/// <summary>
/// The parameters of a request, in Stripe's brackets: a[b][0][c]=d. Whoever reads them leaves the first objection in <see cref="Objection"/>; what nobody has read is unknown,
/// which is an objection too.
/// </summary>
internal sealed partial class StripeForm
{
    private const int MostParameters = 200;
    private const int LongestText = 5_000;
    private const int LongestUrl = 2_048;
    private const int MostMetadata = 50;
    private const int LongestMetadataName = 40;
    private const int LongestMetadataValue = 500;
    private const int MostExpansions = 20;

    private readonly SortedDictionary<string, string> given = new(StringComparer.Ordinal);
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private StripeRefusal? refusal;

    internal StripeRefusal? Objection =>
        refusal ?? (given.Keys.FirstOrDefault(name => !read.Contains(name)) is { } unknown
            ? StripeRefusal.Parameter(unknown, $"Received unknown parameter: {unknown}", "parameter_unknown")
            : null);

    internal IEnumerable<string> Values => given.Values;

    /// <summary>What is to be shown whole instead of by its id.</summary>
    internal IReadOnlyList<string> Expansions { get; private set; } = [];

    /// <summary>The query of a GET, the body of a POST.</summary>
    internal static async Task<StripeForm> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var form = new StripeForm();
        IEnumerable<KeyValuePair<string, StringValues>> pairs = HttpMethods.IsGet(request.Method) ? request.Query
            : request.HasFormContentType ? await request.ReadFormAsync(cancellation)
            : [];
        foreach (var (name, values) in pairs)
        {
            for (var index = 0; index < values.Count; index++)
            {
                form.given[name.EndsWith("[]", StringComparison.Ordinal) ? $"{name[..^2]}[{index}]" : name] = values[index] ?? "";
            }
        }

        if (form.given.Count > MostParameters || form.given.Any(pair => pair.Key.Length > 256 || pair.Value.Length > LongestText))
        {
            form.Refuse(StripeRefusal.State($"at most {MostParameters} parameters of at most {LongestText} characters"));
        }

        form.Expansions = form.Texts("expand");
        if (form.Expansions.Count > MostExpansions || form.Expansions.FirstOrDefault(path => !StripeExpansion.IsKnown(path)) is not null)
        {
            form.Refuse(StripeRefusal.Parameter("expand", "This property cannot be expanded, or not here."));
        }

        return form;
    }

    /// <summary>The same for the same parameters, in whatever order they came.</summary>
    internal string Fingerprint() =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', given.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}")))));

    internal void Refuse(StripeRefusal objection) => refusal ??= objection;

    /// <summary>Null if it is not given, or empty.</summary>
    internal string? Text(string name, int longest = 500, bool required = false)
    {
        read.Add(name);
        var text = given.GetValueOrDefault(name);
        if (string.IsNullOrEmpty(text))
        {
            if (required)
            {
                Refuse(StripeRefusal.Parameter(name, $"Missing required param: {name}.", "parameter_missing"));
            }

            return null;
        }

        if (text.Length > longest)
        {
            Refuse(StripeRefusal.Parameter(name, $"Invalid string: {name} must be at most {longest} characters"));
        }

        return text;
    }

    internal string? Choice(string name, bool required, params string[] allowed)
    {
        var text = Text(name, required: required);
        if (text is not null && !allowed.Contains(text))
        {
            Refuse(StripeRefusal.Parameter(name, $"Invalid {name}: must be one of {string.Join(", ", allowed)}"));
        }

        return text;
    }

    internal long? Whole(string name, long least, long most, bool required = false)
    {
        if (Text(name, required: required) is not { } text)
        {
            return null;
        }

        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            Refuse(StripeRefusal.Parameter(name, $"Invalid integer: {text}", "parameter_invalid_integer"));
        }
        else if (number < least || number > most)
        {
            Refuse(StripeRefusal.Parameter(name, $"This value must be from {least} to {most}.", "parameter_invalid_integer"));
        }

        return number;
    }

    internal bool Flag(string name) => Choice(name, required: false, "true", "false") == "true";

    /// <summary>Printable ASCII only: it goes into a header of a redirect.</summary>
    internal string? Address(string name, bool required)
    {
        var url = Text(name, LongestUrl, required);
        if (url is not null && (url.Any(character => character is <= ' ' or > '~') || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")))
        {
            Refuse(StripeRefusal.Parameter(name, "Not a valid URL", "url_invalid"));
        }

        return url;
    }

    /// <summary>The names under one bracket, such as metadata[order].</summary>
    internal IReadOnlyDictionary<string, string> Metadata(string name = "metadata")
    {
        var (start, found) = ($"{name}[", new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var (key, value) in given.Where(pair => pair.Key.StartsWith(start, StringComparison.Ordinal) && pair.Key.EndsWith(']')))
        {
            read.Add(key);
            var member = key[start.Length..^1];
            if (member.Length is 0 or > LongestMetadataName || member.AsSpan().ContainsAny("[]") || value.Length > LongestMetadataValue)
            {
                Refuse(StripeRefusal.Parameter(key, $"Metadata names must have 1 to {LongestMetadataName} characters without brackets, values at most {LongestMetadataValue}"));
            }

            if (value.Length > 0)
            {
                found[member] = value;
            }
        }

        if (found.Count > MostMetadata)
        {
            Refuse(StripeRefusal.Parameter(name, $"Metadata can have up to {MostMetadata} keys"));
        }

        return found;
    }

    /// <summary>A list of texts: name[0], name[1], … or name[] again and again.</summary>
    internal IReadOnlyList<string> Texts(string name) => [.. Enumerable.Range(0, CountOf(name)).Select(index => Text($"{name}[{index}]")).OfType<string>()];

    /// <summary>How many there are of name[0], name[1], …, each with whatever stands under it.</summary>
    internal int CountOf(string name) =>
        given.Keys.Select(key => Index().Match(key)).Where(match => match.Success && match.Groups[1].Value == name)
            .Select(match => int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture) + 1).DefaultIfEmpty(0).Max();

    /// <summary>An instant, or a span of them by created[gte], [gt], [lte] and [lt]: from the first to before the second, in seconds.</summary>
    internal (long From, long Until) Span(string name)
    {
        const long Never = 100_000_000_000;
        var (at, gte, gt, lte, lt) = (Instant(name), Instant($"{name}[gte]"), Instant($"{name}[gt]"), Instant($"{name}[lte]"), Instant($"{name}[lt]"));
        return at is { } exactly ? (exactly, exactly + 1) : (Math.Max(gte ?? 0, gt + 1 ?? 0), Math.Min(lt ?? Never, lte + 1 ?? Never));

        long? Instant(string each) => Whole(each, 0, Never - 1);
    }

    /// <summary>limit, starting_after and created, which all lists have.</summary>
    internal StripeListAsk ListAsk()
    {
        var (from, until) = Span("created");
        return new StripeListAsk((int)(Whole("limit", 1, 100) ?? 10), Text("starting_after"), from, until);
    }

    [GeneratedRegex(@"^(\w+)\[(\d{1,2})\]", RegexOptions.CultureInvariant)]
    private static partial Regex Index();
}
