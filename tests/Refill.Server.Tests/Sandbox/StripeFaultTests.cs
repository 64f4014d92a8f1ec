using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What can be made to go wrong at Stripe's API, and that the books stay right.</summary>
public sealed class StripeFaultTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Theory]
    [InlineData("error-500", HttpStatusCode.InternalServerError, "api_error", null)]
    [InlineData("reject", HttpStatusCode.Unauthorized, "invalid_request_error", "api_key_expired")]
    [InlineData("conflict-409", HttpStatusCode.Conflict, "invalid_request_error", "idempotency_key_in_use")]
    public async Task The_gateway_can_fail_before_anything_is_done(string fault, HttpStatusCode status, string type, string? code)
    {
        await sandbox.FaultAsync("stripe", "gateway", fault);

        var answer = await Stripe.SessionAsync(Order);

        Assert.Equal((status, type, code), (answer.Status, answer["error.type"], answer["error.code"]));
        Assert.Empty((await Stripe.GetAsync("/v1/checkout/sessions")).Ids);
    }

    [Fact]
    public async Task Each_point_refuses_in_its_own_way()
    {
        var intent = await Stripe.PaidAsync(Order);
        var (customer, method) = await Stripe.SavedAsync();
        foreach (var point in new[] { "session", "intent", "refund", "events", "balance" })
        {
            await sandbox.FaultAsync("stripe", point, "reject");
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await Stripe.SessionAsync("order_2")).Status);
        Assert.Equal("card_declined", (await Stripe.ChargeAsync(customer, method))["error.code"]);
        Assert.Equal("balance_insufficient", (await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent)))["error.code"]);
        Assert.Equal(HttpStatusCode.Forbidden, (await Stripe.GetAsync("/v1/events")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Stripe.GetAsync("/v1/balance_transactions")).Status);
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
        Assert.Equal(1, (await sandbox.GetAsync("/control/books/stripe/charges")).GetArrayLength());
        Assert.Empty((await Stripe.GetAsync("/v1/refunds")).Ids);
    }

    [Theory]
    [InlineData("wrong-amount", "complete", "617", "usd")]
    [InlineData("wrong-currency", "complete", "1234", "cad")]
    [InlineData("pending", "open", "1234", "usd")]
    public async Task A_session_can_be_shown_wrongly(string fault, string status, string amount, string currency)
    {
        await Stripe.PaidAsync(Order);
        var id = (await Stripe.GetAsync("/v1/checkout/sessions")).Ids.Single();
        await sandbox.FaultAsync("stripe", "session", fault, new { order = Order });

        var wrong = await Stripe.GetAsync($"/v1/checkout/sessions/{id}");
        var right = await Stripe.GetAsync($"/v1/checkout/sessions/{id}");

        Assert.Equal((status, amount, currency), (wrong["status"], wrong["amount_total"], wrong["currency"]));
        Assert.Equal(("complete", "paid", "1234", "usd"), (right["status"], right["payment_status"], right["amount_total"], right["currency"]));
    }

    [Fact]
    public async Task Never_is_as_if_there_were_no_such_thing()
    {
        var intent = await Stripe.PaidAsync(Order);
        await sandbox.FaultAsync("stripe", "intent", "never", new { order = Order });
        await sandbox.FaultAsync("stripe", "session", "never");
        await sandbox.FaultAsync("stripe", "events", "never");

        Assert.Equal("resource_missing", (await Stripe.GetAsync($"/v1/payment_intents/{intent}"))["error.code"]);
        Assert.Empty((await Stripe.GetAsync($"/v1/checkout/sessions?payment_intent={intent}")).Ids);
        Assert.Empty((await Stripe.GetAsync("/v1/events")).Ids);
        Assert.Equal(2, (await Stripe.GetAsync("/v1/events")).Ids.Count);
    }

    [Fact]
    public async Task A_fault_strikes_only_the_order_that_it_is_for()
    {
        var intent = await Stripe.PaidAsync("order_2");
        await sandbox.FaultAsync("stripe", "intent", "wrong-amount", new { order = Order });

        Assert.Equal("1234", (await Stripe.GetAsync($"/v1/payment_intents/{intent}"))["amount"]);
        Assert.Equal("617", (await Stripe.GetAsync($"/v1/payment_intents/{await Stripe.PaidAsync(Order)}"))["amount"]);
    }

    [Fact]
    public async Task A_charge_can_be_processing_for_a_while()
    {
        var (customer, method) = await Stripe.SavedAsync();
        await sandbox.FaultAsync("stripe", "intent", "pending", new { order = "renewal_1" }, seconds: 60);
        var charge = await Stripe.ChargeAsync(customer, method);
        Assert.Equal(("processing", "0"), (charge["status"], charge["amount_received"]));
        Assert.Equal("payment_intent_unexpected_state", (await Stripe.PostAsync($"/v1/payment_intents/{charge["id"]}/cancel"))["error.code"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal("succeeded", (await Stripe.GetAsync($"/v1/payment_intents/{charge["id"]}"))["status"]);
    }

    [Fact]
    public async Task A_charge_whose_answer_is_lost_was_made_once()
    {
        var (customer, method) = await Stripe.SavedAsync();
        await sandbox.FaultAsync("stripe", "intent", "lost-answer", new { order = "renewal_1" });
        await Assert.ThrowsAsync<HttpRequestException>(() => Stripe.ChargeAsync(customer, method, key: "renewal-1"));

        Assert.Equal("succeeded", (await Stripe.ChargeAsync(customer, method, key: "renewal-1"))["status"]);

        Assert.Equal(1, (await sandbox.GetAsync("/control/books/stripe/charges")).GetArrayLength());
    }

    [Fact]
    public async Task A_payer_can_pay_and_lose_the_way_back()
    {
        var session = await Stripe.SessionAsync(Order);
        await sandbox.FaultAsync("stripe", "page", "lost-answer", new { order = Order });

        await Assert.ThrowsAsync<HttpRequestException>(() => Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay"));

        Assert.Equal("paid", (await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}"))["payment_status"]);
    }

    [Fact]
    public async Task A_slow_answer_comes_after_its_seconds_and_the_books_have_it_before()
    {
        await sandbox.FaultAsync("stripe", "session", "slow", seconds: 7);
        var answer = Stripe.SessionAsync(Order);
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/books/stripe/sessions")).GetArrayLength() == 1);

        Assert.Equal(7, (await sandbox.WaitForAsync(answer)).Seconds);
    }

    [Fact]
    public async Task The_controls_pay_and_end_sessions_and_say_what_cannot_be()
    {
        var (first, second) = (await Stripe.SessionAsync(Order), await Stripe.SessionAsync("order_2"));

        Assert.Equal(("complete", "paid"), await DoAsync("pay", new { session = first["id"] }, HttpStatusCode.OK));
        await DoAsync("pay", new { session = first["id"] }, HttpStatusCode.Conflict);
        Assert.Equal(("open", "unpaid"), await DoAsync("pay", new { order = "order_2", card = "declined" }, HttpStatusCode.OK));
        Assert.Equal(("complete", "paid"), await DoAsync("pay", new { order = "order_2", card = "asks" }, HttpStatusCode.OK));
        await DoAsync("pay", new { order = "order_3" }, HttpStatusCode.NotFound);
        await DoAsync("pay", new { order = Order, card = "gold" }, HttpStatusCode.BadRequest);
        var third = await Stripe.SessionAsync("order_3");
        await DoAsync("advance", new { session = third["id"] }, HttpStatusCode.OK);
        await DoAsync("advance", new { session = third["id"] }, HttpStatusCode.Conflict);
        await DoAsync("refund", new { refund = "re_no", status = "failed" }, HttpStatusCode.NotFound);
        await DoAsync("resend", new { }, HttpStatusCode.NotFound);

        var books = (await sandbox.GetAsync("/control/books/stripe/sessions?order=order_2"))[0];
        Assert.Equal((second["id"], "complete", 1234), (books.GetProperty("session").GetString(), books.GetProperty("status").GetString(), books.GetProperty("amount").GetInt32()));
        using var reset = await sandbox.Http.PostAsync("/control/reset", null, TestContext.Current.CancellationToken);
        Assert.Equal(0, (await sandbox.GetAsync("/control/books/stripe/sessions")).GetArrayLength());
    }

    [Fact]
    public async Task Everything_outlives_a_restart()
    {
        var session = await Stripe.SessionAsync(Order, more: ("expires_at", $"{SandboxRig.Start.AddMinutes(30).ToUnixTimeSeconds()}"));
        var intent = await Stripe.PaidAsync("order_2");

        await sandbox.RestartAsync();

        Assert.Equal("succeeded", (await Stripe.GetAsync($"/v1/payment_intents/{intent}"))["status"]);
        Assert.Equal("open", (await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}"))["status"]);
    }

    private async Task<(string?, string?)> DoAsync(string what, object body, HttpStatusCode expected)
    {
        using var answer = await sandbox.PostAsync($"/control/stripe/{what}", body);
        Assert.Equal(expected, answer.StatusCode);
        var said = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return said.TryGetProperty("status", out var status) ? (status.GetString(), said.GetProperty("paymentStatus").GetString()) : (null, null);
    }
}
