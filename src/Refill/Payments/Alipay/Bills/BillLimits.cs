namespace Refill.Payments.Alipay.Bills;

/// <summary>What a bill may be at most: a file that is longer is not read to its end.</summary>
internal sealed record BillLimits
{
    public static readonly BillLimits Default = new();

    public long ZipBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>Of one file in it, unpacked.</summary>
    public long FileBytes { get; init; } = 8L * 1024 * 1024 * 1024;

    public int Files { get; init; } = 20;

    public int LineLength { get; init; } = 16 * 1024;
}
