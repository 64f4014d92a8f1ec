using System.IO.Compression;
using System.Text;
using Refill.Catalogue;
using Refill.Storage;
using Refill.Units;

namespace Refill.Tests.Catalogue;

public sealed class PriceListOnSqliteTests() : PriceListTests(DatabaseKind.Sqlite);

public sealed class PriceListOnPostgresTests() : PriceListTests(DatabaseKind.Postgres);

/// <summary>Price lists of other people, read by a mapping; what changes is said before it does; prices begin when they are to.</summary>
public abstract class PriceListTests(DatabaseKind kind) : CatalogueTestBase(kind)
{
    private const string Mapping = """
        {
          "columns": {
            "carrier_code": { "from": "provider", "as": "code" },
            "carrier_name": { "from": "provider", "html": true },
            "connector": { "is": "reloadly" },
            "connector_reference": { "is": "9101" },
            "time_zone": { "is": "America/New_York" },
            "plan_code": { "from": ["provider", "id"], "as": "code" },
            "plan_name": { "from": "name", "html": true },
            "carrier_product": { "from": "id" },
            "price_usd": { "from": "price", "as": "dollars" },
            "full_speed": { "from": "mb", "as": "megabytes", "words": { "-1": "unlimited" }, "empty": "not stated", "suffix": { "column": "per", "is": "day", "text": "/day" } },
            "after_quota": { "from": "kbps", "as": "throttled-kbps", "empty": "not stated" },
            "voice_minutes": { "is": "not stated" },
            "sms": { "is": "not stated" },
            "hotspot": { "from": "tethering", "words": { "True": "yes", "False": "no" }, "empty": "not stated" },
            "validity": { "from": "days", "as": "days" },
            "activation": { "is": "first use" },
            "verified": { "is": "no" },
            "source": { "is": "a list" }
          },
          "skip": [ { "column": "ekyc", "is": "True", "reason": "wants an identity document" } ]
        }
        """;

    private const string Heading = "id,provider,name,mb,days,per,price,kbps,tethering,ekyc,something else";

    [Fact]
    public async Task A_price_list_is_read_by_its_mapping()
    {
        var report = await ImportAsync($"{Heading}\n68db,Gig &amp; Sky,US &amp; Canada,200,1,day,0.9181700100254037,128.0,True,False,x\n68dc,Gig &amp; Sky,More,-1,30.0,,10.0,,,,\n68dd,Gig &amp; Sky,No,1,1,,1,,,True,\n");

        Assert.Equal((true, 2, 0), (report.Done, report.Added, report.Bad.Count));
        Assert.Equal([new BadRow(4, "row", "wants an identity document")], report.Skipped);
        var plans = await Reader.PlansOfAsync("gig-amp-sky", Time.GetUtcNow(), Token);
        var daily = plans.Single(plan => plan.IsDaily);
        Assert.Equal(("gig-amp-sky-68db", "US & Canada", Money.Usd(92), Allowance.Of(200_000_000), 128), (daily.Code, daily.Name, daily.Price, daily.FullSpeed, daily.ThrottleKbps));
        Assert.Equal((Hotspot.Yes, AfterQuota.Throttled, new ValidityRule(1, ValidityClock.CalendarDays, Activation.OnFirstUse, "America/New_York")), (daily.Hotspot, daily.AfterQuota, daily.Validity));
        var other = plans.Single(plan => !plan.IsDaily);
        Assert.Equal((Allowance.Unlimited, Money.Usd(1000), 30, Hotspot.NotStated, AfterQuota.NotStated), (other.FullSpeed, other.Price, other.Validity.Count, other.Hotspot, other.AfterQuota));
    }

