using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using PhoneNumbers;

namespace Refill.Cards;

public enum RecognitionProblem
{
    Empty,
    NotANumber,
    TooShort,
    TooLong,
    WrongCountry,
    Canadian,
    Caribbean,
    HasExtension,
    NotAValidUsNumber,
    IccidCheckDigit,
    IccidNotTelecom,
}

/// <param name="Detail">The country's ISO code for a foreign number, the count of digits for one too short or too long; else null.</param>
public sealed record RecognitionRefusal(RecognitionProblem Problem, string? Detail = null);

/// <summary>One of the two.</summary>
public sealed record Recognition(CardIdentifier? Identifier, RecognitionRefusal? Refusal);

/// <summary>
/// Reads what people type: a US number in any common way of writing it, or an ICCID. It says what the digits are, never whose: a number may have been
/// carried to another carrier, so the connectors are asked.
/// </summary>
public static class CardRecognition
{
    /// <summary>Longer texts are not looked at; their digits are counted, to say what is wrong.</summary>
    public const int MaxLength = 64;

    /// <summary>An ICCID's digits without its check digit: E.118 allows 19 in all, and 20 are seen in practice.</summary>
    private const int ShortestIccid = 18;
    private const int LongestIccid = 20;

    private const int NationalDigits = 10;

    /// <summary>ITU-T E.118: the major industry identifier of telecommunications.</summary>
    private const string TelecomPrefix = "89";

    /// <summary>What people write between and around the digits, and after a number that they copied out of a sentence.</summary>
    private const string Separators = " ()-.+/,;";

    private static readonly string[] ExtensionMarks = ["ext", "x", "#", ";", ","];

    /// <summary>After as many digits stands another number, not an extension.</summary>
    private const int MaxExtensionDigits = 7;

    private static readonly PhoneNumberUtil Phones = PhoneNumberUtil.GetInstance();

    // Whether a US number can exist is decided by its area code, exchange and thousands digit at most (ITU-T E.164, NANP; a test holds that against the library's tables): what the library has once said of a thousand
    // numbers is not asked again. It takes as long as all else that is done to recognise one.
    private const int PrefixDigits = 7;
    private const int MaxPrefixes = 65_536;
    private static readonly ConcurrentDictionary<int, bool> ValidPrefixes = new();

    public static Recognition Recognize(string? typed)
    {
        if (string.IsNullOrWhiteSpace(typed))
        {
            return Refuse(RecognitionProblem.Empty);
        }

        if (IsE164(typed) && ValidPrefixes.ContainsKey(PrefixOf(typed)))
        {
            return new Recognition(new CardIdentifier(CardIdentifierKind.Msisdn, typed), null);
        }

        if (typed.Length > MaxLength)
        {
            var count = typed.Count(char.IsDigit);
            return count > LongestIccid ? Refuse(RecognitionProblem.TooLong, count.ToString(CultureInfo.InvariantCulture)) : Refuse(RecognitionProblem.NotANumber);
        }

        var text = Plain(typed);
        if (text.StartsWith("tel:", StringComparison.OrdinalIgnoreCase))
        {
            text = text[4..].Trim();
        }

        var digits = new string([.. text.Where(char.IsAsciiDigit)]);
        return LooksLikeIccid(text, digits) ? Iccid(digits) : Number(text, digits);
    }

    /// <summary>
    /// The canonical form of an ICCID is its digits without the check digit: the same card, typed with it or without it, is the same card. The Luhn digit
    /// says which is which: an 18-digit text is taken as lacking it; a longer one must end in the right one.
    /// </summary>
    private static Recognition Iccid(string digits)
    {
        if (!digits.StartsWith(TelecomPrefix, StringComparison.Ordinal))
        {
            return Refuse(RecognitionProblem.IccidNotTelecom);
        }

        if (digits.Length == ShortestIccid)
        {
            return new Recognition(new CardIdentifier(CardIdentifierKind.Iccid, digits), null);
        }

        return Luhn.IsValid(digits) ? new Recognition(new CardIdentifier(CardIdentifierKind.Iccid, digits[..^1]), null) : Refuse(RecognitionProblem.IccidCheckDigit);
    }

    private static Recognition Number(string text, string digits)
    {
        // "ext. 5", "x5", "#5" are extensions to a phone; a card has none. Other letters are no number, vanity numbers included.
        if (HasExtension(text))
        {
            return Refuse(RecognitionProblem.HasExtension);
        }

        if (text.Any(c => !char.IsAsciiDigit(c) && !Separators.Contains(c, StringComparison.Ordinal)) || digits.Length == 0)
        {
            return Refuse(RecognitionProblem.NotANumber);
        }

        var count = digits.Length.ToString(CultureInfo.InvariantCulture);
        var abroad = text.StartsWith('+') ? digits : WithoutExitCode(digits);
        if (abroad is null && digits.Length < NationalDigits)
        {
            return Refuse(RecognitionProblem.TooShort, count);
        }

        if (abroad is null && digits.Length > NationalDigits + 1)
        {
            return Refuse(RecognitionProblem.TooLong, count);
        }

        PhoneNumber number;
        try
        {
            number = Phones.Parse(abroad is null ? digits : "+" + abroad, "US");
        }
        catch (NumberParseException)
        {
            return digits.Length < NationalDigits ? Refuse(RecognitionProblem.TooShort, count) : Refuse(RecognitionProblem.NotAValidUsNumber);
        }

        return Country(number, digits);
    }

