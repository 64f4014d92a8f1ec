namespace Refill.Advice;

/// <summary>What else could be done, and what it costs: each is solved, or played, like the advice itself. What there is no time for is left out.</summary>
internal sealed class Alternatives(Solving solving, CancellationToken cancellation)
{
    private static readonly int[] SlowDays = [0, 1, 2, 3, 5, 7, 10, 14, 21, 30];

    /// <summary>How many plans of a schedule are asked about alone.</summary>
    private const int MostPlans = 2;

    /// <summary>The least price for more and more slow days, until it falls no more.</summary>
    public IReadOnlyList<FrontPoint> Front(Asking asking, Checked main)
    {
        var points = new List<FrontPoint>();
        if (!asking.Question.Offers.Any(offer => offer.SlowAfter) && !asking.Question.Stock.Any(stock => stock.SlowAfter))
        {
            return points;
        }

        var stay = asking.Question.Need[(int)Commodity.Data].Count(need => need > 0);
        foreach (var slow in SlowDays.Append(asking.Question.SlowDays).Where(slow => slow <= stay).Distinct().Order())
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            var cents = slow == asking.Question.SlowDays ? main.Played.Cents : Cents(asking.With(question => question with { SlowDays = slow }));
            if (cents is { } least)
            {
                if (points is [.., _, var last] && last.Cents <= least && points[^2].Cents <= least && slow > asking.Question.SlowDays)
                {
                    break;
                }

                points.Add(new FrontPoint(slow, points is [.., var before] ? Math.Min(before.Cents, least) : least));
            }
        }

        // A point that costs no less than one with fewer slow days is none.
        var front = points.Where((point, index) => index == 0 || point.Cents < points[index - 1].Cents).ToList();
        return front.Count > 1 ? front : [];
    }

    public IReadOnlyList<Alternative> Of(Asking asking, Checked main, Asking? anyCarrier)
    {
        var found = new List<Alternative>();
        var used = main.Schedule.Select(purchase => main.Asking.Wares[purchase.Offer]).ToList();
        Add(AlternativeKind.AnyCarrier, "", anyCarrier is not null && Cents(anyCarrier) is { } least && least < main.Played.Cents ? least : null);
        if (main.Schedule.Count > 1 && OnePlan(asking) is var (index, cents))
        {
            Add(AlternativeKind.OnePlan, $"{asking.Wares[index].Carrier.Name} {asking.Wares[index].Plan.Name}", cents);
        }

        var plans = used.Select(ware => ware.Plan.Code).Distinct().ToList();
        foreach (var code in plans.Count > 1 ? plans.Take(MostPlans) : [])
        {
            var plan = used.Find(ware => ware.Plan.Code == code)!;
            Add(AlternativeKind.SamePlan, $"{plan.Carrier.Name} {plan.Plan.Name}", Cents(asking.Where(ware => ware.Plan.Code == code)));
        }

        var carriers = used.Select(ware => ware.Carrier.Code).Distinct().ToList();
        foreach (var code in carriers.Count > 1 ? carriers.Take(MostPlans) : [])
        {
            Add(AlternativeKind.OneCarrier, used.Find(ware => ware.Carrier.Code == code)!.Carrier.Name, Cents(asking.Where(ware => ware.Carrier.Code == code)));
        }

        return [.. found.OrderBy(alternative => alternative.Cents)];

        void Add(AlternativeKind kind, string name, long? price)
        {
            if (price is { } known)
            {
                found.Add(new Alternative(kind, name, known));
            }
        }
    }

    /// <summary>The cheapest single purchase that covers everything, by trying each.</summary>
    private (int Index, long Cents)? OnePlan(Asking asking)
    {
        var question = asking.Question;
        var (first, last) = Needed(question);
        foreach (var index in Enumerable.Range(0, question.Offers.Count).OrderBy(index => PriceOf(question, index)))
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            var offer = question.Offers[index];
            var bought = Math.Min(first, offer.LastDay);
            if (offer.FirstDay <= bought && bought >= 0 && first - bought <= offer.StartWithin && Ends(offer, first) >= last && Replay.Play(question, [new Purchase(bought, first, index)]) is { Fault: Fault.Nothing } played)
            {
                return (index, played.Cents);
            }
        }

        return null;
    }

    /// <summary>The cheapest plan that covers its own days from the first on.</summary>
    public (Ware Ware, long Cents, int Days)? Shortest(Asking asking)
    {
        var question = asking.Question;
        var (first, _) = Needed(question);
        foreach (var index in Enumerable.Range(0, question.Offers.Count).OrderBy(index => question.Offers[index].Cents))
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            var offer = question.Offers[index];
            var end = Ends(offer, first);
            if (offer.FirstDay <= first && first <= offer.LastDay && offer.Periods == 1
                && Replay.Play(question with { Need = [.. question.Need.Select(row => row.Select((need, day) => day <= end ? need : 0).ToArray())] }, [new Purchase(first, first, index)]).Fault == Fault.Nothing)
            {
                return (asking.Wares[index], offer.Cents, end - first + 1);
            }
        }

        return null;
    }

    private static (int First, int Last) Needed(Question question)
    {
        var days = Enumerable.Range(0, question.Days).Where(day => question.Need.Any(row => row[day] > 0)).ToList();
        return (days[0], days[^1]);
    }

    private static int Ends(Offer offer, int start)
    {
        for (var period = 1; period < offer.Periods; period++)
        {
            start = offer.LastOf(start) + 1;
        }

        return offer.LastOf(start);
    }

    private static long PriceOf(Question question, int index) => question.Offers[index].Cents + (question.Carriers[question.Offers[index].Carrier] is { Owned: false, SimCents: var sim } ? sim : 0);

    /// <summary>Null: it cannot be had, or there is no time to find out.</summary>
    private long? Cents(Asking asking)
    {
        try
        {
            return cancellation.IsCancellationRequested ? null : solving.Solve(asking, out _)?.Played.Cents;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
