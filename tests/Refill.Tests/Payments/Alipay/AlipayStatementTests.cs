using System.Globalization;
using System.IO.Compression;
using System.Net;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Payments.Alipay.Bills;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Alipay's bills of a day (failure case 5: what no notification told stands there).</summary>
public sealed class AlipayStatementTests : IDisposable
{
    private const string Order = "0123456789abcdef0123456789abcdef";
    private static readonly DateOnly Day = new(2026, 11, 22);
    private static readonly string[] Rows =
    [
        BillMaker.Row("2026112222001", Order, "交易", "106.50", "-0.64"),
        BillMaker.Row("2026112222002", "", "交易", "20.00", "-0.12", remark: "\"paid, at the counter\""),
        BillMaker.Row("2026112222001", Order, "退款", "-106.50", "0.64", Order + "R1"),
    ];

    private static readonly string Closing = BillMaker.Closing(2, "126.50", 1, "-106.50");
    private static readonly string Sums = BillMaker.Sums(2, 1, "20.00", "-0.12", "19.88");
    private readonly AlipayWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bill_is_read_row_by_row_and_fees_are_what_Alipay_keeps()
    {
        Serve(BillMaker.Trades(BillMaker.Details(Rows, Closing), Sums));
        var rows = await ReadAsync(withdrawals: false);
        var at = new DateTimeOffset(2026, 11, 22, 2, 55, 23, TimeSpan.Zero);
        Assert.Equal(
            [
                new StatementRow(6, StatementKind.Payment, Order, null, "2026112222001", Money.Cny(10650), Money.Cny(64), at, "交易"),
                new StatementRow(7, StatementKind.Payment, null, null, "2026112222002", Money.Cny(2000), Money.Cny(12), at, "交易"),
                new StatementRow(8, StatementKind.Refund, Order, Order + "R1", "2026112222001", Money.Cny(-10650), Money.Cny(-64), at, "退款"),
            ],
            rows);
        Assert.Equal(["alipay.data.dataservice.bill.downloadurl.query"], wire.Called);
        Assert.Equal(("trade", "2026-11-22"), (wire.Content.GetProperty("bill_type").GetString(), wire.Content.GetProperty("bill_date").GetString()));
    }

    [Fact]
    public async Task Fees_that_are_written_without_a_minus_are_told_by_what_is_left()
    {
        string[] rows = [BillMaker.Row("1", Order, "交易", "106.50", "0.64"), BillMaker.Row("2", Order, "退款", "-50.00", "-0.30", "R1")];
        Serve(BillMaker.Trades(BillMaker.Details(rows, BillMaker.Closing(1, "106.50", 1, "-50.00")), BillMaker.Sums(1, 1, "56.50", "0.34", "56.16")));
        Assert.Equal([Money.Cny(64), Money.Cny(-30)], (await ReadAsync(withdrawals: false)).Select(row => row.Fee));
    }

    [Fact]
    public async Task Another_word_than_payment_and_refund_is_laid_before_a_person()
    {
        Serve(BillMaker.Trades(BillMaker.Details([BillMaker.Row("1", Order, "代扣", "1.00", "0.00")], BillMaker.Closing(0, "0.00", 0, "0.00")), BillMaker.Sums(0, 0, "0.00", "0.00", "0.00")));
        Assert.Equal((StatementKind.Other, "代扣"), Assert.Single((await ReadAsync(withdrawals: false)).Select(row => (row.Kind, row.Text))));
    }

