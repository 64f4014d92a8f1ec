using Refill.Advice;

namespace Refill.Tests.Advice.Referees;

/// <summary>Questions from a seed, with every feature that a question can have.</summary>
internal static class RandomQuestions
{
    /// <summary>Small amounts, so that what is used up, what ends and what is wasted meet often.</summary>
    public static Question Make(int seed, int mostDays, int mostOffers, int mostNeed = 4)
    {
        var random = new Random(seed);
        var days = random.Next(1, mostDays + 1);
        var needed = random.Next(1, 16);
        long[][] need = [.. Enumerable.Range(0, 4).Select(k => Enumerable.Range(0, days).Select(_ => (needed & (1 << k)) == 0 || random.Next(4) == 0 ? 0L : random.Next(1, mostNeed + 1)).ToArray())];
        AdviceCarrier[] carriers = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new AdviceCarrier(random.Next(3) == 0 ? random.Next(1, 6) : 0, random.Next(4) == 0, random.Next(4) == 0 ? random.Next(0, days) : -1))];
        int[] uses = [.. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(3))];
        var slow = random.Next(3) == 0 ? random.Next(1, 3) : 0;
        var offers = Enumerable.Range(0, random.Next(1, mostOffers + 1)).Select(_ => MakeOffer(random, days, carriers.Length, uses.Length, mostNeed)).ToArray();
        var stock = Enumerable.Range(0, random.Next(3)).Select(_ => MakeStock(random, days, mostNeed)).ToArray();
        return new Question(need, carriers, offers, stock, uses, slow);
    }

    private static Offer MakeOffer(Random random, int days, int carriers, int uses, int mostNeed)
    {
        var first = random.Next(3) == 0 ? random.Next(0, days) : 0;
        var last = random.Next(3) == 0 ? random.Next(first, days) : days;
        var length = random.Next(1, days + 2);
        return new Offer(
            random.Next(carriers),
            first,
            last,
            random.Next(1, 12),
            length,
            MakeGrants(random, length, mostNeed),
            random.Next(3) == 0,
            random.Next(4) == 0,
            random.Next(4) == 0 ? random.Next(1, 4) : 0,
            uses > 0 && random.Next(3) == 0 ? [random.Next(uses)] : null,
            random.Next(6) == 0 ? 2 : 1,
            random.Next(6) == 0 ? Months(random, days, length) : null);
    }

    /// <summary>As months: what begins later ends no earlier.</summary>
    private static int[] Months(Random random, int days, int length)
    {
        var lasts = new int[days];
        for (var (s, end) = (0, 0); s < days; s++)
        {
            end = Math.Max(end, s + length - 1 + random.Next(2));
            lasts[s] = end - s + 1;
        }

        return lasts;
    }

    private static Stock MakeStock(Random random, int days, int mostNeed)
    {
        var start = random.Next(3) == 0 ? random.Next(days) : 0;
        return new Stock(start, random.Next(start, days + 1), MakeGrants(random, 2, mostNeed), random.Next(3) == 0);
    }

    private static Grants MakeGrants(Random random, int length, int mostNeed) =>
        new(MakeGrant(random, length, mostNeed), MakeGrant(random, length, mostNeed), MakeGrant(random, length, mostNeed), MakeGrant(random, length, mostNeed));

    private static Grant MakeGrant(Random random, int length, int mostNeed) => random.Next(8) switch
    {
        0 or 1 => Grant.None,
        2 => Grant.Unlimited,
        3 or 4 => Grant.Daily(random.Next(1, mostNeed + 1)),
        _ => Grant.Pool(random.Next(1, (mostNeed * length) + 1)),
    };
}
