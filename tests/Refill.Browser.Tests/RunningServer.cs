using System.Diagnostics;
using System.Text;

namespace Refill.Browser.Tests;

/// <summary>How a process of the server ended.</summary>
/// <param name="Output">What it wrote to its standard output and error.</param>
public sealed record Ended(int ExitCode, string Output);

/// <summary>The real server in a process of its own, which a test may kill.</summary>
public sealed class RunningServer : IAsyncDisposable
{
    /// <summary>What Linux reports of a process that SIGKILL ended: 128 + 9.</summary>
    public const int KilledExitCode = 137;

    /// <summary>How long a start, an end or a command may take before a test gives up on it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process process;
    private readonly StringBuilder output = new();

    private RunningServer(Process process) => this.process = process;

    public int ProcessId => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>All that it has written so far.</summary>
    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Starts it and waits until it says that it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; the message holds its output.</exception>
    public static async Task<RunningServer> StartAsync(Uri url, IEnumerable<string> settings, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
    {
        var server = Launch(settings, environment);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        using var client = new HttpClient(handler) { Timeout = Patience };
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync(client, url, cancellation))
        {
            if (server.HasEnded || clock.Elapsed > Patience)
            {
                var said = server.Output;
                await server.DisposeAsync();
                throw new InvalidOperationException($"the server is not ready after {clock.Elapsed}; it said:\n{said}");
            }

            await Pause.ShortAsync(cancellation);
        }

        return server;
    }

    /// <summary>Runs one of the server's commands to its end.</summary>
    public static async Task<Ended> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        await using var command = Launch(arguments, new Dictionary<string, string>());
        return await command.EndAsync(cancellation);
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<Ended> EndAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        await process.WaitForExitAsync(patience.Token);
        return new Ended(process.ExitCode, Output);
    }

    /// <summary>Pulls the plug: SIGKILL, nothing is cleaned up.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Remains.Keep(Output);
        process.Dispose();
    }

    private static RunningServer Launch(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = AppContext.BaseDirectory };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Refill.Server.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // The harness's own variables are no settings, and what is not a setting the server refuses.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("REFILL_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        // It lives for seconds: what pays only later is left out of its start, a tenth of which it is.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var server = new RunningServer(process);
        process.OutputDataReceived += (_, line) => server.Take(line.Data);
        process.ErrorDataReceived += (_, line) => server.Take(line.Data);
        process.Start();
        Remains.Launch();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return server;
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri url, CancellationToken cancellation)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(url, "/health/ready"), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // Not listening yet.
        }
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }
}
