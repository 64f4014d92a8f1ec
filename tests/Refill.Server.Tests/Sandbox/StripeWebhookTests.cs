using System.Net;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What the sandbox's Stripe tells a merchant, how it is signed, how often it comes, and what can be wrong with it.</summary>
public sealed class StripeWebhookTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    public async ValueTask InitializeAsync()
    {
        inbox = await Inbox.StartAsync();
        sandbox = await SandboxRig.StartAsync(stripe: StripeMerchant.Options(inbox.Url) with { OldWebhookSecret = "whsec_theOldOne" });
    }

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Fact]
    public async Task A_payment_is_told_by_signed_events_of_the_endive_train()
    {
        var intent = await Stripe.PaidAsync(Order);

        var received = await ReceiveAsync(2);

        Assert.All(received, each => Assert.True(StripeMerchant.IsSigned(each)));
        Assert.All(received, each => Assert.True(StripeMerchant.IsSigned(each, "whsec_theOldOne")));
        Assert.All(received, each => Assert.StartsWith($"t={SandboxRig.Start.ToUnixTimeSeconds()},v1=", each.Headers["Stripe-Signature"], StringComparison.Ordinal));
        Assert.All(received, each => Assert.Equal("application/json; charset=utf-8", each.ContentType));
        var events = received.Select(Event).OrderBy(Type).ToList();
        Assert.Equal(["checkout.session.completed", "payment_intent.succeeded"], events.Select(Type));
        Assert.All(events, each => Assert.Equal("2026-10-28.endive", each.GetProperty("api_version").GetString()));
        Assert.Equal((Order, intent), (Thing(events[0]).GetProperty("client_reference_id").GetString(), Thing(events[0]).GetProperty("payment_intent").GetString()));
        var kept = await Stripe.GetAsync($"/v1/events/{events[0].GetProperty("id").GetString()}");
        Assert.Equal(Thing(events[0]).GetRawText(), Thing(kept.Body).GetRawText());
    }

    [Fact]
    public async Task What_was_refused_comes_again_with_a_fresh_timestamp_until_a_2xx()
    {
        inbox.Answer("", 500);
        inbox.Answer("", 302);
        inbox.Answer("", 204);
        await ExpiredAsync();
        var first = await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, 1);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        var second = await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, 2);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(5));
        await inbox.NextAsync();

        Assert.Equal("accepted", (await sandbox.MessageAfterAsync(Order, 3)).GetProperty("outcome").GetString());
        Assert.Equal((first.Body, true), (second.Body, StripeMerchant.IsSigned(second)));
        Assert.NotEqual(first.Headers["Stripe-Signature"], second.Headers["Stripe-Signature"]);
        Assert.Equal("0", (await Stripe.GetAsync($"/v1/events/{Event(first).GetProperty("id").GetString()}"))["pending_webhooks"]);
    }

    [Fact]
    public async Task It_is_tried_eight_times_with_growing_waits_and_then_given_up()
    {
        await using var patient = await SandboxRig.StartAsync(stripe: StripeMerchant.Options(inbox.Url) with { RetryFactor = 2 });
        foreach (var _ in Enumerable.Range(0, 8))
        {
            inbox.Answer("", 503);
        }

        var waits = new List<double>();
        await patient.Stripe.PostAsync($"/v1/checkout/sessions/{(await patient.Stripe.SessionAsync(Order))["id"]}/expire");
        for (var attempt = 1; attempt <= 7; attempt++)
        {
            await inbox.NextAsync();
            var dueAt = (await patient.MessageAfterAsync(Order, attempt)).GetProperty("dueAt").GetDateTimeOffset();
            waits.Add((dueAt - patient.Clock.GetUtcNow()).TotalSeconds);
            patient.Clock.Advance(dueAt - patient.Clock.GetUtcNow());
        }

        await inbox.NextAsync();
        Assert.Equal("given up", (await patient.MessageAfterAsync(Order, attempts: 8)).GetProperty("outcome").GetString());
        Assert.Equal([4, 10, 20, 60, 120, 480, 1200], waits);
    }

    [Fact]
    public async Task Refunds_are_told_with_their_charge_and_when_they_fail_once_more()
    {
        var intent = await Stripe.PaidAsync(Order);
        await ReceiveAsync(2);
        var refund = await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent), ("amount", "500"));
        var taken = (await ReceiveAsync(2)).ConvertAll(Event);
        Assert.Equal(["charge.refunded", "refund.created"], taken.Select(Type).Order(StringComparer.Ordinal));

        using var failed = await sandbox.PostAsync("/control/stripe/refund", new { refund = refund["id"], status = "failed" });

        var told = (await ReceiveAsync(2)).ConvertAll(Event);
        Assert.Equal(["refund.failed", "refund.updated"], told.Select(Type).Order(StringComparer.Ordinal));
        Assert.All(told, each => Assert.Equal("failed", Thing(each).GetProperty("status").GetString()));
    }

    [Fact]
    public async Task A_refund_that_was_pending_is_told_when_it_arrives()
    {
        var intent = await Stripe.PaidAsync(Order);
        await sandbox.FaultAsync("stripe", "refund", "pending", seconds: 60);
        await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent));
        await ReceiveAsync(4);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));

        var told = Event(await inbox.NextAsync());
        Assert.Equal(("refund.updated", "succeeded"), (Type(told), Thing(told).GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Every_other_thing_is_told_by_its_own_event()
    {
        var (customer, method) = await Stripe.SavedAsync("saves-only");
        Assert.Equal(["checkout.session.completed", "setup_intent.succeeded"], await TypesAsync(2));
        await Stripe.ChargeAsync(customer, method);
        Assert.Equal(["payment_intent.payment_failed"], await TypesAsync(1));
        await ExpiredAsync();
        Assert.Equal(["checkout.session.expired"], await TypesAsync(1));
        await Stripe.PaidAsync("order_2");
        await TypesAsync(2);
        using var payout = await sandbox.PostAsync("/control/stripe/payout", new { });
        Assert.Equal(["payout.paid", "payout.reconciliation_completed"], await TypesAsync(2));
        Assert.Equal("payout.paid", (await Stripe.GetAsync("/v1/events?type=payout.paid")).Body.GetProperty("data")[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Time_over_is_told_without_anybody_asking()
    {
        await Stripe.SessionAsync(Order, more: ("expires_at", $"{SandboxRig.Start.AddMinutes(30).ToUnixTimeSeconds()}"));

        sandbox.Clock.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal("checkout.session.expired", Type(Event(await inbox.NextAsync())));
    }

    [Fact]
    public async Task An_event_can_be_sent_again()
    {
        await ExpiredAsync();
        var first = Event(await inbox.NextAsync());

        using var again = await sandbox.PostAsync("/control/stripe/resend", new { @event = first.GetProperty("id").GetString() });

        Assert.Equal(first.GetRawText(), Event(await inbox.NextAsync()).GetRawText().Replace("\"pending_webhooks\":0", "\"pending_webhooks\":1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Duplicates_come_twice_with_one_id()
    {
        await sandbox.FaultAsync("stripe", "webhook", "duplicate", new { order = Order });
        await ExpiredAsync();

        var both = await ReceiveAsync(2);

        Assert.Equal(both[0].Body, both[1].Body);
    }

    [Fact]
    public async Task Out_of_order_an_older_state_comes_after_the_newer()
    {
        await sandbox.FaultAsync("stripe", "webhook", "out-of-order", new { order = "payment_intent.succeeded" });
        await Stripe.PaidAsync(Order);

        var received = (await ReceiveAsync(3)).ConvertAll(Event);

        var (newer, older) = (received.FindIndex(each => Type(each) == "payment_intent.succeeded"), received.FindIndex(each => Type(each) == "payment_intent.created"));
        Assert.True(newer < older);
        Assert.Equal(("requires_payment_method", 0), (Thing(received[older]).GetProperty("status").GetString(), Thing(received[older]).GetProperty("amount_received").GetInt32()));
        Assert.True(received[older].GetProperty("created").GetInt64() < received[newer].GetProperty("created").GetInt64());
    }

    [Theory]
    [InlineData("bad-signature", false)]
    [InlineData("stale", true)]
    [InlineData("wrong-amount", true)]
    [InlineData("wrong-currency", true)]
    public async Task What_is_wrong_with_an_event_is_wrong_once(string fault, bool signed)
    {
        await sandbox.FaultAsync("stripe", "webhook", fault, new { order = Order });
        inbox.Answer("", 400);
        await ExpiredAsync();
        var wrong = await inbox.NextAsync();
        await sandbox.MessageAfterAsync(Order, 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));
        var right = await inbox.NextAsync();

        Assert.Equal((signed, true), (StripeMerchant.IsSigned(wrong), StripeMerchant.IsSigned(right)));
        Assert.Equal(fault == "stale" ? 301 : 0, SandboxRig.Start.ToUnixTimeSeconds() - long.Parse(wrong.Headers["Stripe-Signature"].Split(',')[0][2..], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(fault switch { "wrong-amount" => (617, "usd"), "wrong-currency" => (1234, "cad"), _ => (1234, "usd") }, Money(wrong));
        Assert.Equal((1234, "usd"), Money(right));

        static (int, string?) Money(Received received) => (Thing(Event(received)).GetProperty("amount_total").GetInt32(), Thing(Event(received)).GetProperty("currency").GetString());
    }

    [Fact]
    public async Task Never_is_not_sent_and_slow_is_sent_later_and_a_lost_answer_brings_it_again()
    {
        await sandbox.FaultAsync("stripe", "webhook", "never", new { order = Order });
        await ExpiredAsync();
        Assert.Equal("withheld", (await sandbox.MessageAfterAsync(Order, 1)).GetProperty("outcome").GetString());

        await sandbox.FaultAsync("stripe", "webhook", "slow", new { order = "order_2" }, seconds: 30);
        await ExpiredAsync("order_2");
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/faults")).GetArrayLength() == 0);
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/books/messages?about=order_2"))[0].GetProperty("dueAt").GetDateTimeOffset() > sandbox.Clock.GetUtcNow());
        Assert.Equal(0, inbox.Waiting);
        await sandbox.FaultAsync("stripe", "webhook", "lost-answer", new { order = "order_2" });
        sandbox.Clock.Advance(TimeSpan.FromSeconds(30));
        var first = await inbox.NextAsync();
        await sandbox.MessageAfterAsync("order_2", 1);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(Event(first).GetProperty("id").GetString(), Event(await inbox.NextAsync()).GetProperty("id").GetString());
    }

    private async Task ExpiredAsync(string order = Order)
    {
        var session = await Stripe.SessionAsync(order);
        Assert.Equal(HttpStatusCode.OK, (await Stripe.PostAsync($"/v1/checkout/sessions/{session["id"]}/expire")).Status);
    }

    private async Task<List<Received>> ReceiveAsync(int count)
    {
        var received = new List<Received>();
        while (received.Count < count)
        {
            received.Add(await inbox.NextAsync());
        }

        return received;
    }

    private async Task<List<string?>> TypesAsync(int count) => [.. (await ReceiveAsync(count)).Select(Event).Select(Type).Order(StringComparer.Ordinal)];

    private static JsonElement Event(Received received) => JsonSerializer.Deserialize<JsonElement>(received.Body);

    private static string? Type(JsonElement told) => told.GetProperty("type").GetString();

    private static JsonElement Thing(JsonElement told) => told.GetProperty("data").GetProperty("object");
}
