namespace Refill.Advice;

/// <summary>
/// Step 2 of the method: labels over days. A day takes each label of it, adds what may be bought on that day (in the order of waste, so that it ends early), lets the day consume by the earliest end
/// first, and hands what is left to the next day, where labels beat one another.
/// </summary>
internal sealed class Search(Question question, Needs needs, Choices choices, DualPrices prices, WholePlans whole, SolverLimits limits, CancellationToken cancellation)
{
    /// <summary>Bounds are rounded up to cents; less than this is arithmetic.</summary>
    private const double Slack = 1e-6;

    /// <summary>More purchases than this on one day are not looked at.</summary>
    private const int MostADay = 64;

    /// <summary>How many purchases a pass looks at for one label, for each child that it may have.</summary>
    private const int RoomPerChild = 8;

    private readonly Contexts contexts = new(question);
    private readonly List<(int Before, Choice Choice)> path = [];
    private Part[] parts = new Part[256];
    private int day;
    private int fewest;
    private int children;
    private int room;
    private LabelSet next = new();

    public long Looked { get; private set; }

    /// <summary>In cents; <see cref="int.MaxValue"/>: no schedule is known.</summary>
    public int Best { get; private set; } = int.MaxValue;

    public IReadOnlyList<Choice> BestPath { get; private set; } = [];

    /// <summary>A search of at most so many labels a day, and so many children of each.</summary>
    /// <returns>The least bound of what was not looked at: a lower bound wherever it is below <see cref="Best"/>; <see cref="int.MaxValue"/>: all was looked at.</returns>
    public int Pass(int width, int widest)
    {
        (fewest, children) = (int.MaxValue, widest);
        path.Clear();
        var current = new LabelSet();
        next = new LabelSet();
        var count = Begin();
        day = -1;
        Keep(0, -1, contexts.Start, 0, count);
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

                if (++Looked > limits.Labels)
                {
                    fewest = Math.Min(fewest, label.Bound);
                    continue;
                }

                cancellation.ThrowIfCancellationRequested();
                current.PartsOf(label).CopyTo(parts);
                room = children < int.MaxValue / RoomPerChild ? children * RoomPerChild : int.MaxValue;
                Buy(label.Cents, label.Path, label.Context, label.SlowUsed, label.Count, 0, label.Bound, 0);
                if (next.Labels.Count > limits.Kept)
                {
                    fewest = Math.Min(fewest, next.Prune(contexts, Math.Min(width, limits.Kept / 2)));
                }
            }

            var emitted = next.Labels.Count;
            var clock = System.Diagnostics.Stopwatch.StartNew();
            fewest = Math.Min(fewest, next.Prune(contexts, width));
            if (Environment.GetEnvironmentVariable("ADV") == "3") Console.Error.WriteLine($"  day {day} in {current.Labels.Count} emitted {emitted} kept {next.Labels.Count} looked {Looked} prune {clock.Elapsed.TotalSeconds:F3} parts {next.Parts.Count}");
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

    /// <summary>What is on the card already, as parts.</summary>
    private int Begin()
    {
        var count = 0;
        foreach (var stock in question.Stock.Where(stock => stock.Start < needs.Days))
        {
            var end = Math.Min(stock.End, needs.Days - 1);
            foreach (var k in needs.Needed)
            {
                var (give, all) = (stock.Grants[(Commodity)k], needs.In(k, stock.Start, end));
                if (give.Kind != GrantKind.None && all > 0)
                {
                    var daily = give.Kind == GrantKind.Daily && give.Amount < needs.MostIn(k, stock.Start, end);
                    Put(ref count, new Part(daily ? Part.Daily + k : k, (short)stock.Start, (short)end, daily ? give.Amount : give.Kind == GrantKind.Pool ? Math.Min(give.Amount, all) : all));
                }
            }

            if (question.SlowDays > 0 && stock.SlowAfter)
            {
                PutSlow(ref count, stock.Start, end);
            }
        }

        for (var carrier = 0; carrier < question.Carriers.Count; carrier++)
        {
            if (choices.HasAlone(carrier) && question.Carriers[carrier].RunsUntil >= 0)
            {
                Put(ref count, new Part(Part.Runs + carrier, 0, (short)Math.Min(question.Carriers[carrier].RunsUntil, needs.Days - 1), 1));
            }
        }

        return count;
    }

