using System.IO.Compression;
using Refill.Ledger;
using Refill.Payments;
using Refill.Reconciliation;
using Refill.Storage;
using Refill.Tests.TopUps;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Reconciliation;

public sealed class ReconcilerOnSqliteTests() : ReconcilerTests(DatabaseKind.Sqlite);

public sealed class ReconcilerOnPostgresTests() : ReconcilerTests(DatabaseKind.Postgres);

/// <summary>A gateway's day against our books. The scene's clock stands at 2026-11-23 20:00 in Beijing.</summary>
public abstract class ReconcilerTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const long Price = 10650;
    private static readonly DateOnly Day = new(2026, 11, 23);

    [Fact]
    public async Task A_day_that_agrees_is_matched_row_by_row_and_its_fees_are_posted_once_however_often_it_is_read()
    {
        var orders = new List<string>();
        for (var number = 0; number < 3; number++)
        {
            orders.Add(await PaidAsync($"20155501{number:00}"));
        }

        orders.ForEach(order => Scene.Statement.Add(Day, StatementKind.Payment, order, Price, fee: 64));
        Scene.Statement.Add(Day, StatementKind.Settlement, null, -20000);

        for (var time = 0; time < 3; time++)
        {
            var report = await DoneAsync();
            Assert.Equal((4, 4, 0), (report.Rows, report.Matched, Differing(report)));
            Assert.Equal((3 * Price, 0, 3 * 64, 20000), (report.PaymentsMinor, report.RefundsMinor, report.FeesMinor, report.SettledMinor));
        }

        // What Alipay owes is one balance: all it took, less what it keeps and has paid out.
        Assert.Equal([new GatewayBalance("alipay", Money.Cny((3 * Price) - (3 * 64) - 20000), Money.Cny(0))], await Scene.Differences.OwedAsync(Scene.Gateways, Token));
        Assert.Equal(-((3 * Price) - (3 * 64) - 20000), await OwedAsync());
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task A_row_about_something_else_that_names_a_payment_stands_neither_for_it_nor_against_it()
    {
        var (told, untold) = (await PaidAsync("2015550100"), await PaidAsync("2015550101"));
        Scene.Statement.Add(Day, StatementKind.Other, told, -Price);
        Scene.Statement.Add(Day, StatementKind.Payment, told, Price);
        Scene.Statement.Add(Day, StatementKind.Other, untold, -Price);

        var report = await DoneAsync();

        Assert.Equal((3, 1, 0, 1, 0, 2), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        Assert.Contains(await Scene.Differences.OpenAsync(Token), found => found.Kind == DiscrepancyKind.OnlyOurs && found.Subject == "payment " + untold);
    }

    [Fact]
    public async Task Case_5_and_20_Money_of_theirs_that_we_think_unpaid_completes_its_top_up()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(5));
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(topUp)).State);
        Scene.Gateway.PretendPaid(order);
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price);

        var report = await DoneAsync();
        await Scene.DueAsync();

        Assert.Equal(1, report.OnlyTheirs);
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        Assert.Equal(0, Differing(await DoneAsync()));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Money_for_an_order_that_was_given_up_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Assert.True(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5));
        Scene.Gateway.PretendPaid(order);
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price);

        await DoneAsync();
        await Scene.PassAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_gateway_that_is_silent_just_then_is_asked_again_until_the_money_is_booked()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(5));
        Scene.Gateway.PretendPaid(order);
        Scene.Gateway.LostAnswers = 2;
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price);

        await DoneAsync();
        Assert.Single(await Scene.Differences.OpenAsync(Token));
        await Scene.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5));

        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        Assert.Equal(0, Differing(await DoneAsync()));
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Every_kind_of_difference_is_found_and_nothing_else()
    {
        var (agrees, missing, differs) = (await PaidAsync("2015550101"), await PaidAsync("2015550102"), await PaidAsync("2015550103"));
        var refused = await RefusedAsync("2015550104");
        Scene.Statement.Add(Day, StatementKind.Payment, agrees, Price);
        Scene.Statement.Add(Day, StatementKind.Payment, differs, Price - 1);
        Scene.Statement.Add(Day, StatementKind.Payment, refused, Price);
        Scene.Statement.Add(Day, StatementKind.Refund, refused, -Price, refund: refused + "R1");
        Scene.Statement.Add(Day, StatementKind.Payment, agrees, Price); // Twice.
        Scene.Statement.Add(Day, StatementKind.Payment, Guid.CreateVersion7().ToString("N"), 500); // Another installation's.
        Scene.Statement.Add(Day, StatementKind.Payment, "not ours at all", 500);
        Scene.Statement.Add(Day, StatementKind.Refund, agrees, -Price, refund: agrees + "X"); // By hand, in the gateway's console.
        Scene.Statement.Add(Day, StatementKind.Other, null, 300);
        Scene.Statement[Day].Add(new StatementRow(99, StatementKind.Payment, agrees, null, "U1", Money.Usd(100), Money.Usd(0), DateTimeOffset.UnixEpoch, "dollars"));

        var report = await DoneAsync();

        Assert.Equal((10, 3, 4, 1, 1, 2), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        var found = await Scene.Differences.OpenAsync(Token);
        Assert.Contains(found, d => d is { Kind: DiscrepancyKind.OnlyOurs } && d.Subject == "payment " + missing);
        Assert.Contains(found, d => d is { Kind: DiscrepancyKind.AmountDiffers, Ours.Minor: Price, Theirs.Minor: Price - 1 } && d.Subject == "payment " + differs);
        Assert.Contains(found, d => d.Kind == DiscrepancyKind.OnlyTheirs && d.Subject == "refund " + agrees + "X");
        Assert.DoesNotContain(found, d => d.Subject.Contains(refused, StringComparison.Ordinal));
        Assert.Equal(found.Select(d => d.Id), (await AgainAsync()).Select(d => d.Id));

        async Task<IReadOnlyList<Discrepancy>> AgainAsync()
        {
            await DoneAsync();
            return await Scene.Differences.OpenAsync(Token);
        }
    }

    [Fact]
    public async Task Refunds_by_hand_are_matched_by_their_numbers_one_by_one()
    {
        var order = await PaidAsync("2015550101");
        Assert.True(Payment.TryParseOrderNumber(order, out var paymentId));
        var topUpId = (await Scene.PaymentAsync(paymentId)).TopUpId;
        foreach (var part in (long[])[1000, 1000, 300])
        {
            Assert.IsType<RefundAnswer.Asked>(await Scene.Refunds.AskAsync(topUpId, part, "a part", "a person", Token));
        }

        await Scene.DueAsync();
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price);
        Scene.Statement.Add(Day, StatementKind.Refund, order, -1000, refund: order + "R2");
        Scene.Statement.Add(Day, StatementKind.Refund, order, -999, refund: order + "R3");

        var report = await DoneAsync();

        Assert.Equal((3, 2, 0, 1, 1, 0), (report.Rows, report.Matched, report.OnlyTheirs, report.OnlyOurs, report.AmountDiffers, report.Others));
        Assert.Contains(await Scene.Differences.OpenAsync(Token), d => d.Kind == DiscrepancyKind.OnlyOurs && d.Subject == $"refund {order}R4");
        Scene.Statement.Add(Day.AddDays(1), StatementKind.Refund, order, -300, refund: order + "R4");
        await DoneAsync(Day.AddDays(1));
        Assert.Single(await Scene.Differences.OpenAsync(Token));
    }

    [Fact]
    public async Task What_is_found_in_the_next_days_statement_settles_itself()
    {
        var order = await PaidAsync("2015550101");
        Scene.Statement.Add(Day, StatementKind.Fee, null, -1);
        await DoneAsync();
        Assert.Single(await Scene.Differences.OpenAsync(Token));

        Scene.Statement.Add(Day.AddDays(1), StatementKind.Payment, order, Price);
        await DoneAsync(Day.AddDays(1));

        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        Assert.Equal(DiscrepancyState.Settled, Assert.Single(await Scene.Differences.OfDayAsync("alipay", Day, Token)).State);
    }

    [Fact]
    public async Task An_empty_statement_of_a_day_with_sales_is_asked_for_again_until_it_is_certainly_empty()
    {
        await PaidAsync("2015550101");
        Assert.True(Assert.IsType<ReconciliationOutcome.Failed>(await Scene.Reconciler.RunAsync("alipay", Day, "test", Token)).MayPass);
        Assert.Empty(await Scene.Differences.OpenAsync(Token));

        Scene.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(1, (await DoneAsync()).OnlyOurs);
    }

    [Fact]
    public async Task A_person_closes_a_difference_with_a_reason_and_it_stays_closed()
    {
        await PaidAsync("2015550101");
        Scene.Statement.Add(Day, StatementKind.Fee, null, -1);
        await DoneAsync();
        var open = Assert.Single(await Scene.Differences.OpenAsync(Token));
        Assert.True(CellId.TryParse(open.Id, out var id));

        Assert.True(await Scene.Differences.CloseAsync(id, "a person", "paid over the counter by mistake", Token));
        Assert.False(await Scene.Differences.CloseAsync(id, "a person", "again", Token));
        await DoneAsync();

        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Scene.Differences.CloseAsync(id, "a person", new string('x', 301), Token));
    }

    [Fact]
    public async Task A_statement_that_turns_out_unfit_changes_nothing()
    {
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price, fee: 64);
        Scene.Statement.Unfit = new StatementException("the sums do not agree");

        var failed = Assert.IsType<ReconciliationOutcome.Failed>(await Scene.Reconciler.RunAsync("alipay", Day, "test", Token));

        Assert.Equal("the sums do not agree", failed.Why);
        Assert.Equal(0, await OwedAsync());
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        Assert.Null(Scene.Reports.Find("alipay", Day));
        Scene.Statement.Unfit = null;
        Assert.Equal(1, (await DoneAsync()).OnlyTheirs);
    }

    [Fact]
    public async Task A_wrong_file_is_refused_instead_of_becoming_ten_thousand_pieces_of_work()
    {
        for (var row = 0; row < 10_001; row++)
        {
            Scene.Statement.Add(Day, StatementKind.Payment, Guid.CreateVersion7().ToString("N"), 100);
        }

        Assert.IsType<ReconciliationOutcome.Failed>(await Scene.Reconciler.RunAsync("alipay", Day, "test", Token));
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
    }

    [Fact]
    public async Task Two_who_reconcile_one_day_do_not_do_it_at_once()
    {
        for (var row = 0; row < 3_000; row++)
        {
            Scene.Statement.Add(Day, StatementKind.Fee, null, -1);
        }

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(one => Scene.Reconciler.RunAsync("alipay", Day, $"node {one}", Token)));

        Assert.Contains(outcomes, outcome => outcome is ReconciliationOutcome.Done);
        Assert.All(outcomes, outcome => Assert.True(outcome is ReconciliationOutcome.Done or ReconciliationOutcome.Busy));
        Assert.Equal(3_000, await OwedAsync());
    }

    [Fact]
    public async Task The_keeper_does_each_day_once_when_its_statement_is_there_and_makes_up_for_missed_ones()
    {
        var order = await PaidAsync("2015550101");
        Scene.Statement.Add(Day, StatementKind.Payment, order, Price);
        Scene.Time.SetUtcNow(new DateTimeOffset(2026, 11, 24, 0, 30, 0, TimeSpan.Zero)); // 8:30 in Beijing: not there yet.
        await Scene.Keeper.OnceAsync(Token);
        Assert.Equal(0, Scene.Statement.Asked);

        Scene.Time.Advance(TimeSpan.FromHours(1));
        await Scene.Keeper.OnceAsync(Token);
        await Scene.Keeper.OnceAsync(Token);
        Assert.Equal(1, Scene.Statement.Asked);

        Scene.Time.Advance(TimeSpan.FromDays(3));
        await Scene.Keeper.OnceAsync(Token);
        Assert.Equal(4, Scene.Statement.Asked);
        Assert.All(await Scene.Differences.DaysAsync("alipay", 10, Token), day => Assert.Equal(ReconciliationState.Done, (ReconciliationState)day.State));
    }

    [Fact]
    public async Task The_report_has_every_row_of_both_sides()
    {
        var (agrees, missing) = (await PaidAsync("2015550101"), await PaidAsync("2015550102"));
        Scene.Statement.Add(Day, StatementKind.Payment, agrees, Price, fee: 64);
        Scene.Statement.Add(Day, StatementKind.Payment, "=HYPERLINK(1)", 5);
        await DoneAsync();

        await using var file = new GZipStream(Scene.Reports.Find("alipay", Day)!.OpenRead(), CompressionMode.Decompress);
        var lines = (await new StreamReader(file).ReadToEndAsync(Token)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(4, lines.Length);
        Assert.StartsWith($"1,payment,matched,{agrees},,T{agrees},106.50,,0.64,CNY,2026-11-23T12:00:00Z,", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"'=HYPERLINK(1)\"", lines[2], StringComparison.Ordinal);
        Assert.Contains($"only-ours,{missing}", lines[3], StringComparison.Ordinal);
        Assert.Null(Scene.Reports.Find("../alipay", Day));
    }

    private async Task<string> PaidAsync(string number)
    {
        var order = await Scene.StartAsync(await Scene.QuoteAsync(number));
        Assert.True(Scene.Gateway.Pay(order));
        await Scene.NotifyAsync(order);
        await Scene.DueAsync();
        return order;
    }

    private async Task<string> RefusedAsync(string number)
    {
        Scene.Carrier.Script.Enqueue("refuse");
        return await PaidAsync(number);
    }

    private async Task<ReconciliationRow> DoneAsync(DateOnly? day = null) =>
        Assert.IsType<ReconciliationOutcome.Done>(await Scene.Reconciler.RunAsync("alipay", day ?? Day, "test", Token)).Report;

    private static int Differing(ReconciliationRow report) => report.OnlyTheirs + report.OnlyOurs + report.AmountDiffers + report.Others;

    private async Task<long> OwedAsync()
    {
        var sum = 0L;
        for (var cell = 0; cell < Cell.Count; cell++)
        {
            sum += await Scene.Ledger.BalanceAsync(Account.For(new Cell((byte)cell), "clearing/alipay", Currency.Cny.Unit), Token);
        }

        return sum;
    }
}
