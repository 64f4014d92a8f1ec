using Refill.Catalogue;
using Refill.Comparison;
using Refill.Reviews;

namespace Refill.Server.Storefront;

/// <summary>What a plan's facts mean, in whole sentences that one need not know the trade to understand.</summary>
internal static class PlanWords
{
    /// <summary>Below these, in kbit/s, a line is good for messages only; for maps and pages, too; for music and small pictures that move.</summary>
    private const int Messages = 200, Pages = 1_000, Music = 2_500;

    /// <summary>What comes after the full-speed data; empty where the plan has no data.</summary>
    public static string ShowAfterwards(this Visitor visitor, Plan plan) => plan switch
    {
        { FullSpeed: { Kind: AllowanceKind.Limited, Amount: 0 } } => "",
        { AfterQuota: AfterQuota.Stops } => visitor["Afterwards_Stops"],
        { AfterQuota: AfterQuota.Throttled, ThrottleKbps: { } kbps } => visitor[kbps switch { < Messages => "Afterwards_Messages", < Pages => "Afterwards_Pages", < Music => "Afterwards_Music", _ => "Afterwards_Video" }, kbps],
        { AfterQuota: AfterQuota.Throttled } => visitor["Afterwards_Slow"],
        { FullSpeed.Kind: AllowanceKind.Limited } => visitor["Afterwards_NotStated"],
        _ => visitor["Afterwards_Unlimited"],
    };

    /// <summary>The clock that the validity runs by: "30 × 24 hours", "1 calendar month".</summary>
    public static string ShowClock(this Visitor visitor, ValidityRule rule) => visitor[(rule.Clock, rule.Count) switch
    {
        (ValidityClock.Hours24, 1) => "Clock_Hours24_One",
        (ValidityClock.Hours24, _) => "Clock_Hours24",
        (ValidityClock.CalendarDays, 1) => "Clock_Days_One",
        (ValidityClock.CalendarDays, _) => "Clock_Days",
        (_, 1) => "Clock_Months_One",
        _ => "Clock_Months",
    }, rule.Count];

    /// <summary>"10 days, 1 Mar 2026 to 10 Mar 2026".</summary>
    public static string ShowStay(this Visitor visitor, Need need) =>
        need.Days == 1 ? visitor["Compare_Stay_One", visitor.ShowDay(need.Start)] : visitor["Compare_Stay", need.Days, visitor.ShowDay(need.Start), visitor.ShowDay(need.End)];

    public static string ShowDay(this Visitor visitor, DateOnly day) => day.ToString(visitor.Text.Language == "zh-Hans" ? "yyyy-MM-dd" : "d MMM yyyy", visitor.Text.Culture);

    public static string ShowLack(this Visitor visitor, Lack lack) => lack.Kind switch
    {
        LackKind.Data => visitor["Lack_Data_" + lack.Of, visitor.ShowData(Allowance.Of(lack.Amount))],
        _ => visitor["Lack_" + lack.Kind, lack.Amount.ToString("N0", visitor.Text.Culture)],
    };

    /// <summary>"4.3", of thousandths of a star; a dash where there is no rank.</summary>
    public static string ShowStars(this Visitor visitor, int thousandths) => thousandths == 0 ? "\u2013" : (thousandths / 1000m).ToString("0.0", visitor.Text.Culture);

    public static string ShowGiven(this Visitor _, int stars) => new string('\u2605', stars) + new string('\u2606', 5 - stars);

    /// <summary>Where a plan was used; null: not said.</summary>
    public static string? ShowPlace(this Visitor visitor, string place) => place == UsStates.Several ? visitor["Review_Place_Several"] : UsStates.NameOf(place);

    /// <summary>What a full-speed gigabyte costs, or why that cannot be said.</summary>
    public static string ShowPerGigabyte(this Visitor visitor, ComparedPlan compared) => compared.PerGigabyte is { } price ? visitor.Show(price) : compared.Plan.FullSpeed.Kind switch
    {
        AllowanceKind.Unlimited => visitor["PerGb_Unlimited"],
        AllowanceKind.NotStated => visitor["NotStated"],
        _ => visitor["None"],
    };
}
