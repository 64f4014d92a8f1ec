using Microsoft.Data.Sqlite;
using Refill.Payments;
using Refill.Reviews;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Browser.Tests;

/// <summary>One page in one of its states, and the way to it.</summary>
public sealed record Sight(string Name, Func<Visit, Task> GoAsync);

/// <summary>Every page in every state that it can have, for those who look at pages: axe and the camera.</summary>
public static class Gallery
{
    /// <summary>States that a test cannot wait for, or that pass too quickly: set in the database by hand, for the page's sake only.</summary>
    private static readonly TopUpState[] SetByHand = [TopUpState.Paid, TopUpState.Fulfilling, TopUpState.Expired, TopUpState.Cancelled, TopUpState.Refunding, TopUpState.NeedsReview];

    public static async Task<IReadOnlyList<Sight>> PrepareAsync(World world, Chromium chromium)
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = new Visit(await context.NewPageAsync(), world);
        var sights = new List<Sight>
        {
            new("home", v => v.GoHomeAsync()),
            new("home-error", async v =>
            {
                await v.GoHomeAsync();
                await v.AskForAsync("123");
            }),
            new("not-found", v => v.Page.GotoAsync(new Uri(world.Url, "/no-such-page").AbsoluteUri)),
            new("receipt-lookup", v => v.Page.GotoAsync(new Uri(world.Url, "/receipt").AbsoluteUri)),
            new("receipt-lookup-error", v => v.FindReceiptAsync("0000-0000-0000", "0000")),
        };

        await ReviewAsync(world);
        sights.AddRange([
            At("compare", new Uri(world.Url, "/compare?gb=4&minutes=100&sort=stars").AbsoluteUri),
            At("compare-error", new Uri(world.Url, "/compare?gb=0").AbsoluteUri),
            At("compare-side", new Uri(world.Url, "/compare/side?plan=mint-5gb&plan=refill-mobile-week&plan=tello-2gb&plan=boost-unlimited-basic&gb=4").AbsoluteUri),
            At("reviews", new Uri(world.Url, "/plans/refill-mobile-week/reviews").AbsoluteUri),
        ]);
        sights.AddRange(Advice(world));
        await visit.GoHomeAsync();
        await visit.AskForAsync(DemoCard.Healthy);
        sights.Add(At("plans", await visit.PlansUrlAsync()));
        sights.Add(At("compare-card", (await visit.PlansUrlAsync()).Replace("/cards/", "/compare?card=", StringComparison.Ordinal)));
        await visit.ChoosePlanAsync();
        var quoted = await visit.ConfirmUrlAsync();
        sights.Add(At("confirm", quoted));
        sights.Add(new("confirm-unfolded", v => UnfoldAsync(v, quoted)));
        await visit.GoToConfirmAsync(DemoCard.Healthy);
        var over = await visit.ConfirmUrlAsync();
        await SetStateAsync(world, over, TopUpState.Expired);
        sights.Add(At("confirm-expired", over));
        sights.Add(new("confirm-error", async v =>
        {
            await v.Page.GotoAsync(quoted);
            await v.ConfirmAsync(DemoCard.Own, PaymentWay.Wap);
        }));

        await visit.GoToConfirmAsync(DemoCard.Healthy);
        await visit.ConfirmAsync(DemoCard.Healthy, PaymentWay.Transfer, "transfer");
        sights.Add(At("status-transfer", visit.Page.Url));
        sights.AddRange(await OffersAsync(world, visit));
        sights.AddRange(new[] { "console", "console/scan", "console/offers", "console/reviews" }.Select(path => new Sight(path.Replace('/', '-'), async v =>
        {
            await v.Page.SetExtraHTTPHeadersAsync([new("Authorization", world.ConsoleAuthorization)]);
            await v.Page.GotoAsync(new Uri(world.Url, path).AbsoluteUri);
            await v.Page.SetExtraHTTPHeadersAsync([]);
        })));

