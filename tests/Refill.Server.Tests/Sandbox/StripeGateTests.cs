using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What comes before any business: key, version, parameters, idempotency.</summary>
public sealed class StripeGateTests : IAsyncLifetime
{
    private const string Sessions = "/v1/checkout/sessions";
    private SandboxRig sandbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("sk_test_ofSomebodyElse")]
    [InlineData("sk_test_ofthistestandnoother")]
    public async Task Without_the_right_key_nothing_is_said(string? secret)
    {
        var answer = await Stripe.SendAsync(HttpMethod.Get, Sessions, secret: secret);

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_request_error"), (answer.Status, answer["error.type"]));
        Assert.StartsWith("req_", answer.Headers["Request-Id"], StringComparison.Ordinal);
        Assert.DoesNotContain(secret ?? "nothing", answer.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_the_endive_one_or_none()
    {
        Assert.Equal(HttpStatusCode.OK, (await Stripe.SendAsync(HttpMethod.Get, Sessions, version: "2026-10-28.endive")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Stripe.SendAsync(HttpMethod.Get, Sessions, version: "2026-07-29.dahlia")).Status);
    }

    [Theory]
    [InlineData("mode", "", "parameter_missing", "mode")]
    [InlineData("mode", "subscription", null, "mode")]
    [InlineData("success_url", "", "parameter_missing", "success_url")]
    [InlineData("success_url", "javascript:alert(1)", "url_invalid", "success_url")]
    [InlineData("line_items[0][price_data][currency]", "USD", null, "line_items[0][price_data][currency]")]
    [InlineData("line_items[0][price_data][currency]", "xyz", null, "line_items[0][price_data][currency]")]
    [InlineData("line_items[0][price_data][unit_amount]", "12.34", "parameter_invalid_integer", "line_items[0][price_data][unit_amount]")]
    [InlineData("line_items[0][price_data][unit_amount]", "49", "amount_too_small", "line_items")]
    [InlineData("line_items[0][quantity]", "9999", "amount_too_large", "line_items")]
    [InlineData("line_items[0][tax]", "1", "parameter_unknown", "line_items[0][tax]")]
    [InlineData("metadata[a][b]", "1", null, "metadata[a][b]")]
    [InlineData("expand[]", "everything", null, "expand")]
    [InlineData("payment_method_types[0]", "alipay", null, "payment_method_types")]
    public async Task A_parameter_that_cannot_be_is_refused_by_name(string name, string value, string? code, string param)
    {
        var answer = await Stripe.SessionAsync("order_1", 50_000, (name, value));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (answer.Status, answer["error.type"]));
        Assert.Equal((code, param), (answer["error.code"], answer["error.param"]));
    }

    [Theory]
    [InlineData(29 * 60 + 59, false)]
    [InlineData(30 * 60, true)]
    [InlineData(24 * 3600, true)]
    [InlineData(24 * 3600 + 1, false)]
    public async Task A_session_lives_from_half_an_hour_to_a_day(long seconds, bool good)
    {
        var answer = await Stripe.SessionAsync(more: ("expires_at", $"{SandboxRig.Start.ToUnixTimeSeconds() + seconds}"));

        Assert.Equal(good ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.Status);
    }

    [Theory]
    [InlineData("usd", "50", true)]
    [InlineData("usd", "49", false)]
    [InlineData("jpy", "75", true)]
    [InlineData("jpy", "50", false)]
    [InlineData("usd", "99999999", true)]
    [InlineData("usd", "100000000", false)]
    public async Task Amounts_are_worth_half_a_dollar_or_more_and_have_eight_digits_or_fewer(string currency, string amount, bool good)
    {
        var answer = await Stripe.PostAsync("/v1/payment_intents", ("amount", amount), ("currency", currency));

        Assert.Equal(good ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task What_there_is_not_is_said_as_Stripe_says_it()
    {
        var unknown = await Stripe.GetAsync("/v1/checkout/sessions/cs_test_no");
        var nowhere = await Stripe.GetAsync("/v1/subscriptions");

        Assert.Equal((HttpStatusCode.NotFound, "resource_missing"), (unknown.Status, unknown["error.code"]));
        Assert.Equal((HttpStatusCode.NotFound, "invalid_request_error"), (nowhere.Status, nowhere["error.type"]));
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_and_one_object()
    {
        var first = await KeyedAsync("key-1", "order_1");
        var second = await KeyedAsync("key-1", "order_1");

        Assert.Equal(first.Body.GetRawText(), second.Body.GetRawText());
        Assert.Equal(("true", first.Headers["Request-Id"]), (second.Headers["Idempotent-Replayed"], second.Headers["Original-Request"]));
        Assert.Single((await Stripe.GetAsync(Sessions)).Ids);
    }

    [Fact]
    public async Task The_order_of_the_parameters_does_not_matter()
    {
        var fields = StripeMerchant.SessionFields();
        var first = await Stripe.SendAsync(HttpMethod.Post, Sessions, fields, "key-1");

        Assert.Equal(first["id"], (await Stripe.SendAsync(HttpMethod.Post, Sessions, Enumerable.Reverse(fields), "key-1"))["id"]);
    }

    [Fact]
    public async Task Another_request_under_a_used_key_is_an_error()
    {
        await KeyedAsync("key-1", "order_1");

        var otherParameters = await KeyedAsync("key-1", "order_2");
        var otherEndpoint = await Stripe.SendAsync(HttpMethod.Post, "/v1/customers", [], "key-1");

        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_error"), (otherParameters.Status, otherParameters["error.type"]));
        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_error"), (otherEndpoint.Status, otherEndpoint["error.type"]));
        Assert.Single((await Stripe.GetAsync(Sessions)).Ids);
    }

    [Fact]
    public async Task What_failed_its_validation_has_not_used_the_key()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await KeyedAsync("key-1", "order_1", ("mode", "subscription"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await KeyedAsync("key-1", "order_1", ("expires_at", "5"))).Status);

        Assert.Equal(HttpStatusCode.OK, (await KeyedAsync("key-1", "order_1")).Status);
    }

    [Fact]
    public async Task A_refusal_after_execution_began_is_stored()
    {
        (string, string)[] charge = [("amount", "500"), ("currency", "usd"), ("confirm", "true"), ("payment_method", "pm_card_chargeDeclined")];
        var first = await Stripe.SendAsync(HttpMethod.Post, "/v1/payment_intents", charge, "key-1");
        var second = await Stripe.SendAsync(HttpMethod.Post, "/v1/payment_intents", charge, "key-1");

        Assert.Equal((HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired), (first.Status, second.Status));
        Assert.Equal(first["error.payment_intent.id"], second["error.payment_intent.id"]);
    }

    [Fact]
    public async Task A_500_of_the_endpoint_is_stored_and_one_before_it_is_not()
    {
        await sandbox.FaultAsync("stripe", "session", "error-500");
        var stored = await KeyedAsync("key-1", "order_1");
        var replayed = await KeyedAsync("key-1", "order_1");
        await sandbox.FaultAsync("stripe", "gateway", "error-500");
        var before = await KeyedAsync("key-2", "order_2");
        var after = await KeyedAsync("key-2", "order_2");

        Assert.Equal([(HttpStatusCode)500, (HttpStatusCode)500, (HttpStatusCode)500, HttpStatusCode.OK], new[] { stored.Status, replayed.Status, before.Status, after.Status });
        Assert.Equal(("false", "true"), (stored.Headers["Stripe-Should-Retry"], replayed.Headers["Idempotent-Replayed"]));
        Assert.DoesNotContain("Stripe-Should-Retry", before.Headers.Keys);
        Assert.Single((await Stripe.GetAsync(Sessions)).Ids);
    }

    [Fact]
    public async Task Two_at_the_same_time_under_one_key_are_a_conflict()
    {
        await sandbox.FaultAsync("stripe", "session", "slow", seconds: 5);
        var first = KeyedAsync("key-1", "order_1");
        StripeReply second = null!;
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/books/stripe/sessions")).GetArrayLength() == 1);

        second = await KeyedAsync("key-1", "order_1");

        Assert.Equal((HttpStatusCode.Conflict, "idempotency_key_in_use"), (second.Status, second["error.code"]));
        var (answer, _) = await sandbox.WaitForAsync(first);
        Assert.Equal(answer["id"], (await KeyedAsync("key-1", "order_1"))["id"]);
    }

    [Fact]
    public async Task Keys_are_forgotten_after_a_day_and_outlive_a_restart_before_it()
    {
        var first = await KeyedAsync("key-1", "order_1");
        await sandbox.RestartAsync();
        sandbox.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.Equal(first["id"], (await KeyedAsync("key-1", "order_1"))["id"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.NotEqual(first["id"], (await KeyedAsync("key-1", "order_1"))["id"]);
    }

    [Theory]
    [InlineData(255, HttpStatusCode.OK)]
    [InlineData(256, HttpStatusCode.BadRequest)]
    public async Task Keys_have_255_characters_or_fewer(int length, HttpStatusCode status) => Assert.Equal(status, (await KeyedAsync(new string('k', length), "order_1")).Status);

    [Fact]
    public async Task A_lost_answer_can_be_asked_for_again()
    {
        await sandbox.FaultAsync("stripe", "session", "lost-answer", new { order = "order_1" });
        await Assert.ThrowsAsync<HttpRequestException>(() => KeyedAsync("key-1", "order_1"));

        var again = await KeyedAsync("key-1", "order_1");

        Assert.Equal(again["id"], Assert.Single((await Stripe.GetAsync(Sessions)).Ids));
    }

    [Fact]
    public void A_setting_that_cannot_work_is_refused_by_name_and_no_secret_is_shown()
    {
        var good = StripeMerchant.Options(webhookUrl: null);
        Assert.DoesNotContain(StripeMerchant.SecretKey, good.ToString(), StringComparison.Ordinal);
        foreach (var (named, wrong) in new[]
        {
            ("SecretKey", good with { SecretKey = "sk_live_real" }),
            ("WebhookSecret", good with { WebhookSecret = "" }),
            ("OldWebhookSecret", good with { OldWebhookSecret = "has a space" }),
            ("WebhookUrl", good with { WebhookUrl = new Uri("ftp://127.0.0.1/") }),
            ("RetryFactor", good with { RetryFactor = 0 }),
            ("FeeBasisPoints", good with { FeeBasisPoints = -1 }),
        })
        {
            var error = Assert.Throws<ArgumentException>(wrong.Check);

            Assert.StartsWith($"Stripe.{named}", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("real", error.Message, StringComparison.Ordinal);
        }
    }

    private Task<StripeReply> KeyedAsync(string key, string order, params (string Name, string Value)[] more) =>
        Stripe.SendAsync(HttpMethod.Post, Sessions, StripeMerchant.SessionFields(order, more: more), key);
}
