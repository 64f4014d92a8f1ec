using System.Net;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Refill.Payments;
using Refill.Payments.WeChatPay;
using Refill.Units;

namespace Refill.Tests.Payments.WeChatPay;

public sealed class WeChatPayStatementTests : IDisposable
{
    private const string Heading = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    private const string SumHeading = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    private static readonly DateOnly Day = new(2026, 11, 22);
    private readonly WeChatWire wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task Payments_and_refunds_are_read_with_their_numbers_amounts_fees_and_times()
    {
        Gives(File([Paid("A1", "106.50", "0.64000", "A, with `a, comma"), Back("A1", "106.50", "-0.64000", "SUCCESS"), Back("A2", "1.00", "0.00000", "FAIL")], "3.0,`106.50,`107.50,`0.0,`0.0,`106.50,`107.50"));
        var rows = await Read();
        Assert.Equal(
            [
                new StatementRow(2, StatementKind.Payment, "A1", null, "4200A1", Money.Cny(10650), Money.Cny(64), new DateTimeOffset(2026, 11, 21, 21, 1, 46, TimeSpan.Zero), "NATIVE SUCCESS"),
                new StatementRow(3, StatementKind.Refund, "A1", "A1R1", "5000A1", Money.Cny(-10650), Money.Cny(-64), new DateTimeOffset(2026, 11, 21, 21, 1, 46, TimeSpan.Zero), "NATIVE REFUND SUCCESS"),
                new StatementRow(4, StatementKind.Other, "A2", "A2R1", "5000A2", Money.Cny(-100), Money.Cny(0), new DateTimeOffset(2026, 11, 21, 21, 1, 46, TimeSpan.Zero), "NATIVE REFUND FAIL"),
            ],
            rows);
        Assert.Equal("/v3/bill/tradebill?bill_date=2026-11-22&bill_type=ALL", wire.Targets[0]);
        Assert.Contains("/v3/billdownload/file?token=x", wire.Targets);
        Assert.Equal("/v3/bill/fundflowbill?bill_date=2026-11-22&account_type=BASIC", wire.Targets[^1]);
        Assert.True(wire.MerchantSigned()); // The file's answer is not signed, but its request is.
    }

    [Fact]
    public async Task A_statement_is_ready_at_ten_in_the_morning_after()
    {
        var statement = new WeChatPayStatement(wire.Gateway);
        Assert.Equal(("wechatpay", "Asia/Shanghai", new DateTimeOffset(2026, 11, 23, 2, 0, 0, TimeSpan.Zero)), (statement.Name, statement.TimeZone, statement.ReadyAt(Day)));
        Assert.True((await Fails(Day.AddDays(1))).MayPass);
        Assert.Empty(wire.Targets);
    }

    [Fact]
    public async Task A_day_without_a_statement_is_empty_and_an_empty_statement_is_too()
    {
        wire.Says((400, """{"code":"NO_STATEMENT_EXIST"}"""));
        Assert.Empty(await Read());
        Gives(File([], "0.0,`0.0,`0.0,`0.0,`0.0,`0.0,`0.0"));
        Assert.Empty(await Read());
    }

    [Theory]
    [InlineData(400, """{"code":"STATEMENT_CREATING"}""", true)]
    [InlineData(500, """{"code":"SYSTEM_ERROR"}""", true)]
    [InlineData(429, """{"code":"FREQUENCY_LIMITED"}""", true)]
    [InlineData(400, """{"code":"PARAM_ERROR"}""", false)]
    [InlineData(200, """{"hash_type":"SHA1","hash_value":"79bb0f45fc4c42234a918000b2668d689e2bde04","download_url":"https://evil.example/file"}""", false)]
    [InlineData(200, """{"hash_type":"MD5","hash_value":"79bb0f45fc4c42234a918000b2668d689e2bde04","download_url":"http://127.0.0.1:9/file"}""", false)]
    public async Task What_cannot_be_had_says_whether_asking_later_may_help(int status, string body, bool mayPass)
    {
        wire.Says((status, body));
        Assert.Equal(mayPass, (await Fails(Day)).MayPass);
    }

