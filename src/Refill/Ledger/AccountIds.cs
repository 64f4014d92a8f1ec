using System.Security.Cryptography;
using System.Text;
using Refill.Units;

namespace Refill.Ledger;

internal static class AccountIds
{
    /// <summary>UUIDv8 (RFC 9562, 5.8): SHA-256 of the account's name, version and variant set, last byte the cell.</summary>
    internal static Guid Derive(Cell cell, string purpose, Unit unit, Guid owner)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{cell.Number}\n{purpose}\n{unit.Code}\n{owner:N}"), hash);
        var id = hash[..16];
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        id[15] = cell.Number;
        return new Guid(id, bigEndian: true);
    }
}
