using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Reloadly;
using Refill.Sandbox;
using Refill.Units;

namespace Refill.Server.Tests.Carriers;

/// <summary>
/// The sandbox on a port of its own, with the connector that talks to it over real HTTP, and its books to look into. Both go by one clock, which a test
/// moves on: nobody waits for a carrier that takes a minute.
/// </summary>
internal sealed class CarrierSandbox : IAsyncDisposable
{
    internal const string ClientSecret = "a client secret of this test";
    internal const string WebhookSecret = "a webhook secret of this test";
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Lazy<(string Public, string Private)> Keys = new(() =>
    {
        using var key = RSA.Create(2048);
        return (key.ExportSubjectPublicKeyInfoPem(), key.ExportPkcs8PrivateKeyPem());
    });

    private readonly WebApplication sandbox;
    private readonly string folder;
    private readonly HttpClient client = ReloadlyCarrier.NewClient();

    private CarrierSandbox(WebApplication sandbox, FakeTimeProvider time, string folder)
    {
        (this.sandbox, this.folder, Time, Url) = (sandbox, folder, time, new Uri(sandbox.Urls.Single()));
        Http = new HttpClient { BaseAddress = Url };
    }

    internal FakeTimeProvider Time { get; }

    internal Uri Url { get; }

    internal HttpClient Http { get; }

    internal static async Task<CarrierSandbox> StartAsync(Uri? webhookUrl = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var folder = Directory.CreateTempSubdirectory("refill-carriers-").FullName;
        var sandbox = SandboxHost.Build(
            new SandboxOptions(
                new Uri("http://127.0.0.1:0"),
                folder,
                new AlipayBooksOptions("app", "seller", Keys.Value.Public, Keys.Value.Private),
                new ReloadlyBooksOptions("client", ClientSecret, webhookUrl, WebhookSecret)),
            time);
        await sandbox.StartAsync(TestContext.Current.CancellationToken);
        return new CarrierSandbox(sandbox, time, folder);
    }

    internal Task StopAsync() => sandbox.StopAsync(TestContext.Current.CancellationToken);

    internal ReloadlyCarrier Carrier(bool asynchronous = true, double timeoutSeconds = 5, string secret = ClientSecret) => new(
        client,
        new ReloadlyOptions(Url, Url, "https://topups.reloadly.com", "client", secret, WebhookSecret, TimeSpan.FromSeconds(timeoutSeconds), (id, _) => Task.FromResult(id switch
        {
            9101 => "mint",
            9102 => "visible",
            9103 => "cricket",
            9104 => "metro",
            9105 => "boost",
            9106 => "straight-talk",
            9107 => "us-mobile",
            9108 => "tello",
            9109 => "google-fi",
            _ => null,
        }))
        {
            Asynchronous = asynchronous,
        },
        Time,
        NullLogger.Instance);

    internal static CardIdentifier Card(string number) => new(CardIdentifierKind.Msisdn, number);

    internal static DeliveryOrder Order(string number, string amount = "14.00", string operatorId = "9108") =>
        new(CellId.New(new Cell(3), TimeProvider.System), Guid.NewGuid(), Card(number), operatorId, amount, Money.Usd(1400));

    internal async Task FaultAsync(string point, string fault, string? number = null, int seconds = 0, int times = 1)
    {
        var match = number is null ? new JsonObject() : new JsonObject { ["number"] = number };
        using var answer = await Http.PostAsJsonAsync(
            "/control/faults", new JsonObject { ["target"] = "reloadly", ["point"] = point, ["match"] = match, ["fault"] = fault, ["seconds"] = seconds, ["times"] = times }, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How often the sandbox's own books say that the number was really credited, and by which identifiers.</summary>
    internal async Task<string[]> CreditsAsync(string number)
    {
        var credits = await Http.GetFromJsonAsync<JsonElement>($"/control/books/reloadly/credits?number={Uri.EscapeDataString(number)}", TestContext.Current.CancellationToken);
        return [.. credits.EnumerateArray().Select(credit => credit.GetProperty("customIdentifier").GetString()!)];
    }

    /// <summary>Waits for an answer while the clock runs.</summary>
    internal async Task<T> LetTimePassAsync<T>(Task<T> answer)
    {
        using var enough = new CancellationTokenSource(Patience);
        while (!answer.IsCompleted)
        {
            await Task.Delay(BetweenLooks, enough.Token);
            Time.Advance(TimeSpan.FromSeconds(0.25));
        }

        return await answer;
    }

    /// <summary>Waits for an answer to a call that credits the number; the clock starts to run when the sandbox's books show the credit.</summary>
    internal async Task<T> LetTimePassOnceCreditedAsync<T>(string number, Task<T> answer)
    {
        using var enough = new CancellationTokenSource(Patience);
        while ((await CreditsAsync(number)).Length == 0)
        {
            await Task.Delay(BetweenLooks, enough.Token);
        }

        return await LetTimePassAsync(answer);
    }

    /// <summary>Asks as a journey does, every few seconds, until the delivery is decided.</summary>
    internal async Task<DeliveryOutcome> SettleAsync(ReloadlyCarrier carrier, DeliveryOrder order, DeliveryOutcome outcome)
    {
        using var enough = new CancellationTokenSource(Patience);
        while (outcome is DeliveryOutcome.Pending or DeliveryOutcome.Unknown)
        {
            await Task.Delay(BetweenLooks, enough.Token);
            Time.Advance(TimeSpan.FromSeconds(3));
            if (await carrier.QueryAsync(order, (outcome as DeliveryOutcome.Pending)?.CarrierNumber, enough.Token) is DeliveryQuery.Known known)
            {
                outcome = known.Outcome;
            }
        }

        return outcome;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        Http.Dispose();
        await sandbox.StopAsync(CancellationToken.None);
        await sandbox.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
