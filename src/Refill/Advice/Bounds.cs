namespace Refill.Advice;

/// <summary>
/// What must still be paid at least, from a day on with what is held. Two relaxations, the higher of which counts: the linear one (<see cref="DualPrices"/>) and the one of whole plans
/// (<see cref="WholePlans"/>). SIMs are in it by cases: either no other carrier is bought from, or one more SIM is paid for.
/// </summary>
internal sealed class Bounds
{
    /// <summary>How many contexts get prices of their own: each costs as much as those of all.</summary>
    private const int MostOwn = 6;

    /// <summary>How often a context must be asked for before it gets prices of its own.</summary>
    private const int WorthIt = 32;

    private readonly Question question;
    private readonly Needs needs;
    private readonly Choices choices;
    private readonly Contexts contexts;
    private readonly Relaxed all;
    private readonly List<Case?> cases = [];
    private int own;

    public Bounds(Question question, Needs needs, Choices choices, Contexts contexts)
    {
        (this.question, this.needs, this.choices, this.contexts) = (question, needs, choices, contexts);
        all = Relax(choices.ByDay, null);
    }

    /// <summary>Prices over all carriers as if their SIMs were owned.</summary>
    public DualPrices Prices => all.Prices;

    /// <returns>Lower bounds of what is still to be paid, in cents: by the prices of all alone, and by all that is known.</returns>
    public (double Linear, double Best) ToGo(int context, int day, ReadOnlySpan<Part> parts, int slowDaysLeft)
    {
        var (linear, free) = all.ToGo(day, parts, slowDaysLeft, needs);
        var one = Of(context);
        if (one.Sim == 0)
        {
            return (linear, free);
        }

        // Another carrier's SIM, or only what is owned.
        var another = one.Sim == int.MaxValue ? double.PositiveInfinity : free + one.Sim;
        if (one.Own is null)
        {
            return (linear, Math.Min(another, free));
        }

        var (_, within) = one.Own.ToGo(day, parts, slowDaysLeft, needs);
        return (linear, Math.Min(another, Math.Max(within, free)));
    }

    private Case Of(int context)
    {
        while (cases.Count <= context)
        {
            cases.Add(null);
        }

        var one = cases[context] ??= new Case(Sim(context));
        if (one.Sim > 0 && one.Own is null && ++one.Asked == WorthIt && own < MostOwn)
        {
            own++;
            one.Own = Relax([.. choices.ByDay.Select(day => day.Where(choice => contexts.Owns(context, choice.Carrier)).ToArray())], all.Prices);
        }

        return one;
    }

    /// <summary>The cheapest SIM that is not owned yet; 0: all of them are, or some cost nothing.</summary>
    private int Sim(int context)
    {
        var least = int.MaxValue;
        foreach (var carrier in choices.Carriers)
        {
            if (!contexts.Owns(context, carrier))
            {
                least = Math.Min(least, contexts.Sim(context, carrier));
            }
        }

        return least == int.MaxValue ? 0 : least;
    }

    private Relaxed Relax(Choice[][] byDay, DualPrices? from)
    {
        var prices = DualSearch.Find(needs, byDay, question.SlowDays, from);
        return new Relaxed(prices, [.. needs.Needed.Where(k => k is (int)Commodity.Data or (int)Commodity.Voice).Select(k => (k, new WholePlans(k, needs, byDay, prices, question.SlowDays)))]);
    }

    private sealed class Case(int sim)
    {
        public int Sim { get; } = sim;

        public int Asked { get; set; }

        public Relaxed? Own { get; set; }
    }

    private sealed record Relaxed(DualPrices Prices, (int Commodity, WholePlans Table)[] Whole)
    {
        public (double Linear, double Best) ToGo(int day, ReadOnlySpan<Part> parts, int slowDaysLeft, Needs needs)
        {
            Span<double> worth = [0, 0, 0, 0];
            Span<long> amount = [0, 0, 0, 0];
            foreach (var part in parts)
            {
                if (part.Class >= Part.Slow)
                {
                    break;
                }

                var (first, k) = (Math.Max(day, (int)part.Start), part.Class % Part.Daily);
                worth[k] += part.Class < Part.Daily ? Prices.WorthOfPool(k, first, part.End, part.Amount) : Prices.WorthOfDaily(k, first, part.End, part.Amount);
                amount[k] += part.Class < Part.Daily ? part.Amount : needs.DailyIn(k, first, part.End, part.Amount);
            }

            var held = worth[0] + worth[1] + worth[2] + worth[3];
            var linear = Prices.ToGo(day, slowDaysLeft) - held;
            var best = linear;
            foreach (var (k, table) in Whole)
            {
                best = Math.Max(best, table.ToGo(day, amount[k], held - worth[k], slowDaysLeft));
            }

            return (linear, best);
        }
    }
}
