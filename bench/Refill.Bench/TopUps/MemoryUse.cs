using System.Globalization;

namespace Refill.Bench.TopUps;

/// <summary>Anonymous memory of a server (RssAnon, proc(5)): its managed heap, and what SQLite and the runtime hold besides; not the mapped program.</summary>
/// <param name="Seconds">How long it was watched.</param>
/// <param name="QuarterMegabytes">The mean of the second quarter: after the warm-up.</param>
/// <param name="EndMegabytes">The mean of the last quarter.</param>
internal sealed record MemoryUse(double Seconds, double QuarterMegabytes, double EndMegabytes, double MostMegabytes)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <returns>Of the largest server, when there are several.</returns>
    public static async Task<MemoryUse> WatchAsync(IReadOnlyList<int> servers, CancellationToken until)
    {
        var samples = new List<double>();
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(until))
            {
                samples.Add(servers.Max(Megabytes));
            }
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }

        var quarter = Math.Max(1, samples.Count / 4);
        return new MemoryUse(samples.Count * Every.TotalSeconds, samples.Skip(quarter).Take(quarter).DefaultIfEmpty().Average(), samples.TakeLast(quarter).DefaultIfEmpty().Average(), samples.DefaultIfEmpty().Max());
    }

    private static double Megabytes(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
