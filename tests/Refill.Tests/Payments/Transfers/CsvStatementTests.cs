using System.Text;
using CsCheck;
using Refill.Units;
using static Refill.Tests.Payments.Transfers.CamtMaker;

namespace Refill.Tests.Payments.Transfers;

/// <summary>Statements as CSV (docs/operating.md).</summary>
public sealed class CsvStatementTests
{
    private const string Heading = "date,amount,currency,reference,entry_id\n";

    [Fact]
    public void Credits_in_our_currency_are_read_and_the_rest_is_left_out()
    {
        var statement = Read(Heading + """
            2026-11-25,15.00,USD,"Top-up, ""RF12""
            and more",A1
            2026-11-25,-15.00,USD,out,A2

            2026-11-26,15,EUR,euros,A3
            2026-11-27,0.5,USD,,A4
            """);

        Assert.Equal([("A1", 1500L, new DateOnly(2026, 11, 25)), ("A4", 50, new DateOnly(2026, 11, 27))], statement.Entries.Select(entry => (entry.Id, entry.Amount.Minor, entry.ValueDate)));
        Assert.Contains("\"RF12\"", statement.Entries[0].Text, StringComparison.Ordinal);
        Assert.Equal(2, statement.Skipped);
    }

    [Fact]
    public void A_byte_order_mark_and_the_line_ends_of_windows_do_no_harm() =>
        Assert.Equal(Money.Usd(1500), Read([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes((Heading + "2026-11-25,15.00,USD,x,A1\n").Replace("\n", "\r\n", StringComparison.Ordinal))]).Entries.Single().Amount);

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-25,15.00,USD,x,A1")]
    [InlineData("Date,Amount,Currency,Reference,Entry_id")]
    [InlineData("amount,date,currency,reference,entry_id")]
    [InlineData("date,amount,currency,reference,entry_id,name")]
    [InlineData("date;amount;currency;reference;entry_id")]
    public void Another_heading_is_refused_with_the_right_one(string heading) =>
        Assert.Equal("the first line must be: date,amount,currency,reference,entry_id", Refused(heading + "\n"));

    [Theory]
    [InlineData("25.11.2026,15.00,USD,x,A1", "line 2 has no date")]
    [InlineData("2026-11-25T00:00,15.00,USD,x,A1", "line 2 has no date")]
    [InlineData("2026-02-30,15.00,USD,x,A1", "line 2 has no date")]
    [InlineData("2026-11-25,\"15,00\",USD,x,A1", "line 2 has no amount")]
    [InlineData("2026-11-25,15.005,USD,x,A1", "line 2 has no amount")]
    [InlineData("2026-11-25,15.00,$,x,A1", "line 2 has no currency")]
    [InlineData("2026-11-25,15.00,USD,x", "line 2 has not the 5 columns")]
    [InlineData("2026-11-25,15.00,USD,x,A1,more", "line 2 has not the 5 columns")]
    [InlineData("2026-11-25,15.00,USD,x,", "an entry's id must have")]
    [InlineData("2026-11-25,15.00,USD,x,A1\n2026-11-26,15.00,USD,y,A1", "the entry 'A1' stands there twice")]
    public void One_bad_line_refuses_the_file_and_says_which(string lines, string why) => Assert.StartsWith(why, Refused(Heading + lines), StringComparison.Ordinal);

    [Fact]
    public void A_quotation_mark_that_is_never_closed_and_a_field_without_end_are_refused()
    {
        Refused(Heading + "2026-11-25,15.00,USD,\"x,A1\n2026-11-25,15.00,USD,y,A2\n");
        Refused(Heading + $"2026-11-25,15.00,USD,{new string('x', 5_000)},A1\n");
    }

    [Fact]
    public void What_is_not_utf8_is_refused() => Assert.Throws<Refill.Payments.StatementException>(() => Read([.. Encoding.UTF8.GetBytes(Heading), 0xFF, 0xC0, 0x80]));

    [Fact]
    public void Whatever_bytes_it_has_a_file_is_read_or_refused()
    {
        Gen.Byte.Array[0, 200].Sample(bytes => IsReadOrRefused([.. Encoding.UTF8.GetBytes(Heading), .. bytes]));
        Gen.String[Gen.Char["20-61,.\"\nUSD "], 0, 80].Sample(text => IsReadOrRefused(Encoding.UTF8.GetBytes(Heading + text)));
    }
}
