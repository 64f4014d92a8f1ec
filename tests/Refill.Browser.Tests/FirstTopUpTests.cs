using Microsoft.Playwright;
using Refill.Payments;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>A first top-up from the home page to the receipt, as a visitor in Chromium makes it.</summary>
public sealed class FirstTopUpTests(Chromium chromium, SharedWorld shared) : IClassFixture<SharedWorld>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private World World => shared.World;

    [Fact]
    public async Task On_a_phone_it_is_paid_by_wap_pay_and_credited_once()
    {
        var card = shared.NextCard();
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);

        await visit.TopUpAsync(card, PaymentWay.Wap);
        await visit.WaitForAsync(TopUpState.Completed);

        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
        await ShowsAsync(visit, card[^4..]);
    }

    [Fact]
    public async Task On_a_desktop_it_is_paid_by_page_pay_and_credited_once()
    {
        var card = shared.NextCard();
        await using var context = await chromium.OpenAsync(Device.Desktop);
        var visit = await VisitAsync(context);

        await visit.TopUpAsync(card, PaymentWay.Page);
        await visit.WaitForAsync(TopUpState.Completed);

        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
    }

    [Fact]
    public async Task A_code_is_shown_and_the_page_goes_on_by_itself_when_the_app_has_paid_it()
    {
        var card = shared.NextCard();
        await using var context = await chromium.OpenAsync(Device.Desktop);
        var visit = await VisitAsync(context);
        await using var app = await chromium.OpenAsync(Device.Phone);
        var scanned = await VisitAsync(app);

        await visit.GoToConfirmAsync(card);
        await visit.ConfirmAsync(card, PaymentWay.Qr);
        await visit.QrCode.WaitForAsync();
        await scanned.Page.GotoAsync((await visit.QrText.GetAttributeAsync("href"))!);
        await scanned.PayAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.Completed);

        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
    }

    [Theory]
    [InlineData(DemoCard.Own)]
    [InlineData(DemoCard.OwnAboutToExpire)]
    public async Task A_card_of_the_own_carrier_is_topped_up(string card)
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);

        await visit.TopUpAsync(card, PaymentWay.Wap);

        await visit.WaitForAsync(TopUpState.Completed);
    }

    [Fact]
    public async Task When_the_carrier_refuses_the_money_goes_back_and_the_page_says_how_much()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);

        await visit.GoToConfirmAsync(DemoCard.Refused);
        var amount = await visit.PayButton(PaymentWay.Wap).InnerTextAsync();
        await visit.ConfirmAsync(DemoCard.Refused, PaymentWay.Wap);
        await visit.PayAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.Refunded);

        Assert.Empty(await World.Books.CreditsAsync(DemoCard.Refused, Cancellation));
        await ShowsAsync(visit, Amount(amount));
    }

    [Fact]
    public async Task Without_JavaScript_the_status_page_refreshes_itself_to_the_end()
    {
        var card = shared.NextCard();
        await using var context = await chromium.OpenAsync(Device.Phone with { JavaScript = false });
        var visit = await VisitAsync(context);

        await visit.TopUpAsync(card, PaymentWay.Wap);

        await visit.WaitForAsync(TopUpState.Completed);
        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
    }

    [Theory]
    [InlineData("zh-CN", "zh")]
    [InlineData("en-US", "en")]
    [InlineData("es-MX", "es")]
    public async Task It_is_made_in_the_language_that_the_browser_asks_for(string accepted, string expected)
    {
        var card = shared.NextCard();
        await using var context = await chromium.OpenAsync(Device.Phone with { Languages = accepted });
        var visit = await VisitAsync(context);

        await visit.GoHomeAsync();
        Assert.StartsWith(expected, await visit.Page.Locator("html").GetAttributeAsync("lang"), StringComparison.Ordinal);
        await visit.TopUpAsync(card, PaymentWay.Wap);
        await visit.WaitForAsync(TopUpState.Completed);

        Assert.StartsWith(expected, await visit.Page.Locator("html").GetAttributeAsync("lang"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_receipt_is_found_again_on_another_device_by_order_code_and_last_four_digits_only()
    {
        var card = shared.NextCard();
        await using var first = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(first);
        await visit.TopUpAsync(card, PaymentWay.Wap);
        await visit.WaitForAsync(TopUpState.Completed);
        var code = await visit.OrderCodeAsync();
        await using var second = await chromium.OpenAsync(Device.Desktop);
        var later = await VisitAsync(second);

        var wrong = await later.FindReceiptAsync(code, "0000");
        var refusal = await later.Problem.InnerTextAsync();
        var other = await later.FindReceiptAsync("0000-0000-0000", card[^4..]);
        Assert.Equal((404, 404, refusal), (wrong.Status, other.Status, await later.Problem.InnerTextAsync()));

        var found = await later.FindReceiptAsync(code, card[^4..]);

        Assert.Equal(200, found.Status);
        await ShowsAsync(later, code);
    }

    private async Task<Visit> VisitAsync(IBrowserContext context) => new(await context.NewPageAsync(), World);

    private static async Task ShowsAsync(Visit visit, string text) => Assert.Contains(text, await visit.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);

    /// <summary>The digits of the price that a button names.</summary>
    private static string Amount(string button) => new([.. button.Where(c => char.IsAsciiDigit(c) || c == '.')]);
}
