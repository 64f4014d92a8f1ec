using Refill.Advice;

namespace Refill.Tests.Advice.Referees;

internal enum Profile
{
    /// <summary>Maps and chat, a few calls.</summary>
    Light,

    /// <summary>More on working days; a hotspot once a week.</summary>
    Commuter,

    /// <summary>Video every evening; data only.</summary>
    Video,

    /// <summary>Maps and chat with days of video between, calls and messages; two days may be slow.</summary>
    Mixed,
}

/// <summary>Questions as people have them, over price lists as sellers have them: shaped like real ones (sizes, validities, how price grows with both), made from a seed. Data in megabytes, voice in seconds.</summary>
internal static class PriceLists
{
    private static readonly int[] Sizes = [500, 1_000, 2_000, 3_000, 5_000, 8_000, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000];
    private static readonly int[] Validities = [1, 3, 5, 7, 10, 14, 15, 20, 30, 60, 90, 180, 365];
    private static readonly int[] DailySizes = [300, 500, 1_000, 2_000, 3_000, 5_000];
    private static readonly int[] Cycles = [30, 30, 30, 90, 180, 365];

    public static Question Make(int days, int plans, int offers, Profile profile, int seed)
    {
        var random = new Random((seed * 1_000_003) + (days * 7_919) + (plans * 31) + (offers * 3) + (int)profile);
        AdviceCarrier[] carriers = [.. Enumerable.Range(0, Math.Clamp(plans / 20, 4, 90)).Select(i => new AdviceCarrier(IsNetwork(i) ? random.Next(3) * 500 : 0, i == 0))];
        var dear = carriers.Select(_ => 0.75 + (0.75 * random.NextDouble())).ToArray();
        var queues = carriers.Select((_, i) => IsNetwork(i) && random.Next(2) == 0).ToArray();
        var list = new List<Offer>();
        for (var i = 0; i < plans; i++)
        {
            // The first is a network's, so that calls can be had on every list.
            var carrier = i == 0 ? 0 : random.Next(carriers.Length);
            list.Add(IsNetwork(carrier) ? NetworkPlan(random, carrier, dear[carrier], days, queues[carrier]) : TravelPlan(random, carrier, dear[carrier], days));
        }

        var uses = new List<int>();
        for (var i = 0; i < offers; i++)
        {
            list.Add(Reduced(random, list[random.Next(plans)], days, uses));
        }

        return new Question(Need(random, days, profile), carriers, list, [], uses, profile == Profile.Mixed ? 2 : 0);
    }

    private static bool IsNetwork(int carrier) => carrier % 4 == 0;

    /// <summary>A network's own plan: by the month, calls and messages without limit, a hotspot in some.</summary>
    private static Offer NetworkPlan(Random random, int carrier, double dear, int days, bool queues)
    {
        var (cycle, size) = (Cycles[random.Next(Cycles.Length)], Sizes[random.Next(2, Sizes.Length)]);
        var months = cycle / 30.0;
        var cents = dear * (700 + (95 * Math.Pow(size / 1_000.0, 0.8))) * Math.Pow(months, 0.92);
        var pool = (long)(size * Math.Max(1, cycle / 30));
        var hotspot = random.Next(3) switch { 0 => Grant.None, 1 => Grant.Pool(pool / 4), _ => Grant.Pool(pool) };
        return new Offer(carrier, 0, days, Round(cents), cycle, new Grants(Grant.Pool(pool), hotspot, Grant.Unlimited, Grant.Unlimited), SlowAfter: random.Next(2) == 0, Alone: queues);
    }

    /// <summary>A traveller's eSIM: data for some days, in one pool or anew each day; a few with minutes.</summary>
    private static Offer TravelPlan(Random random, int carrier, double dear, int days)
    {
        var validity = Validities[random.Next(Validities.Length)];
        var daily = random.Next(3) == 0 && validity <= 60;
        var size = daily ? DailySizes[random.Next(DailySizes.Length)] : Sizes[random.Next(Sizes.Length)];
        var gigabytes = (daily ? 0.75 * size * validity : size) / 1_000.0;
        var cents = dear * (1 + (0.15 * (random.NextDouble() - 0.5))) * (90 + (170 * Math.Pow(gigabytes, 0.72)) + (9 * validity));
        var data = daily ? Grant.Daily(size) : Grant.Pool(size);
        var calls = random.Next(12) == 0 ? Grant.Pool(60 * 10 * random.Next(1, 13)) : Grant.None;
        return new Offer(carrier, 0, days, Round(cents), validity, new Grants(data, random.Next(3) == 0 ? Grant.None : data, calls, calls.Kind == GrantKind.None ? Grant.None : Grant.Pool(30)), SlowAfter: daily || random.Next(4) == 0, StartWithin: random.Next(10) == 0 ? 30 : 0);
    }

    /// <summary>Some days of a lower price: for all, once a person, or with a coupon that fits several plans.</summary>
    private static Offer Reduced(Random random, Offer plan, int days, List<int> uses)
    {
        var first = random.Next(days);
        var limited = random.Next(3);
        if (limited == 0 || uses.Count == 0)
        {
            uses.Add(random.Next(1, 3));
        }

        return plan with
        {
            FirstDay = first,
            LastDay = Math.Min(days - 1, first + random.Next(3, 8)),
            Cents = plan.Cents * (100 - (5 * random.Next(2, 7))) / 100,
            Uses = limited == 2 ? null : [uses.Count - 1],
        };
    }

    /// <summary>All prices end in nine cents or in a dollar's half, as they do.</summary>
    private static long Round(double cents) => Math.Max(99, (long)(cents / 50) * 50 - 1);

    private static long[][] Need(Random random, int days, Profile profile)
    {
        long[][] need = [new long[days], new long[days], new long[days], new long[days]];
        var first = random.Next(7);
        for (var t = 0; t < days; t++)
        {
            var weekend = (first + t) % 7 >= 5;
            var noise = 80 + random.Next(41);
            need[0][t] = noise * profile switch
            {
                Profile.Light => 3,
                Profile.Commuter => weekend ? 5 : 12,
                Profile.Video => 30,
                Profile.Mixed => (t / 5) % 4 == 3 ? 30 : 5,
                _ => throw new ArgumentOutOfRangeException(nameof(profile)),
            };
            need[1][t] = profile == Profile.Commuter && (first + t) % 7 == 2 ? 300 : 0;
            need[2][t] = profile is Profile.Light or Profile.Mixed && t % 3 == 0 ? 60 * random.Next(1, 8) : 0;
            need[3][t] = profile == Profile.Mixed && t % 2 == 0 ? random.Next(1, 4) : 0;
        }

        return need;
    }
}
