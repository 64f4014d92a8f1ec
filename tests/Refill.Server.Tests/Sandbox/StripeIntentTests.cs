using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Charges that a merchant makes itself, most of all while nobody is there; and what goes back.</summary>
public sealed class StripeIntentTests : IAsyncLifetime
{
    private SandboxRig sandbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_saved_card_is_charged_once_under_one_key()
    {
        var (customer, method) = await Stripe.SavedAsync();

        var first = await Stripe.ChargeAsync(customer, method, key: "renewal-1");
        var second = await Stripe.ChargeAsync(customer, method, key: "renewal-1");

        Assert.Equal(("succeeded", "1234", first["id"]), (first["status"], first["amount_received"], second["id"]));
        Assert.Equal(1, (await sandbox.GetAsync("/control/books/stripe/charges?order=renewal_1")).GetArrayLength());
    }

    [Fact]
    public async Task A_card_whose_bank_asks_cannot_be_charged_while_nobody_is_there()
    {
        var (customer, method) = await Stripe.SavedAsync("asks");

        var answer = await Stripe.ChargeAsync(customer, method);

        Assert.Equal((HttpStatusCode.PaymentRequired, "card_error", "authentication_required"), (answer.Status, answer["error.type"], answer["error.code"]));
        Assert.Equal("requires_payment_method", answer["error.payment_intent.status"]);
        Assert.Equal(method, answer["error.payment_intent.last_payment_error.payment_method.id"]);
        Assert.Equal("requires_payment_method", (await Stripe.GetAsync($"/v1/payment_intents/{answer["error.payment_intent.id"]}"))["status"]);
        Assert.Equal(0, (await sandbox.GetAsync("/control/books/stripe/charges")).GetArrayLength());
    }

