using Microsoft.EntityFrameworkCore;
using Refill.Archive;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Archive;

public sealed class ArchivistOnSqliteTests() : ArchivistTests(DatabaseKind.Sqlite)
{
    [Fact]
    public Task A_top_up_that_is_paid_while_the_rows_of_its_month_go_stays() => PaidWhileItLeavesAsync(ArchivePoint.Booked);
}

public sealed class ArchivistOnPostgresTests() : ArchivistTests(DatabaseKind.Postgres)
{
    [Fact]
    public async Task The_month_s_partitions_are_gone_and_what_stays_of_it_is_in_the_one_for_all_others()
    {
        await LiveThroughNovemberAsync();
        Assert.Equal((1, 0), (await ExistsAsync("top_up_2026_11"), await RowsAsync("top_up_other")));

        await MoveNovemberAsync();

        Assert.Equal((0, 0), (await ExistsAsync("top_up_2026_11"), await ExistsAsync("transfer_2026_11")));
        Assert.Equal((1, 2), (await RowsAsync("top_up_other"), await RowsAsync("transfer_other"))); // Received, and reserved to go back.

        async Task<long> ExistsAsync(string table) => await ScalarAsync($"SELECT count(*) FROM pg_class WHERE relname = '{table}'");

        async Task<long> RowsAsync(string table) => await ScalarAsync($"SELECT count(*) FROM {table}");
    }

    [Fact]
    public async Task A_month_for_which_nobody_made_partitions_leaves_all_the_same()
    {
        await LiveThroughNovemberAsync();
        foreach (var table in Months.Tables)
        {
            await Scene.Test.RunAsync($"ALTER TABLE {table} DETACH PARTITION {table}_2026_11; INSERT INTO {table} SELECT * FROM {table}_2026_11; DROP TABLE {table}_2026_11");
        }

        Assert.Equal(8, await ScalarAsync("SELECT count(*) FROM top_up_other"));

        Assert.Equal((7L, 1), await MoveNovemberAsync() is var moved ? (moved.TopUps, moved.Staying) : default);

        Assert.Equal(1, await ScalarAsync("SELECT count(*) FROM top_up_other"));
        await SoundAsync();
    }

    [Fact]
    public async Task Whoever_reads_the_tables_is_waited_for()
    {
        await LiveThroughNovemberAsync();
        GoTo(2027, 2);
        await using var reader = await Scene.Test.Database.OpenConnectionAsync(Token);
        await using var transaction = await reader.BeginTransactionAsync(Token);
        await using var reading = reader.CreateCommand();
        reading.CommandText = "SELECT count(*) FROM top_up";
        Assert.Equal(8L, await reading.ExecuteScalarAsync(Token));

        var moving = Archivist().MoveDueAsync(Retention, Token);
        while (await ScalarAsync("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted") == 0)
        {
            Assert.False(moving.IsCompleted);
        }

        await transaction.CommitAsync(Token);
        Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await moving).Months);
        await SoundAsync();
    }
}

