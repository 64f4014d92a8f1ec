namespace Refill.Advice;

/// <summary>
/// The cheapest schedule of purchases, proven: exact label-setting over days with dominance (docs/advice.md). Pure: the same question and limits have the same answer everywhere.
/// </summary>
public static class Advisor
{
    /// <summary>Labels a day, and children of a label, of each pass; the last pass looks at all.</summary>
    private static readonly (int Width, int Children)[] Passes = [(24, 8), (256, 32), (2_048, 256), (int.MaxValue, int.MaxValue)];

    /// <summary>The orders in which commodities take their share of prices; the best bound wins.</summary>
    private static readonly int[][] Orders = [[0, 1, 2, 3], [2, 3, 0, 1], [3, 2, 1, 0], [1, 0, 2, 3]];

    /// <exception cref="ArgumentException">The question breaks a limit of its own (<see cref="Question.Check"/>).</exception>
    /// <exception cref="OperationCanceledException"/>
    public static Answer Answer(Question question, SolverLimits? limits = null, CancellationToken cancellation = default)
    {
        question.Check();
        var needs = new Needs(question);
        var choices = Choices.Of(question, needs);
        var prices = Prices(question, needs, choices);
        var root = (long)Math.Ceiling(prices.Bound - 1e-6);
        var search = new Search(question, needs, choices, prices, limits ?? SolverLimits.Default, cancellation);
        var (lower, passes) = (int.MinValue, 0);
        foreach (var (width, children) in Passes)
        {
            passes++;
            var missed = search.Pass(width, children);
            lower = Math.Max(lower, Math.Min(missed, search.Best));
            if (missed >= search.Best || search.Looked >= (limits ?? SolverLimits.Default).Labels)
            {
                break;
            }
        }

        var work = new SolverWork(choices.Offers.Length, choices.Count, search.Looked, root, passes);
        if (search.Best == int.MaxValue)
        {
            return new Answer(lower == int.MaxValue ? AnswerKind.Impossible : AnswerKind.Unknown, 0, Math.Max(0, lower == int.MaxValue ? 0 : lower), [], work);
        }

        var schedule = search.BestPath.Select(choice => new Purchase(Math.Min(question.Offers[choice.Offer].LastDay, choice.Start), choice.Start, choice.Offer)).ToList();
        return new Answer(lower >= search.Best ? AnswerKind.Proven : AnswerKind.Bounded, search.Best, Math.Min(lower, search.Best), schedule, work);
    }

    private static DualPrices Prices(Question question, Needs needs, Choices choices)
    {
        DualPrices? best = null;
        foreach (var order in Orders)
        {
            var prices = DualPrices.Greedy(needs, choices, order, question.SlowDays);
            if (best is null || prices.Bound > best.Bound)
            {
                best = prices;
            }

            if (needs.Needed.Length == 1)
            {
                break;
            }
        }

        foreach (var day in choices.ByDay)
        {
            foreach (var choice in day)
            {
                choice.Waste = choice.Cents - best!.Worth(choice);
            }

            Array.Sort(day, (a, b) => a.Waste != b.Waste ? a.Waste.CompareTo(b.Waste) : a.Offer.CompareTo(b.Offer));
        }

        return best!;
    }
}
