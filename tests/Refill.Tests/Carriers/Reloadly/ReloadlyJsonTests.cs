using System.Globalization;
using System.Numerics;
using CsCheck;
using Refill.Carriers.Reloadly;
using Refill.Units;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyJsonTests
{
    [Fact]
    public void A_decimal_is_read_exactly() =>
        Gen.Select(Gen.Bool, Gen.ULong[0, 9_999_999_999_999_999_999], Gen.Int[0, 19], Gen.Int[-8, 8], Gen.Bool).Sample((negative, digits, point, exponent, plus) =>
        {
            var mantissa = digits.ToString(CultureInfo.InvariantCulture).PadLeft(point + 1, '0');
            var text = $"{(negative ? "-" : "")}{mantissa[..^point]}{(point > 0 ? "." : "")}{mantissa[^point..]}E{(exponent >= 0 && plus ? "+" : "")}{exponent}";

            // The law, in whole numbers: value × 10^27 is the same whichever way it is reckoned.
            var expected = (negative ? -1 : 1) * (BigInteger)digits * BigInteger.Pow(10, 27 - point + exponent);
            return ReloadlyJson.TryParseDecimal(text, out var read) && Scaled(read) == expected;
        });

    [Theory]
    [InlineData("505.00000000000", "505")]
    [InlineData("3.8E-5", "0.000038")]
    [InlineData("0.19785", "0.19785")]
    [InlineData("-0.1", "-0.1")]
    public void Amounts_as_seen_in_the_field_are_read(string text, string value)
    {
        Assert.True(ReloadlyJson.TryParseDecimal(text, out var read));
        Assert.Equal(decimal.Parse(value, CultureInfo.InvariantCulture), read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("$1")]
    [InlineData("1E9")]
    [InlineData("1E-40")]
    [InlineData("1E")]
    [InlineData("0.123456789012345678901")]
    [InlineData("NaN")]
    [InlineData("１")]
    public void What_is_no_number_or_could_only_be_read_rounded_is_refused(string? text) =>
        Assert.False(ReloadlyJson.TryParseDecimal(text, out _));

    [Fact]
    public void A_custom_identifier_leads_back_to_its_top_up() =>
        Gen.Guid.Sample(id => ReloadlyIdentifier.TryRead(ReloadlyIdentifier.Of(id), out var read) && read == id);

    [Fact]
    public void Two_top_ups_never_share_a_custom_identifier() =>
        Gen.Select(Gen.Guid, Gen.Guid).Sample((one, other) => one == other || ReloadlyIdentifier.Of(one) != ReloadlyIdentifier.Of(other));

    [Theory]
    [InlineData("")]
    [InlineData("rf-")]
    [InlineData("RF-AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("rf-AAAAAAAAAAAAAAAAAAAAAB")] // Bits beyond the 128th: not the only spelling of its id.
    [InlineData("rf-AAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("rf-AAAAAAAAAAAAAAAAAAAAAA ")]
    public void What_is_no_custom_identifier_of_ours_is_refused(string text) =>
        Assert.False(ReloadlyIdentifier.TryRead(text, out _));

    [Fact]
    public void A_custom_identifier_is_short_enough_for_them() =>
        Assert.InRange(ReloadlyIdentifier.Of(CellId.New(new Cell(1), TimeProvider.System)).Length, 1, 150);

    private static BigInteger Scaled(decimal value)
    {
        var bits = decimal.GetBits(value);
        var scale = (bits[3] >> 16) & 0xFF;
        var magnitude = ((BigInteger)(uint)bits[2] << 64) | ((BigInteger)(uint)bits[1] << 32) | (uint)bits[0];
        return (bits[3] < 0 ? -magnitude : magnitude) * BigInteger.Pow(10, 27 - scale);
    }
}
