namespace Refill.Advice;

/// <summary>What a label holds while its day is looked at: the questions that are asked of its parts, and how parts come in.</summary>
internal sealed partial class Search
{
    private const int MostPeriods = 24;

    private readonly List<Part[]> frames = [];
    private Part[] parts = [];

    /// <summary>What is on the card already, as parts.</summary>
    private int Begin()
    {
        parts = new Part[(question.Stock.Count * (Needs.Commodities + 1)) + question.Carriers.Count];
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

    /// <summary>Room for the parts of a label with so many more purchases.</summary>
    private Part[] Frame(int bought, int count)
    {
        while (frames.Count <= bought)
        {
            frames.Add([]);
        }

        // A choice adds at most a part for each commodity, slow and runs, for each of its periods.
        var most = count + ((Needs.Commodities + 2) * MostPeriods);
        return frames[bought].Length >= most ? frames[bought] : frames[bought] = new Part[2 * most];
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
                    // A pool that lasts longer counts only if it has enough for all its days: else this choice would save it.
                    pools += parts[i].Class == k && (parts[i].End == choice.End || parts[i].Amount >= needs.In(k, day, parts[i].End)) ? parts[i].Amount : 0;
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
}
