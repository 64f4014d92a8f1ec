using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Refill.Payments;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>Each way to pay as a new customer meets it, at 360 px, in the browser that it is meant for: to the receipt, which names it, and charged once by the gateway's own books.</summary>
public sealed class WaysToPayTests(Chromium chromium, SharedWorld shared) : IClassFixture<SharedWorld>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private World World => shared.World;

    [Theory]
    [InlineData(PaymentWay.Wap, "alipay", "Alipay")]
    [InlineData(PaymentWay.Wap, "wechatpay", "WeChat Pay")]
    [InlineData(PaymentWay.Page, "stripe", "your card")]
    public async Task On_a_phone_it_is_paid_on_the_gateways_page(PaymentWay way, string gateway, string name) => await PayAsync(Device.Phone, way, gateway, name, visit => visit.PayAtSandboxAsync());

    [Fact]
    public async Task On_a_desktop_it_is_paid_on_Alipays_page() => await PayAsync(Device.NarrowDesktop, PaymentWay.Page, "alipay", "Alipay", visit => visit.PayAtSandboxAsync());

    [Theory]
    [InlineData("alipay", "Alipay")]
    [InlineData("wechatpay", "WeChat Pay")]
    public async Task On_a_desktop_a_code_is_scanned_with_the_phone_and_the_page_goes_on_by_itself(string gateway, string name)
    {
        await using var phone = await chromium.OpenAsync(Device.Phone);
        var app = await VisitAsync(phone);
        await PayAsync(Device.NarrowDesktop, PaymentWay.Qr, gateway, name, async visit =>
        {
            await visit.QrCode.WaitForAsync();
            await app.Page.GotoAsync((await visit.QrText.GetAttributeAsync("href"))!);
            await app.PayAtSandboxAsync();
        });
    }

    [Fact]
    public async Task Within_WeChat_it_is_paid_without_leaving_it() => await PayAsync(Device.WeChat, PaymentWay.InApp, "wechatpay", "WeChat Pay", async visit =>
    {
        await visit.OpenStandInAsync();
        await visit.PayAtSandboxAsync();
    });

    [Fact]
    public async Task A_bank_transfer_is_paid_when_the_statement_that_has_its_reference_is_imported()
    {
        var (card, _) = await BeginAsync();
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(card);
        await visit.ConfirmAsync(card, PaymentWay.Transfer, "transfer");
        var reference = await visit.Page.Locator("#transfer-reference").InnerTextAsync();
        var amount = Regex.Match(await visit.Page.Locator("#transfer .total").InnerTextAsync(), "[0-9]+\\.[0-9]{2}").Value;

        var statement = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllTextAsync(statement, $"date,amount,currency,reference,entry_id\n{DateTime.UtcNow:yyyy-MM-dd},{amount},USD,\"{reference}, thanks\",{Guid.NewGuid():N}\n", Cancellation);
        var imported = await World.RunAsync(["bank", "import", statement], Cancellation);
        File.Delete(statement);

        Assert.Equal(0, imported.ExitCode);
        await visit.WaitForAsync(TopUpState.Completed);
        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
    }

    [Theory]
    [InlineData("alipay", "Alipay", "281234567890123456")]
    [InlineData("wechatpay", "WeChat Pay", "130000000000000001")]
    public async Task A_code_that_the_payer_shows_is_scanned_at_the_counter(string gateway, string name, string code)
    {
        var (card, before) = await BeginAsync();
        await using var counter = await chromium.OpenAsync(Device.NarrowDesktop);
        await counter.SetExtraHTTPHeadersAsync([new("Authorization", World.ConsoleAuthorization)]);
        var visit = await VisitAsync(counter);
        await visit.GoToConfirmAsync(card);
        var order = await visit.OrderCodeAsync();

        await visit.Page.GotoAsync(new Uri(World.Url, "/console/scan").AbsoluteUri);
        await visit.Page.Locator("#order").FillAsync(order);
        await visit.Page.Locator("#code").FillAsync(code);
        await visit.Page.Locator("#take").ClickAsync();

        await EndsWellAsync(visit, card, before, gateway, name);
    }

    [Fact]
    public async Task A_card_that_is_declined_is_changed_for_one_that_pays() => await PayAsync(Device.Phone, PaymentWay.Page, "stripe", "your card", async visit =>
    {
        await visit.ChooseCardAsync("declined");
        await visit.PayAtSandboxAsync();
        Assert.True(await visit.Page.Locator("#refused").IsVisibleAsync());

        await visit.ChooseCardAsync("pays");
        await visit.PayAtSandboxAsync();
    });

    [Fact]
    public async Task A_card_whose_bank_asks_pays_once_the_holder_has_said_yes() => await PayAsync(Device.Phone, PaymentWay.Page, "stripe", "your card", async visit =>
    {
        await visit.ChooseCardAsync("asks");
        await visit.PayAtSandboxAsync();

        await visit.AnswerBankAsync("approve");
    });

    [Fact]
    public async Task A_holder_who_says_no_to_the_bank_may_still_pay_with_another_card() => await PayAsync(Device.Phone, PaymentWay.Page, "stripe", "your card", async visit =>
    {
        await visit.ChooseCardAsync("asks");
        await visit.PayAtSandboxAsync();
        await visit.AnswerBankAsync("refuse");

        await visit.ChooseCardAsync("pays");
        await visit.PayAtSandboxAsync();
    });

    [Theory]
    [InlineData("alipay", PaymentWay.Wap, "wechatpay", PaymentWay.Wap, "WeChat Pay")]
    [InlineData("wechatpay", PaymentWay.Wap, "stripe", PaymentWay.Page, "your card")]
    [InlineData("stripe", PaymentWay.Page, "alipay", PaymentWay.Wap, "Alipay")]
    public async Task Who_changes_their_mind_at_the_gateway_pays_with_another_and_once(string first, PaymentWay firstWay, string second, PaymentWay secondWay, string name)
    {
        var (card, before) = await BeginAsync();
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(card);
        await visit.ConfirmAsync(card, firstWay, first);

        await visit.CancelAtSandboxAsync();
        await visit.WaitForAsync(TopUpState.AwaitingPayment);
        await visit.PayAnotherWayAsync();
        await visit.ConfirmAsync(card, secondWay, second);
        await visit.PayAtSandboxAsync();

        await EndsWellAsync(visit, card, before, second, name);
    }

    [Fact]
    public async Task The_browsers_own_way_back_from_the_gateway_leads_to_the_same_choice()
    {
        var (card, before) = await BeginAsync();
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(card);
        await visit.ConfirmAsync(card, PaymentWay.Wap);

        await visit.Page.GoBackAsync();
        await visit.ConfirmAsync(card, PaymentWay.Wap, "wechatpay");
        await visit.PayAtSandboxAsync();

        await EndsWellAsync(visit, card, before, "wechatpay", "WeChat Pay");
    }

    [Fact]
    public async Task In_WeChats_browser_only_what_works_there_is_a_button_and_the_rest_says_where_it_works()
    {
        await using var context = await chromium.OpenAsync(Device.WeChat);
        var visit = await VisitAsync(context);

        await visit.GoToConfirmAsync(shared.NextCard());

        Assert.Equal(0, await visit.Page.Locator("button[name=way][value^='alipay.']").CountAsync());
        Assert.Equal(1, await visit.PayButton(PaymentWay.InApp, "wechatpay").CountAsync());
        await visit.Page.Locator("#elsewhere summary").ClickAsync();
        Assert.Contains("Alipay", await visit.Page.Locator("#elsewhere").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_phone_no_code_is_offered_to_be_scanned()
    {
        await using var context = await chromium.OpenAsync(Device.Phone);
        var visit = await VisitAsync(context);

        await visit.GoToConfirmAsync(shared.NextCard());

        Assert.Equal(0, await visit.Page.Locator("button[name=way][value$='.qr']").CountAsync());
        Assert.NotEqual(0, await visit.Page.Locator("button[name=way]").CountAsync());
    }

    private async Task PayAsync(Device device, PaymentWay way, string gateway, string name, Func<Visit, Task> payAsync)
    {
        var (card, before) = await BeginAsync();
        await using var context = await chromium.OpenAsync(device);
        var visit = await VisitAsync(context);
        await visit.GoToConfirmAsync(card);
        await visit.ConfirmAsync(card, way, gateway);
        await payAsync(visit);

        await EndsWellAsync(visit, card, before, gateway, name);
    }

    /// <summary>Completed, on a receipt that names the way; credited once; and of all that was begun for this card, one thing was paid.</summary>
    private async Task EndsWellAsync(Visit visit, string card, HashSet<string> before, string gateway, string name)
    {
        await visit.WaitForAsync(TopUpState.Completed);
        await visit.OpenReceiptAsync();
        Assert.Contains($"Paid with {name}", await visit.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Single(await World.Books.CreditsAsync(card, Cancellation));
        var paid = Assert.Single(await World.Books.PaidAsync(Cancellation), trade => !before.Contains(trade.Order));
        Assert.Equal((gateway, 0), (paid.Gateway, paid.Refunded));
    }

    /// <summary>A card that nobody has topped up, and what is paid already: the tests of a class run one after the other.</summary>
    private async Task<(string Card, HashSet<string> Before)> BeginAsync() =>
        (shared.NextCard(), [.. (await World.Books.PaidAsync(Cancellation)).Select(trade => trade.Order)]);

    private async Task<Visit> VisitAsync(IBrowserContext context) => new(await context.NewPageAsync(), World);
}
