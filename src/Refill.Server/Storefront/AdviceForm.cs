using System.Globalization;
using System.Text;
using Refill.Advice;
using Refill.Promotions;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>Why a stay cannot be advised on; a page has words for each, and for each of <see cref="AdviceProblem"/>.</summary>
public enum AdviceFault
{
    NotADay,
    EndBeforeStart,
    NoEnd,
    StayTooLong,
    StartInThePast,
    NotANumber,
    NoData,
    TooMuchData,
    TooMuch,
    StretchTooLong,
    UnknownChoice,
    LeftWithoutDay,
}

/// <param name="Key">Of its words.</param>
/// <param name="Field">Of the form: the one to be mended.</param>
/// <param name="Detail">What was typed, or a limit.</param>
public sealed record AdviceRefused(string Key, string Field, object? Detail = null)
{
    public AdviceRefused(AdviceFault fault, string field, object? detail = null)
        : this("Advice_" + fault, field, detail)
    {
    }
}

/// <summary>The form as it was filled in: texts as they were typed, so that it can be shown again; and what they mean.</summary>
public sealed class AdviceForm
{
    public const int MostText = 40;

    /// <summary>What is chosen where somebody gives a number of their own.</summary>
    public static readonly IReadOnlyList<Habit> Uses = [Habit.Chat, Habit.Social, Habit.Video];

    /// <summary>Where the cards are used: its days are counted.</summary>
    public static readonly IReadOnlyList<string> Places = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"];

    private static readonly string[] Names =
        ["from", "to", "live", "use", "gb", "n", "use2", "gb2", "n2", "use3", "gb3", "min", "sms", "hot", "hotall", "slow", "have", "only", "left", "lefton", "coupon", "place", "card"];

    private static readonly string[] Unfold = ["n", "gb2", "n2", "gb3"];
    private static readonly string[] UnfoldMore = ["min", "sms", "hot", "hotall", "slow", "have", "only", "left", "lefton", "coupon", "place"];

    private readonly Dictionary<string, string> texts = [];

    public string this[string name] => Text(name);

    public bool Has(string name) => texts.ContainsKey(name);

    /// <summary>Something was asked: the page then answers.</summary>
    public bool IsFilled => Has("from") || Has("to") || Has("live");

    public bool ShowsStretches => Unfold.Any(Has);

    public bool ShowsMore => UnfoldMore.Any(Has);

    /// <summary>What the address says, as far as it is ours; too long a text is cut where nobody's would be.</summary>
    public static AdviceForm Read(IQueryCollection query)
    {
        var form = new AdviceForm();
        foreach (var name in Names)
        {
            var text = query[name].ToString().Trim();
            if (text.Length > 0)
            {
                form.texts[name] = text.Length > MostText && name != "coupon" ? text[..MostText] : text.Length > CouponText.LongestTyped ? text[..CouponText.LongestTyped] : text;
            }
        }

        return form;
    }

    /// <summary>What of it stands in an address, in the same order however it came.</summary>
    public string Query(params ReadOnlySpan<(string Name, string Text)> more)
    {
        var address = new StringBuilder();
        foreach (var name in Names.Where(Has))
        {
            address.Append(address.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(texts[name]));
        }

        foreach (var (name, text) in more)
        {
            address.Append(address.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(text));
        }

        return address.ToString();
    }

