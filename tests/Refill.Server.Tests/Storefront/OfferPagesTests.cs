using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Refill.Server.Tests.Storefront;

/// <summary>Offers as customers and the operator see them: the price that is shown is the price that is asked, line by line.</summary>
public sealed class OfferPagesTests : IAsyncLifetime
{
    private const string Key = "0123456789abcdef0123456789abcdef";
    private const string Max = "refill-mobile-month-max";
    private StorefrontRig rig = null!;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync(10_000, ("console-key", Key));

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData("en", "Demo offer: quarter for less", "List price")]
    [InlineData("zh-Hans", "演示优惠：季度套餐立减", "原价")]
    [InlineData("es", "Oferta de prueba: trimestre rebajado", "Precio normal")]
    public async Task An_offer_stands_beside_the_struck_list_price_and_line_by_line_on_the_last_page(string language, string name, string list)
    {
        using var visitor = rig.Visitor(language);
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var plan = plans.Page.QuerySelector("button[value=refill-mobile-quarter]")!.ParentElement!;
        Assert.Equal(("$52.00", name), (plan.QuerySelector("s")!.TextContent, plan.QuerySelector(".offer")!.TextContent).Map(text => text.Replace(',', '.')));
        Assert.Contains("46", plan.QuerySelector(".big")!.TextContent, StringComparison.Ordinal);

        var confirm = await visitor.ChooseAsync(plans, "refill-mobile-quarter");
        Assert.Contains(list, confirm.Words, StringComparison.Ordinal);
        var line = confirm.Page.QuerySelector(".offer")!;
        Assert.Equal((name, "−$5.20"), (line.QuerySelector("dt")!.TextContent, line.QuerySelector("dd")!.TextContent).Map(text => text.Replace(',', '.')));
        Assert.Contains("332", AskedByAlipay(confirm), StringComparison.Ordinal); // 46.80 at 7.10 is 332.28.
    }

    [Fact]
    public async Task Each_way_of_paying_shows_what_it_asks()
    {
        using var visitor = rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard, Max);
        Assert.Contains("+ 5 GB", confirm.Words, StringComparison.Ordinal);
        Assert.Contains("With WeChat Pay: Demo offer: WeChat Pay$36.00", confirm.Words, StringComparison.Ordinal);
        Assert.Contains("¥255.60", confirm.Page.QuerySelector("button[value='wechatpay.qr']")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("¥269.80", AskedByAlipay(confirm), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh-Hans")]
    [InlineData("es")]
    public async Task A_coupon_changes_the_price_and_a_wrong_one_is_said_in_a_sentence(string language)
    {
        await OfferAsync("other,Other,percent,50,refill-mobile-week,,OTHERPLAN,,,", "past,Past,percent,50,,,PASTCOUPON,,2026-02-01,America/New_York", "soon,Soon,percent,50,,,SOONCOUPON,2026-12-01,,America/New_York");
        using var visitor = rig.Visitor(language);
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard, "refill-mobile-traveller");
        foreach (var (typed, problem) in ((string, string)[])[("nothing", "CouponUnknown"), ("<b>", "CouponUnknown"), ("other-plan", "CouponOtherPlan"), ("pastcoupon", "CouponEnded"), ("soon coupon", "CouponNotYet")])
        {
            var refused = await WishAsync(visitor, confirm, ("coupon", typed));
            Assert.Equal((422, StorefrontRig.Words(language)["Quote_" + problem], typed), ((int)refused.Status, refused.Error, refused.Page.QuerySelector("#coupon")!.GetAttribute("value")));
            Assert.True(refused.Page.QuerySelector("#wishes")!.HasAttribute("open"));
            Assert.Equal(confirm.Address, refused.Address);
        }

        var cheaper = await WishAsync(visitor, confirm, ("coupon", "demo 10"));
        Assert.Equal(HttpStatusCode.OK, cheaper.Status);
        Assert.NotEqual(confirm.Address, cheaper.Address);
        Assert.Contains("DEMO10", cheaper.Page.QuerySelector(".offer")!.TextContent, StringComparison.Ordinal);
        Assert.Contains((95.85m).ToString("N2", StorefrontRig.Words(language).Culture), AskedByAlipay(cheaper), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Gone, (await WishAsync(visitor, confirm, ("coupon", "demo10"))).Status); // The first quote has given way to it.
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh-Hans")]
    [InlineData("es")]
    public async Task The_comparison_asks_what_the_quote_asks_and_says_what_further_purchases_cost(string language)
    {
        using var visitor = rig.Visitor(language);
        var page = await visitor.GetAsync("/compare/side?plan=refill-mobile-quarter&plan=refill-mobile-week&start=2026-03-10&end=2026-09-01");
        string[] cells = [.. page.Page.QuerySelectorAll("tbody td").Take(4).Select(cell => cell.TextContent.Replace(',', '.'))];
        Assert.Contains("$52.00", cells[0], StringComparison.Ordinal);
        Assert.Contains("$46.80", cells[0], StringComparison.Ordinal);
        Assert.DoesNotContain("s", page.Page.QuerySelectorAll("tbody td")[1].Children.Select(child => child.LocalName));
        Assert.StartsWith("$98.80", cells[2], StringComparison.Ordinal); // The second quarter at the list price.
        Assert.Contains(StorefrontRig.Words(language)["Compare_RuleOffers"], page.Words, StringComparison.Ordinal);
        Assert.DoesNotContain(StorefrontRig.Words(language)["Compare_RuleOffers"], (await visitor.GetAsync("/compare/side?plan=refill-mobile-week")).Words, StringComparison.Ordinal);

        await OfferAsync("soon,Soon,percent,50,refill-mobile-week,,,2026-12-01,,Asia/Shanghai", "half,Half,percent,50,refill-mobile-week,,,,,");
        var list = await visitor.GetAsync("/compare?sort=cost&carrier=refill");
        var week = list.Page.QuerySelector("input[value=refill-mobile-week]")!.Closest("li")!;
        Assert.Equal("Half", week.QuerySelector(".offer")!.TextContent);
    }

    [Fact]
    public async Task The_comparison_for_a_card_has_the_offers_of_that_card_alone()
    {
        await OfferAsync("first,Welcome,percent,50,refill-mobile-month-max,,,,,,yes");
        using var visitor = rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var compare = await visitor.GetAsync(plans.Page.QuerySelector("#compare")!.GetAttribute("href")!);
        Assert.Equal("Welcome", Offer(compare));
        Assert.Equal("Demo offer: 5 GB more", Offer(await visitor.GetAsync("/compare?carrier=refill")));
        var side = await visitor.GetAsync($"/compare/side?card={compare.Hidden("card")}&plan={Max}");
        Assert.Contains("$19.00", side.Page.QuerySelector("tbody td")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("List price$38.00Welcome−$19.00", (await visitor.ChooseAsync(compare, Max)).Words, StringComparison.Ordinal);

        static string Offer(Answer page) => page.Page.QuerySelector($"input[value={Max}]")!.Closest("li")!.QuerySelector(".offer")!.TextContent;
    }

    [Fact]
    public async Task The_comparison_is_priced_anew_when_an_offer_ends()
    {
        await OfferAsync("minute,Minute,percent,50,refill-mobile-week,,,,2026-03-01T04:01,UTC");
        using var visitor = rig.Visitor();
        rig.Clock.Advance(TimeSpan.FromSeconds(58)); // It is 04:00:58; what is read now holds for some seconds.
        Assert.Single(await OffersOfWeekAsync());
        rig.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(await OffersOfWeekAsync());

        async Task<IEnumerable<string>> OffersOfWeekAsync() =>
            (await visitor.GetAsync("/compare?carrier=refill")).Page.QuerySelector("input[value=refill-mobile-week]")!.Closest("li")!.QuerySelectorAll(".offer").Select(offer => offer.TextContent);
    }

    [Fact]
    public async Task Three_for_two_is_a_choice_and_can_be_taken_back()
    {
        using var visitor = rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard, "refill-mobile-traveller");
        Assert.Contains("3 periods for $30.00", confirm.Page.QuerySelector("button[value=demo-traveller]")!.TextContent, StringComparison.Ordinal);
        var pack = await WishAsync(visitor, confirm, ("pack", "demo-traveller"));
        Assert.Contains("3, one after another", pack.Words, StringComparison.Ordinal);
        Assert.Contains("¥213.00", AskedByAlipay(pack), StringComparison.Ordinal);
        var one = await WishAsync(visitor, pack, ("held", "demo-traveller"), ("pack", ""));
        Assert.Contains("¥106.50", AskedByAlipay(one), StringComparison.Ordinal);
        Assert.Equal(422, (int)(await WishAsync(visitor, one, ("pack", "no-such-pack"))).Status);
    }

    [Fact]
    public async Task Bought_now_and_started_later_the_status_page_says_when_and_it_can_be_given_up()
    {
        using var visitor = rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard, "refill-mobile-week");
        var past = await WishAsync(visitor, confirm, ("start", "2026-01-01"));
        Assert.Equal((422, StorefrontRig.Words("en")["Quote_StartNotPossible", TopUps.TopUp.MostDaysAhead]), ((int)past.Status, past.Error));
        var later = await WishAsync(visitor, confirm, ("start", "2026-03-20"));
        Assert.Contains("Starts20 Mar 2026, 00:00 New York time", later.Words, StringComparison.Ordinal);
        Assert.Contains("26 Mar 2026, 23:59", later.Words, StringComparison.Ordinal); // Seven days from then.
        var paying = await visitor.PayAsync(later, StorefrontRig.OwnCard, "qr");
        var status = paying.Headers.Location!.OriginalString;
        await rig.PayAsync((await visitor.GetAsync(status)).Page.QuerySelector("#qr-open")!.GetAttribute("href")!);
        await visitor.PostAsync(status + "/check");
        var page = await visitor.GetAsync(status);
        Assert.Equal(("Paid", StorefrontRig.Words("en")["Starts_Title"]), (page.State, page.Title));
        Assert.Contains("20 Mar 2026, 00:00, New York time", page.Words, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector("main")!.GetAttribute("data-poll"));
        await visitor.PostAsync(status + "/cancel");
        page = await visitor.GetAsync(status);
        Assert.Contains(page.State, (string[])["Refunding", "Refunded"]);
        Assert.Contains(StorefrontRig.Words("en")["Trouble_CancelledByBuyer"], page.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operator_sees_what_runs_what_is_to_come_what_is_over_and_the_uses_left()
    {
        await OfferAsync("past,Past,percent,50,,,,,2026-02-01,America/New_York", "soon,Soon,percent,50,,,,2026-12-01,,Asia/Shanghai");
        using var visitor = rig.Visitor();
        Assert.Equal(HttpStatusCode.Unauthorized, (await visitor.GetAsync("/console/offers")).Status);
        var request = new HttpRequestMessage(HttpMethod.Get, "/console/offers");
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("operator:" + Key)));
        var page = await visitor.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("1000 of 1000", page.Page.GetElementById("offer-demo-coupon")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("3 for the price of 2", page.Page.GetElementById("offer-demo-traveller")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(["Running", "Coming", "Ended"], page.Page.QuerySelectorAll("h2").Select(title => title.TextContent));
        Assert.Contains("1 Dec 2026, 00:00", page.Page.GetElementById("offer-soon")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("1 Feb 2026, 23:59", page.Page.GetElementById("offer-past")!.TextContent, StringComparison.Ordinal);
    }

    private static string AskedByAlipay(Answer confirm) => confirm.Page.QuerySelector("button[value='alipay.qr']")!.TextContent;

    private static Task<Answer> WishAsync(WebVisitor visitor, Answer confirm, params (string Name, string? Value)[] wishes) =>
        visitor.PostAsync(confirm.Address.Replace("/confirm", "/wishes", StringComparison.Ordinal), wishes);

    private async Task OfferAsync(params string[] lines)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($"code,name_en,kind,value,plans,gateways,coupon,from,until,time_zone,first_purchase\n{string.Join('\n', lines.Select(line => line.Count(',') == 9 ? line + "," : line))}"));
        var services = rig.Services;
        var report = await services.GetRequiredService<Refill.Promotions.PromotionImport>().ImportAsync(
            file, await OfferCommands.FactsAsync(services.GetRequiredService<Refill.Storage.Database>(), TestContext.Current.CancellationToken), preview: false, TestContext.Current.CancellationToken);
        Assert.True(report.Done, report.ToString());
    }
}

internal static class Pairs
{
    public static (string, string) Map(this (string One, string Other) pair, Func<string, string> change) => (change(pair.One), change(pair.Other));
}
