using CsCheck;
using Refill.Payments.Transfers;
using Refill.Units;

namespace Refill.Tests.Payments.Transfers;

/// <summary>A reference survives what payers and banks do to it, and leads back to its payment.</summary>
public sealed class TransferReferenceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Words = ["", "thanks", "Rechnung 4711", "RF18 5390", "付款", "REF RFRF", "surf"];
    private static readonly Gen<Guid> AnyPayment = Gen.Select(Gen.Byte, Gen.Int[-3_000, 3_000]).Select((cell, days) => CellId.New(new Cell(cell), Now.AddDays(days)));

    [Theory]
    [InlineData("RF18539007547034", true)] // The example of ISO 11649.
    [InlineData("RF18539007547043", false)]
    [InlineData("GB82WEST12345698765432", true)] // The example of ISO 13616.
    [InlineData("DE89370400440532013000", true)]
    [InlineData("DE89370400440532013001", false)]
    public void Check_digits_are_those_of_the_standards(string text, bool right) => Assert.Equal(right, Mod97.IsRight(text));

    [Fact]
    public void Its_check_digits_are_right_and_it_is_printed_in_groups_of_four() => AnyPayment.Sample(id =>
    {
        var reference = TransferReference.Of(id);
        return reference.Length == TransferReference.Length && Mod97.IsRight(reference) && TransferReference.Show(reference).Split(' ').All(group => group.Length == 4);
    });

    [Fact]
    public void It_leads_back_to_its_payment_and_its_cell() => AnyPayment.Sample(id =>
    {
        var reference = TransferReference.Of(id);
        var (first, last) = TransferReference.IdsOf(reference, Now)!.Value;
        return id.CompareTo(first) >= 0 && id.CompareTo(last) <= 0 && TransferReference.CellOf(reference) == CellId.CellOf(id);
    });

    [Fact]
    public void It_is_found_however_it_is_typed_broken_and_surrounded()
    {
        var noise = Gen.Char[" -./:\n\t_'"].Array[0, 2].Select(chars => new string(chars));
        var words = Gen.Int[0, Words.Length - 1].Select(at => Words[at]);
        Gen.Select(AnyPayment, noise.Array[TransferReference.Length], Gen.Bool, Gen.Select(words, words), Gen.Bool).Sample((id, gaps, lower, around, wide) =>
        {
            var reference = TransferReference.Of(id);
            var typed = string.Concat(reference.Select((letter, at) => gaps[at] + (wide ? (char)(letter + 0xFEE0) : letter)));
            typed = typed.Replace('0', 'O').Replace('1', 'l');
            return TransferReference.FindIn($"{around.Item1} {(lower ? typed.ToLowerInvariant() : typed)} {around.Item2}").Contains(reference);
        });
    }

    [Fact]
    public void One_wrong_letter_or_digit_or_two_that_changed_places_are_found() => Gen.Select(AnyPayment, Gen.Int[2, TransferReference.Length - 1], Gen.Int[0, 31]).Sample((id, at, letter) =>
    {
        var reference = TransferReference.Of(id);
        var (right, next) = (reference[at], reference[Math.Min(at + 1, reference.Length - 1)]);
        var wrong = char.IsAsciiDigit(right) == char.IsAsciiDigit(Base32.Alphabet[letter]) ? reference[..at] + Base32.Alphabet[letter] + reference[(at + 1)..] : reference;
        var swapped = at + 1 < reference.Length && char.IsAsciiDigit(right) == char.IsAsciiDigit(next) ? reference[..at] + reference[at + 1] + reference[at] + reference[(at + 2)..] : reference;
        return (wrong == reference || TransferReference.FindIn(wrong).Count == 0) && (swapped == reference || TransferReference.FindIn(swapped).Count == 0);
    });

    [Fact]
    public void Any_text_is_searched_without_complaint() => Gen.String[0, 200].Sample(text => TransferReference.FindIn("RF" + text).Count <= 8);

    [Fact]
    public void Two_references_are_both_found_and_one_written_twice_is_one()
    {
        var (one, other) = (TransferReference.Of(CellId.New(new Cell(1), Now)), TransferReference.Of(CellId.New(new Cell(2), Now)));

        Assert.Equal([one, other], TransferReference.FindIn($"{TransferReference.Show(one)} and {other} {one}"));
    }

    [Theory]
    [InlineData("000123456789 (routing 021000021)", "000123456789")]
    [InlineData("de89 3704-0044 0532 0130 00", "DE89370400440532013000")]
    [InlineData("1234 (a (b) 5) 6", "12346")]
    public void Accounts_are_compared_by_letters_and_digits_outside_parentheses(string text, string number) => Assert.Equal(number, TransferOptions.NumberOf(text));
}
