namespace Refill.Advice;

/// <summary>What lacks where nothing on sale covers a need.</summary>
internal static class Lacking
{
    private static readonly SolverLimits Quick = new(Labels: 60_000, Kept: 60_000);

    /// <summary>Each commodity that cannot be covered by itself, and the first day on which it cannot; none: they can, but not together.</summary>
    public static IReadOnlyList<(Commodity Commodity, int Day)> In(Question question, CancellationToken cancellation)
    {
        var lacks = new List<(Commodity, int)>();
        foreach (var commodity in Question.Commodities.Where(commodity => question.Need[(int)commodity].Any(need => need > 0)))
        {
            var alone = Only(question, commodity);
            if (!IsImpossible(alone, cancellation))
            {
                continue;
            }

            var (good, bad) = (-1, question.Days - 1);
            while (bad - good > 1)
            {
                var middle = (good + bad) / 2;
                (good, bad) = IsImpossible(UpTo(alone, middle), cancellation) ? (good, middle) : (middle, bad);
            }

            lacks.Add((commodity, bad));
        }

        return lacks;
    }

    public static Question Without(Question question, IEnumerable<Commodity> dropped) =>
        question with { Need = [.. question.Need.Select((row, index) => dropped.Contains((Commodity)index) ? new long[row.Count] : row)] };

    private static Question Only(Question question, Commodity commodity) => Without(question, Question.Commodities.Where(other => other != commodity));

    private static Question UpTo(Question question, int last) => question with { Need = [.. question.Need.Select(row => row.Select((need, day) => day <= last ? need : 0).ToArray())] };

    private static bool IsImpossible(Question question, CancellationToken cancellation) => Advisor.Answer(question, Quick, cancellation).Kind == AnswerKind.Impossible;
}