    public static TheoryData<string> Unfit =>
        ["a column renamed", "a column more", "columns swapped", "another day", "another seller", "a wrong sum", "a wrong count", "no closing", "sums disagree", "net disagrees", "no sums", "a short row", "a word for a number", "a positive refund", "no end", "rows after the end", "another day's sums"];

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task A_bill_that_is_not_what_is_known_is_refused_whole(string what)
    {
        var (details, sums) = (BillMaker.Details(Rows, Closing), Sums);
        string Headings(string headings) => BillMaker.Details(Rows, Closing, headings);
        (details, sums) = what switch
        {
            "a column renamed" => (Headings(BillMaker.Headings.Replace("服务费", "手续费", StringComparison.Ordinal)), sums),
            "a column more" => (Headings(BillMaker.Headings + ",new"), sums),
            "columns swapped" => (Headings(BillMaker.Headings.Replace("订单金额（元）,商家实收（元）", "商家实收（元）,订单金额（元）", StringComparison.Ordinal)), sums),
            "another day" => (BillMaker.Details(Rows, Closing, day: "2026年11月21日"), sums),
            "another seller" => (BillMaker.Details(Rows, Closing, account: "2088999999999999"), sums),
            "a wrong sum" => (details.Replace("商家实收共126.50元", "商家实收共126.51元", StringComparison.Ordinal), sums),
            "a wrong count" => (details.Replace("退款合计：1笔", "退款合计：2笔", StringComparison.Ordinal), sums),
            "no closing" => (BillMaker.Details(Rows, ""), sums),
            "sums disagree" => (details, BillMaker.Sums(2, 1, "21.00", "-0.12", "20.88")),
            "net disagrees" => (details, BillMaker.Sums(2, 1, "20.00", "-0.12", "19.00")),
            "no sums" => (details, sums.Replace("合计\t,合计", "X\t,X", StringComparison.Ordinal)),
            "a short row" => (details.Replace("充值 5GB,", "", StringComparison.Ordinal), sums),
            "a word for a number" => (details.Replace("106.50,106.50", "many,106.50", StringComparison.Ordinal), sums),
            "a positive refund" => (details.Replace("-106.50,-106.50", "106.50,-106.50", StringComparison.Ordinal), sums),
            "no end" => (details[..details.IndexOf("#----业务明细列表结束", StringComparison.Ordinal)], sums),
            "rows after the end" => (details + Rows[0] + "\r\n", sums),
            _ => (details, BillMaker.Sums(2, 1, "20.00", "-0.12", "19.88", day: "2026年11月21日")),
        };
        Serve(BillMaker.Trades(details, sums));
        Assert.False((await Assert.ThrowsAsync<StatementException>(() => ReadAsync(withdrawals: false))).MayPass);
    }

    [Fact]
    public void Any_bill_that_is_cut_short_or_has_a_flipped_bit_is_refused_or_the_same()
    {
        var good = BillMaker.Trades(BillMaker.Details(Rows, Closing), Sums);
        var expected = Outcome(good);
        Assert.StartsWith("3 ", expected, StringComparison.Ordinal);
        Gen.Int[0, good.Length - 1].Sample(length => Outcome(good[..length]) is "refused", iter: 300);
        Gen.Int[0, (good.Length * 8) - 1].Sample(bit =>
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            return Outcome(bad) is var outcome && (outcome == "refused" || outcome == expected); // Dates and flags of the zip itself say nothing of the rows.
        }, iter: 2000);
        Gen.Byte.Array[0, 500].Sample(bytes => Outcome(bytes) is "refused", iter: 500);

