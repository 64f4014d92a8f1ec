using System.IO.Compression;

namespace Refill.Payments.Alipay.Bills;

/// <summary>The zip of a bill: a file of rows and a file that sums them up.</summary>
internal sealed class BillFile : IAsyncDisposable
{
    private readonly FileStream spooled;
    private readonly ZipArchive zip;
    private readonly BillLimits limits;

    private BillFile(FileStream spooled, ZipArchive zip, BillLimits limits) => (this.spooled, this.zip, this.limits) = (spooled, zip, limits);

    /// <param name="spooled">Closed with it, and if it cannot be opened.</param>
    /// <exception cref="StatementException">It is no whole zip, or holds too much.</exception>
    public static async Task<BillFile> OpenAsync(FileStream spooled, BillLimits limits, CancellationToken cancellation)
    {
        try
        {
            var zip = await ZipArchive.CreateAsync(spooled, ZipArchiveMode.Read, leaveOpen: true, BillLines.Gbk, cancellation);
            return zip.Entries.Count <= limits.Files && zip.Entries.All(entry => entry.Length <= limits.FileBytes)
                ? new BillFile(spooled, zip, limits)
                : throw new StatementException($"the bill's zip holds more than {limits.Files} files, or one of more than {limits.FileBytes} bytes");
        }
        catch (Exception error)
        {
            await spooled.DisposeAsync();
            throw error is InvalidDataException or IOException or NotSupportedException or ArgumentException ? new StatementException($"the bill is no whole zip: {error.GetType().Name}") : error;
        }
    }

    /// <summary>The file of rows (业务明细, 账务明细), or of sums (业务明细(汇总), 账务明细(汇总)).</summary>
    /// <param name="kind">业务 or 账务.</param>
    /// <exception cref="StatementException">There is none, or more than one.</exception>
    public BillLines Read(string kind, bool summary)
    {
        var found = zip.Entries.Where(entry => entry.Name.Contains(kind, StringComparison.Ordinal) && entry.Name.Contains("汇总", StringComparison.Ordinal) == summary).ToList();
        if (found.Count != 1)
        {
            throw new StatementException($"the bill's zip holds {found.Count} files of {kind}{(summary ? "汇总" : "明细")}, not one");
        }

        try
        {
            return new BillLines(found[0].Open(), found[0].Length, found[0].Crc32, limits);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException)
        {
            throw new StatementException($"the bill's zip is broken: {error.GetType().Name}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await zip.DisposeAsync();
        await spooled.DisposeAsync();
    }
}
