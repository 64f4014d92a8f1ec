using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Refill.Sandbox;
using Refill.Server.Api;
using Refill.Server.Console;
using Refill.Server.Inbound;
using Refill.Server.Storefront;
using Refill.Storage;

namespace Refill.Server;

/// <summary>The web server: storefront, inbound notifications, health; in the demo also the sandbox, on its own port.</summary>
internal static class WebHost
{
    /// <summary>The largest body that any page takes, in bytes.</summary>
    private const int MaxBody = 64 * 1024;

    /// <summary>How long requests under way may take to end when the server stops; pages that wait for news wait longer and are cut off.</summary>
    public static readonly TimeSpan PatienceAtStop = TimeSpan.FromSeconds(5);

    /// <returns>0 when it was stopped, 1 when its background work has failed.</returns>
    /// <exception cref="SettingException">Another server runs on the same SQLite file.</exception>
    public static async Task<int> RunAsync(Settings settings, TextWriter output, CancellationToken cancellation)
    {
        await using var sandbox = settings.StartsSandbox
            ? SandboxHost.Build(DemoSecrets.LoadOrCreate(settings.Data).ForSandbox(settings.SandboxUrl, settings.Data, settings.PublicUrl))
            : null;
        await using var app = Build(settings);
        using var alone = OnlyServerOf(app.Services.GetRequiredService<Database>());
        await Composition.PrepareAsync(app.Services, settings, cancellation);
        if (sandbox is not null)
        {
            await sandbox.StartAsync(cancellation);
        }

        await app.StartAsync(cancellation);
        await GreetAsync(app, settings, output);
        await app.WaitForShutdownAsync(cancellation);
        return app.Services.GetServices<IHostedService>().OfType<Background>().Any(background => background.ExecuteTask is { IsFaulted: true }) ? 1 : 0;
    }

    /// <summary>Two servers on one SQLite file would each take the other's work for what it had left behind itself. On PostgreSQL they have names (--node).</summary>
    private static FileLock? OnlyServerOf(Database database)
    {
        if (database.SqliteFile is not { } file)
        {
            return null;
        }

        if (Path.GetDirectoryName(file) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        return FileLock.TryTake(database.LockFile("server")) ?? throw new SettingException($"another server runs on {file}; one SQLite file has one server (several share a PostgreSQL)");
    }

    /// <param name="clock">The system's if it is not given.</param>
    public static WebApplication Build(Settings settings, TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(WebHost).Assembly.GetName().Name });
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MaxConcurrentConnections = 10_000;
        });
        builder.WebHost.UseSockets(sockets =>
        {
            // A request is worked on where its bytes came in, instead of being handed on twice; and a buffer is kept ready, instead of asking first whether there is something to read. Of a request's dozen calls to
            // the kernel that is a third (docs/performance.md). What it costs: 4 KB for each idle connection. What blocks (a page that reads SQLite) holds a thread of the pool, as before.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.WaitForDataBeforeAllocatingBuffer = false;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = PatienceAtStop);
        builder.AddObservability(settings);
        Directory.CreateDirectory(settings.Data);

        builder.Services.AddGround(settings).AddJourneys(settings).AddHostedService<Background>().AddStorefront(settings).AddApiDescription(settings).AddSingleton(clock ?? TimeProvider.System);
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var proxy in settings.Find("trusted-proxies")?.Split(',') ?? [])
            {
                options.KnownProxies.Add(IPAddress.Parse(proxy.Trim()));
            }
        });

        var app = builder.Build();
        if (settings.Find("trusted-proxies") is not null)
        {
            app.UseForwardedHeaders();
        }

        app.UseApi();
        app.UseStorefront();
        app.MapHealth();
        app.MapInbound();
        app.MapOpenApi();
        app.MapStorefront();
        app.MapConsole(settings);
        return app;
    }

    private static async Task GreetAsync(WebApplication app, Settings settings, TextWriter output)
    {
        var addresses = string.Join(" and ", app.Urls);
        if (settings["log-format"] == "json")
        {
            // A machine reads it: every line is JSON.
            app.Logger.LogInformation("Refill listens at {Addresses}", addresses);
            return;
        }

        await output.WriteLineAsync($"Refill listens at {addresses}");
        if (settings.Demo)
        {
            await output.WriteLineAsync($"""
                Demo: prices and plans are unverified, no money moves. The sandbox (Alipay, WeChat Pay, Stripe, carriers) is at {settings.SandboxUrl}
                Three cards to try:
                  (201) 555-0123   healthy
                  (201) 555-0145   about to expire
                  (201) 555-0177   its carrier will refuse the top-up, and the money goes back
                The seller's pages are at {new Uri(settings.PublicUrl, "/console")} (user operator, password: consoleKey in {Path.Combine(settings.Data, "demo-secrets.json")})
                Stop with Ctrl+C. Every setting: --help
                """);
        }
    }
}
