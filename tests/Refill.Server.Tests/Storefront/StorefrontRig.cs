using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Refill.Catalogue;
using Refill.Sandbox;
using Refill.Server.Storefront;

namespace Refill.Server.Tests.Storefront;

/// <summary>
/// The whole server of a test's own in this process, on a free port, with its sandbox and a SQLite file, seen from outside over HTTP. Server and sandbox go
/// by one clock, which stands still until a test moves it.
/// </summary>
internal sealed class StorefrontRig : IAsyncDisposable
{
    /// <summary>At the demo's own carrier, which needs nobody outside: it has six plans.</summary>
    internal const string OwnCard = "+12015550123";

    /// <summary>At the sandbox's Reloadly, at Mint Mobile.</summary>
    internal const string OtherCard = "+12015550111";

    /// <summary>As ours are, but of nothing.</summary>
    internal const string NoSuchId = "AAAAAAAAAAAAAAAAAAAAAA";

    internal static readonly DateTimeOffset Start = new(2026, 3, 1, 4, 0, 0, TimeSpan.Zero);

    private readonly string folder;
    private readonly WebApplication sandbox;
    private readonly WebApplication server;
    private readonly HttpClient control;

    private StorefrontRig(FakeTimeProvider clock, string folder, WebApplication sandbox, WebApplication server)
    {
        (Clock, this.folder, this.sandbox, this.server) = (clock, folder, sandbox, server);
        Url = new Uri(server.Urls.Single());
        control = new HttpClient { BaseAddress = new Uri(sandbox.Urls.Single()), Timeout = WebVisitor.Patience };
    }

    internal FakeTimeProvider Clock { get; }

    internal Uri Url { get; }

    internal IServiceProvider Services => server.Services;

    internal Uri SandboxUrl => control.BaseAddress!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="lookupsPerMinute">As many as a class of tests may need, unless it is about the limit.</param>
    /// <param name="more">Settings besides.</param>
    internal static async Task<StorefrontRig> StartAsync(int lookupsPerMinute = 10_000, params (string Name, string Text)[] more)
    {
        var clock = new FakeTimeProvider(Start);
        var folder = Directory.CreateTempSubdirectory("refill-storefront-").FullName;
        var secrets = DemoKeys.LayInto(folder);

        // Nobody listens there: what the gateway and the carrier report, the server learns by asking.
        var nowhere = new Uri("http://127.0.0.1:1");
        var sandbox = SandboxHost.Build(secrets.ForSandbox(new Uri("http://127.0.0.1:0"), folder, nowhere), clock);
        await sandbox.StartAsync(Cancellation);
        var settings = Settings.Read(
            new Dictionary<string, string>(more.Select(setting => KeyValuePair.Create(setting.Name, setting.Text)))
            {
                ["urls"] = "http://127.0.0.1:0",
                ["public-url"] = nowhere.AbsoluteUri,
                ["data"] = folder,
                ["sandbox"] = "running",
                ["sandbox-url"] = sandbox.Urls.Single(),
                ["lookups-per-minute"] = lookupsPerMinute.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["node"] = "rig",
                ["log-level"] = "warning",
            },
            new Dictionary<string, string>(),
            file: null);
        var server = WebHost.Build(settings, clock);
        await Composition.PrepareAsync(server.Services, settings, Cancellation);
        await server.StartAsync(Cancellation);
        return new StorefrontRig(clock, folder, sandbox, server);
    }

    internal WebVisitor Visitor(string language = "en") => new(this, language);

    /// <summary>Changes what is sold, as `catalogue import` does.</summary>
    /// <param name="rows">In the columns of the demo catalogue, without the heading.</param>
    internal async Task ImportAsync(string rows, bool withdrawMissing)
    {
        const string Heading = "carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note";
        using var csv = new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"{Heading}\n{rows}\n"));
        var report = await server.Services.GetRequiredService<CatalogueImport>().ImportAsync(csv, Clock.GetUtcNow(), withdrawMissing, Cancellation);
        Assert.True(report.Done, report.ToString());
    }

    /// <summary>Switches a fault of the sandbox's on, for good.</summary>
    internal async Task FaultAsync(string target, string point, object match, string fault)
    {
        using var answer = await control.PostAsJsonAsync("/control/faults", new { target, point, match, fault, times = 1_000 }, Cancellation);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Scans a code and pays, as the buyer would in the app: a trade begins when its code is scanned.</summary>
    internal async Task PayAsync(string code)
    {
        var before = await WaitingTradesAsync();
        using var scanned = await control.GetAsync(code, Cancellation);
        scanned.EnsureSuccessStatusCode();
        var order = Assert.Single((await WaitingTradesAsync()).Except(before));
        using var paid = await control.PostAsJsonAsync("/control/alipay/pay", new { order }, Cancellation);
        paid.EnsureSuccessStatusCode();
    }

    /// <summary>The words that a page in this language should have.</summary>
    internal static Text Words(string language) => new(Text.Languages.Single(known => known.Tag == language).Culture);

    private async Task<string[]> WaitingTradesAsync() =>
        [.. (await control.GetFromJsonAsync<JsonElement[]>("/control/books/alipay/trades", Cancellation))!
            .Where(trade => trade.GetProperty("status").GetString() == "WAIT_BUYER_PAY")
            .Select(trade => trade.GetProperty("order").GetString()!)];

    public async ValueTask DisposeAsync()
    {
        control.Dispose();
        await server.StopAsync(CancellationToken.None);
        await server.DisposeAsync();
        await sandbox.StopAsync(CancellationToken.None);
        await sandbox.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
