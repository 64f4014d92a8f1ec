using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class WalletOrderOnSqliteTests() : WalletOrderTests(DatabaseKind.Sqlite);

public sealed class WalletOrderOnPostgresTests() : WalletOrderTests(DatabaseKind.Postgres);

/// <summary>Orders of programs, paid from a wallet.</summary>
public abstract class WalletOrderTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const string Card = "2015550123";

    [Fact]
    public async Task For_a_card_of_our_own_network_the_order_is_one_commit()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var wallet = await FundedAsync(50_00);
        var known = await Scene.Desk.FindCardAsync(Card, Token);

        var ordered = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a"));

        Assert.True(ordered.Completed);
        Assert.Equal("Completed 3500", Encoding.UTF8.GetString(ordered.Body.Span));
        var topUp = await Scene.Orders.FindAsync(wallet.Id, ordered.TopUpId, Token);
        Assert.Equal((TopUpState.Completed, 1L, Money.Usd(15_00), known.Value!.NameId), (topUp!.State, topUp.Version, topUp.Charge, topUp.NameId));
        Assert.Equal(Money.Usd(35_00), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
        var cell = CellId.CellOf(topUp.Id);
        Assert.Equal(5_000_000_000, await Scene.Ledger.BalanceAsync(Account.For(cell, "allowance/data", Unit.Byte, topUp.Id, floor: 0), Token));
        Assert.Equal(15_00, await Scene.Ledger.BalanceAsync(Account.For(cell, "revenue", Currency.Usd.Unit), Token));
        Assert.Equal("5GB", (await Scene.Desk.GetCardAsync(topUp.NameId, Token))!.CurrentPlan);
        Assert.Equal(0, Scene.Carrier.Calls);
        await SoundAsync();
    }

    [Fact]
    public async Task For_another_carrier_s_card_it_is_paid_at_once_and_delivered_soon()
    {
        var wallet = await FundedAsync(50_00);

        var ordered = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a"));

        Assert.False(ordered.Completed);
        Assert.Equal("Paid 3500", Encoding.UTF8.GetString(ordered.Body.Span));
        await SoundAsync();
        await Scene.DueAsync();
        Assert.Equal(TopUpState.Completed, (await Scene.Orders.FindAsync(wallet.Id, ordered.TopUpId, Token))!.State);
        Assert.Equal("Paid 3500", Encoding.UTF8.GetString(Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a")).Body.Span));
        Assert.Equal(1, Scene.Carrier.Calls);
        await SoundAsync();
    }

    [Fact]
    public async Task What_the_carrier_refuses_is_back_in_the_wallet_once()
    {
        var wallet = await FundedAsync(50_00);
        Scene.Carrier.Script.Enqueue("refuse");

        var ordered = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a"));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(TopUpState.Refunded, (await Scene.Orders.FindAsync(wallet.Id, ordered.TopUpId, Token))!.State);
        Assert.Equal(Money.Usd(50_00), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
        Assert.Equal(
            [(WalletGateway.Refunded, 15_00L), (WalletGateway.Paid, -15_00L), ("wallet-credited", 50_00L)],
            (await Scene.Ledger.HistoryAsync(wallet.Account, cancellation: Token)).Select(entry => (entry.Kind, entry.Amount)));
        await SoundAsync();
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_though_the_wallet_is_empty_and_the_plan_is_no_longer_sold()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var wallet = await FundedAsync(15_00);
        var first = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a"));
        Assert.IsType<WalletOrderOutcome.NotEnoughMoney>(await OrderAsync(wallet, "b"));
        Assert.Equal(1, await Scene.Test.RunAsync("UPDATE plan SET withdrawn_at = 1 WHERE code = 'mint-5gb'"));
        Scene.Time.Advance(CatalogueReader.Fresh);
        Assert.Equal(QuoteProblem.PlanWithdrawn, Assert.IsType<WalletOrderOutcome.PlanRefused>(await OrderAsync(wallet, "b")).Problem);

        var again = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, "a"));

        Assert.Equal((first.TopUpId, first.Completed, Convert.ToHexString(first.Body.Span)), (again.TopUpId, again.Completed, Convert.ToHexString(again.Body.Span)));
        Assert.IsType<WalletOrderOutcome.KeyReused>(await OrderAsync(wallet, "a", body: "another"));
        await SoundAsync();
    }

    [Fact]
    public async Task A_refusal_uses_up_no_key_and_a_key_is_one_wallet_s()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var (poor, rich) = (await FundedAsync(14_99), await FundedAsync(50_00));
        var refused = Assert.IsType<WalletOrderOutcome.NotEnoughMoney>(await OrderAsync(poor, "a"));
        Assert.Equal((Money.Usd(14_99), Money.Usd(15_00)), (refused.Balance, refused.Price));
        Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(rich, "a"));
        Assert.IsType<CreditOutcome.Credited>(await Scene.Wallets.CreditAsync(poor.Id, Money.Usd(1), "a cent", "cent", Token));

        var ordered = Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(poor, "a"));

        Assert.Equal("Completed 0", Encoding.UTF8.GetString(ordered.Body.Span));
        Assert.Null(await Scene.Orders.FindAsync(rich.Id, ordered.TopUpId, Token));
        await SoundAsync();
    }

    [Fact]
    public async Task Orders_at_once_never_overdraw_a_wallet_and_never_lose_one()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var wallet = await FundedAsync(7 * 15_00 + 14_99);
        var cards = Enumerable.Range(0, 30).Select(number => $"20155501{number:00}").ToList();
        foreach (var card in cards)
        {
            Assert.NotNull((await Scene.Desk.FindCardAsync(card, Token)).Value);
        }

        var outcomes = await Task.WhenAll(cards.Select((card, number) => Scene.Orders.OrderAsync(Order(wallet, $"k{number}", card: card), Write, Token)));

        Assert.Equal(7, outcomes.OfType<WalletOrderOutcome.Ordered>().Count());
        Assert.Equal(23, outcomes.OfType<WalletOrderOutcome.NotEnoughMoney>().Count());
        Assert.Equal(
            Enumerable.Range(0, 7).Select(left => $"Completed {left * 15_00 + 14_99}").Order(),
            outcomes.OfType<WalletOrderOutcome.Ordered>().Select(ordered => Encoding.UTF8.GetString(ordered.Body.Span)).Order());
        await SoundAsync();
    }

    [Fact]
    public async Task One_key_sent_many_times_at_once_is_one_order()
    {
        var wallet = await FundedAsync(100_00);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OrderAsync(wallet, "a")));

        Assert.All(outcomes, outcome => Assert.True(outcome is WalletOrderOutcome.Ordered or WalletOrderOutcome.UnderWay, outcome.GetType().Name));
        Assert.Single(outcomes.OfType<WalletOrderOutcome.Ordered>().Select(ordered => ordered.TopUpId).Distinct());
        Assert.Equal(Money.Usd(85_00), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
        await SoundAsync();
    }

    [Fact]
    public async Task The_list_goes_back_page_by_page_and_leaves_nothing_out()
    {
        Scene.Carrier.AllowancesInLedger = true;
        var wallet = await FundedAsync(200_00);
        var ids = new List<Guid>();
        for (var number = 0; number < 7; number++)
        {
            ids.Add(Assert.IsType<WalletOrderOutcome.Ordered>(await OrderAsync(wallet, $"k{number}")).TopUpId);
            await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(1), "in between", $"c{number}", Token);
        }

        var seen = new List<Guid>();
        EntryCursor? from = null;
        do
        {
            (var page, from) = await Scene.Orders.ListAsync(wallet.Id, from, 3, Token);
            Assert.InRange(page.Count, 0, 3);
            seen.AddRange(page.Select(topUp => topUp.Id));
        }
        while (from is not null);

        Assert.Equal(Enumerable.Reverse(ids), seen);
    }

    [Fact]
    public async Task Of_a_hundred_thousand_orders_at_once_each_is_made_or_refused_and_another_wallet_is_not_kept_waiting()
    {
        Scene.Carrier.AllowancesInLedger = true;
        Assert.NotNull((await Scene.Desk.FindCardAsync(Card, Token)).Value);
        var (flood, other) = (await FundedAsync(900_000_00), await FundedAsync(60_00));
        var (made, busy) = (0, 0);
        var waiting = new List<Task>();
        for (var number = 0; number < 100_000; number++)
        {
            waiting.Add(CountAsync(number));
            if (number == 50_000)
            {
                Assert.IsType<WalletOrderOutcome.Ordered>(await AgainAsync(() => OrderAsync(other, "in the flood")));
            }
        }

        await Task.WhenAll(waiting);
        Assert.Equal(100_000, made + busy);
        Assert.True(busy > 10_000 && made > 0, $"{made} made, {busy} refused");
        Assert.Equal(900_000_00 - (15_00L * made), (await Scene.Wallets.BalanceAsync(flood.Id, Token)).Minor);
        await SoundAsync();

        async Task CountAsync(int number)
        {
            try
            {
                // The same card: most of those that are let in find it changed, and are told to come again.
                var outcome = await OrderAsync(flood, $"k{number}");
                Interlocked.Add(ref outcome is WalletOrderOutcome.Ordered ? ref made : ref busy, 1);
            }
            catch (CommitterBusyException)
            {
                Interlocked.Increment(ref busy);
            }
        }

        async Task<WalletOrderOutcome> AgainAsync(Func<Task<WalletOrderOutcome>> order)
        {
            for (var attempt = 0; ; attempt++)
            {
                if (await order() is var outcome && (outcome is not WalletOrderOutcome.UnderWay || attempt == 100))
                {
                    return outcome;
                }
            }
        }
    }

    [Fact]
    public async Task A_credit_counts_once_per_reference()
    {
        var wallet = await Scene.Wallets.OpenAsync("shop", Token);
        Assert.Equal(new CreditOutcome.Credited(Money.Usd(500)), await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(500), "bank", "1", Token));
        Assert.Equal(new CreditOutcome.Already(Money.Usd(500)), await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(500), "bank", "1", Token));
        Assert.IsType<CreditOutcome.ReferenceReused>(await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(501), "bank", "1", Token));
        Assert.IsType<CreditOutcome.NoSuchWallet>(await Scene.Wallets.CreditAsync(Guid.NewGuid(), Money.Usd(500), "bank", "1", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(0), "bank", "2", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(-1), "bank", "2", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Scene.Wallets.CreditAsync(wallet.Id, Money.Cny(5), "bank", "2", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(5), " ", "2", Token));
        await SoundAsync();
    }

    [Fact]
    public async Task Whatever_the_carrier_does_a_wallet_has_paid_for_what_is_on_cards_and_for_nothing_else()
    {
        string[] answers = ["accept", "refuse", "lost-before", "lost-after", "pending", "not-sent"];
        await Gen.Int[0, answers.Length - 1].Array[1, 8].SampleAsync(
            async script =>
            {
                var wallet = await FundedAsync(60_00);
                Scene.Carrier.Script.Clear();
                foreach (var answer in script)
                {
                    Scene.Carrier.Script.Enqueue(answers[answer]);
                }

                for (var number = 0; number < 5; number++)
                {
                    await OrderAsync(wallet, $"k{number}");
                }

                await Scene.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(1));
                var (topUps, _) = await Scene.Orders.ListAsync(wallet.Id, null, 100, default);
                Assert.All(topUps, topUp => Assert.True(topUp.State is TopUpState.Completed or TopUpState.Refunded, topUp.State.ToString()));
                Assert.Equal(60_00 - (15_00 * topUps.Count(topUp => topUp.State == TopUpState.Completed)), (await Scene.Wallets.BalanceAsync(wallet.Id, default)).Minor);
                await Scene.SoundAsync([.. topUps]);
            },
            iter: Kind == DatabaseKind.Sqlite ? 10 : 3,
            threads: 1);
    }

    private static byte[] Write(WalletReceipt receipt) => Encoding.UTF8.GetBytes($"{receipt.TopUp.State} {receipt.WalletBalance.Minor}");

    private static WalletOrder Order(Wallet wallet, string key, string body = "", string card = Card) => new(wallet.Id, key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(card + body))], card, "mint-5gb");

    private Task<WalletOrderOutcome> OrderAsync(Wallet wallet, string key, string body = "") => Scene.Orders.OrderAsync(Order(wallet, key, body), Write, default);

    private async Task<Wallet> FundedAsync(long cents)
    {
        var wallet = await Scene.Wallets.OpenAsync("shop", default);
        Assert.Equal(new CreditOutcome.Credited(Money.Usd(cents)), await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(cents), "test", "first", default));
        return wallet;
    }

    private Task SoundAsync() => Scene.SoundAsync();
}