    [Fact]
    public async Task A_workbook_is_read_as_a_CSV_is()
    {
        var rows = new[] { Heading.Split(','), ["68db", "Mint", "5 GB", "5000", "30", "", "15.1", "128", "", "", ""], ["68dc", "Mint", "10 GB", "10000", "30", "", "20", "", "", "", ""] };
        var report = await Import.ImportAsync(new MemoryStream(Workbook(rows)), new ImportOptions(Time.GetUtcNow()) { Mapping = Map() }, Token);

        Assert.True(report.Done, report.ToString());
        Assert.Equal([Money.Usd(1510), Money.Usd(2000)], (await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token)).Select(plan => plan.Price));
    }

    [Fact]
    public async Task Bad_rows_keep_all_out_or_only_themselves_and_each_is_named()
    {
        const string Rows = Heading + "\na,Mint,A,5000,30,,15,,,,\nb,Mint,B,x,30,,15,,,,\na,Mint,A again,5000,30,,15,,,,\nc,Mint,C,5000,30,,free,,,,\n";
        var all = await ImportAsync(Rows);
        Assert.Equal((false, 3), (all.Done, all.Bad.Count));
        Assert.Empty(await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token));

        var some = await ImportAsync(Rows, options => options with { LeaveBadOut = true });
        Assert.Equal((true, 1), (some.Done, some.Added));
        Assert.Equal([(3, "full_speed"), (4, "plan_code"), (5, "price_usd")], some.Bad.Select(bad => (bad.Line, bad.Column)));
    }

    [Fact]
    public async Task Nothing_is_withdrawn_while_a_row_cannot_be_read()
    {
        await ImportAsync($"{Heading}\na,Mint,A,5000,30,,15,,,,\nb,Mint,B,5000,30,,15,,,,\n");

        var report = await ImportAsync($"{Heading}\na,Mint,A,5000,30,,15,,,,\nb,Mint,B,x,30,,15,,,,\n", options => options with { LeaveBadOut = true, WithdrawMissing = true });

        Assert.Equal((false, 1), (report.Done, report.Bad.Count));
        Assert.Equal(2, (await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token)).Count);
    }

    [Fact]
    public async Task A_preview_says_what_would_change_and_changes_nothing()
    {
        await ImportAsync($"{Heading}\na,Mint,A,5000,30,,15,,,,\nb,Mint,B,5000,30,,15,,,,\n");
        const string Next = Heading + "\na,Mint,A new,5000,30,,12.5,,,,\nc,Mint,C,5000,30,,15,,,,\n";

        var preview = await ImportAsync(Next, options => options with { Preview = true, WithdrawMissing = true });

        Assert.Equal(["~ mint-a  Name: 'A' → 'A new'; $15.00 → $12.50", "+ mint-c  C; $15.00", "- mint-b  B"], preview.Changes.Select(change => change.ToString().Replace("15.00 USD", "$15.00", StringComparison.Ordinal).Replace("12.50 USD", "$12.50", StringComparison.Ordinal)));
        Reader.Forget();
        Assert.Equal(["A", "B"], (await Reader.PlansOfAsync("mint", Time.GetUtcNow(), Token)).Select(plan => plan.Name));
        Assert.Equal((1, 1, 1), await ImportAsync(Next, options => options with { WithdrawMissing = true }) is var done ? (done.Added, done.Changed, done.Withdrawn) : default);
    }

    [Fact]
    public async Task A_price_begins_when_it_is_to_and_a_later_one_stays_planned()
    {
        var sale = Time.GetUtcNow().AddDays(10);
        await ImportAsync($"{Heading}\na,Mint,A,5000,30,,15,,,,\n");
        await ImportAsync($"{Heading}\na,Mint,A,5000,30,,12,,,,\n", options => options with { PricesFrom = sale });
        Assert.Equal((Money.Usd(1500), Money.Usd(1200)), (await PriceAsync(sale.AddSeconds(-1)), await PriceAsync(sale)));

        // A new price of today leaves the one of the sale; said again for the same moment, that one is changed; the same again changes nothing.
        Time.Advance(TimeSpan.FromHours(2));
        await ImportAsync($"{Heading}\na,Mint,A,5000,30,,16,,,,\n");
        Assert.Equal((Money.Usd(1600), Money.Usd(1200)), (await PriceAsync(Time.GetUtcNow()), await PriceAsync(sale)));
        Assert.Equal(1, (await ImportAsync($"{Heading}\na,Mint,A,5000,30,,11,,,,\n", options => options with { PricesFrom = sale })).Changed);
        Assert.Equal((Money.Usd(1600), Money.Usd(1100)), (await PriceAsync(sale.AddSeconds(-1)), await PriceAsync(sale)));
        Assert.Equal(1, (await ImportAsync($"{Heading}\na,Mint,A,5000,30,,11,,,,\n", options => options with { PricesFrom = sale })).Unchanged);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{ "columns": { "carrier_code": null } }""")]
    [InlineData("""{ "columns": { "no_such": { "is": "x" } } }""")]
    [InlineData("""{ "columns": { "carrier_code": { "is": "x", "from": "y" } } }""")]
    [InlineData("""{ "columns": { "carrier_code": { "from": [] } } }""")]
    [InlineData("""{ "columns": { "carrier_code": { "from": [null] } } }""")]
    [InlineData("""{ "columns": { "carrier_code": { "from": "y", "as": "poetry" } } }""")]
    [InlineData("""{ "columns": { "carrier_code": { "is": "x" } } }""")]
    public void A_mapping_that_cannot_work_is_refused_with_a_reason(string json) =>
        Assert.NotEmpty(Assert.Throws<MappingException>(() => PriceListMapping.Read(Encoding.UTF8.GetBytes(json))).Message);

    [Theory]
    [InlineData("id,provider,name\n1,2,3\n", "is missing")]
    [InlineData("id," + Heading + "\n", "stands twice")]
    [InlineData("", "is empty")]
    [InlineData(Heading + "\n", "has a heading and nothing else")]
    [InlineData(Heading + "\na,b\n", "cells")]
    public async Task A_list_that_does_not_fit_its_mapping_is_refused(string list, string reason)
    {
        var report = await ImportAsync(list);
        Assert.False(report.Done);
        Assert.Contains(report.Bad, bad => bad.Reason.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_only_looks_like_a_workbook_is_refused()
    {
        var whole = Workbook([["a"], ["b"]]);
        foreach (var bytes in new[] { "PK\u0003\u0004 and then nothing"u8.ToArray(), whole[..(whole.Length / 2)], Zip(("something.txt", "else")) })
        {
            var report = await Import.ImportAsync(new MemoryStream(bytes), new ImportOptions(Time.GetUtcNow()) { Mapping = Map() }, Token);
            Assert.False(report.Done);
            Assert.Contains("workbook", Assert.Single(report.Bad).Reason, StringComparison.Ordinal);
        }
    }

    private static PriceListMapping Map() => PriceListMapping.Read(Encoding.UTF8.GetBytes(Mapping));

    private async Task<Money?> PriceAsync(DateTimeOffset at)
    {
        Reader.Forget();
        return (await Reader.FindPlanAsync("mint-a", at, Token)).Plan?.Price;
    }

    private Task<ImportReport> ImportAsync(string list, Func<ImportOptions, ImportOptions>? change = null)
    {
        var options = new ImportOptions(Time.GetUtcNow()) { Mapping = Map() };
        return Import.ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(list)), change?.Invoke(options) ?? options, Token);
    }

    /// <summary>The least that a workbook must hold: numbers as numbers, everything else as text in its cell.</summary>
    private static byte[] Workbook(IEnumerable<IReadOnlyList<string>> rows)
    {
        var cells = string.Concat(rows.Select((row, line) => $"<row r=\"{line + 1}\">{string.Concat(row.Select((cell, column) => Cell($"{(char)('A' + column)}{line + 1}", cell)))}</row>"));
        return Zip(
            ("[Content_Types].xml", """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""),
            ("_rels/.rels", """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"""),
            ("xl/workbook.xml", """<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Plans" sheetId="1" r:id="r1"/></sheets></workbook>"""),
            ("xl/_rels/workbook.xml.rels", """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"""),
            ("xl/worksheets/sheet1.xml", $"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{cells}</sheetData></worksheet>"));

        static string Cell(string at, string text) => text.Length == 0 ? ""
            : decimal.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _) ? $"<c r=\"{at}\"><v>{text}</v></c>"
            : $"<c r=\"{at}\" t=\"inlineStr\"><is><t>{System.Security.SecurityElement.Escape(text)}</t></is></c>";
    }

    private static byte[] Zip(params IEnumerable<(string Name, string Text)> files)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var writer = new StreamWriter(zip.CreateEntry(name).Open());
                writer.Write(text);
            }
        }

        return bytes.ToArray();
    }
}
