using System.Globalization;
using System.Text.RegularExpressions;
using Refill.Units;

namespace Refill.Catalogue;

/// <summary>A cell that cannot be read: which column, and why.</summary>
internal readonly record struct BadCell(string Column, string Reason);

/// <summary>One line of a catalogue file (docs/catalogue-format.md): text in, a carrier and a plan out, or every bad cell.</summary>
internal sealed partial class CatalogueLine
{
    public static readonly string[] Columns =
    [
        "carrier_code", "carrier_name", "network", "connector", "connector_reference", "time_zone", "plan_code", "plan_name", "carrier_product", "price_usd",
        "full_speed", "after_quota", "voice_minutes", "sms", "hotspot", "hotspot_data", "validity", "activation", "verified", "source", "note",
    ];

    /// <summary>Columns of the format that a file need not have.</summary>
    public static readonly string[] MayBeMissing = ["price_from", "stacking", "sim_price_usd"];

    public static readonly string[] MayBeEmpty = ["connector_reference", "hotspot_data", "note", "network"];

    public const int MaxCellLength = 500;
    private const long MaxPriceCents = 1_000_000;

    /// <summary>Also as East Asian keyboards type them: spreadsheets there read both.</summary>
    private const string FormulaMarks = "=+-@\uFF1D\uFF0B\uFF0D\uFF20";

    private readonly Func<string, string> cells;
    private readonly List<BadCell> bad = [];

    private CatalogueLine(Func<string, string> cells) => this.cells = cells;

    public static (Carrier? Carrier, Plan? Plan, DateTimeOffset? PriceFrom, IReadOnlyList<BadCell> Bad) Read(Func<string, string> cells)
    {
        var line = new CatalogueLine(cells);
        foreach (var column in Columns.Concat(MayBeMissing))
        {
            line.CheckText(column, cells(column));
        }

        if (line.bad.Count > 0)
        {
            return (null, null, null, line.bad);
        }

        var (carrier, plan) = line.Parse();
        var priceFrom = line.PriceFrom(carrier.TimeZone);
        return line.bad.Count == 0 ? (carrier, plan, priceFrom, []) : (null, null, null, line.bad);
    }

    private void CheckText(string column, string text)
    {
        if (text.Length == 0 && !MayBeEmpty.Contains(column) && !MayBeMissing.Contains(column))
        {
            bad.Add(new BadCell(column, "is empty"));
        }
        else if (text.Length > MaxCellLength)
        {
            bad.Add(new BadCell(column, $"has {text.Length} characters; at most {MaxCellLength} are allowed"));
        }
        else if (text.Any(IsHidden))
        {
            bad.Add(new BadCell(column, "holds a control character or one that cannot be seen"));
        }
        else if (text.Length > 0 && FormulaMarks.Contains(text[0], StringComparison.Ordinal))
        {
            bad.Add(new BadCell(column, $"begins with '{text[0]}', which spreadsheets take for a formula"));
        }
    }

    private (Carrier, Plan) Parse()
    {
        const string PerDay = "/day";
        var fullSpeed = cells("full_speed");
        var isDaily = fullSpeed.EndsWith(PerDay, StringComparison.Ordinal);
        fullSpeed = isDaily ? fullSpeed[..^PerDay.Length] : fullSpeed;
        var carrier = new Carrier(Code("carrier_code"), cells("carrier_name"), cells("network"), Code("connector"), cells("connector_reference"), TimeZone()) { SimPrice = SimPrice() };
        var (quota, throttle) = AfterQuota();
        var hotspot = Word("hotspot", ("yes", Catalogue.Hotspot.Yes), ("no", Catalogue.Hotspot.No), ("not stated", Catalogue.Hotspot.NotStated));
        var validity = ValidityOf(carrier.TimeZone);
        var plan = new Plan(
            Code("plan_code"), carrier.Code, cells("plan_name"), cells("carrier_product"), Volume("full_speed", fullSpeed), quota, throttle,
            Count("voice_minutes", 60), Count("sms", 1), hotspot, cells("hotspot_data").Length == 0 ? Allowance.NotStated : Volume("hotspot_data", cells("hotspot_data")),
            validity, Price(), cells("note"), Word("verified", ("yes", true), ("no", false)), cells("source"))
        {
            IsDaily = isDaily,
            Stacking = cells("stacking").Length == 0 ? Stacking.NotStated
                : Word("stacking", ("beside", Stacking.Beside), ("queues", Stacking.Queues), ("replaces", Stacking.Replaces), ("not stated", Stacking.NotStated)),
        };
        if (carrier.Connector == "own" && plan.Stacking is (Stacking.Queues or Stacking.Replaces))
        {
            bad.Add(new BadCell("stacking", $"is '{cells("stacking")}', and on our own network plans run beside each other"));
        }

        if (isDaily && (plan.FullSpeed is not { Kind: AllowanceKind.Limited, Amount: > 0 } || carrier.Connector == "own"))
        {
            bad.Add(new BadCell("full_speed", carrier.Connector == "own" ? "is for each day, and our own network counts no days" : "is for each day, and no amount"));
        }

        if (hotspot != Catalogue.Hotspot.Yes && plan.HotspotData.Kind != AllowanceKind.NotStated)
        {
            bad.Add(new BadCell("hotspot_data", "is given although hotspot is not yes"));
        }

        return (carrier, plan);
    }