    /// <summary>
    /// What follows 011 (dialled from the US), 00 (from most places) or Australia's 0011; null: none of them stands there. With ten digits after it, 0011 is
    /// 001 and the country code, as Hong Kong dials the US; with more it can only be Australia's, since no US area code begins with 1.
    /// </summary>
    private static string? WithoutExitCode(string digits) => digits switch
    {
        ['0', '1', '1', ..] when digits.Length > NationalDigits + 1 => digits[3..],
        ['0', '0', '1', '1', ..] when digits.Length > NationalDigits + 4 => digits[4..],
        ['0', '0', ..] => digits[2..],
        _ => null,
    };

    private static Recognition Country(PhoneNumber number, string digits)
    {
        var region = Phones.GetRegionCodeForNumber(number);
        if (number.CountryCode != 1)
        {
            return Refuse(RecognitionProblem.WrongCountry, region ?? Phones.GetRegionCodeForCountryCode(number.CountryCode));
        }

        var national = number.NationalNumber.ToString(CultureInfo.InvariantCulture);
        if (national.Length != NationalDigits)
        {
            return Refuse(national.Length < NationalDigits ? RecognitionProblem.TooShort : RecognitionProblem.TooLong, digits.Length.ToString(CultureInfo.InvariantCulture));
        }

        return region switch
        {
            "US" when Phones.IsValidNumber(number) => Valid("+1" + national),
            "CA" => Refuse(RecognitionProblem.Canadian),
            null or "US" => Refuse(RecognitionProblem.NotAValidUsNumber),
            _ => Refuse(RecognitionProblem.Caribbean, region), // Other +1 countries and territories: the Caribbean, Guam, Samoa and others.
        };
    }

    private static Recognition Valid(string e164)
    {
        if (ValidPrefixes.Count < MaxPrefixes)
        {
            ValidPrefixes[PrefixOf(e164)] = true;
        }

        return new Recognition(new CardIdentifier(CardIdentifierKind.Msisdn, e164), null);
    }

    /// <summary>As programs write it: "+1" and ten digits.</summary>
    private static bool IsE164(string typed) => typed.Length == NationalDigits + 2 && typed.StartsWith("+1", StringComparison.Ordinal) && !typed.AsSpan(2).ContainsAnyExceptInRange('0', '9');

    private static int PrefixOf(string e164) => int.Parse(e164.AsSpan(2, PrefixDigits), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A whole number, a mark, and a few digits more.</summary>
    private static bool HasExtension(string text) => ExtensionMarks.Any(mark =>
        text.IndexOf(mark, StringComparison.OrdinalIgnoreCase) is > 0 and var at
        && text[..at].Count(char.IsAsciiDigit) >= NationalDigits
        && text[at..].Count(char.IsAsciiDigit) is >= 1 and <= MaxExtensionDigits);

    /// <summary>From 18 to 20 digits are no phone number anywhere (E.164 ends at 15). Some cards print a filling F at the end.</summary>
    private static bool LooksLikeIccid(string text, string digits) =>
        digits.Length is >= ShortestIccid and <= LongestIccid
        && text.All(c => char.IsAsciiDigit(c) || c is ' ' or '-' or 'F' or 'f')
        && text.TrimEnd('F', 'f', ' ').All(c => c is not ('F' or 'f'));

    /// <summary>Full-width digits and signs to ASCII (NFKC), every kind of hyphen and space to one, invisible marks away.</summary>
    public static string Plain(string typed)
    {
        var plain = new StringBuilder(typed.Length);
        foreach (var c in typed.IsNormalized(NormalizationForm.FormKC) ? typed : Normalized(typed))
        {
            switch (CharUnicodeInfo.GetUnicodeCategory(c))
            {
                case UnicodeCategory.DashPunctuation:
                case UnicodeCategory.MathSymbol when c == '\u2212':
                case UnicodeCategory.OtherPunctuation when c is '\u30FB' or '\u3001':
                    plain.Append('-');
                    break;
                case UnicodeCategory.SpaceSeparator or UnicodeCategory.Control:
                    plain.Append(' ');
                    break;
                case UnicodeCategory.Format:
                    break;
                case UnicodeCategory.OpenPunctuation:
                    plain.Append('(');
                    break;
                case UnicodeCategory.ClosePunctuation:
                    plain.Append(')');
                    break;
                default:
                    plain.Append(c is '\u3002' ? '.' : c);
                    break;
            }
        }

        return plain.ToString().Trim();
    }

    private static string Normalized(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormKC);
        }
        catch (ArgumentException)
        {
            return text; // Not valid UTF-16: no number either.
        }
    }

    private static Recognition Refuse(RecognitionProblem problem, string? detail = null) => new(null, new RecognitionRefusal(problem, detail));
}
