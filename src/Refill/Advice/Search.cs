namespace Refill.Advice;

/// <summary>
/// Step 2 of the method: labels over days. A day takes each label of it, adds what may be bought on that day (in the order of waste, so that it ends early), lets the day consume by the earliest end
/// first, and hands what is left to the next day, where labels beat one another.
/// </summary>
internal sealed partial class Search(Question question, Needs needs, Choices choices, Contexts contexts, Bounds bounds, SolverLimits limits, CancellationToken cancellation)
{
    /// <summary>Bounds are rounded up to cents; less than this is arithmetic.</summary>
    private const double Slack = 1e-6;

    /// <summary>More purchases than this on one day are not looked at.</summary>
    private const int MostADay = 64;

    /// <summary>How many purchases that today does not need a lean pass tries: a daily plan beside a pool, an offer that ends today.</summary>
    private const int Unneeded = 2;

    /// <summary>How many second purchases of a day a lean pass tries; half as many third ones, and so on.</summary>
    private const int Likeliest = 16;

    private readonly List<(int Before, Choice Choice)> path = [];
    private Part[] live = new Part[256];
    private int day;
    private int fewest;
    private bool lean;
    private LabelSet next = new();

    public long Looked { get; private set; }

    /// <summary>A limit was hit.</summary>
    public bool Stopped { get; private set; }

    /// <summary>In cents: what is known before anything is looked at.</summary>
    public int Root { get; private set; }

    /// <summary>In cents; <see cref="int.MaxValue"/>: no schedule is known.</summary>
    public int Best { get; private set; } = int.MaxValue;

    public IReadOnlyList<Choice> BestPath { get; private set; } = [];

    /// <summary>A search of at most so many labels a day.</summary>
    /// <param name="leanly">Buys only what today's need lacks, and of two or more at once only the likeliest: to know a good price soon.</param>
    /// <returns>The least bound of what was not looked at: a lower bound wherever it is below <see cref="Best"/>; <see cref="int.MaxValue"/>: all was looked at.</returns>
    public int Pass(int width, bool leanly)
    {
        (fewest, lean) = (int.MaxValue, leanly);
        path.Clear();
        var current = new LabelSet();
        next = new LabelSet();
        var count = Begin();
        day = -1;
        Keep(0, -1, contexts.Start, 0, count);
        Root = next.Labels.Count > 0 ? next.Labels[0].Bound : Best;
        for (day = 0; day < needs.Days; day++)
        {
            (current, next) = (next, current);
            next.Clear();
            if (current.Labels.Count == 0)
            {
                return fewest;
            }

            foreach (var label in current.Labels)
            {
                if (label.Bound >= Best)
                {
                    continue;
                }

                if (++Looked > limits.Labels || cancellation.IsCancellationRequested)
                {
                    (Stopped, fewest) = (true, Math.Min(fewest, label.Bound));
                    continue;
                }

                parts = Frame(0, label.Count);
                current.PartsOf(label).CopyTo(parts);
                Buy(label.Cents, label.Path, label.Context, label.SlowUsed, label.Count, 0, label.Linear, label.Bound, bounds.Measure(label.Context, day, current.PartsOf(label)), 0);
                if (next.Labels.Count > limits.Kept)
                {
                    fewest = Math.Min(fewest, next.Prune(contexts, Math.Min(width, limits.Kept / 2)));
                }
            }

            fewest = Math.Min(fewest, next.Prune(contexts, width));
        }

        foreach (var label in next.Labels)
        {
            if (label.Cents < Best)
            {
                (Best, BestPath) = (label.Cents, Walk(label.Path));
            }
        }

        return fewest;
    }

    /// <summary>All that can be bought today with what <see cref="parts"/> holds, and the day with each.</summary>
    private void Buy(int cents, int last, int context, int slowUsed, int count, int from, int linear, int bound, in Bounds.Measured measured, int bought)
    {
        var unmet = Unmet(count);
        if (unmet == 0 || (unmet == 1 && slowUsed < question.SlowDays && SlowToday(count)))
        {
            Live(cents, last, context, slowUsed + (unmet == 0 ? 0 : 1), count);
        }

        if (bought == MostADay)
        {
            fewest = Math.Min(fewest, bound);
            return;
        }

        var today = lean ? choices.ByWorth[day] : choices.ByDay[day];
        var made = 0;
        for (var i = from; i < today.Length; i++)
        {
            var choice = today[i];
            if (linear - 1 + choice.Waste >= Best)
            {
                if (!lean)
                {
                    break; // In the order of waste: all others waste more.
                }

                continue;
            }

            if (!MayBuy(choice, unmet, count))
            {
                continue;
            }

            if (lean && made >= (unmet == 0 ? (bought == 0 ? Unneeded : 0) : bought > 0 ? Likeliest >> bought : int.MaxValue))
            {
                fewest = Math.Min(fewest, bound);
                break;
            }

            var after = contexts.After(context, choice);
            if (after < 0 || Blocked(choice, count))
            {
                continue;
            }

            var paid = cents + choice.Cents + contexts.Sim(context, choice.Carrier);
            if (paid >= Best)
            {
                continue;
            }

            var more = bounds.With(measured, context, after, choice, parts.AsSpan(0, count));
            var (line, reached) = Bound(paid, after, slowUsed, more, day);
            if (reached >= Best)
            {
                continue;
            }

            made++;
            if (++Looked > limits.Labels)
            {
                // Neither this one nor those after it.
                (Stopped, fewest) = (true, Math.Min(fewest, bound));
                break;
            }

            path.Add((last, choice));
            var mine = parts;
            parts = Frame(bought + 1, count);
            mine.AsSpan(0, count).CopyTo(parts);
            Buy(paid, path.Count - 1, after, slowUsed, Add(choice, count), i, line, reached, more, bought + 1);
            parts = mine;
        }
    }

