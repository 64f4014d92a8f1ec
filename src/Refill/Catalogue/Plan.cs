using Refill.Units;

namespace Refill.Catalogue;

public enum AllowanceKind
{
    /// <summary>The source does not say; shown as such, never as nothing.</summary>
    NotStated = 0,

    /// <summary>A stated amount; 0 means that there is none.</summary>
    Limited = 1,

    /// <summary>The carrier states no limit.</summary>
    Unlimited = 2,
}

/// <summary>How much of something a plan gives: an amount (bytes, seconds, messages), no limit, or not stated.</summary>
public readonly record struct Allowance(AllowanceKind Kind, long Amount)
{
    public static readonly Allowance NotStated = new(AllowanceKind.NotStated, 0);
    public static readonly Allowance Unlimited = new(AllowanceKind.Unlimited, 0);
    public static readonly Allowance None = Of(0);

    public static Allowance Of(long amount) => new(AllowanceKind.Limited, amount);
}

/// <summary>What happens when the full-speed data is used up.</summary>
public enum AfterQuota
{
    NotStated = 0,
    Stops = 1,

    /// <summary>Goes on at <see cref="Plan.ThrottleKbps"/>, if that is stated.</summary>
    Throttled = 2,
}

public enum Hotspot
{
    NotStated = 0,
    No = 1,
    Yes = 2,
}

/// <summary>Which clock a plan's validity runs by. They differ, and customers are told the exact moment.</summary>
public enum ValidityClock
{
    /// <summary>Count × 24 hours from activation to the second.</summary>
    Hours24 = 1,

    /// <summary>The day of activation and the days after it, to the end of the last, in the carrier's time zone.</summary>
    CalendarDays = 2,

    /// <summary>To the same day of the month, Count months later (or that month's last day), end of the day before, in the carrier's time zone.</summary>
    CalendarMonths = 3,
}

public enum Activation
{
    OnPurchase = 1,
    OnFirstUse = 2,
}

/// <summary>What becomes of a plan that still runs on the card when another of its carrier is bought.</summary>
public enum Stacking
{
    NotStated = 0,

    /// <summary>Both run at once; what is on the card stays on it.</summary>
    Beside = 1,

    /// <summary>The new one starts when the running plan of that carrier ends.</summary>
    Queues = 2,

    /// <summary>The new one starts at once and ends what is left of the old one.</summary>
    Replaces = 3,
}

/// <param name="Count">Periods, days or months; 1-400.</param>
/// <param name="TimeZone">IANA name of the carrier's zone.</param>
public sealed record ValidityRule(int Count, ValidityClock Clock, Activation Activation, string TimeZone);

/// <summary>A plan as it is sold: immutable; a quote keeps a copy of it for ever.</summary>
/// <param name="Code">Ours, stable: lower-case letters, digits and hyphens, at most 60.</param>
/// <param name="CarrierProduct">What the connector must name to the carrier.</param>
/// <param name="FullSpeed">Bytes at full speed.</param>
/// <param name="Voice">Seconds.</param>
/// <param name="Sms">Messages.</param>
/// <param name="HotspotData">Bytes of hotspot use, where <see cref="Hotspot"/> is yes.</param>
/// <param name="Price">All taxes in, USD.</param>
/// <param name="Note">What else the source says, in its words; may be empty.</param>
/// <param name="Verified">False: the facts are from an unverified source, and pages say so.</param>
public sealed record Plan(
    string Code,
    string CarrierCode,
    string Name,
    string CarrierProduct,
    Allowance FullSpeed,
    AfterQuota AfterQuota,
    int? ThrottleKbps,
    Allowance Voice,
    Allowance Sms,
    Hotspot Hotspot,
    Allowance HotspotData,
    ValidityRule Validity,
    Money Price,
    string Note,
    bool Verified,
    string Source)
{
    /// <summary><see cref="FullSpeed"/> is given anew each day of the validity; what follows it holds until that day's end.</summary>
    public bool IsDaily { get; init; }

    public Stacking Stacking { get; init; }
}

/// <summary>A network or wholesaler's operator that plans are sold for.</summary>
/// <param name="Connector">Which <c>ICarrier</c> serves it, by name.</param>
/// <param name="ConnectorReference">What that connector calls it (Reloadly: the operator's id).</param>
/// <param name="TimeZone">IANA name; validity is computed in it.</param>
public sealed record Carrier(string Code, string Name, string Network, string Connector, string ConnectorReference, string TimeZone)
{
    /// <summary>What a new SIM or eSIM of it costs once, USD, all taxes in; null: nothing, or not stated.</summary>
    public Money? SimPrice { get; init; }
}

/// <summary>An exchange rate: how many millionths of a unit of <see cref="To"/> one unit of <see cref="From"/> costs, who says so, and since when.</summary>
public sealed record FxRate(Currency From, Currency To, long RateMicro, string Source, DateTimeOffset TakenAt, int MarginBasisPoints = 0)
{
    /// <summary>One for one, as from a currency to itself.</summary>
    public const long One = 1_000_000;

    /// <summary>The same rate dearer by a margin, rounded up to its last digit.</summary>
    /// <param name="basisPoints">Hundredths of a percent, 0 to 2,000.</param>
    public FxRate WithMargin(int basisPoints)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(basisPoints);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(basisPoints, 2_000);
        return this with { RateMicro = ((RateMicro * (10_000 + basisPoints)) + 9_999) / 10_000, MarginBasisPoints = basisPoints };
    }

    /// <summary>The amount in <see cref="To"/>, rounded up to its minor unit: the seller is never paid short by rounding.</summary>
    public Money Convert(Money amount)
    {
        if (amount.Currency != From || amount.Minor < 0)
        {
            throw new ArgumentException($"{amount} cannot be converted from {From}", nameof(amount));
        }

        // Both currencies have the same number of minor digits (Currency); the product fits in 128 bits.
        var micro = (Int128)amount.Minor * RateMicro;
        return new Money((long)((micro + 999_999) / 1_000_000), To);
    }
}