        foreach (var state in SetByHand)
        {
            await visit.GoToConfirmAsync(DemoCard.Healthy);
            var confirm = await visit.ConfirmUrlAsync();
            await SetStateAsync(world, confirm, state);
            sights.Add(At($"status-{state}".ToLowerInvariant(), confirm.Replace("/confirm", "", StringComparison.Ordinal)));
        }

        // Codes are shown where there is a phone beside the screen; the page that shows one can be looked at anywhere.
        await using var desktop = await chromium.OpenAsync(Device.Desktop);
        var large = new Visit(await desktop.NewPageAsync(), world);
        await large.GoToConfirmAsync(DemoCard.Healthy);
        await large.ConfirmAsync(DemoCard.Healthy, PaymentWay.Qr);
        sights.Add(At("status-code", large.Page.Url));

        foreach (var (card, end) in new[] { (DemoCard.Healthy, TopUpState.Completed), (DemoCard.Refused, TopUpState.Refunded) })
        {
            await visit.TopUpAsync(card, PaymentWay.Wap);
            await visit.WaitForAsync(end);
            sights.Add(At($"status-{end}".ToLowerInvariant(), visit.Page.Url));
            if (end == TopUpState.Completed)
            {
                sights.Add(At("receipt", new Uri(new Uri(visit.Page.Url), $"{new Uri(visit.Page.Url).AbsolutePath}/receipt").AbsoluteUri));
            }
        }

