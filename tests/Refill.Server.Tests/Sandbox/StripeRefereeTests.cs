using Stripe;
using Stripe.Checkout;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Stripe's own libraries, for .NET and for Node.js, are content with the sandbox: with its answers, its retries and its signatures.</summary>
public sealed class StripeRefereeTests : IAsyncLifetime
{
    private SandboxRig sandbox = null!;
    private Inbox inbox = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => sandbox.Http.BaseAddress!.ToString().TrimEnd('/');

    public async ValueTask InitializeAsync()
    {
        inbox = await Inbox.StartAsync();
        sandbox = await SandboxRig.StartAsync(stripe: StripeMerchant.Options(inbox.Url));
    }

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Fact]
    public async Task Node_makes_finds_ends_and_refunds_sessions()
    {
        var said = await Referee.AskAsync("stripe", new { run = "calls", address = Address, key = StripeMerchant.SecretKey });

        Assert.Equal(("open", "expired", "complete", "paid"), (Text("made"), Text("ended"), Text("status"), Text("paymentStatus")));
        Assert.Equal(("succeeded", "StripeInvalidRequestError", "StripeCardError", "authentication_required"), (Text("refund"), Text("tooMuch"), Text("cardError"), Text("cardErrorCode")));
        Assert.Equal(("StripeAuthenticationError", "StripeIdempotencyError"), (Text("wrongKey"), Text("otherParameters")));
        Assert.Equal((1, true), (said.GetProperty("listed").GetInt32(), said.GetProperty("linesAddUp").GetBoolean()));

        string? Text(string name) => said.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Node_gets_one_object_after_a_500_and_a_409_under_one_key()
    {
        await FailTwiceAsync();

        var said = await Referee.AskAsync("stripe", new { run = "retries", address = Address, key = StripeMerchant.SecretKey });

        await WasMadeOnceAsync(said.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("none", "accepted")]
    [InlineData("bad-signature", "StripeSignatureVerificationError")]
    [InlineData("stale", "StripeSignatureVerificationError")]
    public async Task Node_takes_true_events_and_no_others(string fault, string verdict)
    {
        var received = await EventAsync(fault);

        var said = await Referee.AskAsync("stripe", new
        {
            run = "webhook",
            body = received.Body,
            header = received.Headers["Stripe-Signature"],
            secret = StripeMerchant.WebhookSecret,
            now = sandbox.Clock.GetUtcNow().ToUnixTimeMilliseconds(),
        });

        Assert.Equal((verdict, "StripeSignatureVerificationError"), (said.GetProperty("asItIs").GetString(), said.GetProperty("tampered").GetString()));
    }

    [Fact]
    public async Task Dotnet_makes_finds_ends_and_refunds_sessions()
    {
        var stripe = Client();
        var session = await stripe.V1.Checkout.Sessions.CreateAsync(Wanted("order_1"), new RequestOptions { IdempotencyKey = "key-1" }, Cancellation);
        await sandbox.Stripe.PressAsync(new Uri(session.Url).AbsolutePath, "pay");

        var paid = await stripe.V1.Checkout.Sessions.GetAsync(session.Id, new SessionGetOptions { Expand = ["payment_intent.latest_charge.balance_transaction"] }, cancellationToken: Cancellation);
        var refund = await stripe.V1.Refunds.CreateAsync(new RefundCreateOptions { PaymentIntent = paid.PaymentIntentId, Amount = 300 }, cancellationToken: Cancellation);
        var found = await stripe.V1.Checkout.Sessions.ListAsync(new SessionListOptions { PaymentIntent = paid.PaymentIntentId }, cancellationToken: Cancellation);
        var lines = await stripe.V1.BalanceTransactions.ListAsync(new BalanceTransactionListOptions { Limit = 100 }, cancellationToken: Cancellation);
        var other = await stripe.V1.Checkout.Sessions.CreateAsync(Wanted("order_2"), cancellationToken: Cancellation);
        var ended = await stripe.V1.Checkout.Sessions.ExpireAsync(other.Id, cancellationToken: Cancellation);

        Assert.Equal(("complete", "paid", 1234), (paid.Status, paid.PaymentStatus, paid.AmountTotal));
        Assert.Equal(("succeeded", 1168), (paid.PaymentIntent.Status, paid.PaymentIntent.LatestCharge.BalanceTransaction.Net));
        Assert.Equal(("succeeded", session.Id, "expired"), (refund.Status, found.Single().Id, ended.Status));
        Assert.Equal([-300, 1234], lines.Select(line => line.Amount));
        Assert.Equal("order_1", paid.ClientReferenceId);
    }

    [Fact]
    public async Task Dotnet_reads_a_refused_renewal_with_its_intent()
    {
        var (customer, method) = await sandbox.Stripe.SavedAsync("asks");
        var wanted = new PaymentIntentCreateOptions { Amount = 1234, Currency = "usd", Customer = customer, PaymentMethod = method, OffSession = true, Confirm = true };

        var refused = await Assert.ThrowsAsync<StripeException>(() => Client().V1.PaymentIntents.CreateAsync(wanted, cancellationToken: Cancellation));

        Assert.Equal((System.Net.HttpStatusCode.PaymentRequired, "card_error", "authentication_required"), (refused.HttpStatusCode, refused.StripeError.Type, refused.StripeError.Code));
        Assert.Equal("requires_payment_method", refused.StripeError.PaymentIntent.Status);
    }

    [Fact]
    public async Task Dotnet_gets_one_object_after_a_500_and_a_409_under_one_key()
    {
        await FailTwiceAsync();

        var session = await Client().V1.Checkout.Sessions.CreateAsync(Wanted("order_1"), new RequestOptions { IdempotencyKey = "key-1" }, Cancellation);

        await WasMadeOnceAsync(session.Id);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("bad-signature")]
    [InlineData("stale")]
    public async Task Dotnet_takes_true_events_and_no_others(string fault)
    {
        var received = await EventAsync(fault);
        var now = sandbox.Clock.GetUtcNow().ToUnixTimeSeconds();

        if (fault == "none")
        {
            var told = EventUtility.ConstructEvent(received.Body, received.Headers["Stripe-Signature"], StripeMerchant.WebhookSecret, EventUtility.DefaultTimeTolerance, now);
            Assert.Equal(("checkout.session.expired", "order_1"), (told.Type, Assert.IsType<Session>(told.Data.Object).ClientReferenceId));
        }
        else
        {
            Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(received.Body, received.Headers["Stripe-Signature"], StripeMerchant.WebhookSecret, EventUtility.DefaultTimeTolerance, now));
        }

        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(
            received.Body.Replace("1234", "1235", StringComparison.Ordinal), received.Headers["Stripe-Signature"], StripeMerchant.WebhookSecret, EventUtility.DefaultTimeTolerance, now));
    }

    private StripeClient Client() => new(new StripeClientOptions { ApiKey = StripeMerchant.SecretKey, ApiBase = Address });

    private static SessionCreateOptions Wanted(string order) => new()
    {
        Mode = "payment",
        SuccessUrl = StripeMerchant.SuccessUrl,
        CancelUrl = StripeMerchant.CancelUrl,
        ClientReferenceId = order,
        LineItems =
        [
            new SessionLineItemOptions
            {
                Quantity = 1,
                PriceData = new SessionLineItemPriceDataOptions { Currency = "usd", UnitAmount = 1234, ProductData = new SessionLineItemPriceDataProductDataOptions { Name = "5 GB for 30 days" } },
            },
        ],
        Metadata = new Dictionary<string, string> { ["payment"] = "p1" },
        PaymentIntentData = new SessionPaymentIntentDataOptions { Metadata = new Dictionary<string, string> { ["payment"] = "p1" } },
    };

    private async Task FailTwiceAsync()
    {
        await sandbox.FaultAsync("stripe", "gateway", "error-500");
        await sandbox.FaultAsync("stripe", "gateway", "conflict-409");
    }

    private async Task WasMadeOnceAsync(string? id)
    {
        Assert.Equal(0, (await sandbox.GetAsync("/control/faults")).GetArrayLength());
        Assert.Equal(id, Assert.Single((await sandbox.GetAsync("/control/books/stripe/sessions")).EnumerateArray()).GetProperty("session").GetString());
    }

    private async Task<Received> EventAsync(string fault)
    {
        if (fault != "none")
        {
            await sandbox.FaultAsync("stripe", "webhook", fault);
        }

        var session = await sandbox.Stripe.SessionAsync("order_1");
        await sandbox.Stripe.PostAsync($"/v1/checkout/sessions/{session["id"]}/expire");
        return await inbox.NextAsync();
    }
}
