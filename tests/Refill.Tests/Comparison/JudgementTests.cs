using CsCheck;
using Refill.Catalogue;
using Refill.Comparison;
using Refill.Promotions;
using Refill.Units;

namespace Refill.Tests.Comparison;

public sealed class JudgementTests
{
    private const long Gigabyte = 1_000_000_000;
    private static readonly DateOnly Start = new(2026, 3, 1);
    private static readonly Carrier Carrier = new("carrier", "Carrier", "Net", "own", "", "America/New_York");

    private static readonly Gen<Need> Needs = Gen.Select(
        Gen.Int[0, 400], Gen.Int[1, Need.MostDays], Gen.Long[0, 100 * Gigabyte], Gen.Bool, Gen.Int[0, 1000], Gen.Bool, Gen.Enum<HotspotWish>(),
        (from, days, bytes, isDaily, count, flag, hotspot) => new Need(Start.AddDays(from), Start.AddDays(from + days - 1))
        {
            BytesADay = isDaily ? bytes / 30 : 0,
            BytesInAll = isDaily ? 0 : bytes,
            Minutes = count,
            Sms = count / 2,
            SlowWillDo = flag,
            NewSim = !flag,
            Hotspot = hotspot,
        });

    private static readonly Gen<Allowance> Allowances = Gen.OneOf(Gen.Const(Allowance.Unlimited), Gen.Const(Allowance.NotStated), Gen.Long[0, 50 * Gigabyte].Select(Allowance.Of));

    private static readonly Gen<PricedPlan> Plans = Gen.Select(
        Allowances, Allowances, Gen.Enum<AfterQuota>(), Gen.Enum<Hotspot>(), Gen.Enum<ValidityClock>(), Gen.Int[1, 90], Gen.Int[1, 1_000_000], Gen.Bool,
        (data, counts, after, hotspot, clock, count, cents, daily) => Priced(Plan(data, clock, count, cents) with { Voice = counts, Sms = counts, AfterQuota = after, Hotspot = hotspot, IsDaily = daily && data.Kind == AllowanceKind.Limited }, 400));

    /// <summary>Kind of validity, how many, days of the stay, how often it is bought.</summary>
    [Theory]
    [InlineData(ValidityClock.Hours24, 30, 30, 1)]
    [InlineData(ValidityClock.Hours24, 30, 31, 2)]
    [InlineData(ValidityClock.CalendarDays, 7, 10, 2)]
    [InlineData(ValidityClock.CalendarDays, 1, 366, 366)]
    [InlineData(ValidityClock.CalendarMonths, 1, 31, 1)] // March.
    [InlineData(ValidityClock.CalendarMonths, 1, 32, 2)]
    [InlineData(ValidityClock.CalendarMonths, 3, 93, 2)] // To the end of May are 92.
    public void A_plan_is_bought_as_often_as_its_clock_wants_for_the_stay(ValidityClock clock, int count, int days, int purchases) =>
        Assert.Equal(purchases, Judgement.PeriodsOf(clock, count, Stay(days)).Count);

    [Fact]
    public void A_month_from_the_31st_ends_with_a_shorter_month_and_does_not_stay_short()
    {
        var periods = Judgement.PeriodsOf(ValidityClock.CalendarMonths, 1, new Need(new DateOnly(2026, 1, 31), new DateOnly(2026, 3, 30)));
        Assert.Equal(new Periods(2, 31), periods); // 31 January to 27 February, 28 February to 30 March.
    }

    [Fact]
    public void What_a_day_costs_is_rounded_up_and_a_gigabyte_half_up()
    {
        var (plan, need) = (Priced(Plan(Allowance.Of(3 * Gigabyte), ValidityClock.CalendarDays, 7, 1000)), Stay(10));
        var periods = Judgement.PeriodsOf(ValidityClock.CalendarDays, 7, need);
        var total = Judgement.Total(plan, periods, need);
        Assert.Equal((2000L, 200L, 333L), (total, Judgement.PerDay(total, need), Judgement.PerGigabyte(total, plan, periods, need)!.Value));
        Assert.Equal(201, Judgement.PerDay(2001, need));
        var half = Priced(Plan(Allowance.Of(2 * Gigabyte), ValidityClock.CalendarDays, 10, 1001));
        Assert.Equal(501, Judgement.PerGigabyte(1001, half, Judgement.PeriodsOf(ValidityClock.CalendarDays, 10, need), need)); // 500.5.
    }

    [Fact]
    public void An_offer_holds_for_the_first_purchase_only()
    {
        var plan = Priced(Plan(Allowance.Of(3 * Gigabyte), ValidityClock.CalendarDays, 7, 1000)) with { Priced = new Priced(1000, 700, 1, 0, []) };
        Assert.Equal([700L, 1700L, 2700L], new[] { 7, 14, 15 }.Select(days => Judgement.Total(plan, Judgement.PeriodsOf(ValidityClock.CalendarDays, 7, Stay(days)), Stay(days))));
    }

    [Fact]
    public void Data_that_is_given_each_day_counts_for_the_days_of_the_stay_only()
    {
        var (plan, need) = (Priced(Plan(Allowance.Of(Gigabyte), ValidityClock.CalendarDays, 30, 3000) with { IsDaily = true }), Stay(10));
        Assert.Equal(300, Judgement.PerGigabyte(3000, plan, Judgement.PeriodsOf(ValidityClock.CalendarDays, 30, need), need));
        Assert.Equal(new Lack(LackKind.Data, Gigabyte / 2, LackOf.Day), Assert.Single(Lacks(plan, need with { BytesADay = Gigabyte * 3 / 2 })));
        Assert.Equal(new Lack(LackKind.Data, Gigabyte), Assert.Single(Lacks(plan, need with { BytesInAll = Gigabyte * 11 })));
    }