    [Fact]
    public async Task The_same_card_pays_when_its_holder_is_brought_back()
    {
        var (customer, method) = await Stripe.SavedAsync("asks");
        var refused = await Stripe.ChargeAsync(customer, method);

        var asked = await Stripe.PostAsync(
            $"/v1/payment_intents/{refused["error.payment_intent.id"]}/confirm", ("payment_method", method), ("return_url", "http://127.0.0.1:9/back?lang=zh"));
        Assert.Equal(("requires_action", "redirect_to_url"), (asked["status"], asked["next_action.type"]));
        var back = await Stripe.PressAsync(new Uri(asked["next_action.redirect_to_url.url"]!).AbsolutePath, "approve");

        Assert.StartsWith($"http://127.0.0.1:9/back?lang=zh&payment_intent={asked["id"]}&", back.AbsoluteUri, StringComparison.Ordinal);
        Assert.EndsWith("redirect_status=succeeded", back.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal("succeeded", (await Stripe.GetAsync($"/v1/payment_intents/{asked["id"]}"))["status"]);
    }

    [Fact]
    public async Task A_declined_charge_says_so_and_another_card_can_follow()
    {
        var (customer, method) = await Stripe.SavedAsync("saves-only");

        var declined = await Stripe.ChargeAsync(customer, method);
        Assert.Equal((HttpStatusCode.PaymentRequired, "card_declined", "generic_decline"), (declined.Status, declined["error.code"], declined["error.decline_code"]));
        Assert.Equal("failed", (await Stripe.GetAsync($"/v1/charges/{declined["error.charge"]}"))["status"]);

        var paid = await Stripe.PostAsync($"/v1/payment_intents/{declined["error.payment_intent.id"]}/confirm", ("payment_method", "pm_card_visa"));
        Assert.Equal("succeeded", paid["status"]);
    }

    [Fact]
    public async Task A_card_that_is_not_the_customers_or_is_detached_is_not_charged()
    {
        var (customer, method) = await Stripe.SavedAsync();
        var (other, _) = await Stripe.SavedAsync();

        var foreign = await Stripe.ChargeAsync(other, method);
        var loose = await Stripe.ChargeAsync(customer, "pm_card_visa");
        Assert.Null((await Stripe.PostAsync($"/v1/payment_methods/{method}/detach"))["customer"]);
        var detached = await Stripe.ChargeAsync(customer, method);

        Assert.All(new[] { foreign, loose, detached }, answer => Assert.Equal((HttpStatusCode.BadRequest, "payment_method"), (answer.Status, answer["error.param"])));
        Assert.Equal(HttpStatusCode.BadRequest, (await Stripe.PostAsync($"/v1/payment_methods/{method}/detach")).Status);
    }

    [Fact]
    public async Task An_intent_is_canceled_before_it_is_paid_and_not_after()
    {
        var open = await Stripe.PostAsync("/v1/payment_intents", ("amount", "500"), ("currency", "usd"));
        var paid = await Stripe.PostAsync("/v1/payment_intents", ("amount", "500"), ("currency", "usd"), ("payment_method", "pm_card_visa"), ("confirm", "true"));

        Assert.Equal("canceled", (await Stripe.PostAsync($"/v1/payment_intents/{open["id"]}/cancel", ("cancellation_reason", "abandoned")))["status"]);
        var late = await Stripe.PostAsync($"/v1/payment_intents/{paid["id"]}/cancel");

        Assert.Equal(("payment_intent_unexpected_state", "succeeded"), (late["error.code"], late["error.payment_intent.status"]));
        Assert.Equal("payment_intent_unexpected_state", (await Stripe.PostAsync($"/v1/payment_intents/{paid["id"]}/confirm"))["error.code"]);
    }

    [Fact]
    public async Task A_refund_takes_what_is_left_and_never_more()
    {
        var intent = await Stripe.PaidAsync(amount: 1000);

        var part = await RefundAsync(intent, "300");
        var tooMuch = await RefundAsync(intent, "701");
        var rest = await RefundAsync(intent);
        var again = await RefundAsync(intent);

        Assert.Equal(("succeeded", "300", "700"), (part["status"], part["amount"], rest["amount"]));
        Assert.Equal((HttpStatusCode.BadRequest, "amount"), (tooMuch.Status, tooMuch["error.param"]));
        Assert.Equal("charge_already_refunded", again["error.code"]);
        Assert.Equal([rest["id"]!, part["id"]!], (await Stripe.GetAsync($"/v1/refunds?payment_intent={intent}")).Ids);
        var charge = await Stripe.GetAsync($"/v1/charges/{part["charge"]}");
        Assert.Equal(("1000", "True"), (charge["amount_refunded"], charge["refunded"]));
    }

    [Fact]
    public async Task What_is_not_paid_is_not_refunded()
    {
        var open = await Stripe.PostAsync("/v1/payment_intents", ("amount", "500"), ("currency", "usd"));

        Assert.Equal(HttpStatusCode.BadRequest, (await RefundAsync(open["id"]!)).Status);
        Assert.Equal("resource_missing", (await RefundAsync("pi_no"))["error.code"]);
        Assert.Equal("parameter_missing", (await Stripe.PostAsync("/v1/refunds"))["error.code"]);
    }

    [Fact]
    public async Task A_refund_is_pending_and_then_succeeds()
    {
        var intent = await Stripe.PaidAsync();
        await sandbox.FaultAsync("stripe", "refund", "pending", new { order = "order_1" }, seconds: 60);
        var refund = await RefundAsync(intent);
        Assert.Equal("pending", refund["status"]);
        Assert.Equal("pending", (await Stripe.GetAsync($"/v1/refunds/{refund["id"]}"))["status"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal("succeeded", (await Stripe.GetAsync($"/v1/refunds/{refund["id"]}"))["status"]);
    }

    [Fact]
    public async Task A_refund_that_succeeded_can_fail_long_after_and_its_money_is_back_in_the_account()
    {
        var intent = await Stripe.PaidAsync(amount: 1000);
        var refund = await RefundAsync(intent);
        sandbox.Clock.Advance(TimeSpan.FromDays(5));

        using var failed = await sandbox.PostAsync("/control/stripe/refund", new { refund = refund["id"], status = "failed" });
        using var again = await sandbox.PostAsync("/control/stripe/refund", new { refund = refund["id"], status = "failed" });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict), (failed.StatusCode, again.StatusCode));
        var after = await Stripe.GetAsync($"/v1/refunds/{refund["id"]}?expand[]=failure_balance_transaction");
        Assert.Equal(("failed", "lost_or_stolen_card", "1000"), (after["status"], after["failure_reason"], after["failure_balance_transaction.amount"]));
        Assert.Equal("0", (await Stripe.GetAsync($"/v1/charges/{refund["charge"]}"))["amount_refunded"]);
    }

    private Task<StripeReply> RefundAsync(string intent, string? amount = null) =>
        amount is null ? Stripe.PostAsync("/v1/refunds", ("payment_intent", intent)) : Stripe.PostAsync("/v1/refunds", ("payment_intent", intent), ("amount", amount));
}
