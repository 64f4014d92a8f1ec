using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Catalogue;

/// <summary>A real price list of 1,805 plans; it stays in the folder that REFILL_TEST_SHARED names and is read by .ci/run.</summary>
[Trait("needs", "shared")]
public sealed class RealPriceListTests
{
    [Fact]
    public async Task Each_row_is_in_or_listed_with_its_reason()
    {
        var shared = Environment.GetEnvironmentVariable("REFILL_TEST_SHARED") ?? throw new InvalidOperationException("REFILL_TEST_SHARED names no folder; .ci/run sets it");
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        await using var map = typeof(RealPriceListTests).Assembly.GetManifestResourceStream("esim-plans-usa.map.json")!;
        var json = new byte[map.Length];
        await map.ReadExactlyAsync(json, TestContext.Current.CancellationToken);
        var import = new CatalogueImport(test.Database, new CatalogueReader(test.Database, TimeProvider.System));
        await using var file = File.OpenRead(Path.Combine(shared, "data", "esim_plans_usa.csv"));

        var report = await import.ImportAsync(file, new ImportOptions(DateTimeOffset.UtcNow) { Mapping = PriceListMapping.Read(json), LeaveBadOut = true }, TestContext.Current.CancellationToken);

        Assert.True(report.Done, report.ToString());
        TestContext.Current.TestOutputHelper!.WriteLine(report + Environment.NewLine + string.Join(Environment.NewLine, report.Bad.Concat(report.Skipped).GroupBy(row => $"{row.Column}: {row.Reason}").Select(group => $"{group.Count()} × {group.Key}")));
        Assert.Equal(1805, report.Added + report.Bad.Concat(report.Skipped).DistinctBy(row => row.Line).Count());
        Assert.InRange(report.Added, 1700, 1805);
        Assert.All(report.Bad, row => Assert.InRange(row.Line, 2, 1806));
    }
}
