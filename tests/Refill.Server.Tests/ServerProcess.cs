using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Refill.Server.Tests;

/// <summary>The real server of an installation in a process of its own, listening on a port that it chose.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>How long a start, an end or an answer may take before a test gives up on it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly List<string> output = [];
    private readonly List<string> error = [];
    private readonly TaskCompletionSource<Uri> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process) => this.process = process;

    public HttpClient Http { get; } = new() { Timeout = Patience };

    public Uri Url => Http.BaseAddress!;

    /// <summary>The lines that it has written to its standard output so far.</summary>
    public IReadOnlyList<string> Output => Copy(output);

    public IReadOnlyList<string> Errors => Copy(error);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="settings">Names and texts in turn, after the installation's own, which they replace.</param>
    public static async Task<ServerProcess> StartAsync(Installation here, IReadOnlyDictionary<string, string>? settings = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var given = here.Given;
        foreach (var (name, text) in settings ?? new Dictionary<string, string>())
        {
            given[name] = text;
        }

        var server = Launch(given.SelectMany(one => new[] { "--" + one.Key, one.Value }), environment);
        try
        {
            server.Http.BaseAddress = await server.listening.Task.WaitAsync(Patience, Cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<Ran> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var server = Launch(arguments, environment);
        return await server.EndAsync();
    }

    /// <summary>Sends it a signal, as an operator's Ctrl+C (INT) or the system's manager (TERM) does.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Cancellation);
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<Ran> EndAsync()
    {
        await process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        return new Ran(process.ExitCode, string.Join('\n', Output), string.Join('\n', Errors));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }

    private static ServerProcess Launch(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Commands).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("REFILL_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(new Process { StartInfo = start, EnableRaisingEvents = true });
        server.process.OutputDataReceived += (_, line) => server.Take(server.output, line.Data);
        server.process.ErrorDataReceived += (_, line) => server.Take(server.error, line.Data);
        server.process.Exited += (_, _) => server.listening.TrySetException(new InvalidOperationException("the server ended before it listened"));
        server.process.Start();
        server.process.BeginOutputReadLine();
        server.process.BeginErrorReadLine();
        return server;
    }

    private void Take(List<string> lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (lines)
        {
            lines.Add(line);
        }

        if (Listening().Match(line) is { Success: true } match)
        {
            listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    private static List<string> Copy(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }

    [GeneratedRegex("Refill listens at (http://[0-9.:]+)")]
    private static partial Regex Listening();
}
