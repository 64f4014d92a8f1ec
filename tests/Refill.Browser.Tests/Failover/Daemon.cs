using System.Diagnostics;
using System.Globalization;

namespace Refill.Browser.Tests.Failover;

/// <summary>A program that runs beside the test as the user of PostgreSQL (which refuses root), writes to a log file, and is ended by its id.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private const string User = "postgres";

    private readonly Process process;

    private Daemon(Process process, string log) => (this.process, Log) = (process, log);

    /// <summary>The file that it writes to.</summary>
    public string Log { get; }

    public bool HasEnded => process.HasExited;

    /// <param name="log">Added to. A pipe would be inherited by what the program starts, and would never end.</param>
    public static Daemon Start(string program, IEnumerable<string> arguments, string log)
    {
        string[] asUser = Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--init-groups"] : [];
        var start = new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, .. asUser, program, .. arguments])
        {
            // The programs read variables of their own names; none is meant for them.
            Environment = { ["LC_ALL"] = "C.UTF-8" },
        };
        return new Daemon(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start"), log);
    }

    /// <summary>A folder of one test's own, with folders in it, that the user of PostgreSQL may write to.</summary>
    public static async Task<string> NewFolderAsync(string purpose, IEnumerable<string> subfolders)
    {
        var folder = Directory.CreateTempSubdirectory(purpose).FullName;
        foreach (var subfolder in subfolders)
        {
            Directory.CreateDirectory(Path.Combine(folder, subfolder));
        }

        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", ["-R", User, folder]);
        }

        return folder;
    }

    /// <summary>Sends a signal to processes by their ids; to those that have ended, nothing.</summary>
    public static Task SignalAsync(string signal, IReadOnlyCollection<int> ids) =>
        ids.Count == 0 ? Task.CompletedTask : RunAsync("sh", ["-c", "s=$1; shift; for id; do kill -s \"$s\" \"$id\" 2>/dev/null; done; true", "sh", signal, .. ids.Select(id => id.ToString(CultureInfo.InvariantCulture))]);

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
        process.Dispose();
    }

    private static async Task RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)) ?? throw new InvalidOperationException($"{program} did not start");
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
        }
    }
}
