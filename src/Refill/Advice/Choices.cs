namespace Refill.Advice;

/// <summary>
/// Step 1 of the method: of all offers and days, the choices that no other one beats. One beats another on a day if it costs no more, its SIM counted, lasts as long, gives as much of all that is needed in
/// its window, is no slower, takes no use that the other does not take, and can stand in its place beside what must run alone.
/// </summary>
internal sealed class Choices
{
    private readonly Question question;
    private readonly Needs needs;
    private readonly bool[] hasAlone;

    /// <summary>By carrier: it has a plan that must begin alone and will not be sold for ever.</summary>
    private readonly bool[] cannotWait;
    private readonly bool slowCounts;
    private int[]? carriers;

    private Choices(Question question, Needs needs)
    {
        (this.question, this.needs) = (question, needs);
        hasAlone = new bool[question.Carriers.Count];
        cannotWait = new bool[question.Carriers.Count];
        foreach (var offer in question.Offers.Where(offer => offer.Alone))
        {
            hasAlone[offer.Carrier] = true;
        }

        slowCounts = question.SlowDays > 0;
        ByDay = new Choice[needs.Days][];
    }

    public Choice[][] ByDay { get; }

    /// <summary>The same, those first that give the most for their price.</summary>
    public Choice[][] ByWorth { get; private set; } = [];

    /// <summary>Puts the choices of each day in the order of what they cost above their worth.</summary>
    public void Sort(DualPrices prices)
    {
        foreach (var choice in ByDay.SelectMany(day => day))
        {
            choice.Waste = choice.Cents - prices.Worth(choice);
        }

        foreach (var day in ByDay)
        {
            Array.Sort(day, (a, b) => a.Waste != b.Waste ? a.Waste.CompareTo(b.Waste) : a.Offer.CompareTo(b.Offer));
        }

        ByWorth = [.. ByDay.Select(day => day.OrderBy(choice => choice.Waste / Math.Max(1, choice.Cents)).ThenByDescending(choice => choice.Cents).ToArray())];
    }

    /// <summary>Indices into the question's offers, after the skyline over all days.</summary>
    public int[] Offers { get; private set; } = [];

    /// <summary>Of which anything is left to buy.</summary>
    public int[] Carriers => carriers ??= [.. ByDay.SelectMany(day => day).Select(choice => choice.Carrier).Distinct()];

    public int Count => ByDay.Sum(day => day.Length);

    public bool HasAlone(int carrier) => hasAlone[carrier];

    public static Choices Of(Question question, Needs needs)
    {
        var choices = new Choices(question, needs);
        choices.Offers = choices.Skyline();
        for (var s = 0; s < needs.Days; s++)
        {
            choices.ByDay[s] = choices.OfDay(s);
        }

        foreach (var choice in choices.ByDay.SelectMany(day => day).Where(choice => choice.Alone && !choices.HoldsTomorrow(choice)))
        {
            choices.cannotWait[choice.Carrier] = true;
        }

        var number = 0;
        foreach (var choice in choices.ByDay.SelectMany(day => day))
        {
            (choice.MayWait, choice.Number) = (choices.GetsWorse(choice), number++);
        }

        return choices;
    }

    /// <summary>The price of the SIM that comes with the first purchase of this carrier.</summary>
    private long Sim(int carrier) => question.Carriers[carrier] is { Owned: false } other ? other.SimCents : 0;

    private static int LastStart(Offer offer, int days) => Math.Min(offer.LastDay + offer.StartWithin, days - 1);

    /// <summary>Offers that another one beats on every day fall out at once: a list of thousands shrinks to tens before the days are looked at.</summary>
    private int[] Skyline()
    {
        var windows = new Dictionary<int, long[]>();
        var entries = new List<Broad>();
        for (var i = 0; i < question.Offers.Count; i++)
        {
            var offer = question.Offers[i];
            if (offer.FirstDay < needs.Days && offer.LastDay >= offer.FirstDay && (offer.Uses ?? []).All(use => question.UsesLeft[use] > 0))
            {
                var days = Math.Min(offer.DaysByStart?.Max() ?? offer.Days, needs.Days);
                var entry = new Broad(i, offer, days, [.. needs.Needed.Select(k => Capped(offer, k, Windows(days)[k]))]);
                if (entry.Gives.Any(give => give.Kind != GrantKind.None) || (slowCounts && offer.SlowAfter))
                {
                    entries.Add(entry);
                }
            }
        }

        entries.Sort((a, b) => a.Offer.Cents != b.Offer.Cents ? a.Offer.Cents.CompareTo(b.Offer.Cents) : a.Days != b.Days ? b.Days.CompareTo(a.Days) : a.Total != b.Total ? b.Total.CompareTo(a.Total) : a.Index.CompareTo(b.Index));
        var kept = new List<Broad>();
        foreach (var entry in entries)
        {
            var beaten = false;
            for (var j = 0; j < kept.Count && !beaten; j++)
            {
                beaten = Beats(kept[j], entry);
                if (beaten && j > 8)
                {
                    // Who beats one beats others: the search for it starts there.
                    (kept[j], kept[j / 2]) = (kept[j / 2], kept[j]);
                }
            }

            if (!beaten)
            {
                kept.Add(entry);
            }
        }

        return [.. kept.OrderBy(entry => entry.Offer.Cents).ThenBy(entry => entry.Index).Select(entry => entry.Index)];

        long[] Windows(int days)
        {
            if (!windows.TryGetValue(days, out var most))
            {
                most = new long[Needs.Commodities];
                for (var k = 0; k < Needs.Commodities; k++)
                {
                    for (var s = 0; s < needs.Days; s++)
                    {
                        most[k] = Math.Max(most[k], needs.In(k, s, s + days - 1));
                    }
                }

                windows[days] = most;
            }

            return most;
        }
    }

