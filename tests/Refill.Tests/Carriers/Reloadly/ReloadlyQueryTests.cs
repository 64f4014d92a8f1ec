using System.Net;
using Microsoft.Extensions.Logging;
using Refill.Carriers;
using Refill.Carriers.Reloadly;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyQueryTests
{
    private static readonly DeliveryQuery Credited = new DeliveryQuery.Known(new DeliveryOutcome.Accepted("7297929551:OrderConfirmed", Money.Usd(1455)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_a_transaction_id_the_status_is_asked()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order));

        Assert.Equal(Credited, await wire.Carrier.QueryAsync(order, "4602843", Cancellation));
        Assert.Equal(["/oauth/token", "/topups/4602843/status"], wire.Paths);
    }

    [Fact]
    public async Task A_transaction_wrapped_as_in_the_field_is_read_like_the_contracts()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, $$"""{"code":null,"message":null,"status":"SUCCESSFUL","transaction":{{ReloadlyWire.Transaction(order)}}}""");

        Assert.Equal(Credited, await wire.Carrier.QueryAsync(order, "4602843", Cancellation));
    }

    [Fact]
    public async Task The_code_around_a_failed_transaction_says_why()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, $$"""{"code":"PHONE_RECENTLY_RECHARGED","status":"FAILED","transaction":{{ReloadlyWire.Transaction(order, "FAILED")}}}""");

        var known = Assert.IsType<DeliveryQuery.Known>(await wire.Carrier.QueryAsync(order, "4602843", Cancellation));

        Assert.Equal(DeliveryRefusal.LimitReached, Assert.IsType<DeliveryOutcome.Rejected>(known.Outcome).Reason);
    }

    [Fact]
    public async Task A_transaction_that_is_not_shown_while_it_is_processed_is_pending()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"code":null,"message":null,"status":"PROCESSING","transaction":null}""");

        Assert.Equal(new DeliveryQuery.Known(new DeliveryOutcome.Pending("4602843")), await wire.Carrier.QueryAsync(ReloadlyWire.Order(), "4602843", Cancellation));
    }

    [Theory]
    [InlineData(200, """{"code":"X","status":"FAILED","transaction":null}""")]
    [InlineData(404, """{"message":"no","errorCode":"TRANSACTION_NOT_FOUND"}""")]
    public async Task A_transaction_that_the_status_does_not_show_is_looked_for_in_the_report(int status, string body)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire((path, _, _) => Task.FromResult(path.StartsWith("/topups/reports/", StringComparison.Ordinal)
            ? ReloadlyWire.Answer(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order)}}]}""")
            : ReloadlyWire.Answer((HttpStatusCode)status, body)));

        Assert.Equal(Credited, await wire.Carrier.QueryAsync(order, "4602843", Cancellation));
    }

    [Fact]
    public async Task The_status_of_another_transaction_is_unknown()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Transaction(order));

        var known = Assert.IsType<DeliveryQuery.Known>(await wire.Carrier.QueryAsync(order, "4602844", Cancellation));

        Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
        Assert.Contains(wire.Log.Lines, line => line.Level == LogLevel.Critical);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task A_question_that_was_not_answered_leaves_it_unknown(int status)
    {
        foreach (var number in new[] { "4602843", null })
        {
            using var wire = new ReloadlyWire((HttpStatusCode)status, ReloadlyWire.Error(null));

            var known = Assert.IsType<DeliveryQuery.Known>(await wire.Carrier.QueryAsync(ReloadlyWire.Order(), number, Cancellation));

            Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
        }
    }

    [Fact]
    public async Task Without_a_transaction_id_the_report_is_searched_by_identifier_and_not_by_date()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order)}}]}""");

        Assert.Equal(Credited, await wire.Carrier.QueryAsync(order, null, Cancellation));
        Assert.Equal($"/topups/reports/transactions?customIdentifier=rf-{CellId.ToText(order.Id)}&size=200&page=1", wire.Paths.Last());
    }

    [Fact]
    public async Task A_row_whose_identifier_only_resembles_ours_is_not_ours()
    {
        var order = ReloadlyWire.Order();
        var identifier = ReloadlyIdentifier.Of(order.Id);
        var other = "RF-" + identifier[3..];
        using var wire = new ReloadlyWire(HttpStatusCode.OK,
            $$"""{"content":[{{ReloadlyWire.Transaction(order, changes: ("customIdentifier", other))}},{{ReloadlyWire.Transaction(order, changes: ("customIdentifier", identifier + "2"))}},{}]}""");

        Assert.IsType<DeliveryQuery.NotFound>(await wire.Carrier.QueryAsync(order, null, Cancellation));
    }

    [Theory]
    [InlineData("""{"content":null}""")]
    [InlineData("""{"transactions":[]}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task A_report_that_cannot_be_read_does_not_prove_that_there_is_none(string report)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, report);

        var known = Assert.IsType<DeliveryQuery.Known>(await wire.Carrier.QueryAsync(ReloadlyWire.Order(), null, Cancellation));

        Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
    }

    [Fact]
    public async Task A_report_that_does_not_honour_the_filter_is_read_on_but_not_for_ever()
    {
        var order = ReloadlyWire.Order();
        var fullPage = $$"""{"content":[{{string.Join(',', Enumerable.Repeat("""{"customIdentifier":"of another"}""", 200))}}]}""";
        using var endless = new ReloadlyWire(HttpStatusCode.OK, fullPage);
        using var second = new ReloadlyWire((path, _, _) => Task.FromResult(ReloadlyWire.Answer(
            HttpStatusCode.OK, path.EndsWith("page=2", StringComparison.Ordinal) ? $$"""{"content":[{{ReloadlyWire.Transaction(order)}}]}""" : fullPage)));

        var known = Assert.IsType<DeliveryQuery.Known>(await endless.Carrier.QueryAsync(order, null, Cancellation));

        Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
        Assert.Equal(1 + 5, endless.Asked.Count);
        Assert.Equal(Credited, await second.Carrier.QueryAsync(order, null, Cancellation));
    }

    [Theory]
    [InlineData("SUCCESSFUL", "FAILED", typeof(DeliveryOutcome.Accepted))]
    [InlineData("REFUNDED", "SUCCESSFUL", typeof(DeliveryOutcome.Accepted))]
    [InlineData("FAILED", "PROCESSING", typeof(DeliveryOutcome.Pending))]
    [InlineData("FAILED", "SOMETHING", typeof(DeliveryOutcome.Unknown))]
    [InlineData("PROCESSING", "SUCCESSFUL", typeof(DeliveryOutcome.Accepted))]
    [InlineData("FAILED", "REFUNDED", typeof(DeliveryOutcome.Rejected))]
    public async Task Of_several_rows_a_credit_outweighs_what_may_become_one_and_that_a_refusal(string first, string second, Type expected)
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order, first)}},{{ReloadlyWire.Transaction(order, second)}}]}""");

        var known = Assert.IsType<DeliveryQuery.Known>(await wire.Carrier.QueryAsync(order, null, Cancellation));

        Assert.IsType(expected, known.Outcome);
    }

    [Fact]
    public async Task A_card_that_was_credited_twice_is_said_aloud()
    {
        var order = ReloadlyWire.Order();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, $$"""{"content":[{{ReloadlyWire.Transaction(order)}},{{ReloadlyWire.Transaction(order, changes: ("transactionId", 5))}}]}""");

        Assert.Equal(Credited, await wire.Carrier.QueryAsync(order, null, Cancellation));
        Assert.Contains(wire.Log.Lines, line => line.Level == LogLevel.Critical && line.Text.Contains("2 times", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_silence_means_unknown_and_not_found_is_final_only_after_ten_minutes()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, "{}");

        var meaning = wire.Carrier.Timeout;

        Assert.Equal((TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(10)), (meaning.CallTimeout, meaning.NotFoundIsFinalAfter));
        Assert.StartsWith("Silence is unknown, never failed", meaning.Statement, StringComparison.Ordinal);
        Assert.Contains("600 seconds after the call", meaning.Statement, StringComparison.Ordinal);
    }
}
