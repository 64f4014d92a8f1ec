using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Recurring payment at the sandbox's Alipay: a payer agrees once, and is charged in time and within what he agreed to.</summary>
public sealed class AlipayAgreementTests : IAsyncLifetime
{
    private const string External = "renewal_1";
    private const string ReturnUrl = "http://127.0.0.1:9/back";
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;
    private Inbox appGateway = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (inbox, appGateway) = (await Inbox.StartAsync(), await Inbox.StartAsync());
        sandbox = await SandboxRig.StartAsync(alipay: options => options with { AppGatewayUrl = appGateway.Url });
    }

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
        await appGateway.DisposeAsync();
    }

    [Fact]
    public async Task A_payer_agrees_and_comes_back_with_signed_parameters()
    {
        var page = await StartAsync();
        Assert.Equal("TEMP", (await QueryAsync())["status"]);
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("id=\"amount\" class=\"amount\">CNY 20.00<", html, StringComparison.Ordinal);
        Assert.Contains("id=\"due\">2026-03-10<", html, StringComparison.Ordinal);

        var back = await PressAsync(page, "sign");

        Assert.StartsWith(ReturnUrl, back, StringComparison.Ordinal);
        var parameters = QueryHelpers.ParseQuery(new Uri(back).Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        Assert.True(Merchant.IsSignedByAlipay(parameters));
        Assert.Equal(("NORMAL", External), (parameters["status"], parameters["external_agreement_no"]));
        var told = await QueryAsync();
        Assert.Equal(("10000", "NORMAL", "2026-03-10", "2026-03-01 12:00:00"), (told["code"], told["status"], told["next_deduct_time"], told["sign_time"]));
        Assert.Equal(parameters["agreement_no"], told["agreement_no"]);
        Assert.Equal("NORMAL", (await Merchant.CallAsync("alipay.user.agreement.query", new { agreement_no = told["agreement_no"] }))["status"]);
    }

    [Theory]
    [InlineData("zh-CN", "zh-Hans", "是否开通自动扣款")]
    [InlineData("es-MX", "es", "cobros peri")]
    [InlineData("fr", "en", "charge you regularly")]
    public async Task The_page_speaks_three_languages_and_runs_no_script(string accepted, string language, string words)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, await StartAsync()) { Headers = { { "Accept-Language", accepted } } };

        using var answer = await sandbox.Http.SendAsync(request, Cancellation);
        var html = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));

        Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal);
        Assert.Contains(words, html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("form-action 'self' http://127.0.0.1:9;", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.All(new[] { "sign", "sign-stay", "cancel" }, id => Assert.Contains($"<button id=\"{id}\"", html, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_payer_who_goes_away_has_agreed_to_nothing()
    {
        Assert.Equal(ReturnUrl, await PressAsync(await StartAsync(), "cancel"));

        Assert.Equal("TEMP", (await QueryAsync())["status"]);
        Assert.Equal("ACQ.AGREEMENT_STATUS_NOT_NORMAL", (await ChargeAsync("order_1"))["sub_code"]);
    }

    [Fact]
    public async Task Signing_is_told_with_sign_type_among_what_is_signed()
    {
        await PressAsync(await StartAsync(), "sign");

        var form = (await inbox.NextAsync()).Form;

        Assert.Equal(("dut_user_sign", "NORMAL", External), (form["notify_type"], form["status"], form["external_agreement_no"]));
        Assert.Equal((Merchant.AppId, "2026-03-01 12:00:00"), (form["app_id"], form["sign_time"]));
        Assert.DoesNotContain("", form.Values);
        Assert.False(Merchant.IsSignedByAlipay(form));
        Assert.True(Merchant.IsSignedByAlipay(string.Join('&', form.Where(pair => pair.Key != "sign").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")), form["sign"]));
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(External, attempts: 1)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task The_merchant_ends_it_and_whoever_his_call_names_is_told()
    {
        await SignedAsync();

        var ended = await Merchant.CallAsync("alipay.user.agreement.unsign", Named(), ("notify_url", inbox.Url.AbsoluteUri));

        Assert.Equal("10000", ended["code"]);
        Assert.Equal(("dut_user_unsign", "UNSIGN"), (await inbox.NextAsync()).Form switch { var form => (form["notify_type"], form["status"]) });
        Assert.Equal("USER_AGREEMENT_NOT_EXIST", (await QueryAsync())["sub_code"]);
        Assert.Equal("USER_AGREEMENT_NOT_EXIST", (await Merchant.CallAsync("alipay.user.agreement.unsign", Named()))["sub_code"]);
        Assert.Equal(0, appGateway.Waiting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_payer_who_ends_it_within_Alipay_is_told_to_the_apps_gateway(bool byPage)
    {
        var page = await SignedAsync();

        if (byPage)
        {
            Assert.Equal(page, await PressAsync(page, "end"));
        }
        else
        {
            using var asked = await sandbox.PostAsync("/control/alipay/unsign", new { agreement = External });
            Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
        }

        Assert.Equal("dut_user_unsign", (await appGateway.NextAsync()).Form["notify_type"]);
        Assert.Equal(0, inbox.Waiting);
        Assert.Equal("UNSIGN", (await sandbox.GetAsync("/control/books/alipay/agreements"))[0].GetProperty("status").GetString());
        Assert.Equal("ACQ.AGREEMENT_NOT_EXIST", (await ChargeAsync("order_1", agreement: "20260000000000000000"))["sub_code"]);
    }

    [Fact]
    public async Task A_charge_is_made_in_the_five_days_before_its_day_and_moves_it_on()
    {
        await SignedAsync();
        Assert.Equal("ACQ.CYCLE_PAY_DATE_NOT_MATCH", (await ChargeAsync("order_1"))["sub_code"]);
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await Merchant.QueryAsync("order_1"))["sub_code"]);

        sandbox.Clock.Advance(TimeSpan.FromDays(4));
        var charged = await ChargeAsync("order_1");

        Assert.Equal(("10000", "19.99", "2026-03-05 12:00:00"), (charged["code"], charged["total_amount"], charged["gmt_payment"]));
        Assert.Equal("TRADE_SUCCESS", (await inbox.NextAsync()).Form["trade_status"]);
        Assert.Equal(("2026-04-10", "2026-03-05"), (await QueryAsync()) switch { var told => (told["next_deduct_time"], told["last_deduct_time"]) });
        Assert.Equal("ACQ.TRADE_HAS_SUCCESS", (await ChargeAsync("order_1"))["sub_code"]);
        Assert.Equal("ACQ.CYCLE_PAY_DATE_NOT_MATCH", (await ChargeAsync("order_2"))["sub_code"]);
        sandbox.Clock.Advance(TimeSpan.FromDays(36));
        Assert.Equal("10000", (await ChargeAsync("order_2"))["code"]);
    }

    [Fact]
    public async Task A_day_that_has_gone_by_is_put_off()
    {
        await SignedAsync();
        sandbox.Clock.Advance(TimeSpan.FromDays(10));
        Assert.Equal("ACQ.CYCLE_PAY_DATE_NOT_MATCH", (await ChargeAsync("order_1"))["sub_code"]);

        Assert.Equal("ACQ.INVALID_PARAMETER", (await PutOffAsync("2026-03-10"))["sub_code"]);
        Assert.Equal("ACQ.INVALID_PARAMETER", (await PutOffAsync("2026-04-10"))["sub_code"]);
        Assert.Equal(("10000", "2026-03-12"), (await PutOffAsync("2026-03-12")) switch { var done => (done["code"], done["deduct_time"]) });

        Assert.Equal("10000", (await ChargeAsync("order_1"))["code"]);
        Assert.Equal("2026-04-10", (await QueryAsync())["next_deduct_time"]);
    }

    [Fact]
    public async Task Days_are_counted_where_the_period_is_days()
    {
        await SignedAsync(rule => (rule["period_type"], rule["period"], rule["execute_time"]) = ("DAY", "7", "2026-03-01"));

        await ChargeAsync("order_1");

        Assert.Equal("2026-03-08", (await QueryAsync())["next_deduct_time"]);
    }

    [Fact]
    public async Task No_more_is_taken_than_was_agreed()
    {
        await SignedAsync(rule => (rule["period_type"], rule["period"], rule["execute_time"], rule["total_amount"], rule["total_payments"]) = ("DAY", "7", "2026-03-01", "30.00", "3"));
        Assert.Equal("ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", (await ChargeAsync("order_1", "20.01"))["sub_code"]);
        Assert.Equal("10000", (await ChargeAsync("order_1", "20.00"))["code"]);

        sandbox.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal("ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED", (await ChargeAsync("order_2", "10.01"))["sub_code"]);
        Assert.Equal("10000", (await ChargeAsync("order_2", "5.00"))["code"]);
        sandbox.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal("10000", (await ChargeAsync("order_3", "1.00"))["code"]);
        sandbox.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal("ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED", (await ChargeAsync("order_4", "1.00"))["sub_code"]);
    }

    [Fact]
    public async Task A_charge_that_is_not_decided_yet_holds_up_the_next_and_moves_the_day_when_it_is()
    {
        await SignedAsync();
        sandbox.Clock.Advance(TimeSpan.FromDays(9));
        await sandbox.FaultAsync("alipay", "charge", "pending", seconds: 60);

        Assert.Equal("10003", (await ChargeAsync("order_1"))["code"]);
        Assert.Equal("ACQ.CYCLE_PAY_DATE_NOT_MATCH", (await ChargeAsync("order_2"))["sub_code"]);
        Assert.Equal("2026-03-10", (await QueryAsync())["next_deduct_time"]);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync("order_1"))["trade_status"]);
        Assert.Equal("2026-04-10", (await QueryAsync())["next_deduct_time"]);
    }

    [Fact]
    public async Task A_charge_can_fail_or_be_left_in_doubt()
    {
        await SignedAsync();
        sandbox.Clock.Advance(TimeSpan.FromDays(9));
        await sandbox.FaultAsync("alipay", "charge", "reject");
        await sandbox.FaultAsync("alipay", "charge", "unavailable");

        Assert.Equal("ACQ.BUYER_BALANCE_NOT_ENOUGH", (await ChargeAsync("order_1"))["sub_code"]);
        Assert.Equal("2026-03-10", (await QueryAsync())["next_deduct_time"]);
        Assert.Equal("20000", (await ChargeAsync("order_1"))["code"]);
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync("order_1"))["trade_status"]);
        Assert.Equal("order_1", (await sandbox.GetAsync($"/control/books/alipay/agreements?external={External}"))[0].GetProperty("charges")[0].GetString());
    }

    [Fact]
    public async Task A_query_can_be_made_to_lie()
    {
        await SignedAsync();
        await sandbox.FaultAsync("alipay", "agreement-query", "never", new { order = External });
        await sandbox.FaultAsync("alipay", "agreement-query", "pending");
        await sandbox.FaultAsync("alipay", "agreement-query", "unknown-state");
        await sandbox.FaultAsync("alipay", "agreement-query", "bad-signature");

        Assert.Equal("USER_AGREEMENT_NOT_EXIST", (await QueryAsync())["sub_code"]);
        Assert.Equal("TEMP", (await QueryAsync())["status"]);
        Assert.Equal("UNDER_REVIEW", (await QueryAsync())["status"]);
        Assert.False((await QueryAsync()).SignatureIsGood);
        Assert.Equal("NORMAL", (await QueryAsync())["status"]);
    }

    [Theory]
    [InlineData("period_type", "WEEK")]
    [InlineData("period", "0")]
    [InlineData("execute_time", "2026-03-29")]
    [InlineData("execute_time", "2026-02-28")]
    [InlineData("execute_time", "tomorrow")]
    [InlineData("single_amount", "0")]
    [InlineData("single_amount", "")]
    [InlineData("total_amount", "much")]
    [InlineData("total_payments", "0")]
    public async Task A_rule_that_cannot_be_is_refused_on_the_page(string name, string value)
    {
        using var answer = await sandbox.Http.GetAsync(Address(rule => rule[name] = value), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("data-code=\"ACQ.INVALID_PARAMETER\"", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Six_days_are_too_short_a_period()
    {
        using var answer = await sandbox.Http.GetAsync(Address(rule => (rule["period_type"], rule["period"]) = ("DAY", "6")), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private string Address(Action<JsonObject>? change = null)
    {
        var rule = new JsonObject { ["period_type"] = "MONTH", ["period"] = "1", ["execute_time"] = "2026-03-10", ["single_amount"] = "20.00" };
        change?.Invoke(rule);
        var content = new JsonObject
        {
            ["personal_product_code"] = "CYCLE_PAY_AUTH_P",
            ["product_code"] = "GENERAL_WITHHOLDING",
            ["sign_scene"] = "INDUSTRY|DEFAULT_SCENE",
            ["external_agreement_no"] = External,
            ["access_params"] = new JsonObject { ["channel"] = "ALIPAYAPP" },
            ["period_rule_params"] = rule,
        };
        return "/gateway.do?" + string.Join('&', Merchant.Sign("alipay.user.agreement.page.sign", content, ("return_url", ReturnUrl), ("notify_url", inbox.Url.AbsoluteUri))
            .Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
    }

    /// <summary>Where the payer's page is.</summary>
    private async Task<string> StartAsync(Action<JsonObject>? change = null)
    {
        using var start = await sandbox.Http.GetAsync(Address(change), Cancellation);
        Assert.Equal(HttpStatusCode.SeeOther, start.StatusCode);
        return start.Headers.Location!.ToString();
    }

    private async Task<string> SignedAsync(Action<JsonObject>? change = null)
    {
        var page = await StartAsync(change);
        using var signed = await sandbox.PostAsync("/control/alipay/sign", new { agreement = External });
        Assert.Equal(HttpStatusCode.OK, signed.StatusCode);
        Assert.Equal("dut_user_sign", (await inbox.NextAsync()).Form["notify_type"]);
        return page;
    }

    private async Task<string> PressAsync(string page, string action)
    {
        Assert.Contains($"<button id=\"{action}\" name=\"action\" value=\"{action}\">", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
        using var body = new FormUrlEncodedContent([new("action", action)]);
        using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return answer.Headers.Location!.ToString();
    }

    private static object Named() => new { external_agreement_no = External, personal_product_code = "CYCLE_PAY_AUTH_P", sign_scene = "INDUSTRY|DEFAULT_SCENE" };

    private Task<AlipayReply> QueryAsync() => Merchant.CallAsync("alipay.user.agreement.query", Named());

    private async Task<AlipayReply> PutOffAsync(string day) =>
        await Merchant.CallAsync("alipay.user.agreement.executionplan.modify", new { agreement_no = await NumberAsync(), deduct_time = day });

    private async Task<AlipayReply> ChargeAsync(string order, string amount = "19.99", string? agreement = null) => await Merchant.CallAsync(
        "alipay.trade.pay",
        new { out_trade_no = order, total_amount = amount, subject = "renewal", product_code = "CYCLE_PAY_AUTH", agreement_params = new { agreement_no = agreement ?? await NumberAsync() } },
        ("notify_url", inbox.Url.AbsoluteUri));

    private async Task<string?> NumberAsync() => (await sandbox.GetAsync("/control/books/alipay/agreements"))[0].GetProperty("number").GetString();
}
