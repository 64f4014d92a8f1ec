using System.Net;

namespace Refill.Server.Tests.Storefront;

/// <summary>Language and time zone, as the browser tells them and as the visitor chooses.</summary>
public sealed class VisitorTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    /// <summary>The own carrier's demo card ends 21 days after the rig's start: at midnight in New York, which counts to the minute before.</summary>
    private const string EndInNewYork = "21 Mar 2026, 23:59 New York time";

    [Theory]
    [InlineData("en-US,en;q=0.9", "en")]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans")]
    [InlineData("zh-TW", "zh-Hans")]
    [InlineData("es-MX", "es")]
    [InlineData("ES-mx", "es")]
    [InlineData("en;q=0.1, zh;q=0.9", "zh-Hans")]
    [InlineData("fr, de;q=0.9, es;q=0.3, en;q=0.2", "es")]
    [InlineData("es;q=0, en;q=0.1", "en")]
    [InlineData("es ; q=0.5 , zh ; q=0.7", "zh-Hans")]
    [InlineData("fr", "en")]
    [InlineData("*", "en")]
    [InlineData("", "en")]
    [InlineData("e", "en")]
    [InlineData(";;;,,q=,;q=1", "en")]
    [InlineData("de;q=x, es;q=0.5", "es")]
    public async Task The_language_is_the_one_that_the_browser_wants_most_among_those_there_are(string accepted, string expected)
    {
        using var visitor = shared.Rig.Visitor(accepted);

        var answer = await visitor.GetAsync("/");

        Assert.Equal(expected, answer.Page.DocumentElement.GetAttribute("lang"));
        Assert.Equal(StorefrontRig.Words(expected)["Home_Title"], answer.Title);
    }

    [Fact]
    public async Task The_language_chosen_holds_from_then_on_whatever_the_browser_wants()
    {
        using var visitor = shared.Rig.Visitor("en-US");

        var chosen = await visitor.GetAsync("/?lang=es");
        var later = await visitor.GetAsync("/receipt");
        var back = await visitor.GetAsync("/receipt?lang=zh-Hans");
        var last = await visitor.GetAsync("/");

        Assert.Equal(["es", "es", "zh-Hans", "zh-Hans"], new[] { chosen, later, back, last }.Select(page => page.Page.DocumentElement.GetAttribute("lang")));
    }

    [Fact]
    public async Task The_language_cookie_is_kept_for_a_year_and_from_scripts()
    {
        using var visitor = shared.Rig.Visitor();

        var cookie = (await visitor.GetAsync("/?lang=es")).Header("Set-Cookie");

        Assert.Equal("lang=es; max-age=31536000; path=/; samesite=lax; httponly", cookie);
    }

    [Theory]
    [InlineData("fr")]
    [InlineData("<script>")]
    [InlineData("en&lang=es")]
    public async Task A_language_that_there_is_not_is_not_remembered(string asked)
    {
        using var visitor = shared.Rig.Visitor("es");

        var answer = await visitor.GetAsync("/?lang=" + asked);

        Assert.Equal((HttpStatusCode.OK, "es", ""), (answer.Status, answer.Page.DocumentElement.GetAttribute("lang"), answer.Header("Set-Cookie")));
    }

    [Fact]
    public async Task Each_page_links_to_itself_in_the_other_languages_even_one_that_a_form_led_to()
    {
        using var visitor = shared.Rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);
        var link = confirm.Page.QuerySelector("nav a[lang=es]")!.GetAttribute("href")!;

        var spanish = await visitor.GetAsync(link);

        Assert.StartsWith(confirm.Address, link, StringComparison.Ordinal);
        Assert.Equal(StorefrontRig.Words("es")["Confirm_Title"], spanish.Title);
        Assert.Equal("true", spanish.Page.QuerySelector("nav a[lang=es]")!.GetAttribute("aria-current"));
    }

    [Theory]
    [InlineData("Asia/Shanghai", "22 Mar 2026, 11:59 your time (Beijing)")]
    [InlineData("America/Los_Angeles", "21 Mar 2026, 20:59 your time (Los Angeles)")]
    [InlineData("Asia/Kolkata", "22 Mar 2026, 09:29 your time (Kolkata)")]
    public async Task An_end_is_told_on_the_carriers_clock_and_on_the_visitors(string zone, string here)
    {
        using var visitor = shared.Rig.Visitor();
        visitor.Cookies.Add(shared.Rig.Url, new Cookie("tz", zone));

        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        Assert.Contains($"{EndInNewYork}{here}", Joined(plans), StringComparison.Ordinal);
        Assert.Equal("2026-03-22T04:00:00Z", plans.Page.QuerySelector("time")!.GetAttribute("datetime"));
    }

    [Fact]
    public async Task One_clock_is_enough_for_a_visitor_of_the_same_time()
    {
        using var visitor = shared.Rig.Visitor();
        visitor.Cookies.Add(shared.Rig.Url, new Cookie("tz", "America/Toronto"));

        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        Assert.Contains(EndInNewYork, Joined(plans), StringComparison.Ordinal);
        Assert.DoesNotContain("Toronto", Joined(plans), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Nowhere/Land")]
    [InlineData("../../etc/passwd")]
    [InlineData("America/Los_Angeles/America/Los_Angeles/America/Los_Angeles")]
    public async Task Without_a_time_zone_that_there_is_the_second_clock_is_UTC_and_called_so(string? zone)
    {
        using var visitor = shared.Rig.Visitor();
        if (zone is not null)
        {
            visitor.Cookies.Add(shared.Rig.Url, new Cookie("tz", zone));
        }

        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        Assert.Contains($"{EndInNewYork}22 Mar 2026, 03:59 UTC", Joined(plans), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148", "", "wap")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64)", "", "page")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64)", "?1", "wap")]
    [InlineData("Mozilla/5.0 (Linux; Android 16; tablet)", "?0", "page")]
    public async Task A_phone_pays_on_the_gateways_mobile_page_and_a_desktop_on_the_other(string agent, string hint, string way)
    {
        using var visitor = shared.Rig.Visitor();
        var address = (await visitor.QuoteAsync(StorefrontRig.OwnCard)).Address;
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { { "User-Agent", agent }, { "Sec-CH-UA-Mobile", hint } } };

        var confirm = await visitor.SendAsync(request);

        Assert.Equal("alipay." + way, confirm.Page.QuerySelector("form > button[value^='alipay.']")!.GetAttribute("value"));
    }

    /// <summary>The page's words without the line breaks between the two clocks.</summary>
    private static string Joined(Answer answer) => string.Concat(answer.Page.QuerySelectorAll("dd").Select(cell => string.Join(' ', cell.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
}
