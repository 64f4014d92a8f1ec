using CsCheck;
using NodaTime;
using Refill.Promotions;

namespace Refill.Tests.Promotions;

/// <summary>Windows in named zones: days that the clock makes longer or shorter, and offers that end at midnight somewhere else.</summary>
public sealed class PromotionWindowTests
{
    private static readonly string[] Zones = [.. DateTimeZoneProviders.Tzdb.Ids];

    [Theory]
    [InlineData("2026-12-01", "Asia/Shanghai", "2026-12-01T16:00:00Z")]
    [InlineData("2026-12-01", "America/New_York", "2026-12-02T05:00:00Z")]
    [InlineData("2026-12-01", "America/Los_Angeles", "2026-12-02T08:00:00Z")]
    [InlineData("2026-12-01T18:30", "America/New_York", "2026-12-01T23:30:00Z")]
    [InlineData("2026-11-01T01:30", "America/New_York", "2026-11-01T06:30:00Z")] // Twice that night: the second.
    [InlineData("2026-03-08T02:30", "America/New_York", "2026-03-08T07:00:00Z")] // Not at all that night: the first instant after the gap.
    [InlineData("2026-10-24", "America/Asuncion", "2026-10-25T03:00:00Z")]
    [InlineData("2026-04-24", "Africa/Cairo", "2026-04-24T21:00:00Z")]
    [InlineData("2026-04-23", "Africa/Cairo", "2026-04-23T22:00:00Z")] // The next day has no midnight there.
    public void An_end_is_the_end_of_that_day_or_minute_there(string text, string zone, string end) =>
        Assert.Equal(DateTimeOffset.Parse(end, System.Globalization.CultureInfo.InvariantCulture), PromotionWindow.End(text, zone));

    [Theory]
    [InlineData("2026-12-01", "Asia/Shanghai", "2026-11-30T16:00:00Z")]
    [InlineData("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z")] // The first of the two.
    [InlineData("2026-03-08T02:30", "America/New_York", "2026-03-08T07:00:00Z")]
    public void A_beginning_is_the_first_instant_there(string text, string zone, string begin) =>
        Assert.Equal(DateTimeOffset.Parse(begin, System.Globalization.CultureInfo.InvariantCulture), PromotionWindow.Begin(text, zone));

    [Theory]
    [InlineData("2026-13-01", "UTC")]
    [InlineData("2026-12-01 18:00", "UTC")]
    [InlineData("1999-12-01", "UTC")]
    [InlineData("tomorrow", "UTC")]
    [InlineData("2026-12-01", "Mars/Olympus")]
    public void What_cannot_be_read_is_none(string text, string zone) => Assert.Null(PromotionWindow.End(text, zone));

    [Fact]
    public void An_offer_that_ends_at_midnight_in_another_zone_holds_to_that_instant()
    {
        var until = PromotionWindow.End("2026-12-01", "America/Los_Angeles")!.Value; // In Shanghai it is 4 in the afternoon of the next day.
        var offer = new Promotion("offer", new PromotionName("Offer"), PromotionKind.AmountOff, 100) { Until = until };
        var question = new PriceQuestion("plan", "carrier", 1500, until.AddMilliseconds(-1));
        Assert.Equal(1400, Pricing.Price(question, PromotionBook.Of([offer])).TotalCents);
        Assert.Equal(1500, Pricing.Price(question with { At = until }, PromotionBook.Of([offer])).TotalCents);
    }

    [Fact]
    public void In_every_zone_days_follow_each_other_without_gap_or_overlap_but_where_the_clock_repeats_midnight() => Gen.Select(Gen.Int[0, Zones.Length - 1], Gen.Int[0, 3000]).Sample((index, days) =>
    {
        var zone = Zones[index];
        var day = new LocalDate(2024, 1, 1).PlusDays(days);
        var (begin, end, next) = (PromotionWindow.Begin($"{day:uuuu-MM-dd}", zone)!.Value, PromotionWindow.End($"{day:uuuu-MM-dd}", zone)!.Value, PromotionWindow.Begin($"{day.PlusDays(1):uuuu-MM-dd}", zone)!.Value);
        Assert.True(begin < end);
        Assert.InRange(end - next, TimeSpan.Zero, TimeSpan.FromHours(1));
    });
}
