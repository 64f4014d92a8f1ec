namespace Refill.Advice;

/// <summary>
/// The cheapest schedule of purchases, proven: exact label-setting over days with dominance (docs/advice.md). Pure: the same question and limits have the same answer everywhere.
/// </summary>
public static class Advisor
{
    /// <summary>Labels a day, and children of a label, of each pass; the last pass looks at all.</summary>
    private static readonly (int Width, int Children)[] Passes = [(8, 3), (64, 8), (512, 32), (4_096, 256), (int.MaxValue, int.MaxValue)];

    /// <exception cref="ArgumentException">The question breaks a limit of its own (<see cref="Question.Check"/>).</exception>
    /// <exception cref="OperationCanceledException"/>
    public static Answer Answer(Question question, SolverLimits? limits = null, CancellationToken cancellation = default)
    {
        question.Check();
        var total = System.Diagnostics.Stopwatch.StartNew();
        var needs = new Needs(question);
        var choices = Choices.Of(question, needs);
        var t1 = total.Elapsed.TotalSeconds;
        var prices = Prices(question, needs, choices);
        if (Environment.GetEnvironmentVariable("ADV") != null) Console.Error.WriteLine($"duals {total.Elapsed.TotalSeconds:F3} choices at {t1:F3}");
        var root = (long)Math.Ceiling(prices.Bound - 1e-6);
        var search = new Search(question, needs, choices, prices, new WholePlans(needs, choices, prices, question.SlowDays), limits ?? SolverLimits.Default, cancellation);
        var (lower, passes) = (int.MinValue, 0);
        foreach (var (width, children) in Passes)
        {
            passes++;
            var sw = System.Diagnostics.Stopwatch.StartNew();
            var missed = search.Pass(width, children);
            if (Environment.GetEnvironmentVariable("ADV") != null) Console.Error.WriteLine($"pass {width} {children}: {sw.Elapsed.TotalSeconds:F3} best {search.Best} missed {missed} looked {search.Looked} root {root} choices {choices.Count}");
            lower = Math.Max(lower, Math.Min(missed, search.Best));
            if (missed >= search.Best || search.Looked >= (limits ?? SolverLimits.Default).Labels)
            {
                break;
            }
        }

        var work = new SolverWork(choices.Offers.Length, choices.Count, search.Looked, root, passes);
        if (search.Best == int.MaxValue)
        {
            return new Answer(lower == int.MaxValue ? AnswerKind.Impossible : AnswerKind.Unknown, 0, Math.Max(0, lower == int.MaxValue ? 0 : lower), [], work) { Reduced = choices.Offers };
        }

        var schedule = search.BestPath.Select(choice => new Purchase(Math.Min(question.Offers[choice.Offer].LastDay, choice.Start), choice.Start, choice.Offer)).ToList();
        return new Answer(lower >= search.Best ? AnswerKind.Proven : AnswerKind.Bounded, search.Best, Math.Min(lower, search.Best), schedule, work) { Reduced = choices.Offers };
    }

    private static DualPrices Prices(Question question, Needs needs, Choices choices)
    {
        var best = DualSearch.Find(needs, choices, question.SlowDays);
        foreach (var day in choices.ByDay)
        {
            foreach (var choice in day)
            {
                choice.Waste = choice.Cents - best.Worth(choice);
            }

            Array.Sort(day, (a, b) => a.Waste != b.Waste ? a.Waste.CompareTo(b.Waste) : a.Offer.CompareTo(b.Offer));
        }

        return best;
    }
}
