using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Reconciliation;
using Refill.Sandbox;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Tests.Reconciliation;

/// <summary>What was sold, and at which gateway it was or was not paid.</summary>
internal sealed record Sale(string Gateway, Guid TopUpId, string OrderNumber, Money Amount);

/// <summary>
/// An installation and a sandbox that go by one clock, on one day (1 March 2026, of Beijing and of UTC alike): a test sells and lets payers pay, and on the next day reads the statements.
/// Nobody hears a notification: what was paid, the installation learns by asking.
/// </summary>
internal sealed class SandboxDay : IAsyncDisposable
{
    internal static readonly DateOnly Day = new(2026, 3, 1);
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 4, 0, 0, TimeSpan.Zero);
    private const int MostSeconds = 600;

    /// <summary>So that the order of rows is that of the sales.</summary>
    private static readonly TimeSpan BetweenSales = TimeSpan.FromMinutes(1);

    private readonly WebApplication sandbox;
    private readonly HttpClient control;
    private readonly FakeTimeProvider clock;

    private SandboxDay(WebApplication sandbox, Installation here, FakeTimeProvider clock)
    {
        (this.sandbox, this.clock, Here) = (sandbox, clock, here);
        control = new HttpClient { BaseAddress = new Uri(sandbox.Urls.Single()), Timeout = TimeSpan.FromSeconds(60) };
    }

    internal Installation Here { get; }

    private Reconciler Reconciler => Here.Parts.GetRequiredService<Reconciler>();

    private ReconciliationBook Book => Here.Parts.GetRequiredService<ReconciliationBook>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<SandboxDay> StartAsync()
    {
        var clock = new FakeTimeProvider(Noon);
        var folder = Directory.CreateTempSubdirectory("refill-sandbox-day-").FullName;
        var sandbox = SandboxHost.Build(DemoKeys.LayInto(folder).ForSandbox(new Uri("http://127.0.0.1:0"), folder, new Uri("http://127.0.0.1:9")), clock);
        await sandbox.StartAsync(Cancellation);
        var day = new SandboxDay(sandbox, Installation.Beside(folder, new Uri(sandbox.Urls.Single()), clock), clock);
        await day.Here.PrepareAsync();
        return day;
    }

    public async ValueTask DisposeAsync()
    {
        control.Dispose();
        await sandbox.StopAsync(CancellationToken.None);
        await sandbox.DisposeAsync();
        await Here.DisposeAsync();
    }

    /// <summary>A visitor has chosen the cheapest plan and a way to pay, and has not paid.</summary>
    internal async Task<Sale> SellAsync(string gateway, string number = "+12015550123")
    {
        var card = (await Here.Desk.FindCardAsync(number, Cancellation)).Value!;
        var plan = (await Here.Desk.OffersAsync(card, Cancellation))[0].Plan;
        var topUp = (await Here.Desk.QuoteAsync(card.NameId, plan.Code, null, Cancellation)).Value!;
        var way = gateway == "stripe" ? PaymentWay.Page : PaymentWay.Qr;
        var paying = await Here.Desk.PayAsync(topUp.Id, gateway, way, Payer.Unknown, null, new Uri("http://127.0.0.1:9/back"), Cancellation);
        Assert.True(paying.Value is not null, paying.Refusal?.ToString());
        var payment = Assert.Single((await Here.StandingAsync(topUp.Id)).Payments);
        return new Sale(gateway, topUp.Id, payment.Id.ToString("N"), payment.Amount);
    }

    /// <summary>The payer pays at the gateway; nobody here has heard of it yet.</summary>
    internal async Task PayAsync(Sale sale)
    {
        using var paid = await control.PostAsJsonAsync($"/control/{sale.Gateway}/pay", new { order = sale.OrderNumber }, Cancellation);
        Assert.True(paid.IsSuccessStatusCode, await paid.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Sold, paid, and brought to its end.</summary>
    internal async Task<Sale> SellAndEndAsync(string gateway, TopUpState end, string number = "+12015550123")
    {
        var sale = await SellAsync(gateway, number);
        await PayAsync(sale);
        await EndsAsync(sale, end);
        return sale;
    }

    /// <summary>Works second by second until the top-up stands so.</summary>
    internal async Task EndsAsync(Sale sale, TopUpState end)
    {
        for (var second = 0; second < MostSeconds; second++)
        {
            await Here.Desk.CheckPaymentAsync(sale.TopUpId, Cancellation);
            await Here.DueAsync();
            if ((await Here.StandingAsync(sale.TopUpId)).State == end)
            {
                clock.Advance(BetweenSales);
                return;
            }

            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Fail($"after {MostSeconds} s it is {(await Here.StandingAsync(sale.TopUpId)).State}, not {end}");
    }

    /// <summary>Noon of the next day: all statements can be had.</summary>
    internal void NextDay() => clock.Advance(Noon.AddDays(1) - clock.GetUtcNow());

    internal Task FaultAsync(string target, string point, string fault, string? order = null, int times = 1) => SetAsync(
        order is null ? new { target, point, fault, times } : new { target, point, fault, times, match = new { order } });

    /// <summary>Takes back what has not struck yet.</summary>
    /// <returns>How many.</returns>
    internal async Task<int> NoFaultsAsync()
    {
        using var answer = await control.DeleteAsync("/control/faults", Cancellation);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("removed").GetInt32();
    }

    internal Task<ReconciliationOutcome> ReconcileAsync(string gateway) => Reconciler.RunAsync(gateway, Day, "test", Cancellation);

    /// <summary>What waits for a person.</summary>
    internal async Task<IReadOnlyList<Discrepancy>> OpenAsync(string gateway) => [.. (await Book.OpenAsync(Cancellation)).Where(found => found.Gateway == gateway)];

    /// <summary>All that was found that day, settled or not.</summary>
    internal Task<IReadOnlyList<Discrepancy>> FoundAsync(string gateway) => Book.OfDayAsync(gateway, Day, Cancellation);

    private async Task SetAsync(object fault)
    {
        using var answer = await control.PostAsJsonAsync("/control/faults", fault, Cancellation);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }
}
