using System.Net;
using System.Web;
using Refill.TopUps;

namespace Refill.Server.Tests.Storefront;

/// <summary>The quote and the last page before money: the same top-up for the same form, and nothing for a plan that cannot be had.</summary>
public sealed class ConfirmPageTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    private const int Unprocessable = 422;

    /// <summary>At Google Fi and at Visible, whose plans are changed here.</summary>
    private const string WithdrawnCard = "+12125550131";
    private const string RenamedCard = "+12015550131";

    private StorefrontRig Rig => shared.Rig;

    public static TheoryData<string, string, QuoteProblem> PlansNotToBeHad() => new()
    {
        { StorefrontRig.OwnCard, "mint-5gb", QuoteProblem.PlanNotForCard },
        { StorefrontRig.OtherCard, "refill-mobile-week", QuoteProblem.PlanNotForCard },
        { StorefrontRig.OwnCard, "no-such-plan", QuoteProblem.PlanNotFound },
        { StorefrontRig.OwnCard, "", QuoteProblem.PlanNotFound },
    };

    [Theory]
    [MemberData(nameof(PlansNotToBeHad))]
    public async Task A_plan_that_the_card_cannot_take_is_refused_and_the_others_are_offered_again(string card, string plan, QuoteProblem problem)
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = Rig.Visitor(language);

            var answer = await visitor.QuoteAsync(card, plan);

            Assert.Equal((Unprocessable, StorefrontRig.Words(language)["Quote_" + problem]), ((int)answer.Status, answer.Error));
            Assert.NotEmpty(answer.Page.QuerySelectorAll("button[name=plan]"));
        }
    }

    [Fact]
    public async Task A_plan_withdrawn_while_the_page_was_open_is_gone_and_the_others_are_offered()
    {
        using var visitor = Rig.Visitor();
        var plans = await visitor.FindAsync(WithdrawnCard);
        await Rig.ImportAsync(
            "google-fi,Google Fi,T-Mobile and US Cellular,reloadly,9109,America/New_York,google-fi-standard,Unlimited Standard,50.00,50.00,50 GB,not stated,not stated,not stated,yes,25 GB,30x24h,purchase,no,a test,",
            withdrawMissing: true);

        var answer = await visitor.ChooseAsync(plans, "google-fi-essentials");

        Assert.Equal((HttpStatusCode.Gone, StorefrontRig.Words("en")["Quote_PlanWithdrawn"]), (answer.Status, answer.Error));
        Assert.Equal(["google-fi-standard"], answer.Page.QuerySelectorAll("button[name=plan]").Select(button => button.GetAttribute("value")));
    }

    [Fact]
    public async Task A_name_with_markup_in_it_is_shown_as_it_is_written()
    {
        const string Name = "<script>alert(1)</script>";
        using var visitor = Rig.Visitor();
        await Rig.ImportAsync(
            $"visible,Visible,Verizon,reloadly,9102,America/New_York,visible-marked,{Name},25.00,25.00,unlimited,not stated,not stated,not stated,yes,unlimited,30x24h,purchase,no,a test,",
            withdrawMissing: false);

        var plans = await visitor.FindAsync(RenamedCard);
        var confirm = await visitor.ChooseAsync(plans, "visible-marked");

        Assert.Contains(Name, plans.Page.QuerySelector("button[value=visible-marked]")!.ParentElement!.TextContent, StringComparison.Ordinal);
        Assert.All([plans, confirm], page =>
        {
            Assert.Contains(Name, page.Words, StringComparison.Ordinal);
            Assert.DoesNotContain(page.Page.Scripts, script => script.Text.Contains("alert", StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task A_form_sent_twice_gives_the_same_top_up()
    {
        using var visitor = Rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        var first = await visitor.ChooseAsync(plans);
        var second = await visitor.ChooseAsync(plans);
        var other = await visitor.QuoteAsync(StorefrontRig.OwnCard);

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Equal(first.Address, second.Address);
        Assert.NotEqual(first.Address, other.Address);
    }

    [Fact]
    public async Task A_form_sent_many_times_at_once_gives_one_top_up()
    {
        using var visitor = Rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => visitor.ChooseAsync(plans)));

        Assert.Single(answers.Select(answer => answer.Address).Distinct());
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
    }

    [Fact]
    public async Task Another_plan_from_the_same_page_is_another_top_up()
    {
        using var visitor = Rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        var week = await visitor.ChooseAsync(plans, "refill-mobile-week");
        var month = await visitor.ChooseAsync(plans, "refill-mobile-month");

        Assert.NotEqual(week.Address, month.Address);
        Assert.Contains("Month 10 GB", month.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paying_twice_at_once_leads_to_one_order_at_the_gateway_that_the_page_may_lead_to()
    {
        using var visitor = Rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => visitor.PayAsync(confirm, StorefrontRig.OwnCard, "wap")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.SeeOther, answer.Status));
        Assert.Single(answers.Select(answer => HttpUtility.ParseQueryString(answer.Headers.Location!.Query)["biz_content"]).Distinct());
        Assert.Contains($"form-action 'self' {Rig.SandboxUrl.GetLeftPart(UriPartial.Authority)};", confirm.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.StartsWith(Rig.SandboxUrl.AbsoluteUri, answers[0].Headers.Location!.AbsoluteUri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+12015550145")]
    [InlineData("12")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_number_not_repeated_rightly_is_not_paid_for(string? repeat)
    {
        using var visitor = Rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);

        var answer = await visitor.PayAsync(confirm, repeat, "qr");

        Assert.Equal((Unprocessable, StorefrontRig.Words("en")["Quote_NumberRepeatedWrong"]), ((int)answer.Status, answer.Error));
        Assert.Equal("true", answer.Page.QuerySelector("#repeat")!.GetAttribute("aria-invalid"));
        Assert.Equal("Quoted", (await visitor.GetAsync(confirm.Address.Replace("/confirm", "", StringComparison.Ordinal))).State);
    }

    [Fact]
    public async Task A_number_paid_for_on_this_device_need_not_be_typed_again_and_another_must()
    {
        using var visitor = Rig.Visitor();
        using var other = Rig.Visitor();
        await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);

        var again = await visitor.QuoteAsync(StorefrontRig.OwnCard);
        var second = await visitor.QuoteAsync(StorefrontRig.OtherCard);
        var elsewhere = await other.QuoteAsync(StorefrontRig.OwnCard);

        Assert.Null(again.Page.QuerySelector("#repeat"));
        Assert.NotNull(second.Page.QuerySelector("#repeat"));
        Assert.NotNull(elsewhere.Page.QuerySelector("#repeat"));
        Assert.Equal(HttpStatusCode.SeeOther, (await visitor.PayAsync(again, null, "wap")).Status);
    }

    [Fact]
    public async Task A_way_to_pay_that_there_is_not_is_refused()
    {
        using var visitor = Rig.Visitor();

        var answer = await visitor.PayAsync(await visitor.QuoteAsync(StorefrontRig.OwnCard), StorefrontRig.OwnCard, "cash");

        Assert.Equal((HttpStatusCode.BadRequest, StorefrontRig.Words("en")["Problem_400"]), (answer.Status, answer.Title));
    }

    [Theory]
    [InlineData("not an id", HttpStatusCode.BadRequest)]
    [InlineData(StorefrontRig.NoSuchId, HttpStatusCode.NotFound)]
    public async Task A_quote_for_a_card_that_does_not_exist_is_refused(string card, HttpStatusCode status)
    {
        using var visitor = Rig.Visitor();

        var answer = await visitor.PostAsync("/confirm", ("card", card), ("key", "a"), ("plan", "refill-mobile-week"));

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task It_shows_the_number_the_price_in_both_currencies_the_rate_and_a_button_that_names_the_amount()
    {
        using var visitor = Rig.Visitor();

        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard, "refill-mobile-traveller");

        Assert.Equal("(201) 555-0123", confirm.Page.QuerySelector(".number")!.TextContent);
        Assert.All(["$15.00", "¥106.50", "1 USD = 7.10 CNY", StorefrontRig.Words("en")["Confirm_NoUndo"], "5 GB at full speed, then 128 kbps", "yes, 2 GB"], text => Assert.Contains(text, confirm.Words, StringComparison.Ordinal));
        Assert.Equal(["Pay $15.00 by card, Apple Pay or Google Pay", "Pay ¥106.50 with Alipay", "Alipay: scan a QR code · ¥106.50", "WeChat Pay: scan a QR code · ¥106.50", "Pay ¥106.50 with Alipay", "Pay $15.00 by bank transfer"], confirm.Page.QuerySelectorAll("button[name=way]").Select(button => button.TextContent));
    }

    [Fact]
    public async Task Each_button_that_chooses_a_plan_is_named_by_what_it_shows_and_by_the_plan()
    {
        using var visitor = Rig.Visitor();

        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);

        Assert.All(plans.Page.QuerySelectorAll("button[name=plan]"), button =>
        {
            Assert.StartsWith(button.TextContent, button.GetAttribute("aria-label"), StringComparison.Ordinal);
            Assert.EndsWith(button.ParentElement!.QuerySelector("h2")!.TextContent, button.GetAttribute("aria-label"), StringComparison.Ordinal);
        });
    }
}
