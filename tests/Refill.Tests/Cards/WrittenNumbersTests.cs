using CsCheck;
using PhoneNumbers;
using Refill.Cards;

namespace Refill.Tests.Cards;

/// <summary>The ways in which a number is written, crossed: who dials it from where, what stands between its parts, and with which keyboard.</summary>
public sealed class WrittenNumbersTests
{
    private static readonly string[] Beginnings = ["", "1 ", "+1 ", "tel:+1-", "TEL: 1 ", "001 ", "0011 ", "011 1 ", "0011 1 "];
    private static readonly string[] Separators = ["", " ", "-", ".", "/", "\u00a0", "\u2009", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "\u30fb", "\u3000"];

    private static readonly PhoneNumberUtil Phones = PhoneNumberUtil.GetInstance();

    /// <summary>Numbers that the library itself calls valid in the US; how it was written must not change what it is.</summary>
    private static readonly Gen<string> Valid = Gen.Select(Gen.Int[201, 989], Gen.Int[200, 999], Gen.Int[0, 9999])
        .Select((area, exchange, line) => $"{area}{exchange}{line:D4}")
        .Where(digits => Phones.IsValidNumberForRegion(Phones.Parse(digits, "US"), "US"));

    [Fact]
    public void Any_valid_US_number_is_the_same_number_in_every_way_of_writing_it() =>
        Gen.Select(Valid, Gen.OneOf(Beginnings), Gen.OneOf(Separators), Gen.Bool, Gen.Bool).Sample((digits, beginning, separator, brackets, wide) =>
        {
            var (area, exchange, line) = (digits[..3], digits[3..6], digits[6..]);
            var written = beginning + (brackets ? $"({area})" : area) + separator + exchange + separator + line;
            return CardRecognition.Recognize(wide ? Wide(written) : written).Identifier == new CardIdentifier(CardIdentifierKind.Msisdn, $"+1{digits}");
        }, iter: 5000);

    [Theory]
    [InlineData("0011 44 20 7946 0958", "GB")]
    [InlineData("0011 86 138 0013 8000", "CN")]
    [InlineData("011 44 20 7946 0958", "GB")]
    [InlineData("00 44 20 7946 0958", "GB")]
    public void A_foreign_number_is_named_by_its_country_from_wherever_it_is_dialled(string typed, string country) =>
        Assert.Equal(new RecognitionRefusal(RecognitionProblem.WrongCountry, country), CardRecognition.Recognize(typed).Refusal);

    [Theory]
    [InlineData("0011")]
    [InlineData("0011 1")]
    [InlineData("0011 1 201 555 012")]
    [InlineData("0011 1 201 555 01234")]
    public void An_exit_code_makes_no_number_of_too_few_or_too_many_digits(string typed) => Assert.Null(CardRecognition.Recognize(typed).Identifier);

    /// <summary>As a Chinese keyboard in full-width mode types it.</summary>
    private static string Wide(string text) => new([.. text.Select(c => c is > ' ' and <= '~' ? (char)(c + 0xFEE0) : c)]);
}
