using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.Tests.Ledger;

public sealed class LedgerOnSqliteTests : LedgerTests
{
    protected override DatabaseKind Kind => DatabaseKind.Sqlite;
}

public sealed class LedgerOnPostgresTests : LedgerTests
{
    protected override DatabaseKind Kind => DatabaseKind.Postgres;
}

/// <summary>The laws of the ledger, the same on both databases.</summary>
public abstract class LedgerTests : LedgerTestBase
{
    [Fact]
    public async Task Money_moves_and_the_history_says_how()
    {
        var (world, wallet) = (World(), Wallet(1));
        Assert.IsType<CommitOutcome.Committed>(await MoveAsync(world, wallet, 500));
        Assert.IsType<CommitOutcome.Committed>(await MoveAsync(wallet, world, 200));

        Assert.Equal(300, await Ledger.BalanceAsync(wallet, Token));
        Assert.Equal(-300, await Ledger.BalanceAsync(world, Token));
        var history = await Ledger.HistoryAsync(wallet, cancellation: Token);
        Assert.Equal([(2, -200, 300), (1, 500, 500)], history.Select(entry => (entry.Sequence, entry.Amount, entry.BalanceAfter)));
        Assert.Equal([(1L, 500L)], (await Ledger.HistoryAsync(wallet, history[0].Before, limit: 1, Token)).Select(entry => (entry.Sequence, entry.Amount)));
        await SoundAsync();
    }

    [Fact]
    public async Task An_answer_that_names_a_balance_is_written_with_the_commit_that_makes_it()
    {
        var commits = Enumerable.Range(1, 20).Select(number => new Commit(Cell)
        {
            Key = Key($"k{number}", ""),
            Transfers = [Transfer(World(), Wallet(1), 5)],
            BalanceAnswer = new BalanceAnswer(Wallet(1).Id, balance => Encoding.UTF8.GetBytes($"{balance}")),
        }).ToList();

        var outcomes = await Task.WhenAll(commits.Select(commit => Ledger.CommitAsync(commit, Token)));
        var again = await Task.WhenAll(commits.Select(commit => Ledger.CommitAsync(commit, Token)));

        var balances = outcomes.Select(outcome => Encoding.UTF8.GetString(Assert.IsType<CommitOutcome.Committed>(outcome).Answer.Span)).ToList();
        Assert.Equal(Enumerable.Range(1, 20).Select(number => $"{number * 5}").Order(), balances.Order());
        Assert.Equal(balances, again.Select(outcome => Encoding.UTF8.GetString(Assert.IsType<CommitOutcome.Replayed>(outcome).Answer.Span)));
    }

