using System.Globalization;
using NodaTime;
using Refill.Catalogue;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>What a page is looked at with, as far as it decides what can be paid with.</summary>
public enum Browser
{
    Desktop,
    Phone,

    /// <summary>The browser within WeChat.</summary>
    WeChat,

    /// <summary>The browser within Alipay.</summary>
    Alipay,
}

/// <summary>Who is looking: language, time zone, phone or desktop. Read from the request; nothing about it is stored with us.</summary>
/// <param name="ZoneId">IANA name as the browser gave it; UTC if it did not.</param>
/// <param name="Path">The page's own address, to come back to in another language.</param>
public sealed record Visitor(Text Text, string ZoneId, Browser Browser, string Path, bool IsDemo)
{
    public const string LanguageCookie = "lang";
    public const string ZoneCookie = "tz";
    private const int MaxAcceptLanguage = 200;
    private const string Utc = "UTC";

    public static Visitor Of(HttpContext context, bool isDemo) =>
        new(new Text(LanguageOf(context.Request)), ZoneOf(context.Request), BrowserOf(context.Request), context.Request.Path, isDemo);

    public string this[string key] => Text[key];

    public string this[string key, params ReadOnlySpan<object?> values] => Text[key, values];

    /// <summary>"$15.00", "¥106.50": digits and separators of the language, the sign that the currency has at home.</summary>
    public string Show(Money money) => (money.Currency == Currency.Usd ? "$" : "¥") + (money.Minor / 100m).ToString("N2", Text.Culture);

    /// <summary>"5 GB", "500 MB", or the words for unlimited and not stated.</summary>
    public string ShowData(Allowance data) => data.Kind switch
    {
        AllowanceKind.Unlimited => this["DataUnlimited"],
        AllowanceKind.NotStated => this["DataNotStated"],
        _ when data.Amount == 0 => this["None"],
        _ => Gigabytes(data.Amount),
    };

    /// <summary>A plan's data at full speed: "5 GB", "500 MB a day".</summary>
    public string ShowData(Plan plan) => plan.IsDaily ? this["DataDaily", ShowData(plan.FullSpeed)] : ShowData(plan.FullSpeed);

    /// <param name="unit">How much of the allowance's unit one shown unit is: 60 for minutes of seconds.</param>
    public string ShowCount(Allowance allowance, long unit) => allowance.Kind switch
    {
        AllowanceKind.Unlimited => this["Unlimited"],
        AllowanceKind.NotStated => this["NotStated"],
        _ when allowance.Amount == 0 => this["None"],
        _ => (allowance.Amount / unit).ToString("N0", Text.Culture),
    };

    public string ShowHotspot(Plan plan) => plan.Hotspot switch
    {
        Hotspot.No => this["Hotspot_No"],
        Hotspot.NotStated => this["NotStated"],
        _ => plan.HotspotData.Kind == AllowanceKind.Limited ? this["Hotspot_YesWith", Gigabytes(plan.HotspotData.Amount)] : this["Hotspot_Yes"],
    };

    public string ShowAfter(Plan plan) => plan.AfterQuota switch
    {
        AfterQuota.Stops => this["After_Stops"],
        AfterQuota.Throttled when plan.ThrottleKbps is { } kbps => this["After_ThrottledTo", kbps],
        AfterQuota.Throttled => this["After_Throttled"],
        _ => this["After_NotStated"],
    };

    /// <summary>What full-speed data is followed by: "at full speed, then 128 kbps"; nothing where there is no data.</summary>
    public string ShowAtFullSpeed(Plan plan) => plan.FullSpeed switch
    {
        { Kind: AllowanceKind.Limited, Amount: 0 } => "",
        { Kind: AllowanceKind.Limited } => this["FullSpeed", ShowAfter(plan)],
        _ when plan.AfterQuota == AfterQuota.NotStated => this["After_SpeedNotStated"],
        _ => ShowAfter(plan),
    };

    /// <summary>All about a plan's data in one line: "5 GB at full speed, then 128 kbps".</summary>
    public string ShowDataAndAfter(Plan plan) => (ShowData(plan), ShowAtFullSpeed(plan)) switch
    {
        (var data, "") => data,
        var (data, after) => data + (plan.FullSpeed.Kind == AllowanceKind.Limited ? " " : " · ") + after,
    };

    /// <summary>What stands before the moment at which a plan would end.</summary>
    public string ShowUntil(Plan plan) => this[plan.Validity.Activation == Activation.OnFirstUse ? "ValidFromFirstUse" : "ValidUntil"];

    /// <summary>The day on the visitor's clock.</summary>
    public DateOnly Today(TimeProvider time) => DateOnly.FromDateTime(In(time.GetUtcNow(), ZoneId));

    /// <summary>The moment in a zone: date and time to the minute. The end of a validity is exclusive, so its last minute is shown: "23:59", not "00:00" of a day that does not count.</summary>
    public string ShowEnd(DateTimeOffset end, string zoneId) => ShowMoment(end.Second == 0 && end.Millisecond == 0 ? end.AddSeconds(-1) : end, zoneId);

