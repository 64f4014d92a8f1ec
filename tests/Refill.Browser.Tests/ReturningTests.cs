using Microsoft.Playwright;
using Refill.Payments;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>What visitors do besides the straight way: back, twice, in two tabs. Never is anything charged twice, credited twice or lost.</summary>
public sealed class ReturningTests(Chromium chromium) : IAsyncLifetime
{
    private const string Card = DemoCard.Healthy;
    private World? world;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private World World => world!;

    public async ValueTask InitializeAsync() => world = await World.StartAsync(new WorldOptions(), Cancellation);

    public ValueTask DisposeAsync() => World.DisposeAsync();

    [Fact]
    public async Task Back_after_paying_shows_the_same_top_up_and_offers_no_second_payment()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(Card);
        var confirm = await visit.ConfirmUrlAsync();
        await visit.ConfirmAsync(Card, PaymentWay.Wap);
        await visit.PayAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.Completed);

        await visit.Page.GotoAsync(confirm);

        await visit.WaitForAsync(TopUpState.Completed);
        Assert.Equal(0, await visit.PayButton(PaymentWay.Wap).CountAsync());
        await PaidAndCreditedOnceAsync();
    }

    [Fact]
    public async Task A_double_click_on_the_pay_button_makes_one_payment()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(Card);
        await visit.RepeatNumberAsync(Card);

        await visit.PayButton(PaymentWay.Wap).DblClickAsync();
        await visit.Page.WaitForURLAsync(url => new Uri(url).Port == World.SandboxUrl.Port);
        await visit.PayAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.Completed);

        await PaidAndCreditedOnceAsync();
    }

    [Fact]
    public async Task Two_tabs_of_the_same_quote_lead_to_the_same_payment()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var (first, second) = await TwoTabsAsync(context);

        await first.ConfirmAsync(Card, PaymentWay.Wap);
        await second.ConfirmAsync(Card, PaymentWay.Wap);
        await first.PayAtSandboxAsync();
        await first.WaitForAsync(TopUpState.Completed);

        await PaidAndCreditedOnceAsync();
    }

    [Fact]
    public async Task Another_way_to_pay_closes_the_first_so_that_nobody_pays_both()
    {
        await using var context = await chromium.OpenAsync(Device.Desktop);
        var (first, second) = await TwoTabsAsync(context);

        await first.ConfirmAsync(Card, PaymentWay.Page);
        await second.ConfirmAsync(Card, PaymentWay.Wap);
        await second.PayAtSandboxAsync();
        await second.WaitForAsync(TopUpState.Completed);
        await first.Page.ReloadAsync();

        Assert.Equal(0, await first.Page.Locator("#pay").CountAsync());
        await PaidAndCreditedOnceAsync();
    }

    [Fact]
    public async Task What_is_paid_twice_because_the_gateway_would_not_close_the_first_goes_back()
    {
        await World.Books.SetFaultAsync(new { target = "alipay", point = "close", match = new { }, fault = "error-500", times = 1_000 }, Cancellation);
        await using var context = await chromium.OpenAsync(Device.Desktop);
        var (first, second) = await TwoTabsAsync(context);

        await first.ConfirmAsync(Card, PaymentWay.Page);
        await second.ConfirmAsync(Card, PaymentWay.Wap);
        await first.PayAtSandboxAsync();
        await second.PayAtSandboxAsync();
        await first.WaitForAsync(TopUpState.Completed);

        var trades = await Pause.UntilAsync(PaidAsync, trades => trades.Count(trade => trade.Refunded == 0) == 1, Visit.Patience, Cancellation);
        Assert.Equal(2, trades.Count);
        Assert.All(trades, trade => Assert.True(trade.Refunded == 0 || trade.Refunded == trade.Amount, trade.ToString()));
        Assert.Single(await World.Books.CreditsAsync(Card, Cancellation));
    }

    private async Task<Visit> VisitAsync(IBrowserContext context) => new(await context.NewPageAsync(), World);

    private async Task<(Visit First, Visit Second)> TwoTabsAsync(IBrowserContext context)
    {
        var (first, second) = (await VisitAsync(context), await VisitAsync(context));
        await first.GoToConfirmAsync(Card);
        await second.Page.GotoAsync(await first.ConfirmUrlAsync());
        return (first, second);
    }

    private Task<IReadOnlyList<Trade>> PaidAsync() => World.Books.PaidAsync(Cancellation);

    private async Task PaidAndCreditedOnceAsync()
    {
        Assert.Equal(0, Assert.Single(await PaidAsync()).Refunded);
        Assert.Single(await World.Books.CreditsAsync(Card, Cancellation));
    }
}
