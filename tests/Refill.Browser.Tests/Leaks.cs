using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>
/// Looks for what no log and no stored text may hold in the clear: numbers of payment cards, phone numbers, ICCIDs, keys, tokens, signatures.
/// <para>
/// A run of 13 to 19 digits that passes Luhn's check counts as the number of a card, whatever stands around it, and one digit in ten of any such run passes. Let go are three kinds of runs, each known by its whole form:
/// a moment in milliseconds since 1970 that is the number of a JSON member "…At" or "…Until" (top_up.detail); a migration of this schema, by its whole name (EF Core's table); a part of a UUID's 32 hexadecimal digits
/// (payments and refunds as gateways are told them, leases).
/// </para>
/// </summary>
public sealed partial class Leaks
{
    private const int HexDigitsOfId = 32;
    private const int KeyBytes = 32;

    /// <summary>Of the names of members before a moment.</summary>
    private const int MostName = 60;

    /// <summary>Shorter lines of a PEM (its last one) stand in many keys alike.</summary>
    private const int LeastPemLine = 16;

    private static readonly DateTimeOffset FirstMoment = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset LastMoment = new(2040, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly FrozenSet<string> Migrations = MigrationsOf(new(DatabaseKind.Sqlite, "Data Source=nowhere")).Concat(MigrationsOf(new(DatabaseKind.Postgres, "Host=nowhere"))).ToFrozenSet();

    private readonly SearchValues<string> secrets;

    /// <param name="secrets">Values that a configuration holds, as they are: client secrets, tokens, keys, PEM files.</param>
    public Leaks(IEnumerable<string> secrets) => this.secrets = SearchValues.Create([.. secrets.SelectMany(WritingsOf).Distinct()], StringComparison.Ordinal);

    /// <summary>Everything in a text that should not be there, quoted with a little of what stands around it.</summary>
    public IReadOnlyList<string> In(string text)
    {
        var found = new List<string>();
        if (text.AsSpan().IndexOfAny(secrets) is >= 0 and var at)
        {
            found.Add($"a secret: {Around(text, at)}");
        }

        found.AddRange(Marks().Matches(text).Select(match => $"secret-like: {Around(text, match.Index)}"));
        found.AddRange(PhoneNumbers().Matches(text).Select(match => $"a phone number: {Around(text, match.Index)}"));
        found.AddRange(DigitRuns().Matches(text).Where(run => PassesLuhn(run.Value) && !IsMoment(text, run) && !IsMigration(text, run) && !IsInId(text, run)).Select(run => $"a card's number, by Luhn: {Around(text, run.Index)}"));
        found.AddRange(Iccids().Matches(text).Where(match => !IsInId(text, match)).Select(match => $"an ICCID: {Around(text, match.Index)}"));
        found.AddRange(DigitGroups().Matches(text).Where(match => PassesLuhn(Digits(match))).Select(match => $"a card's number in groups, by Luhn: {Around(text, match.Index)}"));
        return found;
    }

    /// <summary>The same in a log. The demo prints three numbers to try when it starts: those lines, and nothing like them elsewhere, are as they should be.</summary>
    public IReadOnlyList<string> InLog(string log) => In(Greeting().Replace(log, ""));

    /// <summary>Texts in a file's bytes, as UTF-8 or UTF-16.</summary>
    public static IReadOnlyList<string> InFile(byte[] bytes, IEnumerable<string> forbidden) =>
    [
        .. from form in forbidden
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

    /// <summary>A secret as it is, in an address, in JSON, and, if it is the base64 of a key, as that key; of a PEM any line, because none tells of a key that stands without its ends.</summary>
    public static IEnumerable<string> WritingsOf(string secret)
    {
        if (secret.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return secret.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length >= LeastPemLine && !line.StartsWith("-----", StringComparison.Ordinal)).SelectMany(WritingsOf);
        }

        var key = new byte[KeyBytes];
        return Convert.TryFromBase64String(secret, key, out var length) && length == KeyBytes
            ? [.. Texts(secret), Encoding.Latin1.GetString(key), Convert.ToHexString(key), Convert.ToHexStringLower(key)]
            : Texts(secret);

        static string[] Texts(string secret) => [secret, Uri.EscapeDataString(secret), JavaScriptEncoder.Default.Encode(secret)];
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

    private static bool IsMoment(string text, Match run) =>
        run.Length == 13
        && MomentName().IsMatch(text.AsSpan(Math.Max(0, run.Index - MostName)..run.Index))
        && run.Index + run.Length < text.Length && text[run.Index + run.Length] is ',' or '}'
        && DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(run.Value, CultureInfo.InvariantCulture)) is var moment && moment >= FirstMoment && moment < LastMoment;

    private static bool IsMigration(string text, Match run) => Migrations.Contains(text[run.Index..End(text, run, c => char.IsAsciiLetterOrDigit(c) || c == '_')]);

    /// <summary>A UUID of version 4 or 7 without hyphens; with "R1" behind it, the refund of a payment.</summary>
    private static bool IsInId(string text, Match run)
    {
        var from = run.Index;
        while (from > 0 && char.IsAsciiLetterOrDigit(text[from - 1]))
        {
            from--;
        }

        var token = text.AsSpan(from, End(text, run, char.IsAsciiLetterOrDigit) - from);
        return token.Length >= HexDigitsOfId
            && (token.Length == HexDigitsOfId || RefundEnd().IsMatch(token[HexDigitsOfId..])) && run.Index + run.Length <= from + HexDigitsOfId
            && Guid.TryParseExact(token[..HexDigitsOfId], "N", out var id) && id is { Version: 4 or 7, Variant: >= 8 and <= 11 };
    }

    private static int End(string text, Match run, Func<char, bool> belongs)
    {
        var to = run.Index + run.Length;
        while (to < text.Length && belongs(text[to]))
        {
            to++;
        }

        return to;
    }

    private static List<string> MigrationsOf(DatabaseOptions options)
    {
        using var db = new Database(options).Open();
        return [.. db.Database.GetMigrations()];
    }

    private static string Digits(Match groups) => string.Concat(groups.Groups["digits"].Captures.Select(capture => capture.Value));

    private static string Around(string text, int at) => text[Math.Max(0, at - 60)..Math.Min(text.Length, at + 60)].ReplaceLineEndings(" ");

    [GeneratedRegex(@"(?m)^  \(201\) 555-01[0-9]{2}   .*$")]
    private static partial Regex Greeting();

    /// <summary>PEM, bearer tokens, JSON web tokens, signatures as parameters, base64 as long as an RSA-2048 signature; secrets of Stripe's keys, webhooks and objects; keys of our API.</summary>
    [GeneratedRegex("""-----BEGIN|\bBearer\s+\S|\beyJ[A-Za-z0-9_-]{10,}\.|\bsign=|"sign"|client_secret|_secret_[A-Za-z0-9]|\b[rs]k_(test|live)_|\bwhsec_|\brfk_|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200,}""", RegexOptions.IgnoreCase)]
    private static partial Regex Marks();

    /// <summary>Of North America: in E.164, or in groups as people write them. In any other writing, and without the area, those that the tests use: 201 555 01xx and 201 32x xxxx; never the fraction of a second.</summary>
    [GeneratedRegex("""
        (\+|%2B)1[0-9]{10}(?![0-9])
        | (?<![0-9A-Za-z-]) (\([2-9][0-9]{2}\)|%28[2-9][0-9]{2}%29) ([ +.-]|%20)? [2-9][0-9]{2} ([ +.-]|%20)? [0-9]{4} (?![0-9A-Za-z-])
        | (?<![0-9A-Za-z-]) [2-9][0-9]{2} (?<between>[.-]) [2-9][0-9]{2} \k<between> [0-9]{4} (?![0-9A-Za-z-])
        | (?<![0-9A-Za-z]) 1?201 ([ +.-]|%20)? (555 ([ +.-]|%20)? 01[0-9]{2} | 32[0-9] ([ +.-]|%20)? [0-9]{4}) (?![0-9A-Za-z])
        | (?<![0-9A-Za-z.:]) 555-?01[0-9]{2} (?![0-9A-Za-z])
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex PhoneNumbers();

    [GeneratedRegex("(?<![0-9])[0-9]{13,19}(?![0-9])")]
    private static partial Regex DigitRuns();

    /// <summary>With its check digit, or as Refill knows it, without; as printed, in groups of four.</summary>
    [GeneratedRegex("(?<![0-9])89([0-9]{16,18}|[0-9]{2}( [0-9]{4}){3}( [0-9]{2,4}))(?![0-9])")]
    private static partial Regex Iccids();

    /// <summary>As people write them: 4111 1111 1111 1111, 3782-822463-10005, 8901 2601 2345 6789 015.</summary>
    [GeneratedRegex("""
        (?<![0-9A-Za-z-]) (?<digits>[0-9]{4}) (?<between>[ +.-]|%20)
        ((?<digits>[0-9]{4}) \k<between> (?<digits>[0-9]{4}) \k<between> (?<digits>[0-9]{1,4}) (\k<between> (?<digits>[0-9]{1,3}))? | (?<digits>[0-9]{6}) \k<between> (?<digits>[0-9]{4,5}))
        (?![0-9A-Za-z-])
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex DigitGroups();

    [GeneratedRegex("\"[a-z][A-Za-z]*(At|Until)\":$")]
    private static partial Regex MomentName();

    [GeneratedRegex("^R[0-9]{1,3}$")]
    private static partial Regex RefundEnd();
}