        return sights;
    }

    /// <summary>What WeChat's browser shows otherwise than others do: for a visitor on <see cref="Device.WeChat"/>.</summary>
    public static IReadOnlyList<Sight> InWeChat { get; } =
    [
        new("wechat-confirm", async v =>
        {
            await v.GoToConfirmAsync(DemoCard.Healthy);
            await UnfoldAsync(v, await v.ConfirmUrlAsync());
        }),
        new("wechat-in-app", async v =>
        {
            await v.GoToConfirmAsync(DemoCard.Healthy);
            await v.ConfirmAsync(DemoCard.Healthy, PaymentWay.InApp, "wechatpay");
        }),
    ];

    /// <summary>A quote with offers and a day to come, what a refused coupon is answered, and such a top-up when it is paid.</summary>
    private static async Task<IEnumerable<Sight>> OffersAsync(World world, Visit visit)
    {
        await visit.GoHomeAsync();
        await visit.AskForAsync(DemoCard.Own);
        var plans = await visit.PlansUrlAsync();
        await visit.FollowAsync(() => visit.Page.Locator("button[value=refill-mobile-month-max]").ClickAsync());
        await WishAsync(visit, "demo-10", DateOnly.FromDateTime(DateTime.UtcNow).AddDays(14));
        var quoted = await visit.ConfirmUrlAsync();
        await visit.GoHomeAsync();
        await visit.AskForAsync(DemoCard.Own);
        await visit.FollowAsync(() => visit.Page.Locator("button[value=refill-mobile-traveller]").ClickAsync());
        var pack = await visit.ConfirmUrlAsync();
        await visit.GoHomeAsync();
        await visit.AskForAsync(DemoCard.Own);
        await visit.FollowAsync(() => visit.Page.Locator("button[value=refill-mobile-week]").ClickAsync());
        await WishAsync(visit, "", DateOnly.FromDateTime(DateTime.UtcNow).AddDays(14));
        var waiting = await visit.ConfirmUrlAsync();
        await SetStateAsync(world, waiting, TopUpState.Paid);
        return
        [
            At("plans-offers", plans),
            new("confirm-offers", v => UnfoldAsync(v, quoted)),
            new("confirm-coupon-refused", async v =>
            {
                await v.Page.GotoAsync(quoted);
                await WishAsync(v, "no such", null);
            }),
            At("confirm-pack", pack),
            At("status-starts", waiting.Replace("/confirm", "", StringComparison.Ordinal)),
        ];
    }

    private static async Task WishAsync(Visit visit, string coupon, DateOnly? start)
    {
        await visit.Page.Locator("#wishes > summary").ClickAsync();
        await visit.Page.Locator("#coupon").FillAsync(coupon);
        if (start is { } day)
        {
            await visit.Page.Locator("#start").FillAsync(day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        }

        await visit.FollowAsync(() => visit.Page.Locator("#wish").ClickAsync());
    }

    /// <summary>The confirm page with all its folds open.</summary>
    private static async Task UnfoldAsync(Visit visit, string confirm)
    {
        await visit.Page.GotoAsync(confirm);
        foreach (var fold in await visit.Page.Locator("main details > summary").AllAsync())
        {
            await fold.ClickAsync();
        }
    }

    /// <summary>Three that are shown, one of which is answered, and one that waits.</summary>
    private static async Task ReviewAsync(World world)
    {
        var database = new Database(world.Database.Options);
        var book = new ReviewBook(database, new ReviewRatings(database, TimeProvider.System), TimeProvider.System);
        foreach (var (stars, text, place, language) in new[] { (5, "纽约信号满格。", "NY", "zh-Hans"), (4, "Slow in the subway, fine elsewhere.", UsStates.Several, "en"), (2, "En Utah casi no había cobertura.", "UT", "es"), (1, "see http://example.com", "", "en") })
        {
            var taken = (ReviewOutcome.Taken)await book.WriteAsync(Guid.CreateVersion7(), "refill-mobile-week", new ReviewDraft(stars, text, place, language), CancellationToken.None);
            if (stars == 2)
            {
                await book.AnswerAsync(taken.Review.Id, "Utah is thin on this network.", CancellationToken.None);
            }
        }
    }

    /// <summary>The question with all its folds open, a fault in it, and answers: short, long with slow days, and one that nothing covers.</summary>
    private static IEnumerable<Sight> Advice(World world)
    {
        return
        [
            new("advice", async v =>
            {
                await v.Page.GotoAsync(Of(""));
                foreach (var fold in await v.Page.Locator("main details > summary").AllAsync())
                {
                    await fold.ClickAsync();
                }
            }),
            At("advice-error", Of("from=2020-01-01&to=2020-01-02")),
            new("advice-answer", async v =>
            {
                await v.Page.GotoAsync(Of(AdviceStory));
                foreach (var fold in await v.Page.Locator("main details > summary").AllAsync())
                {
                    await fold.ClickAsync();
                }
            }),
            At("advice-month", Of($"from={Ahead(0)}&to={Ahead(40)}&use=social&slow=2&have=refill-mobile&only=1&left=2&lefton={Ahead(1)}")),
            At("advice-impossible", Of($"from={Ahead(4)}&to={Ahead(8)}&hot=1&have=tello&only=1")),
            At("advice-open", Of("live=1&use=chat&have=refill-mobile&only=1")),
        ];

        string Of(string query) => new Uri(world.Url, "/advice?" + query).AbsoluteUri;
    }

    /// <summary>Ten days of maps and chat, then two of video, on our own network.</summary>
    internal static string AdviceStory => $"from={Ahead(4)}&to={Ahead(15)}&use=chat&n=10&use2=video&have=refill-mobile&only=1&slow=1";

    private static string Ahead(int days) => DateTime.UtcNow.AddDays(days + 1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private static Sight At(string name, string url) => new(name, visit => visit.Page.GotoAsync(url));

    private static async Task SetStateAsync(World world, string url, TopUpState state)
    {
        var id = new Uri(url).Segments.Select(segment => CellId.TryParse(segment.Trim('/'), out var parsed) ? parsed : Guid.Empty).First(parsed => parsed != Guid.Empty);
        await using var connection = new SqliteConnection(world.Database.Options.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE top_up SET state = $state WHERE id = $id";
        command.Parameters.AddWithValue("$state", (int)state);
        command.Parameters.AddWithValue("$id", id.ToByteArray(bigEndian: true));
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
