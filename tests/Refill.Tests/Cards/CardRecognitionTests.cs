using CsCheck;
using Refill.Cards;

namespace Refill.Tests.Cards;

public sealed class CardRecognitionTests
{
    private const string Number = "+12015550123";

    /// <summary>CardRecognition asks the library once for a thousand numbers that have seven digits in common.</summary>
    [Fact]
    public void A_thousand_numbers_with_the_same_seven_digits_are_valid_together_or_not_at_all()
    {
        var phones = PhoneNumbers.PhoneNumberUtil.GetInstance();
        Gen.Select(Gen.Int[200_0000, 999_9999], Gen.Int[0, 999], Gen.Int[0, 999]).Sample((prefix, one, other) => Verdict(prefix, one) == Verdict(prefix, other), iter: 20_000);
        Assert.Equal(("US", true), Verdict(2015550, 123));

        (string?, bool) Verdict(int prefix, int rest)
        {
            var number = phones.Parse($"+1{prefix}{rest:000}", "US");
            return (phones.GetRegionCodeForNumber(number), phones.IsValidNumber(number));
        }
    }

    [Theory]
    [InlineData("2015550123")]
    [InlineData("(201) 555-0123")]
    [InlineData("201.555.0123")]
    [InlineData("201-555-0123")]
    [InlineData("+1 201 555 0123")]
    [InlineData("1 (201) 555-0123")]
    [InlineData("001 201 555 0123")]
    [InlineData("011 1 201 555 0123")]
    [InlineData("  tel:+1-201-555-0123 ")]
    [InlineData("２０１５５５０１２３")]
    [InlineData("（２０１）５５５－０１２３")]
    [InlineData("201‑555–0123")]
    [InlineData("201\u00a0555\u20090123")]
    [InlineData("+1/201/555/0123")]
    [InlineData("\u200e2015550123\u202c")]
    [InlineData("201\u3001555\u30010123")]
    [InlineData("2015550123\uff0c")]
    [InlineData("(201) 555-0123;")]
    [InlineData("tel\uff1a2015550123\u3002")]
    public void A_US_number_is_read_in_any_common_way_of_writing_it(string typed) =>
        Assert.Equal(new CardIdentifier(CardIdentifierKind.Msisdn, Number), CardRecognition.Recognize(typed).Identifier);

    [Theory]
    [InlineData(null, RecognitionProblem.Empty, null)]
    [InlineData("   ", RecognitionProblem.Empty, null)]
    [InlineData("hello", RecognitionProblem.NotANumber, null)]
    [InlineData("1-800-FLOWERS", RecognitionProblem.NotANumber, null)]
    [InlineData("<script>alert(1)</script>", RecognitionProblem.NotANumber, null)]
    [InlineData("123", RecognitionProblem.TooShort, "3")]
    [InlineData("201555012", RecognitionProblem.TooShort, "9")]
    [InlineData("1234567890123456789012345", RecognitionProblem.TooLong, "25")]
    [InlineData("+44 20 7946 0958", RecognitionProblem.WrongCountry, "GB")]
    [InlineData("+86 138 0013 8000", RecognitionProblem.WrongCountry, "CN")]
    [InlineData("00442079460958", RecognitionProblem.WrongCountry, "GB")]
    [InlineData("+1 416 555 0123", RecognitionProblem.Canadian, null)]
    [InlineData("4165550123", RecognitionProblem.Canadian, null)]
    [InlineData("+1 876 555 0123", RecognitionProblem.Caribbean, "JM")]
    [InlineData("201-555-0123 ext. 5", RecognitionProblem.HasExtension, null)]
    [InlineData("2015550123x9", RecognitionProblem.HasExtension, null)]
    [InlineData("2015550123#9", RecognitionProblem.HasExtension, null)]
    [InlineData("tel:+1-201-555-0123;ext=5", RecognitionProblem.HasExtension, null)]
    [InlineData("2015550123 Max", RecognitionProblem.NotANumber, null)]
    [InlineData("2015550123, 2015550124", RecognitionProblem.TooLong, "20")]
    [InlineData("When my plan ends I would like to have it renewed, for 2 months please", RecognitionProblem.NotANumber, null)]
    [InlineData("1112223333", RecognitionProblem.NotAValidUsNumber, null)]
    [InlineData("20155501234", RecognitionProblem.TooLong, "11")]
    [InlineData("+1 201 555 01234", RecognitionProblem.TooLong, "12")]
    [InlineData("+1 201 555 012", RecognitionProblem.TooShort, "10")]
    [InlineData("+", RecognitionProblem.NotANumber, null)]
    [InlineData("+999 201 555 0123", RecognitionProblem.NotAValidUsNumber, null)]
    [InlineData("+1 787 555 0123", RecognitionProblem.Caribbean, "PR")]
    [InlineData("\ud835", RecognitionProblem.NotANumber, null)]
    [InlineData("8901260123456789013", RecognitionProblem.IccidCheckDigit, null)]
    [InlineData("1201260123456789012", RecognitionProblem.IccidNotTelecom, null)]
    public void What_is_no_US_card_is_refused_for_its_own_reason(string? typed, RecognitionProblem problem, string? detail)
    {
        var refusal = CardRecognition.Recognize(typed).Refusal;
        Assert.Equal((problem, detail), (refusal?.Problem, refusal?.Detail));
    }

