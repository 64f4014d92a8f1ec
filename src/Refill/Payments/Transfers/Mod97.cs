namespace Refill.Payments.Transfers;

/// <summary>Check digits of ISO 7064, MOD 97-10, as IBANs (ISO 13616) and creditor references (ISO 11649) have them: a wrong digit, a wrong letter and two of a kind that change places are always found, anything else in 96 cases of 97.</summary>
internal static class Mod97
{
    private const int Modulus = 97;

    /// <summary>True for a text (two letters, two check digits, the rest) whose digits are right.</summary>
    /// <param name="text">Capital letters and digits, at least five.</param>
    public static bool IsRight(ReadOnlySpan<char> text) => Rest(text[..4], Rest(text[4..], 0)) == 1;

    /// <summary>The two digits for these letters and this rest.</summary>
    public static string DigitsFor(string letters, string rest) =>
        (Modulus + 1 - Rest("00", Rest(letters, Rest(rest, 0)))).ToString("00", System.Globalization.CultureInfo.InvariantCulture);

    private static int Rest(ReadOnlySpan<char> text, int before)
    {
        foreach (var c in text)
        {
            // A letter stands for two digits, A for 10.
            before = char.IsAsciiDigit(c) ? ((before * 10) + (c - '0')) % Modulus : ((before * 100) + (c - 'A' + 10)) % Modulus;
        }

        return before;
    }
}