    /// <summary>It is bought on a day on which something of it is used, unless it is worth having before.</summary>
    private bool MayBuy(Choice choice, int unmet, int count)
    {
        if (choice.MayWait && Adds(choice, count))
        {
            return true;
        }

        foreach (var k in needs.Needed)
        {
            if (!choice.Gives(k) || needs[k, day] == 0)
            {
                continue;
            }

            if ((unmet & (1 << k)) != 0 || Saves(choice, k, count))
            {
                return true;
            }
        }

        return (unmet & 1) != 0 && question.SlowDays > 0 && choice.Slow && !SlowUntil(0, choice.End, count);
    }

    /// <summary>The day is lived: what is used goes, what ends today goes, and the rest is a label of tomorrow.</summary>
    private void Live(int cents, int last, int context, int slowUsed, int count)
    {
        live = live.Length < count ? new Part[2 * count] : live;
        parts.AsSpan(0, count).CopyTo(live);
        foreach (var k in needs.Needed)
        {
            var left = needs[k, day];
            for (var i = 0; i < count && left > 0; i++)
            {
                if (live[i].Class == Part.Daily + k && live[i].Start == 0)
                {
                    left -= live[i].Amount;
                }
            }

            for (var i = 0; i < count && left > 0; i++)
            {
                if (live[i].Class == k && live[i].Start == 0)
                {
                    var used = Math.Min(left, live[i].Amount);
                    live[i] = live[i] with { Amount = live[i].Amount - used };
                    left -= used;
                }
            }
        }

        var mine = parts;
        parts = Frame(MostADay + 1, count);
        var rest = 0;
        foreach (var part in live.AsSpan(0, count))
        {
            var moved = part.Start == day + 1 ? part with { Start = 0 } : part;
            if (moved.End <= day || moved.Amount <= 0)
            {
                continue;
            }

            if (moved.Class < Part.Daily)
            {
                var useful = needs.In(moved.Class, Math.Max(day + 1, (int)moved.Start), moved.End);
                if (useful == 0)
                {
                    continue;
                }

                moved = moved with { Amount = Math.Min(moved.Amount, useful) };
            }

            if (moved.Class == Part.Slow)
            {
                PutSlow(ref rest, moved.Start, moved.End);
            }
            else
            {
                Put(ref rest, moved);
            }
        }

        Keep(cents, last, context, slowUsed, rest);
        parts = mine;
    }

    private void Keep(int cents, int last, int context, int slowUsed, int count)
    {
        var (linear, bound) = Bound(cents, context, slowUsed, bounds.Measure(context, day + 1, parts.AsSpan(0, count)), day + 1);
        if (bound < Best)
        {
            next.Labels.Add(new Label(cents, linear, bound, next.Parts.Count, count, last, context, slowUsed));
            next.Parts.AddRange(parts.AsSpan(0, count));
        }
    }

    /// <summary>No schedule that goes on from this day with these parts costs less: by the dual prices alone, to which a choice adds its waste, and by all that is known.</summary>
    private (int Linear, int Bound) Bound(int cents, int context, int slowUsed, in Bounds.Measured held, int from)
    {
        var (linear, best) = bounds.ToGo(held, context, from, question.SlowDays - slowUsed);
        return (Cents(linear), Cents(best));

        int Cents(double toGo) => (int)Math.Min(int.MaxValue, Math.Max(cents, Math.Ceiling(cents + toGo - Slack)));
    }

    private List<Choice> Walk(int last)
    {
        var walked = new List<Choice>();
        for (var i = last; i >= 0; i = path[i].Before)
        {
            walked.Add(path[i].Choice);
        }

        walked.Reverse();
        return walked;
    }
}