    private sealed record Broad(int Index, Offer Offer, int Days, Grant[] Gives)
    {
        public long Total { get; } = Gives.Sum(give => give.Kind == GrantKind.Unlimited ? Question.MaxNeed : give.Amount);
    }

    /// <summary>What is more than any window can need is as good as no limit.</summary>
    private Grant Capped(Offer offer, int k, long most) => offer.Grants[(Commodity)k] switch
    {
        { Kind: GrantKind.Pool } pool when pool.Amount >= most => Grant.Unlimited,
        { Kind: GrantKind.Daily } daily when daily.Amount >= needs.MostFrom(k, 0) => Grant.Unlimited,
        var other => other,
    };

    private bool Beats(Broad a, Broad b)
    {
        var (x, y) = (a.Offer, b.Offer);
        if (x.Cents + (x.Carrier == y.Carrier ? 0 : Sim(x.Carrier)) > y.Cents || a.Days < b.Days || x.Periods < y.Periods || (x.Periods > 1 && a.Days != b.Days))
        {
            return false;
        }

        for (var k = 0; k < a.Gives.Length; k++)
        {
            if (!Covers(a.Gives[k], b.Gives[k], b.Days))
            {
                return false;
            }
        }

        return x.FirstDay <= y.FirstDay && LastStart(x, needs.Days) >= LastStart(y, needs.Days) && (x.DaysByStart is null ? y.DaysByStart is null || x.Days >= y.DaysByStart.Max() : SameClock(x, y)) && StandsFor(x, y, a.Days == b.Days);
    }

    private static bool SameClock(Offer x, Offer y) => ReferenceEquals(x.DaysByStart, y.DaysByStart) || (y.DaysByStart is null && x.DaysByStart!.Min() >= y.Days);

    private static bool Covers(Grant a, Grant b, int days) => b.Kind switch
    {
        GrantKind.None => true,
        GrantKind.Unlimited => a.Kind == GrantKind.Unlimited,
        GrantKind.Pool => a.Kind == GrantKind.Unlimited || (a.Kind != GrantKind.None && a.Amount >= b.Amount), // As much in a day as the pool has in all.
        GrantKind.Daily => a.Kind == GrantKind.Unlimited || (a.Kind == GrantKind.Daily && a.Amount >= b.Amount) || (a.Kind == GrantKind.Pool && a.Amount / days >= b.Amount),
        _ => throw new InvalidOperationException(b.Kind.ToString()),
    };

    /// <summary>Apart from price and grants, the one can be bought wherever the other is.</summary>
    private bool StandsFor(Offer x, Offer y, bool endsNoLater)
    {
        if (x.Alone && !y.Alone)
        {
            return false;
        }

        // While it runs, what must run alone waits: it may not run longer than the other did, or with a carrier that has such plans at all.
        if (hasAlone[x.Carrier] && (x.Carrier != y.Carrier || !endsNoLater))
        {
            return false;
        }

        return (!slowCounts || x.SlowAfter || !y.SlowAfter || x.Grants.Data.Kind == GrantKind.Unlimited) && (x.Uses ?? []).All(use => (y.Uses ?? []).Contains(use));
    }

    private Choice[] OfDay(int s)
    {
        var kept = new List<Choice>();
        foreach (var index in Offers)
        {
            var offer = question.Offers[index];
            if (offer.FirstDay > s || LastStart(offer, needs.Days) < s)
            {
                continue;
            }

            var choice = Make(index, offer, s, offer.Periods);
            var any = slowCounts && choice.Slow;
            foreach (var k in needs.Needed)
            {
                any |= choice.Gives(k) || Array.Exists(choice.Later, later => later.Gives(k));
            }

            if (any && !kept.Exists(other => Beats(other, choice)))
            {
                kept.Add(choice);
            }
        }

        return [.. kept];
    }

