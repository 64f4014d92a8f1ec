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
    public static Guid New(Cell cell, TimeProvider time)
    {
        Span<byte> bytes = stackalloc byte[16];
        // .NET's v7 takes its random bits from the system's cryptographic generator.
        Guid.CreateVersion7(time.GetUtcNow()).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] = cell.Number;
        return new Guid(bytes, bigEndian: true);
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

    public static bool TryParse(string? text, out Guid id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[16];
        if (text is not { Length: 22 } || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            // Not TryDecodeFromChars: it throws on bits beyond the 128th.
            || System.Buffers.Text.Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != 16)
        {
            return false;
        }

        id = new Guid(bytes, bigEndian: true);
        return ToText(id) == text;
    }
}
