using System.Net;
using Refill.Payments;

namespace Refill.Browser.Tests;

/// <summary>Each bad input that a browser can send gets a clear message in the visitor's language and the right status code.</summary>
public sealed class BadInputTests(Chromium chromium, SharedWorld shared) : IClassFixture<SharedWorld>
{
    /// <summary>Ten times what any page takes.</summary>
    private const int HugeBytes = 10_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Inputs of the home page's one field that are refused, each for a reason of its own.</summary>
    public static TheoryData<string> RefusedNumbers() =>
    [
        " ",
        "abcdefg",
        "123",
        "1234567890123456789012345",
        "+44 7911 123456",
        "+1 416 555 0123",
        "+1 876 555 0123",
        "201-555-0123 ext. 5",
        "8901260123456789017",
        "8944123456789012347",
        DemoCard.Unknown,
        "<script>alert(1)</script>",
    ];

    [Theory]
    [MemberData(nameof(RefusedNumbers))]
    public async Task A_number_that_cannot_be_topped_up_is_refused_with_a_message_in_each_language(string typed)
    {
        var messages = new List<string>();
        foreach (var language in new[] { "en-US", "zh-CN", "es-MX" })
        {
            await using var context = await chromium.OpenAsync(Device.Phone with { Languages = language });
            var visit = new Visit(await context.NewPageAsync(), shared.World);
            visit.Page.Dialog += (_, _) => Assert.Fail("a script from the input was run");
            await visit.GoHomeAsync();

            var answer = await visit.AskForAsync(typed);

            Assert.InRange(answer.Status, 400, 499);
            messages.Add(await visit.Problem.InnerTextAsync());
        }

        Assert.All(messages, message => Assert.False(string.IsNullOrWhiteSpace(message)));
        Assert.Equal(messages.Count, messages.Distinct().Count());
    }

    [Theory]
    [InlineData("(201) 555-0111")]
    [InlineData("1-201-555-0111")]
    [InlineData("201.555.0111")]
    [InlineData("+12015550111")]
    [InlineData("２０１５５５０１１１")]
    public async Task Every_common_way_of_writing_a_number_is_understood(string typed)
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = new Visit(await context.NewPageAsync(), shared.World);
        await visit.GoHomeAsync();

        var answer = await visit.AskForAsync(typed);

        Assert.Equal(200, answer.Status);
        Assert.Contains("555-0111", await visit.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_repeated_wrongly_is_not_paid_for()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = new Visit(await context.NewPageAsync(), shared.World);
        await visit.GoToConfirmAsync(shared.NextCard());
        var before = await shared.World.Books.TradesAsync(Cancellation);

        var answer = await visit.ConfirmAsync(DemoCard.Own, PaymentWay.Wap);

        Assert.InRange(answer.Status, 400, 499);
        await visit.Problem.WaitForAsync();
        Assert.Equal(before.Count, (await shared.World.Books.TradesAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task A_page_that_does_not_exist_says_so()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();

        var answer = await page.GotoAsync(new Uri(shared.World.Url, "/no-such-page").AbsoluteUri);

        Assert.Equal(404, answer!.Status);
        Assert.NotEqual("", await page.Locator("h1").InnerTextAsync());
    }

    [Theory]
    [InlineData("/plans")]
    [InlineData("/inbound/payments/alipay")]
    [InlineData("/inbound/carriers/reloadly")]
    public async Task A_body_of_ten_megabytes_is_refused(string path)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shared.World.Url, path)) { Content = new ByteArrayContent(new byte[HugeBytes]) };
        request.Content.Headers.ContentType = new("application/x-www-form-urlencoded");
        request.Headers.ExpectContinue = true; // The answer comes before the body, which a refusing server does not read.

        using var answer = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }
}
