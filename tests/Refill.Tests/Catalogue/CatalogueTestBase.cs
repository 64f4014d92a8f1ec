using Microsoft.Extensions.Time.Testing;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Catalogue;

/// <summary>An empty catalogue on 1 November 2026, noon in Greenwich.</summary>
public abstract class CatalogueTestBase(DatabaseKind kind) : IAsyncLifetime
{
    private TestDatabase test = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

    protected Database Database => test.Database;

    protected CatalogueReader Reader { get; private set; } = null!;

    protected CatalogueImport Import { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(kind);
        Reader = new CatalogueReader(test.Database, Time);
        Import = new CatalogueImport(test.Database, Reader, ["own", "reloadly"]);
    }

    public async ValueTask DisposeAsync()
    {
        await test.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
