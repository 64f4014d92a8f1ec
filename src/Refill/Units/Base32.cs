namespace Refill.Units;

/// <summary>Crockford's base32 (crockford.com/base32.html): letters that people can read out and type, without I, L, O and U.</summary>
internal static class Base32
{
    public const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    public const int BitsPerLetter = 5;

    /// <summary>What was meant by what was typed: any case, O for 0, I and L for 1. It need not be a letter of the alphabet.</summary>
    public static char Meant(char typed) => char.ToUpperInvariant(typed) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };

    /// <summary>-1: not of the alphabet.</summary>
    public static int ValueOf(char letter) => Alphabet.IndexOf(letter, StringComparison.Ordinal);

    /// <param name="letters">Of the alphabet, at most 25.</param>
    public static UInt128 Read(ReadOnlySpan<char> letters)
    {
        UInt128 value = 0;
        foreach (var letter in letters)
        {
            value = (value << BitsPerLetter) | (UInt128)ValueOf(letter);
        }

        return value;
    }

    /// <param name="place">0 is the last letter.</param>
    public static char LetterAt(UInt128 bits, int place) => Alphabet[(int)(uint)(bits >> (place * BitsPerLetter)) & 31];
}
