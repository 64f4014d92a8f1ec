using System.Diagnostics;

namespace Refill.Browser.Tests;

/// <summary>Waiting for another process: looked at again and again until it is so, never for a fixed time.</summary>
public static class Pause
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    public static Task ShortAsync(CancellationToken cancellation) => Task.Delay(BetweenLooks, cancellation);

    /// <summary>The first value that is as it should be.</summary>
    /// <exception cref="TimeoutException">It never was within <paramref name="patience"/>; the message names the last value.</exception>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> look, Func<T, bool> asItShouldBe, TimeSpan patience, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var value = await look();
            if (asItShouldBe(value))
            {
                return value;
            }

            if (clock.Elapsed > patience)
            {
                throw new TimeoutException($"after {patience} still: {value}");
            }

            await ShortAsync(cancellation);
        }
    }
}
