using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Refill.Units;

namespace Refill.Ledger;

internal static class AccountIds
{
    // A system's account is named by nearly every commit, and there are few of them: cells, times what gateways and carriers are there.
    private const int MaxKnown = 64 * 1024;
    private const int TimeBytes = 6;
    private static readonly ConcurrentDictionary<(Cell Cell, string Purpose, Unit Unit), Guid> Known = new();

    internal static Guid Of(Cell cell, string purpose, Unit unit, Guid owner)
    {
        if (owner != default)
        {
            return Derive(cell, purpose, unit, owner);
        }

        if (Known.TryGetValue((cell, purpose, unit), out var id))
        {
            return id;
        }

        id = Derive(cell, purpose, unit, owner);
        if (Known.Count < MaxKnown)
        {
            Known[(cell, purpose, unit)] = id;
        }

        return id;
    }

    /// <summary>
    /// UUIDv8 (RFC 9562, 5.8): SHA-256 of the account's name, version and variant set, last byte the cell. An owner's account begins with the 48 bits of time of its owner's UUIDv7, so that
    /// accounts opened one after the other lie side by side; 66 bits of the hash remain beside it.
    /// </summary>
    private static Guid Derive(Cell cell, string purpose, Unit unit, Guid owner)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{cell.Number}\n{purpose}\n{unit.Code}\n{owner:N}"), hash);
        if (owner != default)
        {
            Span<byte> bytes = stackalloc byte[16];
            owner.TryWriteBytes(bytes, bigEndian: true, out _);
            bytes[..TimeBytes].CopyTo(hash);
        }

        return Mark(hash[..16], cell);
    }

    /// <summary>16 bytes of a hash as a UUIDv8 of this cell.</summary>
    internal static Guid Mark(Span<byte> hash, Cell cell)
    {
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        hash[15] = cell.Number;
        return new Guid(hash, bigEndian: true);
    }
}
