using System.Diagnostics;
using Refill.Archive;
using Refill.TopUps;

namespace Refill.Server;

/// <summary>`refill verify`: one screen that says what was checked and what is wrong.</summary>
internal static class VerifyCommand
{
    /// <summary>How long it waits for a month to have moved.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <returns>0 if nothing is wrong, else 1.</returns>
    public static async Task<int> RunAsync(IServiceProvider provider, TextWriter output, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var (findings, notes) = await provider.GetRequiredService<Verification>().RunAsync(Patience, cancellation)
            ?? throw new ArchiveUnfitException($"another process has been moving months to the archive, or verifying, for {Patience.TotalMinutes:0} minutes; try again when it is done");
        foreach (var finding in findings)
        {
            await output.WriteLineAsync($"{(finding.ProblemCount == 0 ? "ok   " : "WRONG")}  {finding.Examined,12:N0}  {finding.Check}");
            foreach (var problem in finding.Problems)
            {
                await output.WriteLineAsync($"         {problem}");
            }

            if (finding.ProblemCount > finding.Problems.Count)
            {
                await output.WriteLineAsync($"         … and {finding.ProblemCount - finding.Problems.Count:N0} more");
            }
        }

        foreach (var note in notes)
        {
            await output.WriteLineAsync($"note   {note}");
        }

        var dead = await provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(cancellation);
        if (dead.Count > 0)
        {
            await output.WriteLineAsync($"note   {dead.Count,12:N0}  wait for a person (refill work)");
        }

        var wrong = findings.Sum(finding => finding.ProblemCount);
        await output.WriteLineAsync(wrong == 0
            ? $"nothing is wrong; {findings.Count} checks in {clock.Elapsed.TotalSeconds:0.0} s"
            : $"{wrong:N0} problems; {findings.Count} checks in {clock.Elapsed.TotalSeconds:0.0} s");
        return wrong == 0 ? 0 : 1;
    }
}
