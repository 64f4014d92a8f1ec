namespace Refill.Comparison;

public enum HotspotWish
{
    /// <summary>Also plans that do not say.</summary>
    Any = 0,

    /// <summary>Needed: a plan without it, or that does not say, lacks it.</summary>
    Yes = 1,

    /// <summary>Only plans that say that there is none.</summary>
    No = 2,

    /// <summary>Only plans that do not say.</summary>
    NotStated = 3,
}

public enum ComparisonOrder
{
    Cost = 0,
    PerGigabyte = 1,
    Data = 2,
    Stars = 3,
}

/// <summary>What somebody needs, for the days of a stay. What is null or 0 is not asked for.</summary>
/// <param name="Start">The first day of the stay.</param>
/// <param name="End">The last one; not before <paramref name="Start"/>, at most <see cref="MostDays"/> together.</param>
public sealed record Need(DateOnly Start, DateOnly End)
{
    /// <summary>The stay if nobody says how long it is, in days.</summary>
    public const int UsualDays = 30;

    /// <summary>The longest stay, in days.</summary>
    public const int MostDays = 366;

    /// <summary>How far ahead a stay may begin, in days.</summary>
    public const int MostDaysAhead = 366;

    public const long MostBytesADay = 500_000_000_000;
    public const long MostBytesInAll = 5_000_000_000_000;
    public const int MostMinutes = 100_000;
    public const int MostSms = 100_000;

    public int Days => End.DayNumber - Start.DayNumber + 1;

    /// <summary>At full speed, each day of the stay; not together with <see cref="BytesInAll"/>.</summary>
    public long BytesADay { get; init; }

    /// <summary>At full speed, for the whole stay.</summary>
    public long BytesInAll { get; init; }

    /// <summary>For the whole stay.</summary>
    public int Minutes { get; init; }

    /// <summary>For the whole stay.</summary>
    public int Sms { get; init; }

    public HotspotWish Hotspot { get; init; }

    /// <summary>A part of a carrier's or a network's name, in any case; empty: any.</summary>
    public string Carrier { get; init; } = "";

    /// <summary>The plans of one carrier, by its code; null: of all.</summary>
    public string? CarrierCode { get; init; }

    /// <summary>Where the full-speed data is too little, a plan that goes on slowly will do.</summary>
    public bool SlowWillDo { get; init; }

    /// <summary>A new SIM or eSIM is needed, too: where the carrier says what it costs, that is added once.</summary>
    public bool NewSim { get; init; }

    public ComparisonOrder Order { get; init; }
}

/// <summary>What a plan lacks of a need.</summary>
public enum LackKind
{
    /// <summary>Full-speed data, by so many bytes, in <see cref="Lack.Of"/>.</summary>
    Data = 0,

    DataNotStated = 1,

    /// <summary>So many minutes in the whole stay.</summary>
    Minutes = 2,
    MinutesNotStated = 3,

    /// <summary>So many messages in the whole stay.</summary>
    Sms = 4,
    SmsNotStated = 5,
    Hotspot = 6,
    HotspotNotStated = 7,
}

/// <summary>For how much of the stay an amount is lacked.</summary>
public enum LackOf
{
    Stay = 0,
    Day = 1,

    /// <summary>Each time that the plan is bought.</summary>
    Period = 2,
}

/// <param name="Amount">Bytes, minutes or messages; 0 where there is no amount.</param>
public readonly record struct Lack(LackKind Kind, long Amount = 0, LackOf Of = LackOf.Stay);
