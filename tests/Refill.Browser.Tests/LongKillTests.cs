using System.Diagnostics;
using System.Globalization;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>For ./test --long: kill -9 at moments that nobody chose, under several top-ups at once, for as long as there is time.</summary>
public sealed class LongKillTests
{
    private const int TopUpsAtOnce = 6;
    private static readonly TimeSpan LongestBetweenKills = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromMinutes(15);

    [Theory(Explicit = true)]
    [Trait("mode", "long")]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Every_top_up_ends_well_although_the_server_is_killed_again_and_again(DatabaseKind database)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var kills = 0;
        for (var round = 0; round == 0 || clock.Elapsed < Duration() / 2; round++)
        {
            await using var world = await World.StartAsync(new WorldOptions { Database = database }, cancellation);
            var cards = Enumerable.Range(0, TopUpsAtOnce - 1).Select(last => $"+1201555018{last}").Append(DemoCard.Refused).ToArray();
            var all = Task.WhenAll(cards.Select(async card =>
            {
                using var journey = new PlainTopUp(world, card, PlainTopUp.Ways[Array.IndexOf(cards, card) % PlainTopUp.Ways.Count]);
                return await journey.RunAsync(ServerDeath.IsWaitedOut, cancellation);
            }));
            while (!all.IsCompleted)
            {
                await Task.WhenAny(all, Task.Delay(LongestBetweenKills * random.NextDouble(), cancellation));
                await world.Server.KillAsync();
                await world.RestartServerAsync(cancellation);
                kills++;
            }

            var ends = await all;
            foreach (var (card, end) in cards.Zip(ends))
            {
                await KilledTopUp.CardAgreesAsync(world, card, end, $"{card}, seed {seed}, round {round}", cancellation);
            }

            await KilledTopUp.VerifiedAsync(world, $"seed {seed}, round {round}", cancellation);
        }

        Assert.True(kills > 0);
    }

    /// <summary>Both databases share it.</summary>
    private static TimeSpan Duration() =>
        int.TryParse(Environment.GetEnvironmentVariable("REFILL_TEST_LONG_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : DefaultDuration;
}
