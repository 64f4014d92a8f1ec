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
