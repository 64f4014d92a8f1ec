using System.Buffers.Binary;

namespace Refill.Units;

/// <summary>
/// The 80 bits of an id of ours by which people name it: its cell, 40 bits of its time, 32 of its random ones; sixteen letters of <see cref="Base32"/>. They are read off the id, and lead back to a range of the primary key:
/// so nothing is kept for it, and no index (docs/performance.md).
/// </summary>
internal static class ShortId
{
    public const int Letters = 16;
    private const int TimeBits = 40;
    private const int TailBits = 32;

    public static UInt128 Of(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var time = (BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16) & ((1UL << TimeBits) - 1);
        return ((UInt128)bytes[15] << (TimeBits + TailBits)) | ((UInt128)time << TailBits) | BinaryPrimitives.ReadUInt32BigEndian(bytes[11..]);
    }

    public static Cell CellOf(UInt128 shortId) => new((byte)(uint)(shortId >> (TimeBits + TailBits)));

    /// <summary>Between which ids the one lies that this is short for (first and last, both included); null: there can be none.</summary>
    /// <param name="near">A time within 17 years of it: the bits of the time repeat every 35.</param>
    public static (Guid First, Guid Last)? Bounds(UInt128 shortId, DateTimeOffset near)
    {
        var time = (long)(ulong)(shortId >> TailBits) & ((1L << TimeBits) - 1);
        var now = near.ToUnixTimeMilliseconds();
        var turns = (now - time + (1L << (TimeBits - 1))) >> TimeBits;
        var milliseconds = time + (turns << TimeBits);
        return milliseconds < 0 ? null : (Bound(milliseconds, 0x00), Bound(milliseconds, 0xFF));
    }

    private static Guid Bound(long milliseconds, byte rest)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Fill(rest);
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(milliseconds >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)milliseconds);
        return new Guid(bytes, bigEndian: true);
    }
}
