using System.Globalization;

namespace Refill.Browser.Tests.Failover;

/// <summary>One server of the cluster: a Patroni and the PostgreSQL that it keeps, with ports and a folder of its own.</summary>
internal sealed class PatroniNode(string name, string folder, int postgresPort, int restPort, string configuration) : IAsyncDisposable
{
    private Daemon? patroni;

    public string Name => name;

    public int PostgresPort => postgresPort;

    public Uri Rest { get; } = new($"http://127.0.0.1:{restPort}/");

    public bool IsUp => patroni is { HasEnded: false };

    public string Log => Path.Combine(folder, "patroni.log");

    private string Data => Path.Combine(folder, "data");

    /// <summary>The configuration of docs/patroni for this server; the folder is there.</summary>
    public void Start() => patroni = Daemon.Start("patroni", [configuration], Log);

    /// <summary>Pulls the plug of the whole server: SIGKILL to Patroni, the postmaster and all its processes.</summary>
    public async Task KillAsync()
    {
        if (patroni is not null)
        {
            await patroni.DisposeAsync();
            patroni = null;
        }

        await KillPostgresAsync();
    }

    /// <summary>Only PostgreSQL dies; Patroni sees it.</summary>
    public Task KillPostgresAsync() => Daemon.SignalAsync("KILL", PostgresProcesses());

    /// <summary>Nothing more of what the leader sends reaches the disk; PostgreSQL and Patroni work on.</summary>
    public Task StopHearingAsync() => Daemon.SignalAsync("STOP", Receiver());

    /// <summary>It hears again, and what was sent meanwhile is gone, as on a line that was cut.</summary>
    public async Task HearAgainAsync()
    {
        var receiver = Receiver();
        await Daemon.SignalAsync("TERM", receiver);
        await Daemon.SignalAsync("CONT", receiver);
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    private List<int> Receiver() => PostgresProcesses().FindAll(id => CommandLine(id).Contains("walreceiver", StringComparison.Ordinal));

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // It has ended.
        }
    }

    /// <summary>The postmaster first, then its children: no child sees it die and is missed.</summary>
    private List<int> PostgresProcesses()
    {
        try
        {
            var postmaster = int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

            // The file outlives a killed postmaster, and its number may be somebody else's by now.
            if (!CommandLine(postmaster).Contains(Data, StringComparison.Ordinal))
            {
                return [];
            }

            var children = File.ReadAllText($"/proc/{postmaster}/task/{postmaster}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return [postmaster, .. children.Select(child => int.Parse(child, CultureInfo.InvariantCulture))];
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            return []; // It does not run.
        }
    }
}
