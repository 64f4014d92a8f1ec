using System.Net;

namespace Refill.Server.Tests.Storefront;

/// <summary>Cards and receipts are not to be had by guessing: one address looks up so many in a minute.</summary>
public sealed class LookupLimitTests
{
    private const int PerMinute = 4;

    /// <summary>Twice and one more: a minute that ends in the middle of the test does not matter.</summary>
    private const int Attempts = (2 * PerMinute) + 1;

    [Theory]
    [InlineData("zh-Hans")]
    [InlineData("en")]
    [InlineData("es")]
    public async Task Too_many_numbers_are_refused_for_the_address_and_the_pages_are_not(string language)
    {
        await using var rig = await StorefrontRig.StartAsync(PerMinute);
        using var visitor = rig.Visitor(language);

        var answers = await TryAsync(() => visitor.FindAsync("123"));

        Refused(answers, HttpStatusCode.UnprocessableEntity, language);
        using var neighbour = rig.Visitor();
        Assert.Equal(HttpStatusCode.TooManyRequests, (await neighbour.FindAsync(StorefrontRig.OwnCard)).Status);
        Assert.Equal(HttpStatusCode.OK, (await visitor.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Too_many_receipts_are_refused_even_the_right_one()
    {
        await using var rig = await StorefrontRig.StartAsync(PerMinute);
        using var visitor = rig.Visitor();
        var status = await visitor.GetAsync(await visitor.TopUpAsync());
        var code = status.Page.QuerySelector("#order-code")!.TextContent;

        var answers = await TryAsync(() => visitor.PostAsync("/receipt", ("code", code), ("four", "9999")));

        Refused(answers, HttpStatusCode.NotFound, "en");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await visitor.PostAsync("/receipt", ("code", code), ("four", "0123"))).Status);
    }

    private static async Task<IReadOnlyList<Answer>> TryAsync(Func<Task<Answer>> attempt)
    {
        var answers = new List<Answer>();
        while (answers.Count < Attempts && answers.LastOrDefault()?.Status != HttpStatusCode.TooManyRequests)
        {
            answers.Add(await attempt());
        }

        return answers;
    }

    private static void Refused(IReadOnlyList<Answer> answers, HttpStatusCode before, string language)
    {
        var words = StorefrontRig.Words(language);
        Assert.Equal((HttpStatusCode.TooManyRequests, words["Problem_429"], words["Problem_429_Lead"]), (answers[^1].Status, answers[^1].Title, answers[^1].Error));
        Assert.InRange(int.Parse(answers[^1].Header("Retry-After"), System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        Assert.True(answers.Count > 1, "the first was refused");
        Assert.All(answers.SkipLast(1), answer => Assert.Equal(before, answer.Status));
    }
}
