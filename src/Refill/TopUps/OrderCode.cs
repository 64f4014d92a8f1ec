using System.Buffers.Binary;
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
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int BitsPerLetter = 5;
    private const int Letters = 12;
    private const int DerivedLetters = 16;
    private const int RandomBits = 52;
    private const int TimeBits = 40;
    private const int TailBits = 32;

    public static string New(Cell cell)
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        return Text(((ulong)cell.Number << RandomBits) | (BitConverter.ToUInt64(random) & ((1UL << RandomBits) - 1)), Letters);
    }

    /// <summary>The code of an order that a program made.</summary>
    public static string Of(Guid topUpId)
    {
        var (time, tail) = Parts(topUpId);
        return Text(((UInt128)CellId.CellOf(topUpId).Number << (TimeBits + TailBits)) | ((UInt128)time << TailBits) | tail, DerivedLetters);
    }

    /// <summary>Reads a code as people type it: any case, with or without hyphens and spaces, O for 0, I and L for 1.</summary>
    /// <param name="code">As it is kept, with hyphens.</param>
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
        if (letters.Length is not (Letters or DerivedLetters) || letters.Any(c => !Alphabet.Contains(c, StringComparison.Ordinal)))
        {
            return false;
        }

        code = string.Join('-', letters.Chunk(4).Select(group => new string(group)));
        cell = new Cell((byte)((Value(letters[0]) << 3) | (Value(letters[1]) >> 2)));
        return true;
    }

    /// <summary>Between which ids the top-up of a derived code lies (first and last, both included); null: the code is one that is kept beside its top-up.</summary>
    /// <param name="code">As <see cref="TryParse"/> gives it.</param>
    /// <param name="near">A time within 17 years of the order: the code repeats every 35.</param>
    public static (Guid First, Guid Last)? IdsOf(string code, DateTimeOffset near)
    {
        var letters = code.Replace("-", "", StringComparison.Ordinal);
        if (letters.Length != DerivedLetters)
        {
            return null;
        }

        UInt128 value = 0;
        foreach (var letter in letters)
        {
            value = (value << BitsPerLetter) | (UInt128)Value(letter);
        }

        var time = (long)(ulong)(value >> TailBits) & ((1L << TimeBits) - 1);
        var now = near.ToUnixTimeMilliseconds();
        var turns = (now - time + (1L << (TimeBits - 1))) >> TimeBits;
        var milliseconds = time + (turns << TimeBits);
        return milliseconds < 0 ? null : (Bound(milliseconds, 0x00), Bound(milliseconds, 0xFF));

        static Guid Bound(long milliseconds, byte rest)
        {
            Span<byte> bytes = stackalloc byte[16];
            bytes.Fill(rest);
            BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(milliseconds >> 32));
            BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)milliseconds);
            return new Guid(bytes, bigEndian: true);
        }
    }

    /// <summary>The low bits of the id's milliseconds, and 32 of its random ones.</summary>
    private static (ulong Time, uint Tail) Parts(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return ((BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16) & ((1UL << TimeBits) - 1), BinaryPrimitives.ReadUInt32BigEndian(bytes[11..]));
    }

    private static int Value(char letter) => Alphabet.IndexOf(letter, StringComparison.Ordinal);

    private static string Text(UInt128 bits, int letters) => string.Create(letters + letters / 4 - 1, (bits, letters), static (text, what) =>
    {
        var at = 0;
        for (var letter = 0; letter < what.letters; letter++)
        {
            if (letter > 0 && letter % 4 == 0)
            {
                text[at++] = '-';
            }

            text[at++] = Alphabet[(int)(uint)(what.bits >> ((what.letters - 1 - letter) * BitsPerLetter)) & 31];
        }
    });
}
