namespace Refill.Advice;

/// <summary>What one day takes from where.</summary>
/// <param name="Purchase">Index into the schedule; -1: what was on the card already.</param>
/// <param name="LeftBytes">Of its full-speed data after this day; null: there is no amount to count.</param>
public sealed record Taken(int Purchase, long Bytes, long? LeftBytes);

/// <summary>Days in a row that are alike: the same need from the same sources.</summary>
/// <param name="From">The first; <see cref="Until"/> the last.</param>
/// <param name="Need">Bytes of each day.</param>
/// <param name="Taken">Of the last day; all days of the run take as much from each.</param>
public sealed record DayRun(int From, int Until, long Need, IReadOnlyList<Taken> Taken, bool IsSlow);

/// <summary>The data of a schedule day by day with its sources, for who wants to check it by hand. It must agree with <see cref="Replay"/>, which knows sums only.</summary>
internal static class DayBook
{
    private sealed record Source(int Purchase, int Start, int End, Grant Data, bool SlowAfter)
    {
        public long Left { get; set; } = Data.Amount;
    }

    /// <summary>Null: it does not agree with what was played.</summary>
    public static IReadOnlyList<DayRun>? Write(Question question, IReadOnlyList<Purchase> schedule, Played played)
    {
        var sources = question.Stock.Select(stock => new Source(-1, stock.Start, stock.End, stock.Grants.Data, stock.SlowAfter)).ToList();
        for (var index = 0; index < schedule.Count; index++)
        {
            var offer = question.Offers[schedule[index].Offer];
            for (var (period, start) = (0, schedule[index].Start); period < offer.Periods; period++)
            {
                sources.Add(new Source(index, start, offer.LastOf(start), offer.Grants.Data, offer.SlowAfter));
                start = offer.LastOf(start) + 1;
            }
        }

        var runs = new List<DayRun>();
        for (var day = 0; day < question.Days; day++)
        {
            var need = question.Need[(int)Commodity.Data][day];
            var taken = Take(sources, day, need);
            if (taken.Sum(part => part.Bytes) != played.Days[day].Used[(int)Commodity.Data])
            {
                return null;
            }

            Add(runs, new DayRun(day, day, need, taken, played.Days[day].Slow));
        }

        return [.. runs.Where(run => run.Need > 0)];
    }

    private static List<Taken> Take(List<Source> sources, int day, long need)
    {
        var taken = new List<Taken>();
        foreach (var source in sources.Where(source => source.Start <= day && day <= source.End).OrderBy(source => source.Data.Kind == GrantKind.Daily ? day : source.End))
        {
            var wanted = need - taken.Sum(part => part.Bytes);
            var bytes = source.Data.Kind switch
            {
                GrantKind.Unlimited => wanted,
                GrantKind.Daily => Math.Min(wanted, source.Data.Amount),
                GrantKind.Pool => Math.Min(wanted, source.Left),
                _ => 0,
            };
            if (bytes > 0)
            {
                source.Left -= source.Data.Kind == GrantKind.Pool ? bytes : 0;
                taken.Add(new Taken(source.Purchase, bytes, source.Data.Kind == GrantKind.Pool ? source.Left : null));
            }
        }

        return taken;
    }

    private static void Add(List<DayRun> runs, DayRun day)
    {
        if (runs is [.., var last] && last.Need == day.Need && last.IsSlow == day.IsSlow && last.Taken.Select(part => (part.Purchase, part.Bytes)).SequenceEqual(day.Taken.Select(part => (part.Purchase, part.Bytes))))
        {
            runs[^1] = day with { From = last.From };
            return;
        }

        runs.Add(day);
    }
}
