using Google.OrTools.Sat;
using Refill.Advice;

namespace Refill.Tests.Advice.Referees;

/// <summary>The same question as an integer model for Google's CP-SAT. Written from the question's words; shares nothing with the solver.</summary>
internal static class CpSat
{
    /// <summary>What CP-SAT knows of a question at its end.</summary>
    /// <param name="Cents">Of the best schedule found; null: none.</param>
    public sealed record Verdict(CpSolverStatus Status, long? Cents, long LowerBound, double Seconds)
    {
        public bool Proven => Status is CpSolverStatus.Optimal or CpSolverStatus.Infeasible;
    }

    /// <summary>About how many variables the model of a question has.</summary>
    public static long Size(Question question, IEnumerable<int> offers) =>
        offers.Select(index => question.Offers[index]).Sum(offer => (long)Math.Max(0, Math.Min(offer.LastDay + offer.StartWithin, question.Days - 1) - offer.FirstDay + 1) * (1 + (question.Need.Count(row => row.Any(need => need > 0)) * Math.Min(offer.Days, question.Days))));

    /// <param name="offers">Indices of the offers that it may use.</param>
    /// <param name="most">How many of one offer can begin on one day.</param>
    public static Verdict Solve(Question question, IEnumerable<int> offers, double seconds, int workers, int most = 6)
    {
        var (model, days) = (new CpModel(), question.Days);
        var price = LinearExpr.NewBuilder();
        var bought = new List<Bought>();
        foreach (var index in offers)
        {
            var offer = question.Offers[index];
            for (var start = offer.FirstDay; start <= Math.Min(offer.LastDay + offer.StartWithin, days - 1); start++)
            {
                var count = model.NewIntVar(0, offer.Alone ? 1 : most, "");
                price.AddTerm(count, offer.Cents);
                var periods = new List<(int First, int Last)>();
                for (var (i, at) = (0, start); i < offer.Periods; i++, at = offer.LastOf(at) + 1)
                {
                    periods.Add((at, offer.LastOf(at)));
                }

                bought.Add(new Bought(offer, start, periods, count));
            }
        }

        for (var carrier = 0; carrier < question.Carriers.Count; carrier++)
        {
            if (question.Carriers[carrier] is { Owned: false, SimCents: > 0 and var sim })
            {
                var owned = model.NewBoolVar("");
                price.AddTerm(owned, sim);
                foreach (var one in bought.Where(one => one.Offer.Carrier == carrier))
                {
                    model.Add(one.Count <= most * owned);
                }
            }
        }

        for (var use = 0; use < question.UsesLeft.Count; use++)
        {
            model.Add(LinearExpr.Sum(bought.SelectMany(one => (one.Offer.Uses ?? []).Where(u => u == use).Select(_ => one.Count))) <= question.UsesLeft[use]);
        }

        foreach (var one in bought.Where(one => one.Offer.Alone))
        {
            if (question.Carriers[one.Offer.Carrier].RunsUntil >= one.Start)
            {
                model.Add(one.Count == 0);
            }

            var others = bought.Where(other => other != one && other.Offer.Carrier == one.Offer.Carrier && other.Start <= one.Start && other.Periods[^1].Last >= one.Start).ToList();
            foreach (var other in others)
            {
                model.Add(other.Count <= most - (most * one.Count));
            }
        }

        var slow = Enumerable.Range(0, days).Select(_ => model.NewBoolVar("")).ToArray();
        model.Add(LinearExpr.Sum(slow) <= question.SlowDays);
        if (question.SlowDays > 0)
        {
            for (var day = 0; day < days; day++)
            {
                if (!question.Stock.Any(stock => stock.SlowAfter && stock.Start <= day && day <= stock.End))
                {
                    model.Add(LinearExpr.Sum(bought.Where(one => one.Offer.SlowAfter && one.Start <= day && one.Periods[^1].Last >= day).Select(one => one.Count)) >= slow[day]);
                }
            }
        }

        foreach (var commodity in Question.Commodities)
        {
            Cover(model, question, commodity, bought, slow);
        }

        model.Minimize(price);
        using var solver = new Google.OrTools.Sat.CpSolver { StringParameters = $"num_workers:{workers},max_time_in_seconds:{seconds.ToString(System.Globalization.CultureInfo.InvariantCulture)},random_seed:1" };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var status = solver.Solve(model);
        return new Verdict(status, status is CpSolverStatus.Optimal or CpSolverStatus.Feasible ? (long)Math.Round(solver.ObjectiveValue) : null, (long)Math.Ceiling(solver.BestObjectiveBound - 1e-6), clock.Elapsed.TotalSeconds);
    }

