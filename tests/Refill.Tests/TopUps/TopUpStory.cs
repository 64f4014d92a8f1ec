using Refill.Storage;

namespace Refill.Tests.TopUps;

/// <summary>A story about top-ups, told on one of the two databases in a <see cref="Scene"/> of its own.</summary>
public abstract class TopUpStory(DatabaseKind kind) : IAsyncLifetime
{
    private Scene? scene;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected DatabaseKind Kind => kind;

    private protected Scene Scene => scene ?? throw new InvalidOperationException("the scene is set before each test");

    public async ValueTask InitializeAsync() => scene = await Scene.NewAsync(kind);

    public async ValueTask DisposeAsync()
    {
        await Scene.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
