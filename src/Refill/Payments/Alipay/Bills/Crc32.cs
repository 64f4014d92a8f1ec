namespace Refill.Payments.Alipay.Bills;

/// <summary>CRC-32 as zip files carry it (APPNOTE 4.4.7): .NET reads an entry without holding its bytes against it.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value =>
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
        {
            crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }

        return crc;
    })];

    /// <summary>Of what went before and these bytes; begins with 0.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var value = ~crc;
        foreach (var one in bytes)
        {
            value = Table[(byte)(value ^ one)] ^ (value >> 8);
        }

        return ~value;
    }
}