    /// <param name="today">At the place of use.</param>
    /// <param name="card">Of the card that is named: its carrier's code.</param>
    public (Stay? Stay, AdviceRefused? Refused) Check(DateOnly today, string? card)
    {
        AdviceRefused? refused = null;
        var from = Day("from") ?? today;
        var isOpen = Has("live");
        var to = Day("to");
        Refuse(from < today, AdviceFault.StartInThePast, "from");
        Refuse(!isOpen && to is null, AdviceFault.NoEnd, "to");
        Refuse(!isOpen && to < from, AdviceFault.EndBeforeStart, "to");
        Refuse(from.DayNumber - today.DayNumber > Stay.MostDays - Stay.OpenDays, AdviceFault.StayTooLong, "from", Stay.MostDays);
        Refuse(!isOpen && to is { } last && last.DayNumber - today.DayNumber >= Stay.MostDays, AdviceFault.StayTooLong, "to", Stay.MostDays);
        if (refused is not null)
        {
            return (null, refused);
        }

        var days = isOpen ? Stay.OpenDays : to!.Value.DayNumber - from.DayNumber + 1;
        var stretches = Stretches(days);
        var left = Gigabytes("left", mayBeNothing: true);
        var stay = new Stay(from, stretches, Place)
        {
            IsOpenEnded = isOpen,
            VoiceSecondsADay = 60 * Whole("min", Stay.MostMinutesADay),
            SmsADay = Whole("sms", Stay.MostSmsADay),
            HotspotBytesADay = Has("hotall") ? null : Gigabytes("hot", mayBeNothing: true),
            SlowDays = Whole("slow", Stay.MostDays),
            Owned = card is not null ? [card] : Has("have") ? [Text("have")] : [],
            Only = Has("only") ? card ?? (Has("have") ? Text("have") : null) : null,
            Card = CellId.TryParse(Text("card"), out var id) ? id : null,
            LeftBytes = left,
            LeftUntil = Day("lefton"),
            Coupon = CouponText.Normalize(Text("coupon")),
        };
        Refuse(left > 0 && stay.LeftUntil is null, AdviceFault.LeftWithoutDay, "lefton");
        refused ??= Has("coupon") && stay.Coupon is null ? new AdviceRefused("Quote_CouponUnknown", "coupon") : null;
        return refused is null ? (stay, null) : (null, refused);

        List<Stretch> Stretches(int whole)
        {
            var found = new List<Stretch>();
            foreach (var (use, gb, count, next) in new[] { ("use", "gb", "n", "n"), ("use2", "gb2", "n2", "n2"), ("use3", "gb3", "", "") })
            {
                var sum = found.Sum(stretch => stretch.Days);
                var isLast = count.Length == 0 || !Has(next);
                var these = isLast ? whole - sum : Whole(count, Stay.MostDays);
                Refuse(these > whole - sum || these < 1 || (!isLast && these == whole - sum && count == "n2" && Has("gb3")), AdviceFault.StretchTooLong, isLast ? "n" : count, whole);
                found.Add(new Stretch(Math.Max(1, these), BytesOf(use, gb)));
                if (isLast || sum + these >= whole)
                {
                    break;
                }
            }

            return found;
        }

        long BytesOf(string use, string gb)
        {
            if (Has(gb))
            {
                return Gigabytes(gb, mayBeNothing: false);
            }

            var habit = Uses.FirstOrDefault(known => Named(known) == Text(use), (Habit)(-1));
            Refuse(Has(use) && !Enum.IsDefined(habit), AdviceFault.UnknownChoice, use, Text(use));
            return (Enum.IsDefined(habit) ? habit : Habit.Chat).BytesADay();
        }

        DateOnly? Day(string name)
        {
            var day = Typed.Day(Text(name));
            Refuse(Has(name) && day is null, AdviceFault.NotADay, name, Text(name));
            return day;
        }

        int Whole(string name, int most)
        {
            var number = Typed.Whole(Text(name));
            Refuse(Has(name) && number is null, AdviceFault.NotANumber, name, Text(name));
            Refuse(number > most, AdviceFault.TooMuch, name, most);
            return number ?? 0;
        }

        long Gigabytes(string name, bool mayBeNothing)
        {
            var most = Typed.WholeGigabytes(Stay.MostBytesADay);
            var number = Typed.Gigabytes(Text(name));
            Refuse(Has(name) && number is null, AdviceFault.NotANumber, name, Text(name));
            Refuse(number == 0 && !mayBeNothing, AdviceFault.NoData, name);
            Refuse(number > most, AdviceFault.TooMuchData, name, most.ToString("N0", CultureInfo.InvariantCulture));
            return refused is null && number is { } gigabytes ? Typed.Bytes(gigabytes) : 0;
        }

        void Refuse(bool isSo, AdviceFault fault, string field, object? detail = null)
        {
            if (isSo)
            {
                refused ??= new AdviceRefused(fault, field, detail);
            }
        }
    }

    public string Place => Places.Contains(Text("place")) ? Text("place") : Places[0];

    private string Text(string name) => texts.GetValueOrDefault(name, "");

    public static string Named(Habit habit) => habit switch
    {
        Habit.Chat => "chat",
        Habit.Social => "social",
        _ => "video",
    };
}