    public string ShowMoment(DateTimeOffset moment, string zoneId) =>
        In(moment, zoneId).ToString(Text.Language == "zh-Hans" ? "yyyy-MM-dd HH:mm" : "d MMM yyyy, HH:mm", Text.Culture);

    /// <summary>Hours and minutes on the visitor's clock, of a moment within the hour.</summary>
    public string ShowTime(DateTimeOffset moment) => In(moment, ZoneId).ToString("HH:mm", Text.Culture);

    /// <summary>"New York time".</summary>
    public string ShowZone(string zoneId) => zoneId == Utc ? Place(zoneId) : this["ZoneTime", Place(zoneId)];

    /// <summary>"your time (Beijing)"; where the browser did not say, the clock shown is UTC, and nobody's own.</summary>
    public string ShowOwnZone() => ZoneId == Utc ? Place(ZoneId) : this["YourTime", Place(ZoneId)];

    /// <summary>"Fri 20 Mar".</summary>
    public string ShowDate(DateOnly day) => day.ToString(this["DateFormat"], Text.Culture);

    /// <summary>"20 Mar".</summary>
    public string ShowDay(DateOnly day) => day.ToString(this["DayFormat"], Text.Culture);

    /// <summary>"1.5 GB".</summary>
    public string ShowBytes(long bytes) => Gigabytes(bytes);

    /// <summary>"New York".</summary>
    public string PlaceOf(string zoneId) => Place(zoneId);

    private static readonly string[] Known = ["Zone_America_New_York", "Zone_America_Los_Angeles", "Zone_America_Chicago", "Zone_America_Denver", "Zone_America_Anchorage", "Zone_Pacific_Honolulu", "Zone_Asia_Shanghai", "Zone_UTC"];

    private static DateTime In(DateTimeOffset moment, string zoneId) =>
        Instant.FromDateTimeOffset(moment).InZone(DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneId) ?? DateTimeZone.Utc).ToDateTimeUnspecified();

    private string Place(string zoneId)
    {
        var key = "Zone_" + zoneId.Replace('/', '_');
        return Known.Contains(key) ? this[key] : zoneId[(zoneId.LastIndexOf('/') + 1)..].Replace('_', ' ');
    }

    private string Gigabytes(long bytes) => bytes >= 1_000_000_000
        ? $"{(bytes / 1_000_000_000m).ToString("0.##", Text.Culture)} GB"
        : $"{(bytes / 1_000_000m).ToString("0.##", Text.Culture)} MB";

    private static CultureInfo LanguageOf(HttpRequest request)
    {
        if (Find(request.Query["lang"]) is { } asked)
        {
            return asked;
        }

        if (Find(request.Cookies[LanguageCookie]) is { } chosen)
        {
            return chosen;
        }

        var accepted = request.Headers.AcceptLanguage.ToString();
        var preferred = (accepted.Length > MaxAcceptLanguage ? accepted[..MaxAcceptLanguage] : accepted).Split(',')
            .Select(part => part.Split(';', 2))
            .Select(part => (Tag: part[0].Trim(), Weight: part.Length == 2 && part[1].Trim() is ['q', '=', .. var weight] && double.TryParse(weight, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q) ? q : 1))
            .Where(part => part.Weight > 0)
            .OrderByDescending(part => part.Weight)
            .Select(part => Text.Languages.FirstOrDefault(language => part.Tag.StartsWith(language.Tag[..2], StringComparison.OrdinalIgnoreCase)).Culture)
            .FirstOrDefault(culture => culture is not null);
        return preferred ?? Text.Languages[1].Culture;
    }

    private static CultureInfo? Find(string? tag) => Text.Languages.FirstOrDefault(language => language.Tag == tag).Culture;

    private static string ZoneOf(HttpRequest request) =>
        request.Cookies[ZoneCookie] is { Length: > 0 and <= 40 } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is not null ? zone : Utc;

    private static Browser BrowserOf(HttpRequest request) => request.Headers.UserAgent.ToString() switch
    {
        var agent when agent.Contains("MicroMessenger", StringComparison.OrdinalIgnoreCase) && !agent.Contains("WindowsWechat", StringComparison.OrdinalIgnoreCase) => Browser.WeChat,
        var agent when agent.Contains("AlipayClient", StringComparison.OrdinalIgnoreCase) => Browser.Alipay,
        _ => IsPhoneOf(request) ? Browser.Phone : Browser.Desktop,
    };

    private static bool IsPhoneOf(HttpRequest request) => request.Headers["Sec-CH-UA-Mobile"].ToString() switch
    {
        "?1" => true,
        "?0" => false,
        _ => request.Headers.UserAgent.ToString() is var agent && (agent.Contains("Mobile", StringComparison.OrdinalIgnoreCase) || agent.Contains("Android", StringComparison.OrdinalIgnoreCase) || agent.Contains("iPhone", StringComparison.Ordinal)),
    };
}
