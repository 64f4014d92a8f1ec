using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Catalogue;

/// <summary>
/// The catalogue of the demo: real US prepaid plans as marketing notes of January 2026 gave them, unverified, and an invented carrier of our own.
/// The file says so row by row, and pages repeat it.
/// </summary>
public sealed class DemoCatalogue(Database database, CatalogueImport import, FxRates rates, TimeProvider time)
{
    /// <summary>7.10 CNY for one USD: an invented rate for the demo, and named as one.</summary>
    private const long DemoRateMicro = 7_100_000;
    private const string DemoRateSource = "demo rate, not a real one";
    private const string File = "Refill.Catalogue.demo-catalogue.csv";

    /// <summary>Opens the demo catalogue's file, as it lies in the library.</summary>
    public static Stream OpenFile() => typeof(DemoCatalogue).Assembly.GetManifestResourceStream(File) ?? throw new InvalidOperationException($"{File} is not in the library");

    /// <summary>Fills an empty catalogue; does nothing to one that has plans or rates.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        if (!await db.Set<PlanRow>().AnyAsync(cancellation))
        {
            await using var file = OpenFile();
            var report = await import.ImportAsync(file, time.GetUtcNow(), withdrawMissing: false, cancellation);
            if (!report.Done)
            {
                throw new InvalidOperationException($"the demo catalogue is damaged: {report}");
            }
        }

        if (await rates.CurrentAsync(Currency.Usd, Currency.Cny, cancellation) is null)
        {
            await rates.SetAsync(Currency.Usd, Currency.Cny, DemoRateMicro, DemoRateSource, time.GetUtcNow(), cancellation);
        }
    }
}
