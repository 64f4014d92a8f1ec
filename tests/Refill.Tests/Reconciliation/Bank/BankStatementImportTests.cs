using System.Text;
using Refill.Payments.Transfers;
using Refill.Reconciliation;
using Refill.Reconciliation.Bank;
using Refill.Storage;
using Refill.Tests.TopUps;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Reconciliation.Bank;

public sealed class BankStatementImportOnSqliteTests() : BankStatementImportTests(DatabaseKind.Sqlite);

public sealed class BankStatementImportOnPostgresTests() : BankStatementImportTests(DatabaseKind.Postgres);

/// <summary>A transfer from the reference to the card, or back. The scene's account is in yuan, a top-up costs 106.50.</summary>
public abstract class BankStatementImportTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const string Price = "106.50";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_transfer_that_arrives_after_days_completes_its_top_up_at_the_quoted_price_once_however_often_its_statement_comes()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        Assert.Equal(reference, await Scene.TransferAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromDays(6), Hour);
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);

        var typed = $"To Refill {reference.ToLowerInvariant().Replace(' ', '-')} thanks";
        var first = await ImportAsync((Price, typed, "A1"));
        await Scene.DueAsync();
        var again = await ImportAsync((Price, typed, "A1"));

        Assert.Equal((1, 1, true), (first.New, first.Of(CreditVerdict.Matched), first.IsClean));
        Assert.Equal((0, 1, true), (again.New, again.Of(CreditVerdict.Matched), again.IsClean));
        var done = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Completed, Money.Cny(10650)), (done.State, done.Due));
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        await Scene.PassAsync(TimeSpan.FromDays(9), TimeSpan.FromHours(6));
        Assert.Empty(await Scene.DeadAsync());
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_A_day_after_its_week_a_transfer_is_still_honoured()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromDays(7) + Hour, Hour);
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(topUp)).State);

        Assert.True((await ImportAsync((Price, reference, "A1"))).IsClean);
        await Scene.DueAsync();

        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_20_Later_it_goes_back_by_hand_and_is_pending_until_a_person_says_so()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromDays(10), TimeSpan.FromHours(3));

        var report = await ImportAsync((Price, reference, "A1"));
        await Scene.DueAsync();

        Assert.Equal((1, false), (report.Of(CreditVerdict.GoesBack), report.IsClean));
        Assert.Equal((TopUpState.Refunding, TopUpTrouble.PaidTooLate), ((await Scene.NowAsync(topUp)).State, (await Scene.NowAsync(topUp)).Trouble));
        var waiting = Assert.Single(await Scene.BankRefunds.ListAsync(Token));
        Assert.Equal((Money.Cny(10650), reference, "A1"), (waiting.Amount, waiting.Reference, waiting.EntryId));
        await Scene.SoundAsync(topUp);

        // Forgotten for a week it is laid before a person; it is not too late then.
        await Scene.PassAsync(TimeSpan.FromDays(8), Hour);
        Assert.Equal(TopUpSteps.RefundWork, Assert.Single(await Scene.DeadAsync()).Kind);
        Assert.Equal(BankRefundAnswer.NotFound, await Scene.BankRefunds.ConfirmAsync("nonsense", "a test", Token));
        Assert.Equal(BankRefundAnswer.NotFound, await Scene.BankRefunds.ConfirmAsync(Guid.NewGuid().ToString("N") + "R1", "a test", Token));
        Assert.Equal(BankRefundAnswer.Confirmed, await Scene.BankRefunds.ConfirmAsync(waiting.Number, "a test", Token));
        Assert.Empty(await Scene.BankRefunds.ListAsync(Token));
        await Scene.DueAsync();

        Assert.Equal(BankRefundAnswer.Known, await Scene.BankRefunds.ConfirmAsync(waiting.Number, "a test", Token));
        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(topUp)).State);
        Assert.Empty(await Scene.DeadAsync());
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_6_Another_amount_is_booked_as_what_it_is_and_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);

        var report = await ImportAsync(("106.40", reference, "A1"));
        await Scene.DueAsync();

        Assert.Equal(1, report.Of(CreditVerdict.AmountDiffers));
        var difference = Assert.Single(await Scene.Differences.OpenAsync(Token));
        Assert.Equal((DiscrepancyKind.AmountDiffers, Money.Cny(10650), Money.Cny(10640)), (difference.Kind, difference.Ours, difference.Theirs));
        Assert.Equal((TopUpState.Refunding, TopUpTrouble.PaidTooLittle), ((await Scene.NowAsync(topUp)).State, (await Scene.NowAsync(topUp)).Trouble));

        var waiting = Assert.Single(await Scene.BankRefunds.ListAsync(Token));
        Assert.Equal(Money.Cny(10640), waiting.Amount);
        await Scene.BankRefunds.ConfirmAsync(waiting.Number, "a test", Token);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await ImportAsync(("106.40", reference, "A1"));

        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(topUp)).State);
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_25_Of_two_transfers_under_one_reference_the_first_counts_and_the_others_are_a_persons()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);

        var together = await ImportAsync((Price, reference, "A1"), (Price, reference, "A2"));
        var later = await ImportAsync((Price, reference, "A3"), (Price, reference, "A1"));
        await Scene.DueAsync();

        Assert.Equal([CreditVerdict.Matched, CreditVerdict.AlreadyPaid], together.Found.Select(found => found.Verdict));
        Assert.Equal([CreditVerdict.AlreadyPaid, CreditVerdict.Matched], later.Found.Select(found => found.Verdict));
        Assert.Equal(["credit A2", "credit A3"], (await Scene.Differences.OpenAsync(Token)).Select(difference => difference.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task What_names_no_payment_or_two_changes_nothing_and_waits_for_a_person()
    {
        var (one, other) = (await Scene.QuoteAsync("2015550101"), await Scene.QuoteAsync("2015550102"));
        var (first, second) = (await Scene.TransferAsync(one), await Scene.TransferAsync(other));
        var stranger = TransferReference.Of(CellId.New(new Cell(3), Scene.Time.GetUtcNow()));

        var report = await ImportAsync((Price, "for the phone", "A1"), (Price, stranger, "A2"), (Price, $"{first} {second}", "A3"));

        Assert.Equal([CreditVerdict.NoReference, CreditVerdict.UnknownReference, CreditVerdict.Unexplained], report.Found.Select(found => found.Verdict));
        Assert.Equal(
            [(DiscrepancyKind.OnlyTheirs, "credit A1"), (DiscrepancyKind.OnlyTheirs, "credit A2"), (DiscrepancyKind.Unexplained, "credit A3")],
            (await Scene.Differences.OpenAsync(Token)).Select(difference => (difference.Kind, difference.Subject)).OrderBy(difference => difference.Subject, StringComparer.Ordinal));
        Assert.DoesNotContain(await Scene.Differences.OpenAsync(Token), difference => difference.Text.Contains("phone", StringComparison.Ordinal));
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(one)).State);
        await Scene.SoundAsync(one, other);
    }

    [Fact]
    public async Task Money_for_an_order_that_was_given_up_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromDays(1), Hour);
        Assert.True(await Scene.Desk.CancelAsync(topUp.Id, Token));

        Assert.Equal(1, (await ImportAsync((Price, reference, "A1"))).Of(CreditVerdict.GoesBack));

        Assert.Equal(TopUpState.Refunding, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Case_25_A_transfer_for_what_was_paid_another_way_goes_back()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);

        Assert.Equal(1, (await ImportAsync((Price, reference, "A1"))).Of(CreditVerdict.GoesBack));
        await Scene.BankRefunds.ConfirmAsync(Assert.Single(await Scene.BankRefunds.ListAsync(Token)).Number, "a test", Token);
        await Scene.DueAsync();

        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        Assert.True((await Scene.NowAsync(topUp)).Payments.Single(payment => payment.Gateway == "transfer").Refund!.Done);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_transfer_is_honoured_though_another_way_was_looked_at_afterwards()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.StartAsync(topUp);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        await Scene.PassAsync(TimeSpan.FromDays(3), TimeSpan.FromMinutes(30));
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(topUp)).State);

        Assert.True((await ImportAsync((Price, reference, "A1"))).IsClean);
        await Scene.DueAsync();

        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Two_imports_of_one_statement_at_once_have_one_effect()
    {
        var topUps = new List<TopUpView>();
        var credits = new List<(string, string, string)>();
        for (var number = 0; number < 8; number++)
        {
            topUps.Add(await Scene.QuoteAsync($"20155501{number:00}"));
            credits.Add((Price, await Scene.TransferAsync(topUps[^1]), $"A{number}"));
        }

        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ImportAsync([.. credits, (Price, credits[0].Item2, "B")])));
        await Scene.DueAsync();

        Assert.Equal(9, reports.Sum(report => report.New));
        Assert.All(reports, report => Assert.Equal((8, 1), (report.Of(CreditVerdict.Matched), report.Of(CreditVerdict.AlreadyPaid))));
        Assert.All(topUps, topUp => Assert.Equal(TopUpState.Completed, Scene.NowAsync(topUp).GetAwaiter().GetResult().State));
        Assert.Single(await Scene.Differences.OpenAsync(Token));
        await Scene.SoundAsync([.. topUps]);
    }

    [Fact]
    public async Task What_an_import_left_undone_when_it_was_cut_off_is_booked_within_the_hour()
    {
        var topUp = await Scene.QuoteAsync();
        await Scene.TransferAsync(topUp);
        var paymentId = (await Scene.NowAsync(topUp)).Payments.Single().Id;
        var entry = new BankEntry("A1", BankEntryKind.Credit, Money.Cny(10650), new DateOnly(2026, 11, 24), "");
        var (rows, _) = await Scene.Transfers.KeepAsync("6222000012345678", [entry], Token);
        Assert.True(await Scene.Transfers.ClaimAsync(rows["A1"].Id, paymentId, Token));
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);

        await Scene.PassAsync(Hour + TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5));

        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_credit_whose_top_up_has_left_for_the_archive_is_still_matched()
    {
        var gone = CellId.New(new Cell(9), Scene.Time.GetUtcNow());
        var (rows, _) = await Scene.Transfers.KeepAsync("6222000012345678", [new BankEntry("A1", BankEntryKind.Credit, Money.Cny(10650), new DateOnly(2026, 11, 25), "")], Token);
        await Scene.Transfers.ClaimAsync(rows["A1"].Id, gone, Token);

        Assert.True((await ImportAsync((Price, TransferReference.Of(gone), "A1"))).IsClean);
        Assert.Empty(await Scene.Differences.OpenAsync(Token));
    }

    [Fact]
    public async Task A_statement_that_contradicts_an_earlier_one_or_cannot_be_read_changes_nothing()
    {
        var topUp = await Scene.QuoteAsync();
        var reference = await Scene.TransferAsync(topUp);
        await ImportAsync((Price, "nothing", "A1"));

        var changed = Assert.IsType<BankImportOutcome.Failed>(await TryAsync((Price, reference, "A0"), ("1.00", "nothing", "A1")));
        var unread = Assert.IsType<BankImportOutcome.Failed>(await TryAsync((Price, reference, "A0"), ("one", "", "A2")));

        Assert.Equal("the entry 'A1' has 1.00 CNY, and had 106.50 CNY when it was imported before", changed.Why);
        Assert.StartsWith("line 3 has no amount", unread.Why, StringComparison.Ordinal);
        Assert.Equal(1, await Scene.Test.CountAsync("bank_credit"));
        Assert.Equal(TopUpState.AwaitingPayment, (await Scene.NowAsync(topUp)).State);
    }

    [Fact]
    public async Task A_carriers_refusal_sends_the_transfer_back_as_well()
    {
        Scene.Carrier.Script.Enqueue("refuse");
        var topUp = await Scene.QuoteAsync();
        await ImportAsync((Price, await Scene.TransferAsync(topUp), "A1"));
        await Scene.DueAsync();

        Assert.Equal(TopUpState.Refunding, (await Scene.NowAsync(topUp)).State);
        Assert.Equal("A1", Assert.Single(await Scene.BankRefunds.ListAsync(Token)).EntryId);
        await Scene.SoundAsync(topUp);
    }

    private async Task<BankImportReport> ImportAsync(params (string Amount, string Text, string Id)[] credits) => Assert.IsType<BankImportOutcome.Done>(await TryAsync(credits)).Report;

    private async Task<BankImportOutcome> TryAsync(params (string Amount, string Text, string Id)[] credits)
    {
        var lines = credits.Select(credit => $"2026-11-25,{credit.Amount},CNY,\"{credit.Text}\",{credit.Id}\n");
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("date,amount,currency,reference,entry_id\n" + string.Concat(lines)));
        return await Scene.Bank.ImportAsync(file, Token);
    }
}
