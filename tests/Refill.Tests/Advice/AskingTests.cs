using System.Collections.Immutable;
using Refill.Advice;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;
using Refill.Tests.TopUps;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Advice;

/// <summary>From catalogue and offers to a question: clocks, prices by day, uses, and what plans grant.</summary>
public sealed class AskingTests
{
    private const string NewYork = "America/New_York";
    private const string LosAngeles = "America/Los_Angeles";
    private const long Gb = 1_000_000_000;

    /// <summary>Three in the afternoon of 5 March 2026 in New York; the clocks go forward on the 8th.</summary>
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 20, 0, 0, TimeSpan.Zero);
    private static readonly Carrier Mint = new("mint", "Mint", "T-Mobile", "test", "1", NewYork) { SimPrice = Money.Usd(400) };
    private static readonly CarrierDirectory Connectors = new(new ScriptedCarrier { AllowancesInLedger = true });

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 7)]
    [InlineData(30, 30)]
    public void Periods_of_24_hours_count_the_day_of_the_purchase_and_not_the_morning_after_also_when_the_clock_changes(int count, int days) =>
        Assert.All(Days(ValidityClock.Hours24, count), lasts => Assert.Equal(days, lasts));

    [Fact]
    public void Calendar_days_end_with_the_last_of_them_also_when_the_clock_changes() => Assert.All(Days(ValidityClock.CalendarDays, 7), lasts => Assert.Equal(7, lasts));

    [Fact]
    public void Calendar_months_last_as_long_as_the_month_is()
    {
        var days = Days(ValidityClock.CalendarMonths, 1);
        Assert.Equal((31, 30), (days[0], days[26])); // 5 March to 4 April, 31 March to 29 April.
        Assert.Equal(30, days[27]); // 1 April to 30 April.
    }

    [Fact]
    public void A_day_that_a_plan_does_not_last_through_where_it_is_used_does_not_count()
    {
        var calendar = new Calendar(LosAngeles, Now, 20);
        Assert.All(calendar.Lasts(new ValidityRule(7, ValidityClock.CalendarDays, Activation.OnPurchase, NewYork), later: false), lasts => Assert.Equal(6, lasts)); // It ends at nine in the evening.
        Assert.All(calendar.Lasts(new ValidityRule(7, ValidityClock.Hours24, Activation.OnPurchase, NewYork), later: false), lasts => Assert.Equal(7, lasts));
    }

    [Fact]
    public void Equal_prices_of_days_in_a_row_are_one_offer_and_an_offer_of_some_days_is_one_of_those_days()
    {
        var sale = Percent("sale", 20) with { From = At("2026-03-08"), Until = At("2026-03-10") };
        var offers = Ask([sale], Plan()).Question.Offers;
        Assert.Equal([(0, 2, 1000), (3, 4, 800), (5, 9, 1000)], offers.Select(offer => (offer.FirstDay, offer.LastDay, (int)offer.Cents)));
        Assert.All(offers, offer => Assert.Equal(TopUp.MostDaysAhead, offer.StartWithin));
    }

    [Fact]
    public void An_offer_that_begins_in_the_afternoon_is_one_of_the_next_day_and_one_that_runs_now_is_one_of_today()
    {
        var afternoon = Percent("afternoon", 20) with { From = At("2026-03-07") + TimeSpan.FromHours(14) };
        Assert.Equal([(0, 2), (3, 9)], Ask([afternoon], Plan()).Question.Offers.Select(offer => (offer.FirstDay, offer.LastDay)));
        var tonight = Percent("tonight", 20) with { Until = Now + TimeSpan.FromHours(1) };
        Assert.Equal([(0, 0, 800), (1, 9, 1000)], Ask([tonight], Plan()).Question.Offers.Select(offer => (offer.FirstDay, offer.LastDay, (int)offer.Cents)));
    }

    [Fact]
    public void A_coupon_is_a_variant_with_its_uses()
    {
        var coupon = Percent("ten", 10) with { Coupon = "TEN", LimitPerCard = 2 };
        Assert.Single(Ask([coupon], Plan()).Question.Offers);
        var asking = Ask([coupon], "TEN", Plan());
        Assert.Equal([1000, 900], asking.Question.Offers.Select(offer => offer.Cents));
        Assert.Equal((false, true), (asking.Wares[0].TakesCoupon, asking.Wares[1].TakesCoupon));
        Assert.Equal(2, asking.Question.UsesLeft[Assert.Single(asking.Question.Offers[1].Uses!)]);
    }

    [Fact]
    public void A_limited_offer_has_the_price_that_is_left_when_it_is_used_up_beside_it()
    {
        var asking = Ask([Percent("few", 50) with { Limit = 100, LimitPerCard = 1 }, Percent("many", 10) with { Limit = 100_000 }], Plan());
        Assert.Equal([500, 900], asking.Question.Offers.Select(offer => offer.Cents));
        Assert.Equal([100, 1], asking.Question.Offers[0].Uses!.Select(use => asking.Question.UsesLeft[use]));
        Assert.Null(asking.Question.Offers[1].Uses); // Nobody buys a hundred thousand times.
    }

    [Fact]
    public void Where_there_are_too_many_limited_offers_the_best_price_is_taken_to_be_always_there_and_the_till_corrects_it()
    {
        var asking = Ask([.. Enumerable.Range(0, 8).Select(index => Percent($"p{index}", 1) with { LimitPerCard = 1, IsCombinable = true })], Plan());
        Assert.Equal((920, null), Assert.Single(asking.Question.Offers) is var offer ? ((int)offer.Cents, offer.Uses) : default);
        var (paid, schedule) = Till.Price(asking, [new Purchase(0, 0, 0), new Purchase(1, 1, 0)], Connectors);
        Assert.Equal([920, 1000], schedule.Select(purchase => paid.Question.Offers[purchase.Offer].Cents));
    }

    [Fact]
    public void Bonus_data_enlarges_the_pool_and_three_for_two_is_three_validities()
    {
        var bonus = new Promotion("bonus", new PromotionName("Bonus"), PromotionKind.BonusData, 2 * Gb);
        var pack = new Promotion("pack", new PromotionName("Pack"), PromotionKind.BuyGetOne, 2);
        var offers = Ask([bonus, pack], Plan()).Question.Offers;
        Assert.Equal([(1000, 1, 7 * Gb), (2000, 3, 5 * Gb)], offers.Select(offer => ((int)offer.Cents, offer.Periods, offer.Grants.Data.Amount)));
    }

    [Fact]
    public void What_is_not_stated_is_nothing_and_hotspot_without_an_amount_is_as_much_as_the_data()
    {
        var grants = Granted.By(Plan() with { Voice = Allowance.NotStated, Sms = Allowance.Unlimited, Hotspot = Hotspot.Yes, HotspotData = Allowance.NotStated });
        Assert.Equal((Grant.Pool(5 * Gb), Grant.Pool(5 * Gb), Grant.None, Grant.Unlimited), (grants.Data, grants.Hotspot, grants.Voice, grants.Sms));
        Assert.Equal(Grant.None, Granted.By(Plan() with { Hotspot = Hotspot.NotStated }).Hotspot);
        Assert.Equal(Grant.Daily(5 * Gb), Granted.By(Plan() with { IsDaily = true }).Data);
    }

    [Fact]
    public void Only_what_is_said_to_run_beside_another_may_begin_while_another_runs() =>
        Assert.Equal([false, true, true, true], new[] { Stacking.Beside, Stacking.Queues, Stacking.Replaces, Stacking.NotStated }.Select(stacking => Ask([], Plan() with { Stacking = stacking }).Question.Offers[0].Alone));

    [Fact]
    public void Needs_follow_the_stretches_and_the_hotspot_is_part_of_the_data()
    {
        var stay = Stay([new Stretch(2, Gb), new Stretch(1, 3 * Gb)]) with { From = new DateOnly(2026, 3, 7), HotspotBytesADay = 2 * Gb, VoiceSecondsADay = 60, SmsADay = 3 };
        var need = Ask(stay, [], Plan()).Question.Need;
        Assert.Equal([0, 0, 2 * Gb, 2 * Gb, 3 * Gb], need[(int)Commodity.Data].Take(5));
        Assert.Equal([0, 0, 2 * Gb, 2 * Gb, 2 * Gb], need[(int)Commodity.Hotspot].Take(5));
        Assert.Equal((60L, 3L, 0L), (need[(int)Commodity.Voice][4], need[(int)Commodity.Sms][4], need[(int)Commodity.Data][5]));
    }

    [Fact]
    public void What_is_on_the_card_is_stock_and_its_SIM_is_paid()
    {
        var question = Ask(Stay([new Stretch(5, Gb)]) with { Owned = ["mint"], LeftBytes = Gb, LeftUntil = new DateOnly(2026, 3, 6) }, [], Plan()).Question;
        Assert.Equal((0, 1, Grant.Pool(Gb)), Assert.Single(question.Stock) is var stock ? (stock.Start, stock.End, stock.Grants.Data) : default);
        Assert.True(Assert.Single(question.Carriers).Owned);
        Assert.Equal((400L, false), Ask([], Plan()).Question.Carriers[0] is var carrier ? (carrier.SimCents, carrier.Owned) : default);
    }

    [Fact]
    public void A_first_purchase_is_one_and_the_till_does_not_give_it_twice()
    {
        var first = Percent("first", 50) with { IsFirstPurchaseOnly = true };
        var asking = Ask([first], Plan());
        Assert.Equal([500, 1000], asking.Question.Offers.Select(offer => offer.Cents));
        var (paid, schedule) = Till.Price(asking, [new Purchase(0, 0, 0), new Purchase(1, 1, 0)], Connectors);
        Assert.Equal([500, 1000], schedule.Select(purchase => paid.Question.Offers[purchase.Offer].Cents));
        Assert.Equal(Fault.Nothing, Replay.Play(paid.Question, schedule).Fault);
    }

    [Fact]
    public void A_use_that_a_schedule_would_save_for_later_is_taken_by_the_first_quote()
    {
        var once = Percent("once", 50) with { LimitPerCard = 1 };
        var asking = Ask([once], Plan());
        var (paid, schedule) = Till.Price(asking, [new Purchase(0, 0, 1), new Purchase(1, 1, 0)], Connectors); // Planned: at the full price first.
        Assert.Equal([500, 1000], schedule.Select(purchase => paid.Question.Offers[purchase.Offer].Cents));
    }

    [Fact]
    public void The_day_book_says_where_each_day_is_taken_from_and_agrees_with_the_checker()
    {
        var asking = Ask(Stay([new Stretch(7, Gb)]), [], Plan());
        Purchase[] schedule = [new(0, 0, 0), new(4, 4, 0)];
        var book = DayBook.Write(asking.Question, schedule, Replay.Play(asking.Question, schedule))!;
        Assert.Equal([(0, 4), (5, 6)], book.Select(run => (run.From, run.Until)));
        Assert.Equal([new Taken(0, Gb, 0), new Taken(1, Gb, 3 * Gb)], book.Select(run => Assert.Single(run.Taken)));
    }

    private static int[] Days(ValidityClock clock, int count) => new Calendar(NewYork, Now, 60).Lasts(new ValidityRule(count, clock, Activation.OnPurchase, NewYork), later: true);

    private static DateTimeOffset At(string day) => PromotionWindow.Begin(day, NewYork)!.Value;

    private static Promotion Percent(string code, int percent) => new(code, new PromotionName(code), PromotionKind.Percentage, percent * 100);

    private static Plan Plan() => new(
        "mint-5gb", "mint", "5 GB", "5", Allowance.Of(5 * Gb), AfterQuota.Stops, null, Allowance.None, Allowance.None, Hotspot.No, Allowance.NotStated,
        new ValidityRule(30, ValidityClock.Hours24, Activation.OnPurchase, NewYork), Money.Usd(1000), "", true, "test")
    {
        Stacking = Stacking.Beside,
    };

    private static Stay Stay(ImmutableArray<Stretch> stretches) => new(new DateOnly(2026, 3, 5), stretches, NewYork);

    private static Asking Ask(Promotion[] promotions, Plan plan) => Ask(promotions, null, plan);

    private static Asking Ask(Promotion[] promotions, string? coupon, Plan plan) => Ask(Stay([new Stretch(10, Gb)]) with { Coupon = coupon }, promotions, plan);

    private static Asking Ask(Stay stay, Promotion[] promotions, Plan plan)
    {
        var purse = new Purse(PromotionBook.Of(promotions), UsesKnown.None, null, stay.Owned.ToHashSet(), stay.Coupon);
        return Asking.Of(stay, new Calendar(NewYork, Now, 10), [new Shelf(0, 9, [(Mint, plan)])], purse, Connectors, [], new Dictionary<string, int>());
    }
}
