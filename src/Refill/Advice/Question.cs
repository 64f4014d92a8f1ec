namespace Refill.Advice;

/// <summary>What a person needs and a plan gives, each counted for itself: bytes at full speed, bytes through the hotspot, seconds, messages.</summary>
public enum Commodity
{
    Data = 0,
    Hotspot = 1,
    Voice = 2,
    Sms = 3,
}

public enum GrantKind
{
    None = 0,

    /// <summary>An amount for the whole validity.</summary>
    Pool = 1,

    /// <summary>An amount that is given anew each day and gone at its end.</summary>
    Daily = 2,

    Unlimited = 3,
}

/// <summary>How much of one commodity a plan gives. <see cref="Amount"/> in the commodity's unit; 0 for none and unlimited.</summary>
public readonly record struct Grant(GrantKind Kind, long Amount)
{
    public static readonly Grant None;
    public static readonly Grant Unlimited = new(GrantKind.Unlimited, 0);

    public static Grant Pool(long amount) => amount > 0 ? new(GrantKind.Pool, amount) : None;

    public static Grant Daily(long amount) => amount > 0 ? new(GrantKind.Daily, amount) : None;
}

/// <summary>What a plan gives of each commodity.</summary>
public readonly record struct Grants(Grant Data, Grant Hotspot, Grant Voice, Grant Sms)
{
    public Grant this[Commodity commodity] => commodity switch
    {
        Commodity.Data => Data,
        Commodity.Hotspot => Hotspot,
        Commodity.Voice => Voice,
        Commodity.Sms => Sms,
        _ => throw new ArgumentOutOfRangeException(nameof(commodity)),
    };
}

/// <summary>A network's operator. Whose SIM is not <see cref="Owned"/> costs <see cref="SimCents"/> once, with the first plan bought for it.</summary>
/// <param name="RunsUntil">The last day on which a plan that is on the card already runs; -1: none does.</param>
public sealed record AdviceCarrier(long SimCents, bool Owned, int RunsUntil = -1);

/// <summary>A plan at one price, on the days on which it can be bought at it.</summary>
/// <param name="Carrier">Index into <see cref="Question.Carriers"/>.</param>
/// <param name="FirstDay">The first day on which it can be bought; not below 0.</param>
/// <param name="LastDay">The last such day, inclusive.</param>
/// <param name="Cents">All taxes in, the offers that it is made of taken off.</param>
/// <param name="Days">On how many days it can be used, the first of them included.</param>
/// <param name="SlowAfter">After its full-speed data it goes on slowly.</param>
/// <param name="Alone">It may begin only on a day on which no other plan of its carrier runs: it queues, or would end what is left.</param>
/// <param name="StartWithin">By how many days its beginning may be put off after it was bought; 0: it begins when bought.</param>
/// <param name="Uses">What it takes one use of each, none twice: indices into <see cref="Question.UsesLeft"/> (a coupon, a limited promotion).</param>
/// <param name="Periods">How many validities follow one another, each with all that it grants; more than 1: buy-N-get-one.</param>
/// <param name="DaysByStart">How many days it lasts if it begins on day i, for calendar months; replaces <see cref="Days"/>.</param>
public sealed record Offer(
    int Carrier,
    int FirstDay,
    int LastDay,
    long Cents,
    int Days,
    Grants Grants,
    bool SlowAfter = false,
    bool Alone = false,
    int StartWithin = 0,
    IReadOnlyList<int>? Uses = null,
    int Periods = 1,
    IReadOnlyList<int>? DaysByStart = null)
{
    /// <summary>The last day of one period that begins on this day, inclusive.</summary>
    public int LastOf(int start) => start + (DaysByStart is null ? Days : DaysByStart[Math.Min(start, DaysByStart.Count - 1)]) - 1;
}

/// <summary>What is on the card already.</summary>
/// <param name="Start">The first day on which it can be used.</param>
/// <param name="End">The last, inclusive.</param>
public sealed record Stock(int Start, int End, Grants Grants, bool SlowAfter = false);

/// <summary>
/// What is asked: a need of each commodity for each day, and what can be bought. Consumption is by the earliest end first; a slow day is one on which all full-speed data is used up before the need is
/// met and a plan that goes on slowly runs; commodities are counted for themselves.
/// </summary>
/// <param name="Need">[commodity][day]; four rows of one length, 1 to <see cref="MaxDays"/>; not negative.</param>
/// <param name="SlowDays">How many days may be slow.</param>
/// <param name="UsesLeft">Of each limited thing, how often it may still be used.</param>
public sealed record Question(
    IReadOnlyList<IReadOnlyList<long>> Need,
    IReadOnlyList<AdviceCarrier> Carriers,
    IReadOnlyList<Offer> Offers,
    IReadOnlyList<Stock> Stock,
    IReadOnlyList<int> UsesLeft,
    int SlowDays)
{
    /// <summary>A year and a month: what is longer is asked as open-ended.</summary>
    public const int MaxDays = 400;

    public const int MaxOffers = 20_000;

    /// <summary>What a person may need of one commodity in one day: a petabyte leaves room to add 400 of them, and their cents.</summary>
    public const long MaxNeed = 1L << 50;

    public const int MaxStock = 500;

    public const int MaxCarriers = 1_000;

    public const int MaxUses = 10_000;

    public const long MaxCents = 1_000_000_00;

    public static readonly IReadOnlyList<Commodity> Commodities = [Commodity.Data, Commodity.Hotspot, Commodity.Voice, Commodity.Sms];

    public int Days => Need[0].Count;

    /// <exception cref="ArgumentException">It breaks a limit; the message names it.</exception>
    public void Check()
    {
        Demand(Need.Count == Commodities.Count && Need.All(row => row.Count == Days), "four rows of needs of one length");
        Demand(Days is >= 1 and <= MaxDays, $"1 to {MaxDays} days");
        Demand(Need.All(row => row.All(need => need is >= 0 and <= MaxNeed)), $"needs of 0 to {MaxNeed}");
        Demand(Offers.Count <= MaxOffers, $"at most {MaxOffers} offers");
        Demand(SlowDays >= 0, "no fewer than 0 slow days");
        Demand(UsesLeft.All(uses => uses is >= 0 and <= byte.MaxValue), "uses of 0 to 255");
        Demand(Carriers.All(carrier => carrier.SimCents is >= 0 and <= MaxCents), "SIM prices that are not negative");
        Demand(Stock.Count <= MaxStock && Carriers.Count <= MaxCarriers && UsesLeft.Count <= MaxUses, $"at most {MaxStock} things on the card, {MaxCarriers} carriers and {MaxUses} limited things");
        Demand(Stock.All(stock => stock.Start >= 0 && stock.End >= stock.Start), "stock that ends after it starts");
        Demand(Offers.All(Sound), "offers of known carriers and uses, of 1 to 10,000 days, 1 to 24 periods and prices that are not negative");
    }

    private bool Sound(Offer offer) =>
        offer.Carrier >= 0 && offer.Carrier < Carriers.Count && offer.FirstDay >= 0 && offer.Cents is >= 0 and <= MaxCents && offer.Days is >= 1 and <= 10_000 && offer.Periods is >= 1 and <= 24 && offer.StartWithin is >= 0 and <= MaxDays &&
        (offer.Uses is null || (offer.Uses.All(use => use >= 0 && use < UsesLeft.Count) && offer.Uses.Distinct().Count() == offer.Uses.Count)) && (offer.DaysByStart is null || offer.DaysByStart.Count >= 1 && offer.DaysByStart.All(days => days is >= 1 and <= 10_000));

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"a question of advice has {what}");
        }
    }
}