    [Fact]
    public async Task A_commit_may_hold_transfers_of_two_cells_and_happens_in_both_or_in_none()
    {
        var there = new Cell(200);
        var (shop, sales) = (Account.For(there, "shop", Currency.Usd.Unit), Account.For(there, "sales", Currency.Usd.Unit));
        await MoveAsync(World(), Wallet(1), 100);

        var commit = (long amount) => new Commit(Cell)
        {
            Transfers = [new(CellId.New(there, TimeProvider.System), "there", default, [new(shop, -amount), new(sales, amount)]), Transfer(Wallet(1), World(), amount)],
        };

        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(commit(60), Token));
        Assert.IsType<CommitOutcome.BelowFloor>(await Ledger.CommitAsync(commit(60), Token));
        Assert.Equal((40L, 60L), (await Ledger.BalanceAsync(Wallet(1), Token), await Ledger.BalanceAsync(sales, Token)));
        await SoundAsync();
    }

    [Fact]
    public async Task A_transfer_may_post_to_accounts_of_two_cells_and_each_has_it_in_its_history()
    {
        var sales = Account.For(new Cell(200), "sales", Currency.Usd.Unit, floor: 0);
        await MoveAsync(World(), Wallet(1), 100);
        var across = new Transfer(CellId.New(new Cell(200), TimeProvider.System), "across", default, [new(Wallet(1), -60), new(sales, 60)]);

        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Transfers = [across] }, Token));
        Assert.Equal((40L, 60L), (await Ledger.BalanceAsync(Wallet(1), Token), await Ledger.BalanceAsync(sales, Token)));
        Assert.Equal(("across", -60L), (await Ledger.HistoryAsync(Wallet(1), cancellation: Token))[0] is var taken ? (taken.Kind, taken.Amount) : default);
        Assert.Equal(("across", 60L), (await Ledger.HistoryAsync(sales, cancellation: Token))[0] is var earned ? (earned.Kind, earned.Amount) : default);
        await SoundAsync();
    }

    [Fact]
    public async Task An_account_that_opens_with_its_owner_has_no_row_until_it_is_posted_to_again()
    {
        var owner = CellId.New(Cell, TimeProvider.System);
        var (data, voice) = (Account.For(Cell, "allowance/data", Currency.Usd.Unit, owner, floor: 0), Account.For(Cell, "allowance/voice", Currency.Usd.Unit, owner, floor: 0));
        var made = new Commit(Cell) { Rows = [Row(owner, 0, "made")], Transfers = [new Transfer(owner, "made", owner, [new(World(), -30), new(data, 10), new(voice, 20)])] };
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(made, Token));
        Assert.Equal((10L, 20L, 0L), (await Ledger.BalanceAsync(data, Token), await Ledger.BalanceAsync(voice, Token), await Test.CountAsync("account WHERE purpose LIKE 'allowance/%'")));
        Assert.Equal([(1L, 10L, 10L)], (await Ledger.HistoryAsync(data, cancellation: Token)).Select(entry => (entry.Sequence, entry.Amount, entry.BalanceAfter)));
        await SoundAsync();

        Assert.IsType<CommitOutcome.BelowFloor>(await MoveAsync(data, World(), 11));
        Assert.IsType<CommitOutcome.Committed>(await MoveAsync(data, World(), 4));
        Assert.IsType<CommitOutcome.Committed>(await MoveAsync(data, World(), 1));
        Assert.Equal((5L, 1L), (await Ledger.BalanceAsync(data, Token), await Test.CountAsync("account WHERE purpose LIKE 'allowance/%'")));
        Assert.Equal([(3L, -1L), (2L, -4L), (1L, 10L)], (await Ledger.HistoryAsync(data, cancellation: Token)).Select(entry => (entry.Sequence, entry.Amount)));
        await SoundAsync();

        // Its row alone is not all of it: without the posting that it began with, the audit knows.
        await Test.RunAsync("DELETE FROM transfer WHERE kind = 'made'");
        await FoundAsync("counts its postings");
    }

    [Fact]
    public async Task Many_who_are_the_first_to_post_to_an_account_without_a_row_do_not_lose_one()
    {
        await using var second = new GeneralLedger(Test.Database);
        var owner = CellId.New(Cell, TimeProvider.System);
        var data = Account.For(Cell, "allowance/data", Currency.Usd.Unit, owner, floor: 0);
        await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(owner, 0, "made")], Transfers = [new Transfer(owner, "made", owner, [new(World(), -100), new(data, 100)])] }, Token);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 120).Select(n => (n % 2 == 0 ? Ledger : second).CommitAsync(new Commit(Cell) { Transfers = [Transfer(data, World(), 1)] }, Token)));

        Assert.Equal((100, 20), (outcomes.Count(outcome => outcome is CommitOutcome.Committed), outcomes.Count(outcome => outcome is CommitOutcome.BelowFloor)));
        Assert.Equal(0, await second.BalanceAsync(data, Token));
        await SoundAsync();
    }

    [Fact]
    public async Task An_account_without_a_floor_is_summed_whoever_posts_to_it_and_whatever_was_carried_over()
    {
        await using var second = new GeneralLedger(Test.Database);
        await Task.WhenAll(Enumerable.Range(1, 200).Select(n => (n % 2 == 0 ? Ledger : second).CommitAsync(new Commit(Cell) { Transfers = [Transfer(World(), Wallet(n), n)] }, Token)));
        Assert.Equal(-20_100, await Ledger.BalanceAsync(World(), Token));
        await SoundAsync();
        await Test.CarryOverAsync();
        Assert.Equal(-20_100, await Ledger.BalanceAsync(World(), Token));
        Assert.Equal((0L, 1L), (await Test.CountAsync("tally"), await Test.CountAsync("account WHERE purpose = 'world' AND balance = -20100 AND postings = 200")));
        await MoveAsync(Wallet(7), World(), 7);
        Assert.Equal(-20_093, await second.BalanceAsync(World(), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Ledger.HistoryAsync(World(), cancellation: Token));
        await SoundAsync();
    }

    [Fact]
    public async Task A_balance_never_falls_below_its_floor_and_a_refused_commit_leaves_no_trace()
    {
        await MoveAsync(World(), Wallet(1), 100);
        var (row, key) = (CellId.New(Cell, TimeProvider.System), Key("k", "body"));
        var refused = Assert.IsType<CommitOutcome.BelowFloor>(await Ledger.CommitAsync(
            new Commit(Cell) { Key = key, Rows = [Row(row, 0, "x")], Transfers = [Transfer(Wallet(1), World(), 101)] }, Token));

        Assert.Equal((100L, -101L, 0L), (refused.Balance, refused.Change, refused.Floor));
        Assert.Equal(100, await Ledger.BalanceAsync(Wallet(1), Token));
        Assert.Null(await Ledger.FindAnswerAsync(Cell, key, Token));
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Key = key, Rows = [Row(row, 0, "x")] }, Token));
        await SoundAsync();
    }

    [Fact]
    public async Task The_same_key_and_body_give_the_same_answer_byte_for_byte_and_happen_once()
    {
        var answer = Encoding.UTF8.GetBytes("{\"n\":1}");
        var commit = new Commit(Cell) { Key = Key("order-1", "body"), Transfers = [Transfer(World(), Wallet(1), 5)], Answer = answer };
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(commit, Token));

        var again = commit with { Transfers = [Transfer(World(), Wallet(1), 5)], Answer = "other"u8.ToArray() };
        Assert.Equal(answer, Assert.IsType<CommitOutcome.Replayed>(await Ledger.CommitAsync(again, Token)).Answer.ToArray());
        Assert.Equal(answer, Assert.IsType<CommitOutcome.Replayed>(await Ledger.FindAnswerAsync(Cell, commit.Key!, Token)).Answer.ToArray());
        Assert.Equal(5, await Ledger.BalanceAsync(Wallet(1), Token));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        await Ledger.CommitAsync(new Commit(Cell) { Key = Key("k", "one"), Transfers = [Transfer(World(), Wallet(1), 5)] }, Token);
        Assert.IsType<CommitOutcome.KeyReused>(await Ledger.CommitAsync(new Commit(Cell) { Key = Key("k", "two"), Transfers = [Transfer(World(), Wallet(1), 5)] }, Token));
        Assert.IsType<CommitOutcome.KeyReused>(await Ledger.FindAnswerAsync(Cell, Key("k", "two"), Token));
        Assert.Equal(5, await Ledger.BalanceAsync(Wallet(1), Token));
    }

    [Fact]
    public async Task Of_many_callers_with_one_key_one_commits_and_all_get_its_answer()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => Ledger.CommitAsync(
            new Commit(Cell) { Key = Key("same", "body"), Transfers = [Transfer(World(), Wallet(1), 3)], Answer = BitConverter.GetBytes(n) }, Token)));

        Assert.Single(outcomes.OfType<CommitOutcome.Committed>());
        Assert.Single(outcomes.OfType<CommitOutcome.Replayed>().Select(replayed => Convert.ToHexString(replayed.Answer.Span)).Distinct());
        Assert.Equal(3, await Ledger.BalanceAsync(Wallet(1), Token));
        await SoundAsync();
    }

    [Fact]
    public async Task A_row_changes_only_from_the_version_that_was_seen()
    {
        var id = CellId.New(Cell, TimeProvider.System);
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 0, "first")] }, Token));
        Assert.Equal(1, Assert.IsType<CommitOutcome.Stale>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 0, "again")] }, Token)).CurrentVersion);
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 1, "second")] }, Token));
        Assert.IsType<CommitOutcome.Stale>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 1, "late")] }, Token));
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [RowChange.Delete(WorkItem.Table, Cell, id, 2)] }, Token));
        Assert.Equal(0, Assert.IsType<CommitOutcome.Stale>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 2, "gone")] }, Token)).CurrentVersion);
    }

    [Fact]
    public async Task An_empty_text_is_kept_apart_from_none()
    {
        var row = RowChange.Insert(WorkItem.Table, Cell, CellId.New(Cell, TimeProvider.System), "", Guid.Empty, 1L, 0L, (short)2, 0L, null, "", 0L);
        Assert.IsType<CommitOutcome.Committed>(await Ledger.CommitAsync(new Commit(Cell) { Rows = [row] }, Token));

        Assert.Equal(1, await Test.RunAsync("UPDATE work SET attempts = 9 WHERE kind = '' AND lease_owner IS NULL AND last_error = ''"));
    }

    [Fact]
    public async Task Of_many_who_saw_the_same_version_one_wins()
    {
        var id = CellId.New(Cell, TimeProvider.System);
        await Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 0, "first")] }, Token);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(id, 1, $"{n}")] }, Token)));
        Assert.Single(outcomes.OfType<CommitOutcome.Committed>());
        Assert.Equal(99, outcomes.OfType<CommitOutcome.Stale>().Count());
    }

    [Fact]
    public async Task Callers_who_hammer_one_account_never_bring_it_below_its_floor()
    {
        await MoveAsync(World(), Wallet(1), 100);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => MoveAsync(Wallet(1), Wallet(2), 1)));
        Assert.Equal(100, outcomes.Count(outcome => outcome is CommitOutcome.Committed));
        Assert.Equal(400, outcomes.Count(outcome => outcome is CommitOutcome.BelowFloor));
        Assert.Equal((0L, 100L), (await Ledger.BalanceAsync(Wallet(1), Token), await Ledger.BalanceAsync(Wallet(2), Token)));
        await SoundAsync();
    }

    [Fact]
    public async Task A_broken_invariant_throws_to_its_caller_and_to_nobody_else()
    {
        await MoveAsync(World(), Wallet(1), 100);
        var otherFloor = Wallet(1) with { Floor = -50 };
        var good = Enumerable.Range(0, 20).Select(_ => MoveAsync(World(), Wallet(2), 1)).ToList();
        await Assert.ThrowsAsync<InvalidOperationException>(() => MoveAsync(otherFloor, World(), 10));
        await Assert.ThrowsAsync<InvalidOperationException>(() => MoveAsync(World(), Wallet(1), long.MaxValue));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.CommitAsync(
            new Commit(Cell) { Transfers = [new Transfer(CellId.New(Cell, TimeProvider.System), "odd", default, [new(World(), -5), new(Wallet(1), 4)])] }, Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.CommitAsync(
            new Commit(Cell) { Transfers = [new Transfer(CellId.New(Cell, TimeProvider.System), "mixed", default, [new(World(), -5), new(Account.For(Cell, "wallet", Currency.Cny.Unit), 5)])] }, Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.CommitAsync(new Commit(Cell) { Rows = [Row(CellId.New(new Cell(8), TimeProvider.System), 0, "x")] }, Token));
        Assert.All(await Task.WhenAll(good), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
        await SoundAsync();
    }

    [Fact]
    public async Task What_the_database_refuses_does_not_take_the_group_with_it()
    {
        var tooOdd = CellId.New(Cell, TimeProvider.System);
        var bad = RowChange.Insert(WorkItem.Table, Cell, tooOdd, null, tooOdd, 1L, 0L, (short)1, 0L, null, null, 0L); // kind is NOT NULL
        var good = Enumerable.Range(0, 50).Select(_ => MoveAsync(World(), Wallet(3), 2)).ToList();
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => Ledger.CommitAsync(new Commit(Cell) { Rows = [bad] }, Token));
        Assert.All(await Task.WhenAll(good), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
        Assert.Equal(100, await Ledger.BalanceAsync(Wallet(3), Token));
    }

    [Fact]
    public async Task What_was_answered_is_there_after_the_ledger_is_opened_anew()
    {
        await MoveAsync(World(), Wallet(1), 42);
        await Ledger.DisposeAsync();
        Ledger = new GeneralLedger(Test.Database);
        Assert.Equal(42, await Ledger.BalanceAsync(Wallet(1), Token));
        Assert.IsType<CommitOutcome.Committed>(await MoveAsync(Wallet(1), World(), 42));
        await SoundAsync();
    }

    [Fact]
    public async Task Two_processes_on_one_database_stay_right()
    {
        // Two ledgers know nothing of each other, as two processes would; SQLite lets one write at a time, PostgreSQL locks the rows.
        await using var second = new GeneralLedger(Test.Database);
        await MoveAsync(World(), Wallet(1), 100);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => (n % 2 == 0 ? Ledger : second).CommitAsync(
            new Commit(Cell) { Key = Key($"{n / 2}", "body"), Transfers = [Transfer(Wallet(1), Wallet(2), 1)] }, Token)));

        Assert.Equal(100, outcomes.Count(outcome => outcome is CommitOutcome.Committed));
        Assert.Equal((0L, 100L), (await Ledger.BalanceAsync(Wallet(1), Token), await second.BalanceAsync(Wallet(2), Token)));
        await SoundAsync();
    }

    [Fact]
    public async Task Random_commits_agree_with_a_simple_model()
    {
        var operation = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Long[1, 60], Gen.Int[0, 25], Gen.Bool);
        await operation.Array[1, 60].SampleAsync(async operations =>
        {
            // Each run has wallets of its own, so that runs share the database and not the balances.
            var run = Guid.NewGuid();
            var (balances, answers) = (new long[4], new Dictionary<string, string>());
            var expected = new List<string>();
            var tasks = new List<Task<CommitOutcome>>();
            foreach (var (from, to, amount, key, sameBody) in operations)
            {
                var name = $"{run}-{key}";
                var body = sameBody ? "body" : $"{from}>{to}:{amount}";
                var source = from == 0 ? World() : Wallet(from, run);
                var target = to == 0 ? World() : Wallet(to, run);
                if (source == target)
                {
                    continue;
                }

                expected.Add(answers.TryGetValue(name, out var earlier) ? earlier == body ? "Replayed" : "KeyReused" : from != 0 && balances[from] < amount ? "BelowFloor" : "Committed");
                if (expected[^1] == "Committed")
                {
                    answers[name] = body;
                    balances[from] -= amount;
                    balances[to] += amount;
                }

                tasks.Add(Ledger.CommitAsync(new Commit(Cell) { Key = Key(name, body), Transfers = [Transfer(source, target, amount)] }));
            }

            Assert.Equal(expected, (await Task.WhenAll(tasks)).Select(outcome => outcome.GetType().Name));
            for (var wallet = 1; wallet < balances.Length; wallet++)
            {
                Assert.Equal(balances[wallet], await Ledger.BalanceAsync(Wallet(wallet, run)));
            }
        }, iter: 60, threads: 1);
        await SoundAsync();
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once()
    {
        var tasks = new List<Task<CommitOutcome>>();
        var refused = 0;
        for (var n = 0; n < Committer.MaxQueue * 3 && refused == 0; n++)
        {
            try
            {
                tasks.Add(MoveAsync(World(), Wallet(1), 1));
            }
            catch (CommitterBusyException)
            {
                refused++;
            }
        }

        Assert.Equal(1, refused);
        Assert.All(await Task.WhenAll(tasks), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
        Assert.Equal(tasks.Count, await Ledger.BalanceAsync(Wallet(1), Token));
    }

    [Fact]
    public async Task A_caller_who_stops_waiting_does_not_undo_it()
    {
        using var impatience = new CancellationTokenSource();
        var key = Key("impatient", "body");
        var commit = Ledger.CommitAsync(new Commit(Cell) { Key = key, Transfers = [Transfer(World(), Wallet(1), 9)], Answer = "done"u8.ToArray() }, impatience.Token);
        await impatience.CancelAsync();
        await Task.WhenAny(commit);
        await MoveAsync(World(), Wallet(2), 1); // Stands behind it in the queue.
        Assert.Equal("done"u8.ToArray(), Assert.IsType<CommitOutcome.Replayed>(await Ledger.FindAnswerAsync(Cell, key, Token)).Answer.ToArray());
        Assert.Equal(9, await Ledger.BalanceAsync(Wallet(1), Token));
    }

    private static IdempotencyKey Key(string key, string body) => new("test", key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(body))]);

    private static RowChange Row(Guid id, long version, string kind) => new(WorkItem.Table, Cell, id, version, ImmutableArray.Create<object?>(kind, id, 1L, 0L, (short)2, 0L, null, null, 0L));
}
