using System.Security.Cryptography;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>
/// What a person reads out to find an order again: twelve characters of Crockford's base32 in groups of four.
/// The first eight of its sixty bits are the cell, so that it is found without asking every cell; the other 52 are random.
/// </summary>
public static class OrderCode
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int RandomBits = 52;

    public static string New(Cell cell)
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        var bits = ((ulong)cell.Number << RandomBits) | (BitConverter.ToUInt64(random) & ((1UL << RandomBits) - 1));
        return string.Create(14, bits, static (text, value) =>
        {
            var at = 0;
            for (var shift = 55; shift >= 0; shift -= 5)
            {
                if (at is 4 or 9)
                {
                    text[at++] = '-';
                }

                text[at++] = Alphabet[(int)(value >> shift) & 31];
            }
        });
    }

    /// <summary>Reads a code as people type it: any case, with or without hyphens and spaces, O for 0, I and L for 1.</summary>
    public static bool TryParse(string? typed, out string code, out Cell cell)
    {
        (code, cell) = ("", default);
        if (typed is null || typed.Length > 40)
        {
            return false;
        }

        var letters = typed.Where(c => !char.IsWhiteSpace(c) && c is not ('-' or '‐' or '‑' or '–'))
            .Select(c => char.ToUpperInvariant(c) switch { 'O' => '0', 'I' or 'L' => '1', var other => other })
            .ToArray();
        if (letters.Length != 12 || letters.Any(c => !Alphabet.Contains(c, StringComparison.Ordinal)))
        {
            return false;
        }

        var text = new string(letters);
        code = $"{text[..4]}-{text[4..8]}-{text[8..]}";
        cell = new Cell((byte)((Alphabet.IndexOf(letters[0], StringComparison.Ordinal) << 3) | (Alphabet.IndexOf(letters[1], StringComparison.Ordinal) >> 2)));
        return true;
    }
}