    private static bool IsHidden(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private string Code(string column)
    {
        var text = cells(column);
        if (!PlainCode().IsMatch(text))
        {
            bad.Add(new BadCell(column, $"'{text}' must be 1 to 60 lower-case letters, digits and hyphens"));
        }

        return text;
    }

    private string TimeZone()
    {
        var text = cells("time_zone");
        if (!Validity.IsKnownZone(text))
        {
            bad.Add(new BadCell("time_zone", $"'{text}' is no IANA time zone"));
        }

        return text;
    }

    /// <summary>An instant, or a day, which begins by the carrier's clock.</summary>
    private DateTimeOffset? PriceFrom(string timeZone)
    {
        var text = cells("price_from");
        if (text.Length == 0)
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 2000 and < 2100 && Validity.IsKnownZone(timeZone))
        {
            return Validity.StartOf(day, timeZone);
        }

        if (Moment.TryParse(text, out var moment))
        {
            return moment;
        }

        bad.Add(new BadCell("price_from", $"'{text}' must be a day such as 2026-12-01, or an instant such as 2026-12-01T09:00+08:00"));
        return null;
    }

    private Money Price() => Dollars("price_usd");

    /// <summary>A SIM for nothing is as good as one that is not spoken of.</summary>
    private Money? SimPrice() => cells("sim_price_usd") is "" or "0" or "0.00" or "not stated" ? null : Dollars("sim_price_usd");

    private Money Dollars(string column)
    {
        if (!Money.TryParseDecimal(cells(column), Currency.Usd, out var price) || price.Minor is <= 0 or > MaxPriceCents)
        {
            bad.Add(new BadCell(column, $"'{cells(column)}' must be dollars with at most two decimals, above 0 and at most {MaxPriceCents / 100}"));
        }

        return price.Currency is null ? Money.Usd(0) : price;
    }

    private (AfterQuota, int?) AfterQuota()
    {
        var text = cells("after_quota");
        if (text.StartsWith("throttled:", StringComparison.Ordinal))
        {
            if (int.TryParse(text.AsSpan(10), NumberStyles.None, CultureInfo.InvariantCulture, out var kbps) && kbps is > 0 and <= 1_000_000)
            {
                return (Catalogue.AfterQuota.Throttled, kbps);
            }

            bad.Add(new BadCell("after_quota", $"'{text}' must give whole kbit/s, as in throttled:128"));
            return default;
        }

        return (Word("after_quota", ("stops", Catalogue.AfterQuota.Stops), ("throttled", Catalogue.AfterQuota.Throttled), ("not stated", Catalogue.AfterQuota.NotStated)), null);
    }

    private Allowance Volume(string column, string text)
    {
        switch (text)
        {
            case "unlimited":
                return Allowance.Unlimited;
            case "not stated":
                return Allowance.NotStated;
            case "0":
                return Allowance.None;
        }

        if (DataForm().Match(text) is { Success: true } form && long.TryParse(form.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 100_000)
        {
            return Allowance.Of((form.Groups[2].Value == "GB" ? DataVolume.Gigabytes(number) : DataVolume.Megabytes(number)).Bytes);
        }

        bad.Add(new BadCell(column, $"'{text}' must be like '15 GB' or '500 MB', or 'unlimited', 'not stated' or '0'"));
        return default;
    }

    private Allowance Count(string column, int unit)
    {
        var text = cells(column);
        switch (text)
        {
            case "unlimited":
                return Allowance.Unlimited;
            case "not stated":
                return Allowance.NotStated;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= 1_000_000)
        {
            return Allowance.Of((long)count * unit);
        }

        bad.Add(new BadCell(column, $"'{text}' must be a whole number, 'unlimited' or 'not stated'"));
        return default;
    }

    private ValidityRule ValidityOf(string timeZone)
    {
        var activation = Word("activation", ("purchase", Activation.OnPurchase), ("first use", Activation.OnFirstUse));
        if (ValidityForm().Match(cells("validity")) is { Success: true } form && int.TryParse(form.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 400)
        {
            var clock = form.Groups[2].Value switch { "x24h" => ValidityClock.Hours24, " day" or " days" => ValidityClock.CalendarDays, _ => ValidityClock.CalendarMonths };
            return new ValidityRule(count, clock, activation, timeZone);
        }

        bad.Add(new BadCell("validity", $"'{cells("validity")}' must be like '30x24h', '7 days' or '1 month', 1 to 400"));
        return new ValidityRule(1, ValidityClock.Hours24, activation, timeZone);
    }

    private T Word<T>(string column, params ReadOnlySpan<(string Word, T Value)> allowed)
    {
        foreach (var (word, value) in allowed)
        {
            if (cells(column) == word)
            {
                return value;
            }
        }

        var words = new List<string>();
        foreach (var (word, _) in allowed)
        {
            words.Add($"'{word}'");
        }

        bad.Add(new BadCell(column, $"'{cells(column)}' must be {string.Join(" or ", words)}"));
        return default!;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,59}$")]
    private static partial Regex PlainCode();

    [GeneratedRegex("^([0-9]{1,6}) (GB|MB)$")]
    private static partial Regex DataForm();

    [GeneratedRegex("^([0-9]{1,3})(x24h| days?| months?)$")]
    private static partial Regex ValidityForm();
}
