using System.Text;
using Refill.Comparison;

namespace Refill.Server.Storefront;

/// <summary>Why a need cannot be compared with anything; a page has words for each.</summary>
public enum NeedFault
{
    NotADay,
    EndBeforeStart,
    StayTooLong,
    StartInThePast,
    StartTooFar,
    NotANumber,
    NoData,
    TooMuchData,
    TooMuch,
    UnknownChoice,
    NoSuchCarrier,
    NoSuchPage,
}

/// <param name="Field">Of the form: the one to be mended.</param>
/// <param name="Detail">What was typed, or a limit.</param>
public sealed record NeedRefused(NeedFault Fault, string Field, object? Detail = null);

/// <summary>The comparison's form as it was filled in: texts as they were typed, so that it can be shown again; and what they mean.</summary>
public sealed record NeedForm
{
    public const int MostText = 40;
    private const string On = "1";
    private static readonly string[] Units = ["all", "day"];
    public static readonly IReadOnlyList<string> Hotspots = ["any", "yes", "no", "unstated"];
    public static readonly IReadOnlyList<string> Orders = ["cost", "gb", "data", "stars"];

    public string Start { get; init; } = "";
    public string End { get; init; } = "";
    public string Gb { get; init; } = "";
    public string Per { get; init; } = "";
    public string Minutes { get; init; } = "";
    public string Sms { get; init; } = "";
    public string Hotspot { get; init; } = "";
    public string Carrier { get; init; } = "";
    public string Slow { get; init; } = "";
    public string Sim { get; init; } = "";
    public string Sort { get; init; } = "";

    /// <summary>What the address says, as far as it is ours; too long a text is cut where nobody's would be.</summary>
    public static NeedForm Read(IQueryCollection query)
    {
        return new NeedForm
        {
            Start = Of("start"),
            End = Of("end"),
            Gb = Of("gb"),
            Per = Of("per"),
            Minutes = Of("minutes"),
            Sms = Of("sms"),
            Hotspot = Of("hotspot"),
            Carrier = Of("carrier"),
            Slow = Of("slow"),
            Sim = Of("sim"),
            Sort = Of("sort"),
        };

        string Of(string name)
        {
            var text = query[name].ToString().Trim();
            return text.Length > MostText ? text[..MostText] : text;
        }
    }

    /// <summary>What of it stands in an address: what was filled in, in the same order however it came.</summary>
    public string Query(params ReadOnlySpan<(string Name, string Text)> more)
    {
        var address = new StringBuilder();
        foreach (var (name, text) in Fields)
        {
            Add(name, text);
        }

        foreach (var (name, text) in more)
        {
            Add(name, text);
        }

        return address.ToString();

        void Add(string name, string text)
        {
            if (text.Length > 0)
            {
                address.Append(address.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(text));
            }
        }
    }

    /// <summary>The fields that were filled in, for forms that carry them on.</summary>
    public IEnumerable<(string Name, string Text)> Fields => new[]
    {
        ("start", Start), ("end", End), ("gb", Gb), ("per", Gb.Length > 0 && Per != Units[0] ? Per : ""), ("minutes", Minutes), ("sms", Sms), ("hotspot", Hotspot == Hotspots[0] ? "" : Hotspot),
        ("carrier", Carrier), ("slow", Slow), ("sim", Sim), ("sort", Sort == Orders[0] ? "" : Sort),
    }.Where(filled => filled.Item2.Length > 0);

    /// <param name="today">On the visitor's clock.</param>
    public (Need Need, NeedRefused? Refused) Check(DateOnly today)
    {
        var usual = new Need(today, today.AddDays(Need.UsualDays - 1));
        NeedRefused? refused = null;
        var start = Day(Start, "start") ?? today;
        var end = Day(End, "end") ?? start.AddDays(Need.UsualDays - 1);
        Refuse(start < today.AddDays(-1), NeedFault.StartInThePast, "start"); // Where the browser did not say, the clock is not the visitor's own.
        Refuse(start > today.AddDays(Need.MostDaysAhead), NeedFault.StartTooFar, "start", Need.MostDaysAhead);
        Refuse(end < start, NeedFault.EndBeforeStart, "end");
        Refuse(end.DayNumber - start.DayNumber >= Need.MostDays, NeedFault.StayTooLong, "end", Need.MostDays);
        var isDaily = Choice(Per, Units, "per") == 1;
        var bytes = Gigabytes(isDaily);
        var need = new Need(start, end)
        {
            BytesADay = isDaily ? bytes : 0,
            BytesInAll = isDaily ? 0 : bytes,
            Minutes = Whole(Minutes, Need.MostMinutes, "minutes"),
            Sms = Whole(Sms, Need.MostSms, "sms"),
            Hotspot = (HotspotWish)Choice(Hotspot, Hotspots, "hotspot"),
            Carrier = Carrier,
            SlowWillDo = Choice(Slow, ["", On], "slow") == 1,
            NewSim = Choice(Sim, ["", On], "sim") == 1,
            Order = (ComparisonOrder)Choice(Sort, Orders, "sort"),
        };
        return refused is null ? (need, null) : (usual, refused);

        void Refuse(bool isSo, NeedFault fault, string field, object? detail = null)
        {
            if (isSo)
            {
                refused ??= new NeedRefused(fault, field, detail);
            }
        }

        DateOnly? Day(string text, string field)
        {
            var day = Typed.Day(text);
            Refuse(text.Length > 0 && day is null, NeedFault.NotADay, field, text);
            return day;
        }

        int Whole(string text, int most, string field)
        {
            var number = Typed.Whole(text);
            Refuse(text.Length > 0 && number is null, NeedFault.NotANumber, field, text);
            Refuse(number > most, NeedFault.TooMuch, field, most);
            return number ?? 0;
        }

        long Gigabytes(bool perDay)
        {
            var most = Typed.WholeGigabytes(perDay ? Need.MostBytesADay : Need.MostBytesInAll);
            var number = Typed.Gigabytes(Gb);
            Refuse(Gb.Length > 0 && number is null, NeedFault.NotANumber, "gb", Gb);
            Refuse(number == 0, NeedFault.NoData, "gb");
            Refuse(number > most, NeedFault.TooMuchData, "gb", most);
            return refused is null && number is { } gigabytes ? Typed.Bytes(gigabytes) : 0;
        }

        int Choice(string text, IReadOnlyList<string> allowed, string field)
        {
            var place = text.Length == 0 ? 0 : allowed.ToList().IndexOf(text);
            Refuse(place < 0, NeedFault.UnknownChoice, field, text);
            return Math.Max(0, place);
        }
    }
}