/// <summary>Months move to the archive, and nothing is lost, doubled or unsound, wherever it is stopped.</summary>
public abstract class ArchivistTests(DatabaseKind kind) : ArchiveStory(kind)
{
    [Fact]
    public async Task A_month_that_is_due_leaves_with_all_that_has_ended_and_the_books_agree_as_before()
    {
        var (wallet, waiting) = await LiveThroughNovemberAsync();
        var before = await CountsAsync();

        var moved = await MoveNovemberAsync();

        Assert.Equal((November, 7L, 1), (moved.Month, moved.TopUps, moved.Staying));
        Assert.Equal([TopUpState.Refunding], await StatesAsync());
        var after = await CountsAsync();
        Assert.Equal((1, 1), (after.TopUps, after.Payments));
        Assert.Equal(before.Transfers, after.Transfers + moved.Transfers);
        Assert.Equal(TopUpState.Refunding, (await Scene.NowAsync(waiting)).State);
        Assert.Equal((short)ArchiveState.Moved, (await RowAsync(November)).State);
        Assert.Equal(new FileInfo(moved.File).Length, moved.Bytes);
        await SoundAsync();
        Assert.Equal(Money.Usd(501_00 - 45_00), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
    }

    /// <summary>An allowance that was never used has no row (Account.OpensWithOwner): its only posting says all of it, and leaves.</summary>
    [Fact]
    public async Task What_a_card_was_given_in_a_month_that_has_moved_is_still_its_own()
    {
        var (wallet, _) = await LiveThroughNovemberAsync();
        var topUp = await OrderAsync(wallet, "kept", own: true);
        var data = Account.For(CellId.CellOf(topUp), Refill.Carriers.Own.Allowances.Data, Unit.Byte, topUp, floor: 0);
        var given = await Scene.Ledger.BalanceAsync(data, Token);
        Assert.True(given > 0);
        Assert.Equal(0, await ScalarAsync("SELECT count(*) FROM account WHERE purpose = 'allowance/data' AND balance > 0"));
        await MoveNovemberAsync();

        Assert.Equal(given, await Scene.Ledger.BalanceAsync(data, Token));
        var used = new Transfer(CellId.New(data.Cell, Scene.Time), "used", topUp, [new(data, -given), new(Account.For(data.Cell, "used/data", Unit.Byte), given)]);
        Assert.IsType<CommitOutcome.Committed>(await Scene.Ledger.CommitAsync(new Commit(data.Cell) { Transfers = [used] }, Token));
        var more = new Transfer(CellId.New(data.Cell, Scene.Time), "used", topUp, [new(data, -1), new(Account.For(data.Cell, "used/data", Unit.Byte), 1)]);
        Assert.IsType<CommitOutcome.BelowFloor>(await Scene.Ledger.CommitAsync(new Commit(data.Cell) { Transfers = [more] }, Token));
        await SoundAsync();
    }

    [Fact]
    public async Task What_had_not_ended_leaves_with_the_month_in_which_it_ended()
    {
        var (wallet, waiting) = await LiveThroughNovemberAsync();
        GoTo(2026, 12);
        Scene.Gateway.Refunds = null;
        await Scene.PassAsync(TimeSpan.FromDays(2), TimeSpan.FromHours(1));
        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(waiting)).State);
        await OrderAsync(wallet, "december", own: true);
        await MoveNovemberAsync();
        await SoundAsync();
        GoTo(2027, 3);

