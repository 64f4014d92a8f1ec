using CsCheck;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Units;

namespace Refill.Tests.Carriers.Own;

public sealed class AllowancesTests
{
    private static readonly Guid TopUp = CellId.New(new Cell(42), TimeProvider.System);

    private static readonly Gen<Allowance> AnyAllowance = Gen.OneOf(
        Gen.Const(Allowance.Unlimited), Gen.Const(Allowance.NotStated), Gen.Const(Allowance.None), Gen.Const(Allowance.Of(1)), Gen.Long[1, long.MaxValue].Select(Allowance.Of));

    private static readonly Gen<Plan> AnyPlan = Gen.Select(AnyAllowance, AnyAllowance, AnyAllowance, AnyAllowance, Gen.Enum<Hotspot>())
        .Select((data, voice, sms, hotspotData, hotspot) => PlanOf(data, voice, sms, hotspot, hotspotData));

    [Fact]
    public void A_plans_data_minutes_and_messages_become_accounts_of_the_top_up()
    {
        var plan = PlanOf(Allowance.Of(10_000_000_000), Allowance.Of(3600), Allowance.Of(100), Hotspot.Yes, Allowance.Of(2_000_000_000));

        var postings = Allowances.Postings(plan, TopUp);

        Assert.Equal(
            [("allowance/data", "byte", 10_000_000_000), ("allowance/hotspot", "hotspot-byte", 2_000_000_000), ("allowance/voice", "voice-second", 3600), ("allowance/sms", "sms", 100L)],
            postings.Where(posting => posting.Amount > 0).Select(posting => (posting.Account.Purpose, posting.Account.Unit.Code, posting.Amount)));
        Assert.All(postings, posting => Assert.Equal(
            posting.Amount > 0 ? (TopUp, 0L) : (default, Account.NoFloor), (posting.Account.Owner, posting.Account.Floor)));
    }

    [Fact]
    public void The_postings_of_any_plan_sum_to_zero_in_every_unit() =>
        AnyPlan.Sample(plan => Allowances.Postings(plan, TopUp).GroupBy(posting => posting.Account.Unit).All(unit => unit.Sum(posting => posting.Amount) == 0));

    [Fact]
    public void The_postings_of_any_plan_stand_in_the_cell_of_the_top_up() =>
        AnyPlan.Sample(plan => Allowances.Postings(plan, TopUp).All(posting => posting.Account.Cell == new Cell(42)));

    [Fact]
    public void What_is_unlimited_not_stated_or_nothing_has_no_posting() =>
        AnyPlan.Sample(plan => Allowances.Postings(plan, TopUp).Length == 2 * new[] { plan.FullSpeed, plan.Voice, plan.Sms, plan.Hotspot == Hotspot.Yes ? plan.HotspotData : Allowance.None }
            .Count(allowance => allowance is { Kind: AllowanceKind.Limited, Amount: > 0 }));

    [Fact]
    public void The_same_top_up_has_the_same_accounts_again_and_another_has_others() =>
        AnyPlan.Sample(plan =>
        {
            var once = Allowances.Postings(plan, TopUp);
            var other = Allowances.Postings(plan, CellId.New(new Cell(42), TimeProvider.System));
            return once.SequenceEqual(Allowances.Postings(plan, TopUp))
                && !once.Where(posting => posting.Amount > 0).Select(posting => posting.Account.Id).Intersect(other.Select(posting => posting.Account.Id)).Any();
        });

    [Fact]
    public void A_negative_allowance_is_a_broken_plan() =>
        Assert.Throws<ArgumentException>(() => Allowances.Postings(PlanOf(Allowance.Of(-1), Allowance.None, Allowance.None, Hotspot.No, Allowance.None), TopUp));

    internal static Plan PlanOf(Allowance data, Allowance voice, Allowance sms, Hotspot hotspot, Allowance hotspotData) => new(
        "refill-mobile-month-10gb", "refill-mobile", "Month 10 GB", "month-10gb", data, AfterQuota.Stops, null, voice, sms, hotspot, hotspotData,
        new ValidityRule(1, ValidityClock.CalendarMonths, Activation.OnPurchase, "America/New_York"), Money.Usd(1500), "", true, "test");
}
