namespace Refill.Advice;

/// <summary>
/// A price for each day's need of each commodity, such that no choice's grants are worth more than it costs (a feasible solution of the dual of the covering problem's linear relaxation). What
/// the needs from a day on are worth, less what a label still holds is worth, is then a lower bound for what must still be paid.
/// </summary>
internal sealed class DualPrices
{
    /// <summary>From how many days on a window is looked up in the sorted list of all.</summary>
    private const int LongWindow = 64;

    private readonly Needs needs;
    private readonly double[][] price;
    private readonly int[][] dearest;
    private readonly double[][] worthFrom;
    private readonly double[][] slowFrom;

    public DualPrices(Needs needs, double[][] price, int slowDays)
    {
        (this.needs, this.price) = (needs, price);
        worthFrom = [.. price.Select((row, k) => Suffixes(row, needs.Of(k)))];
        slowFrom = Slowest(slowDays);
        dearest = [.. price.Select(row => Enumerable.Range(0, row.Length).OrderByDescending(t => row[t]).ToArray())];
    }

    /// <summary>In cents: no schedule costs less. Nothing is on the card in it.</summary>
    public double Bound => ToGo(0, 0);

    /// <summary>What the needs from a day on are worth, with so many slow days still allowed.</summary>
    public double ToGo(int day, int slowDaysLeft)
    {
        return worthFrom[0][day] + worthFrom[1][day] + worthFrom[2][day] + worthFrom[3][day] - Slow(day, slowDaysLeft);
    }

    public double Price(int commodity, int day) => price[commodity][day];

    public double Worth(int commodity, int first, int last) => worthFrom[commodity][first] - worthFrom[commodity][last + 1];

    /// <summary>The most that a pool can be worth from a day on, to its end.</summary>
    public double WorthOfPool(int commodity, int first, int last, long amount)
    {
        if (amount >= needs.In(commodity, first, last))
        {
            return Worth(commodity, first, last);
        }

        var best = Best(commodity, first, last, stackalloc double[last - first + 1], stackalloc int[last - first + 1]);
        return best.Worth(needs.Of(commodity), amount);
    }

    private BestDays Best(int commodity, int first, int last, Span<double> prices, Span<int> days)
    {
        var best = new BestDays(prices, days);
        if (last - first >= LongWindow)
        {
            // Of a long window the days come from the list that is sorted already.
            foreach (var t in dearest[commodity])
            {
                if (t >= first && t <= last)
                {
                    best.Append(price[commodity][t], t);
                }
            }
        }
        else
        {
            for (var t = first; t <= last; t++)
            {
                best.Add(price[commodity][t], t);
            }
        }

        return best;
    }

    /// <summary>How a choice is best used at these prices: how much of each day's need it meets, as commodity, day and amount.</summary>
    public void Use(Choice choice, List<(int Commodity, int Day, long Amount)> used)
    {
        foreach (var k in needs.Needed)
        {
            if (!choice.Gives(k))
            {
                continue;
            }

            var (first, last, amount) = (choice.Start, choice.End, choice.Amounts[k]);
            if ((choice.Daily & (1 << k)) != 0 || (choice.Ample & (1 << k)) != 0)
            {
                for (var t = first; t <= last; t++)
                {
                    if (needs[k, t] > 0)
                    {
                        used.Add((k, t, Math.Min(amount, needs[k, t])));
                    }
                }

                continue;
            }

            var best = Best(k, first, last, new double[last - first + 1], new int[last - first + 1]);
            foreach (var t in best.Days)
            {
                var part = Math.Min(amount, needs[k, t]);
                used.Add((k, t, part));
                amount -= part;
                if (amount <= 0)
                {
                    break;
                }
            }
        }

        foreach (var later in choice.Later)
        {
            Use(later, used);
        }
    }

    public double WorthOfDaily(int commodity, int first, int last, long amount)
    {
        var sum = 0.0;
        for (var t = first; t <= last; t++)
        {
            sum += price[commodity][t] * Math.Min(amount, needs[commodity, t]);
        }

        return sum;
    }

    /// <summary>The most that so many days' data can be worth from a day on.</summary>
    public double Slow(int day, int slowDays) => slowFrom[Math.Min(slowDays, slowFrom.Length - 1)][day];

    /// <summary>What all that a choice gives is worth, in all its periods.</summary>
    public double Worth(Choice choice)
    {
        var sum = 0.0;
        foreach (var k in needs.Needed)
        {
            sum += Worth(choice, k);
        }

        return sum;
    }

    public double Worth(Choice choice, int commodity)
    {
        var sum = !choice.Gives(commodity) ? 0
            : (choice.Daily & (1 << commodity)) != 0 ? WorthOfDaily(commodity, choice.Start, choice.End, choice.Amounts[commodity])
            : WorthOfPool(commodity, choice.Start, choice.End, choice.Amounts[commodity]);
        foreach (var later in choice.Later)
        {
            sum += Worth(later, commodity);
        }

        return sum;
    }

    private static double[] Suffixes(double[] row, long[] need)
    {
        var sums = new double[row.Length + 1];
        for (var t = row.Length - 1; t >= 0; t--)
        {
            sums[t] = sums[t + 1] + (row[t] * need[t]);
        }

        return sums;
    }

    /// <summary>[how many][from day]: the most that so many days' data can be worth.</summary>
    private double[][] Slowest(int slowDays)
    {
        var most = new double[Math.Min(slowDays, needs.Days) + 1][];
        for (var b = 0; b < most.Length; b++)
        {
            most[b] = new double[needs.Days + 1];
        }

        for (var t = needs.Days - 1; t >= 0; t--)
        {
            var day = price[0][t] * needs[0, t];
            for (var b = 1; b < most.Length; b++)
            {
                // Either this day is not among them, or it is.
                most[b][t] = Math.Max(most[b][t + 1], most[b - 1][t + 1] + day);
            }
        }

        return most;
    }
}

/// <summary>Days of a window, the dearest first; what is worth nothing is left out.</summary>
internal ref struct BestDays(Span<double> price, Span<int> day)
{
    private readonly Span<double> price = price;
    private readonly Span<int> day = day;
    private int count;

    public readonly ReadOnlySpan<int> Days => day[..count];

    public void Add(double unit, int t)
    {
        if (unit <= 0)
        {
            return;
        }

        var i = count++;
        for (; i > 0 && price[i - 1] < unit; i--)
        {
            (price[i], day[i]) = (price[i - 1], day[i - 1]);
        }

        (price[i], day[i]) = (unit, t);
    }

    /// <summary>One that is no dearer than those before it.</summary>
    public void Append(double unit, int t)
    {
        if (unit > 0)
        {
            (price[count], day[count]) = (unit, t);
            count++;
        }
    }

    /// <summary>What an amount is worth at most.</summary>
    public readonly double Worth(long[] need, long amount)
    {
        var sum = 0.0;
        for (var i = 0; i < count && amount > 0; i++)
        {
            var used = Math.Min(amount, need[day[i]]);
            sum += price[i] * used;
            amount -= used;
        }

        return sum;
    }
}
