using System.Diagnostics;
using Refill.Ledger;
using Refill.TopUps;

namespace Refill.Server;

/// <summary>`refill verify`: one screen that says what was checked and what is wrong.</summary>
internal static class VerifyCommand
{
    /// <returns>0 if nothing is wrong, else 1.</returns>
    public static async Task<int> RunAsync(IServiceProvider provider, TextWriter output, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var findings = new List<AuditFinding>();
        findings.AddRange(await ActivatorUtilities.CreateInstance<LedgerAudit>(provider).RunAsync(cancellation));
        var topUps = provider.GetRequiredService<TopUpAudit>();
        findings.AddRange(await topUps.RunAsync(cancellation));
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

        var dead = await topUps.DeadWorkAsync(cancellation);
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