    private Choice Make(int index, Offer offer, int start, int periods)
    {
        var end = Math.Min(offer.LastOf(start), needs.Days - 1);
        var later = new List<Choice>();
        for (var (i, next) = (1, offer.LastOf(start) + 1); i < periods && next < needs.Days; i++)
        {
            later.Add(Make(index, offer, next, 1));
            next = offer.LastOf(next) + 1;
        }

        var choice = new Choice
        {
            Offer = index,
            Start = start,
            End = end,
            Carrier = offer.Carrier,
            Cents = (int)offer.Cents,
            Slow = offer.SlowAfter || offer.Grants.Data.Kind == GrantKind.Unlimited,
            Alone = offer.Alone,
            Later = [.. later],
            Uses = [.. offer.Uses ?? []],
        };
        foreach (var k in needs.Needed)
        {
            var all = needs.In(k, start, end);
            var give = offer.Grants[(Commodity)k];
            if (give.Kind == GrantKind.None || all == 0)
            {
                continue;
            }

            if (give.Kind == GrantKind.Daily && give.Amount < needs.MostIn(k, start, end))
            {
                choice.Amounts[k] = give.Amount;
                choice.Daily |= 1 << k;
            }
            else
            {
                // As much each day as any of them needs is a pool of all that they need.
                choice.Amounts[k] = give.Kind == GrantKind.Pool ? Math.Min(give.Amount, all) : all;
                choice.Ample |= choice.Amounts[k] == all ? 1 << k : 0;
            }
        }

        return choice;
    }

    private bool Beats(Choice a, Choice b) => Serves(a, b, question.Offers[a.Offer].LastOf(a.Start) == question.Offers[b.Offer].LastOf(b.Start));

    /// <summary>The one, of the same day or the next, costs no more than the other and serves as well.</summary>
    /// <param name="endsNoLater">What must begin alone waits no longer for it.</param>
    private bool Serves(Choice a, Choice b, bool endsNoLater)
    {
        if (a.Cents + (a.Carrier == b.Carrier ? 0 : Sim(a.Carrier)) > b.Cents || a.End < b.End || a.Later.Length > 0 || b.Later.Length > 0)
        {
            return false;
        }

        foreach (var k in needs.Needed)
        {
            if (b.Amounts[k] > 0 && (a.Ample & (1 << k)) == 0 && !(a.Amounts[k] >= b.Amounts[k] && ((b.Daily & (1 << k)) == 0 || (a.Daily & (1 << k)) != 0)))
            {
                return false;
            }
        }

        return StandsFor(question.Offers[a.Offer], question.Offers[b.Offer], endsNoLater);
    }

    /// <summary>Tomorrow there is nothing that could be bought instead: then it may be right to buy it before it is needed.</summary>
    private bool GetsWorse(Choice choice)
    {
        if (choice.Start + 1 >= needs.Days)
        {
            return false;
        }

        // Begun later, what follows it begins later too: its own next period, or what waits until it has ended, and may be needed by then, or not be sold any more.
        if (choice.Later.Length > 0 || cannotWait[choice.Carrier] || (hasAlone[choice.Carrier] && !needs.Needed.All(k => needs.In(k, choice.Start, choice.End + 1) == 0 || ((choice.Ample & (1 << k)) != 0 && IsAmpleTomorrow(choice, k)))))
        {
            return true;
        }

        return !HoldsTomorrow(choice);
    }

    /// <summary>Begun a day later, it would still cover the whole need of its days.</summary>
    private bool IsAmpleTomorrow(Choice choice, int k)
    {
        var (first, last) = (choice.Start + 1, question.Offers[choice.Offer].LastOf(choice.Start + 1));
        return question.Offers[choice.Offer].Grants[(Commodity)k] switch
        {
            { Kind: GrantKind.Unlimited } => true,
            { Kind: GrantKind.Pool, Amount: var amount } => amount >= needs.In(k, first, last),
            { Kind: GrantKind.Daily, Amount: var amount } => amount >= needs.MostIn(k, first, last),
            _ => false,
        };
    }

    /// <summary>Tomorrow it can be begun at no higher price, or another can that serves as well.</summary>
    private bool HoldsTomorrow(Choice choice)
    {
        if (choice.Start + 1 >= needs.Days)
        {
            return true;
        }

        var offer = question.Offers[choice.Offer];
        if (LastStart(offer, needs.Days) > choice.Start && offer.LastOf(choice.Start + 1) >= offer.LastOf(choice.Start))
        {
            return true;
        }

        return Array.Exists(ByDay[choice.Start + 1], next => Serves(next, choice, question.Offers[next.Offer].LastOf(next.Start) <= offer.LastOf(choice.Start) + 1));
    }
}
