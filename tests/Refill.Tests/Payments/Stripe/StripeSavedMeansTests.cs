using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeSavedMeansTests : IDisposable
{
    private const string Reference = "renewal_0123456789";
    private static readonly SavedMeans Card = new("pm_1", "cus_1");
    private static readonly SavingOrder Saving = new(Reference, StripeWire.Now, new Uri("https://shop.example/renewals/x"));
    private readonly StripeWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static PaymentOrder Order => StripeWire.Payment(way: PaymentWay.Direct);

    [Fact]
    public async Task A_card_is_saved_on_Stripes_page_and_charged_without_its_holder()
    {
        wire.Says("""{"id":"cus_1","object":"customer"}""").Says(Setup("open", "null"));
        Assert.Equal(new SavingStart.Redirect(new Uri("https://checkout.stripe.com/c/setup/cs_test_2"), "cs_test_2"), await wire.Means.StartSavingAsync(Saving, Token));
        Assert.Equal(["/v1/customers", "/v1/checkout/sessions"], wire.Sent.Select(sent => sent.Path));
        Assert.Equal([Reference + "C", Reference + "S"], wire.Sent.Select(sent => sent.IdempotencyKey));
        var session = wire.Sent[1].Parameters;
        Assert.Equal(("setup", "cus_1", Reference, null), (session["mode"], session["customer"], session["client_reference_id"], session["line_items[0][quantity]"]));

        wire.Says(Setup("complete", """{"id":"seti_1","object":"setup_intent","status":"succeeded","usage":"off_session","payment_method":"pm_1"}"""));
        Assert.Equal(Card, await wire.Means.FinishAsync("cs_test_2", Token));

        wire.Says(StripeWire.Intent("succeeded"));
        Assert.Equal(new ChargeOutcome.Paid("pi_1", Money.Usd(1500)), await wire.Means.ChargeAsync(Card, Order, Token));
        var charge = wire.Sent[^1];
        Assert.Equal(("/v1/payment_intents", StripeWire.Order), (charge.Path, charge.IdempotencyKey));
        Assert.Equal(
            ("1500", "usd", "cus_1", "pm_1", "true", "true", StripeWire.Order),
            (charge.Parameters["amount"], charge.Parameters["currency"], charge.Parameters["customer"], charge.Parameters["payment_method"], charge.Parameters["off_session"]?.ToLowerInvariant(), charge.Parameters["confirm"]?.ToLowerInvariant(), charge.Parameters["metadata[order_number]"]));
    }

    [Theory]
    [InlineData("open", "succeeded", "off_session", "\"cus_1\"")]
    [InlineData("expired", "succeeded", "off_session", "\"cus_1\"")]
    [InlineData("complete", "processing", "off_session", "\"cus_1\"")]
    [InlineData("complete", "succeeded", "on_session", "\"cus_1\"")]
    [InlineData("complete", "succeeded", "off_session", "null")]
    public async Task Only_a_finished_saving_for_charges_without_the_payer_is_one(string session, string intent, string usage, string customer)
    {
        wire.Says(Setup(session, $$"""{"id":"seti_1","object":"setup_intent","status":"{{intent}}","usage":"{{usage}}","payment_method":"pm_1"}""", customer));
        Assert.Null(await wire.Means.FinishAsync("cs_test_2", Token));
    }

    [Fact]
    public async Task A_saving_that_nobody_answers_is_unknown_and_no_means()
    {
        wire.Refuses(500, "api_error", "").Refuses(401, "invalid_request_error", "");
        Assert.IsType<SavingStart.Unknown>(await wire.Means.StartSavingAsync(Saving, Token));
        Assert.Contains("the key is refused", Assert.IsType<SavingStart.Rejected>(await wire.Means.StartSavingAsync(Saving, Token)).Reason, StringComparison.Ordinal);
        wire.Says("""{"id":"cus_1","object":"customer"}""").Says(Setup("open", "null").Replace(Reference, "another", StringComparison.Ordinal)).Refuses(500, "api_error", "");
        Assert.IsType<SavingStart.Unknown>(await wire.Means.StartSavingAsync(Saving, Token));
        Assert.Null(await wire.Means.FinishAsync("cs_test_2", Token));
        Assert.Null(await wire.Means.FinishAsync("no id/../", Token));
    }

    public static TheoryData<string, string> Charges => new()
    {
        { StripeWire.Intent("requires_action", 0), nameof(ChargeOutcome.NeedsPayer) },
        { StripeWire.Intent("requires_payment_method", 0, more: ",\"last_payment_error\":{\"type\":\"card_error\",\"code\":\"authentication_required\"}"), nameof(ChargeOutcome.NeedsPayer) },
        { StripeWire.Intent("requires_payment_method", 0, more: ",\"last_payment_error\":{\"type\":\"card_error\",\"code\":\"card_declined\"}"), nameof(ChargeOutcome.Rejected) },
        { StripeWire.Intent("canceled", 0), nameof(ChargeOutcome.Rejected) },
        { StripeWire.Intent("succeeded", 1), nameof(ChargeOutcome.Unknown) }, // Case 6.
        { StripeWire.Intent("succeeded", currency: "eur"), nameof(ChargeOutcome.Unknown) }, // Case 8.
        { StripeWire.Intent("succeeded", order: "another_order"), nameof(ChargeOutcome.Unknown) },
        { StripeWire.Intent("something_new"), nameof(ChargeOutcome.Unknown) }, // Case 15.
        { "{}", nameof(ChargeOutcome.Unknown) },
    };

    [Theory]
    [MemberData(nameof(Charges))]
    public async Task What_becomes_of_a_charge_is_one_of_a_closed_set(string answer, string expected)
    {
        wire.Says(answer);
        Assert.Equal(expected, (await wire.Means.ChargeAsync(Card, Order, Token)).GetType().Name);
    }

    [Theory]
    [InlineData(402, "authentication_required", "", nameof(ChargeOutcome.NeedsPayer))]
    [InlineData(402, "card_declined", ",\"decline_code\":\"authentication_required\"", nameof(ChargeOutcome.NeedsPayer))]
    [InlineData(402, "card_declined", ",\"decline_code\":\"insufficient_funds\"", nameof(ChargeOutcome.Rejected))]
    [InlineData(402, "expired_card", "", nameof(ChargeOutcome.Rejected))]
    [InlineData(400, "resource_missing", "", nameof(ChargeOutcome.Rejected))]
    [InlineData(401, "", "", nameof(ChargeOutcome.Unknown))] // An earlier try may have charged.
    [InlineData(403, "", "", nameof(ChargeOutcome.Unknown))]
    [InlineData(409, "idempotency_key_in_use", "", nameof(ChargeOutcome.Unknown))]
    [InlineData(500, "", "", nameof(ChargeOutcome.Unknown))]
    public async Task A_bank_that_wants_to_see_its_customer_has_the_payer_brought_back(int status, string code, string more, string expected)
    {
        wire.Refuses(status, "card_error", code, more);
        Assert.Equal(expected, (await wire.Means.ChargeAsync(Card, Order, Token)).GetType().Name);
    }

    [Fact]
    public async Task A_charge_under_way_is_looked_at_again_and_then_asked_about_by_its_number()
    {
        wire.Says(StripeWire.Intent("processing", 0)).Says(StripeWire.Intent("processing", 0));
        Assert.Equal(new ChargeOutcome.Pending("pi_1"), await wire.Means.ChargeAsync(Card, Order, Token));
        wire.Says(StripeWire.Intent("processing", 0)).Says(StripeWire.Intent("succeeded"));
        Assert.IsType<ChargeOutcome.Paid>(await wire.Means.ChargeAsync(Card, Order, Token));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task Case_16_After_a_day_an_earlier_charge_is_looked_for_before_another_is_made(bool there, int calls)
    {
        wire.Time.Advance(TimeSpan.FromHours(25));
        var (other, ours) = (StripeWire.Intent("succeeded", order: "another_order"), StripeWire.Intent("succeeded"));
        wire.Says($$"""{"object":"list","has_more":false,"data":[{{other}}{{(there ? "," + ours : "")}}]}""").Says(ours);
        Assert.IsType<ChargeOutcome.Paid>(await wire.Means.ChargeAsync(Card, Order, Token));
        Assert.Equal(calls, wire.Sent.Count);
        Assert.Equal(("GET", "/v1/payment_intents", "cus_1"), (wire.Sent[0].Method, wire.Sent[0].Path, wire.Sent[0].Parameters["customer"]));
    }

    [Fact]
    public async Task A_number_that_was_charged_for_something_else_is_not_said_to_be_unpaid()
    {
        wire.Refuses(400, "idempotency_error", "");
        Assert.IsType<ChargeOutcome.Unknown>(await wire.Means.ChargeAsync(Card, Order, Token));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    [InlineData(401)]
    public async Task While_it_is_not_known_whether_there_was_an_earlier_charge_none_is_made(int status)
    {
        wire.Time.Advance(TimeSpan.FromHours(25));
        wire.Refuses(status, "invalid_request_error", "");
        Assert.IsType<ChargeOutcome.Unknown>(await wire.Means.ChargeAsync(Card, Order, Token));
        Assert.Single(wire.Sent);
    }

    [Fact]
    public async Task A_means_is_forgotten_once_and_for_all()
    {
        wire.Says("""{"id":"pm_1","object":"payment_method","customer":null}""");
        Assert.True(await wire.Means.ForgetAsync(Card, Token));
        Assert.Equal(("POST", "/v1/payment_methods/pm_1/detach"), (wire.Sent[0].Method, wire.Sent[0].Path));
        wire.Refuses(400, "invalid_request_error", "").Says("""{"id":"pm_1","object":"payment_method","customer":null}""");
        Assert.True(await wire.Means.ForgetAsync(Card, Token));
        wire.Refuses(400, "invalid_request_error", "").Says("""{"id":"pm_1","object":"payment_method","customer":"cus_1"}""");
        Assert.False(await wire.Means.ForgetAsync(Card, Token));
        wire.Refuses(404, "invalid_request_error", "resource_missing");
        Assert.True(await wire.Means.ForgetAsync(Card, Token));
        wire.Refuses(500, "api_error", "");
        Assert.False(await wire.Means.ForgetAsync(Card, Token));
    }

    private static string Setup(string status, string intent, string customer = "\"cus_1\"") => $$"""
        {"id":"cs_test_2","object":"checkout.session","mode":"setup","client_reference_id":"{{Reference}}","status":"{{status}}","payment_status":"no_payment_required","livemode":false,
         "url":"https://checkout.stripe.com/c/setup/cs_test_2","customer":{{customer}},"setup_intent":{{intent}} }
        """;
}
