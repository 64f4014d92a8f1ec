using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Promotions;

/// <summary>Offers of the demo, each named as one: a percentage, bonus data, a way of paying, three for two, a coupon.</summary>
public sealed class DemoOffers(Database database, PromotionImport import)
{
    private const string File = "Refill.Promotions.demo-offers.csv";

    /// <summary>Fills an empty list of offers; does nothing to one that has any.</summary>
    public async Task LoadAsync(OfferFacts facts, CancellationToken cancellation)
    {
        await using var db = database.Open();
        if (await db.Set<PromotionRow>().AnyAsync(cancellation))
        {
            return;
        }

        await using var file = typeof(DemoOffers).Assembly.GetManifestResourceStream(File) ?? throw new InvalidOperationException($"{File} is not in the library");
        var report = await import.ImportAsync(file, facts, preview: false, cancellation);
        if (!report.Done)
        {
            throw new InvalidOperationException($"the demo offers are damaged: {report}");
        }
    }
}
