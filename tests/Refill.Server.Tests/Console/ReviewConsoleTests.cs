using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Refill.Reviews;
using Refill.Server.Tests.Storefront;
using Refill.Units;

namespace Refill.Server.Tests.Console;

/// <summary>Reviews in the hands of the operator: the console's page and the commands do the same.</summary>
public sealed class ReviewConsoleTests : IAsyncLifetime
{
    private const string Key = "a key of these tests, long enough";
    private StorefrontRig rig = null!;

    private ReviewBook Book => rig.Services.GetRequiredService<ReviewBook>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync(10_000, ("console-key", Key));

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task A_held_review_is_published_answered_and_hidden_by_the_forms_of_its_page()
    {
        var id = await HeldAsync(Book);
        var page = await SendAsync(HttpMethod.Get, "/console/reviews");
        Assert.Contains("Held: it holds a link.", page.Words, StringComparison.Ordinal);
        Assert.Equal("<b>see</b> http://example.com", page.Page.QuerySelector(".said")!.TextContent);

        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(HttpMethod.Post, $"/console/reviews/{id}/answer", ("answer", "We have a page of our own."))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(HttpMethod.Post, $"/console/reviews/{id}/publish")).Status);
        Assert.Contains("We have a page of our own.", (await SendAsync(HttpMethod.Get, "/plans/refill-mobile-week/reviews")).Words, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Post, $"/console/reviews/{id}/hide", ("reason", " "))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Post, $"/console/reviews/{id}/hide", ("reason", new string('x', 201)))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(HttpMethod.Post, $"/console/reviews/{id}/hide", ("reason", "a link"))).Status);
        Assert.Contains("a link", (await SendAsync(HttpMethod.Get, "/console/reviews?state=Hidden")).Words, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Post, $"/console/reviews/{StorefrontRig.NoSuchId}/publish")).Status);

        using var stranger = rig.Visitor();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/console/reviews")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsync($"/console/reviews/{id}/publish")).Status);
    }

    [Fact]
    public async Task The_commands_list_publish_hide_and_answer()
    {
        await using var here = await Installation.NewAsync();
        var book = here.Parts.GetRequiredService<ReviewBook>();
        await here.RunAsync("wallet", "open", "x"); // Makes the database.
        var id = await HeldAsync(book);

        Assert.Matches($@"{id}  .*  4/5  Waiting    held: Link .* refill-mobile-week  <b>see</b>", (await here.RunAsync("reviews", "list", "--state", "waiting")).Output);
        Assert.Equal((0, "published"), Said(await here.RunAsync("reviews", "publish", id)));
        Assert.Equal((0, "answered"), Said(await here.RunAsync("reviews", "answer", id, "Thank you.")));
        Assert.Equal((0, "hidden"), Said(await here.RunAsync("reviews", "hide", id, "--reason", "a link")));
        Assert.Equal((ReviewState.Hidden, "a link", "Thank you."), await book.FindAsync((await book.ListAsync(null, Token)).Single().Id, Token) is { } review ? (review.State, review.Reason, review.Answer) : default);
        Assert.Equal(2, (await here.RunAsync("reviews", "hide", id, "--reason", " ")).ExitCode);
        Assert.Equal(2, (await here.RunAsync("reviews", "answer", id, new string('x', 1001))).ExitCode);
        Assert.Equal((2, "there is no such review; `reviews list` shows them"), await here.RunAsync("reviews", "publish", StorefrontRig.NoSuchId) is { } none ? (none.ExitCode, none.Error.Trim()) : default);
    }

    private static (int, string) Said(Ran ran) => (ran.ExitCode, ran.Output.Trim());

    private static async Task<string> HeldAsync(ReviewBook book) =>
        CellId.ToText(Assert.IsType<ReviewOutcome.Taken>(await book.WriteAsync(Guid.CreateVersion7(), "refill-mobile-week", new ReviewDraft(4, "<b>see</b> http://example.com", "CA", "en"), Token)).Review.Id);

    private async Task<Answer> SendAsync(HttpMethod method, string path, params (string Name, string? Value)[] form)
    {
        using var visitor = rig.Visitor();
        using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Post ? WebVisitor.Form(form) : null };
        request.Headers.Authorization = AuthenticationHeaderValue.Parse("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("operator:" + Key)));
        return await visitor.SendAsync(request);
    }
}
