using System.Net;
using System.Text.RegularExpressions;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The hosted page, driven as a browser without script would, and what the API says before and after.</summary>
public sealed partial class StripeCheckoutTests : IAsyncLifetime
{
    private const string Order = "order_1";
    private SandboxRig sandbox = null!;

    private StripeMerchant Stripe => sandbox.Stripe;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_session_is_open_and_unpaid_and_has_no_intent_yet()
    {
        var session = await Stripe.SessionAsync(Order);

        Assert.StartsWith("cs_test_", session["id"], StringComparison.Ordinal);
        Assert.Equal(("open", "unpaid", null, "1234", "usd"), (session["status"], session["payment_status"], session["payment_intent"], session["amount_total"], session["currency"]));
        Assert.Equal((Order, $"{SandboxRig.Start.AddHours(24).ToUnixTimeSeconds()}"), (session["client_reference_id"], session["expires_at"]));
        Assert.DoesNotContain("\"_", session.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payer_pays_and_goes_back_with_the_sessions_id()
    {
        var created = await Stripe.SessionAsync(Order, more: [("payment_intent_data[metadata][payment]", "p1"), ("metadata[shop]", "s1")]);
        var page = new Uri(created["url"]!).AbsolutePath;
        var html = await sandbox.Http.GetStringAsync(page, Cancellation);
        Assert.Contains("USD 12.34", html, StringComparison.Ordinal);
        Assert.Contains("5 GB for 30 days", html, StringComparison.Ordinal);

        var back = await Stripe.PressAsync(page, "pay");

        Assert.Equal($"http://127.0.0.1:9/paid?session={created["id"]}", back.AbsoluteUri);
        var session = await Stripe.GetAsync($"/v1/checkout/sessions/{created["id"]}?expand[]=payment_intent.latest_charge.balance_transaction");
        Assert.Equal(("complete", "paid", null, "s1"), (session["status"], session["payment_status"], session["url"], session["metadata.shop"]));
        Assert.Equal(("succeeded", "1234", "p1"), (session["payment_intent.status"], session["payment_intent.amount_received"], session["payment_intent.metadata.payment"]));
        Assert.Equal(("1234", "66", "1168"), (
            session["payment_intent.latest_charge.balance_transaction.amount"], session["payment_intent.latest_charge.balance_transaction.fee"], session["payment_intent.latest_charge.balance_transaction.net"]));
        Assert.Equal(created["id"], Assert.Single((await Stripe.GetAsync($"/v1/checkout/sessions?payment_intent={session["payment_intent.id"]}")).Ids));
    }

    [Fact]
    public async Task Pay_pressed_twice_pays_once_and_leads_back_both_times()
    {
        var page = new Uri((await Stripe.SessionAsync(Order))["url"]!).AbsolutePath;

        var both = await Task.WhenAll(PostAsync(), PostAsync());

        Assert.All(both, back => Assert.StartsWith("http://127.0.0.1:9/paid", back, StringComparison.Ordinal));
        Assert.Equal(1, (await sandbox.GetAsync($"/control/books/stripe/charges?order={Order}")).GetArrayLength());

        async Task<string> PostAsync()
        {
            using var body = new FormUrlEncodedContent([new("action", "pay"), new("card", "pays")]);
            using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);
            return answer.Headers.Location!.ToString();
        }
    }

    [Theory]
    [InlineData("declined")]
    [InlineData("saves-only")]
    public async Task A_declined_card_leaves_the_page_open_for_another_one(string card)
    {
        var session = await Stripe.SessionAsync(Order);
        var page = new Uri(session["url"]!).AbsolutePath;

        Assert.Equal(page, (await Stripe.PressAsync(page, "pay", card)).AbsolutePath);

        Assert.Contains("id=\"refused\"", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
        var refused = await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}?expand[]=payment_intent");
        Assert.Equal(("open", "unpaid", "requires_payment_method"), (refused["status"], refused["payment_status"], refused["payment_intent.status"]));
        Assert.Equal("card_declined", refused["payment_intent.last_payment_error.code"]);
        await Stripe.PressAsync(page, "pay");
        Assert.Equal(refused["payment_intent.id"], (await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}"))["payment_intent"]);
    }

    [Theory]
    [InlineData("approve", "complete", "succeeded")]
    [InlineData("refuse", "open", "requires_payment_method")]
    public async Task A_bank_that_asks_decides_by_the_holders_answer(string answer, string status, string intentStatus)
    {
        var session = await Stripe.SessionAsync(Order);
        var question = await Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay", "asks");
        Assert.StartsWith("/stripe/authenticate/pi_", question.AbsolutePath, StringComparison.Ordinal);
        Assert.Equal("requires_action", (await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}?expand[]=payment_intent"))["payment_intent.status"]);

        var next = await Stripe.PressAsync(question.AbsolutePath, answer);

        Assert.Equal(status == "complete" ? "/paid" : new Uri(session["url"]!).AbsolutePath, next.AbsolutePath);
        var after = await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}?expand[]=payment_intent");
        Assert.Equal((status, intentStatus), (after["status"], after["payment_intent.status"]));
    }

    [Fact]
    public async Task A_payer_who_cancels_goes_back_and_may_come_again()
    {
        var page = new Uri((await Stripe.SessionAsync(Order))["url"]!).AbsolutePath;

        Assert.Equal(StripeMerchant.CancelUrl, (await Stripe.PressAsync(page, "cancel")).AbsoluteUri);
        Assert.StartsWith("http://127.0.0.1:9/paid", (await Stripe.PressAsync(page, "pay")).AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_session_cannot_be_paid_on_a_page_that_is_still_open()
    {
        var session = await Stripe.SessionAsync(Order);
        var page = new Uri(session["url"]!).AbsolutePath;
        var expired = await Stripe.PostAsync($"/v1/checkout/sessions/{session["id"]}/expire");
        Assert.Equal(("expired", null), (expired["status"], expired["url"]));

        using var body = new FormUrlEncodedContent([new("action", "pay"), new("card", "pays")]);
        using var answer = await sandbox.Http.PostAsync(page, body, Cancellation);

        Assert.Equal(page, answer.Headers.Location!.ToString());
        Assert.Contains("data-status=\"expired\"", await sandbox.Http.GetStringAsync(page, Cancellation), StringComparison.Ordinal);
        Assert.Equal(0, (await sandbox.GetAsync("/control/books/stripe/charges")).GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, (await Stripe.PostAsync($"/v1/checkout/sessions/{session["id"]}/expire")).Status);
    }

    [Fact]
    public async Task A_session_expires_by_itself_and_its_intent_with_it()
    {
        var session = await Stripe.SessionAsync(Order, more: ("expires_at", $"{SandboxRig.Start.AddMinutes(30).ToUnixTimeSeconds()}"));
        await Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay", "asks");

        sandbox.Clock.Advance(TimeSpan.FromMinutes(30));

        var expired = await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}?expand[]=payment_intent");
        Assert.Equal(("expired", "canceled"), (expired["status"], expired["payment_intent.status"]));
        Assert.Contains(session["id"]!, (await Stripe.GetAsync("/v1/checkout/sessions?status=expired")).Ids);
    }

    [Fact]
    public async Task A_paid_session_cannot_be_expired()
    {
        var session = await Stripe.SessionAsync(Order);
        await Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay");

        var answer = await Stripe.PostAsync($"/v1/checkout/sessions/{session["id"]}/expire");

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (answer.Status, answer["error.type"]));
    }

    [Fact]
    public async Task A_card_is_saved_for_charges_while_nobody_is_there()
    {
        var (customer, method) = await Stripe.SavedAsync();

        var card = await Stripe.GetAsync($"/v1/payment_methods/{method}");
        Assert.Equal((customer, "4242", "card"), (card["customer"], card["card.last4"], card["type"]));
        Assert.Equal("succeeded", (await Stripe.ChargeAsync(customer, method))["status"]);
    }

    [Fact]
    public async Task A_card_that_pays_can_be_saved_in_the_same_step()
    {
        var session = await Stripe.SessionAsync(Order, more: [("customer_creation", "always"), ("payment_intent_data[setup_future_usage]", "off_session")]);
        await Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay");

        var paid = await Stripe.GetAsync($"/v1/checkout/sessions/{session["id"]}?expand[]=payment_intent.payment_method");

        Assert.StartsWith("cus_", paid["customer"], StringComparison.Ordinal);
        Assert.Equal(paid["customer"], paid["payment_intent.payment_method.customer"]);
        Assert.Equal("succeeded", (await Stripe.ChargeAsync(paid["customer"]!, paid["payment_intent.payment_method.id"]!))["status"]);
    }

    [Theory]
    [InlineData("zh-CN,zh;q=0.9", "zh-Hans")]
    [InlineData("es-MX", "es")]
    [InlineData("fr", "en")]
    [InlineData(null, "en")]
    public async Task The_page_speaks_the_browsers_language_and_has_no_field_for_a_cards_number(string? accepted, string language)
    {
        var session = await Stripe.SessionAsync(Order);
        var pages = new List<string> { await ShowAsync(session["url"]!) };
        pages.Add(await ShowAsync((await Stripe.PressAsync(new Uri(session["url"]!).AbsolutePath, "pay", "asks")).AbsoluteUri));

        Assert.All(pages, html => Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal));
        Assert.All(pages, html => Assert.Contains("SANDBOX", html, StringComparison.Ordinal));
        Assert.All(pages, html => Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase));
        Assert.All(pages, html => Assert.False(HoldsCardNumber(html)));
        Assert.Equal(["pay", "cancel"], Buttons().Matches(pages[0]).Select(match => match.Groups[1].Value));
        Assert.Equal(["approve", "refuse"], Buttons().Matches(pages[1]).Select(match => match.Groups[1].Value));
        Assert.All(Inputs().Matches(pages[0]), input => Assert.Contains("type=\"radio\"", input.Value, StringComparison.Ordinal));

        async Task<string> ShowAsync(string url)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
            using var answer = await sandbox.Http.SendAsync(request, Cancellation);
            Assert.Contains("form-action 'self' http://127.0.0.1:9;", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            return await answer.Content.ReadAsStringAsync(Cancellation);
        }
    }

