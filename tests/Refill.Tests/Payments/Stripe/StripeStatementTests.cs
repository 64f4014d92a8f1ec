using System.Globalization;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeStatementTests : IDisposable
{
    private static readonly DateOnly Day = new(2026, 11, 22);
    private static readonly long Noon = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
    private readonly StripeWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_days_rows_say_what_they_are_of()
    {
        wire.Says(Page(
            true,
            Row("txn_1", "charge", 1500, 74, $$"""{"id":"ch_1","object":"charge","payment_intent":"pi_1","metadata":{"order_number":"{{StripeWire.Order}}"} }"""),
            Row("txn_2", "refund", -1500, 0, $$"""{"id":"re_1","object":"refund","payment_intent":"pi_1","metadata":{"order_number":"{{StripeWire.Order}}","refund_number":"{{StripeWire.Order}}R1"} }""")));
        wire.Says(Page(
            false,
            Row("txn_3", "payment", 900, 30, """{"id":"py_1","object":"charge","payment_intent":"pi_2","metadata":{"order_number":"not ours; at all"} }"""),
            Row("txn_4", "stripe_fee", -200, 0, "null"),
            Row("txn_5", "payout", -5000, 0, "\"po_1\""),
            Row("txn_6", "adjustment", -1500, 1500, "\"dp_1\""),
            Row("txn_7", "something_new", 5, 0, "null")));
        var rows = await wire.Statement.ReadAsync(Day, Token).ToListAsync(Token);
        Assert.Equal(
            [
                (1, StatementKind.Payment, StripeWire.Order, null, "pi_1", Money.Usd(1500), Money.Usd(74)),
                (2, StatementKind.Refund, StripeWire.Order, StripeWire.Order + "R1", "re_1", Money.Usd(-1500), Money.Usd(0)),
                (3, StatementKind.Payment, null, null, "pi_2", Money.Usd(900), Money.Usd(30)),
                (4, StatementKind.Fee, null, null, "txn_4", Money.Usd(-200), Money.Usd(0)),
                (5, StatementKind.Settlement, null, null, "po_1", Money.Usd(-5000), Money.Usd(0)),
                (6, StatementKind.Other, null, null, "dp_1", Money.Usd(-1500), Money.Usd(1500)),
                (7, StatementKind.Other, null, null, "txn_7", Money.Usd(5), Money.Usd(0)),
            ],
            rows.Select(row => (row.Line, row.Kind, row.OrderNumber, row.RefundNumber, row.GatewayNumber, row.Amount, row.Fee)));
        Assert.All(rows, row => Assert.Equal(Noon, row.At.ToUnixTimeSeconds()));

        var sent = wire.Sent[0].Parameters;
        var midnight = Noon - (12 * 3600);
        Assert.Equal(("100", "data.source", $"{midnight}", $"{midnight + 86400}", null), (sent["limit"], sent["expand[0]"], sent["created[gte]"], sent["created[lt]"], sent["starting_after"]));
        Assert.Equal("txn_2", wire.Sent[1].Parameters["starting_after"]);
    }

    [Fact]
    public async Task Case_8_Another_currency_is_laid_before_a_person_and_an_exchange_is_told()
    {
        wire.Says(Page(
            false,
            Row("txn_1", "charge", 1500, 74, "null", currency: "eur", rate: "0.91"),
            Row("txn_2", "charge", 1500, 74, "null", currency: "cny"),
            Row("txn_3", "charge", 1500, 74, "null", rate: "1.12345")));
        var rows = await wire.Statement.ReadAsync(Day, Token).ToListAsync(Token);
        Assert.Equal([StatementKind.Other, StatementKind.Other, StatementKind.Payment], rows.Select(row => row.Kind));
        Assert.Equal([Money.Usd(0), Money.Cny(1500), Money.Usd(1500)], rows.Select(row => row.Amount));
        Assert.Equal(["charge, 1500 eur in minor units, fee 74, exchanged at 0.91", "charge", "charge, exchanged at 1.12345"], rows.Select(row => row.Text));
    }

    [Fact]
    public async Task A_row_tells_nothing_personal()
    {
        wire.Says(Page(false, Row("txn_1", "charge", 1500, 74, """{"id":"ch_1","object":"charge","billing_details":{"name":"Zhang San","email":"a@example.com"},"payment_method_details":{"type":"card","card":{"last4":"4242"} } }""")));
        var row = Assert.Single(await wire.Statement.ReadAsync(Day, Token).ToListAsync(Token));
        Assert.Equal("charge", row.Text);
        Assert.DoesNotContain("Zhang", row.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("4242", row.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_are_asked_for_only_as_they_are_taken()
    {
        wire.Says(Page(true, Row("txn_1", "payout", -1, 0, "null"), Row("txn_2", "payout", -1, 0, "null")));
        await foreach (var row in wire.Statement.ReadAsync(Day, Token))
        {
            if (row.Line == 2)
            {
                break;
            }
        }

        Assert.Single(wire.Sent);
    }

    [Theory]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    public async Task A_page_that_cannot_be_had_ends_the_statement(int status, bool mayPass)
    {
        wire.Says(Page(true, Row("txn_1", "payout", -1, 0, "null"))).Refuses(status, "x", "y");
        Assert.Equal(mayPass, (await Fails()).MayPass);
    }

    [Fact]
    public async Task A_statement_that_does_not_add_up_is_not_believed()
    {
        wire.Says(Page(false, Row("txn_1", "charge", 1500, 74, "null").Replace("\"net\":1426", "\"net\":1427", StringComparison.Ordinal)));
        Assert.False((await Fails()).MayPass);
        wire.Says(Page(false, Row("txn_1", "charge", 1500, 74, "null").Replace(Noon.ToString(CultureInfo.InvariantCulture), (Noon + 43200).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        Assert.False((await Fails()).MayPass);
        wire.Says(Page(true));
        Assert.False((await Fails()).MayPass);
        wire.Says(Page(true, Row("txn_1", "payout", -1, 0, "null"))).Says(Page(true, Row("txn_1", "payout", -1, 0, "null")));
        Assert.False((await Fails()).MayPass);
    }

    [Fact]
    public async Task A_day_that_is_not_over_is_not_read()
    {
        var today = new DateOnly(2026, 11, 23);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 0, 15, 0, TimeSpan.Zero), wire.Statement.ReadyAt(today));
        Assert.True((await Assert.ThrowsAsync<StatementException>(async () => await wire.Statement.ReadAsync(today, Token).CountAsync(Token))).MayPass);
        Assert.Empty(wire.Sent);
    }

    private Task<StatementException> Fails() => Assert.ThrowsAsync<StatementException>(async () => await wire.Statement.ReadAsync(Day, Token).CountAsync(Token));

    private static string Row(string id, string type, long amount, long fee, string source, string currency = "usd", string rate = "null") => $$"""
        {"id":"{{id}}","object":"balance_transaction","type":"{{type}}","amount":{{amount}},"fee":{{fee}},"net":{{amount - fee}},"currency":"{{currency}}",
         "exchange_rate":{{rate}},"created":{{Noon}},"description":"for Zhang San","source":{{source}} }
        """;

    private static string Page(bool more, params string[] rows) => $$"""{"object":"list","url":"/v1/balance_transactions","has_more":{{(more ? "true" : "false")}},"data":[{{string.Join(',', rows)}}]}""";
}
