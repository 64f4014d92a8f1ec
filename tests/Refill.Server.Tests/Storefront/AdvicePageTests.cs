using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Refill.Promotions;
using Refill.Server.Storefront;

namespace Refill.Server.Tests.Storefront;

/// <summary>Advice as visitors get it: a schedule that can be checked by hand from the page, in three languages; and what is said of questions that have no answer.</summary>
public sealed partial class AdvicePageTests : IAsyncLifetime
{
    private const string Story = "/advice?from=2026-03-10&to=2026-03-21&use=chat&n=10&use2=video";
    private const string OnOwn = "&have=refill-mobile&only=1";
    private StorefrontRig rig = null!;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData("zh-Hans", "")]
    [InlineData("zh-Hans", OnOwn)]
    [InlineData("en", OnOwn)]
    [InlineData("es", OnOwn)]
    public async Task Ten_days_of_maps_and_chat_then_two_of_video_can_be_checked_by_hand(string language, string more)
    {
        using var visitor = rig.Visitor(language);
        var page = await visitor.GetAsync(Story + more);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(StorefrontRig.Words(language)["Advice_Proven"], page.Page.QuerySelector("#proof")!.TextContent);
        var sims = page.Page.QuerySelectorAll(".buy li > p.soft").SelectMany(line => Dollars(line.TextContent)).Sum();
        Assert.Equal(Dollars(page.Page.QuerySelector("#total")!.TextContent).Single(), page.Page.QuerySelectorAll(".buy .line").SelectMany(line => Dollars(line.TextContent)).Sum() + sims);
        var days = Checked(page, StorefrontRig.Words(language));
        Assert.Equal(Enumerable.Repeat(300m, 10).Concat(Enumerable.Repeat(3_000m, 2)), days);
    }

    [Fact]
    public async Task The_button_leads_to_the_last_page_for_that_plan_price_and_day()
    {
        using var visitor = rig.Visitor();
        var page = await visitor.GetAsync(Story + OnOwn);
        var total = page.Page.QuerySelector("#total")!.TextContent;
        var plan = page.Page.QuerySelector("#order")!.GetAttribute("value")!;
        Assert.Equal("/", page.Page.QuerySelector("#order")!.Closest("form")!.GetAttribute("action"));
        Assert.Equal("2026-03-10", page.Hidden("start"));

        var home = await visitor.GetAsync($"/?start={page.Hidden("start")}&plan={plan}");
        Assert.Equal((plan, "2026-03-10"), (home.Hidden("plan"), home.Hidden("start")));
        var wrong = await visitor.PostAsync("/plans", ("plan", plan), ("start", "2026-03-10"), ("card", "123"));
        Assert.Equal((422, plan), ((int)wrong.Status, wrong.Hidden("plan")));
        var confirm = await visitor.PostAsync("/plans", ("plan", plan), ("start", "2026-03-10"), ("card", StorefrontRig.OwnCard));

        Assert.Contains("Starts10 Mar 2026, 00:00", confirm.Words, StringComparison.Ordinal);
        Assert.Contains(total, confirm.Words, StringComparison.Ordinal);
        var other = await visitor.PostAsync("/plans", ("plan", plan), ("card", StorefrontRig.OtherCard));
        Assert.Equal((422, StorefrontRig.Words("en")["Quote_PlanNotForCard"]), ((int)other.Status, other.Error));
    }

    [Fact]
    public async Task For_a_card_one_button_orders_the_first_step_with_coupon_and_day()
    {
        using var visitor = rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var link = plans.Page.QuerySelector("#advice")!.GetAttribute("href")!;
        var form = await visitor.GetAsync(link);
        Assert.Equal((HttpStatusCode.OK, plans.Hidden("card")), (form.Status, form.Hidden("card")));
        var page = await visitor.GetAsync($"{link}&from=2026-03-10&to=2026-03-21&use=social&coupon=demo-10");

        var confirm = await visitor.PostAsync("/advice/order", ("card", page.Hidden("card")), ("plan", page.Page.QuerySelector("#order")!.GetAttribute("value")), ("start", page.Hidden("start")), ("coupon", page.Hidden("coupon")));

        Assert.Contains("DEMO10", confirm.Words, StringComparison.Ordinal);
        Assert.Contains("Total", confirm.Words, StringComparison.Ordinal);
        Assert.Equal(page.Page.QuerySelector(".buy .line > b")!.TextContent, PriceOf(confirm));
    }

    [Fact]
    public async Task What_is_cheaper_on_Thursday_is_to_be_waited_for()
    {
        var import = rig.Services.GetRequiredService<PromotionImport>();
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("code,name_en,kind,value,carriers,from,time_zone,combinable\nthursday,Thursday,percent,20,refill-mobile,2026-03-05,America/New_York,no\n"));
        Assert.True((await import.ImportAsync(file, new OfferFacts(new Dictionary<string, string>(), new HashSet<string> { "refill-mobile" }, new HashSet<string> { "refill-mobile" }, new HashSet<string>()), preview: false, TestContext.Current.CancellationToken)).Done);
        using var visitor = rig.Visitor();

        var page = await visitor.GetAsync("/advice?from=2026-03-10&to=2026-03-16&use=chat" + OnOwn);

        var wait = page.Page.QuerySelector("#wait")!.TextContent;
        Assert.Contains("20 % less", wait, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector("#order"));
    }

    [Theory]
    [InlineData("from=2026-03-10&to=2026-03-01", "Advice_EndBeforeStart", "to")]
    [InlineData("from=2026-03-10", "Advice_NoEnd", "to")]
    [InlineData("from=2026-02-01&to=2026-03-12", "Advice_StartInThePast", "from")]
    [InlineData("from=2026-03-10&to=2026-03-12&gb=0", "Advice_NoData", "gb")]
    [InlineData("from=2026-03-10&to=2046-03-12", "Advice_StayTooLong", "to", 400)]
    [InlineData("from=2026-03-10&to=2026-03-12&gb=10000", "Advice_TooMuchData", "gb", "1,000")]
    [InlineData("from=2026-03-10&to=2026-03-12&gb=-3", "Advice_NotANumber", "gb", "-3")]
    [InlineData("from=tomorrow&to=2026-03-12", "Advice_NotADay", "from", "tomorrow")]
    [InlineData("from=2026-03-10&to=2026-03-12&min=ten", "Advice_NotANumber", "min", "ten")]
    [InlineData("from=2026-03-10&to=2026-03-12&sms=99999", "Advice_TooMuch", "sms", 10000)]
    [InlineData("from=2026-03-10&to=2026-03-12&n=9&use2=video", "Advice_StretchTooLong", "n", 3)]
    [InlineData("from=2026-03-10&to=2026-03-12&use=nonsense", "Advice_UnknownChoice", "use", "nonsense")]
    [InlineData("from=2026-03-10&to=2026-03-12&left=3", "Advice_LeftWithoutDay", "lefton")]
    [InlineData("from=2026-03-10&to=2026-03-12&coupon=nosuch", "Quote_CouponUnknown", "coupon")]
    [InlineData("from=2026-03-10&to=2026-03-12&coupon=<b>", "Quote_CouponUnknown", "coupon")]
    [InlineData("from=2026-03-10&to=2026-03-12&have=nobody&only=1", "Advice_UnknownChoice", "have", "nobody")]
    public async Task What_cannot_be_asked_is_said_in_a_sentence_and_the_form_kept(string query, string key, string field, object? detail = null)
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = rig.Visitor(language);
            var page = await visitor.GetAsync("/advice?" + query);
            Assert.Equal((422, StorefrontRig.Words(language)[key, detail]), ((int)page.Status, page.Error));
            Assert.Equal("true", page.Page.GetElementById(field)!.GetAttribute("aria-invalid"));
            Assert.Equal("#" + field, page.Page.QuerySelector("#error a")!.GetAttribute("href"));
            Assert.Equal(Regex.Match(query, "from=([^&]*)").Groups[1].Value, page.Page.GetElementById("from")!.GetAttribute("value"));
        }
    }

    [Fact]
    public async Task A_coupon_for_another_plan_is_said_to_be_one()
    {
        var import = rig.Services.GetRequiredService<PromotionImport>();
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("code,name_en,kind,value,plans,coupon,combinable\nother,Other,percent,20,mint-5gb,MINTY,no\n"));
        Assert.True((await import.ImportAsync(file, new OfferFacts(new Dictionary<string, string> { ["mint-5gb"] = "mint" }, new HashSet<string> { "mint" }, new HashSet<string>(), new HashSet<string>()), preview: false, TestContext.Current.CancellationToken)).Done);
        using var visitor = rig.Visitor();
        var page = await visitor.GetAsync("/advice?from=2026-03-10&to=2026-03-12&coupon=minty" + OnOwn);
        Assert.Equal((422, StorefrontRig.Words("en")["Quote_CouponOtherPlan"]), ((int)page.Status, page.Error));
    }

    [Fact]
    public async Task A_need_that_nothing_covers_says_what_lacks_and_since_when_and_shows_what_comes_nearest()
    {
        using var visitor = rig.Visitor();
        var page = await visitor.GetAsync("/advice?from=2026-03-10&to=2026-03-12&hot=1&have=tello&only=1");
        Assert.Contains("Nothing on sale covers all of this. From Tue 10 Mar on there is not enough hotspot.", Plain(page.Error!), StringComparison.Ordinal);
        Assert.NotEmpty(page.Page.QuerySelectorAll(".buy li"));
        Assert.Equal(StorefrontRig.Words("en")["Advice_Nearest"], page.Page.QuerySelector("#proof")!.TextContent);
    }

    [Fact]
    public async Task Who_lives_here_gets_the_first_step_and_the_rule_for_an_open_end()
    {
        using var visitor = rig.Visitor();
        var page = await visitor.GetAsync("/advice?live=1&use=social" + OnOwn);
        Assert.Contains("Only the first step counts", page.Words, StringComparison.Ordinal);
        Assert.Contains("never pay more than twice", page.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_days_make_it_cheaper_and_the_page_says_how_much()
    {
        using var visitor = rig.Visitor();
        var page = await visitor.GetAsync(Story + OnOwn);
        var prices = page.Page.QuerySelectorAll("a[href*='slow=']").Select(link => Dollars(link.Closest("div")!.QuerySelector("dd")!.TextContent).Single()).ToList();
        Assert.NotEmpty(prices);
        Assert.Equal(prices.OrderDescending(), prices);
        var slow = await visitor.GetAsync(page.Page.QuerySelector("a[href*='slow=']")!.GetAttribute("href")!);
        Assert.Equal(prices[0], Dollars(slow.Page.QuerySelector("#total")!.TextContent).Single());
        Assert.Contains("Slow days: 1", slow.Page.QuerySelectorAll("main .warn")[^1].TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_is_linked_from_the_first_page_and_changes_language_with_its_question()
    {
        using var visitor = rig.Visitor();
        Assert.Equal("/advice", (await visitor.GetAsync("/")).Page.QuerySelector("#advice")!.GetAttribute("href"));
        var page = await visitor.GetAsync(Story);
        var spanish = await visitor.GetAsync(page.Page.QuerySelector("nav a[lang=es]")!.GetAttribute("href")!);
        Assert.Equal(StorefrontRig.Words("es")["Advice_Proven"], spanish.Page.QuerySelector("#proof")!.TextContent);
        var form = await visitor.GetAsync(page.Page.QuerySelector("main a.link")!.GetAttribute("href")!);
        Assert.Equal(("2026-03-10", "2026-03-21", "10"), (Value(form, "from"), Value(form, "to"), Value(form, "n")));
        Assert.Equal(404, (int)(await visitor.GetAsync("/advice?card=" + StorefrontRig.NoSuchId)).Status);
    }

    [Fact]
    public async Task One_visitor_has_one_question_at_a_time()
    {
        using var gate = new AdviceGate();
        var cancellation = TestContext.Current.CancellationToken;
        using (var first = await gate.EnterAsync("a", cancellation))
        {
            Assert.NotNull(first);
            Assert.Null(await gate.EnterAsync("a", cancellation));
            using var other = await gate.EnterAsync("b", cancellation);
            Assert.NotNull(other);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gate.EnterAsync("c", new CancellationToken(canceled: true)));
        }

        using var again = await gate.EnterAsync("a", cancellation);
        Assert.NotNull(again);
    }

    /// <summary>Each day's need in MB, after it was seen that what the day takes adds up to it.</summary>
    private static List<decimal> Checked(Answer page, Text words)
    {
        var needs = new List<decimal>();
        foreach (var row in page.Page.QuerySelectorAll("#days tbody tr"))
        {
            var cells = row.QuerySelectorAll("td").Select(cell => cell.TextContent).ToArray();
            var days = Regex.Matches(cells[0], words.Language == "zh-Hans" ? @"(\d+)\p{IsCJKUnifiedIdeographs}(\d+)" : @"(\d+) \p{L}+").Select(match => int.Parse(words.Language == "zh-Hans" ? match.Groups[2].Value : match.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
            var need = Megabytes(cells[1]).Single();
            Assert.Equal(need, Megabytes(cells[2]).Sum());
            needs.AddRange(Enumerable.Repeat(need, days[^1] - days[0] + 1));
        }

        return needs;
    }

    private static IEnumerable<decimal> Megabytes(string text) =>
        Amount().Matches(text).Select(match => decimal.Parse(match.Groups[1].Value.Replace(',', '.'), CultureInfo.InvariantCulture) * (match.Groups[2].Value == "GB" ? 1_000 : 1));

    private static IEnumerable<decimal> Dollars(string text) => Price().Matches(text).Select(match => decimal.Parse(match.Groups[1].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));

    private static string PriceOf(Answer confirm)
    {
        var off = confirm.Page.QuerySelectorAll("div.offer dd").SelectMany(dd => Dollars(dd.TextContent)).Sum();
        var list = confirm.Page.QuerySelectorAll("dl > div").First(row => row.QuerySelector("dt")!.TextContent == "List price").QuerySelector("dd")!.TextContent;
        return "$" + (Dollars(list).Single() - off).ToString("N2", CultureInfo.InvariantCulture);
    }

    private static string? Value(Answer page, string id) => page.Page.GetElementById(id)!.GetAttribute("value");

    private static string Plain(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"([\d.,]+) (GB|MB)")]
    private static partial Regex Amount();

    [GeneratedRegex(@"\$([\d,.]*\d)")]
    private static partial Regex Price();
}