    [Fact]
    public void A_daily_need_must_be_met_within_each_purchase()
    {
        var plan = Priced(Plan(Allowance.Of(10 * Gigabyte), ValidityClock.CalendarDays, 10, 1000));
        var need = Stay(11) with { BytesADay = 3 * Gigabyte / 2 };

        // Two purchases bring 20 GB for 16.5, but the first has to last ten days.
        Assert.Equal(new Lack(LackKind.Data, 5 * Gigabyte, LackOf.Period), Assert.Single(Lacks(plan, need)));
        Assert.Empty(Lacks(plan, Stay(11) with { BytesInAll = 20 * Gigabyte }));
    }

    [Fact]
    public void Slow_data_will_do_only_where_that_is_said_and_the_plan_goes_on()
    {
        var need = Stay(30) with { BytesInAll = 20 * Gigabyte };
        var plan = Plan(Allowance.Of(5 * Gigabyte), ValidityClock.Hours24, 30, 1000);
        Assert.Empty(Lacks(Priced(plan with { AfterQuota = AfterQuota.Throttled }), need with { SlowWillDo = true }));
        Assert.Equal(LackKind.Data, Assert.Single(Lacks(Priced(plan with { AfterQuota = AfterQuota.Throttled }), need)).Kind);
        Assert.All([AfterQuota.Stops, AfterQuota.NotStated], after => Assert.Single(Lacks(Priced(plan with { AfterQuota = after }), need with { SlowWillDo = true })));
    }

    [Fact]
    public void What_is_not_stated_is_lacking_as_such_and_never_taken_for_there()
    {
        var plan = Priced(Plan(Allowance.NotStated, ValidityClock.Hours24, 30, 1000) with { Voice = Allowance.NotStated, Sms = Allowance.NotStated, Hotspot = Hotspot.NotStated });
        var need = Stay(30) with { BytesInAll = 1, Minutes = 1, Sms = 1, Hotspot = HotspotWish.Yes };
        Assert.Equal([LackKind.DataNotStated, LackKind.MinutesNotStated, LackKind.SmsNotStated, LackKind.HotspotNotStated], Lacks(plan, need).Select(lack => lack.Kind));
        Assert.Empty(Lacks(plan, Stay(30)));
    }

    [Fact]
    public void For_any_plan_and_need_the_sums_agree_and_covering_is_to_lack_nothing() =>
        Gen.Select(Plans, Needs).Sample((plan, need) =>
        {
            var periods = Judgement.PeriodsOf(plan.Plan.Validity.Clock, plan.Plan.Validity.Count, need);
            var (total, lacks) = (Judgement.Total(plan, periods, need), Judgement.LacksOf(plan, periods, need));
            var perDay = Judgement.PerDay(total, need);
            return periods.Count >= 1 && periods.LongestDays >= 1 && periods.LongestDays <= need.Days && periods.Count * (long)periods.LongestDays >= need.Days
                && total == (plan.Cents * periods.Count) + (need.NewSim ? 400 : 0)
                && perDay * need.Days >= total && (perDay - 1) * need.Days < total
                && Judgement.Covers(plan, periods, need) == lacks.IsEmpty
                && lacks.All(lack => lack.Amount >= 0);
        }, iter: 20_000);

    [Fact]
    public void The_list_is_in_order_covering_plans_first_and_its_pages_are_the_whole() =>
        Gen.Select(Plans.Array[1, 60], Needs, Gen.Enum<ComparisonOrder>()).Sample((plans, need, order) =>
        {
            var asked = need with { Order = order };
            var sold = plans.Index().Select(plan => (Carrier, plan.Item.Plan with { Code = $"plan-{plan.Index}" })).ToList();
            var table = new PlanTable(new OnSale(sold, default, default), (plan, _) => List(plan));
            var (all, total, covering) = table.Select(asked, code => code.Length, 0, int.MaxValue);
            var pages = Enumerable.Range(0, 10).SelectMany(page => table.Select(asked, code => code.Length, page * 7, 7).Plans);
            var covers = all.Select(plan => Judgement.Covers(plan, table.PeriodsOf(plan, asked), asked)).ToList();
            var costs = all.Select(plan => Judgement.Total(plan, table.PeriodsOf(plan, asked), asked)).ToList();
            return pages.SequenceEqual(all) && total == all.Length && covering == covers.Count(does => does) && covers.SequenceEqual(covers.OrderDescending())
                && (order != ComparisonOrder.Cost || costs.Take(covering).SequenceEqual(costs.Take(covering).Order()));
        }, iter: 1000);

    private static Need Stay(int days) => new(Start, Start.AddDays(days - 1));

    private static IReadOnlyList<Lack> Lacks(PricedPlan plan, Need need) =>
        Judgement.LacksOf(plan, Judgement.PeriodsOf(plan.Plan.Validity.Clock, plan.Plan.Validity.Count, need), need);

    private static PricedPlan Priced(Plan plan, long sim = 0) => new(Carrier with { SimPrice = Money.Usd(sim) }, plan, List(plan), sim, 0, 0);

    private static Priced List(Plan plan) => new(plan.Price.Minor, plan.Price.Minor, 1, 0, []);

    private static Plan Plan(Allowance data, ValidityClock clock, int count, long cents) => new(
        "plan", "carrier", "Plan", "plan", data, AfterQuota.Stops, null, Allowance.Unlimited, Allowance.Unlimited, Hotspot.Yes, Allowance.Unlimited,
        new ValidityRule(count, clock, Activation.OnPurchase, "America/New_York"), Money.Usd(cents), "", true, "somewhere");
}
