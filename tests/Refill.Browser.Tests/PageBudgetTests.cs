using Refill.Payments;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>The budgets of pages.md, C3: real Chromium, TLS and HTTP/2, through a line of 128/64 kbit/s with a round trip of 300 ms.</summary>
[Collection(nameof(Unhurried))]
public sealed class PageBudgetTests(Chromium chromium)
{
    private const int ColdHomeBytes = 8 * 1024;
    private const int WarmPageBytes = 5 * 1024;
    private const int WholeTopUpBytes = 32 * 1024;
    private const int RequestsBeforePayment = 6;
    private const double LayoutShift = 0.02;
    private static readonly TimeSpan ColdFirstPaint = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WarmFirstPaint = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WholeNetworkTime = TimeSpan.FromSeconds(8);

    /// <summary>Half as fast and twice as far.</summary>
    private static readonly Line Slowest = new(64_000, 32_000, TimeSpan.FromMilliseconds(600));
    private static readonly TimeSpan SlowestFirstPaint = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task A_whole_first_top_up_stays_within_the_budgets_of_each_page_and_of_all_together()
    {
        await using var world = await World.StartAsync(new WorldOptions { Line = Line.Throttled }, TestContext.Current.CancellationToken);
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();
        var visit = new Visit(page, world);
        var meter = new PageMeter(world.Pipe!, page, world.Url);

        var home = await meter.MeasureAsync("home, cold", visit.GoHomeAsync);
        var plans = await meter.MeasureAsync("plans, after the number", () => visit.AskForAsync(DemoCard.Healthy));
        var confirm = await meter.MeasureAsync("confirm, after the plan", visit.ChoosePlanAsync);
        var foreignBeforePayment = meter.Foreign.Count;
        var statusUrl = (await visit.ConfirmUrlAsync()).Replace("/confirm", "", StringComparison.Ordinal);
        await visit.ConfirmAsync(DemoCard.Healthy, PaymentWay.Wap);
        var requestsBeforePayment = meter.RequestsSoFar;
        await visit.PayAtSandboxAsync();
        // The sandbox sends the browser back to the address that gateways know, beside the pipe: the same page, through it.
        var status = await meter.MeasureAsync("status, after paying", () => page.GotoAsync(statusUrl + "?back=1"));
        await visit.WaitForAsync(TopUpState.Completed);
        var receipt = await meter.MeasureAsync("receipt, at the end", () => page.GotoAsync(statusUrl + "/receipt"));
        var (wholeBytes, wholeTime) = (world.Pipe!.DownBytes + world.Pipe.UpBytes, meter.Costs.Aggregate(TimeSpan.Zero, (sum, cost) => sum + cost.NetworkTime));
        Report($"A whole first top-up: {wholeBytes} bytes both ways, {requestsBeforePayment} requests before payment, {wholeTime.TotalSeconds:F2} s", meter.Costs);

        Assert.Equal(0, foreignBeforePayment);
        Within(home, ColdHomeBytes, ColdFirstPaint);
        Assert.Equal((0, 1), (home.Redirects, home.RenderBlocking));
        Assert.All([plans, confirm, status, receipt], cost => Assert.True(cost.RenderBlocking == 1, cost.ToString()));
        Assert.True(requestsBeforePayment <= RequestsBeforePayment, $"{requestsBeforePayment} requests before payment");
        Assert.True(wholeBytes <= WholeTopUpBytes, $"{wholeBytes} bytes");
        Assert.True(wholeTime <= WholeNetworkTime, $"{wholeTime}");
    }

