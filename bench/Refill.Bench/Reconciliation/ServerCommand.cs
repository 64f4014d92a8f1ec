using System.Diagnostics;
using System.Globalization;
using Refill.Bench.TopUps;

namespace Refill.Bench.Reconciliation;

/// <summary>How the program's own command went, as a process of its own: `Refill.Server reconcile`.</summary>
/// <param name="Seconds">From its start to its end, starting and compiling included.</param>
/// <param name="ProcessorSeconds">Of this process alone, without the database's own.</param>
/// <param name="PeakMegabytes">The most of its memory that was resident at once (VmHWM, proc(5)).</param>
internal sealed record ServerCommand(int ExitCode, double Seconds, double ProcessorSeconds, double PeakMegabytes, string Output)
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    public static async Task<ServerCommand> RunAsync(IEnumerable<string> arguments)
    {
        var begin = Stopwatch.GetTimestamp();
        using var process = Servers.Start("dotnet", [Servers.Program, .. arguments]);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var ended = process.WaitForExitAsync();
        var (peak, processor) = (0.0, 0.0);
        while (!ended.IsCompleted)
        {
            (peak, processor) = (Math.Max(peak, Peak(process.Id)), Math.Max(processor, ProcessorTime.Of(process.Id)));
            await Task.WhenAny(ended, Task.Delay(BetweenLooks));
        }

        var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        return new ServerCommand(process.ExitCode, seconds, processor, peak, await output);
    }

    private static double Peak(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (IOException)
        {
            return 0; // It has ended.
        }
    }
}
