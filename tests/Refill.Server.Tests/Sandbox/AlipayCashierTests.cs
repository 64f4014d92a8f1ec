using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The payment page, driven as a browser without script would: by following addresses and posting its form.</summary>
public sealed partial class AlipayCashierTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private const string ReturnUrl = "http://127.0.0.1:9/back?lang=zh";
    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Theory]
    [InlineData("alipay.trade.page.pay")]
    [InlineData("alipay.trade.wap.pay")]
    public async Task A_payer_pays_and_comes_back_with_signed_parameters(string method)
    {
        using var start = await sandbox.Http.GetAsync(Merchant.PageAddress(Order, method: method, returnUrl: ReturnUrl), Cancellation);
        Assert.Equal(HttpStatusCode.SeeOther, start.StatusCode);
        var page = start.Headers.Location!.ToString();
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("CNY 12.34", html, StringComparison.Ordinal);
        Assert.Contains("5 GB for 30 days", html, StringComparison.Ordinal);

        var back = await PressAsync(page, "pay", html);

        Assert.StartsWith(ReturnUrl + "&", back.AbsoluteUri, StringComparison.Ordinal);
        var parameters = QueryHelpers.ParseQuery(back.Query).Where(pair => pair.Key != "lang").ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        Assert.True(Merchant.IsSignedByAlipay(parameters));
        Assert.Equal((Order, "12.34", $"{method}.return"), (parameters["out_trade_no"], parameters["total_amount"], parameters["method"]));
        Assert.Equal((Merchant.AppId, Merchant.SellerId), (parameters["app_id"], parameters["seller_id"]));
        var paid = await Merchant.QueryAsync(Order);
        Assert.Equal(("TRADE_SUCCESS", parameters["trade_no"]), (paid["trade_status"], paid["trade_no"]));
    }

    [Fact]
    public async Task A_payer_can_pay_and_not_go_back()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);

        var next = await PressAsync(page, "pay-stay");

        Assert.Equal(page, next.AbsolutePath);
        Assert.Contains("data-status=\"TRADE_SUCCESS\"", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payer_who_cancels_goes_back_without_having_paid()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);

        Assert.Equal(ReturnUrl, (await PressAsync(page, "cancel")).AbsoluteUri);
        Assert.Equal("WAIT_BUYER_PAY", (await Merchant.QueryAsync(Order))["trade_status"]);
    }

    [Fact]
    public async Task On_a_phone_cancelling_leads_to_the_quit_address()
    {
        var content = new JsonObject { ["quit_url"] = "http://127.0.0.1:9/quit" };
        using var start = await sandbox.Http.GetAsync(Merchant.PageAddress(Order, method: "alipay.trade.wap.pay", returnUrl: ReturnUrl, content: content), Cancellation);

        Assert.Equal("http://127.0.0.1:9/quit", (await PressAsync(start.Headers.Location!.ToString(), "cancel")).AbsoluteUri);
    }

    [Fact]
    public async Task Pay_pressed_twice_pays_once_and_leads_back_both_times()
    {
        await using var inbox = await Inbox.StartAsync();
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl, notifyUrl: inbox.Url.AbsoluteUri);
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);

        var both = await Task.WhenAll(PressAsync(page, "pay", html), PressAsync(page, "pay", html));

        Assert.All(both, back => Assert.StartsWith(ReturnUrl, back.AbsoluteUri, StringComparison.Ordinal));
        Assert.Equal("TRADE_SUCCESS", (await sandbox.TradeAsync(Order)).GetProperty("status").GetString());
        Assert.Equal(1, (await sandbox.GetAsync($"/control/books/messages?about={Order}")).GetArrayLength());
    }

    [Fact]
    public async Task A_page_of_a_paid_order_says_so_and_has_the_way_back()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);
        await PressAsync(page, "pay-stay");

        using var again = await sandbox.Http.GetAsync(Merchant.PageAddress(Order, returnUrl: ReturnUrl), Cancellation);
        var html = await sandbox.Http.GetStringAsync(again.Headers.Location, Cancellation);

        Assert.Contains("ACQ.TRADE_HAS_SUCCESS", html, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"pay\"", html, StringComparison.Ordinal);
        Assert.StartsWith(ReturnUrl, (await PressAsync(page, "back", html)).AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_order_cannot_be_paid_on_a_page_that_is_still_open()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        await Merchant.CloseAsync(Order);

        Assert.Equal(page, (await PressAsync(page, "pay", html)).AbsolutePath);
        Assert.Contains("data-status=\"TRADE_CLOSED\"", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync(Order))["trade_status"]);
    }

    [Fact]
    public async Task The_same_order_with_another_amount_is_refused_on_the_page()
    {
        await Merchant.OpenAsync(Order, "12.34");

        await IsRefusedAsync(Merchant.PageAddress(Order, "12.35"), "ACQ.CONTEXT_INCONSISTENT");
    }

    [Fact]
    public async Task A_page_address_that_was_changed_on_the_way_is_refused()
    {
        var address = Merchant.PageAddress(Order, "12.34");

        await IsRefusedAsync(address.Replace("12.34", "0.01", StringComparison.Ordinal), "isv.invalid-signature");
    }

    [Fact]
    public Task A_page_that_nobody_made_is_refused() => IsRefusedAsync($"/alipay/cashier/{new string('a', 32)}", "ACQ.TRADE_NOT_EXIST");

    [Fact]
    public async Task A_button_that_there_is_not_does_nothing()
    {
        var page = await Merchant.OpenAsync(Order);
        using var body = new FormUrlEncodedContent([new("action", "steal")]);

        using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("WAIT_BUYER_PAY", (await Merchant.QueryAsync(Order))["trade_status"]);
    }

    [Theory]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans")]
    [InlineData("es-MX", "es")]
    [InlineData("en-US,en", "en")]
    [InlineData("fr,es;q=0.5,zh;q=0.8", "zh-Hans")]
    [InlineData("fr", "en")]
    [InlineData("zh;q=0", "en")]
    [InlineData("not a language; at all", "en")]
    [InlineData(null, "en")]
    public async Task The_page_speaks_the_browsers_language_and_says_that_it_is_a_sandbox(string? accepted, string language)
    {
        var page = await Merchant.OpenAsync(Order);
        using var request = new HttpRequestMessage(HttpMethod.Get, page);
        request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
        using var answer = await sandbox.Http.SendAsync(request, Cancellation);
        var html = await answer.Content.ReadAsStringAsync(Cancellation);

        Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal);
        Assert.Contains("SANDBOX", html, StringComparison.Ordinal);
        Assert.Equal(["pay", "pay-stay", "cancel"], Ids().Matches(html).Select(match => match.Groups[1].Value));
        Assert.All(Names().Matches(html), match => Assert.NotEqual("", match.Groups[1].Value));
    }

    [Fact]
    public async Task What_a_merchant_writes_is_shown_and_not_run()
    {
        const string Script = "<script>alert(1)<";
        using var start = await sandbox.Http.GetAsync(Merchant.PageAddress(Order, content: new JsonObject { ["subject"] = Script }), Cancellation);
        using var answer = await sandbox.Http.GetAsync(start.Headers.Location, Cancellation);
        var html = await answer.Content.ReadAsStringAsync(Cancellation);

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;alert(1)&lt;", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_form_may_lead_back_to_the_merchant_and_nowhere_else()
    {
        var page = await Merchant.OpenAsync(Order, returnUrl: ReturnUrl);
        using var answer = await sandbox.Http.GetAsync(page, Cancellation);

        Assert.Contains("form-action 'self' http://127.0.0.1:9;", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    /// <summary>Presses a button of the page's own form and says where the browser is sent.</summary>
    private async Task<Uri> PressAsync(string page, string action, string? html = null)
    {
        html ??= await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Matches($"<button id=\"{action}\" name=\"action\" value=\"{action}\">", html);
        using var body = new FormUrlEncodedContent([new("action", action)]);
        using var answer = await sandbox.Http.PostAsync(FormAddress().Match(html).Groups[1].Value, body, Cancellation);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return new Uri(sandbox.Http.BaseAddress!, answer.Headers.Location!);
    }

    private async Task IsRefusedAsync(string address, string code)
    {
        using var answer = await sandbox.Http.GetAsync(address, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains($"data-code=\"{code}\"", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [GeneratedRegex("<form method=\"post\" action=\"([^\"]+)\">")]
    private static partial Regex FormAddress();

    [GeneratedRegex("<button id=\"([^\"]+)\"")]
    private static partial Regex Ids();

    [GeneratedRegex("<button[^>]*>([^<]*)</button>")]
    private static partial Regex Names();
}
