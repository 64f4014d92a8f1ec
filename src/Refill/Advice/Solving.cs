using Refill.Carriers;

namespace Refill.Advice;

/// <summary>A schedule that the checker has played.</summary>
/// <param name="LowerBound">In cents: nothing costs less.</param>
internal sealed record Checked(AnswerKind Kind, Asking Asking, IReadOnlyList<Purchase> Schedule, Played Played, long LowerBound);

/// <summary>Asks the solver within a time, prices what it says at the till, and has it played by the checker.</summary>
internal sealed class Solving(CarrierDirectory connectors, CancellationToken cancellation)
{
    /// <summary>The checker refused a schedule of the solver's: a fault of this program.</summary>
    public Fault Refused { get; private set; }

    /// <summary>Null: there is no schedule to show; why, <paramref name="kind"/> says.</summary>
    public Checked? Solve(Asking asking, out AnswerKind kind)
    {
        // Out of time, it answers with the best schedule so far.
        var answer = Advisor.Answer(asking.Question, SolverLimits.Default, cancellation);
        kind = answer.Kind;
        return answer.HasSchedule ? Check(asking, answer) : null;
    }

    /// <summary>The cheaper of two ways of asking; it is proven if neither can be cheaper.</summary>
    public (Asking Asking, Checked Found)? Cheaper(Asking one, Asking? other, out AnswerKind kind)
    {
        var first = Solve(one, out kind);
        if (other is null || Refused != Fault.Nothing)
        {
            return first is null ? null : (one, first);
        }

        var second = Solve(other, out var kindOfSecond);
        var bound = Math.Min(BoundOf(first, kind), BoundOf(second, kindOfSecond));
        var isFirst = first is not null && (second is null || first.Played.Cents <= second.Played.Cents);
        kind = kind == AnswerKind.Impossible ? kindOfSecond : kind;
        return (isFirst ? first : second) is not { } best ? null
            : (isFirst ? one : other, best with { LowerBound = bound, Kind = best.Played.Cents <= bound ? AnswerKind.Proven : AnswerKind.Bounded });
    }

    private static long BoundOf(Checked? found, AnswerKind kind) => found?.LowerBound ?? (kind == AnswerKind.Impossible ? long.MaxValue : 0);

    private Checked? Check(Asking asking, Answer answer)
    {
        var asSolved = Replay.Play(asking.Question, answer.Schedule);
        if (asSolved.Fault != Fault.Nothing || asSolved.Cents != answer.Cents)
        {
            Refused = asSolved.Fault;
            return null;
        }

        var (paid, schedule) = Till.Price(asking, NotBeforeNeeded(asking.Question, answer), connectors);
        var played = Replay.Play(paid.Question, schedule);
        if (played.Fault == Fault.Nothing)
        {
            var bound = asking.IsWhole ? answer.LowerBound : 0;
            return new Checked(played.Cents <= bound ? AnswerKind.Proven : AnswerKind.Bounded, paid, schedule, played, bound);
        }

        // At the till it would have lacked what an offer adds. Without limited offers the till and the solver agree; the bound stays what it was.
        var unlimited = asking.Keep(index => asking.Question.Offers[index].Uses is null);
        var plain = Advisor.Answer(unlimited.Question, SolverLimits.Default, cancellation);
        if (!plain.HasSchedule)
        {
            return null;
        }

        (paid, schedule) = Till.Price(unlimited, plain.Schedule, connectors);
        played = Replay.Play(paid.Question, schedule);
        Refused = played.Fault;
        return played.Fault == Fault.Nothing ? new Checked(AnswerKind.Bounded, paid, schedule, played, answer.LowerBound) : null;
    }

    /// <summary>What begins before anything is needed begins with the need, where that changes nothing else: nobody would understand why not.</summary>
    private static IReadOnlyList<Purchase> NotBeforeNeeded(Question question, Answer answer)
    {
        var first = Enumerable.Range(0, question.Days).First(day => question.Need.Any(row => row[day] > 0));
        var schedule = answer.Schedule;
        foreach (var early in answer.Schedule.Where(purchase => purchase.Start < first))
        {
            var later = early with { Day = Math.Min(first, question.Offers[early.Offer].LastDay), Start = first };
            IReadOnlyList<Purchase> changed = [.. schedule.Select(purchase => ReferenceEquals(purchase, early) ? later : purchase)];
            schedule = Replay.Play(question, changed) is { Fault: Fault.Nothing } played && played.Cents == answer.Cents ? changed : schedule;
        }

        return schedule;
    }
}
