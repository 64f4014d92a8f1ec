namespace Refill.Advice;

/// <summary>
/// A second bound, for what the linear one cannot see: that plans are bought whole. One commodity, once bought, may in it be kept for ever, and no plan gives more than is needed in its own validity; what
/// the other commodities are worth at the dual prices is taken off its price. That is a table over days and over how far the needs are covered: counted from the first day on, the rest of a day costs nothing to
/// keep, and only a purchase is rounded (up, to a level).
/// </summary>
internal sealed class WholePlans
{
    /// <summary>Cells of the table times choices of a day, at most: what it costs to fill it.</summary>
    private const int MostWork = 8_000_000;

    private const int MostLevels = 2_000;
    private const int FewestLevels = 100;

    private readonly int commodity;
    private readonly Needs needs;
    private readonly DualPrices prices;
    private readonly double[][] least;
    private readonly double[] others;
    private readonly long[][] slowest;
    private readonly double perLevel;
    private readonly int levels;

    public WholePlans(int commodity, Needs needs, Choice[][] choices, DualPrices prices, int slowDays)
    {
        (this.commodity, this.needs, this.prices) = (commodity, needs, prices);
        others = new double[needs.Days + 1];
        var kinds = new List<(long Usable, double Cents)>[needs.Days];
        for (var t = needs.Days - 1; t >= 0; t--)
        {
            others[t] = others[t + 1] + needs.Needed.Where(k => k != commodity).Sum(k => prices.Worth(k, t, t));
            kinds[t] = Best(choices[t]);
        }

        slowest = Slowest(commodity == 0 ? slowDays : 0);
        levels = Math.Clamp(MostWork / Math.Max(1, kinds.Sum(day => day.Count)), FewestLevels, MostLevels);
        perLevel = Math.Max(1, needs.In(commodity, 0, needs.Days - 1) / (double)levels);
        least = new double[needs.Days + 1][];
        least[needs.Days] = new double[levels + 1];
        for (var t = needs.Days - 1; t >= 0; t--)
        {
            least[t] = Fill(t, kinds[t], least[t + 1]);
        }
    }

    /// <summary>In cents: what must still be paid from this day on, if so much of the commodity and other things worth so much are held.</summary>
    public double ToGo(int day, long held, double heldOthers, int slowDaysLeft)
    {
        var covered = needs.In(commodity, 0, day - 1) + held + slowest[Math.Min(slowDaysLeft, slowest.Length - 1)][day];
        return least[day][(int)Math.Min(levels, Math.Ceiling((covered / perLevel) - 1e-9))] + Math.Max(0, others[day] - heldOthers - (commodity == 0 ? 0 : prices.Slow(day, slowDaysLeft)));
    }

    private double[] Fill(int t, List<(long Usable, double Cents)> kinds, double[] next)
    {
        var row = new double[levels + 1];
        var (first, must) = ((int)(needs.In(commodity, 0, t - 1) / perLevel), needs.In(commodity, 0, t));
        var steps = kinds.ConvertAll(kind => ((int)Math.Ceiling((kind.Usable / perLevel) - 1e-9), kind.Cents));
        for (var level = levels; level >= first; level--)
        {
            var best = (level * perLevel) + 1e-6 >= must ? next[level] : double.PositiveInfinity;
            foreach (var (covers, cents) in steps)
            {
                best = Math.Min(best, cents + row[Math.Min(levels, level + covers)]);
            }

            row[level] = best;
        }

        return row;
    }

    /// <summary>How much each choice can give, and at what price: those that no other one beats in both.</summary>
    private List<(long Usable, double Cents)> Best(Choice[] day)
    {
        var best = new List<(long Usable, double Cents)>();
        foreach (var (usable, cents) in day.Select(choice => (needs.Usable(choice, commodity), Math.Max(0, choice.Cents - (prices.Worth(choice) - prices.Worth(choice, commodity))))).Where(kind => kind.Item1 > 0).OrderBy(kind => kind.Item2).ThenByDescending(kind => kind.Item1))
        {
            if (best.Count == 0 || usable > best[^1].Usable)
            {
                best.Add((usable, cents));
            }
        }

        return best;
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
