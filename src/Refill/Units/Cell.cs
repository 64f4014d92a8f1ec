using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Refill.Units;

/// <summary>The partition (0-255) that all rows of one card share. See DESIGN.md, "Cells".</summary>
public readonly record struct Cell(byte Number)
{
    public const int Count = 256;

    /// <summary>The cell of a card, from a uniformly distributed keyed hash of its identifier (the blind index).</summary>
    public static Cell OfHash(ReadOnlySpan<byte> hash) => new(hash[^1]);

    public override string ToString() => Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>
/// UUIDv7 identifiers (RFC 9562) whose last byte is the cell, so that an id alone says where its rows are.
/// 66 random bits remain: such an id cannot be guessed and may stand in a URL as a capability.
/// </summary>
public static class CellId
{
    private static readonly System.Buffers.SearchValues<char> Base64Url64 = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static Guid New(Cell cell, TimeProvider time) => New(cell, time.GetUtcNow());

    /// <param name="at">At least 1970; kept to the millisecond.</param>
    public static Guid New(Cell cell, DateTimeOffset at)
    {
        // As Guid.CreateVersion7 does it, which asks the kernel for random bits each time: a hundredth of what an order costs (docs/performance.md).
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        RandomBits.Fill(bytes[6..15]);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        bytes[15] = cell.Number;
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>When an id was made, to the millisecond.</summary>
    public static DateTimeOffset TimeOf(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds(TimeBits(id));

    /// <summary>The first 48 bits: in an id of ours, milliseconds since 1970 (RFC 9562, 5.7).</summary>
    internal static long TimeBits(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
    }

    public static Cell CellOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return new Cell(bytes[15]);
    }

    /// <summary>22 characters of base64url, as used in URLs.</summary>
    public static string ToText(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    public static bool TryParse(string? text, out Guid id) => TryParse(text.AsSpan(), out id);

    public static bool TryParse(ReadOnlySpan<char> text, out Guid id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[16];
        if (text.Length != 22 || text.ContainsAnyExcept(Base64Url64)
            // Not TryDecodeFromChars: it throws on bits beyond the 128th.
            || System.Buffers.Text.Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != 16)
        {
            return false;
        }

        // The last character has four bits too many; they must be zero, or one id would have several texts.
        id = new Guid(bytes, bigEndian: true);
        Span<char> again = stackalloc char[22];
        return System.Buffers.Text.Base64Url.EncodeToChars(bytes, again) == 22 && text.SequenceEqual(again);
    }
}

/// <summary>Random bits of the system's cryptographic generator, taken from it a block at a time. A byte is given out once and wiped.</summary>
internal static class RandomBits
{
    private const int BlockBytes = 1024;

    [ThreadStatic]
    private static byte[]? block;

    [ThreadStatic]
    private static int used;

    /// <param name="target">At most 64 bytes.</param>
    public static void Fill(Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target.Length, 64);
        if (block is null || used + target.Length > BlockBytes)
        {
            RandomNumberGenerator.Fill(block ??= new byte[BlockBytes]);
            used = 0;
        }

        var taken = block.AsSpan(used, target.Length);
        taken.CopyTo(target);
        taken.Clear();
        used += target.Length;
    }
}
