using System.Diagnostics;
using System.Text;
using CsCheck;
using Refill.Payments.Transfers;
using Refill.Units;
using static Refill.Tests.Payments.Transfers.CamtMaker;

namespace Refill.Tests.Payments.Transfers;

/// <summary>camt.053: what is taken of it, and what is not.</summary>
public sealed class CamtStatementTests
{
    [Theory]
    [InlineData("02", "<Sts>BOOK</Sts>")]
    [InlineData("04", "<Sts>BOOK</Sts>")]
    [InlineData("08", "<Sts><Cd>BOOK</Cd></Sts>")]
    [InlineData("11", "<Sts><Cd>BOOK</Cd></Sts>")]
    public void A_booked_credit_is_read_in_every_version(string version, string status)
    {
        var statement = Read(Document(Statement(Entry("15.00", "RF12 abc", status: status)), version));

        var entry = Assert.Single(statement.Entries);
        Assert.Equal(("B1", BankEntryKind.Credit, Money.Usd(1500), new DateOnly(2026, 11, 25)), (entry.Id, entry.Kind, entry.Amount, entry.ValueDate));
        Assert.Contains("RF12 abc", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_namespace_or_with_a_prefix_it_is_the_same()
    {
        var xml = Document(Statement(Entry()));
        var prefixed = System.Text.RegularExpressions.Regex.Replace(xml.Replace("xmlns=", "xmlns:c=", StringComparison.Ordinal), "<(/?)(?=[A-Z])", "<$1c:");

        Assert.Equal(Read(xml).Entries.Single().Id, Read(prefixed).Entries.Single().Id);
        Assert.Single(Read(xml.Replace(" xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"", "", StringComparison.Ordinal)).Entries);
    }

    [Fact]
    public void Debits_what_is_not_booked_other_currencies_and_nothing_are_left_out()
    {
        var statement = Read(Document(Statement(
            Entry(direction: "DBIT", reference: "A")
            + Entry(status: "<Sts>PDNG</Sts>", reference: "B")
            + Entry(status: "<Sts><Cd>INFO</Cd></Sts>", reference: "C")
            + Entry(status: "<Sts><Prtry>BOOK?</Prtry></Sts>", reference: "D")
            + Entry(currency: "EUR", reference: "E")
            + Entry("0.00", reference: "F")
            + Entry(reference: "G"))));

        Assert.Equal(["G"], statement.Entries.Select(entry => entry.Id));
        Assert.Equal(6, statement.Skipped);
    }

    [Fact]
    public void Reversals_are_no_credits_but_a_persons()
    {
        var statement = Read(Document(Statement(
            Entry(reference: "A") + Entry(direction: "DBIT", more: "<RvslInd>true</RvslInd>", reference: "A") + Entry(more: "<RvslInd>1</RvslInd>", reference: "B") + Entry(more: "<RvslInd>false</RvslInd>", reference: "C"))));

        Assert.Equal(
            [("A", BankEntryKind.Credit, 1500), ("A reversal", BankEntryKind.Unclear, -1500), ("B reversal", BankEntryKind.Unclear, 1500), ("C", BankEntryKind.Credit, 1500L)],
            statement.Entries.Select(entry => (entry.Id, entry.Kind, entry.Amount.Minor)));
    }

    [Fact]
    public void Of_several_accounts_only_ours_is_read_and_without_ours_the_file_is_refused()
    {
        const string Others = "<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>";
        const string OurEuros = "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>";

        Assert.Equal("B", Read(Document(Statement(Entry(reference: "A"), Others) + Statement(Entry(reference: "B")) + Statement(Entry(reference: "C"), OurEuros))).Entries.Single().Id);
        Assert.Equal("it holds no statement of our account (…3000 in USD)", Refused(Document(Statement(Entry(), Others))));
        Assert.Equal("it holds no statement of our account (…3000 in USD)", Refused(Document(Statement(Entry(), OurEuros))));
        Assert.Contains("which account", Refused(Document(Statement(Entry(), account: ""))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_account_that_is_no_iban_is_read_too() => Assert.Single(Read(Document(Statement(Entry(), "<Acct><Id><Othr><Id>DE89 3704 0044 0532 0130 00</Id></Othr></Id></Acct>"))).Entries);

    [Fact]
    public void Every_place_where_a_reference_may_stand_is_read()
    {
        var details = "<TxDtls><Refs><EndToEndId>in the end to end id</EndToEndId></Refs><RmtInf><Ustrd>in one</Ustrd><Ustrd>and another</Ustrd><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>structured</Ref></CdtrRefInf>"
            + "<AddtlRmtInf>additional</AddtlRmtInf></Strd></RmtInf><AddtlTxInf>of the payment</AddtlTxInf></TxDtls>";
        var text = Read(Document(Statement(Entry(details: details).Replace("</Ntry>", "<AddtlNtryInf>of the entry</AddtlNtryInf></Ntry>", StringComparison.Ordinal)))).Entries.Single().Text;

        Assert.All(["in the end to end id", "in one", "and another", "structured", "additional", "of the payment", "of the entry"], words => Assert.Contains(words, text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_reference_that_the_bank_broke_into_two_lines_is_found()
    {
        var reference = TransferReference.Of(CellId.New(new Cell(7), DateTimeOffset.UtcNow));
        var text = Read(Document(Statement(Entry(text: $"order {reference[..9]}</Ustrd><Ustrd>{reference[9..]} of today")))).Entries.Single().Text;

        Assert.Equal([reference], TransferReference.FindIn(text));
    }

    [Fact]
    public void A_batch_is_as_many_credits_as_it_has_parts_if_they_are_its_sum()
    {
        var parts = Details("one", amount: "<Amt Ccy=\"USD\">10.00</Amt>") + Details("two", amount: "<AmtDtls><TxAmt><Amt Ccy=\"USD\">7.000</Amt></TxAmt></AmtDtls>")
            + Details("taken off", amount: "<Amt Ccy=\"USD\">2.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>");
        var named = Details("one", "<AcctSvcrRef>X</AcctSvcrRef>", "<Amt Ccy=\"USD\">10.00</Amt>") + Details("two", "<AcctSvcrRef>Y</AcctSvcrRef>", "<Amt Ccy=\"USD\">5.00</Amt>");

        Assert.Equal([("B1/1", 1000), ("B1/2", 700L)], Read(Document(Statement(Entry(details: parts)))).Entries.Select(entry => (entry.Id, entry.Amount.Minor)));
        Assert.Equal(["B1/X", "B1/Y"], Read(Document(Statement(Entry(details: named)))).Entries.Select(entry => entry.Id));
        Assert.All([parts.Replace("10.00", "10.01", StringComparison.Ordinal), named.Replace("<Amt Ccy=\"USD\">5.00</Amt>", "", StringComparison.Ordinal), named.Replace("USD", "EUR", StringComparison.Ordinal)], details =>
            Assert.Equal(("B1", BankEntryKind.Unclear), Read(Document(Statement(Entry(details: details)))).Entries.Select(entry => (entry.Id, entry.Kind)).Single()));
    }

    [Fact]
    public void An_entry_is_known_by_the_banks_reference_else_by_its_number_within_the_statement_else_by_what_names_the_payment()
    {
        Assert.Equal("B1", IdOf(Entry(number: "7")));
        Assert.Equal("T1", IdOf(Entry(reference: null, number: "7", details: Details("", "<AcctSvcrRef>T1</AcctSvcrRef>"))));
        Assert.Equal("S1/7", IdOf(Entry(reference: "NONREF", number: "7")));
        Assert.Equal("2026-11-24/E2E", IdOf(Entry(reference: null, details: Details("", "<EndToEndId>E2E</EndToEndId>"))));
        Assert.Equal("2026-11-24/U-1", IdOf(Entry(reference: null, details: Details("", "<EndToEndId>E2E</EndToEndId><UETR>U-1</UETR>"))));
        Assert.Contains("could not be told", Refused(Document(Statement(Entry(reference: null)))), StringComparison.Ordinal);
        Assert.Contains("stands there twice", Refused(Document(Statement(Entry() + Entry()))), StringComparison.Ordinal);

        static string IdOf(string entry) => Read(Document(Statement(entry))).Entries.Single().Id;
    }

    [Theory]
    [InlineData("15")]
    [InlineData("15.0")]
    [InlineData("15.00000")]
    public void Amounts_have_as_many_decimals_as_the_standard_allows(string amount) => Assert.Equal(Money.Usd(1500), Read(Document(Statement(Entry(amount)))).Entries.Single().Amount);

    [Theory]
    [InlineData("15.001")]
    [InlineData("-15.00")]
    [InlineData("1e3")]
    [InlineData("1,500.00")]
    [InlineData("99999999999999999999")]
    [InlineData("")]
    [InlineData(".")]
    public void An_amount_that_is_none_refuses_the_file(string amount) => Assert.Equal("an amount is none", Refused(Document(Statement(Entry(amount)))));

    [Theory]
    [InlineData("<ValDt><Dt>2026-11-25</Dt></ValDt>", "<ValDt><DtTm>2026-11-25T10:00:00+08:00</DtTm></ValDt>", true)]
    [InlineData("<ValDt><Dt>2026-11-25</Dt></ValDt>", "", true)]
    [InlineData("2026-11-25</Dt></ValDt>", "25.11.2026</Dt></ValDt>", false)]
    [InlineData("2026-11-25</Dt></ValDt>", "1926-11-25</Dt></ValDt>", false)]
    [InlineData("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd>BOTH</CdtDbtInd><Sts>", false)]
    [InlineData("<Sts><Cd>BOOK</Cd></Sts>", "", false)]
    public void What_an_entry_must_say_it_says_or_the_file_is_refused(string part, string instead, bool good)
    {
        var xml = Document(Statement(Entry()));
        Assert.Contains(part, xml, StringComparison.Ordinal);
        var changed = xml.Replace(part, instead, StringComparison.Ordinal);

        Assert.Equal(good, Record.Exception(() => Read(changed)) is null);
    }

    [Theory]
    [InlineData("""<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Document>&c;</Document>""")]
    [InlineData("""<?xml version="1.0"?><!DOCTYPE Document SYSTEM "file:///etc/passwd"><Document/>""")]
    [InlineData("""<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]><Document>&a;</Document>""")]
    [InlineData("<Document><BkToCstmrStmt><Stmt>")]
    [InlineData("<Document>&nbsp;</Document>")]
    [InlineData("<Document></Dokument>")]
    [InlineData("<")]
    public void Bad_xml_and_any_dtd_are_refused(string xml) => Assert.StartsWith("the file is no sound XML without a DTD", Refused(xml), StringComparison.Ordinal);

    [Theory]
    [InlineData("<Document><BkToCstmrAcctRpt/></Document>")]
    [InlineData("<Document/>")]
    [InlineData("<Html><BkToCstmrStmt/></Html>")]
    public void Other_xml_is_refused(string xml) => Assert.Contains("no camt.053", Refused(xml), StringComparison.Ordinal);

    [Fact]
    public void What_is_nested_endlessly_or_longer_than_allowed_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 100_000)) + string.Concat(Enumerable.Repeat("</a>", 100_000));

        Assert.Contains("deep", Refused(Document(Statement($"<Ntry>{deep}</Ntry>"))), StringComparison.Ordinal);
        Assert.Contains("characters", Refused(Document(Statement(Entry(text: new string('x', 20_000))))), StringComparison.Ordinal);
        Assert.Contains("larger than 20 MiB", Refused(Document(Statement(Entry())) + new string(' ', BankStatementFile.MostBytes)), StringComparison.Ordinal);
        Assert.Single(Read(Document($"<Other>{deep}</Other>" + Statement(Entry()))).Entries);
    }

    [Fact]
    public void A_file_of_twenty_megabytes_is_read_in_seconds()
    {
        var entries = new StringBuilder();
        for (var number = 0; number < 30_000; number++)
        {
            entries.Append(Entry(reference: $"B{number}"));
        }

        var clock = Stopwatch.StartNew();

        Assert.Equal(30_000, Read(Document(Statement(entries.ToString()))).Entries.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
        Assert.Contains("import it in parts", Refused(Document(Statement(string.Concat(Enumerable.Repeat("<Ntry><Amt Ccy=\"USD\">1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>", 50_001))))), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_bytes_it_has_a_file_is_read_or_refused()
    {
        Gen.Byte.Array[0, 200].Sample(IsReadOrRefused);
        Gen.Byte.Array[0, 200].Sample(bytes => IsReadOrRefused([(byte)'<', .. bytes]));

        var good = Encoding.UTF8.GetBytes(Document(Statement(Entry(text: "RF00") + Entry(reference: "B2", details: Details("a", amount: "<Amt Ccy=\"USD\">10.00</Amt>") + Details("b", amount: "<Amt Ccy=\"USD\">5.00</Amt>")))));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, end) =>
        {
            var spoilt = good.ToArray();
            spoilt[at] = value;
            return IsReadOrRefused(spoilt) && IsReadOrRefused(good[..end]);
        });
    }
}
