namespace Refill.Advice;

/// <summary>Some days with one habit.</summary>
/// <param name="BytesADay">Of data, the hotspot's included.</param>
public sealed record Stretch(int Days, long BytesADay);

/// <summary>What somebody wants advice for, within the limits that stand here.</summary>
/// <param name="From">The first day, where the cards are used.</param>
/// <param name="Stretches">One after another; the last goes on to the end.</param>
/// <param name="TimeZone">IANA name, of the place where the cards are used: its days are counted.</param>
public sealed record Stay(DateOnly From, IReadOnlyList<Stretch> Stretches, string TimeZone)
{
    public const int MostDays = 400;

    /// <summary>For how long an open end is looked ahead.</summary>
    public const int OpenDays = 90;

    public const int MostStretches = 3;
    public const long MostBytesADay = 1_000_000_000_000;
    public const int MostMinutesADay = 1_440;
    public const int MostSmsADay = 10_000;

    /// <summary>Nobody knows when it ends: <see cref="OpenDays"/> are looked at, and only the first purchase counts.</summary>
    public bool IsOpenEnded { get; init; }

    public long VoiceSecondsADay { get; init; }

    public long SmsADay { get; init; }

    /// <summary>Of the data, how much goes through the hotspot; null: as much as there is data.</summary>
    public long? HotspotBytesADay { get; init; } = 0;

    public int SlowDays { get; init; }

    /// <summary>Codes of carriers of which there is a card already.</summary>
    public IReadOnlyList<string> Owned { get; init; } = [];

    /// <summary>Only plans of this carrier; null: of any.</summary>
    public string? Only { get; init; }

    /// <summary>The card that it is for, by its name's id; null: none was named.</summary>
    public Guid? Card { get; init; }

    /// <summary>What is left on the card, as it was typed.</summary>
    public long LeftBytes { get; init; }

    /// <summary>The last day on which that can be used.</summary>
    public DateOnly? LeftUntil { get; init; }

    /// <summary>Normalised.</summary>
    public string? Coupon { get; init; }

    public int Days => Stretches.Sum(stretch => stretch.Days);

    public DateOnly Until => From.AddDays(Days - 1);

    public long HotspotOn(Stretch stretch) => HotspotBytesADay ?? stretch.BytesADay;
}

/// <summary>Habits that have a name, in bytes a day.</summary>
public enum Habit
{
    /// <summary>Maps and messages.</summary>
    Chat,

    /// <summary>Work, pictures, social networks.</summary>
    Social,

    /// <summary>A film every evening.</summary>
    Video,
}

public static class Habits
{
    public static long BytesADay(this Habit habit) => habit switch
    {
        Habit.Chat => 300_000_000,
        Habit.Social => 1_000_000_000,
        Habit.Video => 3_000_000_000,
        _ => throw new ArgumentOutOfRangeException(nameof(habit)),
    };
}