    [Fact]
    public async Task What_a_merchant_writes_is_shown_and_not_run()
    {
        var session = await Stripe.SessionAsync(Order, more: ("line_items[0][price_data][product_data][name]", "<script>alert(1)</script>"));

        var html = await sandbox.Http.GetStringAsync(session["url"], Cancellation);

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Nothing_that_is_said_or_kept_looks_like_a_cards_number()
    {
        var intent = await Stripe.PaidAsync();
        await Stripe.PostAsync("/v1/refunds", ("payment_intent", intent));
        var (customer, method) = await Stripe.SavedAsync("asks");
        await Stripe.ChargeAsync(customer, method);

        var texts = new List<string>();
        foreach (var path in new[] { "/v1/events?limit=100", "/v1/checkout/sessions", "/v1/refunds", "/v1/balance_transactions", $"/v1/payment_methods/{method}", $"/v1/payment_intents/{intent}" })
        {
            texts.Add((await Stripe.GetAsync(path)).Body.GetRawText());
        }

        await using var books = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(sandbox.Folder, "sandbox.db")};Mode=ReadOnly;Pooling=False");
        await books.OpenAsync(Cancellation);
        await using var all = books.CreateCommand();
        all.CommandText = "SELECT content FROM stripe_objects UNION ALL SELECT body FROM stripe_keys";
        await using var rows = await all.ExecuteReaderAsync(Cancellation);
        while (await rows.ReadAsync(Cancellation))
        {
            texts.Add(rows.GetString(0));
        }

        Assert.True(texts.Count > 20, $"{texts.Count} texts");
        Assert.All(texts, text => Assert.False(HoldsCardNumber(text), text));
    }

    [Theory]
    [InlineData("it was card 4242", false)]
    [InlineData("at 1772337600 and 1772337600000", false)]
    public void What_is_no_cards_number_is_not_taken_for_one(string text, bool holds) => Assert.Equal(holds, HoldsCardNumber(text));

    /// <summary>The control of the check itself, with a number that is put together here so that it stands in no file.</summary>
    [Fact]
    public void A_cards_number_would_be_found() => Assert.True(HoldsCardNumber($"a{string.Concat(Enumerable.Repeat("42", 8))}b"));

    /// <summary>A run of 13 to 19 digits that passes Luhn's check.</summary>
    private static bool HoldsCardNumber(string text) => Runs().Matches(text).Any(run =>
        run.Value.Reverse().Select((digit, index) => (digit - '0') * (index % 2 == 0 ? 1 : 2)).Sum(value => value > 9 ? value - 9 : value) % 10 == 0);

    [GeneratedRegex(@"(?<!\d)\d{13,19}(?!\d)")]
    private static partial Regex Runs();

    [GeneratedRegex("<button id=\"([^\"]+)\"")]
    private static partial Regex Buttons();

    [GeneratedRegex("<input[^>]*>")]
    private static partial Regex Inputs();
}
