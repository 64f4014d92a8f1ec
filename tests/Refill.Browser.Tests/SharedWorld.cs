namespace Refill.Browser.Tests;

/// <summary>One world for the tests of a class, which keep apart by taking a card each.</summary>
public sealed class SharedWorld : IAsyncLifetime
{
    /// <summary>Numbers that the sandbox's Reloadly credits at once, each given to one test.</summary>
    private static readonly string[] HealthyNumbers =
    [
        .. from tens in new[] { 1, 3, 5, 6, 8, 9 }
           from last in Enumerable.Range(0, 10)
           select $"+120155501{tens}{last}",
    ];

    private int taken;
    private World? world;

    public World World => world ?? throw new InvalidOperationException("the world has not been started");

    public async ValueTask InitializeAsync() => world = await World.StartAsync(new WorldOptions(), CancellationToken.None);

    /// <summary>A healthy card that no other test of the class uses.</summary>
    public string NextCard() => HealthyNumbers[Interlocked.Increment(ref taken) - 1];

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
        {
            await world.DisposeAsync();
        }
    }
}
