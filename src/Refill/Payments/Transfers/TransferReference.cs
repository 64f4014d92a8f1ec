using System.Text;
using Refill.Units;

namespace Refill.Payments.Transfers;

/// <summary>
/// What a transfer must carry: a creditor reference (ISO 11649: RF, two check digits, at most 21 characters), whose sixteen characters are read off the payment's id. So banks that know the standard check it while it is typed,
/// nothing is kept for it, and it is found again by the primary key.
/// </summary>
internal static class TransferReference
{
    public const int Length = 4 + ShortId.Letters;
    private const string Prefix = "RF";
    private static readonly System.Buffers.SearchValues<char> Letters = System.Buffers.SearchValues.Create(Base32.Alphabet);

    /// <summary>How many are looked for in one text: who writes more names nothing.</summary>
    private const int MostInText = 8;

    /// <summary>Twenty characters, without blanks.</summary>
    public static string Of(Guid paymentId)
    {
        var shortId = ShortId.Of(paymentId);
        var letters = string.Create(ShortId.Letters, shortId, static (text, bits) =>
        {
            for (var at = 0; at < text.Length; at++)
            {
                text[at] = Base32.LetterAt(bits, text.Length - 1 - at);
            }
        });
        return Prefix + Mod97.DigitsFor(Prefix, letters) + letters;
    }

    /// <summary>In groups of four, as ISO 11649 has it printed.</summary>
    public static string Show(string reference) => string.Join(' ', reference.Chunk(4).Select(group => new string(group)));

    /// <summary>
    /// The references in what a payer and two banks have written: in any case, broken by blanks, hyphens and lines, between other words, O for 0 and I or L for 1, in the wide letters of a Chinese keyboard.
    /// Each once; only those whose check digits are right.
    /// </summary>
    public static IReadOnlyList<string> FindIn(string text)
    {
        var plain = Plain(text);
        var found = new List<string>();
        Span<char> candidate = stackalloc char[Length];
        for (var at = plain.IndexOf(Prefix, StringComparison.Ordinal); at >= 0 && at + Length <= plain.Length && found.Count < MostInText; at = plain.IndexOf(Prefix, at + 1, StringComparison.Ordinal))
        {
            Prefix.CopyTo(candidate);
            for (var letter = Prefix.Length; letter < Length; letter++)
            {
                candidate[letter] = Base32.Meant(plain[at + letter]);
            }

            if (char.IsAsciiDigit(candidate[2]) && char.IsAsciiDigit(candidate[3]) && !candidate[4..].ContainsAnyExcept(Letters) && Mod97.IsRight(candidate) && candidate.ToString() is var reference && !found.Contains(reference))
            {
                found.Add(reference);
            }
        }

        return found;
    }

    public static Cell CellOf(string reference) => ShortId.CellOf(Base32.Read(reference.AsSpan(4)));

    /// <summary>Between which ids the payment lies (ShortId.Bounds).</summary>
    /// <param name="reference">As <see cref="FindIn"/> gives it.</param>
    public static (Guid First, Guid Last)? IdsOf(string reference, DateTimeOffset near) => ShortId.Bounds(Base32.Read(reference.AsSpan(4)), near);

    /// <summary>Letters and digits alone, capital.</summary>
    private static string Plain(string text)
    {
        const char FirstWide = '\uFF01', LastWide = '\uFF5E';
        const int WideAway = FirstWide - '!';
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var narrow = c is >= FirstWide and <= LastWide ? (char)(c - WideAway) : c;
            if (char.IsAsciiLetterOrDigit(narrow))
            {
                plain.Append(char.ToUpperInvariant(narrow));
            }
        }

        return plain.ToString();
    }
}
