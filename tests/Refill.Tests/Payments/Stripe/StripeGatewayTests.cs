using System.Net;
using CsCheck;
using Refill.Payments;
using Refill.Payments.Stripe;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeGatewayTests : IDisposable
{
    private readonly StripeWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_browser_is_sent_to_a_session_that_says_what_it_must()
    {
        wire.Says(StripeWire.Session("open", "unpaid"));
        var start = await wire.Gateway.StartAsync(StripeWire.Payment(), Token);
        Assert.Equal(new PaymentStart.Redirect(new Uri("https://checkout.stripe.com/c/pay/cs_test_1"), "cs_test_1"), start);
        var sent = Assert.Single(wire.Sent);
        Assert.Equal(("POST", "/v1/checkout/sessions", StripeWire.Order, $"Bearer {StripeWire.SecretKey}"), (sent.Method, sent.Path, sent.IdempotencyKey, sent.Authorization));
        Assert.Equal("2026-10-28.endive", sent.Version);
        var said = sent.Parameters.AllKeys.ToDictionary(name => name!, name => sent.Parameters[name]);
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["mode"] = "payment",
                ["client_reference_id"] = StripeWire.Order,
                ["metadata[order_number]"] = StripeWire.Order,
                ["payment_intent_data[metadata][order_number]"] = StripeWire.Order,
                ["line_items[0][quantity]"] = "1",
                ["line_items[0][price_data][currency]"] = "usd",
                ["line_items[0][price_data][unit_amount]"] = "1500",
                ["line_items[0][price_data][product_data][name]"] = "Mint 5GB",
                ["success_url"] = "https://shop.example/top-ups/x?back=1",
                ["cancel_url"] = "https://shop.example/top-ups/x?back=1",
                ["expires_at"] = StripeWire.Now.AddMinutes(46).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
            said);
    }

    [Fact]
    public async Task Case_16_The_same_order_is_asked_for_in_the_same_words_and_under_the_same_key()
    {
        foreach (var minutes in new[] { 0, 14 })
        {
            wire.Time.SetUtcNow(StripeWire.Now.AddMinutes(minutes));
            wire.Says(StripeWire.Session("open", "unpaid"));
            await wire.Gateway.StartAsync(StripeWire.Payment(), Token);
        }

        Assert.Equal(wire.Sent[0].Parameters.ToString(), wire.Sent[1].Parameters.ToString());
        Assert.Equal(wire.Sent[0].IdempotencyKey, wire.Sent[1].IdempotencyKey);
    }

    [Fact]
    public async Task Case_16_The_library_repeats_a_lost_call_under_the_same_key()
    {
        wire.Options = wire.Options with { MaxNetworkRetries = 1, Timeout = TimeSpan.FromSeconds(30) };
        wire.Refuses(500, "api_error", "").Says(StripeWire.Session("open", "unpaid"));
        Assert.IsType<PaymentStart.Redirect>(await wire.Gateway.StartAsync(StripeWire.Payment(), Token));
        Assert.Equal([StripeWire.Order, StripeWire.Order], wire.Sent.Select(sent => sent.IdempotencyKey));
    }

    [Fact]
    public void However_late_a_start_is_repeated_within_the_orders_life_the_session_ends_in_half_an_hour_or_more() =>
        Gen.Select(Gen.Int[0, 23 * 60], Gen.Int[0, 100]).Sample((life, percent) =>
        {
            var ends = StripeCheckout.ExpiresAt(StripeWire.Now, StripeWire.Now.AddMinutes(life));
            return ends - StripeWire.Now.AddMinutes(life * percent / 100.0) >= TimeSpan.FromMinutes(30);
        });

    [Fact]
    public void No_session_lives_longer_than_a_day_or_ends_with_its_start() => Gen.Int[-10_000, 10_000].Sample(life =>
        StripeCheckout.ExpiresAt(StripeWire.Now, StripeWire.Now.AddMinutes(life)) - StripeWire.Now is var lives && lives >= TimeSpan.FromMinutes(30) && lives <= TimeSpan.FromHours(24));

    public static TheoryData<string, string> Starts => new()
    {
        { StripeWire.Session("open", "unpaid", order: "another_order"), "Unknown" },
        { StripeWire.Session("open", "unpaid").Replace("\"livemode\":false", "\"livemode\":true", StringComparison.Ordinal), "Unknown" },
        { StripeWire.Session("open", "unpaid").Replace("\"amount_total\":1500", "\"amount_total\":1", StringComparison.Ordinal), "Rejected" }, // Case 6, before it happens.
        { StripeWire.Session("open", "unpaid").Replace("\"usd\"", "\"eur\"", StringComparison.Ordinal), "Rejected" },
        { StripeWire.Session("open", "unpaid").Replace("https://checkout.stripe.com", "https://checkout.stripe.com.evil.example", StringComparison.Ordinal), "Rejected" },
        { StripeWire.Session("open", "unpaid").Replace("\"https://checkout.stripe.com/c/pay/cs_test_1\"", "null", StringComparison.Ordinal), "Unknown" },
        { "{}", "Unknown" },
        { "[]", "Unknown" },
        { "null", "Unknown" },
        { "<html>", "Unknown" },
        { "", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task A_session_that_is_not_the_orders_sends_nobody_anywhere(string answer, string expected)
    {
        wire.Says(answer);
        Assert.Equal(expected, (await wire.Gateway.StartAsync(StripeWire.Payment(), Token)).GetType().Name);
    }

    public static TheoryData<string, string> Queries => new()
    {
        { StripeWire.Session("open", "unpaid"), "Waiting" },
        { StripeWire.Session("expired", "unpaid"), "Closed" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded")), "Paid pi_1 15.00 0.00" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded", charge: """{"id":"ch_1","object":"charge","created":1795435203,"amount_refunded":1500}""")), "Paid pi_1 15.00 15.00" }, // Case 24.
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded", received: 1)), "Paid pi_1 0.01 0.00" }, // Case 6: the caller compares.
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded", currency: "eur")), "WrongCurrency EUR" }, // Case 8.
        { StripeWire.Session("complete", "unpaid", StripeWire.Intent("processing", received: 0)), "Waiting" },
        { StripeWire.Session("complete", "unpaid", StripeWire.Intent("requires_payment_method", 0, charge: "null", more: ",\"last_payment_error\":{\"type\":\"card_error\",\"code\":\"debit_not_authorized\"}")), "Closed" },
        { StripeWire.Session("complete", "unpaid", StripeWire.Intent("succeeded")), "Paid pi_1 15.00 0.00" },
        { StripeWire.Session("complete", "unpaid", "\"pi_1\""), "Waiting" },
        { StripeWire.Session("complete", "paid", "\"pi_1\""), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded", charge: "\"ch_1\"")), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("requires_capture")), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("something_new")), "Unknown" }, // Case 15.
        { StripeWire.Session("something_new", "unpaid"), "Unknown" },
        { StripeWire.Session("complete", "no_payment_required"), "Unknown" },
        { StripeWire.Session("complete", "something_new"), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded"), order: "another_order"), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded")).Replace("\"mode\":\"payment\"", "\"mode\":\"setup\"", StringComparison.Ordinal), "Unknown" },
        { StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded")).Replace("\"livemode\":false", "\"livemode\":true", StringComparison.Ordinal), "Unknown" }, // Case 7.
        { "{}", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task What_the_gateway_says_of_a_payment_is_one_of_a_closed_set(string answer, string expected)
    {
        wire.Says(answer);
        var status = await wire.Gateway.QueryAsync(StripeWire.Key(), Token);
        Assert.Equal(expected, status switch
        {
            PaymentStatus.Paid paid => $"Paid {paid.GatewayNumber} {paid.Amount.ToDecimalString()} {paid.Refunded.ToDecimalString()}",
            PaymentStatus.WrongCurrency other => $"WrongCurrency {other.Currency}",
            _ => status.GetType().Name,
        });
        Assert.Equal(("GET", "/v1/checkout/sessions/cs_test_1", "payment_intent.latest_charge"), (wire.Sent[0].Method, wire.Sent[0].Path, wire.Sent[0].Parameters["expand[0]"]));
    }

    [Fact]
    public async Task When_it_was_paid_is_told()
    {
        wire.Says(StripeWire.Session("complete", "paid", StripeWire.Intent("succeeded")));
        Assert.Equal(StripeWire.Now.AddSeconds(3), Assert.IsType<PaymentStatus.Paid>(await wire.Gateway.QueryAsync(StripeWire.Key(), Token)).PaidAt);
    }

    [Fact]
    public async Task An_order_that_nobody_was_sent_to_pay_is_not_asked_about()
    {
        Assert.IsType<PaymentStatus.NotFound>(await wire.Gateway.QueryAsync(StripeWire.Key(start: null), Token));
        Assert.IsType<PaymentClose.Closed>(await wire.Gateway.CloseAsync(StripeWire.Key(start: null), Token));
        Assert.Empty(wire.Sent);
    }

    [Theory]
    [InlineData("succeeded", "", nameof(PaymentStatus.Paid))]
    [InlineData("processing", "", nameof(PaymentStatus.Waiting))]
    [InlineData("canceled", "", nameof(PaymentStatus.Closed))]
    [InlineData("requires_payment_method", ",\"last_payment_error\":{\"type\":\"card_error\",\"code\":\"card_declined\"}", nameof(PaymentStatus.Closed))]
    public async Task A_charge_of_a_saved_means_is_queried_by_its_payment_intent(string status, string more, string expected)
    {
        wire.Says(StripeWire.Intent(status, more: more)).Says(StripeWire.Intent(status, order: "another_order"));
        Assert.Equal(expected, (await wire.Gateway.QueryAsync(StripeWire.Key("pi_1"), Token)).GetType().Name);
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(StripeWire.Key("pi_1"), Token));
        Assert.Equal("/v1/payment_intents/pi_1", wire.Sent[0].Path);
    }

    [Fact]
    public async Task Closing_expires_the_session()
    {
        wire.Says(StripeWire.Session("expired", "unpaid"));
        Assert.IsType<PaymentClose.Closed>(await wire.Gateway.CloseAsync(StripeWire.Key(), Token));
        Assert.Equal(("POST", "/v1/checkout/sessions/cs_test_1/expire"), (wire.Sent[0].Method, wire.Sent[0].Path));
        wire.Says(StripeWire.Session("expired", "unpaid", order: "another_order"));
        Assert.IsType<PaymentClose.Unknown>(await wire.Gateway.CloseAsync(StripeWire.Key(), Token));
    }

    [Theory]
    [InlineData("complete", "paid", "succeeded", nameof(PaymentClose.AlreadyPaid))]
    [InlineData("expired", "unpaid", null, nameof(PaymentClose.Closed))]
    [InlineData("complete", "unpaid", "processing", nameof(PaymentClose.Unknown))]
    [InlineData("open", "unpaid", null, nameof(PaymentClose.Unknown))]
    public async Task Case_19_A_close_that_is_refused_asks_how_the_session_stands(string status, string paymentStatus, string? intent, string expected)
    {
        wire.Refuses(400, "invalid_request_error", "").Says(StripeWire.Session(status, paymentStatus, intent is null ? "null" : StripeWire.Intent(intent)));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(StripeWire.Key(), Token)).GetType().Name);
    }

    public static TheoryData<int, string, string, string> Refusals => new()
    {
        { 400, "invalid_request_error", "amount_too_small", "Rejected" },
        { 400, "idempotency_error", "", "Rejected" },
        { 401, "invalid_request_error", "", "Rejected" },
        { 403, "invalid_request_error", "", "Rejected" },
        { 402, "card_error", "card_declined", "Rejected" },
        { 409, "idempotency_error", "idempotency_key_in_use", "Unknown" },
        { 429, "rate_limit_error", "rate_limit", "Unknown" },
        { 429, "invalid_request_error", "lock_timeout", "Unknown" },
        { 500, "api_error", "", "Unknown" },
        { 503, "api_error", "", "Unknown" },
        { 302, "api_error", "", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Only_an_error_that_repeating_does_not_mend_is_a_refusal(int status, string type, string code, string expected)
    {
        wire.Refuses(status, type, code);
        var start = await wire.Gateway.StartAsync(StripeWire.Payment(), Token);
        Assert.Equal(expected, start.GetType().Name);
        Assert.DoesNotContain("4242", start.ToString(), StringComparison.Ordinal); // Stripe's message may hold anything.
        Assert.Equal(status == 401, start.ToString().Contains("the key is refused", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task No_error_at_all_says_that_a_payment_is_not_there_or_will_not_come(int status, string type, string code, string expected)
    {
        _ = expected;
        wire.Refuses(status, type, code).Refuses(404, "invalid_request_error", "resource_missing");
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(StripeWire.Key(), Token));
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(StripeWire.Key(), Token));
    }

    [Fact]
    public async Task Silence_a_broken_line_a_strange_error_and_an_endless_answer_are_unknown()
    {
        wire.Answers(async cancellation =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new InvalidOperationException();
        });
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(StripeWire.Key(), Token));
        wire.Answers(_ => throw new HttpRequestException("refused"));
        Assert.IsType<PaymentStart.Unknown>(await wire.Gateway.StartAsync(StripeWire.Payment(), Token));
        wire.Says("<html>proxy</html>", HttpStatusCode.BadGateway).Says("[1]", HttpStatusCode.BadRequest).Says("""{"error":7}""", HttpStatusCode.BadRequest).Says(new string(' ', 5_000_000));
        for (var n = 0; n < 4; n++)
        {
            Assert.IsType<PaymentStart.Unknown>(await wire.Gateway.StartAsync(StripeWire.Payment(), Token));
        }
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_not_answered()
    {
        using var stop = new CancellationTokenSource();
        wire.Answers(async cancellation =>
        {
            await stop.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            throw new InvalidOperationException();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wire.Gateway.QueryAsync(StripeWire.Key(), stop.Token));
    }

    [Fact]
    public async Task Any_bytes_are_an_unknown_answer() => await Gen.Byte.Array[0, 300].SampleAsync(async bytes =>
    {
        using var line = new StripeWire();
        line.Answers(_ => Task.FromResult(new HttpResponseMessage { Content = new ByteArrayContent(bytes) }));
        Assert.IsType<PaymentStatus.Unknown>(await line.Gateway.QueryAsync(StripeWire.Key(), Token));
    }, iter: 500);

    [Theory]
    [InlineData(200, null, null)]
    [InlineData(401, "", "test mode) is refused")]
    [InlineData(403, "", "may not read balance transactions")]
    [InlineData(500, "", "is not known")]
    public async Task A_key_that_does_not_work_is_named_and_not_shown(int status, string? code, string? expected)
    {
        _ = code is null ? wire.Says("""{"object":"list","data":[],"has_more":false,"url":"/v1/balance_transactions"}""") : wire.Refuses(status, "invalid_request_error", code);
        var why = await wire.Gateway.CheckAsync(Token);
        Assert.Equal(("/v1/balance_transactions", "1"), (wire.Sent[0].Path, wire.Sent[0].Parameters["limit"]));
        if (expected is null)
        {
            Assert.Null(why);
            return;
        }

        Assert.Contains(expected, why, StringComparison.Ordinal);
        Assert.DoesNotContain(StripeWire.SecretKey, why, StringComparison.Ordinal);
    }

    [Fact]
    public void Subjects_are_cut_and_have_no_control_characters() =>
        Gen.String.Sample(text => StripeCheckout.Subject(text) is { Length: > 0 and <= 200 } subject && !subject.Any(char.IsControl));
}
