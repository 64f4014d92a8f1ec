using Refill.Advice;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Tests.TopUps;
using Refill.TopUps;

namespace Refill.Tests.Advice;

public sealed class AdviceStoryOnSqliteTests() : AdviceStoryTests(DatabaseKind.Sqlite);

public sealed class AdviceStoryOnPostgresTests() : AdviceStoryTests(DatabaseKind.Postgres);

/// <summary>Advice for a card that we know: what the ledger says is on it, and what it has had of offers.</summary>
public abstract class AdviceStoryTests(DatabaseKind kind) : TopUpStory(kind)
{
    private const string Zone = "America/New_York";
    private const string Heading = "code,name_en,kind,value,coupon,limit_per_card,first_purchase";

    [Fact]
    public async Task What_is_on_the_card_is_used_before_anything_is_bought()
    {
        Scene.Carrier.AllowancesInLedger = true;
        await Scene.StockAsync("mint,Mint,T-Mobile,test,1,America/New_York,mint-5gb,5GB,15.00,15.00,5 GB,stops,100,50,yes,2 GB,30x24h,purchase,no,test,,beside,");
        await PaidAsync(await Scene.QuoteAsync());

        var given = await AskAsync(days: 7, bytesADay: 1_000_000_000);

        Assert.Equal((AdviceKind.Proven, 1500), (given.Kind, (int)given.TotalCents)); // 5 GB are there.
        Assert.Equal([new Taken(-1, 1_000_000_000, 0), new Taken(0, 1_000_000_000, 3_000_000_000)], given.Days.Select(run => Assert.Single(run.Taken)));
        Assert.Equal(given.Today.AddDays(5), Assert.Single(given.Steps).From);
        Assert.Empty((await AskAsync(days: 5, bytesADay: 1_000_000_000)).Steps);
    }

    [Fact]
    public async Task Where_nothing_is_said_of_stacking_a_plan_that_runs_is_given_up_for_a_new_one_if_it_is_not_enough()
    {
        await PaidAsync(await Scene.QuoteAsync());
        var stay = await StayAsync(3, 1_000_000_000, null) with { LeftBytes = 1_000_000_000 };
        stay = stay with { LeftUntil = stay.From.AddDays(29) };

        var given = (await Scene.Advice.AskAsync(stay, Token)).Given!;

        Assert.Equal((AdviceKind.Proven, 1500, given.Today), (given.Kind, (int)given.TotalCents, Assert.Single(given.Steps).From));
        Assert.Empty((await Scene.Advice.AskAsync(stay with { LeftBytes = 3_000_000_000 }, Token)).Given!.Steps);
    }

    [Fact]
    public async Task A_coupon_that_the_card_has_used_is_used_up_and_a_first_purchase_is_over()
    {
        await Scene.StockAsync("mint,Mint,T-Mobile,test,1,America/New_York,mint-5gb,5GB,15.00,15.00,5 GB,stops,100,50,yes,2 GB,30x24h,purchase,no,test,,beside,");
        Assert.True((await Scene.OfferAsync(Heading, "ten,Ten,percent,10,TEN,1,no", "first,First,percent,40,,,yes")).Done);
        Assert.Equal(900, (await AskAsync(3, 1_000_000_000)).TotalCents);
        var card = (await Scene.Desk.FindCardAsync("2015550123", Token)).Value!;
        await PaidAsync((await Scene.Desk.QuoteAsync(card.NameId, "mint-5gb", null, Token)).Value!);
        Assert.Equal(1500, (await AskAsync(3, 1_000_000_000)).TotalCents);
        Assert.Equal(1350, (await AskAsync(3, 1_000_000_000, "TEN")).TotalCents);
        await PaidAsync((await Scene.Desk.QuoteAsync(card.NameId, "mint-5gb", null, new QuoteWishes("TEN"), Token)).Value!);

        Assert.Equal(AdviceProblem.CouponUsedUp, (await Scene.Advice.AskAsync(await StayAsync(3, 1_000_000_000, "TEN"), Token)).Problem);
    }

    [Fact]
    public async Task A_card_or_a_carrier_that_is_not_there_is_said_so()
    {
        var stay = await StayAsync(3, 1_000_000_000, null);
        Assert.Equal(AdviceProblem.CardNotFound, (await Scene.Advice.AskAsync(stay with { Card = Guid.CreateVersion7() }, Token)).Problem);
        Assert.Equal(AdviceProblem.NoSuchCarrier, (await Scene.Advice.AskAsync(stay with { Only = "nobody" }, Token)).Problem);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Scene.Advice.AskAsync(stay with { From = stay.From.AddDays(400) }, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Scene.Advice.AskAsync(stay with { From = stay.From.AddDays(-1) }, Token));
    }

    private async Task<AdviceGiven> AskAsync(int days, long bytesADay, string? coupon = null) => (await Scene.Advice.AskAsync(await StayAsync(days, bytesADay, coupon), Token)).Given!;

    private async Task<Stay> StayAsync(int days, long bytesADay, string? coupon) => new(Validity.DayOf(Scene.Time.GetUtcNow(), Zone), [new Stretch(days, bytesADay)], Zone)
    {
        Card = (await Scene.Desk.FindCardAsync("2015550123", Token)).Value!.NameId,
        Only = "mint",
        Coupon = coupon,
    };

    private async Task PaidAsync(TopUpView topUp)
    {
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
    }
}
