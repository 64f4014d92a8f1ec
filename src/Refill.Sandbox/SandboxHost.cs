using Refill.Sandbox.Alipay;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;
using Refill.Sandbox.Reloadly;
using Refill.Sandbox.Stripe;
using Refill.Sandbox.WeChatPay;

namespace Refill.Sandbox;

/// <summary>
/// Alipay, WeChat Pay, Stripe and Reloadly on loopback, over real HTTP, with real signatures and books of their own: for the demo and for tests. It shares no code with the
/// platform that it stands opposite to.
/// </summary>
public static class SandboxHost
{
    private const int LargestBody = 64 * 1024;
    private const int LongestRequestLine = 16 * 1024;

    /// <summary>A sandbox that the caller starts and stops; disposing it closes its books. It reads no settings but these: no files, no environment.</summary>
    /// <param name="time">Its clock; the system's if it is not given.</param>
    /// <exception cref="ArgumentException">An option that cannot work, by its name.</exception>
    public static WebApplication Build(SandboxOptions options, TimeProvider? time = null)
    {
        options.Checked();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(SandboxHost).Assembly.GetName().Name });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.Limits.MaxRequestLineSize = LongestRequestLine;
            if (options.Address is { } address)
            {
                kestrel.Listen(address, options.Url.Port);
            }
            else
            {
                kestrel.ListenLocalhost(options.Url.Port);
            }
        });
        builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton(options.Alipay)
            .AddSingleton(options.Reloadly)
            .AddSingleton(services => new SandboxBooks(options.DataDirectory, options.Reloadly.OpeningBalanceCents, services.GetServices<BooksPart>()))
            .AddSingleton<FaultBook>()
            .AddSingleton<OutsideClient>()
            .AddAlipay()
            .AddReloadly()
            .AddWeChatPay(options.WeChatPay)
            .AddStripe(options.Stripe)
            .AddSingleton<Courier>()
            .AddHostedService(services => services.GetRequiredService<Courier>());
        var app = builder.Build();
        app.Use(TakeBadRequestsCalmlyAsync);
        app.UseRouting();
        Map(app);
        return app;
    }

    /// <summary>A body that is too large or no form, and a caller who has hung up, are no failures of the sandbox: they are answered, not logged.</summary>
    private static async Task TakeBadRequestsCalmlyAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException refused) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = refused.StatusCode;
        }
        catch (InvalidDataException) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
    }

    private static void Map(WebApplication app)
    {
        var (tokens, reloadly) = (app.Services.GetRequiredService<ReloadlyTokens>(), app.Services.GetRequiredService<ReloadlyApi>());

        app.MapAlipay();

        app.MapPost("/oauth/token", tokens.GiveAsync);
        app.MapGet("/accounts/balance", reloadly.BalanceAsync);
        app.MapGet("/operators/{id:long}", (HttpContext context, long id) => reloadly.OperatorAsync(context, id));
        app.MapGet("/operators/countries/{country}", (HttpContext context, string country) => reloadly.OperatorsAsync(context, country));
        app.MapGet("/operators/auto-detect/phone/{phone}/countries/{country}", (HttpContext context, string phone, string country) =>
            reloadly.DetectAsync(context, phone, country, "Could not auto detect operator for given phone number"));
        app.MapGet("/operators/mnp-lookup/phone/{phone}/countries/{country}", (HttpContext context, string phone, string country) =>
            reloadly.DetectAsync(context, phone, country, "mnp lookup for given number failed"));
        app.MapPost("/topups", context => reloadly.TopUpAsync(context, asynchronous: false));
        app.MapPost("/topups-async", context => reloadly.TopUpAsync(context, asynchronous: true));
        app.MapGet("/topups/{id:long}/status", (HttpContext context, long id) => reloadly.FindAsync(context, id, asReport: false));
        app.MapGet("/topups/reports/transactions", reloadly.ReportAsync);
        app.MapGet("/topups/reports/transactions/{id:long}", (HttpContext context, long id) => reloadly.FindAsync(context, id, asReport: true));

        app.MapWeChatPay();
        app.MapStripe();
        app.MapControl();
        app.MapFallback(reloadly.NothingHereAsync);
    }
}
