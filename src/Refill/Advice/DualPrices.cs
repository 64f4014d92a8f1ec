namespace Refill.Advice;

/// <summary>
/// A price for each day's need of each commodity, such that no choice's grants are worth more than it costs (a feasible solution of the dual of the covering problem's linear relaxation). What
/// the needs from a day on are worth, less what a label still holds is worth, is then a lower bound for what must still be paid.
/// </summary>
internal sealed class DualPrices
{
    private readonly Needs needs;
    private readonly double[][] price;
    private readonly double[][] worthFrom;
    private readonly double[][] slowFrom;

    private DualPrices(Needs needs, double[][] price, int slowDays)
    {
        (this.needs, this.price) = (needs, price);
        worthFrom = [.. price.Select((row, k) => Suffixes(row, needs.Of(k)))];
        slowFrom = Slowest(slowDays);
    }

    /// <summary>In cents: no schedule costs less. Nothing is on the card in it.</summary>
    public double Bound => ToGo(0, 0);

    /// <summary>What the needs from a day on are worth, with so many slow days still allowed.</summary>
    public double ToGo(int day, int slowDaysLeft)
    {
        var sum = 0.0;
        foreach (var k in needs.Needed)
        {
            sum += worthFrom[k][day];
        }

        return sum - slowFrom[Math.Min(slowDaysLeft, slowFrom.Length - 1)][day];
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

        var best = new BestDays(stackalloc double[last - first + 1], stackalloc long[last - first + 1]);
        for (var t = first; t <= last; t++)
        {
            best.Add(price[commodity][t], needs[commodity, t]);
        }

        return best.Worth(amount);
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

    public double Worth(Choice choice)
    {
        var sum = 0.0;
        foreach (var k in needs.Needed)
        {
            if (choice.Gives(k))
            {
                sum += (choice.Daily & (1 << k)) != 0 ? WorthOfDaily(k, choice.Start, choice.End, choice.Amounts[k]) : WorthOfPool(k, choice.Start, choice.End, choice.Amounts[k]);
            }
        }

        foreach (var later in choice.Later)
        {
            sum += Worth(later);
        }

        return sum;
    }

    /// <summary>Prices from the last day back to the first: each need is worth as much as the choices that begin on its day leave for it, the commodities in this order.</summary>
    public static DualPrices Greedy(Needs needs, Choices choices, int[] order, int slowDays)
    {
        var price = new double[Needs.Commodities][];
        for (var k = 0; k < Needs.Commodities; k++)
        {
            price[k] = new double[needs.Days];
        }

        var work = new DualPrices(needs, price, 0);
        for (var s = needs.Days - 1; s >= 0; s--)
        {
            var day = choices.ByDay[s];
            var left = new double[day.Length];
            foreach (var k in needs.Needed)
            {
                work.worthFrom[k][s] = work.worthFrom[k][s + 1];
            }

            for (var i = 0; i < day.Length; i++)
            {
                // The day itself is worth nothing yet.
                left[i] = day[i].Cents - work.Worth(day[i]);
            }

            work.MakeRoom(day, left, s);
            foreach (var k in order)
            {
                if (needs[k, s] > 0)
                {
                    work.Raise(k, s, day, left);
                }
            }

            foreach (var k in needs.Needed)
            {
                work.worthFrom[k][s] = work.worthFrom[k][s + 1] + (price[k][s] * needs[k, s]);
            }
        }

        return new DualPrices(needs, price, slowDays);
    }

    /// <summary>A choice of today that is cheaper than those of the days behind it can be worth more than it costs: the prices in its window come down.</summary>
    private void MakeRoom(Choice[] day, double[] left, int s)
    {
        var lowered = false;
        foreach (var choice in day)
        {
            var worth = Worth(choice);
            if (worth > choice.Cents)
            {
                Lower(choice, choice.Cents / worth, s);
                lowered = true;
            }
        }

        for (var i = 0; lowered && i < day.Length; i++)
        {
            left[i] = day[i].Cents - Worth(day[i]);
        }
    }

    private void Lower(Choice choice, double factor, int s)
    {
        foreach (var k in needs.Needed)
        {
            var last = choice.Later.Length > 0 ? choice.Later[^1].End : choice.End;
            for (var t = last; t > s; t--)
            {
                price[k][t] *= factor;
            }

            for (var t = last; t >= s; t--)
            {
                worthFrom[k][t] = worthFrom[k][t + 1] + (price[k][t] * needs[k, t]);
            }
        }
    }

    /// <summary>The highest price of this need that leaves no choice of the day worth more than it costs; what is left of each choice is less by what it takes.</summary>
    private void Raise(int k, int s, Choice[] day, double[] left)
    {
        var need = needs[k, s];
        var highest = double.PositiveInfinity;
        var before = new double[day.Length];
        var best = new BestDays(stackalloc double[needs.Days - s], stackalloc long[needs.Days - s]);
        var filled = s;
        foreach (var i in ByEnd(day))
        {
            var choice = day[i];
            if (!choice.Gives(k))
            {
                continue;
            }

            var (amount, room) = (choice.Amounts[k], Math.Max(0, left[i]));
            if ((choice.Daily & (1 << k)) != 0)
            {
                highest = Math.Min(highest, room / Math.Min(amount, need));
                continue;
            }

            if ((choice.Ample & (1 << k)) != 0)
            {
                highest = Math.Min(highest, room / need);
                continue;
            }

            for (; filled < choice.End; filled++)
            {
                best.Add(price[k][filled + 1], needs[k, filled + 1]);
            }

            before[i] = best.Worth(amount);
            highest = Math.Min(highest, best.HighestFor(amount, need, before[i] + room));
        }

        if (double.IsInfinity(highest))
        {
            return; // Nothing on sale covers it; the question has been asked already whether that can be.
        }

        price[k][s] = highest *= 1 - 1e-12;
        foreach (var i in Enumerable.Range(0, day.Length))
        {
            var choice = day[i];
            if (!choice.Gives(k))
            {
                continue;
            }

            if (((choice.Daily | choice.Ample) & (1 << k)) != 0)
            {
                left[i] -= highest * Math.Min(choice.Amounts[k], need);
                continue;
            }

            left[i] -= WorthOfPoolAt(k, s, choice) - before[i];
        }
    }

    private double WorthOfPoolAt(int k, int s, Choice choice)
    {
        var best = new BestDays(stackalloc double[choice.End - s + 1], stackalloc long[choice.End - s + 1]);
        for (var t = s; t <= choice.End; t++)
        {
            best.Add(price[k][t], needs[k, t]);
        }

        return best.Worth(choice.Amounts[k]);
    }

    private static IEnumerable<int> ByEnd(Choice[] day) => Enumerable.Range(0, day.Length).OrderBy(i => day[i].End);

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

/// <summary>Days of a window by what a unit of their need is worth, the dearest first; what is worth nothing is left out.</summary>
internal ref struct BestDays(Span<double> price, Span<long> need)
{
    private readonly Span<double> price = price;
    private readonly Span<long> need = need;
    private int count;

    public void Add(double unit, long amount)
    {
        if (unit <= 0 || amount == 0)
        {
            return;
        }

        var i = count++;
        for (; i > 0 && price[i - 1] < unit; i--)
        {
            (price[i], need[i]) = (price[i - 1], need[i - 1]);
        }

        (price[i], need[i]) = (unit, amount);
    }

    /// <summary>What an amount is worth at most.</summary>
    public readonly double Worth(long amount)
    {
        var sum = 0.0;
        for (var i = 0; i < count && amount > 0; i++)
        {
            var used = Math.Min(amount, need[i]);
            sum += price[i] * used;
            amount -= used;
        }

        return sum;
    }

    /// <summary>The highest unit price of one more need, so that an amount, used as well as can be on all of them, is worth no more than <paramref name="limit"/>.</summary>
    public readonly double HighestFor(long amount, long more, double limit)
    {
        // Of the amount, y goes to the new need and the rest to the best of the others: y × price + rest(y) may not pass the limit for any y; what that allows is least at a break of rest.
        var most = Math.Min(amount, more);
        var rest = Worth(amount - most);
        var highest = (limit - rest) / most;
        for (var (i, upTo) = (0, 0L); i < count; i++)
        {
            upTo += need[i];
            var y = amount - upTo;
            if (y <= 0 || y >= most)
            {
                continue;
            }

            highest = Math.Min(highest, (limit - Worth(upTo)) / y);
        }

        return Math.Max(0, highest);
    }
}
