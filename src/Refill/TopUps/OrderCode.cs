using System.Security.Cryptography;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>
/// What a person reads out to find an order again, in Crockford's base32, in groups of four. The first eight bits are the cell, so that it is found without asking every cell.
/// A person's own order has twelve characters, the other 52 bits random. An order that a program makes has sixteen, read off its id (40 bits of its time, 32 of its random ones):
/// so it needs no index of its own, which would be a sixth of what such an order costs (docs/performance.md).
/// </summary>
public static class OrderCode
{
    private const int Letters = 12;
    private const int RandomBits = 52;

    public static string New(Cell cell)
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        return Text(((ulong)cell.Number << RandomBits) | (BitConverter.ToUInt64(random) & ((1UL << RandomBits) - 1)), Letters);
    }

    /// <summary>The code of an order that a program made.</summary>
    public static string Of(Guid topUpId) => Text(ShortId.Of(topUpId), ShortId.Letters);

    /// <summary>Reads a code as people type it: any case, with or without hyphens and spaces, O for 0, I and L for 1.</summary>
    /// <param name="code">As it is kept, with hyphens.</param>
    public static bool TryParse(string? typed, out string code, out Cell cell)
    {
        (code, cell) = ("", default);
        if (typed is null || typed.Length > 40)
        {
            return false;
        }

        var letters = typed.Where(c => !char.IsWhiteSpace(c) && c is not ('-' or '‐' or '‑' or '–')).Select(Base32.Meant).ToArray();
        if (letters.Length is not (Letters or ShortId.Letters) || letters.Any(c => Base32.ValueOf(c) < 0))
        {
            return false;
        }

        code = string.Join('-', letters.Chunk(4).Select(group => new string(group)));
        cell = new Cell((byte)((Base32.ValueOf(letters[0]) << 3) | (Base32.ValueOf(letters[1]) >> 2)));
        return true;
    }

    /// <summary>Between which ids the top-up of a derived code lies (first and last, both included); null: the code is one that is kept beside its top-up.</summary>
    /// <param name="code">As <see cref="TryParse"/> gives it.</param>
    /// <param name="near">A time within 17 years of the order: the code repeats every 35.</param>
    public static (Guid First, Guid Last)? IdsOf(string code, DateTimeOffset near)
    {
        var letters = code.Replace("-", "", StringComparison.Ordinal);
        return letters.Length == ShortId.Letters ? ShortId.Bounds(Base32.Read(letters), near) : null;
    }

    private static string Text(UInt128 bits, int letters) => string.Create(letters + letters / 4 - 1, (bits, letters), static (text, what) =>
    {
        var at = 0;
        for (var letter = 0; letter < what.letters; letter++)
        {
            if (letter > 0 && letter % 4 == 0)
            {
                text[at++] = '-';
            }

            text[at++] = Base32.LetterAt(what.bits, what.letters - 1 - letter);
        }
    });
}
