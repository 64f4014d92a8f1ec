namespace Refill.Advice;

/// <summary>
/// Finds dual prices that are (nearly) the best there are: the linear program of them has one row for each way to use each choice, so rows are added where the prices so far break them (Kelley's cutting
/// planes, the dual of column generation). Over long stays some days share a price.
/// </summary>
internal sealed class DualSearch
{
    /// <summary>Variables of one program: its tableau has a row and a column for each.</summary>
    private const int MostVariables = 150;

    private const int MostRounds = 60;
    private const int MostPivots = 4_000;

    /// <summary>Rounds that brought nothing, after which it is left at that.</summary>
    private const int MostStalled = 12;

    /// <summary>Rows that a program keeps from round to round.</summary>
    private const int MostRows = 500;

    /// <summary>Where between the prices that hold and the program's own rows are cut: this share of the way back.</summary>
    private const double Between = 0.6;

    /// <summary>Choices worth less than this share of their price are not looked at in each round.</summary>
    private const double Near = 0.75;

    /// <summary>How close to the best there can be is near enough.</summary>
    private const double Enough = 1.003;

    private readonly Needs needs;
    private readonly Choice[] choices;
    private readonly double[] ratio;
    private readonly double[][] price;
    private readonly List<(int Commodity, int Day, long Amount)> used = [];

    private DualSearch(Needs needs, Choice[][] choices)
    {
        (this.needs, this.choices) = (needs, [.. choices.SelectMany(day => day)]);
        ratio = new double[this.choices.Length];
        price = [.. Enumerable.Range(0, Needs.Commodities).Select(_ => new double[needs.Days])];
    }

    /// <param name="from">Prices that hold for these choices already: of a question that has them and others.</param>
    public static DualPrices Find(Needs needs, Choice[][] choices, int slowDays, DualPrices? from, CancellationToken cancellation)
    {
        var search = new DualSearch(needs, choices);
        return new DualPrices(needs, search.Improve((needs.Days * needs.Needed.Length / MostVariables) + 1, from, cancellation), slowDays);
    }

    /// <summary>
    /// The best prices of days in groups that share one. Rows are cut not at the program's own solution, which jumps from corner to corner, but between it and the best prices known to hold
    /// (in-out separation, Ben-Ameur and Neto 2007).
    /// </summary>
    private double[][] Improve(int length, DualPrices? from, CancellationToken cancellation)
    {
        var groups = (needs.Days + length - 1) / length;
        var place = new int[Needs.Commodities];
        for (var i = 0; i < needs.Needed.Length; i++)
        {
            place[needs.Needed[i]] = i * groups;
        }

        int Of(int k, int t) => place[k] + (t / length);
        var sums = new double[needs.Needed.Length * groups];
        foreach (var k in needs.Needed)
        {
            for (var t = 0; t < needs.Days; t++)
            {
                sums[Of(k, t)] += needs[k, t];
            }
        }

        var program = new PackingProgram(Upper(sums.Length, Of, sums));
        var (outer, inner, row) = (new double[sums.Length], new double[sums.Length], new double[sums.Length]);
        foreach (var k in needs.Needed)
        {
            for (var t = 0; t < needs.Days && from is not null; t++)
            {
                inner[Of(k, t)] += from.Price(k, t) * needs[k, t];
            }
        }

        if (from is not null)
        {
            // The sum over a group, spread evenly, need not hold.
            Fit(inner, Set(inner, 0, inner, Of, sums, true));
        }

        var (best, stalled) = (0.0, 0);
        for (var round = 0; round < MostRounds && stalled < MostStalled && !cancellation.IsCancellationRequested && program.Solve(MostPivots); round++)
        {
            program.CopyTo(outer);
            if (program.Value <= inner.Sum() * Enough)
            {
                break;
            }

            var between = round == 0 ? 0 : Between;
            var most = Set(inner, 1 - between, outer, Of, sums, round % 4 == 0);
            if (most <= 1 && round % 4 != 0)
            {
                most = Set(inner, 1 - between, outer, Of, sums, true);
            }

            var prices = new DualPrices(needs, price, 0);
            if (most > 1)
            {
                Cut(prices, program, row, Of, sums);
                program.Forget(MostRows);
            }

            if (prices.Bound / Math.Max(1, most) > inner.Sum())
            {
                most = Set(inner, 1 - between, outer, Of, sums, true);
                for (var i = 0; i < inner.Length; i++)
                {
                    row[i] = (between * inner[i]) + ((1 - between) * outer[i]);
                }

                Fit(row, most);
                if (row.Sum() > inner.Sum())
                {
                    row.CopyTo(inner, 0);
                }
            }

            stalled = inner.Sum() > best * Enough ? 0 : stalled + 1;
            best = Math.Max(best, inner.Sum());
        }

        Fit(inner, Set(inner, 0, inner, Of, sums, true));
        Set(inner, 0, inner, Of, sums, false);
        return price;
    }

    private static void Fit(double[] values, double most)
    {
        for (var i = 0; i < values.Length && most > 1; i++)
        {
            values[i] /= most * (1 + 1e-12);
        }
    }

    /// <summary>Prices between two solutions.</summary>
    /// <returns>The most that a choice is worth at them, as a multiple of its price.</returns>
    private double Set(double[] inner, double share, double[] outer, Func<int, int, int> of, double[] sums, bool all)
    {
        foreach (var k in needs.Needed)
        {
            for (var t = 0; t < needs.Days; t++)
            {
                var at = of(k, t);
                price[k][t] = sums[at] > 0 ? (((1 - share) * inner[at]) + (share * outer[at])) / sums[at] : 0;
            }
        }

        return Rate(new DualPrices(needs, price, 0), all);
    }

    /// <summary>No price can be higher than the cheapest choice makes it that meets this need alone.</summary>
    private double[] Upper(int places, Func<int, int, int> of, double[] sums)
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

                    for (var t = part.Start; t <= part.End; t++)
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
    private void Cut(DualPrices prices, PackingProgram program, double[] row, Func<int, int, int> of, double[] sums)
    {
        for (var i = 0; i < choices.Length;)
        {
            var (start, worst) = (choices[i].Start, i);
            for (; i < choices.Length && choices[i].Start == start; i++)
            {
                worst = ratio[i] > ratio[worst] ? i : worst;
            }

            if (ratio[worst] <= 1)
            {
                continue;
            }

            Array.Clear(row);
            used.Clear();
            prices.Use(choices[worst], used);
            foreach (var (k, t, amount) in used)
            {
                row[of(k, t)] += amount / sums[of(k, t)];
            }

            program.Add(row, choices[worst].Cents);
        }
    }
}
