using System.Diagnostics;
using System.Text.Json;

namespace Refill.Server.Tests;

/// <summary>
/// A client of other people, run by Node.js from tests/referees: what it says of the sandbox counts, for nobody here wrote it. A script NAME.mjs reads one JSON object from its standard
/// input and writes one to its standard output; it ends with another code than 0 when its client was not satisfied.
/// </summary>
internal static class Referee
{
    private const string Variable = "REFILL_TEST_REFEREES";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <exception cref="InvalidOperationException">The referees are not installed, or this one was not satisfied: with what it wrote.</exception>
    public static async Task<JsonElement> AskAsync(string script, object input)
    {
        var folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : throw new InvalidOperationException($"{Variable} is not set: ./test installs the referees and sets it");
        using var node = new Process
        {
            StartInfo = new ProcessStartInfo("node", [Path.Combine(folder, script + ".mjs")]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true },
        };
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        enough.CancelAfter(Patience);
        node.Start();
        try
        {
            var (output, error) = (node.StandardOutput.ReadToEndAsync(enough.Token), node.StandardError.ReadToEndAsync(enough.Token));
            await node.StandardInput.WriteAsync(JsonSerializer.Serialize(input, JsonSerializerOptions.Web));
            node.StandardInput.Close();
            await node.WaitForExitAsync(enough.Token);
            return node.ExitCode == 0 ? JsonSerializer.Deserialize<JsonElement>(await output) : throw new InvalidOperationException($"{script}: {await error}{await output}");
        }
        finally
        {
            if (!node.HasExited)
            {
                node.Kill(entireProcessTree: true);
            }
        }
    }
}