    [Fact]
    public void A_fund_flow_gives_what_went_to_the_bank_and_what_nobody_expected()
    {
        var flow = new WeChatPayFlow();
        var rows = Flow().Split("\r\n")[..^1].Select(flow.Read).OfType<StatementRow>().ToList();
        flow.End();
        Assert.Equal(
            [
                new StatementRow(4, StatementKind.Settlement, null, null, "F3", Money.Cny(-10000), Money.Cny(0), new DateTimeOffset(2026, 11, 21, 21, 1, 46, TimeSpan.Zero), "withdrawal"),
                new StatementRow(5, StatementKind.Other, null, null, "F4", Money.Cny(-300), Money.Cny(0), new DateTimeOffset(2026, 11, 21, 21, 1, 46, TimeSpan.Zero), "in the fund flow, neither payment nor refund nor withdrawal"),
            ],
            rows);
    }

    [Theory]
    [InlineData("heading", "账户结余(元)", "余额")]
    [InlineData("sums", "`4,`1,`106.50,`3,`103.64", "`4,`1,`106.50,`3,`103.65")]
    [InlineData("neither income nor expense", "`支出,`100.00", "`其他,`100.00")]
    [InlineData("neither income nor expense", "`支出,`100.00", "`支出,`-100.00")]
    [InlineData("amount", "`100.00", "`1e2")]
    [InlineData("part of a fen", "`100.00", "`100.005")]
    [InlineData("time", "05:01:46", "25:01:46")]
    [InlineData("number", "`F3", "`")]
    [InlineData("cells", "`提现,`提现", "`提现")]
    [InlineData("no sums", "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`4,`1,`106.50,`3,`103.64\r\n", "")]
    public void A_fund_flow_that_is_not_as_it_should_be_is_unfit(string named, string what, string instead)
    {
        var flow = new WeChatPayFlow();
        var error = Assert.Throws<StatementException>(() =>
        {
            foreach (var line in Flow().Replace(what, instead, StringComparison.Ordinal).Split("\r\n")[..^1])
            {
                flow.Read(line);
            }

            flow.End();
        });
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(error.MayPass);
    }

