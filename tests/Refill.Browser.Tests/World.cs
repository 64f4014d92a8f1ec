using System.Text;
using Microsoft.AspNetCore.Builder;
using Refill.Sandbox;
using Refill.Server;
using Refill.Server.Tests;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>How a test wants its world.</summary>
public sealed record WorldOptions
{
    public DatabaseKind Database { get; init; } = DatabaseKind.Sqlite;

    /// <summary>Where the server kills itself when it gets there the first time it runs; null: nowhere.</summary>
    public string? CrashAt { get; init; }

    /// <summary>Browsers reach the server by HTTPS and HTTP/2 through a pipe like this; null: by HTTP, straight.</summary>
    public Line? Line { get; init; }

    public string LogLevel { get; init; } = "info";
}

/// <summary>
/// All that a top-up needs, running and of one test's own: the sandbox with its books (in this process, so that they outlive the server),
/// a database, the real server as a process, and a line to it.
/// </summary>
public sealed class World : IAsyncDisposable
{
    private readonly WorldOptions options;
    private readonly string folder;
    private readonly ScratchDatabase database;
    private readonly WebApplication sandbox;
    private readonly int httpPort;
    private readonly int httpsPort;
    private RunningServer? server;

    private World(WorldOptions options, string folder, ScratchDatabase database, WebApplication sandbox, DemoSecrets secrets, Uri sandboxUrl, int httpPort, int httpsPort)
    {
        (this.options, this.folder, this.database, this.sandbox, this.httpPort, this.httpsPort) = (options, folder, database, sandbox, httpPort, httpsPort);
        (Secrets, SandboxUrl, Books) = (secrets, sandboxUrl, new Books(sandboxUrl));
        Pipe = options.Line is { } line ? new SlowPipe(line, httpsPort) : null;
    }

    public RunningServer Server => server ?? throw new InvalidOperationException("the server has not been started");

    /// <summary>The storefront as a visitor reaches it, with a slash at its end.</summary>
    public Uri Url => Pipe is null ? InsideUrl : new Uri($"https://127.0.0.1:{Pipe.Port}/");

    public Uri SandboxUrl { get; }

    public Books Books { get; }

    public SlowPipe? Pipe { get; }

    public ScratchDatabase Database => database;

    public DemoSecrets Secrets { get; }

    /// <summary>The header with which the operator's pages open.</summary>
    public string ConsoleAuthorization => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"operator:{Secrets.ConsoleKey}"));

    /// <summary>Everything that every run of the server has logged.</summary>
    public string Log { get; private set; } = "";

    /// <summary>By this the sandbox reaches the server: what gateways send must not be counted as a visitor's weight.</summary>
    private Uri InsideUrl => new($"http://127.0.0.1:{httpPort}/");

    public static async Task<World> StartAsync(WorldOptions options, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("refill-world-").FullName;
        var (httpPort, httpsPort, sandboxUrl) = (Loopback.FreePort(), Loopback.FreePort(), new Uri($"http://127.0.0.1:{Loopback.FreePort()}/"));
        var database = await ScratchDatabase.CreateAsync(options.Database, folder);
        var secrets = DemoKeys.LayInto(folder);
        var sandbox = SandboxHost.Build(secrets.ForSandbox(sandboxUrl, folder, new Uri($"http://127.0.0.1:{httpPort}/")));
        var world = new World(options, folder, database, sandbox, secrets, sandboxUrl, httpPort, httpsPort);
        try
        {
            await sandbox.StartAsync(cancellation);
            await world.StartServerAsync(options.CrashAt, cancellation);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server again after it has died, with nothing armed.</summary>
    public async Task RestartServerAsync(CancellationToken cancellation)
    {
        await StopServerAsync();
        await StartServerAsync(null, cancellation);
    }

    /// <summary>`refill verify` on this world's database, in this process: a process of its own takes longer to start than to verify.</summary>
    public async Task<Ended> VerifyAsync(CancellationToken cancellation)
    {
        using var said = new StringWriter();
        return new Ended(await Commands.RunAsync(["verify", "--database", database.Setting, "--data", folder], said, said, cancellation), said.ToString());
    }

    /// <summary>Any other command of the server's, on this world's database and data.</summary>
    public Task<Ended> RunAsync(IEnumerable<string> command, CancellationToken cancellation) =>
        RunningServer.RunAsync([.. command, "--database", database.Setting, "--data", folder], cancellation);

    /// <summary>What neither log nor database may hold.</summary>
    public IReadOnlyList<string> AllSecrets() => Remains.SecretsOf(folder);

    public async ValueTask DisposeAsync()
    {
        if (Pipe is not null)
        {
            await Pipe.DisposeAsync();
        }

        await StopServerAsync();
        await sandbox.DisposeAsync();
        Books.Dispose();
        Remains.KeepSecretsOf(folder);
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartServerAsync(string? crashAt, CancellationToken cancellation)
    {
        var urls = InsideUrl.AbsoluteUri.TrimEnd('/');
        var environment = new Dictionary<string, string>();
        if (options.Line is not null)
        {
            urls += $",https://127.0.0.1:{httpsPort}";
            var (certificate, key) = Loopback.WriteCertificate(folder);
            environment["ASPNETCORE_Kestrel__Certificates__Default__Path"] = certificate;
            environment["ASPNETCORE_Kestrel__Certificates__Default__KeyPath"] = key;
        }

        if (crashAt is not null)
        {
            environment["REFILL_CRASH_AT"] = crashAt;
        }

        server = await RunningServer.StartAsync(
            InsideUrl,
            [
                "--urls", urls,
                "--public-url", InsideUrl.AbsoluteUri.TrimEnd('/'),
                "--data", folder,
                "--database", database.Setting,
                "--demo", "yes",
                "--sandbox", "running",
                "--sandbox-url", SandboxUrl.AbsoluteUri.TrimEnd('/'),
                "--outside-timeout-seconds", "3",
                "--reloadly-in-flight-seconds", "3",
                "--lookups-per-minute", "10000",
                "--node", "rig",
                "--log-level", options.LogLevel,
            ],
            environment,
            cancellation);
    }

    private async Task StopServerAsync()
    {
        if (server is not null)
        {
            await server.KillAsync();
            Log += server.Output;
            await server.DisposeAsync();
            server = null;
        }
    }
}
