using System.Globalization;
using CsvHelper;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Catalogue;

/// <summary>The demo's file holds what the rest of the demo counts on, and claims nothing that its source does not say.</summary>
public sealed class DemoCatalogueTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private TestDatabase test = null!;
    private CatalogueReader reader = null!;
    private DemoCatalogue demo = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        reader = new CatalogueReader(test.Database, time);
        demo = new DemoCatalogue(test.Database, new CatalogueImport(test.Database, reader), new FxRates(test.Database, time, FxOptions.Plain), time);
        await demo.LoadAsync(Token);
    }

    public async ValueTask DisposeAsync() => await test.DisposeAsync();

    [Theory]
    [InlineData("mint", "9101")]
    [InlineData("visible", "9102")]
    [InlineData("cricket", "9103")]
    [InlineData("metro", "9104")]
    [InlineData("boost", "9105")]
    [InlineData("straight-talk", "9106")]
    [InlineData("us-mobile", "9107")]
    [InlineData("tello", "9108")]
    [InlineData("google-fi", "9109")]
    public async Task A_carrier_that_the_sandbox_knows_is_sold_through_it_by_fixed_amounts(string code, string operatorId)
    {
        var carrier = await reader.CarrierAsync(code, Token);
        Assert.Equal(("reloadly", operatorId), (carrier?.Connector, carrier?.ConnectorReference));
        var plans = await reader.PlansOfAsync(code, time.GetUtcNow(), Token);
        Assert.NotEmpty(plans);
        Assert.All(plans, plan => Assert.Equal(plan.Price.ToDecimalString(), plan.CarrierProduct));
    }

    [Fact]
    public async Task Our_own_carrier_shows_each_clock_each_activation_each_kind_of_hotspot_and_both_ends_of_a_quota()
    {
        Assert.Equal("own", (await reader.CarrierAsync("refill-mobile", Token))?.Connector);
        var plans = await reader.PlansOfAsync("refill-mobile", time.GetUtcNow(), Token);
        Assert.Equal(Enum.GetValues<ValidityClock>(), plans.Select(plan => plan.Validity.Clock).Distinct().Order());
        Assert.Equal(Enum.GetValues<Activation>(), plans.Select(plan => plan.Validity.Activation).Distinct().Order());
        Assert.Equal(Enum.GetValues<Hotspot>(), plans.Select(plan => plan.Hotspot).Distinct().Order());
        Assert.Contains(plans, plan => plan.AfterQuota == AfterQuota.Stops);
        Assert.Contains(plans, plan => (plan.AfterQuota, plan.ThrottleKbps) == (AfterQuota.Throttled, 128));
        Assert.Contains(plans, plan => plan is { Name: "Month 10 GB", Validity: { Count: 1, Clock: ValidityClock.CalendarMonths } });
        Assert.All(plans, plan => Assert.Equal("invented for the demo", plan.Source));
    }

    [Fact]
    public void No_plan_says_that_it_is_verified_and_each_real_one_says_where_it_is_from()
    {
        using var file = new CsvReader(new StreamReader(DemoCatalogue.OpenFile()), CultureInfo.InvariantCulture);
        file.Read();
        file.ReadHeader();
        var rows = 0;
        for (; file.Read(); rows++)
        {
            Assert.Equal("no", file.GetField("verified"));
            if (file.GetField("connector") != "own")
            {
                Assert.Equal("marketing notes of January 2026, unverified; 30 days assumed", file.GetField("source"));
                Assert.Equal(("30x24h", "not stated"), (file.GetField("validity"), file.GetField("after_quota")));
            }
        }

        Assert.Equal(38, rows);
    }

    [Fact]
    public async Task A_catalogue_and_a_rate_that_are_there_are_left_as_they_are()
    {
        time.Advance(TimeSpan.FromDays(1));
        var rates = new FxRates(test.Database, time, FxOptions.Plain);
        await rates.SetAsync(Currency.Usd, Currency.Cny, 7_200_000, "bank", time.GetUtcNow(), Token);
        await using var db = test.Database.Open();
        await db.Set<PlanRow>().Where(row => row.Code == "mint-5gb").ExecuteUpdateAsync(row => row.SetProperty(plan => plan.Name, "ours"), Token);
        await demo.LoadAsync(Token);
        reader.Forget();
        Assert.Equal("ours", (await reader.FindPlanAsync("mint-5gb", time.GetUtcNow(), Token)).Plan?.Name);
        Assert.Equal(7_200_000, (await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token))?.RateMicro);
    }
}
