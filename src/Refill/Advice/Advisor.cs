namespace Refill.Advice;

/// <summary>
/// The cheapest schedule of purchases, proven: exact label-setting over days with dominance (docs/advice.md). Pure: the same question and limits have the same answer everywhere, unless it is cancelled.
/// </summary>
public static class Advisor
{
    /// <summary>Labels a day of each pass; lean passes find a good price, the others prove. The last one looks at all.</summary>
    private static readonly (int Width, bool Lean)[] Passes = [(8, true), (64, true), (512, true), (256, false), (4_096, false), (int.MaxValue, false)];

    /// <exception cref="ArgumentException">The question breaks a limit of its own (<see cref="Question.Check"/>).</exception>
    /// <param name="cancellation">Ends the search early, as a limit does: the answer is the best one found so far and what is proven of it.</param>
    public static Answer Answer(Question question, SolverLimits? limits = null, CancellationToken cancellation = default)
    {
        question.Check();
        var needs = new Needs(question);
        var choices = Choices.Of(question, needs);
        var contexts = new Contexts(question);
        var bounds = new Bounds(question, needs, choices, contexts, cancellation);
        choices.Sort(bounds.Prices);
        var search = new Search(question, needs, choices, contexts, bounds, limits ?? SolverLimits.Default, cancellation);
        var (lower, passes) = (int.MinValue, 0);
        foreach (var (width, lean) in Passes)
        {
            passes++;
            var missed = search.Pass(width, lean);
            lower = Math.Max(lower, Math.Min(Math.Max(search.Root, missed), search.Best));
            if (missed >= search.Best || search.Stopped)
            {
                break;
            }
        }

        var work = new SolverWork(choices.Offers.Length, choices.Count, search.Looked, search.Root, passes);
        if (search.Best == int.MaxValue)
        {
            return new Answer(lower == int.MaxValue ? AnswerKind.Impossible : AnswerKind.Unknown, 0, Math.Max(0, lower == int.MaxValue ? 0 : lower), [], work) { Reduced = choices.Offers };
        }

        var schedule = search.BestPath.Select(choice => new Purchase(Math.Min(question.Offers[choice.Offer].LastDay, choice.Start), choice.Start, choice.Offer)).ToList();
        return new Answer(lower >= search.Best ? AnswerKind.Proven : AnswerKind.Bounded, search.Best, Math.Min(lower, search.Best), schedule, work) { Reduced = choices.Offers };
    }
}
