using System.Runtime.CompilerServices;

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
    private readonly CancellationToken cancellation;
    private readonly Relaxed all;
    private readonly List<Case?> cases = [];
    private int own;

    public Bounds(Question question, Needs needs, Choices choices, Contexts contexts, CancellationToken cancellation)
    {
        (this.question, this.needs, this.choices, this.contexts, this.cancellation) = (question, needs, choices, contexts, cancellation);
        all = Relax(choices.ByDay, null);
    }

    /// <summary>Prices over all carriers as if their SIMs were owned.</summary>
    public DualPrices Prices => all.Prices;

    /// <summary>What parts are worth from a day on, to be asked of and added to.</summary>
    public Measured Measure(int context, int day, ReadOnlySpan<Part> parts)
    {
        var own = Of(context).Own;
        return new Measured(all.Measure(day, parts, needs), own, own is null ? default : own.Measure(day, parts, needs));
    }

    /// <summary>The same with one more choice of that day. What parts are worth together is bounded by the sum of what each is worth.</summary>
    public Measured With(in Measured before, int contextBefore, int context, Choice choice, ReadOnlySpan<Part> parts)
    {
        var sum = all.With(before.All, choice);
        if (context == contextBefore)
        {
            return new Measured(sum, before.OwnBy, before.OwnBy is null ? default : before.OwnBy.With(before.Own, choice));
        }

        var own = Of(context).Own;
        return new Measured(sum, own, own is null ? default : own.With(own.Measure(choice.Start, parts, needs), choice));
    }

    /// <returns>Lower bounds of what is still to be paid, in cents: by the prices of all alone, and by all that is known.</returns>
    public (double Linear, double Best) ToGo(in Measured held, int context, int day, int slowDaysLeft)
    {
        var (linear, free) = all.ToGo(held.All, day, slowDaysLeft);
        var one = Of(context);
        if (one.Sim == 0 || held.OwnBy is null)
        {
            return (linear, free);
        }

        // Another carrier's SIM, or only what is owned.
        var (_, within) = held.OwnBy.ToGo(held.Own, day, slowDaysLeft);
        return (linear, Math.Min(free + one.Sim, Math.Max(within, free)));
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
        var prices = DualSearch.Find(needs, byDay, question.SlowDays, from, cancellation);
        var sums = new Sums[choices.Count];
        foreach (var choice in byDay.SelectMany(day => day))
        {
            foreach (var k in needs.Needed)
            {
                (sums[choice.Number].Worth[k], sums[choice.Number].Amount[k]) = (prices.Worth(choice, k), needs.Usable(choice, k));
            }
        }

        return new Relaxed(prices, [.. needs.Needed.Where(k => k is (int)Commodity.Data or (int)Commodity.Voice).Select(k => (k, new WholePlans(k, needs, byDay, prices, question.SlowDays)))], sums);
    }

    private sealed class Case(int sim)
    {
        public int Sim { get; } = sim;

        public int Asked { get; set; }

        public Relaxed? Own { get; set; }
    }

    [InlineArray(Needs.Commodities)]
    internal struct Worths
    {
        private double first;
    }

    /// <summary>Of each commodity, what is held is worth and how much it is.</summary>
    internal struct Sums
    {
        public Worths Worth;
        public Amounts Amount;

        public readonly double Total => Worth[0] + Worth[1] + Worth[2] + Worth[3];
    }

    internal readonly record struct Measured(Sums All, Relaxed? OwnBy, Sums Own);

    internal sealed record Relaxed(DualPrices Prices, (int Commodity, WholePlans Table)[] Whole, Sums[] Choices)
    {
        public Sums Measure(int day, ReadOnlySpan<Part> parts, Needs needs)
        {
            var sums = default(Sums);
            foreach (var part in parts)
            {
                if (part.Class >= Part.Slow)
                {
                    break;
                }

                var (first, k) = (Math.Max(day, (int)part.Start), part.Class % Part.Daily);
                sums.Worth[k] += part.Class < Part.Daily ? Prices.WorthOfPool(k, first, part.End, part.Amount) : Prices.WorthOfDaily(k, first, part.End, part.Amount);
                sums.Amount[k] += part.Class < Part.Daily ? part.Amount : needs.DailyIn(k, first, part.End, part.Amount);
            }

            return sums;
        }

        public Sums With(in Sums before, Choice choice)
        {
            var (sums, more) = (before, Choices[choice.Number]);
            for (var k = 0; k < Needs.Commodities; k++)
            {
                sums.Worth[k] += more.Worth[k];
                sums.Amount[k] += more.Amount[k];
            }

            return sums;
        }

        public (double Linear, double Best) ToGo(in Sums held, int day, int slowDaysLeft)
        {
            var linear = Prices.ToGo(day, slowDaysLeft) - held.Total;
            var best = linear;
            foreach (var (k, table) in Whole)
            {
                best = Math.Max(best, table.ToGo(day, held.Amount[k], held.Total - held.Worth[k], slowDaysLeft));
            }

            return (linear, best);
        }
    }
}