    /// <summary>All that can be bought today with what <see cref="parts"/> holds, and the day with each.</summary>
    private void Buy(int cents, int last, int context, int slowUsed, int count, int from, int bound, int bought)
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

        var today = choices.ByDay[day];
        var made = 0;
        for (var i = from; i < today.Length; i++)
        {
            var choice = today[i];
            if (bound + choice.Waste - 1 >= Best)
            {
                break; // In the order of waste: all others waste more.
            }

            if (!MayBuy(choice, unmet, count))
            {
                continue;
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

            var before = SaveParts(count);
            var held = Add(choice, count);
            var reached = Bound(paid, slowUsed, held, day);
            if (reached < Best)
            {
                if (made++ >= Math.Max(1, children >> bought) || room-- <= 0 || ++Looked > limits.Labels)
                {
                    // Neither this one nor what wastes more.
                    fewest = Math.Min(fewest, Math.Min(reached, (int)Math.Ceiling(bound - 1 + choice.Waste)));
                    Restore(before);
                    break;
                }

                path.Add((last, choice));
                Buy(paid, path.Count - 1, after, slowUsed, held, i, reached, bought + 1);
            }

            Restore(before);
        }
    }

    private Part[] SaveParts(int count) => parts.AsSpan(0, count).ToArray();

    private void Restore(Part[] before) => before.CopyTo(parts, 0);

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

    /// <summary>Not all that it gives is held already for as long.</summary>
    private bool Adds(Choice choice, int count)
    {
        foreach (var k in needs.Needed)
        {
            if (!choice.Gives(k))
            {
                continue;
            }

            var (pools, daily) = (0L, 0L);
            for (var i = 0; i < count; i++)
            {
                if (parts[i].Start <= (choice.Start <= day ? 0 : choice.Start) && parts[i].End >= choice.End)
                {
                    pools += parts[i].Class == k ? parts[i].Amount : 0;
                    daily += parts[i].Class == Part.Daily + k ? parts[i].Amount : 0;
                }
            }

            if (pools < needs.In(k, choice.Start, choice.End) && daily < needs.MostIn(k, choice.Start, choice.End))
            {
                return true;
            }
        }

        return (choice.Slow && question.SlowDays > 0 && !SlowUntil(choice.Start <= day ? 0 : choice.Start, choice.End, count)) || Array.Exists(choice.Later, later => Adds(later, count));
    }

    /// <summary>Today is covered, but by what lasts longer than this choice does: it may be right to keep that. Not if the choice is used up before its end anyway: then it can as well begin later.</summary>
    private bool Saves(Choice choice, int k, int count)
    {
        var daily = (choice.Daily & (1 << k)) != 0;
        var (left, reach) = (needs[k, day], daily ? day : choice.End);
        for (var i = 0; i < count; i++)
        {
            if (parts[i].Class == Part.Daily + k && parts[i].Start == 0)
            {
                left -= parts[i].Amount;
            }
        }

        for (var i = 0; i < count && left > 0; i++)
        {
            if (parts[i].Class == k && parts[i].Start == 0)
            {
                if (parts[i].End > reach)
                {
                    return true;
                }

                left -= parts[i].Amount;
            }
        }

        return false;
    }

    /// <summary>A bit for each commodity of which today needs more than is held.</summary>
    private int Unmet(int count)
    {
        var unmet = 0;
        foreach (var k in needs.Needed)
        {
            var left = needs[k, day];
            for (var i = 0; i < count && left > 0; i++)
            {
                if ((parts[i].Class == k || parts[i].Class == Part.Daily + k) && parts[i].Start == 0)
                {
                    left -= parts[i].Amount;
                }
            }

            unmet |= left > 0 ? 1 << k : 0;
        }

        return unmet;
    }

    private bool SlowToday(int count) => SlowUntil(0, day, count);

