using Microsoft.Extensions.Time.Testing;
using Refill.Reviews;
using Refill.Storage;
using Refill.Tests.Storage;

namespace Refill.Tests.Reviews;

public sealed class ReviewBookOnSqliteTests() : ReviewBookTests(DatabaseKind.Sqlite);

public sealed class ReviewBookOnPostgresTests() : ReviewBookTests(DatabaseKind.Postgres);

public abstract class ReviewBookTests(DatabaseKind kind) : IAsyncLifetime
{
    private const string Plan = "week";

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestDatabase test = null!;
    private ReviewRatings ratings = null!;
    private ReviewBook book = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        test = await TestDatabase.NewAsync(kind);
        ratings = new ReviewRatings(test.Database, time);
        book = new ReviewBook(test.Database, ratings, time);
    }

    public async ValueTask DisposeAsync()
    {
        await test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_top_up_sent_eight_times_at_once_is_reviewed_once()
    {
        var topUp = Guid.CreateVersion7();
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 8).Select(stars => Task.Run(() => book.WriteAsync(topUp, Plan, Draft((stars % 5) + 1), Token))));
        var taken = Assert.Single(outcomes.OfType<ReviewOutcome.Taken>()).Review;
        Assert.All(outcomes.OfType<ReviewOutcome.Refused>(), refused => Assert.Equal(ReviewProblem.Already, refused.Problem));
        Assert.Equal(7, outcomes.OfType<ReviewOutcome.Refused>().Count());
        Assert.Equal(taken with { CreatedAt = default }, (await book.OfTopUpAsync(topUp, Token))! with { CreatedAt = default });
        Assert.Equal(1, (await book.PageAsync(Plan, 1, Token)).Total);
    }

    [Theory]
    [InlineData(0, 5, "", ReviewProblem.NoStars)]
    [InlineData(6, 5, "", ReviewProblem.NoStars)]
    [InlineData(5, 1001, "", ReviewProblem.TooLong)]
    [InlineData(5, 5, "XX", ReviewProblem.NoSuchPlace)]
    public async Task What_is_no_review_is_refused_and_the_top_up_may_still_be_reviewed(int stars, int length, string place, ReviewProblem problem)
    {
        var topUp = Guid.CreateVersion7();
        Assert.Equal(new ReviewOutcome.Refused(problem), await book.WriteAsync(topUp, Plan, Draft(stars, new string('好', length), place), Token));
        Assert.Null(await book.OfTopUpAsync(topUp, Token));
        Assert.IsType<ReviewOutcome.Taken>(await book.WriteAsync(topUp, Plan, Draft(5, new string('好', 1000), "NY"), Token));
    }

    [Fact]
    public async Task A_review_with_a_link_waits_until_a_person_publishes_it()
    {
        var review = await WriteAsync(1, "cheaper at https://example.com/buy");
        Assert.Equal((ReviewState.Waiting, HoldReason.Link), (review.State, review.Held));
        Assert.Equal(0, (await book.PageAsync(Plan, 1, Token)).Total);
        Assert.Null((await ratings.CurrentAsync(Token)).Of(Plan));
        Assert.Equal(review.Id, Assert.Single(await book.ListAsync(ReviewState.Waiting, Token)).Id);
        Assert.True(await book.PublishAsync(review.Id, Token));
        Assert.Equal(1, (await ratings.CurrentAsync(Token)).Of(Plan)!.Count);
        Assert.True(await book.HideAsync(review.Id, "an advertisement", Token));
        Assert.Equal(("an advertisement", ReviewState.Hidden), (await book.FindAsync(review.Id, Token)) is { } hidden ? (hidden.Reason, hidden.State) : default);
        Assert.Empty((await book.PageAsync(Plan, 1, Token)).Reviews);
        Assert.False(await book.PublishAsync(Guid.CreateVersion7(), Token));
    }

    [Fact]
    public async Task Three_readers_hold_a_review_one_reader_never_does_and_a_person_has_the_last_word()
    {
        var review = await WriteAsync(5, "fine");
        for (var times = 0; times < 5; times++)
        {
            Assert.True(await book.ReportAsync(review.Id, [1], Token));
        }

        Assert.True(await book.ReportAsync(review.Id, [2], Token));
        Assert.Equal((ReviewState.Published, 2), (await book.FindAsync(review.Id, Token)) is { } two ? (two.State, two.Reports) : default);
        Assert.True(await book.ReportAsync(review.Id, [3], Token));
        Assert.Equal((ReviewState.Waiting, HoldReason.Reported), (await book.FindAsync(review.Id, Token)) is { } held ? (held.State, held.Held) : default);
        Assert.False(await book.ReportAsync(review.Id, [4], Token));

        await book.PublishAsync(review.Id, Token);
        await book.ReportAsync(review.Id, [1], Token);
        Assert.Equal((ReviewState.Published, 0), (await book.FindAsync(review.Id, Token)) is { } again ? (again.State, again.Reports) : default);
    }

    [Fact]
    public async Task The_seller_answers_and_takes_the_answer_back()
    {
        var review = await WriteAsync(2, "slow");
        Assert.True(await book.AnswerAsync(review.Id, " We are sorry. ", Token));
        Assert.Equal("We are sorry.", Assert.Single((await book.PageAsync(Plan, 1, Token)).Reviews).Answer);
        await book.AnswerAsync(review.Id, "", Token);
        Assert.Null((await book.FindAsync(review.Id, Token))!.Answer);
    }

    [Fact]
    public async Task Reviews_are_paged_newest_first_and_a_page_that_is_not_there_is_empty()
    {
        for (var number = 0; number < 12; number++)
        {
            await WriteAsync(5, $"number {number}");
            time.Advance(TimeSpan.FromMinutes(1));
        }

        var (first, second, third) = (await book.PageAsync(Plan, 1, Token), await book.PageAsync(Plan, 2, Token), await book.PageAsync(Plan, int.MaxValue, Token));
        Assert.Equal(["number 11", "number 1", "number 0"], [first.Reviews[0].Text, second.Reviews[0].Text, second.Reviews[1].Text]);
        Assert.Equal((10, 2, 0, 2, 12), (first.Reviews.Length, second.Reviews.Length, third.Reviews.Length, first.Pages, first.Total));
    }

    [Fact]
    public async Task What_another_process_publishes_is_counted_when_the_ratings_have_aged()
    {
        await WriteAsync(5, "");
        Assert.Equal(1, (await ratings.CurrentAsync(Token)).Of(Plan)!.Count);
        await new ReviewBook(test.Database, new ReviewRatings(test.Database, time), time).WriteAsync(Guid.CreateVersion7(), Plan, Draft(1), Token);
        Assert.Equal(1, (await ratings.CurrentAsync(Token)).Of(Plan)!.Count);
        time.Advance(ReviewRatings.Fresh);
        await ratings.CurrentAsync(Token); // The last ones, while it is counted.
        for (var patience = 0; (await ratings.CurrentAsync(Token)).Of(Plan)!.Count == 1 && patience < 1000; patience++)
        {
            await Task.Delay(10, Token);
        }

        var both = (await ratings.CurrentAsync(Token)).Of(Plan)!;
        Assert.Equal((2, 3000, 3000), (both.Count, both.Mean, (await ratings.CurrentAsync(Token)).Mean));
    }

    private async Task<Review> WriteAsync(int stars, string text) => Assert.IsType<ReviewOutcome.Taken>(await book.WriteAsync(Guid.CreateVersion7(), Plan, Draft(stars, text), Token)).Review;

    private static ReviewDraft Draft(int stars, string text = "", string place = "") => new(stars, text, place, "en");
}
