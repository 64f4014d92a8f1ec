namespace Refill.Cards;

/// <summary>The Luhn check (ISO/IEC 7812-1, annex B), which E.118 prescribes for ICCIDs. It finds every single wrong digit.</summary>
public static class Luhn
{
    /// <summary>Whether the last of these ASCII digits is the check digit of the others.</summary>
    public static bool IsValid(ReadOnlySpan<char> digits) => digits.Length > 1 && CheckDigit(digits[..^1]) == digits[^1];

    public static char CheckDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var index = 0; index < digits.Length; index++)
        {
            var digit = digits[^(index + 1)] - '0';
            sum += index % 2 == 0 ? (digit * 2 / 10) + (digit * 2 % 10) : digit;
        }

        return (char)('0' + ((10 - (sum % 10)) % 10));
    }
}
