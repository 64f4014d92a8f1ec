using CsCheck;
using Refill.Reviews;

namespace Refill.Tests.Reviews;

public sealed class ReviewRulesTests
{
    [Theory]
    [InlineData("  good \r\n\r\n\r\n\r\n value ", "good \n\n value")]
    [InlineData("e\u0301tat", "\u00E9tat")]
    [InlineData("seen \u202Egnorw\u202C \u200Bhidden\u0007", "seen gnorw hidden")]
    [InlineData("<script>alert(1)</script>", "<script>alert(1)</script>")]
    [InlineData("👨‍👩‍👧 🇺🇸 很好", "👨‍👩‍👧 🇺🇸 很好")]
    public void A_text_is_kept_as_it_was_meant_without_what_hides_or_turns_it(string typed, string kept) => Assert.Equal(kept, ReviewRules.Normalise(typed));

    [Fact]
    public void Half_of_a_pair_is_no_character() => Assert.Equal("half \uFFFD a pair", ReviewRules.Normalise("half \uD83D a pair"));

    [Fact]
    public void Marks_piled_on_one_letter_are_cut() => Assert.True(ReviewRules.Normalise("a" + new string('\u0301', 500)).Length <= 6);

    [Fact]
    public void A_text_is_measured_in_characters_not_in_halves()
    {
        Assert.False(ReviewRules.IsTooLong(string.Concat(Enumerable.Repeat("😀", 1000))));
        Assert.True(ReviewRules.IsTooLong(string.Concat(Enumerable.Repeat("😀", 1001))));
    }

    [Theory]
    [InlineData("see http://example.com", HoldReason.Link)]
    [InlineData("go to cheap-sim.shop now", HoldReason.Link)]
    [InlineData("WWW.example", HoldReason.Link)]
    [InlineData("write to me@example.com", HoldReason.Email)]
    [InlineData("me ＠ example", HoldReason.Email)]
    [InlineData("call (201) 555-0123", HoldReason.PhoneNumber)]
    [InlineData("微信 138 0013 8000", HoldReason.PhoneNumber)]
    [InlineData("电话１３８００１３８０００", HoldReason.PhoneNumber)]
    [InlineData("5 GB for 15.00 in 30 days, 128 kbps after that. 10/10", HoldReason.None)]
    [InlineData("Worked in N.Y. and L.A.", HoldReason.None)]
    [InlineData("很好用，纽约信号满格。", HoldReason.None)]
    [InlineData("", HoldReason.None)]
    public void Links_addresses_and_numbers_are_held_for_a_person(string text, HoldReason held) => Assert.Equal(held, ReviewRules.WhyHeld(ReviewRules.Normalise(text)));

    [Fact]
    public void Any_text_is_normalised_once_and_for_all_and_judged_in_time() => Gen.String[0, 2000].Sample(text =>
    {
        var once = ReviewRules.Normalise(text);
        ReviewRules.WhyHeld(once);
        return ReviewRules.Normalise(once) == once;
    }, iter: 2000);
}
