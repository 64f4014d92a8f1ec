using System.Globalization;

namespace Refill.Server.Storefront;

/// <summary>Short marks of advice.</summary>
internal static class AdviceWords
{
    /// <summary>A, B, … Z, A2, B2, …: what a step is called in the calendar and in the day book.</summary>
    public static string Letter(int index) => (char)('A' + (index % 26)) + (index < 26 ? "" : ((index / 26) + 1).ToString(CultureInfo.InvariantCulture));

    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
