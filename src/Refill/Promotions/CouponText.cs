using System.Text;

namespace Refill.Promotions;

/// <summary>Coupons as people type them: any case, with spaces or hyphens, in the full-width letters of a Chinese keyboard.</summary>
public static class CouponText
{
    public const int Shortest = 3;
    public const int Longest = 32;

    /// <summary>What a field takes, before it is normalised.</summary>
    public const int LongestTyped = 64;

    /// <summary>3 to 32 letters A-Z and digits; null: what was typed is no coupon.</summary>
    public static string? Normalize(string? typed)
    {
        if (typed is not { Length: > 0 and <= LongestTyped })
        {
            return null;
        }

        var text = new StringBuilder(typed.Length);
        foreach (var letter in IsWellFormed(typed) ? typed.Normalize(NormalizationForm.FormKC) : "?")
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                text.Append(char.ToUpperInvariant(letter));
            }
            else if (!char.IsWhiteSpace(letter) && letter is not ('-' or '\u2010' or '\u2011' or '\u2013'))
            {
                return null;
            }
        }

        return text.Length is >= Shortest and <= Longest ? text.ToString() : null;
    }

    /// <summary>Half a surrogate pair cannot be normalised.</summary>
    private static bool IsWellFormed(string typed) => typed.EnumerateRunes().All(rune => rune != Rune.ReplacementChar);
}
