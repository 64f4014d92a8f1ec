using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>
/// UUIDv8 (RFC 9562, 5.8), the last byte the cell. A system's account is the SHA-256 of its cell, purpose and unit. An owner's is its owner's UUIDv7, whose bits beyond the 48 of time are mixed (exclusive or)
/// with the SHA-256 of purpose and unit: as unique as its owner, another for each purpose and unit, made without a hash of its own, and side by side with what else was opened at that time.
/// </summary>
internal static class AccountIds
{
    // There are few: purposes times units; and cells, times what gateways and carriers are there.
    private const int MaxKnown = 64 * 1024;
    private const int TimeBytes = 6;
    private static readonly ConcurrentDictionary<(Cell Cell, string Purpose, Unit Unit), Guid> Known = new();
    private static readonly ConcurrentDictionary<(string Purpose, Unit Unit), byte[]> Masks = new();

    internal static Guid Of(Cell cell, string purpose, Unit unit, Guid owner)
    {
        if (owner != default)
        {
            return OfOwner(cell, purpose, unit, owner);
        }

        if (!Known.TryGetValue((cell, purpose, unit), out var id))
        {
            id = Mark(Hash($"{cell.Number}\n{purpose}\n{unit.Code}").AsSpan(0, 16), cell);
            if (Known.Count < MaxKnown)
            {
                Known[(cell, purpose, unit)] = id;
            }
        }

        return id;
    }

    private static Guid OfOwner(Cell cell, string purpose, Unit unit, Guid owner)
    {
        if (!Masks.TryGetValue((purpose, unit), out var mask))
        {
            mask = Hash($"{purpose}\n{unit.Code}");
            if (Masks.Count < MaxKnown)
            {
                Masks[(purpose, unit)] = mask;
            }
        }

        Span<byte> bytes = stackalloc byte[16];
        owner.TryWriteBytes(bytes, bigEndian: true, out _);
        for (var index = TimeBytes; index < bytes.Length; index++)
        {
            bytes[index] ^= mask[index];
        }

        return Mark(bytes, cell);
    }

    private static byte[] Hash(string words) => SHA256.HashData(Encoding.UTF8.GetBytes(words));

    /// <summary>16 bytes as a UUIDv8 of this cell.</summary>
    internal static Guid Mark(Span<byte> bytes, Cell cell)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        bytes[15] = cell.Number;
        return new Guid(bytes, bigEndian: true);
    }
}
