using Refill.Advice;

namespace Refill.Tests.Advice;

public sealed class ReplayTests
{
    private static readonly Offer Week = new(0, 1, 3, 500, 3, new Grants(Grant.Pool(20), Grant.None, Grant.None, Grant.None), SlowAfter: true);

    [Fact]
    public void What_ends_first_is_used_first()
    {
        var question = Ask([10, 10, 10], [Week with { FirstDay = 0, Days = 3 }, Week with { FirstDay = 0, Days = 2 }]);
        var played = Replay.Play(question, [new Purchase(0, 0, 0), new Purchase(0, 0, 1)]);
        Assert.Equal((Fault.Nothing, 1_000L), (played.Fault, played.Cents));
        Assert.Equal([30L, 20L, 0L], played.Days.Select(day => day.Left[0]));
    }

    [Fact]
    public void A_SIM_is_paid_for_once()
    {
        var question = Ask([10, 10], [Week with { FirstDay = 0, Days = 1 }]) with { Carriers = [new AdviceCarrier(700, false)] };
        Assert.Equal(1_700, Replay.Play(question, [new Purchase(0, 0, 0), new Purchase(1, 1, 0)]).Cents);
    }

    [Theory]
    [InlineData(Fault.NoSuchOffer, 1, 1, 5)]
    [InlineData(Fault.NotOnSale, 0, 0, 0)]
    [InlineData(Fault.NotOnSale, 4, 4, 0)]
    [InlineData(Fault.NotOnSale, 2, 1, 0)]
    [InlineData(Fault.StartsTooLate, 1, 2, 0)]
    internal void A_schedule_that_cannot_be_bought_is_refused(Fault fault, int day, int start, int offer) =>
        Assert.Equal(fault, Replay.Play(Ask([0, 5, 5, 5, 0], [Week]), [new Purchase(day, start, offer)]).Fault);

    [Fact]
    public void A_need_that_is_not_met_is_named_by_day_and_commodity()
    {
        var played = Replay.Play(Ask([0, 10, 15, 0, 0], [Week with { SlowAfter = false }]), [new Purchase(1, 1, 0)]);
        Assert.Equal((Fault.NeedNotMet, 2, Commodity.Data), (played.Fault, played.Day, played.Commodity));
    }

    [Fact]
    public void Slow_days_are_counted_and_limited()
    {
        var question = Ask([0, 15, 15, 15, 0], [Week]);
        Assert.Equal(Fault.TooManySlowDays, Replay.Play(question with { SlowDays = 1 }, [new Purchase(1, 1, 0)]).Fault);
        var played = Replay.Play(question with { SlowDays = 2 }, [new Purchase(1, 1, 0)]);
        Assert.Equal((Fault.Nothing, 2), (played.Fault, played.SlowDays));
        Assert.Equal([false, false, true, true, false], played.Days.Select(day => day.Slow));
    }

    [Fact]
    public void Uses_and_running_alone_are_held_to()
    {
        var question = Ask([0, 5, 5, 5, 0], [Week with { Uses = [0] }, Week with { Alone = true }]) with { UsesLeft = [1] };
        Assert.Equal(Fault.UsedTooOften, Replay.Play(question, [new Purchase(1, 1, 0), new Purchase(2, 2, 0)]).Fault);
        Assert.Equal(Fault.NotAlone, Replay.Play(question, [new Purchase(1, 1, 0), new Purchase(2, 2, 1)]).Fault);
        Assert.Equal(Fault.NotAlone, Replay.Play(question with { Carriers = [new AdviceCarrier(0, true, RunsUntil: 1)] }, [new Purchase(1, 1, 1)]).Fault);
    }

    private static Question Ask(long[] data, Offer[] offers) => new([data, new long[data.Length], new long[data.Length], new long[data.Length]], [new AdviceCarrier(0, true)], offers, [], [], 0);
}