        string Outcome(byte[] file)
        {
            using var own = new AlipayWire();
            Serve(own, file);
            try
            {
                var rows = ReadAsync(own, withdrawals: false, cancellation: TestContext.Current.CancellationToken).GetAwaiter().GetResult();
                return $"{rows.Count} {string.Join(' ', rows)}";
            }
            catch (StatementException)
            {
                return "refused";
            }
        }
    }

    [Fact]
    public void Cells_come_back_as_they_were_written() => Gen.String[Gen.Char["ab ,\"值\t"], 0, 8].Array[1, 6].Sample(cells =>
        BillLines.Cells(string.Join(',', cells.Select(cell => cell.AsSpan().ContainsAny(",\"") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell)))!.SequenceEqual(cells.Select(cell => cell.Trim())), iter: 3000);

    [Theory]
    [InlineData("""{"code":"40004","sub_code":"isp.bill_not_exist"}""", "empty")]
    [InlineData("""{"code":"10000","bill_file_code":"EMPTY_DATA_WITH_BILL_FILE","bill_download_url":"http:\/\/127.0.0.1:9\/bill"}""", "empty")]
    [InlineData("""{"code":"40004","sub_code":"BILL_NOT_EXIST"}""", "may pass")]
    [InlineData("""{"code":"20000","sub_code":"isp.unknow-error"}""", "may pass")]
    [InlineData("""{"code":"40006","sub_code":"isv.insufficient-isv-permissions"}""", "unfit")]
    [InlineData("""{"code":"10000","bill_download_url":"file:\/\/\/etc\/passwd"}""", "unfit")]
    [InlineData("""{"code":"10000"}""", "unfit")]
    public async Task A_day_without_a_bill_is_empty_and_a_bill_that_cannot_be_had_is_no_empty_day(string node, string expected)
    {
        wire.Says(AlipayWireBody(node));
        if (expected == "empty")
        {
            Assert.Empty(await ReadAsync(withdrawals: true));
        }
        else
        {
            Assert.Equal(expected == "may pass", (await Assert.ThrowsAsync<StatementException>(() => ReadAsync(withdrawals: true))).MayPass);
        }
    }

    [Fact]
    public async Task Before_half_past_nine_in_Beijing_nothing_is_asked()
    {
        var statement = Statement(wire, withdrawals: true);
        Assert.Equal(("alipay", "Asia/Shanghai", new DateTimeOffset(2026, 11, 24, 1, 30, 0, TimeSpan.Zero)), (statement.Name, statement.TimeZone, statement.ReadyAt(Day.AddDays(1))));
        wire.Time.SetUtcNow(statement.ReadyAt(Day.AddDays(1)).AddSeconds(-1));
        Assert.True((await Assert.ThrowsAsync<StatementException>(async () => await statement.ReadAsync(Day.AddDays(1), Token).FirstAsync(Token))).MayPass);
        Assert.Empty(wire.Called);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(302)]
    [InlineData(0)]
    public async Task A_file_that_does_not_come_may_come_later(int status)
    {
        Serve([]);
        wire.Download = _ => status == 0 ? throw new HttpRequestException("gone") : new HttpResponseMessage((HttpStatusCode)status);
        Assert.True((await Assert.ThrowsAsync<StatementException>(() => ReadAsync(withdrawals: false))).MayPass);
    }

    [Fact]
    public async Task Longer_files_and_lines_than_are_allowed_are_refused()
    {
        var good = BillMaker.Trades(BillMaker.Details(Rows, Closing), Sums);
        foreach (var limits in new[] { new BillLimits { ZipBytes = good.Length - 1 }, new BillLimits { FileBytes = 500 }, new BillLimits { LineLength = 200 }, new BillLimits { Files = 1 } })
        {
            Serve(good);
            Assert.False((await Assert.ThrowsAsync<StatementException>(() => ReadAsync(wire, withdrawals: false, limits, Token))).MayPass);
        }
    }

    [Fact]
    public async Task Withdrawals_to_the_bank_come_from_the_bill_of_the_account()
    {
        Serve(BillMaker.Zip(
            ("x_账务明细(汇总).csv", "anything"),
            ("x_账务明细.csv", BillMaker.Account(
                [
                    "101\t,2026112222001\t,o1\t,充值,2026-11-22 10:55:23,*津水\t,106.50,0.00,206.50,支付宝\t,在线支付\t,",
                    "102\t,2026112222001\t,\t,服务费,2026-11-22 10:55:23,\t,0.00,-0.64,205.86,支付宝\t,收费\t,",
                    "103\t,2026112222009\t,\t,,2026-11-22 23:10:00,招商银行\t,0.00,-200.00,5.86,支付宝\t,提现\t,",
                ],
                "#支出合计：2笔，共-200.64元\r\n#收入合计：1笔，共106.50元\r\n"))));
        wire.Script(("alipay.data.dataservice.bill.downloadurl.query", """{"code":"40004","sub_code":"isp.bill_not_exist"}"""), ("alipay.data.dataservice.bill.downloadurl.query", Ready));
        var row = Assert.Single(await ReadAsync(withdrawals: true));
        Assert.Equal(new StatementRow(8, StatementKind.Settlement, null, null, "103", Money.Cny(-20000), Money.Cny(0), new DateTimeOffset(2026, 11, 22, 15, 10, 0, TimeSpan.Zero), "提现"), row);
        Assert.Equal("signcustomer", wire.Content.GetProperty("bill_type").GetString());
    }

    [Theory]
    [InlineData("账务流水号,业务流水号,商户订单号,收入金额（+元）,支出金额（-元）,账户余额（元）,发生时间,备注", "#支出合计：0笔，共0.00元\r\n#收入合计：0笔，共0.00元\r\n")]
    [InlineData(BillMaker.AccountHeadings, "#支出合计：1笔，共0.00元\r\n#收入合计：0笔，共0.00元\r\n")]
    public async Task A_bill_of_the_account_with_other_columns_or_sums_is_refused(string headings, string closing)
    {
        Serve(BillMaker.Zip(("x_账务明细.csv", BillMaker.Account([], closing, headings))));
        wire.Script(("alipay.data.dataservice.bill.downloadurl.query", """{"code":"40004","sub_code":"isp.bill_not_exist"}"""), ("alipay.data.dataservice.bill.downloadurl.query", Ready));
        Assert.False((await Assert.ThrowsAsync<StatementException>(() => ReadAsync(withdrawals: true))).MayPass);
    }

    [Fact]
    public async Task The_file_is_only_its_owners_while_it_is_read_and_has_no_name()
    {
        var before = Spooled();
        Serve(BillMaker.Trades(BillMaker.Details(Rows, Closing), Sums));
        await foreach (var row in Statement(wire, withdrawals: false).ReadAsync(Day, Token))
        {
            Assert.Empty(OperatingSystem.IsWindows() ? [] : Spooled().Except(before));
            break; // Whoever stops early leaves nothing, either.
        }

        Assert.Empty(Spooled().Except(before));

        static string[] Spooled() => Directory.GetFiles(Path.GetTempPath(), "refill-bill-*");
    }

    [Fact]
    public async Task A_million_rows_pass_in_bounded_memory()
    {
        const int Count = 1_000_000;
        var path = Path.Combine(Path.GetTempPath(), $"refill-test-{Path.GetRandomFileName()}");
        try
        {
            await using (var file = File.Create(path))
            await using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true, BillMaker.Gbk))
            {
                await using (var entry = await zip.CreateEntry("x_业务明细.csv", CompressionLevel.Fastest).OpenAsync(Token))
                await using (var details = new StreamWriter(entry, BillMaker.Gbk, 64 * 1024))
                {
                    var whole = BillMaker.Details(["ROWS"], BillMaker.Closing(Count, $"{Count}.00", 0, "0.00"));
                    var parts = whole.Split("ROWS\r\n");
                    await details.WriteAsync(parts[0]);
                    for (var number = 0; number < Count; number++)
                    {
                        await details.WriteLineAsync(BillMaker.Row(number.ToString(CultureInfo.InvariantCulture), Order, "交易", "1.00", "-0.01"));
                    }

                    await details.WriteAsync(parts[1]);
                }

                await using (var entry = await zip.CreateEntry("x_业务明细(汇总).csv").OpenAsync(Token))
                {
                    entry.Write(BillMaker.Gbk.GetBytes(BillMaker.Sums(Count, 0, $"{Count}.00", $"-{Count / 100}.00", $"{Count / 100 * 99}.00")));
                }
            }

            wire.Says(AlipayWireBody(Ready));
            wire.Download = _ => new HttpResponseMessage { Content = new StreamContent(File.OpenRead(path)) };
            var (rows, fees, before, most) = (0, 0L, GC.GetTotalMemory(forceFullCollection: true), 0L);
            await foreach (var row in Statement(wire, withdrawals: false).ReadAsync(Day, Token))
            {
                fees += row.Fee.Minor;
                if (++rows % 200_000 == 0)
                {
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
                }
            }

            Assert.Equal((Count, Count), (rows, (int)fees));
            Assert.InRange(most, long.MinValue, 60L * 1024 * 1024);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private const string Ready = """{"code":"10000","bill_download_url":"http:\/\/127.0.0.1:9\/bill"}""";

    private static string AlipayWireBody(string node) => $"{{\"alipay_data_dataservice_bill_downloadurl_query_response\":{node},\"sign\":\"{AlipayWire.Sign(node)}\"}}";

    private void Serve(byte[] file) => Serve(wire, file);

    private static void Serve(AlipayWire wire, byte[] file)
    {
        wire.Says(AlipayWireBody(Ready));
        wire.Download = url => url == new Uri("http://127.0.0.1:9/bill") ? new HttpResponseMessage { Content = new ByteArrayContent(file) } : throw new InvalidOperationException($"{url} was not expected");
    }

    private Task<List<StatementRow>> ReadAsync(bool withdrawals) => ReadAsync(wire, withdrawals, cancellation: Token);

    private static async Task<List<StatementRow>> ReadAsync(AlipayWire wire, bool withdrawals, BillLimits? limits = null, CancellationToken cancellation = default)
    {
        var rows = new List<StatementRow>();
        await foreach (var row in Statement(wire, withdrawals, limits).ReadAsync(Day, cancellation))
        {
            rows.Add(row);
        }

        return rows;
    }

    private static AlipayStatement Statement(AlipayWire wire, bool withdrawals, BillLimits? limits = null) =>
        new(wire.Client(), wire.Ring, wire.Time, NullLogger<AlipayStatement>.Instance) { WithWithdrawals = withdrawals, Limits = limits ?? BillLimits.Default };
}
