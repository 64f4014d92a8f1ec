using Refill.Catalogue;
using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.TopUps;

public sealed class BuyersReviewsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<TopUpState> Unfinished() => [.. Enum.GetValues<TopUpState>().Where(state => state != TopUpState.Completed)];

    [Fact]
    public void A_completed_top_up_may_be_reviewed() => Assert.True(BuyersReviews.MayReview(TopUp(TopUpState.Completed, 0)));

    [Theory]
    [MemberData(nameof(Unfinished))]
    public void One_that_is_pending_refunded_or_never_paid_may_not(TopUpState state) => Assert.False(BuyersReviews.MayReview(TopUp(state, 0)));

    [Fact]
    public void One_whose_money_was_all_given_back_by_hand_may_not_and_one_that_kept_some_may()
    {
        Assert.False(BuyersReviews.MayReview(TopUp(TopUpState.Completed, 2130)));
        Assert.True(BuyersReviews.MayReview(TopUp(TopUpState.Completed, 2129)));
    }

    private static TopUpView TopUp(TopUpState state, long givenBack)
    {
        var plan = new Plan("week", "own", "Week", "week", Allowance.Unlimited, AfterQuota.NotStated, null, Allowance.Unlimited, Allowance.Unlimited, Hotspot.Yes, Allowance.Unlimited, new ValidityRule(7, ValidityClock.CalendarDays, Activation.OnPurchase, "UTC"), Money.Usd(300), "", true, "");
        var payment = new PaymentView(Guid.Empty, "alipay", PaymentWay.Page, null, new Money(2130, Currency.Cny), Now, Paid: true, null)
        {
            Parts = givenBack == 0 ? [] : [new RefundView(new Money(givenBack, Currency.Cny), true, Now, Now)],
        };
        return new TopUpView(
            Guid.Empty, "", state, 1, Guid.Empty, default, new Carrier("own", "Own", "", "own", "", "UTC"), null, null, plan, plan.Price, payment.Amount,
            new FxRate(Currency.Usd, Currency.Cny, 7_100_000, "test", Now), Now, Now, Now, Now, null, TopUpTrouble.None, [payment]);
    }
}
