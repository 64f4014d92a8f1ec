using Refill.Catalogue;

namespace Refill.Advice;

/// <summary>The days of a question on the clock of the place where the cards are used. Day 0 is today there.</summary>
internal sealed class Calendar
{
    /// <summary>When something is taken to be bought on a day to come: nine in the morning.</summary>
    private static readonly TimeSpan Morning = TimeSpan.FromHours(9);

    private readonly string zone;
    private readonly DateTimeOffset[] moments;
    private readonly Dictionary<(ValidityRule Rule, bool Later), int[]> lasts = [];

    public Calendar(string zone, DateTimeOffset now, int days)
    {
        (this.zone, Today) = (zone, Validity.DayOf(now, zone));
        moments = [now, .. Enumerable.Range(1, days - 1).Select(day => Validity.StartOf(Today.AddDays(day), zone) + Morning)];
    }

    public DateOnly Today { get; }

    public int Days => moments.Length;

    public DateOnly Date(int day) => Today.AddDays(day);

    public int DayOf(DateOnly date) => date.DayNumber - Today.DayNumber;

    /// <summary>When something is bought on this day.</summary>
    public DateTimeOffset Moment(int day) => moments[day];

    /// <summary>The last day that ends no later than this moment; -1: none does.</summary>
    public int LastWholeDay(DateTimeOffset end) => DayOf(Validity.DayOf(end, zone)) - 1;

    /// <summary>
    /// How many days a plan lasts if it begins on each day: those that it lasts through to their end here. Of 24-hour periods the day of the purchase is the first, and the morning after the last does not
    /// count; calendar days and months end in the carrier's zone.
    /// </summary>
    /// <param name="later">It may also be bought in advance; then it begins with the day in the carrier's zone.</param>
    public int[] Lasts(ValidityRule rule, bool later)
    {
        if (lasts.TryGetValue((rule, later), out var known))
        {
            return known;
        }

        var days = new int[Days];
        for (var day = 0; day < Days; day++)
        {
            var last = LastWholeDay(rule.EndsAt(moments[day]));
            if (later && day > 0)
            {
                last = Math.Min(last, LastWholeDay(rule.EndsAt(Validity.StartOf(Date(day), rule.TimeZone))));
            }

            days[day] = last - day + 1;
        }

        return lasts[(rule, later)] = days;
    }
}
