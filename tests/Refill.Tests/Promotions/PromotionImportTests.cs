using System.Text;
using Microsoft.Extensions.Time.Testing;
using Refill.Ledger;
using Refill.Promotions;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Promotions;

public sealed class PromotionImportOnSqliteTests() : PromotionImportTests(DatabaseKind.Sqlite);

public sealed class PromotionImportOnPostgresTests() : PromotionImportTests(DatabaseKind.Postgres);

/// <summary>Files of offers: what is wrong with them is said, and nothing of a wrong one is taken.</summary>
public abstract class PromotionImportTests(DatabaseKind kind) : IAsyncLifetime
{
    private const string Heading = "code,name_en,kind,value,plans,carriers,gateways,coupon,first_purchase,from,until,time_zone,limit,limit_per_card,combinable";

    private static readonly OfferFacts Facts = new(
        new Dictionary<string, string> { ["mint-5gb"] = "mint", ["own-week"] = "own" }, new HashSet<string> { "mint", "own" }, new HashSet<string> { "own" }, new HashSet<string> { "alipay", "stripe" });

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private TestDatabase test = null!;
    private GeneralLedger ledger = null!;
    private PromotionReader reader = null!;
    private PromotionImport import = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(kind);
        ledger = new GeneralLedger(test.Database);
        reader = new PromotionReader(test.Database, time);
        import = new PromotionImport(test.Database, ledger, reader, time);
    }

    public async ValueTask DisposeAsync()
    {
        await ledger.DisposeAsync();
        await test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_file_is_previewed_taken_and_taken_again_without_a_change()
    {
        string[] lines = ["autumn,Autumn sale,percent,12.5%,mint-5gb,,alipay stripe,,,2026-11-20,2026-11-30,Asia/Shanghai,100,2,yes", "welcome,Welcome,amount,3,,,,Hello 2026,yes,,,,,,"];
        Assert.Equal("2 added, 0 changed, 0 unchanged", (await ImportAsync(lines, preview: true)).ToString());
        Assert.Empty((await reader.NowAsync(Token)).Book.All);
        Assert.Equal("2 added, 0 changed, 0 unchanged", (await ImportAsync(lines)).ToString());
        Assert.Equal("0 added, 0 changed, 2 unchanged", (await ImportAsync(lines)).ToString());
        var book = (await reader.NowAsync(Token)).Book;
        var autumn = book.ByCode["autumn"];
        Assert.Equal((1250, 100L, 2, new DateTimeOffset(2026, 11, 30, 16, 0, 0, TimeSpan.Zero)), (autumn.Value, autumn.Limit, autumn.LimitPerCard, autumn.Until));
        Assert.Equal(["alipay", "stripe"], autumn.Gateways);
        Assert.Equal("HELLO2026", book.ByCode["welcome"].Coupon);
        Assert.Equal(100, await LeftAsync("autumn"));
        Assert.Equal("~ autumn  LimitUses: 100 → 80", (await ImportAsync([lines[0].Replace(",100,", ",80,", StringComparison.Ordinal)])).Changes.Single().ToString());
        Assert.Equal(80, await LeftAsync("autumn"));
    }

    [Fact]
    public async Task The_same_as_json_lines()
    {
        var report = await ImportTextAsync("""{"code":"autumn","name_en":"Autumn sale","name_zh":"秋季特惠","kind":"percent","value":12.5,"combinable":true,"limit":5}""" + "\n\n" + """{"code":"two","name_en":"Two","kind":"amount","value":"2.00"}""");
        Assert.Equal("2 added, 0 changed, 0 unchanged", report.ToString());
        var autumn = (await reader.NowAsync(Token)).Book.ByCode["autumn"];
        Assert.Equal(("秋季特惠", "Autumn sale", true), (autumn.Name.In("zh-Hans"), autumn.Name.In("es"), autumn.IsCombinable));
        Assert.Contains("JSON", (await ImportTextAsync("{\"code\":[1]}")).Bad.Single().Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,A,percent,100.01,,,,,,,,,,,", "value", "at most 100")]
    [InlineData("a,A,percent,0,,,,,,,,,,,", "value", "above 0")]
    [InlineData("a,A,percent,-5,,,,,,,,,,,", "value", "above 0")]
    [InlineData("a,A,amount,1.005,,,,,,,,,,,", "value", "two decimals")]
    [InlineData("a,A,free,1,,,,,,,,,,,", "kind", "'percent'")]
    [InlineData("a,A,percent,10,,,,,,,,,0,,", "limit", "is 0")]
    [InlineData("a,A,percent,10,,,,,,,,,10,0,", "limit_per_card", "is 0")]
    [InlineData("a,A,percent,10,,,,,,,,,10,11,", "limit_per_card", "more than 10 in all")]
    [InlineData("a,A,percent,10,,,,,yes,,,,,2,", "limit_per_card", "one first purchase")]
    [InlineData("a,A,percent,10,,,,,,2026-12-02,2026-12-01,UTC,,,", "until", "ends (2026-12-01) before it starts (2026-12-02)")]
    [InlineData("a,A,percent,10,,,,,,2026-12-02,,,,,", "time_zone", "is empty")]
    [InlineData("a,A,percent,10,,,,,,2026-12-02,,Mars/Olympus,,,", "time_zone", "no IANA time zone")]
    [InlineData("a,A,percent,10,,,,,,today,,UTC,,,", "from", "2026-12-01")]
    [InlineData("a,A,percent,10,nothing,,,,,,,,,,", "plans", "is no plan")]
    [InlineData("a,A,percent,10,,nobody,,,,,,,,,", "carriers", "is no carrier")]
    [InlineData("a,A,percent,10,,,cash,,,,,,,,", "gateways", "alipay, stripe")]
    [InlineData("a,A,percent,10,own-week,mint,,,,,,,,,", "plans", "is a plan of 'own'")]
    [InlineData("a,A,percent,10,,,,x!,,,,,,,", "coupon", "letters A-Z and digits")]
    [InlineData("a,A,data,2 GB,mint-5gb,,,,,,,,,,", "kind", "our own network alone")]
    [InlineData("a,A,data,2 GB,,,,,,,,,,,", "kind", "our own network alone")]
    [InlineData("a,A,buy-n-get-one,2,,mint,,,,,,,,,", "kind", "our own network alone")]
    [InlineData("a,A,buy-n-get-one,11,,own,,,,,,,,,", "value", "1 to 10")]
    [InlineData("a,A,buy-n-get-one,2,,own,,,,,,,,,yes", "combinable", "stands alone")]
    [InlineData("a,A,buy-n-get-one,2,,own,alipay,,,,,,,,", "gateways", "every way of paying")]
    [InlineData("A B,A,percent,10,,,,,,,,,,,", "code", "lower-case")]
    [InlineData("a,=1+1,percent,10,,,,,,,,,,,", "name_en", "formula")]
    [InlineData("a,,percent,10,,,,,,,,,,,", "name_en", "is empty")]
    [InlineData("a,A,percent,10,,,,,maybe,,,,,,", "first_purchase", "'yes' or 'no'")]
    [InlineData("a,A,percent,10", "row", "has 4 cells")]
    public async Task What_is_wrong_is_said(string line, string column, string reason)
    {
        var report = await ImportAsync([line]);
        var bad = Assert.Single(report.Bad);
        Assert.Equal((false, 2, column), (report.Done, bad.Line, bad.Column));
        Assert.Contains(reason, bad.Reason, StringComparison.Ordinal);
        Assert.Empty((await reader.NowAsync(Token)).Book.All);
    }

    [Fact]
    public async Task Contradictions_with_others_are_refused_and_overlaps_are_told()
    {
        Assert.Contains("line 2 already", (await ImportAsync(["a,A,percent,10,,,,,,,,,,,", "a,A,percent,20,,,,,,,,,,,"])).Bad.Single().Reason, StringComparison.Ordinal);
        Assert.True((await ImportAsync(["old,Old,percent,10,,,,HELLO,,2026-11-01,2026-11-30,UTC,,,", "sale,Sale,percent,10,,mint,,,,,,,,,"])).Done);
        var clash = await ImportAsync(["new,New,percent,20,,,,hello,,2026-11-30,2026-12-31,UTC,,,"]);
        Assert.Equal(("coupon", false), (clash.Bad.Single().Column, clash.Done));
        Assert.True((await ImportAsync(["new,New,percent,20,,,,hello,,2026-12-01,2026-12-31,UTC,,,"])).Done);
        var overlap = await ImportAsync(["week,Week,amount,2,own-week,,,,,,,,,,", "mint,Mint,amount,2,mint-5gb,,,,,,,,,,", "past,Past,amount,1,own-week,,,,,,2026-11-01,UTC,,,"]);
        Assert.True(overlap.Done);
        Assert.Contains(overlap.Notes, note => note.Reason.Contains("'mint' overlaps 'sale'", StringComparison.Ordinal));
        Assert.Contains(overlap.Notes, note => note.Reason.Contains("over already", StringComparison.Ordinal));
        Assert.DoesNotContain(overlap.Notes, note => note.Reason.Contains("'week' overlaps 'sale'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_uses_are_counted_by_stays_and_what_was_stopped_stays_stopped()
    {
        Assert.True((await ImportAsync(["a,A,percent,10,,,,,,,,,10,2,"])).Done);
        Assert.Equal("limit_per_card", (await ImportAsync(["a,A,percent,10,,,,,,,,,10,3,"])).Bad.Single().Column);
        Assert.True(await import.StopAsync("a", Token));
        Assert.False(await import.StopAsync("a", Token));
        Assert.Contains("stopped", (await ImportAsync(["a,A,percent,10,,,,,,,,,10,2,"])).Bad.Single().Reason, StringComparison.Ordinal);
        Assert.False((await reader.NowAsync(Token)).Book.ByCode["a"].RunsAt(time.GetUtcNow()));
    }

    [Fact]
    public async Task An_import_that_died_before_it_told_the_ledger_is_told_by_the_next_and_once()
    {
        Assert.True((await ImportAsync(["a,A,percent,10,,,,,,,,,10,,"])).Done);
        await test.RunAsync("UPDATE promotion SET limit_uses = 25");
        Assert.True((await ImportAsync(["b,B,percent,10,mint-5gb,,,,,,,,,,"])).Done);
        Assert.Equal(25, await LeftAsync("a"));
        await test.RunAsync("UPDATE promotion SET issued_uses = 10, tellings = 1 WHERE code = 'a'"); // It died between the ledger and the row.
        Assert.True((await ImportAsync(["b,B,percent,10,mint-5gb,,,,,,,,,,"])).Done);
        Assert.Equal(25, await LeftAsync("a"));
    }

    [Fact]
    public async Task A_hundred_combinable_ones_with_limits_are_the_most()
    {
        string[] lines = [.. Enumerable.Range(0, PromotionImport.MaxCounted + 1).Select(index => $"p{index},Offer {index},percent,1,,,,,,,,,10,,yes")];
        Assert.Contains("101 combinable", (await ImportAsync(lines)).Bad.Single().Reason, StringComparison.Ordinal);
        Assert.True((await ImportAsync(lines[1..])).Done);
    }

    [Fact]
    public async Task Ten_thousand_are_taken_and_one_more_is_refused()
    {
        string[] lines = [.. Enumerable.Range(0, PromotionImport.MaxRows).Select(index => $"p{index},Offer {index},percent,10,mint-5gb,,,C{index:00000},,,,,,,")];
        var report = await ImportAsync(lines);
        Assert.Equal($"{PromotionImport.MaxRows} added, 0 changed, 0 unchanged", report.ToString());
        Assert.Equal(PromotionImport.MaxRows, (await reader.NowAsync(Token)).Book.All.Count);
        Assert.Contains("more than 10000", (await ImportAsync([.. lines, "x,X,percent,10,,,,,,,,,,,"])).Bad.Single().Reason, StringComparison.Ordinal);

        // All of them for everybody at the same time: what overlaps is told up to a bound.
        Assert.InRange((await ImportAsync([.. lines.Select(line => line.Replace(",C", ",,", StringComparison.Ordinal)[..line.IndexOf(",C", StringComparison.Ordinal)] + ",,,,,,,,")], preview: true)).Notes.Count, 1, PromotionImport.MaxShown);
    }

    private Task<OfferReport> ImportAsync(string[] lines, bool preview = false) => ImportTextAsync($"{Heading}\n{string.Join('\n', lines)}", preview);

    private async Task<OfferReport> ImportTextAsync(string text, bool preview = false)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return await import.ImportAsync(file, Facts, preview, Token);
    }

    private Task<long> LeftAsync(string code) => ledger.BalanceAsync(PromotionAccounts.Left(PromotionAccounts.IdOf(code)), Token);
}
