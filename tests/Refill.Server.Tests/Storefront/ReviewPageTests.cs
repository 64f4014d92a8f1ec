using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Refill.Reviews;

namespace Refill.Server.Tests.Storefront;

/// <summary>Whoever has bought says what it was like; whoever has not, cannot; and whatever is written is text.</summary>
public sealed class ReviewPageTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    private const int Unprocessable = 422;
    private const string Plan = "refill-mobile-pass-24h";
    private const string Script = "<script>alert(1)</script><img src=x onerror=alert(2)>";

    private StorefrontRig Rig => shared.Rig;

    [Fact]
    public async Task A_buyer_reviews_once_and_script_in_the_text_is_harmless_text()
    {
        using var visitor = Rig.Visitor("es");
        var order = await visitor.TopUpAsync();
        var receipt = await visitor.GetAsync(order + "/receipt");
        Assert.Equal($"{order}/review", receipt.Page.QuerySelector("form#review")!.GetAttribute("action"));

        var sent = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => visitor.PostAsync(order + "/review", ("stars", "5"), ("text", Script), ("place", "NY"))));

        Assert.All(sent, answer => Assert.Equal(HttpStatusCode.SeeOther, answer.Status));
        var after = await visitor.GetAsync(order + "/receipt");
        Assert.Null(after.Page.QuerySelector("form#review"));
        Assert.Equal(Script, after.Page.QuerySelector("#review .said")!.TextContent);
        using var reader = Rig.Visitor();
        var list = await reader.GetAsync($"/plans/{Plan}/reviews");
        var mine = list.Page.QuerySelectorAll("article").Where(review => review.QuerySelector(".said")?.TextContent == Script).ToList();
        Assert.Single(mine);
        Assert.Contains("New York · español", mine[0].TextContent, StringComparison.Ordinal);
        Assert.Equal("es", mine[0].QuerySelector(".said")!.GetAttribute("lang"));
        Assert.Empty(list.Page.QuerySelectorAll("article script, article img"));
    }

    [Fact]
    public async Task What_is_no_review_is_refused_in_words_with_the_form_filled_in()
    {
        using var buyer = Rig.Visitor();
        var order = await buyer.TopUpAsync();
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = Rig.Visitor(language);
            foreach (var (stars, length, place, problem) in new[] { ("0", 9, "", ReviewProblem.NoStars), ("6", 9, "", ReviewProblem.NoStars), ("five", 9, "", ReviewProblem.NoStars), ("4", 1001, "", ReviewProblem.TooLong), ("4", 9, "ZZ", ReviewProblem.NoSuchPlace) })
            {
                var answer = await visitor.PostAsync(order + "/review", ("stars", stars), ("text", new string('x', length)), ("place", place));
                Assert.Equal((Unprocessable, StorefrontRig.Words(language)["Review_Problem_" + problem, ReviewRules.MostCharacters]), ((int)answer.Status, answer.Error));
                Assert.Equal(new string('x', length), answer.Page.QuerySelector("#text")!.TextContent);
            }
        }
    }

    [Fact]
    public async Task Nobody_reviews_what_was_not_bought_not_delivered_or_is_nobodys()
    {
        using var visitor = Rig.Visitor();
        var waiting = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);
        var early = await visitor.PostAsync(waiting + "/review", ("stars", "1"), ("text", "not yet"));
        Assert.Equal((HttpStatusCode.SeeOther, waiting), (early.Status, early.Headers.Location!.OriginalString));
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.PostAsync($"/top-ups/{StorefrontRig.NoSuchId}/review", ("stars", "1"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.PostAsync("/top-ups/1/review", ("stars", "1"))).Status);
        Assert.DoesNotContain("not yet", (await visitor.GetAsync($"/plans/{Plan}/reviews")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_review_with_a_phone_number_waits_and_the_console_publishes_answers_and_hides_it()
    {
        using var visitor = Rig.Visitor();
        var order = await visitor.TopUpAsync();
        await visitor.PostAsync(order + "/review", ("stars", "2"), ("text", "ask me at 555 0123 9999"), ("place", "several"));
        Assert.Equal(StorefrontRig.Words("en")["Review_State_Waiting"], (await visitor.GetAsync(order + "/receipt")).Page.QuerySelector("#review-state")!.TextContent);
        var book = Rig.Services.GetRequiredService<ReviewBook>();
        var held = (await book.ListAsync(ReviewState.Waiting, TestContext.Current.CancellationToken)).Single(review => review.Text.StartsWith("ask me", StringComparison.Ordinal));
        Assert.DoesNotContain("ask me", (await visitor.GetAsync($"/plans/{Plan}/reviews")).Html, StringComparison.Ordinal);
        await book.PublishAsync(held.Id, TestContext.Current.CancellationToken);
        await book.AnswerAsync(held.Id, "Please write to us.", TestContext.Current.CancellationToken);
        var list = await visitor.GetAsync($"/plans/{Plan}/reviews");
        Assert.Contains("Please write to us.", list.Words, StringComparison.Ordinal);
        await book.HideAsync(held.Id, "a phone number", TestContext.Current.CancellationToken);
        Assert.Contains("a phone number", (await visitor.GetAsync(order + "/receipt")).Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stars_stand_beside_the_plan_wherever_it_is_offered_and_a_report_is_thanked_for()
    {
        using var visitor = Rig.Visitor();
        for (var count = 0; count < Rating.LeastReviews; count++)
        {
            await visitor.PostAsync(await visitor.TopUpAsync() + "/review", ("stars", "4"), ("text", $"good, {count}"));
        }

        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var compare = await visitor.GetAsync("/compare?carrier=demo&sort=stars");
        var side = await visitor.GetAsync($"/compare/side?plan={Plan}");
        var list = await visitor.GetAsync($"/plans/{Plan}/reviews");
        Assert.All([plans, compare], page => Assert.Equal($"/plans/{Plan}/reviews", page.Page.QuerySelector("a.stars")!.GetAttribute("href")));
        Assert.Equal(Plan, compare.Page.QuerySelector("input[name=plan]")!.GetAttribute("value"));
        Assert.Contains("★", side.Words, StringComparison.Ordinal);
        Assert.InRange(list.Page.QuerySelector("#spread svg")!.OuterHtml.Length, 1, 1024);

        var report = await visitor.PostAsync(list.Page.QuerySelector("article form")!.GetAttribute("action")!);
        Assert.Equal(HttpStatusCode.SeeOther, report.Status);
        Assert.NotNull((await visitor.GetAsync(report.Headers.Location!.OriginalString)).Page.QuerySelector("#thanks"));
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.PostAsync($"/reviews/{StorefrontRig.NoSuchId}/report")).Status);
    }

    [Theory]
    [InlineData("/plans/no-such-plan/reviews")]
    [InlineData($"/plans/{Plan}/reviews?page=0")]
    [InlineData($"/plans/{Plan}/reviews?page=1000000000")]
    [InlineData($"/plans/{Plan}/reviews?page=99999999999999")]
    public async Task A_plan_or_page_that_is_not_there_has_no_reviews(string path)
    {
        using var visitor = Rig.Visitor();
        Assert.Equal(HttpStatusCode.NotFound, (await visitor.GetAsync(path)).Status);
    }
}
