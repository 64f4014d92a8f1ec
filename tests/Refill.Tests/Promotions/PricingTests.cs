using System.Collections.Immutable;
using CsCheck;
using Refill.Promotions;

namespace Refill.Tests.Promotions;

/// <summary>What a price is, by the stated rule; and laws that hold for any promotions in any order.</summary>
public sealed class PricingTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly PriceQuestion Question = new("mint-5gb", "mint", 1500, Now) { FullSpeedBytes = 5_000_000_000 };

    [Fact]
    public void Without_promotions_the_price_is_the_list_price() => Assert.Equal((1500, 1, 0), Sum(Pricing.Price(Question, PromotionBook.Empty)));

    [Fact]
    public void Combinable_ones_add_up_percentages_first_each_of_the_list_price()
    {
        var priced = Price(Question, Off("z-two-dollars", 200) with { IsCombinable = true }, Percent("b", 1000) with { IsCombinable = true }, Percent("a", 2500) with { IsCombinable = true });
        Assert.Equal(["a", "b", "z-two-dollars"], priced.Lines.Select(line => line.Promotion.Code));
        Assert.Equal([375, 150, 200], priced.Lines.Select(line => line.OffCents));
        Assert.Equal(1500 - 725, priced.TotalCents);
    }

    [Fact]
    public void A_percentage_is_rounded_down_to_the_cent() => Assert.Equal(1500 - 199, Price(Question, Percent("a", 1333)).TotalCents);

    [Fact]
    public void The_better_exclusive_one_is_taken_or_all_combinable_ones_whichever_is_cheaper()
    {
        Promotion[] offers = [Percent("ten", 1000), Off("two-dollars", 200), Percent("c1", 800) with { IsCombinable = true }, Off("c2", 90) with { IsCombinable = true }];
        Assert.Equal(["c1", "c2"], Price(Question, offers).Lines.Select(line => line.Promotion.Code));
        Assert.Equal(["two-dollars"], Price(Question, offers[..3]).Lines.Select(line => line.Promotion.Code));
    }

    [Fact]
    public void Equal_ones_are_decided_by_their_codes() => Assert.Equal("a", Price(Question, Off("b", 100), Off("a", 100)).Lines[0].Promotion.Code);

    [Fact]
    public void Nothing_costs_less_than_a_cent()
    {
        var priced = Price(Question, Percent("all", 10_000) with { IsCombinable = true }, Off("more", 500) with { IsCombinable = true });
        Assert.Equal(1, priced.TotalCents);
        Assert.Equal(["all"], priced.Lines.Select(line => line.Promotion.Code));
    }

    [Fact]
    public void Bonus_data_needs_an_amount_that_it_can_be_added_to()
    {
        var bonus = new Promotion("bonus", new PromotionName("Bonus"), PromotionKind.BonusData, 2_000_000_000);
        Assert.Equal((1500, 1, 2_000_000_000), Sum(Price(Question, bonus)));
        Assert.Equal((1500, 1, 0), Sum(Price(Question with { FullSpeedBytes = null }, bonus)));
    }

    [Fact]
    public void Buy_two_get_one_is_for_who_asks_for_it()
    {
        var pack = new Promotion("pack", new PromotionName("Pack"), PromotionKind.BuyGetOne, 2);
        Assert.Equal((1500, 1, 0), Sum(Price(Question, pack)));
        var asked = Price(Question with { Pack = "pack" }, pack);
        Assert.Equal((3000, 3, 0), Sum(asked));
        Assert.Equal(4500, asked.ListCents);
        Assert.Equal("pack", Pricing.Answer(Question, PromotionBook.Of([pack])).Packs.Single().Code);
    }

    [Fact]
    public void A_way_of_paying_changes_the_price_of_that_way_alone()
    {
        var answer = Pricing.Answer(Question, PromotionBook.Of([Percent("with-alipay", 1000) with { Gateways = ["alipay"] }, Off("for-all", 50)]));
        Assert.Equal(1450, answer.Plain.TotalCents);
        var (gateway, priced) = answer.ByGateway.Single();
        Assert.Equal(("alipay", 1350L), (gateway, priced.TotalCents));
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("carrier")]
    [InlineData("shop")]
    [InlineData("first")]
    [InlineData("spend")]
    [InlineData("coupon")]
    [InlineData("spent")]
    [InlineData("before")]
    [InlineData("after")]
    [InlineData("stopped")]
    public void Each_condition_is_one(string condition)
    {
        var offer = Off("offer", 100);
        var (narrowed, question) = condition switch
        {
            "plan" => (offer with { Plans = ["other-1gb"] }, Question),
            "carrier" => (offer with { Carriers = ["other"] }, Question),
            "shop" => (offer with { Shops = ["corner"] }, Question),
            "first" => (offer with { IsFirstPurchaseOnly = true }, Question),
            "spend" => (offer with { LeastSpendCents = 1501 }, Question),
            "coupon" => (offer with { Coupon = "WELCOME" }, Question),
            "spent" => (offer, Question with { Spent = new HashSet<string> { "offer" } }),
            "before" => (offer with { From = Now.AddMilliseconds(1) }, Question),
            "after" => (offer with { Until = Now }, Question),
            _ => (offer with { StoppedAt = Now }, Question),
        };
        Assert.Equal(1500, Price(question, narrowed).TotalCents);
        var met = narrowed with { Plans = [], Carriers = [], Shops = [], LeastSpendCents = 1500, From = Now, Until = Now.AddMilliseconds(1), StoppedAt = null };
        Assert.Equal(1400, Price(Question with { IsFirstPurchase = true, Coupons = ["WELCOME"] }, met).TotalCents);
    }

    [Fact]
    public void A_coupon_is_explained()
    {
        var coupon = Off("welcome", 100) with { Coupon = "WELCOME" };
        Assert.Equal(CouponStanding.Accepted, Explain(coupon));
        Assert.Equal(CouponStanding.Unknown, Pricing.Explain(Question, "OTHER", PromotionBook.Of([coupon])));
        Assert.Equal(CouponStanding.OtherPlan, Explain(coupon with { Plans = ["other-1gb"] }));
        Assert.Equal(CouponStanding.Ended, Explain(coupon with { Until = Now }));
        Assert.Equal(CouponStanding.Ended, Explain(coupon with { StoppedAt = Now }));
        Assert.Equal(CouponStanding.NotYet, Explain(coupon with { From = Now.AddDays(1) }));
        Assert.Equal(CouponStanding.NotFirstPurchase, Explain(coupon with { IsFirstPurchaseOnly = true }));
        Assert.Equal(CouponStanding.TooLittle, Explain(coupon with { LeastSpendCents = 2000 }));
        Assert.Equal(CouponStanding.OtherWay, Explain(coupon with { Gateways = ["alipay"] }));
        Assert.Equal(CouponStanding.UsedUp, Pricing.Explain(Question with { Spent = new HashSet<string> { "welcome" } }, "WELCOME", PromotionBook.Of([coupon])));
        Assert.Equal(CouponStanding.NotBetter, Pricing.Explain(Question, "WELCOME", PromotionBook.Of([coupon, Off("better", 300)])));

        // Two seasons of one coupon: the one that holds speaks.
        Assert.Equal(CouponStanding.Accepted, Pricing.Explain(Question, "WELCOME", PromotionBook.Of([coupon with { Code = "last-year", Until = Now.AddDays(-9) }, coupon])));

        CouponStanding Explain(Promotion promotion) => Pricing.Explain(Question, "WELCOME", PromotionBook.Of([promotion]));
    }

    [Theory]
    [InlineData(" welcome-10 ", "WELCOME10")]
    [InlineData("ＷＥＬＣＯＭＥ１０", "WELCOME10")]
    [InlineData("ab", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("<script>", null)]
    [InlineData("welcome\ud800", null)]
    public void Coupons_are_read_as_people_type_them(string? typed, string? coupon) => Assert.Equal(coupon, CouponText.Normalize(typed));

    private static readonly Gen<Promotion> AnyPromotion =
        from number in Gen.Int[0, 999]
        from kind in Gen.Enum<PromotionKind>()
        from value in kind switch { PromotionKind.Percentage => Gen.Long[1, 10_000], PromotionKind.AmountOff => Gen.Long[1, 3_000], PromotionKind.BonusData => Gen.Long[1, 9_000_000_000], _ => Gen.Long[1, 4] }
        from plans in Among<ImmutableArray<string>>([], [], ["mint-5gb"], ["other-1gb"], ["mint-5gb", "other-1gb"])
        from carriers in Among<ImmutableArray<string>>([], [], ["mint"], ["other"])
        from gateways in Among<ImmutableArray<string>>([], [], ["alipay"], ["stripe", "alipay"])
        from coupon in Among<string?>(null, null, "WELCOME")
        from first in Gen.Bool
        from least in Among(0L, 0L, 1_000L, 2_000L)
        from starts in Gen.Int[-3, 2]
        from days in Gen.Int[1, 5]
        from combinable in Gen.Bool
        select new Promotion($"p{number}", new PromotionName("Any"), kind, value)
        {
            Plans = plans,
            Carriers = carriers,
            Gateways = gateways,
            Coupon = coupon,
            IsFirstPurchaseOnly = first,
            LeastSpendCents = least,
            From = Now.AddDays(starts),
            Until = Now.AddDays(starts + days),
            IsCombinable = combinable && kind != PromotionKind.BuyGetOne,
        };

    private static readonly Gen<(Promotion[] Promotions, PriceQuestion Question)> AnyCase =
        from promotions in AnyPromotion.Array[0, 12]
        from list in Gen.Long[1, 5_000]
        from gateway in Among<string?>(null, "alipay", "stripe", "other")
        from first in Gen.Bool
        from coupon in Gen.Bool
        select (promotions.DistinctBy(promotion => promotion.Code).ToArray(), Question with { ListCents = list, Gateway = gateway, IsFirstPurchase = first, Coupons = coupon ? ["WELCOME"] : null });

    [Fact]
    public void A_price_does_not_depend_on_the_order_is_never_below_a_cent_and_never_worse_than_none() => AnyCase.Sample(any =>
    {
        var (priced, reversed) = (Price(any.Question, any.Promotions), Price(any.Question, [.. any.Promotions.Reverse()]));
        Assert.Equal(Sum(priced), Sum(reversed));
        Assert.Equal(priced.Lines, reversed.Lines);
        Assert.InRange(priced.TotalCents, 1, any.Question.ListCents);
        Assert.Equal((1, any.Question.ListCents), (priced.Quantity, priced.ListCents));
        Assert.Equal(priced.TotalCents, priced.ListCents - priced.Lines.Sum(line => line.OffCents));
        Assert.Equal(priced.BonusBytes, priced.Lines.Sum(line => line.BonusBytes));
        Assert.All(priced.Lines, line => Assert.True(line.OffCents > 0 || line.BonusBytes > 0));
        Assert.True(priced.Lines.Length <= 1 || priced.Lines.All(line => line.Promotion.IsCombinable));
        Assert.All(priced.Lines, line => Assert.True(line.Promotion.RunsAt(any.Question.At)));
    });

    [Fact]
    public void Another_promotion_never_makes_it_worse() => Gen.Select(AnyCase, AnyPromotion).Sample((any, more) =>
    {
        var (before, after) = (Price(any.Question, any.Promotions), Price(any.Question, [.. any.Promotions.Where(promotion => promotion.Code != "more"), more with { Code = "more" }]));
        Assert.True(after.TotalCents < before.TotalCents || (after.TotalCents == before.TotalCents && after.BonusBytes >= before.BonusBytes));
    });

    [Fact]
    public void A_price_by_way_of_paying_is_what_that_way_is_asked_and_never_dearer_than_the_plain_one() => AnyCase.Sample(any =>
    {
        var (book, question) = (PromotionBook.Of(any.Promotions), any.Question with { Gateway = null });
        var answer = Pricing.Answer(any.Question, book);
        foreach (var gateway in (string[])["alipay", "stripe", "other"])
        {
            var asked = Pricing.Price(question with { Gateway = gateway }, book);
            var told = answer.ByGateway.Where(pair => pair.Key == gateway).Select(pair => pair.Value).SingleOrDefault(answer.Plain);
            Assert.Equal(Sum(asked), Sum(told));
            Assert.True(told.TotalCents <= answer.Plain.TotalCents);
        }
    });

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static Promotion Percent(string code, long basisPoints) => new(code, new PromotionName(code), PromotionKind.Percentage, basisPoints);

    private static Promotion Off(string code, long cents) => new(code, new PromotionName(code), PromotionKind.AmountOff, cents);

    private static Priced Price(in PriceQuestion question, params Promotion[] promotions) => Pricing.Price(question, PromotionBook.Of(promotions));

    private static (long, int, long) Sum(Priced priced) => (priced.TotalCents, priced.Quantity, priced.BonusBytes);
}