    [Fact]
    public async Task Each_page_after_the_first_is_one_request_within_its_budget()
    {
        await using var world = await World.StartAsync(new WorldOptions { Line = Line.Throttled }, TestContext.Current.CancellationToken);
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();
        var visit = new Visit(page, world);
        await visit.GoHomeAsync();
        await visit.AskForAsync(DemoCard.Healthy);
        var plansUrl = await visit.PlansUrlAsync();
        await visit.ChoosePlanAsync();
        var confirmUrl = await visit.ConfirmUrlAsync();
        var statusUrl = confirmUrl.Replace("/confirm", "", StringComparison.Ordinal);
        await page.GotoAsync(new Uri(world.Url, "/advice?" + Gallery.AdviceStory).AbsoluteUri); // The solver's first answer waits for the compiler.
        var meter = new PageMeter(world.Pipe!, page, world.Url);

        await meter.MeasureAsync("plans, warm", () => page.GotoAsync(plansUrl));
        await meter.MeasureAsync("comparison, warm", () => page.GotoAsync(new Uri(world.Url, "/compare?gb=4&minutes=100&hotspot=yes").AbsoluteUri));
        await meter.MeasureAsync("side by side, warm", () => page.GotoAsync(new Uri(world.Url, "/compare/side?plan=mint-5gb&plan=refill-mobile-week&plan=tello-2gb&plan=boost-unlimited-basic&gb=4").AbsoluteUri));
        await meter.MeasureAsync("reviews, warm", () => page.GotoAsync(new Uri(world.Url, "/plans/refill-mobile-week/reviews").AbsoluteUri));
        await meter.MeasureAsync("advice, the question, warm", () => page.GotoAsync(new Uri(world.Url, "/advice").AbsoluteUri));
        await meter.MeasureAsync("advice, the answer, warm", () => page.GotoAsync(new Uri(world.Url, "/advice?" + Gallery.AdviceStory).AbsoluteUri));
        await meter.MeasureAsync("confirm, warm", () => page.GotoAsync(confirmUrl));
        await visit.ConfirmAsync(DemoCard.Healthy, PaymentWay.Wap);
        var sandboxUrl = page.Url;
        await page.GotoAsync(world.Url.AbsoluteUri);
        var waiting = await meter.MeasureAsync("status, waiting, warm", () => page.GotoAsync(statusUrl));
        await page.GotoAsync(sandboxUrl);
        await visit.PayAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.Completed);
        await meter.MeasureAsync("status, done, warm", () => page.GotoAsync(statusUrl));
        await meter.MeasureAsync("receipt, warm", () => page.GotoAsync(statusUrl + "/receipt"));
        Report("Pages after the first", meter.Costs);

        Assert.All(meter.Costs, cost =>
        {
            Within(cost, WarmPageBytes, WarmFirstPaint);
            // Only a page that waits for something has more: its script, after the paint, and the one long request that the script makes.
            Assert.Equal((cost.Page, cost == waiting ? 3 : 1, 0), (cost.Page, cost.Requests, cost.Redirects));
        });
    }

    [Fact]
    public async Task The_first_page_is_painted_in_time_on_a_line_half_as_fast()
    {
        await using var world = await World.StartAsync(new WorldOptions { Line = Slowest }, TestContext.Current.CancellationToken);
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();

        var meter = new PageMeter(world.Pipe!, page, world.Url);
        var home = await meter.MeasureAsync("home, cold, 64 kbit/s", new Visit(page, world).GoHomeAsync);
        Report("On the slowest line", meter.Costs);

        Within(home, ColdHomeBytes, SlowestFirstPaint);
    }

    private static void Within(PageCost cost, int bytes, TimeSpan firstPaint)
    {
        Assert.True(cost.DownBytes <= bytes, $"more than {bytes} bytes: {cost}");
        Assert.True(cost.FirstPaint <= firstPaint, $"first paint later than {firstPaint}: {cost}");
        Assert.True(cost.LargestPaint <= firstPaint, $"largest paint later than {firstPaint}: {cost}");
        Assert.True(cost.LayoutShift <= LayoutShift, $"it shifts: {cost}");
    }

    private static void Report(string title, IReadOnlyList<PageCost> costs)
    {
        var table = PageMeter.Table(title, costs);
        TestContext.Current.TestOutputHelper?.WriteLine(table);
        Artifacts.Append("pages.md", table);
    }
}