    private static void Cover(CpModel model, Question question, Commodity commodity, List<Bought> bought, BoolVar[] slow)
    {
        var need = question.Need[(int)commodity];
        var days = question.Days;
        if (need.All(amount => amount == 0))
        {
            return;
        }

        var served = Enumerable.Range(0, days).Select(_ => new List<LinearExpr>()).ToArray();
        var used = Enumerable.Range(0, days).Select(_ => new List<IntVar>()).ToArray();
        var slowly = commodity == Commodity.Data && question.SlowDays > 0;

        void Grant(Grant grant, int first, int last, IntVar? count)
        {
            last = Math.Min(last, days - 1);
            var window = Enumerable.Range(first, Math.Max(0, last - first + 1)).ToList();
            var all = window.Sum(day => need[day]);
            var one = LinearExpr.Constant(1);
            if (grant.Kind == GrantKind.None || all == 0)
            {
                return;
            }

            if (grant.Kind == GrantKind.Unlimited)
            {
                foreach (var day in window)
                {
                    served[day].Add((count is null ? one : count) * need[day]);
                }

                return;
            }

            var taken = new List<IntVar>();
            foreach (var day in window.Where(day => need[day] > 0))
            {
                var take = model.NewIntVar(0, need[day], "");
                if (grant.Kind == GrantKind.Daily)
                {
                    model.Add(take <= (count is null ? one : count) * Math.Min(need[day], grant.Amount));
                }
                else if (count is not null)
                {
                    // Implied, and what makes the linear relaxation tight.
                    model.Add(take <= count * Math.Min(need[day], grant.Amount));
                }

                taken.Add(take);
                used[day].Add(take);
                served[day].Add(take);
            }

            if (grant.Kind == GrantKind.Pool)
            {
                model.Add(LinearExpr.Sum(taken) <= (count is null ? one : count) * grant.Amount);
                if (slowly)
                {
                    // On a slow day nothing at full speed is left: what has not been used by then must be none.
                    var (sofar, next) = (new List<IntVar>(), 0);
                    foreach (var day in window)
                    {
                        if (need[day] > 0)
                        {
                            sofar.Add(taken[next++]);
                        }

                        model.Add(LinearExpr.Sum(sofar) >= (count is null ? one : count) * grant.Amount).OnlyEnforceIf(slow[day]);
                    }
                }
            }
        }

        foreach (var stock in question.Stock)
        {
            Grant(stock.Grants[commodity], stock.Start, stock.End, null);
        }

        foreach (var one in bought)
        {
            foreach (var (first, last) in one.Periods)
            {
                Grant(one.Offer.Grants[commodity], first, last, one.Count);
            }
        }

        for (var day = 0; day < days; day++)
        {
            if (need[day] > 0)
            {
                var sum = LinearExpr.Sum(served[day]);
                model.Add((slowly ? sum + (slow[day] * need[day]) : sum) >= need[day]);
                if (slowly && used[day].Count > 0)
                {
                    model.Add(LinearExpr.Sum(used[day]) <= need[day]);
                }
            }
        }
    }

    private sealed record Bought(Offer Offer, int Start, List<(int First, int Last)> Periods, IntVar Count);
}