    public static TheoryData<string, Func<string, string>> Unfit => new()
    {
        { "heading", file => file.Replace("手续费,费率", "费率,手续费", StringComparison.Ordinal) },
        { "heading", file => file.Replace(",费率备注\r", ",费率备注,新\r", StringComparison.Ordinal) },
        { "mark", file => file[1..] },
        { "CRLF", file => file.Replace("\r\n", "\n", StringComparison.Ordinal) },
        { "sums", file => file[..file.IndexOf(SumHeading, StringComparison.Ordinal)] },
        { "cut off", file => file[..^4] },
        { "number of rows", file => file.Replace("`2.0,", "`3.0,", StringComparison.Ordinal) },
        { "add up to 订单总金额", file => file.Replace("`0.64,`106.50,`1.00", "`0.64,`106.51,`1.00", StringComparison.Ordinal) },
        { "add up to 手续费总金额", file => file.Replace("`0.64,`106.50,`1.00", "`0.65,`106.50,`1.00", StringComparison.Ordinal) },
        { "cells", file => file.Replace(",`39.00%", "", StringComparison.Ordinal) },
        { "cells", file => file.Replace("`2026-11-22", "2026-11-22", StringComparison.Ordinal) },
        { "another merchant", file => file.Replace(WeChatWire.Merchant, "1900000110", StringComparison.Ordinal) },
        { "currency", file => file.Replace("CNY", "USD", StringComparison.Ordinal) },
        { "time", file => file.Replace("05:01:46", "25:01:46", StringComparison.Ordinal) },
        { "amount", file => file.Replace("`106.50", "`1e2", StringComparison.Ordinal) },
        { "part of a fen", file => file.Replace("`106.50", "`106.505", StringComparison.Ordinal) },
        { "more after", file => file + "`1\r\n" },
        { "without an end", file => file.Replace("NATIVE", new string('N', 100_000), StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task A_file_that_is_not_as_it_should_be_is_unfit(string named, Func<string, string> change)
    {
        var file = File([Paid("A1", "106.50", "0.64000"), Back("A1", "1.00", "0.00000", "SUCCESS")], "2.0,`106.50,`1.00,`0.0,`0.64,`106.50,`1.00");
        Gives(change(file));
        var error = await Fails(Day);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(error.MayPass);
    }

    [Fact]
    public async Task A_file_whose_hash_differs_is_unfit_at_its_end()
    {
        Gives(File([Paid("A1", "106.50", "0.64000")], "1.0,`106.50,`0.0,`0.0,`0.64,`106.50,`0.0"), hash: new string('0', 40));
        Assert.Contains("hash", (await Fails(Day)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_breaks_off_may_be_had_later()
    {
        var bytes = Encoding.UTF8.GetBytes(File([Paid("A1", "106.50", "0.64000")], "1.0,`106.50,`0.0,`0.0,`0.64,`106.50,`0.0"));
        Gives(() => new StreamContent(new Broken(bytes[..300])), new string('0', 40));
        Assert.True((await Fails(Day)).MayPass);
    }

    [Fact]
    public async Task Any_amounts_add_up_to_the_fen() => await Gen.Select(Gen.Long[1, 100_000_000], Gen.Long[0, 1_000_000], Gen.Bool).Array[0, 30].SampleAsync(async rows =>
    {
        using var own = new WeChatWire();
        var lines = rows.Select((row, n) => row.Item3 ? Paid($"P{n}", Yuan(row.Item1), Yuan(row.Item2) + "000") : Back($"P{n}", Yuan(row.Item1), "-" + Yuan(row.Item2) + "000", "PROCESSING")).ToArray();
        var (paid, back, fee) = (rows.Where(row => row.Item3).Sum(row => row.Item1), rows.Where(row => !row.Item3).Sum(row => row.Item1), rows.Sum(row => row.Item3 ? row.Item2 : -row.Item2));
        Gives(own, File(lines, $"{rows.Length}.0,`{Yuan(paid)},`{Yuan(back)},`0.0,`{Yuan(fee)},`{Yuan(paid)},`{Yuan(back)}"));
        var read = await new WeChatPayStatement(own.Gateway).ReadAsync(Day, Token).ToListAsync(Token);
        return read.Sum(row => row.Amount.Minor) == paid - back && read.Sum(row => row.Fee.Minor) == fee && read.Count == rows.Length;

        static string Yuan(long fen) => Money.Cny(fen).ToDecimalString();
    }, iter: 50);

    [Fact]
    public async Task Random_bytes_are_unfit_and_never_throw_anything_else() => await Gen.Byte.Array[0, 300].SampleAsync(async bytes =>
    {
        using var lines = new WeChatPayBillLines(new MemoryStream(bytes), TimeSpan.FromSeconds(5));
        var bill = new WeChatPayBill(WeChatWire.Merchant);
        try
        {
            while (await lines.NextAsync(Token) is { } line)
            {
                bill.Read(line);
            }

            bill.End();
            return false;
        }
        catch (StatementException)
        {
            return true;
        }
    }, iter: 1000);

    [Fact]
    public async Task A_million_rows_pass_in_bounded_memory()
    {
        const int Rows = 1_000_000;
        var row = Encoding.UTF8.GetBytes(Paid("A1", "1.00", "0.01000") + "\r\n");
        byte[] head = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Heading + "\r\n")];
        var tail = Encoding.UTF8.GetBytes($"{SumHeading}\r\n`{Rows}.0,`1000000.00,`0.0,`0.0,`10000.00,`1000000.00,`0.0\r\n");
        using var lines = new WeChatPayBillLines(new Repeated(head, row, Rows, tail), TimeSpan.FromSeconds(30));
        var bill = new WeChatPayBill(WeChatWire.Merchant);
        var (count, most) = (0, 0L);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        while (await lines.NextAsync(Token) is { } line)
        {
            count += bill.Read(line) is null ? 0 : 1;
            if (count % 250_000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            }
        }

        bill.End();
        Assert.Equal(Rows, count);
        Assert.InRange(most, long.MinValue, 100 * 1024 * 1024); // Other tests run beside it; the rows alone would take more.
    }

    private static string Flow() => string.Concat(
        $"{WeChatPayFlow.Heading}\r\n",
        "`2026-11-22 05:01:46,`4200A1,`F1,`交易,`交易,`收入,`106.50,`106.50,`system,`,`A1\r\n",
        "`2026-11-22 05:01:46,`4200A1,`F2,`交易,`扣除交易手续费,`支出,`0.64,`105.86,`system,`,`A1\r\n",
        "`2026-11-22 05:01:46,`W1,`F3,`提现,`提现,`支出,`100.00,`5.86,`system,`,`W1\r\n",
        "`2026-11-22 05:01:46,`X1,`F4,`其他,`赔付,`支出,`3.00,`2.86,`system,`,`X1\r\n",
        $"{WeChatPayFlow.SumHeading}\r\n`4,`1,`106.50,`3,`103.64\r\n");

    internal static string File(IEnumerable<string> rows, string sums) => $"\uFEFF{Heading}\r\n{string.Concat(rows.Select(row => row + "\r\n"))}{SumHeading}\r\n`{sums}\r\n";

    private static string Paid(string order, string amount, string fee, string name = "充值 5GB") =>
        $"`2026-11-22 05:01:46,`{WeChatWire.App},`{WeChatWire.Merchant},`0,`,`4200{order},`{order},`oHkLxt,`NATIVE,`SUCCESS,`OTHERS,`CNY,`{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`{name},`,`{fee},`39.00%,`{amount},`0.00,`";

    private static string Back(string order, string amount, string fee, string status) =>
        $"`2026-11-22 05:01:46,`{WeChatWire.App},`{WeChatWire.Merchant},`0,`,`4200{order},`{order},`oHkLxt,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5000{order},`{order}R1,`{amount},`0.00,`ORIGINAL,`{status},`充值,`,`{fee},`39.00%,`0.00,`{amount},`";

    private void Gives(string file, string? hash = null) => Gives(wire, file, hash);

    private void Gives(Func<HttpContent> file, string hash) => Gives(wire, file, hash);

    private static void Gives(WeChatWire wire, string file, string? hash = null)
    {
        var bytes = Encoding.UTF8.GetBytes(file);
#pragma warning disable CA5350 // WeChat Pay's own.
        Gives(wire, () => new ByteArrayContent(bytes), hash ?? Convert.ToHexStringLower(SHA1.HashData(bytes)));
#pragma warning restore CA5350
    }

    /// <summary>A trade bill; there is no fund flow.</summary>
    private static void Gives(WeChatWire wire, Func<HttpContent> file, string hash) => wire.Answer = (target, _) => Task.FromResult(target.StartsWith("/v3/bill/fundflow", StringComparison.Ordinal) ? wire.Message("""{"code":"NO_STATEMENT_EXIST"}""", 400, [])
        : target.StartsWith("/v3/bill/", StringComparison.Ordinal)
        ? wire.Message($$"""{"hash_type":"SHA1","hash_value":"{{hash}}","download_url":"http://127.0.0.1:9/v3/billdownload/file?token=x"}""")
        : new HttpResponseMessage(HttpStatusCode.OK) { Content = file() });

    private async Task<List<StatementRow>> Read() => await new WeChatPayStatement(wire.Gateway).ReadAsync(Day, Token).ToListAsync(Token);

    private async Task<StatementException> Fails(DateOnly day) =>
        await Assert.ThrowsAsync<StatementException>(async () => await new WeChatPayStatement(wire.Gateway).ReadAsync(day, Token).ToListAsync(Token));

    private sealed class Broken(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new IOException("gone");
    }

    /// <summary>A long file that is never whole in memory.</summary>
    private sealed class Repeated(byte[] head, byte[] row, int rows, byte[] tail) : MemoryStream
    {
        private byte[] now = head;
        private int at;
        private int part;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (at == now.Length)
            {
                part++;
                now = part <= rows ? row : part == rows + 1 ? tail : [];
                at = 0;
            }

            var read = Math.Min(buffer.Length, now.Length - at);
            now.AsMemory(at, read).CopyTo(buffer);
            at += read;
            return ValueTask.FromResult(read);
        }
    }
}
