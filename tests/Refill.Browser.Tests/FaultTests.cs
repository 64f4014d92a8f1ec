using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>Gateways and carriers that lie, stammer or fall silent: the top-up still ends where its money is right.</summary>
public sealed class FaultTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alipay", "notify", "duplicate")]
    [InlineData("alipay", "notify", "out-of-order")]
    [InlineData("alipay", "notify", "bad-signature")]
    [InlineData("alipay", "notify", "wrong-seller")]
    [InlineData("alipay", "notify", "never")]
    [InlineData("alipay", "query", "error-500")]
    [InlineData("reloadly", "topup-async", "lost-answer")]
    [InlineData("reloadly", "topup-async", "error-500")]
    [InlineData("reloadly", "webhook", "never")]
    [InlineData("reloadly", "webhook", "duplicate")]
    [InlineData("reloadly", "status", "error-500")]
    public async Task A_top_up_is_completed_and_credited_once_although(string target, string point, string fault)
    {
        await using var world = await World.StartAsync(new WorldOptions(), Cancellation);
        await world.Books.SetFaultAsync(new { target, point, match = new { }, fault, seconds = 1, times = 2 }, Cancellation);

        using var journey = new PlainTopUp(world, DemoCard.Healthy);

        var end = await journey.RunAsync(ServerDeath.Fails, Cancellation);

        Assert.Equal(TopUpState.Completed, end);
        await KilledTopUp.BooksAgreeAsync(world, DemoCard.Healthy, end, $"{target} {point} {fault}", Cancellation);
    }
}
