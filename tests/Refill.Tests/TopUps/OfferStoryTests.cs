using Refill.Carriers.Own;
using Refill.Ledger;
using Refill.Promotions;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class OfferStoryOnSqliteTests() : OfferStoryTests(DatabaseKind.Sqlite);

public sealed class OfferStoryOnPostgresTests() : OfferStoryTests(DatabaseKind.Postgres);

/// <summary>Offers from the quote to the books: what is shown is what is charged, and no offer is used more often than it may be.</summary>
public abstract class OfferStoryTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const string Heading = "code,name_en,kind,value,coupon,gateways,limit,limit_per_card,first_purchase,carriers";

    [Fact]
    public async Task What_the_quote_shows_is_charged_earned_and_kept_though_the_offer_ends()
    {
        await InAsync("autumn,Autumn sale,percent,20,,,,,,");
        var offered = (await Scene.Desk.OffersAsync((await Scene.Desk.FindCardAsync("2015550123", Token)).Value!, Token)).Single();
        Assert.Equal((Money.Usd(1200), Money.Cny(8520), "Autumn sale"), (offered.Price, offered.Charge, offered.Sale!.Lines[0].Name.English));

        var topUp = await Scene.QuoteAsync();
        Assert.Equal((Money.Usd(1200), Money.Usd(1500), Money.Cny(8520)), (topUp.Price, topUp.ListPrice, topUp.Charge));
        await Scene.Stop("autumn");
        var done = await PaidAsync(topUp);
        Assert.Equal((TopUpState.Completed, Money.Cny(8520), 300L), (done.State, done.Due, done.Sale!.Present.Lines[0].OffCents));
        Assert.Equal(1200, await Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(topUp.Id), "revenue", Currency.Usd.Unit), Token));
        Assert.Null((await Scene.QuoteAsync()).Sale);
        await Scene.SoundAsync(done);
    }

    [Fact]
    public async Task A_quote_with_as_many_limited_offers_as_there_may_be_reserves_and_uses_them_all()
    {
        var report = await Scene.OfferAsync("code,name_en,kind,value,limit,limit_per_card,combinable", [.. Enumerable.Range(0, PromotionImport.MaxCounted).Select(index => $"p{index:00},Offer {index},amount,0.01,10,2,yes")]);
        Assert.True(report.Done, report.ToString());
        var done = await PaidAsync(await Scene.QuoteAsync());
        Assert.Equal((TopUpState.Completed, 1400, (9L, 0L, 1L)), (done.State, done.Price.Minor, await UsesAsync("p99", done)));
        await Scene.SoundAsync(done);
    }

    [Fact]
    public async Task A_way_of_paying_is_charged_its_own_price_and_the_books_say_what_was_charged()
    {
        await InAsync("with-alipay,Pay with Alipay,percent,10,,alipay,,,,", "bank,By bank,amount,1.00,,transfer,,,,");
        var topUp = await Scene.QuoteAsync();
        Assert.Equal(
            (Money.Usd(1500), Money.Cny(10650), (Money?)Money.Cny(9585), (Money?)Money.Cny(9940)),
            (topUp.Price, topUp.Charge, topUp.ChargeAt("alipay", Currency.Cny), topUp.ChargeAt("transfer", Currency.Cny)));
        var done = await PaidAsync(topUp);
        Assert.Equal((TopUpState.Completed, Money.Usd(1350), Money.Cny(9585)), (done.State, done.Price, done.Due));
        Assert.Equal(1350, await Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(topUp.Id), "revenue", Currency.Usd.Unit), Token));
        await Scene.SoundAsync(done);
    }

    [Fact]
    public async Task What_is_given_back_by_hand_is_of_what_was_charged()
    {
        await InAsync("with-alipay,Pay with Alipay,percent,10,,alipay,9,,,");
        var done = await PaidAsync(await Scene.QuoteAsync());
        await Scene.Refunds.AskAsync(done.Id, null, "a courtesy", "tester", Token);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(done.Id), "revenue", Currency.Usd.Unit), Token));
        Assert.Equal((8, 0, 1), await UsesAsync("with-alipay", done)); // Delivered: used it stays.
        await Scene.SoundAsync(done);
    }

    [Fact]
    public async Task A_use_is_reserved_by_the_quote_used_by_the_payment_and_given_back_when_it_ends_otherwise()
    {
        await InAsync("three,Three of them,amount,3.00,,,3,,,");
        var (first, second, third) = (await Scene.QuoteAsync("2015550123"), await Scene.QuoteAsync("2015550145"), await Scene.QuoteAsync("2015550150"));
        Assert.All([first, second, third], topUp => Assert.Equal(1200, topUp.Price.Minor));
        Assert.Equal(1500, (await Scene.QuoteAsync("2015550151")).Price.Minor);
        Assert.Equal(0, await LeftAsync("three"));

        await PaidAsync(first);
        Assert.True(await Scene.Desk.CancelAsync(second.Id, Token));
        Assert.Equal(1, await LeftAsync("three"));
        await Scene.PassAsync(TopUp.QuoteLifetime, TimeSpan.FromMinutes(1));
        Assert.Equal(TopUpState.Expired, (await Scene.NowAsync(third)).State);
        Assert.Equal(2, await LeftAsync("three"));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task A_refund_before_delivery_gives_the_use_back()
    {
        await InAsync("one,One of them,amount,3.00,,,1,1,,");
        Scene.Carrier.Script.Enqueue("refuse");
        var refunded = await PaidAsync(await Scene.QuoteAsync());
        Assert.Equal((TopUpState.Refunded, Money.Cny(8520)), (refunded.State, refunded.Payments[0].Refund!.Amount));
        Assert.Equal((1, 0, 0), await UsesAsync("one", refunded));
        Assert.Equal(1200, (await Scene.QuoteAsync()).Price.Minor);
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task One_card_uses_an_offer_as_often_as_it_may_and_others_still_can()
    {
        await InAsync("twice,Twice a card,amount,3.00,,,,2,,");
        var prices = new List<long>();
        for (var time = 1; time <= 3; time++)
        {
            prices.Add((await PaidAsync(await Scene.QuoteAsync())).Price.Minor);
        }

        Assert.Equal([1200, 1200, 1500], prices);
        var card = (await Scene.Desk.FindCardAsync("2015550123", Token)).Value!;
        Assert.Null((await Scene.Desk.OffersAsync(card, Token)).Single().Sale); // Not shown to whom it is not for.
        Assert.Equal(1200, (await Scene.QuoteAsync("2015550145")).Price.Minor);
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task A_first_purchase_is_one_though_two_quotes_are_open_at_once()
    {
        await InAsync("welcome,Welcome,amount,5.00,,,,,yes,");
        var (one, other) = (await Scene.QuoteAsync(), await Scene.QuoteAsync());
        Assert.Equal((1000, 1500), (one.Price.Minor, other.Price.Minor));
        await PaidAsync(other);
        Assert.True(await Scene.Desk.CancelAsync(one.Id, Token));
        Assert.Equal(1500, (await Scene.QuoteAsync()).Price.Minor); // It has been topped up.
        Assert.Equal(1000, (await Scene.QuoteAsync("2015550145")).Price.Minor);
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task Many_quotes_at_once_use_a_limited_offer_exactly_as_often_as_it_may_be()
    {
        await InAsync("ten,Ten of them,percent,50,,,10,,,", "card,One a card,amount,2.00,,,,1,,");
        var numbers = Enumerable.Range(0, 40).Select(index => $"20155501{10 + (index % 20)}").ToList();
        foreach (var number in numbers.Distinct())
        {
            await Scene.Desk.FindCardAsync(number, Token);
        }

        var quotes = await Task.WhenAll(numbers.Select(number => Task.Run(() => Scene.QuoteAsync(number))));
        Assert.Equal(10, quotes.Count(topUp => topUp.Price.Minor == 750));
        Assert.All(quotes.Where(topUp => topUp.Price.Minor == 1300).GroupBy(topUp => topUp.NameId), ofCard => Assert.Single(ofCard));
        Assert.Equal(0, await LeftAsync("ten"));
        await Scene.SoundAsync();
        await Task.WhenAll(quotes.Select(topUp => Task.Run(() => Scene.Desk.CancelAsync(topUp.Id, Token))));
        Assert.Equal(10, await LeftAsync("ten"));
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task Who_pays_after_the_quote_has_run_out_gets_the_price_if_a_use_is_left_and_the_money_back_if_none_is()
    {
        await InAsync("two,Two of them,amount,3.00,,,2,,,");
        var (lucky, late) = (await Scene.QuoteAsync("2015550123"), await Scene.QuoteAsync("2015550145"));
        var orders = new[] { await Scene.StartAsync(lucky), await Scene.StartAsync(late) };
        await Scene.PassAsync(TopUp.QuoteLifetime + TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1));
        Assert.Equal(2, await LeftAsync("two"));
        var other = await Scene.QuoteAsync("2015550150");
        foreach (var order in orders)
        {
            Scene.Gateway.PretendPaid(order);
            await Scene.NotifyAsync(order);
            await Scene.PassAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Equal((TopUpState.Completed, 1200), ((await Scene.NowAsync(lucky)).State, other.Price.Minor));
        var back = await Scene.NowAsync(late);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.PaidTooLate), (back.State, back.Trouble));
        await Scene.SoundAsync(lucky, late);
    }

    [Fact]
    public async Task A_coupon_is_asked_for_on_the_quote_and_a_refused_one_leaves_the_quote_as_it_is()
    {
        await InAsync("friends,For friends,percent,40,FRIENDS,,1,,,");
        var topUp = await Scene.QuoteAsync();
        Assert.Null(topUp.Sale);
        Assert.Equal(QuoteProblem.CouponUnknown, (await Scene.Desk.RequoteAsync(topUp.Id, new QuoteWishes("nothing"), Token)).Refusal!.Problem);
        Assert.Equal(TopUpState.Quoted, (await Scene.NowAsync(topUp)).State);
        var cheaper = (await Scene.Desk.RequoteAsync(topUp.Id, new QuoteWishes(" friends "), Token)).Value!;
        Assert.Equal((900, "FRIENDS", TopUpState.Cancelled), (cheaper.Price.Minor, cheaper.Sale!.Coupon, (await Scene.NowAsync(topUp)).State));

        // The only use is held by the quote itself: asked again, it holds; for another card nothing is left.
        Assert.Equal(900, (await Scene.Desk.RequoteAsync(cheaper.Id, new QuoteWishes("FRIENDS"), Token)).Value!.Price.Minor);
        var other = await Scene.QuoteAsync("2015550145");
        Scene.Offers.Forget();
        Assert.Equal(QuoteProblem.CouponUsedUp, (await Scene.Desk.RequoteAsync(other.Id, new QuoteWishes("FRIENDS"), Token)).Refusal!.Problem);
        await Scene.SoundAsync();
    }

    [Fact]
    public async Task Bonus_data_and_packs_are_delivered_by_our_own_network()
    {
        Scene.Carrier.AllowancesInLedger = true;
        await InAsync("more,2 GB more,data,2 GB,,,,,,mint", "pack,Three for two,buy-n-get-one,2,,,5,,,mint");
        var bonus = await PaidAsync(await Scene.QuoteAsync());
        Assert.Equal(7_000_000_000, await DataAsync(bonus));
        var topUp = await Scene.QuoteAsync("2015550145");
        Assert.Equal(("pack", 3, Money.Usd(3000)), (topUp.Packs[0].Code, topUp.Packs[0].Quantity, topUp.Packs[0].Price));
        var pack = (await Scene.Desk.RequoteAsync(topUp.Id, new QuoteWishes(Pack: "pack"), Token)).Value!;
        Assert.Equal((Money.Usd(3000), Money.Usd(4500), pack.CreatedAt.AddDays(90)), (pack.Price, pack.ListPrice, pack.ValidUntil));
        var done = await PaidAsync(pack);
        Assert.Equal((15_000_000_000, done.CompletedAt!.Value.AddDays(90)), (await DataAsync(done), done.ValidUntil));
        Assert.Equal((4, 0, 1), await UsesAsync("pack", done));
        await Scene.SoundAsync(bonus, done);
    }

    [Fact]
    public async Task Paid_now_and_started_later_it_is_delivered_at_the_beginning_of_that_day_in_the_carriers_zone()
    {
        var topUp = (await Scene.Desk.RequoteAsync((await Scene.QuoteAsync()).Id, new QuoteWishes(StartsOn: "2026-11-25"), Token)).Value!;
        var start = new DateTimeOffset(2026, 11, 25, 5, 0, 0, TimeSpan.Zero); // Midnight in New York.
        Assert.Equal((start, start.AddDays(30)), (topUp.StartsAt, topUp.ValidUntil));
        var waiting = await PaidAsync(topUp);
        Assert.Equal((TopUpState.Paid, 0), (waiting.State, Scene.Carrier.Calls));
        await Scene.SoundAsync(waiting);
        await Scene.PassAsync(start - Scene.Time.GetUtcNow() - TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        Assert.Equal(0, Scene.Carrier.Calls);
        await Scene.PassAsync(TimeSpan.FromMinutes(2));
        var done = await Scene.NowAsync(topUp);
        Assert.Equal(TopUpState.Completed, done.State);
        Assert.InRange(done.ValidUntil!.Value, start.AddDays(30), start.AddDays(30).AddMinutes(2));
        Assert.False(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.SoundAsync(done);
    }

    [Fact]
    public async Task What_has_not_started_can_be_given_up_and_the_money_and_the_use_go_back()
    {
        await InAsync("one,One of them,amount,3.00,,,1,,,");
        var topUp = (await Scene.Desk.RequoteAsync((await Scene.QuoteAsync()).Id, new QuoteWishes(StartsOn: "2026-12-24"), Token)).Value!;
        await PaidAsync(topUp);
        Assert.True(await Scene.Desk.CancelAsync(topUp.Id, Token));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        var back = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.Refunded, TopUpTrouble.CancelledByBuyer), (back.State, back.Trouble));
        Assert.Equal((1, 0, 0), await UsesAsync("one", back));
        Scene.Time.Advance(TimeSpan.FromDays(31));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, Scene.Carrier.Calls);
        await Scene.SoundAsync(back);
    }

    [Theory]
    [InlineData("2026-11-22")]
    [InlineData("2027-02-01")]
    [InlineData("tomorrow")]
    public async Task A_start_that_cannot_be_is_refused(string day) =>
        Assert.Equal(QuoteProblem.StartNotPossible, (await Scene.Desk.RequoteAsync((await Scene.QuoteAsync()).Id, new QuoteWishes(StartsOn: day), Token)).Refusal!.Problem);

    [Fact]
    public async Task The_audit_finds_uses_that_nobody_has()
    {
        await InAsync("three,Three of them,amount,3.00,,,3,2,,");
        await PaidAsync(await Scene.QuoteAsync());
        await Scene.SoundAsync();
        await Scene.Test.RunAsync("UPDATE account SET balance = balance + 1 WHERE purpose = 'promotion/used'");
        var findings = await new TopUpAudit(Scene.Test.Database).RunAsync(Token);
        Assert.Equal(2, findings.Count(finding => finding.Check.StartsWith("I7", StringComparison.Ordinal) && finding.ProblemCount > 0));
    }

    private async Task InAsync(params string[] lines)
    {
        var report = await Scene.OfferAsync(Heading, lines);
        Assert.True(report.Done, report.ToString());
    }

    private async Task<TopUpView> PaidAsync(TopUpView topUp)
    {
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        return await Scene.NowAsync(topUp);
    }

    private Task<long> LeftAsync(string code) => Scene.Ledger.BalanceAsync(PromotionAccounts.Left(PromotionAccounts.IdOf(code)), Token);

    private Task<long> DataAsync(TopUpView topUp) => Scene.Ledger.BalanceAsync(Account.For(CellId.CellOf(topUp.Id), Allowances.Data, Unit.Byte, topUp.Id, floor: 0), Token);

    private async Task<(long Left, long Reserved, long Used)> UsesAsync(string code, TopUpView topUp)
    {
        var (cell, id) = (CellId.CellOf(topUp.Id), PromotionAccounts.IdOf(code));
        return (await LeftAsync(code), await Scene.Ledger.BalanceAsync(PromotionAccounts.Reserved(cell, id), Token), await Scene.Ledger.BalanceAsync(PromotionAccounts.Used(cell, id), Token));
    }
}
