namespace Refill.Advice;

/// <summary>What a schedule leads to on one day.</summary>
/// <param name="Used">[commodity]: in its unit, at full speed.</param>
/// <param name="Left">[commodity]: what has begun and can still be used after this day, unlimited and daily grants apart.</param>
/// <param name="Slow">The need of data was met slowly in part.</param>
public sealed record DayPlayed(IReadOnlyList<long> Used, IReadOnlyList<long> Left, bool Slow);

/// <summary>Why a schedule is no answer; <see cref="Nothing"/>: it is one.</summary>
public enum Fault
{
    Nothing = 0,
    NoSuchOffer,
    NotOnSale,
    StartsTooLate,
    UsedTooOften,
    NotAlone,
    NeedNotMet,
    TooManySlowDays,
}

/// <summary>A schedule played day by day.</summary>
/// <param name="Day">On which the fault is; -1: on none.</param>
/// <param name="Commodity">What lacks, if a need is not met.</param>
public sealed record Played(Fault Fault, int Day, Commodity Commodity, long Cents, int SlowDays, IReadOnlyList<DayPlayed> Days);

/// <summary>
/// The checker: plays a schedule against the question as a sceptic would, from the question's own words. It shares nothing with the solver, so that a mistake of the one is not made by the other.
/// </summary>
public static class Replay
{
    public static Played Play(Question question, IReadOnlyList<Purchase> schedule)
    {
        var days = question.Days;
        if (Refuse(question, schedule) is var (fault, at))
        {
            return new Played(fault, at, Commodity.Data, 0, 0, []);
        }

        var cents = Price(question, schedule);
        var grants = question.Stock.Select(stock => new Held(stock.Start, stock.End, stock.Grants, stock.SlowAfter)).Concat(schedule.SelectMany(purchase => Periods(question.Offers[purchase.Offer], purchase.Start))).ToList();
        var (played, slowDays) = (new List<DayPlayed>(), 0);
        for (var day = 0; day < days; day++)
        {
            var (used, slow) = (new long[4], false);
            foreach (var commodity in Question.Commodities)
            {
                var need = question.Need[(int)commodity][day];
                used[(int)commodity] = grants.Where(held => held.Lives(day)).OrderBy(held => held[commodity].Kind == GrantKind.Daily ? day : held.End).Aggregate(0L, (sum, held) => sum + held.Take(commodity, need - sum));
                if (used[(int)commodity] == need)
                {
                    continue;
                }

                if (commodity != Commodity.Data || !grants.Exists(held => held.Lives(day) && held.SlowAfter))
                {
                    return new Played(Fault.NeedNotMet, day, commodity, cents, slowDays, played);
                }

                (slow, slowDays) = (true, slowDays + 1);
                if (slowDays > question.SlowDays)
                {
                    return new Played(Fault.TooManySlowDays, day, commodity, cents, slowDays, played);
                }
            }

            played.Add(new DayPlayed(used, [.. Question.Commodities.Select(commodity => grants.Where(held => held.Lives(day) && held.End > day).Sum(held => held.Left(commodity)))], slow));
        }

        return new Played(Fault.Nothing, -1, Commodity.Data, cents, slowDays, played);
    }

    private static (Fault, int)? Refuse(Question question, IReadOnlyList<Purchase> schedule)
    {
        var uses = new int[question.UsesLeft.Count];
        foreach (var purchase in schedule)
        {
            if (purchase.Offer < 0 || purchase.Offer >= question.Offers.Count)
            {
                return (Fault.NoSuchOffer, purchase.Day);
            }

            var offer = question.Offers[purchase.Offer];
            if (purchase.Day < Math.Max(0, offer.FirstDay) || purchase.Day > offer.LastDay || purchase.Start < purchase.Day || purchase.Start >= question.Days)
            {
                return (Fault.NotOnSale, purchase.Day);
            }

            if (purchase.Start - purchase.Day > offer.StartWithin)
            {
                return (Fault.StartsTooLate, purchase.Day);
            }

            foreach (var use in offer.Uses ?? [])
            {
                if (++uses[use] > question.UsesLeft[use])
                {
                    return (Fault.UsedTooOften, purchase.Day);
                }
            }

            if (offer.Alone && (question.Carriers[offer.Carrier].RunsUntil >= purchase.Start || schedule.Any(other => !ReferenceEquals(other, purchase) && Covers(question, other, offer.Carrier, purchase.Start))))
            {
                return (Fault.NotAlone, purchase.Start);
            }
        }

        return null;
    }

    private static bool Covers(Question question, Purchase other, int carrier, int day) =>
        question.Offers[other.Offer].Carrier == carrier && other.Start <= day && Periods(question.Offers[other.Offer], other.Start)[^1].End >= day;

    private static long Price(Question question, IReadOnlyList<Purchase> schedule) =>
        schedule.Sum(purchase => question.Offers[purchase.Offer].Cents) + schedule.Select(purchase => question.Offers[purchase.Offer].Carrier).Distinct().Where(carrier => !question.Carriers[carrier].Owned).Sum(carrier => question.Carriers[carrier].SimCents);

    private static List<Held> Periods(Offer offer, int start)
    {
        var periods = new List<Held>();
        for (var i = 0; i < offer.Periods; i++)
        {
            periods.Add(new Held(start, offer.LastOf(start), offer.Grants, offer.SlowAfter));
            start = offer.LastOf(start) + 1;
        }

        return periods;
    }

    /// <summary>One validity and what is left of its pools.</summary>
    private sealed class Held(int start, int end, Grants grants, bool slowAfter)
    {
        private readonly long[] left = [.. Question.Commodities.Select(commodity => grants[commodity].Kind == GrantKind.Pool ? grants[commodity].Amount : 0)];

        public int End => end;

        public bool SlowAfter => slowAfter;

        public Grant this[Commodity commodity] => grants[commodity];

        public bool Lives(int day) => start <= day && day <= end;

        public long Left(Commodity commodity) => left[(int)commodity];

        public long Take(Commodity commodity, long wanted)
        {
            switch (grants[commodity].Kind)
            {
                case GrantKind.Unlimited:
                    return wanted;
                case GrantKind.Daily:
                    return Math.Min(wanted, grants[commodity].Amount);
                case GrantKind.Pool:
                    var taken = Math.Min(wanted, left[(int)commodity]);
                    left[(int)commodity] -= taken;
                    return taken;
                default:
                    return 0;
            }
        }
    }
}