        var december = Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months);

        Assert.Equal((new Month(2026, 12), 2L, 0), (december.Month, december.TopUps, december.Staying));
        Assert.Equal((0, 0, 0, 0), await CountsAsync());
        Assert.Contains(ArchiveFile.Subjects(december.File), subject => subject.TopUp?.Id == waiting.Id && subject.TopUp.Payments.Count == 1 && subject.Transfers.Count == 3);
        await SoundAsync();
    }

    [Fact]
    public async Task What_ended_in_the_last_hour_of_its_month_leaves_with_the_next()
    {
        Scene.Time.Advance(new DateTimeOffset(2026, 11, 30, 23, 30, 0, TimeSpan.Zero) - Scene.Time.GetUtcNow());
        var wallet = await Scene.Wallets.OpenAsync("shop", Token);
        await CreditAsync(wallet, 100_00, "first");
        await OrderAsync(wallet, "a", own: true);

        Assert.Equal((0L, 1L, 1), await MoveNovemberAsync() is var november ? (november.TopUps, november.Transfers, november.Staying) : default);
        GoTo(2027, 3);
        await CreditAsync(wallet, 1_00, "second");
        Assert.Empty(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months); // Nothing came in December: it has no archive.
        GoTo(2027, 6);
        Assert.Equal((new Month(2027, 3), 1L), Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months) is var march ? (march.Month, march.TopUps) : default);
        await SoundAsync();
    }

    [Fact]
    public async Task Only_whole_months_that_are_due_move_the_oldest_first()
    {
        var (wallet, _) = await LiveThroughNovemberAsync();
        Assert.IsType<ArchiveOutcome.NotOver>(await Archivist().MoveAsync(November, Token));
        Scene.Time.Advance(new DateTimeOffset(2026, 12, 1, 23, 59, 0, TimeSpan.Zero) - Scene.Time.GetUtcNow());
        Assert.IsType<ArchiveOutcome.NotOver>(await Archivist().MoveAsync(November, Token)); // Not for a day.
        await OrderAsync(wallet, "december", own: true);
        GoTo(2027, 1);
        await OrderAsync(wallet, "january", own: true);
        Assert.Empty(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months);

        Assert.Equal(November, Assert.IsType<ArchiveOutcome.OutOfOrder>(await Archivist().MoveAsync(new Month(2026, 12), Token)).First);
        Assert.IsType<ArchiveOutcome.NothingThere>(await Archivist().MoveAsync(new Month(2026, 10), Token));
        Assert.Equal(November, Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveAsync(November, Token)).Months).Month);
        Assert.IsType<ArchiveOutcome.NothingThere>(await Archivist().MoveAsync(November, Token));
        GoTo(2027, 4);
        var moved = Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months;

        Assert.Equal(["2026-12", "2027-01"], moved.Select(month => month.Month.ToString()));
        Assert.Equal([TopUpState.Refunding], await StatesAsync());
        await SoundAsync();
    }

    [Fact]
    public async Task One_process_at_a_time_archives_or_verifies()
    {
        await LiveThroughNovemberAsync();
        GoTo(2027, 2);
        await using (await Removal.TryBeginAsync(Scene.Test.Database, Token))
        {
            Assert.IsType<ArchiveOutcome.UnderWay>(await Archivist().MoveDueAsync(Retention, Token));
            Assert.Null(await new Verification(Scene.Test.Database, Folder).RunAsync(TimeSpan.Zero, Token));
            Assert.False(Directory.Exists(Folder));
        }

        Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token)).Months);
    }

    [Fact]
    public async Task Orders_go_on_while_a_month_leaves()
    {
        var (wallet, _) = await LiveThroughNovemberAsync();
        GoTo(2027, 2);
        Scene.Carrier.AllowancesInLedger = true;
        Assert.NotNull((await Scene.Desk.FindCardAsync("2015550123", Token)).Value);
        var before = await CountsAsync();

        var moving = Task.Run(() => Archivist().MoveDueAsync(Retention, Token), Token);
        var ordered = 0;
        while (ordered < 10 || (!moving.IsCompleted && ordered < 30))
        {
            var order = new WalletOrder(wallet.Id, $"meanwhile {ordered++}", [.. new byte[32]], "2015550123", "mint-5gb");
            Assert.IsType<WalletOrderOutcome.Ordered>(await Scene.Orders.OrderAsync(order, _ => [], Token));
        }

        var moved = Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await moving).Months);
        Assert.Equal(before.TopUps + ordered - moved.TopUps, (await CountsAsync()).TopUps);
        await SoundAsync();
    }

    public static TheoryData<string> Points => [.. Enum.GetNames<ArchivePoint>()];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Stopped_anywhere_nothing_is_lost_or_doubled_and_the_next_run_carries_on(string point)
    {
        await LiveThroughNovemberAsync();
        var before = await CountsAsync();
        GoTo(2027, 2);
        await Assert.ThrowsAsync<StoppedException>(() => Archivist(reached => Stop(reached.ToString() == point)).MoveDueAsync(Retention, Token));
        await SoundAsync();
        Assert.Equal(point == nameof(ArchivePoint.Written) || (point == nameof(ArchivePoint.Booked) && Kind == DatabaseKind.Sqlite), await CountsAsync() == before);

        Assert.IsType<ArchiveOutcome.Moved>(await Archivist().MoveDueAsync(Retention, Token));

        Assert.Equal((short)ArchiveState.Moved, (await RowAsync(November)).State);
        Assert.Equal([TopUpState.Refunding], await StatesAsync());
        Assert.Equal((1, 1, 5, before.Transfers - (int)(await RowAsync(November)).Transfers), await CountsAsync());
        Assert.Equal([FileOf(November)], Directory.GetFiles(Folder));
        await SoundAsync();
    }

    [Fact]
    public async Task Stopped_in_the_middle_of_the_file_nothing_has_been_done()
    {
        await LiveThroughNovemberAsync();
        await Scene.Test.RunAsync("UPDATE transfer SET cell = (cell + 1) % 256 WHERE kind = 'refunded'");
        GoTo(2027, 2);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Archivist().MoveDueAsync(Retention, Token));

        Assert.Contains("stands in cell", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Folder));
        await using var db = Scene.Test.Database.Open();
        Assert.Empty(await db.Set<ArchiveRow>().ToListAsync(Token));
    }

    [Fact]
    public Task A_top_up_that_is_paid_while_its_month_is_read_stays() => PaidWhileItLeavesAsync(ArchivePoint.Written);

    [Fact]
    public async Task A_history_ends_where_the_archive_begins()
    {
        var (wallet, _) = await LiveThroughNovemberAsync();
        await MoveNovemberAsync();
        var order = await OrderAsync(wallet, "february", own: true);

        var entry = Assert.Single(await Scene.Ledger.HistoryAsync(wallet.Account, cancellation: Token));
        var (topUps, next) = await Scene.Orders.ListAsync(wallet.Id, null, 100, Token);

        Assert.Equal((8L, -15_00L, 441_00L), (entry.Sequence, entry.Amount, entry.BalanceAfter));
        Assert.Equal((order, null), (Assert.Single(topUps).Id, next));
        await SoundAsync();
    }

    [Fact]
    public async Task What_has_left_is_known_by_its_time()
    {
        var (wallet, waiting) = await LiveThroughNovemberAsync();
        var archived = new ArchivedMonths(Scene.Test.Database);
        Assert.False(await archived.HoldAsync(waiting.Id, Token));

        await MoveNovemberAsync();

        Assert.True(await archived.HoldAsync(waiting.Id, Token)); // Asked only of what is not found.
        Assert.False(await archived.HoldAsync(await OrderAsync(wallet, "february", own: true), Token));
        Assert.False(await archived.HoldAsync(new Guid(Enumerable.Repeat((byte)0xFF, 16).ToArray()), Token));
    }

    private protected async Task PaidWhileItLeavesAsync(ArchivePoint point)
    {
        await LiveThroughNovemberAsync();
        var expired = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(expired);
        await Scene.PassAsync(TimeSpan.FromHours(26), TimeSpan.FromHours(1));
        Assert.Equal((TopUpState.Expired, 0), ((await Scene.NowAsync(expired)).State, await ScalarAsync("SELECT count(*) FROM work WHERE kind <> 'top-up.refund'")));
        GoTo(2027, 2);
        var paid = false;

        var moved = Assert.Single(Assert.IsType<ArchiveOutcome.Moved>(await Archivist(reached =>
        {
            if (reached == point && !paid)
            {
                paid = true;
                Scene.Gateway.PretendPaid(order);
                Scene.NotifyAsync(order).GetAwaiter().GetResult();
            }
        }).MoveDueAsync(Retention, Token)).Months);

        // PostgreSQL has read the month anew; on SQLite the file holds it, and what it says does not count.
        Assert.Equal((Kind == DatabaseKind.Postgres ? 7 : 8, TopUpState.Refunding), (moved.TopUps, (await Scene.NowAsync(expired)).State));
        await SoundAsync();
        Scene.Gateway.Refunds = null;
        await Scene.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(TopUpState.Refunded, (await Scene.NowAsync(expired)).State);
        await SoundAsync();
        File.Delete(moved.File);
        Assert.All((await VerifyAsync()).Findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
    }
}
