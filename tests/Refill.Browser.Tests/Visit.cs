using Microsoft.Playwright;
using Refill.Payments;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>A visitor's first top-up in Chromium, page by page. The one place that knows where things stand on a page.</summary>
public sealed class Visit(IPage page, World world)
{
    /// <summary>How long a top-up may take from payment to its end: the sandbox's Reloadly decides within seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public IPage Page => page;

    /// <summary>The message that says what is wrong on this page.</summary>
    public ILocator Problem => page.Locator("[role=alert]");

    public async Task<IResponse> GoHomeAsync() =>
        await page.GotoAsync(world.Url.AbsoluteUri) ?? throw new InvalidOperationException("the home page gave no answer");

    /// <summary>Types a number on the home page and sends it.</summary>
    public async Task<IResponse> AskForAsync(string typed)
    {
        await page.Locator("#card").FillAsync(typed);
        return await FollowAsync(() => page.Locator("#find").ClickAsync());
    }

    /// <summary>Takes the cheapest plan on offer.</summary>
    public Task<IResponse> ChoosePlanAsync() => FollowAsync(() => page.Locator("button[name=plan]").First.ClickAsync());

    /// <summary>The address of the plans on this page, which was given in the answer to a form.</summary>
    public async Task<string> PlansUrlAsync() =>
        new Uri(world.Url, $"/cards/{await page.Locator("input[name=card]").First.GetAttributeAsync("value")}").AbsoluteUri;

    /// <summary>The address of this confirm page, which was given in the answer to a form.</summary>
    public async Task<string> ConfirmUrlAsync() =>
        new Uri(world.Url, (await page.Locator("form[action$='/pay']").GetAttributeAsync("action"))!.Replace("/pay", "/confirm", StringComparison.Ordinal)).AbsoluteUri;

    /// <summary>On the confirm page: types the number a second time if that is asked, and goes to pay.</summary>
    public async Task<IResponse> ConfirmAsync(string number, PaymentWay way, string gateway = "alipay")
    {
        await RepeatNumberAsync(number);
        var button = PayButton(way, gateway);
        if (!await button.IsVisibleAsync())
        {
            await page.Locator("details:has(button[name=way]) summary").ClickAsync(); // A way that is seldom meant lies behind a fold.
        }

        return await FollowAsync(() => button.ClickAsync());
    }

    public async Task RepeatNumberAsync(string number)
    {
        if (await page.Locator("#repeat").CountAsync() > 0)
        {
            await page.Locator("#repeat").FillAsync(number);
        }
    }

    public ILocator PayButton(PaymentWay way, string gateway = "alipay") => page.Locator($"button[name=way][value=\"{gateway}.{way.ToString().ToLowerInvariant()}\"]");

    public ILocator QrCode => page.Locator(".qr svg");

    /// <summary>What the code says, as a link for those who are on the phone already.</summary>
    public ILocator QrText => page.Locator("#qr-open");

    /// <summary>On the page for it: looks for a receipt by the two things that a customer has.</summary>
    public async Task<IResponse> FindReceiptAsync(string orderCode, string lastFour)
    {
        await page.GotoAsync(new Uri(world.Url, "/receipt").AbsoluteUri);
        await page.Locator("#code").FillAsync(orderCode);
        await page.Locator("#four").FillAsync(lastFour);
        return await FollowAsync(() => page.Locator("#find").ClickAsync());
    }

    /// <summary>On the sandbox's page: pays, which leads back to the storefront.</summary>
    public Task<IResponse> PayAtSandboxAsync() => FollowAsync(() => page.Locator("#pay").ClickAsync());

    /// <summary>On the sandbox's page: does not pay, and goes back to the storefront.</summary>
    public Task<IResponse> CancelAtSandboxAsync() => FollowAsync(() => page.Locator("#cancel").ClickAsync());

    /// <summary>On the sandbox's Stripe page: the card that does this.</summary>
    public Task ChooseCardAsync(string choice) => page.Locator($"#card-{choice}").CheckAsync();

    /// <summary>On the page of a card's bank: "approve" or "refuse".</summary>
    public Task<IResponse> AnswerBankAsync(string answer) => FollowAsync(() => page.Locator("#" + answer).ClickAsync());

    /// <summary>On the page that calls WeChat: to the sandbox's stand-in for it.</summary>
    public Task<IResponse> OpenStandInAsync() => FollowAsync(() => page.Locator("#stand-in").ClickAsync());

    /// <summary>On the status page of an unpaid top-up: back to where the way is chosen.</summary>
    public Task<IResponse> PayAnotherWayAsync() => FollowAsync(() => page.Locator("#pay-again").ClickAsync());

    /// <summary>On the status page of a completed top-up.</summary>
    public Task<IResponse> OpenReceiptAsync() => FollowAsync(() => page.Locator("#receipt").ClickAsync());

    /// <summary>From the home page to the way back from the sandbox.</summary>
    public async Task TopUpAsync(string number, PaymentWay way)
    {
        await GoToConfirmAsync(number);
        await ConfirmAsync(number, way);
        await PayAtSandboxAsync();
    }

    public async Task GoToConfirmAsync(string number)
    {
        await GoHomeAsync();
        await AskForAsync(number);
        await ChoosePlanAsync();
    }

    /// <summary>Waits for the page to show that state by itself: by script, or by its own refresh.</summary>
    /// <exception cref="InvalidOperationException">It did not; the message holds what the page shows instead.</exception>
    public async Task WaitForAsync(TopUpState state)
    {
        try
        {
            await page.Locator($"[data-state={state}]").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached, Timeout = (float)Patience.TotalMilliseconds });
        }
        catch (TimeoutException late)
        {
            throw new InvalidOperationException($"not {state} after {Patience}; {page.Url} shows:\n{await page.Locator("body").InnerTextAsync()}", late);
        }
    }

    public Task<string> OrderCodeAsync() => page.Locator("#order-code").InnerTextAsync();

    /// <summary>Does something that leads to another page, and gives that page's own answer.</summary>
    public async Task<IResponse> FollowAsync(Func<Task> act)
    {
        var answered = page.WaitForResponseAsync(response => response.Request.IsNavigationRequest && response.Status is < 300 or >= 400);
        await act();
        var response = await answered;
        try
        {
            await page.WaitForLoadStateAsync(LoadState.Load);
        }
        catch (TimeoutException) when (page.Url == response.Url)
        {
            // Once in some hundred runs the driver misses the event of a page that has loaded; the page itself knows.
            Assert.Equal("complete", await page.EvaluateAsync<string>("document.readyState"));
        }

        return response;
    }
}
