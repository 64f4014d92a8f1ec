using System.Text;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Units;

namespace Refill.Tests.Catalogue;

public sealed class CatalogueImportOnSqliteTests() : CatalogueImportTests(DatabaseKind.Sqlite);

public sealed class CatalogueImportOnPostgresTests() : CatalogueImportTests(DatabaseKind.Postgres);

public abstract class CatalogueImportTests(DatabaseKind kind) : CatalogueTestBase(kind)
{
    private const string Heading = "carrier_code,carrier_name,network,connector,connector_reference,time_zone,plan_code,plan_name,carrier_product,price_usd,full_speed,after_quota,voice_minutes,sms,hotspot,hotspot_data,validity,activation,verified,source,note";
    private const string Good = "mint,Mint,T-Mobile,reloadly,9101,America/New_York,mint-5gb,5GB,15.00,15.00,5 GB,throttled:128,unlimited,100,yes,2 GB,30x24h,purchase,no,somewhere,";

    [Fact]
    public async Task A_good_file_is_in_and_says_what_it_said()
    {
        var report = await ImportAsync($"\uFEFF{Heading}\r\n{Good}\r\n");
        Assert.Equal((true, 1, 0, 0), (report.Done, report.Added, report.Changed, report.Unchanged));
        var plan = Assert.Single(await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token));
        Assert.Equal((Money.Usd(1500), Allowance.Of(5_000_000_000), AfterQuota.Throttled, 128), (plan.Price, plan.FullSpeed, plan.AfterQuota, plan.ThrottleKbps));
        Assert.Equal((Allowance.Unlimited, Allowance.Of(100), Hotspot.Yes, Allowance.Of(2_000_000_000)), (plan.Voice, plan.Sms, plan.Hotspot, plan.HotspotData));
        Assert.Equal(new ValidityRule(30, ValidityClock.Hours24, Activation.OnPurchase, "America/New_York"), plan.Validity);
    }

    [Theory]
    [InlineData("price_usd", "15.001")]
    [InlineData("price_usd", "0")]
    [InlineData("price_usd", "1e3")]
    [InlineData("price_usd", "99999999999999999999")]
    [InlineData("full_speed", "5GB")]
    [InlineData("full_speed", "a lot")]
    [InlineData("after_quota", "throttled:fast")]
    [InlineData("after_quota", "maybe")]
    [InlineData("voice_minutes", "-1")]
    [InlineData("sms", "1.5")]
    [InlineData("hotspot", "perhaps")]
    [InlineData("hotspot", "no")] // With hotspot_data given.
    [InlineData("validity", "0 days")]
    [InlineData("validity", "30 weeks")]
    [InlineData("activation", "someday")]
    [InlineData("verified", "true")]
    [InlineData("time_zone", "America/Nowhere")]
    [InlineData("plan_code", "Mint 5GB")]
    [InlineData("plan_name", "=HYPERLINK(1)")]
    [InlineData("plan_name", "")]
    [InlineData("source", "\u0007bell")]
    [InlineData("source", "seen \u202egnorw")]
    [InlineData("source", "two\u2028lines")]
    [InlineData("plan_name", "\uff1dHYPERLINK(1)")]
    [InlineData("plan_name", " @SUM(1)")]
    [InlineData("connector", "reloadyl")]
    public async Task A_bad_cell_is_named_with_line_column_and_reason_and_nothing_goes_in(string column, string text)
    {
        var cells = Good.Split(',');
        cells[Array.IndexOf(Heading.Split(','), column)] = text;
        var report = await ImportAsync($"{Heading}\n{Good.Replace("mint-5gb", "mint-other", StringComparison.Ordinal)}\n{string.Join(',', cells)}\n");
        Assert.False(report.Done);
        Assert.Contains(report.Bad, bad => bad.Line == 3 && (bad.Column == column || (column == "hotspot" && bad.Column == "hotspot_data")) && bad.Reason.Length > 0);
        Assert.Empty(await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token));
    }

    [Theory]
    [InlineData("reloadly", "queues", "9.99", Stacking.Queues, 999)]
    [InlineData("reloadly", "replaces", "0", Stacking.Replaces, null)]
    [InlineData("own", "beside", "not stated", Stacking.Beside, null)]
    [InlineData("reloadly", "not stated", "", Stacking.NotStated, null)]
    public async Task How_plans_stack_and_what_a_SIM_costs_may_be_said(string connector, string stacking, string sim, Stacking expected, int? cents)
    {
        var report = await ImportAsync($"{Heading},stacking,sim_price_usd\n{Good.Replace("reloadly", connector, StringComparison.Ordinal)},{stacking},{sim}\n");
        Assert.True(report.Done, report.ToString());
        Assert.Equal(expected, Assert.Single(await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token)).Stacking);
        Assert.Equal(cents is { } price ? Money.Usd(price) : null, (await Reader.CarrierAsync("mint", Token))!.SimPrice);
    }

    [Theory]
    [InlineData("own", "queues", "", "stacking")]
    [InlineData("reloadly", "piles up", "", "stacking")]
    [InlineData("reloadly", "beside", "-1", "sim_price_usd")]
    [InlineData("reloadly", "beside", "4.999", "sim_price_usd")]
    public async Task How_plans_stack_and_what_a_SIM_costs_is_refused_where_it_makes_no_sense(string connector, string stacking, string sim, string column)
    {
        var report = await ImportAsync($"{Heading},stacking,sim_price_usd\n{Good.Replace("reloadly", connector, StringComparison.Ordinal)},{stacking},{sim}\n");
        Assert.Equal(column, Assert.Single(report.Bad).Column);
    }

    [Fact]
    public async Task Every_bad_row_is_listed()
    {
        var report = await ImportAsync($"{Heading}\n{Good}\n{Good}\n{Good.Replace("15.00,15.00", "x,y", StringComparison.Ordinal)}\n{Good.Replace("Mint,", "Other,", StringComparison.Ordinal).Replace("mint-5gb", "m2", StringComparison.Ordinal)}\nshort,row\n");
        Assert.Equal([(3, "plan_code"), (4, "price_usd"), (5, "carrier_code"), (6, "row")], report.Bad.Select(bad => (bad.Line, bad.Column)));
    }

    [Fact]
    public async Task A_quotation_mark_out_of_place_is_named_where_it_begins()
    {
        var open = await ImportAsync($"{Heading}\n{Good}\n\n\"{Good.Replace("mint-5gb", "m2", StringComparison.Ordinal)}\n{Good.Replace("mint-5gb", "m3", StringComparison.Ordinal)}\n");
        Assert.Equal((4, "row"), (open.Bad[0].Line, open.Bad[0].Column));
        var stray = await ImportAsync($"{Heading}\n{Good.Replace("5GB,15.00", "5\"GB,15.00", StringComparison.Ordinal)}\n{Good.Replace("5GB,15.00", "\"5\"GB,15.00", StringComparison.Ordinal)}\n");
        Assert.Equal([(2, "row"), (3, "row")], stray.Bad.Select(bad => (bad.Line, bad.Column)));
        var good = await ImportAsync($"{Heading}\n{Good.Replace("5GB,15.00", "\"5\"\"GB, so they say\",15.00", StringComparison.Ordinal)}\n");
        Assert.Equal("5\"GB, so they say", (await Reader.FindPlanAsync("mint-5gb", Time.GetUtcNow(), Token)).Plan?.Name);
        Assert.True(good.Done);
    }

    [Fact]
    public async Task A_file_with_more_faults_than_anyone_reads_says_that_the_list_ends_early()
    {
        var report = await ImportAsync($"{Heading}\n{string.Concat(Enumerable.Repeat("short,row\n", CatalogueImport.MaxBadShown + 5))}");
        Assert.Equal(CatalogueImport.MaxBadShown + 1, report.Bad.Count);
        Assert.Contains("not read", report.Bad[^1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_more_rows_than_the_limit_is_refused()
    {
        var rows = Enumerable.Range(0, CatalogueImport.MaxRows + 1).Select(n => $"a,A,,own,,UTC,p{n},P,p,1,0,stops,0,0,no,,1x24h,purchase,no,s,");
        var report = await ImportAsync($"{Heading}\n{string.Join('\n', rows)}\n");
        Assert.Equal((false, CatalogueImport.MaxRows + 2), (report.Done, Assert.Single(report.Bad).Line));
    }

    [Fact]
    public async Task A_plan_stays_with_its_carrier()
    {
        await ImportAsync($"{Heading}\n{Good}\n");
        var report = await ImportAsync($"{Heading}\n{Good.Replace("mint,Mint", "tello,Tello", StringComparison.Ordinal)}\n");
        Assert.Equal((false, 2, "plan_code"), (report.Done, Assert.Single(report.Bad).Line, report.Bad[0].Column));
        Assert.Null(await Reader.CarrierAsync("tello", Token));
        Assert.Equal("mint", (await Reader.FindPlanAsync("mint-5gb", Time.GetUtcNow(), Token)).Plan?.CarrierCode);
    }

    [Fact]
    public async Task The_last_price_imported_holds_even_when_the_clock_stood_still_or_went_back()
    {
        await ImportAsync($"{Heading}\n{Good}\n");
        var first = Time.GetUtcNow();
        foreach (var (price, back) in new[] { ("16.00", 0), ("17.00", 60) })
        {
            using var file = new MemoryStream(Encoding.UTF8.GetBytes($"{Heading}\n{Good.Replace("15.00,15.00", $"15.00,{price}", StringComparison.Ordinal)}\n"));
            Assert.Equal(1, (await Import.ImportAsync(file, first.AddSeconds(-back), false, Token)).Changed);
        }

        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Money.Usd(1700), (await Reader.FindPlanAsync("mint-5gb", Time.GetUtcNow(), Token)).Plan?.Price);
        Assert.Equal(Money.Usd(1500), (await Reader.FindPlanAsync("mint-5gb", first, Token)).Plan?.Price);
    }

    [Fact]
    public async Task A_withdrawn_plan_that_a_file_names_again_is_sold_again()
    {
        await ImportAsync($"{Heading}\n{Good}\n{Good.Replace("mint-5gb", "mint-old", StringComparison.Ordinal)}\n");
        await ImportAsync($"{Heading}\n{Good}\n", withdrawMissing: true);
        var report = await ImportAsync($"{Heading}\n{Good.Replace("mint-5gb", "mint-old", StringComparison.Ordinal)}\n");
        Assert.Equal((0, 1, 0), (report.Added, report.Changed, report.Withdrawn));
        Assert.NotNull((await Reader.FindPlanAsync("mint-old", Time.GetUtcNow(), Token)).Plan);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a,b\n1,2\n")]
    [InlineData(Heading)]
    [InlineData(Heading + ",colour\n" + Good + ",red\n")]
    public async Task A_file_that_is_no_catalogue_is_refused(string file) => Assert.False((await ImportAsync(file)).Done);

    [Fact]
    public async Task A_file_that_is_too_large_or_not_UTF8_is_refused()
    {
        using var large = new MemoryStream(new byte[CatalogueImport.MaxBytes + 1]);
        Assert.False((await Import.ImportAsync(large, Time.GetUtcNow(), false, Token)).Done);
        using var latin = new MemoryStream([.. Encoding.UTF8.GetBytes(Heading + "\n"), 0xE9, 0xFF]);
        Assert.False((await Import.ImportAsync(latin, Time.GetUtcNow(), false, Token)).Done);
    }

    [Fact]
    public async Task A_new_price_holds_from_its_time_on_and_the_old_one_is_kept()
    {
        var first = Time.GetUtcNow();
        await ImportAsync($"{Heading}\n{Good}\n");
        Time.Advance(TimeSpan.FromDays(1));
        var report = await ImportAsync($"{Heading}\n{Good.Replace("15.00,15.00", "15.00,17.50", StringComparison.Ordinal)}\n");
        Assert.Equal((0, 1), (report.Added, report.Changed));
        Assert.Equal(Money.Usd(1750), (await Reader.FindPlanAsync("mint-5gb", Time.GetUtcNow(), Token)).Plan!.Price);
        Assert.Equal(Money.Usd(1500), (await Reader.FindPlanAsync("mint-5gb", first, Token)).Plan!.Price);
    }

    [Fact]
    public async Task A_plan_that_the_file_no_longer_names_is_withdrawn_when_that_is_asked_for()
    {
        await ImportAsync($"{Heading}\n{Good}\n{Good.Replace("mint-5gb", "mint-old", StringComparison.Ordinal)}\n");
        Time.Advance(TimeSpan.FromDays(1));
        var report = await ImportAsync($"{Heading}\n{Good}\n", withdrawMissing: true);
        Assert.Equal((1, 1), (report.Unchanged, report.Withdrawn));
        var found = await Reader.FindPlanAsync("mint-old", Time.GetUtcNow(), Token);
        Assert.Equal((true, true), (found.Plan is null, found.Withdrawn));
    }

    [Fact]
    public async Task The_demo_catalogue_goes_in_whole_says_that_it_is_unverified_and_a_second_time_changes_nothing()
    {
        var rates = new FxRates(Database, Time, FxOptions.Plain);
        await new DemoCatalogue(Database, Import, rates, Time).LoadAsync(Token);
        await using var file = DemoCatalogue.OpenFile();
        var again = await Import.ImportAsync(file, Time.GetUtcNow(), withdrawMissing: true, Token);
        Assert.Equal((true, 0, 0, 0), (again.Done, again.Added, again.Changed, again.Withdrawn));
        Assert.Equal(38, again.Unchanged);
        var plans = await Reader.PlansOfAsync("refill-mobile", Time.GetUtcNow(), Token);
        Assert.All(plans, plan => Assert.False(plan.Verified));
        Assert.Equal(3, plans.Select(plan => plan.Validity.Clock).Distinct().Count());
        Assert.Equal(Money.Cny(21300), (await rates.CurrentAsync(Currency.Usd, Currency.Cny, Token))!.Convert(Money.Usd(3000)));
    }

    private async Task<ImportReport> ImportAsync(string file, bool withdrawMissing = false)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(file));
        return await Import.ImportAsync(stream, Time.GetUtcNow(), withdrawMissing, Token);
    }
}
