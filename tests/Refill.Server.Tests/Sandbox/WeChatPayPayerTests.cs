using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The payer's page, driven as a browser without script would: by following addresses and posting its form.</summary>
public sealed partial class WeChatPayPayerTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private const string Shop = "http://127.0.0.1:9/back?lang=zh";
    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_scanned_code_is_paid_and_the_payer_stays()
    {
        var page = (await Merchant.NativeAsync(Order))["code_url"]!;
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("CNY 12.34", html, StringComparison.Ordinal);
        Assert.Contains("5 GB for 30 days", html, StringComparison.Ordinal);

        Assert.Equal(new Uri(page), await PressAsync(page, "pay"));

        Assert.Equal("SUCCESS", (await Merchant.QueryAsync(Order))["trade_state"]);
        html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("data-status=\"SUCCESS\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<button", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pay", "SUCCESS")]
    [InlineData("cancel", "NOTPAY")]
    public async Task In_a_phones_browser_both_ways_lead_to_the_redirect_url_as_it_is(string button, string state)
    {
        var page = $"{(await Merchant.H5Async(Order))["h5_url"]}&redirect_url={Uri.EscapeDataString(Shop)}";

        Assert.Equal(Shop, (await PressAsync(page, button)).AbsoluteUri);
        Assert.Equal(state, (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Theory]
    [InlineData("pay", "SUCCESS", "ok")]
    [InlineData("cancel", "NOTPAY", "cancel")]
    public async Task Within_WeChat_the_bridge_leads_back_with_its_message(string button, string state, string message)
    {
        var page = await BridgeAsync();

        Assert.Equal($"{Shop}&err_msg=get_brand_wcpay_request%3A{message}", (await PressAsync(page, button)).AbsoluteUri);
        Assert.Equal(state, (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    [Fact]
    public async Task The_bridge_opens_for_a_prepay_id_alone_and_looks_at_a_signature_that_is_given()
    {
        var prepayId = (await Merchant.JsApiAsync(Order))["prepay_id"]!;
        using var alone = await sandbox.Http.GetAsync($"/wechatpay/bridge?prepay_id={prepayId}&return_url={Uri.EscapeDataString(Shop)}", Cancellation);
        Assert.Equal(HttpStatusCode.OK, alone.StatusCode);

        await IsRefusedAsync((await BridgeAsync()).Replace(prepayId, "wx20260301120000aaaaaaaaaaaaaaaaaaaa", StringComparison.Ordinal), "PAY_SIGN_ERROR");
        await IsRefusedAsync("/wechatpay/bridge?prepay_id=wx20260301120000aaaaaaaaaaaaaaaaaaaa", "ORDER_NOT_EXIST");
        await IsRefusedAsync($"/wechatpay/bridge?prepay_id={prepayId}&return_url=javascript%3Aalert(1)", "PARAM_ERROR");
    }

    [Fact]
    public async Task A_payer_can_pay_and_not_go_back_and_go_back_later()
    {
        var page = await BridgeAsync();

        Assert.Equal(new Uri(sandbox.Http.BaseAddress!, page), await PressAsync(page, "pay-stay"));
        Assert.EndsWith("%3Aok", (await PressAsync(page, "back")).AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pay_pressed_twice_pays_once()
    {
        await using var inbox = await Inbox.StartAsync();
        var page = (await Merchant.NativeAsync(Order, inbox.Url.AbsoluteUri))["code_url"]!;
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);

        await Task.WhenAll(PressAsync(page, "pay", html), PressAsync(page, "pay", html));

        Assert.Equal(1, (await sandbox.GetAsync($"/control/books/messages?about={Order}")).GetArrayLength());
    }

    [Fact]
    public async Task A_closed_order_cannot_be_paid_on_a_page_that_is_still_open()
    {
        var page = (await Merchant.NativeAsync(Order))["code_url"]!;
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        await Merchant.CloseAsync(Order);
        await PressAsync(page, "pay", html);

        Assert.Contains("data-status=\"CLOSED\"", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_in_a_phones_browser_is_good_for_five_minutes()
    {
        var page = (await Merchant.H5Async(Order))["h5_url"]!;
        sandbox.Clock.Advance(TimeSpan.FromMinutes(5));

        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("The time for this payment is over", html, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"pay\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "模拟微信支付")]
    [InlineData("es-MX", "es", "en lugar de WeChat Pay")]
    [InlineData("fr", "en", "stands in for WeChat Pay")]
    public async Task The_page_speaks_the_browsers_language_and_says_that_it_is_a_sandbox(string accepted, string language, string words)
    {
        var page = (await Merchant.NativeAsync(Order))["code_url"]!;
        using var request = new HttpRequestMessage(HttpMethod.Get, page);
        request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
        using var answer = await sandbox.Http.SendAsync(request, Cancellation);
        var html = await answer.Content.ReadAsStringAsync(Cancellation);

        Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal);
        Assert.Contains(words, html, StringComparison.Ordinal);
        Assert.Contains("SANDBOX", html, StringComparison.Ordinal);
        Assert.Equal(["pay", "pay-stay", "cancel"], Ids().Matches(html).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public async Task What_a_merchant_writes_is_shown_and_not_run()
    {
        const string Script = "<script>alert(1)</script>";
        var body = WeChatPayMerchant.Order(Order);
        body["description"] = JsonValue.Create(Script);
        var page = (await Merchant.PostAsync("/v3/pay/transactions/native", body))["code_url"];
        using var answer = await sandbox.Http.GetAsync(page, Cancellation);

        Assert.DoesNotContain(Script, await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_button_that_there_is_not_does_nothing()
    {
        var page = (await Merchant.NativeAsync(Order))["code_url"];
        using var body = new FormUrlEncodedContent([new("action", "steal")]);

        using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("NOTPAY", (await Merchant.QueryAsync(Order))["trade_state"]);
    }

    /// <summary>Where a page within WeChat would call getBrandWCPayRequest, with what it would give it.</summary>
    private async Task<string> BridgeAsync()
    {
        var package = $"prepay_id={(await Merchant.JsApiAsync(Order))["prepay_id"]}";
        var signature = WeChatPayMerchant.Sign($"{WeChatPayMerchant.AppId}\n1772337600\nnonce\n{package}\n");
        return $"/wechatpay/bridge?appId={WeChatPayMerchant.AppId}&timeStamp=1772337600&nonceStr=nonce&package={Uri.EscapeDataString(package)}&signType=RSA&paySign={Uri.EscapeDataString(signature)}&return_url={Uri.EscapeDataString(Shop)}";
    }

    /// <summary>Presses a button of the page's own form and says where the browser is sent.</summary>
    private async Task<Uri> PressAsync(string page, string action, string? html = null)
    {
        html ??= await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Matches($"<button id=\"{action}\" name=\"action\" value=\"{action}\">", html);
        using var body = new FormUrlEncodedContent([new("action", action)]);
        using var answer = await sandbox.Http.PostAsync(WebUtility.HtmlDecode(FormAddress().Match(html).Groups[1].Value), body, Cancellation);
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
}
