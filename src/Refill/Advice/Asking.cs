using Refill.Carriers;
using Refill.Catalogue;

namespace Refill.Advice;

/// <summary>A question, and what its numbers stand for.</summary>
internal sealed record Asking(Question Question, IReadOnlyList<Ware> Wares, IReadOnlyList<Carrier> Carriers, Calendar Calendar, Purse Purse)
{
    /// <summary>There was no room for all that is on sale: nothing can be proven.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>Makes the question: pure, all that it is made of is given.</summary>
    /// <param name="held">What is on the cards, beside what was typed.</param>
    /// <param name="busyUntil">The last day on which a plan runs on the card of a carrier, by its code.</param>
    public static Asking Of(Stay stay, Calendar calendar, IEnumerable<Shelf> shelves, Purse purse, CarrierDirectory connectors, IReadOnlyList<Stock> held, IReadOnlyDictionary<string, int> busyUntil)
    {
        var pricer = new Pricer(purse, calendar, connectors);
        pricer.Price(shelves);
        List<Stock> stock = [.. held];
        if (stay.LeftBytes > 0 && stay.LeftUntil is { } until && calendar.DayOf(until) is >= 0 and var last)
        {
            stock.Add(new Stock(0, last, new Grants(Grant.Pool(stay.LeftBytes), Grant.Pool(stay.LeftBytes), Grant.None, Grant.None)));
        }

        var owned = stay.Owned.ToHashSet(StringComparer.Ordinal);
        var carriers = pricer.Carriers.Select(carrier => new AdviceCarrier(Math.Min(carrier.SimPrice?.Minor ?? 0, Question.MaxCents), owned.Contains(carrier.Code), busyUntil.GetValueOrDefault(carrier.Code, -1)));
        var need = NeedOf(stay, calendar);
        return new Asking(new Question(need, [.. carriers], pricer.Offers, stock, pricer.UsesLeft, stay.SlowDays), pricer.Wares, pricer.Carriers, calendar, purse) { IsWhole = pricer.IsWhole };
    }

    /// <summary>Nothing until the stay begins; then each stretch's habit. What goes through the hotspot is data too.</summary>
    private static long[][] NeedOf(Stay stay, Calendar calendar)
    {
        long[][] need = [.. Question.Commodities.Select(_ => new long[calendar.Days])];
        var day = calendar.DayOf(stay.From);
        foreach (var stretch in stay.Stretches)
        {
            for (var left = stretch.Days; left > 0 && day < calendar.Days; left--, day++)
            {
                var hotspot = stay.HotspotOn(stretch);
                need[(int)Commodity.Data][day] = Math.Max(stretch.BytesADay, hotspot);
                need[(int)Commodity.Hotspot][day] = hotspot;
                need[(int)Commodity.Voice][day] = stay.VoiceSecondsADay;
                need[(int)Commodity.Sms][day] = stay.SmsADay;
            }
        }

        return need;
    }

    /// <summary>
    /// The same for who buys though a plan runs: what is on the cards is given up, and what would queue is not bought. Null: nothing is gained by that. Not stated is taken for what most carriers do, which
    /// is to begin anew.
    /// </summary>
    public Asking? Anew()
    {
        var isBusy = Question.Carriers.Select(carrier => carrier.RunsUntil >= 0).ToArray();
        if (!Question.Offers.Index().Any(offer => isBusy[offer.Item.Carrier] && offer.Item.Alone && Wares[offer.Index].Plan.Stacking != Stacking.Queues))
        {
            return null;
        }

        return Keep(index => !isBusy[Question.Offers[index].Carrier] || Wares[index].Plan.Stacking != Stacking.Queues)
            .With(question => question with { Stock = [], Carriers = [.. question.Carriers.Select(carrier => carrier with { RunsUntil = -1 })] });
    }

    public Asking With(Func<Question, Question> change) => this with { Question = change(Question) };

    /// <summary>Only the offers of these wares.</summary>
    public Asking Where(Func<Ware, bool> isWanted) => Keep(index => isWanted(Wares[index]));

    /// <summary>Only these offers.</summary>
    public Asking Keep(Func<int, bool> isWanted)
    {
        List<int> kept = [.. Enumerable.Range(0, Wares.Count).Where(isWanted)];
        return this with { Question = Question with { Offers = [.. kept.Select(index => Question.Offers[index])] }, Wares = [.. kept.Select(index => Wares[index])] };
    }
}
