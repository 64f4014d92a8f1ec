using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Refill.Sandbox;
using Refill.Server.Inbound;
using Refill.Server.Storefront;

namespace Refill.Server;

/// <summary>The web server: storefront, inbound notifications, health; in the demo also the sandbox, on its own port.</summary>
internal static class WebHost
{
    /// <summary>The largest body that any page takes, in bytes.</summary>
    private const int MaxBody = 64 * 1024;

    public static async Task<int> RunAsync(Settings settings, CancellationToken cancellation)
    {
        await using var sandbox = settings.StartsSandbox
            ? SandboxHost.Build(DemoSecrets.LoadOrCreate(settings.Data).ForSandbox(settings.SandboxUrl, settings.Data, settings.PublicUrl))
            : null;
        await using var app = Build(settings);
        await Composition.PrepareAsync(app.Services, settings, cancellation);
        if (sandbox is not null)
        {
            await sandbox.StartAsync(cancellation);
        }

        await app.StartAsync(cancellation);
        Greet(settings);
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }

    public static WebApplication Build(Settings settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(WebHost).Assembly.GetName().Name });
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MaxConcurrentConnections = 10_000;
        });
        builder.AddObservability(settings);
        Directory.CreateDirectory(settings.Data);

        builder.Services.AddGround(settings).AddJourneys(settings).AddHostedService<Background>().AddStorefront(settings);
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

        app.UseStorefront();
        app.MapHealth();
        app.MapInbound();
        app.MapStorefront();
        return app;
    }

    private static void Greet(Settings settings)
    {
        Console.WriteLine($"Refill listens at {string.Join(" and ", settings.Urls)}");
        if (settings.Demo)
        {
            Console.WriteLine($"""
                Demo: prices and plans are unverified, no money moves. The sandbox (Alipay, carriers) is at {settings.SandboxUrl}
                Three cards to try:
                  (201) 555-0123   healthy
                  (201) 555-0145   about to expire
                  (201) 555-0177   its carrier will refuse the top-up, and the money goes back
                Stop with Ctrl+C. Every setting: --help
                """);
        }
    }
}
