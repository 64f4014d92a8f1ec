using System.Text;
using System.Text.RegularExpressions;

namespace Refill.Browser.Tests;

/// <summary>Looks for what no log and no database file may hold in the clear: numbers of cards, keys, tokens, signatures.</summary>
public static partial class Leaks
{
    /// <summary>Everything in a log that should not be there; what is found is quoted with a little of what stands around it.</summary>
    /// <param name="secrets">Values that this test's own configuration holds: client secrets, tokens, key material.</param>
    public static IReadOnlyList<string> InLog(string log, IEnumerable<string> cards, IEnumerable<string> secrets)
    {
        var found = new List<string>();
        foreach (var form in cards.SelectMany(FormsOf).Concat(secrets))
        {
            found.AddRange(Occurrences(log, form).Select(at => $"'{form}': {Around(log, at)}"));
        }

        found.AddRange(Marks().Matches(log).Select(match => $"secret-like: {Around(log, match.Index)}"));
        found.AddRange(DigitRuns().Matches(log).Where(match => PassesLuhn(match.Value)).Select(match => $"a card's number, by Luhn: {Around(log, match.Index)}"));
        return found;
    }

    /// <summary>Card numbers in a file's bytes, as UTF-8 or UTF-16.</summary>
    public static IReadOnlyList<string> InFile(byte[] bytes, IEnumerable<string> cards) =>
    [
        .. from card in cards
           from form in FormsOf(card)
           from encoding in new[] { Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode }
           where bytes.AsSpan().IndexOf(encoding.GetBytes(form)) >= 0
           select $"'{form}' in {encoding.WebName}",
    ];

    /// <summary>A card's number in every way that people and programs write it.</summary>
    /// <param name="card">"+1" and ten digits, or an ICCID.</param>
    public static IEnumerable<string> FormsOf(string card)
    {
        if (!card.StartsWith("+1", StringComparison.Ordinal))
        {
            // The last digit of an ICCID is a check digit and may be left out.
            return [card[..^1], string.Join(' ', card.Chunk(4).Select(four => new string(four)))];
        }

        var (area, office, line) = (card[2..5], card[5..8], card[8..]);
        return [area + office + line, $"{area}-{office}-{line}", $"{area}.{office}.{line}", $"{area} {office} {line}", $"({area}) {office}-{line}", $"({area}){office}-{line}", $"%28{area}%29", $"{office}-{line}", $"{office}{line}"];
    }

    public static bool PassesLuhn(string digits)
    {
        var sum = 0;
        for (var fromRight = 0; fromRight < digits.Length; fromRight++)
        {
            var digit = digits[^(fromRight + 1)] - '0';
            var weighted = fromRight % 2 == 0 ? digit : digit * 2;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }

        return sum % 10 == 0;
    }

    private static IEnumerable<int> Occurrences(string text, string sought)
    {
        for (var at = text.IndexOf(sought, StringComparison.Ordinal); at >= 0; at = text.IndexOf(sought, at + 1, StringComparison.Ordinal))
        {
            yield return at;
        }
    }

    private static string Around(string text, int at) => text[Math.Max(0, at - 60)..Math.Min(text.Length, at + 60)].ReplaceLineEndings(" ");

    /// <summary>PEM, bearer tokens, JSON web tokens, signatures as parameters, and base64 as long as an RSA-2048 signature.</summary>
    [GeneratedRegex("""-----BEGIN|\bBearer\s+\S|\beyJ[A-Za-z0-9_-]{10,}\.|\bsign=|"sign"|client_secret|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200,}""", RegexOptions.IgnoreCase)]
    private static partial Regex Marks();

    [GeneratedRegex(@"(?<![0-9A-Za-z.])[0-9]{15,20}(?![0-9A-Za-z])")]
    private static partial Regex DigitRuns();
}
