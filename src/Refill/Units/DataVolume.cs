namespace Refill.Units;

/// <summary>A volume of data in bytes. Sellers' gigabytes are decimal: 1 GB is 10^9 bytes, 1 MB is 10^6.</summary>
public readonly record struct DataVolume(long Bytes)
{
    public static DataVolume Gigabytes(long count) => new(checked(count * 1_000_000_000));

    public static DataVolume Megabytes(long count) => new(checked(count * 1_000_000));

    public override string ToString() => $"{Bytes} B";
}
