using System.Net;
using Refill.Comparison;

namespace Refill.Server.Tests.Storefront;

/// <summary>The comparison over HTTP: what stands in the address is compared, or refused in words of each language with the form as it was filled in.</summary>
public sealed class ComparePageTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    private const int Unprocessable = 422;

    /// <summary>The address, and the key and detail of what is said.</summary>
    public static TheoryData<string, string, object?, int> Refused() => new()
    {
        { "start=2026-03-10&end=2026-03-09", "Need_EndBeforeStart", null, Unprocessable },
        { "start=2026-03-10&end=2046-03-09", "Need_StayTooLong", Need.MostDays, Unprocessable },
        { "start=2026-02-01", "Need_StartInThePast", null, Unprocessable },
        { "start=2036-02-01", "Need_StartTooFar", Need.MostDaysAhead, Unprocessable },
        { "start=tomorrow", "Need_NotADay", "tomorrow", Unprocessable },
        { "end=2026-02-30", "Need_NotADay", "2026-02-30", Unprocessable },
        { "gb=0", "Need_NoData", null, Unprocessable },
        { "gb=10000&per=day", "Need_TooMuchData", 500, Unprocessable },
        { "gb=1e9", "Need_NotANumber", "1e9", Unprocessable },
        { "gb=-1", "Need_NotANumber", "-1", Unprocessable },
        { "gb=99999999999999999999999999999999999999", "Need_NotANumber", "99999999999999999999999999999999999999", Unprocessable },
        { "gb=1&gb=x", "Need_NotANumber", "1,x", Unprocessable },
        { "minutes=999999999", "Need_TooMuch", Need.MostMinutes, Unprocessable },
        { "sms=many", "Need_NotANumber", "many", Unprocessable },
        { "hotspot=perhaps", "Need_UnknownChoice", "perhaps", Unprocessable },
        { "sort=<script>", "Need_UnknownChoice", "<script>", Unprocessable },
        { "slow=2", "Need_UnknownChoice", "2", Unprocessable },
        { "carrier=nobody", "Need_NoSuchCarrier", "nobody", Unprocessable },
        { "page=1000000000", "Need_NoSuchPage", 7, 404 },
        { "page=0", "Need_NoSuchPage", 7, 404 },
        { "page=99999999999999999999", "Need_NoSuchPage", 7, 404 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_makes_no_sense_is_refused_in_words_and_the_form_stays_filled_in(string query, string key, object? detail, int status)
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = shared.Rig.Visitor(language);
            var answer = await visitor.GetAsync($"/compare?{query}");

            Assert.Equal((status, StorefrontRig.Words(language)[key, detail]), ((int)answer.Status, answer.Error));
            var typed = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(query);
            Assert.All(typed.Where(field => answer.Page.QuerySelector($"input[name={field.Key}]:not([type=checkbox])") is not null), field => Assert.Equal(field.Value.ToString(), answer.Hidden(field.Key)));
        }
    }

    [Fact]
    public async Task All_plans_are_compared_paged_and_what_is_not_stated_is_said()
    {
        using var visitor = shared.Rig.Visitor();
        var seen = new List<string>();
        for (var next = "/compare"; next is not null;)
        {
            var answer = await visitor.GetAsync(next);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            seen.AddRange(answer.Page.QuerySelectorAll("input[name=plan]").Select(box => box.GetAttribute("value")!));
            next = answer.Page.QuerySelector("a[rel=next]")?.GetAttribute("href");
        }

        Assert.Equal(38, seen.Distinct().Count());
        Assert.Equal(38, seen.Count);
        var mint = await visitor.GetAsync("/compare?carrier=mint+mobile");
        Assert.Contains("not stated", mint.Words, StringComparison.Ordinal);
        Assert.Contains("Unverified", mint.Words, StringComparison.Ordinal);
        Assert.Contains("4 of 38 plans", mint.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_that_cannot_cover_the_need_stands_behind_and_says_what_it_lacks()
    {
        using var visitor = shared.Rig.Visitor();
        var answer = await visitor.GetAsync("/compare?carrier=demo&start=2026-03-02&end=2026-03-11&gb=4&minutes=100");
        var cards = answer.Page.QuerySelectorAll(".plans li").ToDictionary(card => card.QuerySelector("input[name=plan]")!.GetAttribute("value")!, card => card.TextContent);

        // Ten days, two of the week's plan: 6 GB, 200 minutes, 18.00, 1.80 a day, 3.00 a GB.
        Assert.Contains("$18.00bought 2 times", cards["refill-mobile-week"], StringComparison.Ordinal); // On two lines.
        Assert.Contains("$1.80", cards["refill-mobile-week"], StringComparison.Ordinal);
        Assert.Contains("$3.00", cards["refill-mobile-week"], StringComparison.Ordinal);
        Assert.Equal("refill-mobile-traveller", cards.Keys.First());
        var last = await visitor.GetAsync("/compare?carrier=demo&start=2026-03-02&end=2026-03-11&gb=4&minutes=100&page=2");
        Assert.Contains("Lacks 100 minutes", Assert.Single(last.Page.QuerySelectorAll(".plans li")).TextContent, StringComparison.Ordinal);
        Assert.Contains("8 Mar 2026, 23:59", cards["refill-mobile-week"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_a_card_only_its_plans_are_compared_and_one_can_be_chosen()
    {
        using var visitor = shared.Rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var compare = await visitor.GetAsync(plans.Page.QuerySelector("#compare")!.GetAttribute("href")!);
        Assert.Equal((PlanComparison.PageSize, "7 of 38 plans"), (compare.Page.QuerySelectorAll("input[name=plan]").Length, compare.Words.Contains("7 of 38 plans", StringComparison.Ordinal) ? "7 of 38 plans" : compare.Words));
        var confirm = await visitor.ChooseAsync(compare, "refill-mobile-week");
        Assert.Equal(HttpStatusCode.OK, confirm.Status);
        Assert.Contains("Week 3 GB", confirm.Words, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync($"/compare?card={StorefrontRig.NoSuchId}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync("/compare?card=1")).Status);
    }

    [Fact]
    public async Task Up_to_four_plans_stand_side_by_side_and_more_or_unknown_ones_are_named()
    {
        using var visitor = shared.Rig.Visitor();
        var two = await visitor.GetAsync("/compare/side?plan=mint-5gb&plan=refill-mobile-week&gb=2");
        Assert.Equal((HttpStatusCode.OK, 2, null), (two.Status, two.Page.QuerySelectorAll("thead th").Length, two.Error));
        Assert.Contains("both run at once", two.Words, StringComparison.Ordinal);
        var five = await visitor.GetAsync("/compare/side?plan=mint-5gb&plan=mint-15gb&plan=mint-20gb&plan=mint-unlimited&plan=tello-2gb");
        Assert.Equal((Unprocessable, 4, StorefrontRig.Words("en")["Side_TooMany", 4]), ((int)five.Status, five.Page.QuerySelectorAll("thead th").Length, five.Error));
        var unknown = await visitor.GetAsync("/compare/side?plan=mint-5gb&plan=%3Cscript%3E");
        Assert.Equal((HttpStatusCode.OK, 1, StorefrontRig.Words("en")["Side_Unknown", "<script>"]), (unknown.Status, unknown.Page.QuerySelectorAll("thead th").Length, unknown.Error));
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync("/compare/side?plan=nothing")).Status);
        Assert.Equal(Unprocessable, (int)(await visitor.GetAsync("/compare/side")).Status);
    }

    [Fact]
    public async Task The_language_switch_keeps_what_is_compared()
    {
        using var visitor = shared.Rig.Visitor();
        var answer = await visitor.GetAsync("/compare?gb=4&carrier=mint&page=1");
        Assert.Equal("/compare?gb=4&carrier=mint&lang=es", answer.Page.QuerySelector("nav a[lang=es]")!.GetAttribute("href"));
    }
}
