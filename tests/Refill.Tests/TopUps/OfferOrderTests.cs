using System.Security.Cryptography;
using System.Text;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Promotions;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class OfferOrderOnSqliteTests() : OfferOrderTests(DatabaseKind.Sqlite);

public sealed class OfferOrderOnPostgresTests() : OfferOrderTests(DatabaseKind.Postgres);

/// <summary>Offers in orders that a wallet pays for: nobody is asked, the best price is taken, and limits hold.</summary>
public abstract class OfferOrderTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const string Heading = "code,name_en,kind,value,gateways,limit,limit_per_card,carriers";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_wallet_pays_what_the_offer_makes_of_the_price_as_long_as_something_is_left(bool isOwn)
    {
        Scene.Carrier.AllowancesInLedger = isOwn;
        Assert.True((await Scene.OfferAsync(Heading, "wallets,For wallets,amount,5.00,wallet,2,,", "cards,With Alipay,amount,9.00,alipay,,,")).Done);
        var wallet = await FundedAsync(50_00);

        foreach (var (key, left) in ((string, string)[])[("a", "40.00"), ("b", "30.00"), ("c", "15.00")])
        {
            await OrderedAsync(wallet, key);
            Assert.Equal(left, (await Scene.Wallets.BalanceAsync(wallet.Id, Token)).ToDecimalString());
        }

        await Scene.DueAsync();
        await OrderedAsync(wallet, "a"); // The same key: the same answer, and no use.
        Assert.Equal(0, await Scene.Ledger.BalanceAsync(PromotionAccounts.Left(PromotionAccounts.IdOf("wallets")), Token));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task Bonus_data_comes_with_the_order()
    {
        Scene.Carrier.AllowancesInLedger = true;
        Assert.True((await Scene.OfferAsync(Heading, "more,More,data,1 GB,,,,mint")).Done);
        var ordered = await OrderedAsync(await FundedAsync(50_00), "a");
        Assert.Equal(6_000_000_000, await Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(ordered), "allowance/data", Unit.Byte, ordered, floor: 0), Token));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task A_refused_delivery_gives_price_and_use_back()
    {
        Assert.True((await Scene.OfferAsync(Heading, "wallets,For wallets,amount,5.00,wallet,1,1,")).Done);
        var wallet = await FundedAsync(50_00);
        Scene.Carrier.Script.Enqueue("refuse");
        await OrderedAsync(wallet, "a");
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(Money.Usd(50_00), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
        Assert.Equal(1, await Scene.Ledger.BalanceAsync(PromotionAccounts.Left(PromotionAccounts.IdOf("wallets")), Token));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task Many_orders_at_once_for_many_cards_use_it_exactly_as_often_as_it_may_be()
    {
        Scene.Carrier.AllowancesInLedger = true;
        Assert.True((await Scene.OfferAsync(Heading, "seven,Seven,amount,5.00,,7,1,")).Done);
        var wallet = await FundedAsync(1_000_00);
        var cards = Enumerable.Range(10, 30).Select(number => $"20155501{number}").ToList();
        foreach (var card in cards)
        {
            await Scene.Desk.FindCardAsync(card, Token);
        }

        await Task.WhenAll(cards.Select(card => Task.Run(() => OrderedAsync(wallet, card, card))));
        Assert.Equal(Money.Usd(1_000_00 - (30 * 15_00) + (7 * 5_00)), await Scene.Wallets.BalanceAsync(wallet.Id, Token));
        await Scene.SoundAsync();
    }

    private async Task<Guid> OrderedAsync(Wallet wallet, string key, string card = "2015550123")
    {
        var order = new WalletOrder(wallet.Id, key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(card))], card, "mint-5gb");
        return Assert.IsType<WalletOrderOutcome.Ordered>(await Scene.Orders.OrderAsync(order, receipt => Encoding.UTF8.GetBytes(receipt.TopUp.Price.ToDecimalString()), default)).TopUpId;
    }

    private async Task<Wallet> FundedAsync(long cents)
    {
        var wallet = await Scene.Wallets.OpenAsync("shop", default);
        await Scene.Wallets.CreditAsync(wallet.Id, Money.Usd(cents), "test", "first", default);
        return wallet;
    }
}
