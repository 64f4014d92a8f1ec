using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Refill.Reviews;

/// <summary>How a text is made fit to be kept and shown, and what a person must look at first. Values in, values out.</summary>
public static partial class ReviewRules
{
    /// <summary>Of a review's text and of an answer, in characters of Unicode after normalisation.</summary>
    public const int MostCharacters = 1_000;

    /// <summary>As many different readers' reports hold a review until a person has looked at it.</summary>
    public const int MostReports = 3;

    public const int MostReason = 200;

    /// <summary>Marks that may stand on one letter; more are for hiding other lines under them.</summary>
    private const int MostMarks = 4;

    /// <summary>Marks of this height may be joined by it: families and flags are one picture of several.</summary>
    private const int Joiner = 0x200D;

    /// <summary>Composed (NFC), line ends as LF and at most two together, without control characters and those that turn or hide text; trimmed.</summary>
    public static string Normalise(string typed)
    {
        var (text, marks, breaks) = (new StringBuilder(typed.Length), 0, 0);
        foreach (var rune in Valid(typed.ReplaceLineEndings("\n")).Normalize(NormalizationForm.FormC).EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            marks = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? marks + 1 : 0;
            breaks = rune.Value == '\n' ? breaks + 1 : 0;
            if (marks > MostMarks || breaks > 2 || (rune.Value is not ('\n' or Joiner) && category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned))
            {
                continue;
            }

            text.Append(rune.ToString());
        }

        return text.ToString().Trim();
    }

    /// <param name="text">Normalised.</param>
    public static bool IsTooLong(string text) => text.Length > MostCharacters && text.EnumerateRunes().Count() > MostCharacters;

    /// <summary>Why a person should see this text before others do.</summary>
    public static HoldReason WhyHeld(string text) =>
        Email().IsMatch(text) ? HoldReason.Email : Link().IsMatch(text) ? HoldReason.Link : Phone().IsMatch(text.Normalize(NormalizationForm.FormKC)) ? HoldReason.PhoneNumber : HoldReason.None;

    /// <summary>Half of a pair of surrogates is no character, and cannot be normalised.</summary>
    private static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    [GeneratedRegex(@"[\p{L}\p{N}._%+-]+\s?[@\uFF20]\s?[\p{L}\p{N}-]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Email();

    /// <summary>An address with its scheme, or the name of a host.</summary>
    [GeneratedRegex(@"https?:|www\.|\b[a-z0-9][a-z0-9-]{1,62}\.(?:com|net|org|io|cn|me|co|us|app|shop|link|xyz|top|info|cc|ly|tk|ru)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    /// <summary>Seven digits or more, with what people put between them; also the numbers of messengers.</summary>
    [GeneratedRegex(@"(?:\d[\s().\-–]{0,2}){6,}\d", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Phone();
}
