namespace Refill.Advice;

/// <summary>
/// A second bound, for what the linear one cannot see: that plans are bought whole. The data that is still needed must fit into plans bought whole, whenever they begin; what the other commodities are
/// worth at the dual prices is taken off their prices first (a Lagrangian relaxation of all but the data, and of time). A covering knapsack, for each day and each amount, in levels.
/// </summary>
internal sealed class WholePlans
{
    private const int Levels = 400;

    /// <summary>Days on which the table is made anew; those between use the one before, which is no higher.</summary>
    private const int MostTables = 60;

    private readonly DualPrices prices;
    private readonly Needs needs;
    private readonly double[][] least;
    private readonly double[] others;
    private readonly long[][] slowest;
    private readonly double perLevel;
    private readonly int step;

    public WholePlans(Needs needs, Choices choices, DualPrices prices, int slowDays)
    {
        (this.needs, this.prices) = (needs, prices);
        step = (needs.Days + MostTables - 1) / MostTables;
        perLevel = Math.Max(1, needs.In(0, 0, needs.Days - 1) / (double)Levels);
        others = new double[needs.Days + 1];
        for (var t = needs.Days - 1; t >= 0; t--)
        {
            others[t] = others[t + 1] + needs.Needed.Where(k => k != 0).Sum(k => prices.Worth(k, t, t));
        }

        slowest = Slowest(slowDays);
        least = new double[(needs.Days / step) + 1][];
        var kinds = new List<(int Levels, double Cents)>();
        for (var t = needs.Days - 1; t >= 0; t--)
        {
            foreach (var choice in choices.ByDay[t])
            {
                if (Usable(choice) is > 0 and var usable)
                {
                    kinds.Add(((int)Math.Ceiling((usable / perLevel) - 1e-9), Math.Max(0, choice.Cents - prices.WorthOfOthers(choice))));
                }
            }

            kinds = Best(kinds);
            if (t % step == 0)
            {
                least[t / step] = Cover(kinds);
            }
        }
    }

    /// <summary>In cents: what must still be paid from this day on, if so much data and other things worth so much are held.</summary>
    public double ToGo(int day, long heldData, double heldOthers, int slowDaysLeft)
    {
        if (day >= needs.Days)
        {
            return 0;
        }

        var missing = needs.In(0, day, needs.Days - 1) - heldData - slowest[Math.Min(slowDaysLeft, slowest.Length - 1)][day];
        var level = missing <= 0 ? 0 : (int)Math.Min(Levels, Math.Floor(missing / perLevel));
        return least[day / step][level] + Math.Max(0, others[day] - heldOthers);
    }

    private long Usable(Choice choice)
    {
        var sum = 0L;
        if (choice.Gives(0))
        {
            if ((choice.Daily & 1) == 0)
            {
                sum = choice.Amounts[0];
            }
            else
            {
                sum = needs.DailyIn(0, choice.Start, choice.End, choice.Amounts[0]);
            }
        }

        foreach (var later in choice.Later)
        {
            sum += Usable(later);
        }

        return sum;
    }

    /// <summary>Those that no other one beats in both levels and price.</summary>
    private static List<(int Levels, double Cents)> Best(List<(int Levels, double Cents)> kinds)
    {
        kinds.Sort((a, b) => a.Cents != b.Cents ? a.Cents.CompareTo(b.Cents) : b.Levels.CompareTo(a.Levels));
        var best = new List<(int Levels, double Cents)>();
        foreach (var kind in kinds)
        {
            if (best.Count == 0 || kind.Levels > best[^1].Levels)
            {
                best.Add(kind);
            }
        }

        return best;
    }

    /// <summary>[levels]: the least that plans which cover them cost.</summary>
    private static double[] Cover(List<(int Levels, double Cents)> kinds)
    {
        var least = new double[Levels + 1];
        for (var level = 1; level <= Levels; level++)
        {
            least[level] = double.PositiveInfinity;
            foreach (var (covers, cents) in kinds)
            {
                least[level] = Math.Min(least[level], cents + least[Math.Max(0, level - covers)]);
            }
        }

        return least;
    }

    private long[][] Slowest(int slowDays)
    {
        var most = new long[Math.Min(slowDays, needs.Days) + 1][];
        for (var b = 0; b < most.Length; b++)
        {
            most[b] = new long[needs.Days + 1];
            for (var t = needs.Days - 1; t >= 0 && b > 0; t--)
            {
                most[b][t] = Math.Max(most[b][t + 1], most[b - 1][t + 1] + needs[0, t]);
            }
        }

        return most;
    }
}
