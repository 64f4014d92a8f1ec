using CsCheck;
using Refill.Catalogue;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Tests.Units;

public sealed class UnitsTests
{
    [Fact]
    public void Money_is_written_and_read_again_to_the_minor_unit() =>
        Gen.Long[-1_000_000_000_000_000, 1_000_000_000_000_000].Sample(minor =>
            Money.TryParseDecimal(Money.Cny(minor).ToDecimalString(), Currency.Cny, out var read) && read == Money.Cny(minor), iter: 5000);

    [Theory]
    [InlineData(0, "0.00")]
    [InlineData(5, "0.05")]
    [InlineData(-5, "-0.05")]
    [InlineData(123456, "1234.56")]
    [InlineData(long.MinValue, "-92233720368547758.08")]
    public void Money_is_written_as_gateways_do(long minor, string text) => Assert.Equal(text, Money.Usd(minor).ToDecimalString());

    [Theory]
    [InlineData("")]
    [InlineData("1.234")]
    [InlineData("1,000.00")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData(" 1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("--5")]
    [InlineData("１")]
    [InlineData("99999999999999999999")]
    public void What_is_no_plain_amount_is_not_read(string text) => Assert.False(Money.TryParseDecimal(text, Currency.Usd, out _));

    [Fact]
    public void Dollars_and_yuan_do_not_add_up() => Assert.Throws<InvalidOperationException>(() => Money.Usd(1) + Money.Cny(1));

    [Fact]
    public void An_id_carries_its_cell_and_comes_back_from_its_text() => Gen.Byte.Sample(number =>
    {
        var id = CellId.New(new Cell(number), TimeProvider.System);
        return CellId.CellOf(id).Number == number && CellId.TryParse(CellId.ToText(id), out var read) && read == id;
    });

    [Fact]
    public void Any_text_is_an_id_or_not_and_never_throws() => Gen.String[0, 30].Sample(text => CellId.TryParse(text, out _) || true, iter: 5000);

    [Fact]
    public void A_conversion_is_rounded_up_and_never_by_a_whole_minor_unit() => Gen.Select(Gen.Long[0, 1_000_000], Gen.Long[10_000, 100_000_000]).Sample((cents, micro) =>
    {
        var fen = new FxRate(Currency.Usd, Currency.Cny, micro, "test", default).Convert(Money.Usd(cents)).Minor;
        return (Int128)fen * 1_000_000 >= (Int128)cents * micro && (Int128)(fen - 1) * 1_000_000 < (Int128)cents * micro;
    }, iter: 5000);

    [Fact]
    public void An_order_code_tells_its_cell_however_it_is_typed() => Gen.Select(Gen.Byte, Gen.Bool, Gen.Bool).Sample((number, lower, spaces) =>
    {
        var code = OrderCode.New(new Cell(number));
        var typed = spaces ? code.Replace('-', ' ') : code.Replace("-", "", StringComparison.Ordinal);
        typed = (lower ? typed.ToLowerInvariant() : typed).Replace('0', 'O').Replace('1', 'l');
        return OrderCode.TryParse(typed, out var read, out var cell) && read == code && cell.Number == number;
    }, iter: 2000);

    [Fact]
    public void The_code_of_a_program_s_order_leads_back_to_its_id() => Gen.Select(Gen.Byte, Gen.Long[0, 4_000_000_000_000]).Sample((number, milliseconds) =>
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        var id = CellId.New(new Cell(number), new Microsoft.Extensions.Time.Testing.FakeTimeProvider(at));
        var read = OrderCode.TryParse(OrderCode.Of(id).ToLowerInvariant(), out var code, out var cell);
        return read && code == OrderCode.Of(id) && cell.Number == number && CellId.TimeOf(id) == at
            && OrderCode.IdsOf(code, at.AddYears(16)) is var (first, last) && first <= id && id <= last && OrderCode.IdsOf(OrderCode.New(cell), at) is null;
    }, iter: 2000);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ABCD-EFGH")]
    [InlineData("ABCD-EFGH-JKMN-PQ")]
    [InlineData("UUUU-UUUU-UUUU")]
    [InlineData("<script>alert()")]
    public void What_is_no_order_code_is_refused(string? typed) => Assert.False(OrderCode.TryParse(typed, out _, out _));
}