    private bool SlowUntil(int start, int end, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (parts[i].Class == Part.Slow && parts[i].Start <= start && parts[i].End >= end)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What must begin alone does not begin while another plan of its carrier runs, and nothing of the carrier begins on the same day.</summary>
    private bool Blocked(Choice choice, int count)
    {
        for (var i = count - 1; i >= 0 && parts[i].Class >= Part.Runs; i--)
        {
            if (parts[i].Class == Part.Runs + choice.Carrier && ((choice.Alone && parts[i].Start == 0) || parts[i].Amount == AloneSince(day)))
            {
                return true;
            }
        }

        return false;
    }

    private static long AloneSince(int start) => start + 2;

    private int Add(Choice choice, int count)
    {
        AddPeriod(choice, choice.Alone ? AloneSince(choice.Start) : 1, ref count);
        foreach (var later in choice.Later)
        {
            AddPeriod(later, 1, ref count);
        }

        return count;
    }

    private void AddPeriod(Choice choice, long runs, ref int count)
    {
        var start = choice.Start <= day ? 0 : choice.Start;
        foreach (var k in needs.Needed)
        {
            if (choice.Gives(k))
            {
                Put(ref count, new Part((choice.Daily & (1 << k)) != 0 ? Part.Daily + k : k, (short)start, (short)choice.End, choice.Amounts[k]));
            }
        }

        if (choice.Slow && question.SlowDays > 0)
        {
            PutSlow(ref count, start, choice.End);
        }

        if (choices.HasAlone(choice.Carrier))
        {
            Put(ref count, new Part(Part.Runs + choice.Carrier, (short)start, (short)choice.End, runs));
        }
    }

    private void Put(ref int count, Part part)
    {
        if (count == parts.Length)
        {
            Array.Resize(ref parts, 2 * parts.Length);
        }

        var i = count++;
        for (; i > 0 && part.Before(parts[i - 1]); i--)
        {
            parts[i] = parts[i - 1];
        }

        parts[i] = part;
    }

    /// <summary>Of what has begun only the latest end counts.</summary>
    private void PutSlow(ref int count, int start, int end)
    {
        for (var i = 0; i < count && start == 0; i++)
        {
            if (parts[i].Class == Part.Slow && parts[i].Start == 0)
            {
                if (parts[i].End < end)
                {
                    parts[i] = parts[i] with { End = (short)end };
                }

                return;
            }
        }

        Put(ref count, new Part(Part.Slow, (short)start, (short)end, 1));
    }

    /// <summary>The day is lived: what is used goes, what ends today goes, and the rest is a label of tomorrow.</summary>
    private void Live(int cents, int last, int context, int slowUsed, int count)
    {
        var live = parts.AsSpan(0, count).ToArray();
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

        var saved = SaveParts(count);
        var rest = 0;
        foreach (var part in live)
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
        Restore(saved);
    }

    private void Keep(int cents, int last, int context, int slowUsed, int count)
    {
        var bound = Bound(cents, slowUsed, count, day + 1);
        if (bound < Best)
        {
            next.Labels.Add(new Label(cents, bound, next.Parts.Count, count, last, context, slowUsed));
            next.Parts.AddRange(parts.AsSpan(0, count));
        }
    }

    /// <summary>No schedule that goes on from this day with these parts costs less.</summary>
    private int Bound(int cents, int slowUsed, int count, int from)
    {
        var (data, others, amount, slowLeft) = (0.0, 0.0, 0L, question.SlowDays - slowUsed);
        for (var i = 0; i < count && parts[i].Class < Part.Slow; i++)
        {
            var part = parts[i];
            var (first, k) = (Math.Max(from, (int)part.Start), part.Class % Part.Daily);
            var worth = part.Class < Part.Daily ? prices.WorthOfPool(k, first, part.End, part.Amount) : prices.WorthOfDaily(k, first, part.End, part.Amount);
            if (k == 0)
            {
                data += worth;
                amount += part.Class == 0 ? part.Amount : needs.DailyIn(0, first, part.End, part.Amount);
            }
            else
            {
                others += worth;
            }
        }

        var toGo = Math.Max(prices.ToGo(from, slowLeft) - data - others, whole.ToGo(from, amount, others, slowLeft));
        return (int)Math.Min(int.MaxValue, Math.Max(cents, Math.Ceiling(cents + toGo - Slack)));
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
