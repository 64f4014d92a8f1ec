using System.Text;
using Microsoft.Extensions.Time.Testing;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Catalogue;

public sealed class CatalogueReaderTests : IAsyncLifetime
{
    private const string Heading = "carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note";
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private TestDatabase test = null!;
    private CatalogueReader here = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(DatabaseKind.Sqlite);
        here = new CatalogueReader(test.Database, time);
    }

    public async ValueTask DisposeAsync() => await test.DisposeAsync();

    [Fact]
    public async Task What_another_process_imports_is_seen_five_seconds_later_and_not_read_for_each_question_before()
    {
        Assert.Empty(await here.PlansOfAsync("mint", time.GetUtcNow(), Token));
        await ImportAsync(new CatalogueReader(test.Database, time), ("mint", "m1", "15.00"));
        time.Advance(CatalogueReader.Fresh - TimeSpan.FromMilliseconds(1));
        Assert.Empty(await here.PlansOfAsync("mint", time.GetUtcNow(), Token));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Single(await here.PlansOfAsync("mint", time.GetUtcNow(), Token));
    }

    [Fact]
    public async Task Whoever_asks_all_the_time_is_answered_while_the_next_one_is_read()
    {
        Assert.Empty(await here.PlansOfAsync("mint", time.GetUtcNow(), Token));
        await ImportAsync(new CatalogueReader(test.Database, time), ("mint", "m1", "15.00"));
        time.Advance(CatalogueReader.Fresh - TimeSpan.FromMilliseconds(500));
        for (var patience = 0; (await here.PlansOfAsync("mint", time.GetUtcNow(), Token)).Count == 0 && patience < 3000; patience++)
        {
            await Task.Delay(10, Token);
        }

        Assert.Single(await here.PlansOfAsync("mint", time.GetUtcNow(), Token));
    }

    [Fact]
    public async Task What_this_process_imports_is_seen_at_once()
    {
        Assert.Null(await here.CarrierAsync("mint", Token));
        await ImportAsync(here, ("mint", "m1", "15.00"));
        Assert.Equal("Mint", (await here.CarrierAsync("mint", Token))?.Name);
    }

    [Fact]
    public async Task Plans_come_cheapest_first_and_only_the_carriers_own()
    {
        await ImportAsync(here, ("mint", "m3", "30"), ("mint", "m1", "9.50"), ("tello", "t1", "1"), ("mint", "m2", "15.00"), ("mint", "m0", "15.00"));
        Assert.Equal(["m1", "m0", "m2", "m3"], (await here.PlansOfAsync("mint", time.GetUtcNow(), Token)).Select(plan => plan.Code));
        Assert.Equal(["mint"], (await here.CarriersOfAsync("reloadly", Token)).Select(carrier => carrier.Code).Where(code => code == "mint"));
        Assert.Empty(await here.CarriersOfAsync("own", Token));
    }

    [Fact]
    public async Task What_is_on_sale_is_the_same_object_until_a_price_begins_or_something_is_imported()
    {
        await ImportAsync(here, ("mint", "m1", "15.00"), ("tello", "t1", "1"));
        var now = time.GetUtcNow();
        var first = await here.OnSaleAsync(now, Token);
        Assert.Equal((2, DateTimeOffset.MaxValue), (first.Plans.Count, first.Until));
        Assert.Same(first, await here.OnSaleAsync(now.AddSeconds(4), Token));

        var later = now.AddSeconds(2);
        await using (var db = test.Database.Open())
        {
            db.Add(new PlanPriceRow { PlanCode = "m1", ValidFrom = later, Cents = 900 });
            await db.SaveChangesAsync(Token);
        }

        here.Forget();
        var before = await here.OnSaleAsync(now, Token);
        var after = await here.OnSaleAsync(later, Token);
        Assert.Equal((later, DateTimeOffset.MaxValue), (before.Until, after.Until));
        Assert.Equal([1500L, 900L], new[] { before, after }.Select(onSale => onSale.Plans.Single(sold => sold.Plan.Code == "m1").Plan.Price.Minor));
        Assert.Equal(before.Plans.Count, (await here.OnSaleAsync(now, Token)).Plans.Count);
    }

    [Fact]
    public async Task A_plan_before_its_first_price_and_a_plan_of_no_name_are_not_withdrawn_but_not_there()
    {
        await ImportAsync(here, ("mint", "m1", "15.00"));
        Assert.Equal(new FoundPlan(null, false), await here.FindPlanAsync("m1", time.GetUtcNow().AddSeconds(-1), Token));
        Assert.Equal(new FoundPlan(null, false), await here.FindPlanAsync("", time.GetUtcNow(), Token));
    }

    [Fact]
    public async Task Many_questions_at_once_are_all_answered_alike()
    {
        await ImportAsync(new CatalogueReader(test.Database, time), ("mint", "m1", "15.00"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => here.PlansOfAsync("mint", time.GetUtcNow(), Token))));
        Assert.All(answers, plans => Assert.Equal("m1", Assert.Single(plans).Code));
    }

    private async Task ImportAsync(CatalogueReader reader, params (string Carrier, string Plan, string Price)[] plans)
    {
        var rows = plans.Select(plan => $"{plan.Carrier},{char.ToUpperInvariant(plan.Carrier[0])}{plan.Carrier[1..]},,reloadly,1,UTC,{plan.Plan},P,p,{plan.Price},0,stops,0,0,no,,1x24h,purchase,no,s,");
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($"{Heading}\n{string.Join('\n', rows)}\n"));
        Assert.True((await new CatalogueImport(test.Database, reader).ImportAsync(file, time.GetUtcNow(), withdrawMissing: false, Token)).Done);
    }
}
