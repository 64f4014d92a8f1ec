using Refill.Advice;

namespace Refill.Tests.Advice.Referees;

/// <summary>Tries everything: every multiset of offers on every day, of at most four a day. For tiny questions only.</summary>
internal static class BruteForce
{
    public const int MostADay = 4;

    /// <summary>In cents; null: nothing covers the need.</summary>
    public static long? Cheapest(Question question)
    {
        var best = new Found(long.MaxValue, []);
        Day(question, 0, [], ref best);
        return best.Cents == long.MaxValue ? null : best.Cents;
    }

    public static IReadOnlyList<Purchase> Schedule(Question question)
    {
        var best = new Found(long.MaxValue, []);
        Day(question, 0, [], ref best);
        return best.Schedule;
    }

    private readonly record struct Found(long Cents, IReadOnlyList<Purchase> Schedule);

    private static void Day(Question question, int day, List<Purchase> bought, ref Found best)
    {
        if (day == question.Days)
        {
            var played = Replay.Play(question, bought);
            if (played.Fault == Fault.Nothing && played.Cents < best.Cents)
            {
                best = new Found(played.Cents, [.. bought]);
            }

            return;
        }

        Add(question, day, 0, 0, bought, ref best);
    }

    private static void Add(Question question, int day, int from, int added, List<Purchase> bought, ref Found best)
    {
        if (bought.Sum(purchase => question.Offers[purchase.Offer].Cents) >= best.Cents || Hopeless(question, day, bought, added == MostADay))
        {
            return;
        }

        Day(question, day + 1, bought, ref best);
        for (var i = from; i < question.Offers.Count && added < MostADay; i++)
        {
            var offer = question.Offers[i];
            var buy = Math.Min(offer.LastDay, day);
            if (buy >= offer.FirstDay && day - buy <= offer.StartWithin)
            {
                bought.Add(new Purchase(buy, day, i));
                Add(question, day, i, added + 1, bought, ref best);
                bought.RemoveAt(bought.Count - 1);
            }
        }
    }

    /// <summary>What was not met on a day that is over will never be.</summary>
    private static bool Hopeless(Question question, int day, List<Purchase> bought, bool full) =>
        Replay.Play(question, bought) is { Fault: not Fault.Nothing } played && (played.Fault is not (Fault.NeedNotMet or Fault.TooManySlowDays) || played.Day < (full ? day + 1 : day));
}
