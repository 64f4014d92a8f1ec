namespace Refill.Server.Tests.Storefront;

/// <summary>One running server for the tests of a class, which change nothing that another of them looks at.</summary>
public sealed class SharedStorefront : IAsyncLifetime
{
    private StorefrontRig? rig;

    internal StorefrontRig Rig => rig ?? throw new InvalidOperationException("it has not been started");

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (rig is not null)
        {
            await rig.DisposeAsync();
        }
    }
}
