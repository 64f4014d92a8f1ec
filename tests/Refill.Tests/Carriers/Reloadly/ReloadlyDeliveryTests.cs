using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Reloadly;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyDeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_top_up_asks_for_the_amount_the_number_and_the_operator_under_an_identifier_of_its_own()
    {
        var order = ReloadlyWire.Order(amount: "15.00");
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"transactionId":4602843}""", asynchronous: true);

        await wire.Carrier.DeliverAsync(order, Cancellation);

        var (method, path, bearer, body) = wire.Asked.Last();
        Assert.Equal((HttpMethod.Post, "/topups-async", "token-1"), (method, path, bearer));
        Assert.Equal(
            $$$"""{"operatorId":9108,"amount":15,"useLocalAmount":false,"customIdentifier":"rf-{{{CellId.ToText(order.Id)}}}","recipientPhone":{"countryCode":"US","number":"12015550170"}}""",
            body);
    }

    [Theory]
    [InlineData("15.00", "15")]
    [InlineData("15.5", "15.5")]
    [InlineData("0.07", "0.07")]
    [InlineData("92233720368547758.07", "92233720368547758.07")]
    public async Task The_amount_goes_out_exactly_as_the_catalogue_has_it(string product, string sent)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"transactionId":1}""", asynchronous: true);

        await wire.Carrier.DeliverAsync(ReloadlyWire.Order(amount: product), Cancellation);

        using var body = JsonDocument.Parse(wire.Asked.Last().Body);
        Assert.Equal(sent, body.RootElement.GetProperty("amount").GetRawText());
    }

    [Fact]
    public async Task An_asynchronous_top_up_that_was_taken_is_pending_under_its_transaction_id()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"transactionId":4602843}""", asynchronous: true);

        Assert.Equal(new DeliveryOutcome.Pending("4602843"), await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"transactionId":null}""")]
    [InlineData("""{"transactionId":0}""")]
    [InlineData("""{"transactionId":1.5}""")]
    [InlineData("""{"transactionId":1,"transactionId":2}""")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("<html>")]
    public async Task An_answer_to_an_asynchronous_top_up_that_names_no_transaction_is_unknown(string body)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, body, asynchronous: true);

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }

    [Fact]
    public async Task Successful_is_accepted_with_the_operators_number_and_the_cost_to_the_cent()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order));

        var outcome = await wire.Carrier.DeliverAsync(order, Cancellation);

        Assert.Equal(new DeliveryOutcome.Accepted("7297929551:OrderConfirmed", Money.Usd(1455)), outcome);
        Assert.Contains("/topups", wire.Paths);
    }

    [Fact]
    public async Task Without_an_operators_number_the_receipt_carries_Reloadlys()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, changes: ("operatorTransactionId", null)));

        var accepted = Assert.IsType<DeliveryOutcome.Accepted>(await wire.Carrier.DeliverAsync(order, Cancellation));

        Assert.Equal("4602843", accepted.CarrierReference);
    }

    [Fact]
    public async Task Types_as_the_contracts_schemas_have_them_are_read_like_those_of_its_examples()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(
            order, "SUCCESSFUL", ("recipientPhone", "12015550170"), ("operatorId", "9108"), ("requestedAmount", "15.00000"), ("discount", "0.45")));

        var accepted = Assert.IsType<DeliveryOutcome.Accepted>(await wire.Carrier.DeliverAsync(order, Cancellation));

        Assert.Equal(Money.Usd(1455), accepted.Cost);
    }

    [Theory]
    [InlineData("0", "USD", 1500)]
    [InlineData("0.45678", "USD", 1455)] // 14.54322: a part of a cent is a cent.
    [InlineData("15", "USD", 0)]
    [InlineData("15.01", "USD", null)]
    [InlineData("-1", "USD", null)]
    [InlineData("0.45", "NGN", null)]
    [InlineData("much", "USD", null)]
    public async Task The_cost_is_what_was_asked_less_a_discount_in_dollars_that_makes_sense(string discount, string currency, int? cents)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, "SUCCESSFUL", ("discount", discount), ("discountCurrencyCode", currency)));

        var accepted = Assert.IsType<DeliveryOutcome.Accepted>(await wire.Carrier.DeliverAsync(order, Cancellation));

        Assert.Equal(cents is { } known ? Money.Usd(known) : null, accepted.Cost);
    }

    [Theory]
    [InlineData("PROCESSING")]
    [InlineData("PENDING")]
    public async Task What_is_being_processed_is_pending(string status)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, status));

        Assert.Equal(new DeliveryOutcome.Pending("4602843"), await wire.Carrier.DeliverAsync(order, Cancellation));
    }

    [Theory]
    [InlineData("FAILED", null, DeliveryRefusal.Other)]
    [InlineData("REFUNDED", null, DeliveryRefusal.Other)]
    [InlineData("FAILED", "RECIPIENT_PHONE_INACTIVE", DeliveryRefusal.CardRefused)]
    public async Task What_failed_or_was_refunded_is_rejected(string status, string? errorCode, DeliveryRefusal reason)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, status, ("errorCode", errorCode)));

        var rejected = Assert.IsType<DeliveryOutcome.Rejected>(await wire.Carrier.DeliverAsync(order, Cancellation));

        Assert.Equal(reason, rejected.Reason);
    }

    [Theory]
    [InlineData("DELIVERED")]
    [InlineData("successful")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_status_that_the_contract_does_not_name_is_unknown(string? status)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, changes: ("status", status)));

        Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(order, Cancellation));
    }

    [Theory]
    [InlineData("customIdentifier", "rf-AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("customIdentifier", null)]
    [InlineData("operatorId", 9101)]
    [InlineData("recipientPhone", "12015550171")]
    [InlineData("recipientPhone", null)]
    [InlineData("requestedAmount", 15.01)]
    [InlineData("requestedAmount", null)]
    [InlineData("requestedAmountCurrencyCode", "NGN")]
    public async Task An_answer_about_something_else_than_was_asked_is_unknown_and_someone_hears_of_it(string field, object? value)
    {
        foreach (var status in new[] { "SUCCESSFUL", "FAILED", "PROCESSING" })
        {
            var order = ReloadlyWire.Order();
            using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order, status, (field, value)));

            Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(order, Cancellation));
            Assert.Contains(wire.Log.Lines, line => line.Level == LogLevel.Critical && line.Text.Contains(field, StringComparison.Ordinal));
        }
    }

    public static TheoryData<string, DeliveryRefusal> FinalCodes => new()
    {
        { "INVALID_RECIPIENT_PHONE", DeliveryRefusal.CardRefused },
        { "INVALID_PHONE_NUMBER", DeliveryRefusal.CardRefused },
        { "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH", DeliveryRefusal.CardRefused },
        { "PHONE_BANNED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "RECIPIENT_PHONE_INACTIVE", DeliveryRefusal.CardRefused },
        { "TRANSACTION_REJECTED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "TRANSACTION_REFUSED_BY_OPERATOR", DeliveryRefusal.CardRefused },
        { "INVALID_AMOUNT", DeliveryRefusal.PlanNotAvailable },
        { "INVALID_AMOUNT_FOR_OPERATOR", DeliveryRefusal.PlanNotAvailable },
        { "INVALID_AMOUNT_FOR_RECIPIENT_PHONE", DeliveryRefusal.PlanNotAvailable },
        { "IMPOSSIBLE_AMOUNT", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_NOT_FOUND", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_NOT_IN_SERVICE", DeliveryRefusal.PlanNotAvailable },
        { "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", DeliveryRefusal.PlanNotAvailable },
        { "COUNTRY_NOT_SUPPORTED", DeliveryRefusal.PlanNotAvailable },
        { "PHONE_RECENTLY_RECHARGED", DeliveryRefusal.LimitReached },
        { "RECIPIENT_REACHED_MAX_TOPUP_NUMBER", DeliveryRefusal.LimitReached },
        { "INSUFFICIENT_BALANCE", DeliveryRefusal.SellerRefused },
        { "INACTIVE_ACCOUNT", DeliveryRefusal.SellerRefused },
        { "ACCOUNT_NOT_FOUND", DeliveryRefusal.SellerRefused },
        { "MAX_DAILY_TRANSACTION_AMOUNT_REACHED", DeliveryRefusal.SellerRefused },
        { "MAX_DAILY_TRANSACTION_COUNT_REACHED", DeliveryRefusal.SellerRefused },
        { "INVALID_INPUT_PROVIDED", DeliveryRefusal.Other },
    };

    [Theory]
    [MemberData(nameof(FinalCodes))]
    public async Task A_400_with_a_final_code_is_rejected_for_its_reason(string code, DeliveryRefusal reason)
    {
        foreach (var asynchronous in new[] { true, false })
        {
            using var wire = new ReloadlyWire(HttpStatusCode.BadRequest, ReloadlyWire.Error(code), asynchronous);

            Assert.Equal(new DeliveryOutcome.Rejected(reason, code), await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));
        }
    }

    [Theory]
    [InlineData(400, "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT")]
    [InlineData(400, "PROVIDER_INTERNAL_ERROR")]
    [InlineData(400, "RECIPIENT_HAS_PENDING_TRANSACTION")]
    [InlineData(400, "A_CODE_OF_TOMORROW")]
    [InlineData(400, null)]
    [InlineData(404, null)]
    [InlineData(404, "INVALID_RECIPIENT_PHONE")]
    [InlineData(408, null)]
    [InlineData(409, "COUNTRY_NOT_SUPPORTED")]
    [InlineData(500, "INVALID_RECIPIENT_PHONE")]
    [InlineData(502, null)]
    [InlineData(503, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE")]
    [InlineData(504, null)]
    [InlineData(302, null)]
    [InlineData(204, null)]
    public async Task A_refusal_that_is_not_final_proves_nothing(int status, string? code)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error(code));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    public async Task Turned_away_at_the_door_is_unknown_and_known_to_have_done_nothing(int status)
    {
        using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error("INVALID_TOKEN"));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.True(unknown.NothingSent);
    }

    [Fact]
    public async Task A_connection_that_never_stood_has_carried_nothing()
    {
        using var wire = new ReloadlyWire((_, _, _) => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused by topups.example"));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.True(unknown.NothingSent);
    }

    [Fact]
    public async Task A_connection_that_closes_without_an_answer_may_have_carried_the_top_up()
    {
        using var wire = new ReloadlyWire((_, _, _) => throw new HttpRequestException(HttpRequestError.ResponseEnded, "closed"));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_in_its_middle_is_unknown()
    {
        using var wire = new ReloadlyWire((_, _, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BreakingStream()) }));

        Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));
    }

    [Fact]
    public async Task An_endless_answer_is_not_read_to_its_end()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order) + new string(' ', ReloadlyCalls.LongestAnswer));

        Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(order, Cancellation));
    }

    [Fact]
    public async Task No_answer_within_the_timeout_is_unknown()
    {
        var asked = new TaskCompletionSource();
        using var wire = new ReloadlyWire(async (_, _, cancellation) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("not reached");
        });

        var delivery = wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation);
        await asked.Task;
        wire.Time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.False(delivery.IsCompleted);
        wire.Time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.False(Assert.IsType<DeliveryOutcome.Unknown>(await delivery).NothingSent);
    }

    [Fact]
    public async Task A_caller_that_cancels_is_not_told_an_outcome()
    {
        using var stopping = new CancellationTokenSource();
        using var wire = new ReloadlyWire(async (_, _, cancellation) =>
        {
            await stopping.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("not reached");
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wire.Carrier.DeliverAsync(ReloadlyWire.Order(), stopping.Token));
    }

    [Fact]
    public async Task An_identifier_that_was_used_is_our_own_earlier_call_and_the_report_says_what_became_of_it()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire((path, _, _) => Task.FromResult(path.StartsWith("/topups/reports/", StringComparison.Ordinal)
            ? ReloadlyWire.Answer(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order)}}]}""")
            : ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("CUSTOM_IDENTIFIER_ALREADY_USED"))));

        Assert.Equal(new DeliveryOutcome.Accepted("7297929551:OrderConfirmed", Money.Usd(1455)), await wire.Carrier.DeliverAsync(order, Cancellation));
    }

    [Theory]
    [InlineData(200, """{"content":[]}""")]
    [InlineData(200, "{}")]
    [InlineData(500, "")]
    [InlineData(404, "{}")]
    public async Task An_identifier_that_was_used_is_never_a_rejection_even_if_the_report_does_not_show_it(int status, string report)
    {
        using var wire = new ReloadlyWire((path, _, _) => Task.FromResult(path.StartsWith("/topups/reports/", StringComparison.Ordinal)
            ? ReloadlyWire.Answer((HttpStatusCode)status, report)
            : ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("CUSTOM_IDENTIFIER_ALREADY_USED"))));

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.False(unknown.NothingSent);
    }

    [Theory]
    [InlineData("15.00 USD", "9108", DeliveryRefusal.PlanNotAvailable)]
    [InlineData("0", "9108", DeliveryRefusal.PlanNotAvailable)]
    [InlineData("-15", "9108", DeliveryRefusal.PlanNotAvailable)]
    [InlineData("15.001", "9108", DeliveryRefusal.PlanNotAvailable)]
    [InlineData("15", "Tello", DeliveryRefusal.PlanNotAvailable)]
    public async Task What_cannot_be_put_to_Reloadly_is_rejected_and_nothing_is_sent(string amount, string reference, DeliveryRefusal reason)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, "{}");

        var rejected = Assert.IsType<DeliveryOutcome.Rejected>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(amount: amount, reference: reference), Cancellation));

        Assert.Equal(reason, rejected.Reason);
        Assert.Empty(wire.Asked);
    }

    [Fact]
    public async Task An_ICCID_is_rejected_and_nothing_is_sent()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, "{}");

        var order = ReloadlyWire.Order(card: new CardIdentifier(CardIdentifierKind.Iccid, "8901990000000000014"));

        Assert.Equal(DeliveryRefusal.CardRefused, Assert.IsType<DeliveryOutcome.Rejected>(await wire.Carrier.DeliverAsync(order, Cancellation)).Reason);
        Assert.Empty(wire.Asked);
    }

    [Fact]
    public async Task Neither_a_number_nor_a_token_nor_a_secret_is_ever_logged()
    {
        var order = ReloadlyWire.Order();
        var answers = new Queue<Func<HttpResponseMessage>>(
        [
            () => ReloadlyWire.Answer(HttpStatusCode.OK, ReloadlyWire.Transaction(order, "SUCCESSFUL", ("recipientPhone", "12015550171"))),
            () => ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("INVALID_RECIPIENT_PHONE")),
            () => ReloadlyWire.Answer(HttpStatusCode.BadRequest, ReloadlyWire.Error("ANOTHER")),
            () => ReloadlyWire.Answer(HttpStatusCode.InternalServerError, "12015550170"),
            () => throw new HttpRequestException(HttpRequestError.ConnectionError, "https://topups.example/operators/auto-detect/phone/12015550170"),
            () => throw new IOException("12015550170"),
        ]);
        using var wire = new ReloadlyWire((_, _, _) => Task.FromResult(answers.Dequeue()()));

        while (answers.Count > 0)
        {
            await wire.Carrier.DeliverAsync(order, Cancellation);
        }

        Assert.NotEmpty(wire.Log.Lines);
        Assert.DoesNotContain(wire.Log.Lines, line => line.Text.Contains("555017", StringComparison.Ordinal)
            || line.Text.Contains("token-", StringComparison.Ordinal) || line.Text.Contains("secret-of-test", StringComparison.Ordinal));
    }

    private sealed class BreakingStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("broken off");
    }
}
