namespace Refill.Advice;

/// <summary>
/// Finds dual prices that are (nearly) the best there are: the linear program of them has one row for each way to use each choice, so rows are added where the prices so far break them (Kelley's cutting
/// planes, the dual of column generation). Over long stays days share a price at first, and then get their own a stretch at a time.
/// </summary>
internal sealed class DualSearch
{
    /// <summary>Variables of one program: its tableau has a row and a column for each.</summary>
    private const int MostVariables = 150;

    private const int MostRounds = 30;
    private const int MostPivots = 4_000;

    /// <summary>Choices worth less than this share of their price are not looked at in each round.</summary>
    private const double Near = 0.75;

    /// <summary>How much more than its price a choice may be worth before prices are made to fit by scaling them.</summary>
    private const double Enough = 1.0005;

    private readonly Needs needs;
    private readonly Choice[] choices;
    private readonly double[] ratio;
    private readonly double[][] price;
    private readonly List<(int Commodity, int Day, long Amount)> used = [];

    private DualSearch(Needs needs, Choices choices)
    {
        (this.needs, this.choices) = (needs, [.. choices.ByDay.SelectMany(day => day)]);
        ratio = new double[this.choices.Length];
        price = [.. Enumerable.Range(0, Needs.Commodities).Select(_ => new double[needs.Days])];
    }

    public static DualPrices Find(Needs needs, Choices choices, int slowDays)
    {
        var search = new DualSearch(needs, choices);
        var length = (needs.Days * needs.Needed.Length / MostVariables) + 1;
        search.Improve(0, needs.Days, length);
        if (length > 1)
        {
            var stretch = Math.Max(1, MostVariables / needs.Needed.Length);
            for (var first = 0; first < needs.Days; first += stretch / 2)
            {
                search.Improve(first, Math.Min(needs.Days, first + stretch), 1);
            }
        }

        return new DualPrices(needs, search.price, slowDays);
    }

    /// <summary>The best prices of these days, in groups that share one, while those of all other days stay.</summary>
    private void Improve(int first, int end, int length)
    {
        var groups = (end - first + length - 1) / length;
        var places = needs.Needed.Length * groups;
        var place = new int[Needs.Commodities];
        for (var i = 0; i < needs.Needed.Length; i++)
        {
            place[needs.Needed[i]] = i * groups;
        }

        int Of(int k, int t) => t < first || t >= end ? -1 : place[k] + ((t - first) / length);
        var sums = new double[places];
        foreach (var k in needs.Needed)
        {
            for (var t = first; t < end; t++)
            {
                sums[Of(k, t)] += needs[k, t];
            }
        }

        var upper = Upper(first, end, places, Of, sums);
        var before = price.Select(row => (double[])row.Clone()).ToArray();
        var program = new PackingProgram(upper);
        var (values, row) = (new double[places], new double[places]);
        var fits = 1.0;
        for (var round = 0; round < MostRounds; round++)
        {
            if (!program.Solve(MostPivots))
            {
                break;
            }

            program.CopyTo(values);
            foreach (var k in needs.Needed)
            {
                for (var t = first; t < end; t++)
                {
                    price[k][t] = sums[Of(k, t)] > 0 ? values[Of(k, t)] / sums[Of(k, t)] : 0;
                }
            }

            var prices = new DualPrices(needs, price, 0);
            fits = Rate(prices, round % 4 == 0);
            if (fits <= Enough && round % 4 != 0)
            {
                fits = Rate(prices, true);
            }

            if (Environment.GetEnvironmentVariable("ADV") == "2") Console.Error.WriteLine($"  round {round} value {program.Value:F1} bound {prices.Bound:F1} fits {fits:F3} rows {program.Rows} pivots {program.Pivots} vars {places}");
            if (fits <= Enough || !Cut(prices, program, row, Of, sums, first, end))
            {
                break;
            }
        }

        var found = new DualPrices(needs, price, 0);
        fits = Rate(found, true);
        if (found.Bound / Math.Max(1, fits) < new DualPrices(needs, before, 0).Bound)
        {
            before.CopyTo(price, 0);
            return;
        }

        foreach (var prices in price)
        {
            for (var t = 0; t < needs.Days && fits > 1; t++)
            {
                prices[t] /= fits * (1 + 1e-12);
            }
        }
    }

    /// <summary>No price can be higher than the cheapest choice makes it that meets this need alone.</summary>
    private double[] Upper(int first, int end, int places, Func<int, int, int> of, double[] sums)
    {
        var upper = new double[places];
        Array.Fill(upper, double.PositiveInfinity);
        foreach (var choice in choices)
        {
            foreach (var part in choice.Later.Prepend(choice))
            {
                foreach (var k in needs.Needed)
                {
                    if (!part.Gives(k))
                    {
                        continue;
                    }

                    for (var t = Math.Max(first, part.Start); t <= Math.Min(end - 1, part.End); t++)
                    {
                        if (needs[k, t] > 0)
                        {
                            upper[of(k, t)] = Math.Min(upper[of(k, t)], choice.Cents * sums[of(k, t)] / Math.Min(part.Amounts[k], needs[k, t]));
                        }
                    }
                }
            }
        }

        for (var i = 0; i < places; i++)
        {
            // What nothing on sale meets has no price, but what is on the card may meet it.
            upper[i] = double.IsInfinity(upper[i]) ? 0 : upper[i];
        }

        return upper;
    }

    /// <returns>The most that a choice is worth, as a multiple of its price.</returns>
    private double Rate(DualPrices prices, bool all)
    {
        var most = 0.0;
        for (var i = 0; i < choices.Length; i++)
        {
            if (all || ratio[i] >= Near)
            {
                // A choice for nothing makes what it covers worth nothing.
                ratio[i] = prices.Worth(choices[i]) / Math.Max(1e-3, choices[i].Cents);
            }

            most = Math.Max(most, ratio[i]);
        }

        return most;
    }

    /// <summary>A row for the choice of each starting day that breaks its price most.</summary>
    private bool Cut(DualPrices prices, PackingProgram program, double[] row, Func<int, int, int> of, double[] sums, int first, int end)
    {
        var added = false;
        for (var i = 0; i < choices.Length;)
        {
            var (start, worst) = (choices[i].Start, i);
            for (; i < choices.Length && choices[i].Start == start; i++)
            {
                worst = ratio[i] > ratio[worst] ? i : worst;
            }

            if (ratio[worst] <= Enough)
            {
                continue;
            }

            Array.Clear(row);
            used.Clear();
            prices.Use(choices[worst], used);
            var (limit, any) = ((double)choices[worst].Cents, false);
            foreach (var (k, t, amount) in used)
            {
                if (of(k, t) is >= 0 and var at)
                {
                    row[at] += amount / sums[at];
                    any = true;
                }
                else
                {
                    limit -= amount * price[k][t];
                }
            }

            if (any)
            {
                program.Add(row, Math.Max(0, limit));
                added = true;
            }
        }

        return added;
    }
}
