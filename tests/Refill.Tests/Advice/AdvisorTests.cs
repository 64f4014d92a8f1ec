using Refill.Advice;
using Refill.Tests.Advice.Referees;

namespace Refill.Tests.Advice;

public sealed class AdvisorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    [InlineData(200_000)]
    public void Tiny_questions_cost_what_trying_everything_finds(int from)
    {
        var compared = 0;
        for (var seed = from; seed < from + 100; seed++)
        {
            var question = RandomQuestions.Make(seed, 4, 4);
            var answer = Advise(question);
            if (answer.Schedule.GroupBy(purchase => purchase.Start).Any(day => day.Count() > BruteForce.MostADay))
            {
                continue;
            }

            var cheapest = BruteForce.Cheapest(question);
            Assert.True(cheapest is null ? answer.Kind == AnswerKind.Impossible : answer.Kind == AnswerKind.Proven && answer.Cents == cheapest, $"seed {seed}: {answer.Kind} {answer.Cents}, trying everything {cheapest}");
            Sound(question, answer);
            compared++;
        }

        Assert.InRange(compared, 80, 100);
    }

    [Fact]
    public void Middle_questions_cost_what_CP_SAT_proves_over_all_that_is_on_sale()
    {
        var proven = 0;
        for (var seed = 500_000; seed < 500_040; seed++)
        {
            var question = RandomQuestions.Make(seed, 12, 10);
            var answer = Advise(question);
            var verdict = CpSat.Solve(question, Enumerable.Range(0, question.Offers.Count), seconds: 5, workers: 2, most: 12);
            if (verdict.Proven)
            {
                proven++;
                Assert.True(verdict.Cents is null ? answer.Kind == AnswerKind.Impossible : answer.Kind == AnswerKind.Proven && answer.Cents == verdict.Cents, $"seed {seed}: {answer.Kind} {answer.Cents}, CP-SAT {verdict.Cents}");
            }

            Sound(question, answer);
        }

        Assert.InRange(proven, 30, 40);
    }

    [Theory]
    [InlineData(Profile.Light)]
    [InlineData(Profile.Commuter)]
    [InlineData(Profile.Video)]
    [InlineData(Profile.Mixed)]
    internal void Real_price_lists_are_answered_the_same_each_time_and_soundly(Profile profile)
    {
        foreach (var (days, plans, offers) in new[] { (30, 500, 20), (60, 50, 20), (365, 50, 0) })
        {
            var question = PriceLists.Make(days, plans, offers, profile, 7);
            var limits = new SolverLimits(60_000);
            var (first, second) = (Advise(question, limits), Advise(question, limits));
            Assert.True(first.HasSchedule);
            Assert.Equal(first.Schedule, second.Schedule);
            Assert.Equal((first.Kind, first.Cents, first.LowerBound), (second.Kind, second.Cents, second.LowerBound));
            Sound(question, first);
        }
    }

    [Fact]
    public void An_answer_with_more_work_is_no_dearer_and_its_bound_no_lower()
    {
        var question = PriceLists.Make(90, 50, 20, Profile.Video, 1);
        var (little, more) = (Advise(question, new SolverLimits(30_000)), Advise(question, new SolverLimits(200_000)));
        Assert.Equal(AnswerKind.Bounded, little.Kind);
        Assert.True(more.Cents <= little.Cents && more.LowerBound >= little.LowerBound && little.LowerBound <= more.Cents);
        Assert.InRange(little.GapBasisPoints, 1, 10_000);
    }

    [Fact]
    public void Cancelled_it_says_what_it_has()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var answer = Advisor.Answer(PriceLists.Make(365, 500, 20, Profile.Mixed, 1), cancellation: cancelled.Token);
        Assert.Contains(answer.Kind, new[] { AnswerKind.Unknown, AnswerKind.Bounded });
    }

    [Fact]
    public void A_need_that_nothing_covers_is_impossible()
    {
        var question = Ask([5, 5], new Offer(0, 0, 9, 100, 30, new Grants(Grant.None, Grant.None, Grant.Unlimited, Grant.None)));
        Assert.Equal(AnswerKind.Impossible, Advise(question).Kind);
    }

    [Fact]
    public void Who_needs_nothing_pays_nothing()
    {
        var answer = Advise(Ask([0, 0, 0]));
        Assert.Equal((AnswerKind.Proven, 0L, 0), (answer.Kind, answer.Cents, answer.Schedule.Count));
    }

    [Fact]
    public void More_than_can_be_bought_in_a_day_is_not_called_impossible()
    {
        var question = Ask([10_000_000], new Offer(0, 0, 9, 100, 30, new Grants(Grant.Pool(1_000), Grant.None, Grant.None, Grant.None)));
        Assert.Equal(AnswerKind.Unknown, Advise(question).Kind);
    }

    [Fact]
    public void It_waits_for_the_day_of_the_reduced_price_where_that_is_cheaper()
    {
        var plan = new Offer(0, 0, 9, 1_000, 5, new Grants(Grant.Pool(50), Grant.None, Grant.None, Grant.None));
        var question = Ask([0, 0, 10, 10, 10], plan, plan with { FirstDay = 3, LastDay = 3, Cents = 100 }, plan with { Cents = 300, Days = 1 });
        var answer = Advise(question);
        Assert.Equal((AnswerKind.Proven, 400L), (answer.Kind, answer.Cents));
        Assert.Equal([(2, 2), (3, 1)], answer.Schedule.Select(purchase => (purchase.Day, purchase.Offer)));
    }

    [Fact]
    public void A_plan_bought_at_today_s_price_may_begin_when_it_is_needed()
    {
        var plan = new Offer(0, 0, 0, 100, 2, new Grants(Grant.Pool(50), Grant.None, Grant.None, Grant.None), StartWithin: 30);
        var answer = Advise(Ask([0, 0, 0, 10, 10], plan, plan with { FirstDay = 0, LastDay = 9, Cents = 500, StartWithin = 0 }));
        Assert.Equal([new Purchase(0, 3, 0)], answer.Schedule);
    }

    [Fact]
    public void A_question_that_breaks_a_limit_is_refused_by_name()
    {
        Assert.Throws<ArgumentException>(() => Advise(Ask(new long[Question.MaxDays + 1])));
        Assert.Throws<ArgumentException>(() => Advise(Ask([-1])));
        Assert.Throws<ArgumentException>(() => Advise(Ask([1], new Offer(7, 0, 0, 1, 1, default))));
        Assert.Throws<ArgumentException>(() => Advise(Ask([1], new Offer(0, 0, 0, 1, 1, default, Uses: [0]))));
    }

    private static Answer Advise(Question question, SolverLimits? limits = null) => Advisor.Answer(question, limits, TestContext.Current.CancellationToken);

    private static Question Ask(long[] data, params Offer[] offers) => new([data, new long[data.Length], new long[data.Length], new long[data.Length]], [new AdviceCarrier(0, true)], offers, [], [], 0);

    /// <summary>What it says holds when it is played, and the bound is no higher than the price.</summary>
    private static void Sound(Question question, Answer answer)
    {
        Assert.True(answer.LowerBound <= answer.Cents || !answer.HasSchedule);
        if (answer.HasSchedule)
        {
            var played = Replay.Play(question, answer.Schedule);
            Assert.Equal((Fault.Nothing, answer.Cents), (played.Fault, played.Cents));
        }
    }
}