    [Fact]
    public void A_text_of_any_kind_is_answered_and_never_throws() =>
        Gen.String[0, 100].Sample(text => CardRecognition.Recognize(text) is { Identifier: not null } or { Refusal: not null }, iter: 20_000);

    [Fact]
    public void A_body_of_ten_megabytes_is_answered_at_once() =>
        Assert.Equal(RecognitionProblem.TooLong, CardRecognition.Recognize(new string('5', 10_000_000)).Refusal?.Problem);

    [Fact]
    public void The_same_card_is_the_same_with_and_without_its_check_digit()
    {
        Gen.Long[0, 9_999_999_999_999_999].Sample(account =>
        {
            var body = $"89{account:D16}";
            var whole = body + Luhn.CheckDigit(body);
            return CardRecognition.Recognize(whole).Identifier is { } identifier && identifier == CardRecognition.Recognize(body).Identifier
                && identifier == CardRecognition.Recognize(string.Join(' ', whole.Chunk(4).Select(chunk => new string(chunk)))).Identifier
                && identifier == CardRecognition.Recognize(whole + "F").Identifier;
        }, iter: 2000);
    }

    [Fact]
    public void Any_single_wrong_digit_of_an_ICCID_is_refused()
    {
        Gen.Select(Gen.Long[0, 9_999_999_999_999_999], Gen.Int[2, 18], Gen.Int[1, 9]).Sample((account, at, change) =>
        {
            var body = $"89{account:D16}";
            var whole = (body + Luhn.CheckDigit(body)).ToCharArray();
            whole[at] = (char)('0' + ((whole[at] - '0' + change) % 10));
            return CardRecognition.Recognize(new string(whole)).Refusal?.Problem == RecognitionProblem.IccidCheckDigit;
        }, iter: 5000);
    }

    [Fact]
    public void A_twenty_digit_ICCID_is_read()
    {
        const string Body = "8901260123456789012";
        Assert.Equal(new CardIdentifier(CardIdentifierKind.Iccid, Body), CardRecognition.Recognize(Body + Luhn.CheckDigit(Body)).Identifier);
    }

    [Fact]
    public void Any_valid_number_in_any_form_is_the_same_number()
    {
        string[] areas = ["201", "212", "305", "415", "646", "713", "808", "907", "917"];
        Gen.Select(Gen.Int[0, areas.Length - 1], Gen.Int[200, 999], Gen.Int[0, 9999], Gen.Int[0, 5]).Sample((area, exchange, line, form) =>
        {
            var (npa, nxx, last) = (areas[area], exchange.ToString("D3", null), line.ToString("D4", null));
            var plain = CardRecognition.Recognize(npa + nxx + last);
            var written = form switch { 0 => $"({npa}) {nxx}-{last}", 1 => $"+1{npa}{nxx}{last}", 2 => $"1-{npa}-{nxx}-{last}", 3 => $"{npa}.{nxx}.{last}", 4 => $"{npa} {nxx} {last}", _ => $"tel:+1-{npa}-{nxx}-{last}" };
            return plain.Identifier == CardRecognition.Recognize(written).Identifier && (plain.Identifier is null || plain.Identifier.Value.Value == $"+1{npa}{nxx}{last}");
        }, iter: 3000);
    }

    [Theory]
    [InlineData("8901999000000001234")]
    [InlineData("890199900000000123")]
    public void An_ICCID_is_shown_and_asked_for_with_the_digits_that_stand_on_the_card(string typed)
    {
        var iccid = CardRecognition.Recognize(typed).Identifier!.Value;
        Assert.Equal(("8901 9990 0000 0001 234", "1234", "**** 1234"), (iccid.Grouped, iccid.LastFour, iccid.Masked));
    }

    [Fact]
    public void An_identifier_prints_masked() => Assert.Equal("(***) ***-0123", new CardIdentifier(CardIdentifierKind.Msisdn, Number).ToString());
}
