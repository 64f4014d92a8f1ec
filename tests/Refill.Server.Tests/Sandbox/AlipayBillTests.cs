using System.IO.Compression;
using System.Net;
using System.Text;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Statements of the sandbox's Alipay: they agree with its books, unless they are asked not to.</summary>
public sealed class AlipayBillTests : IAsyncLifetime
{
    private static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding("GBK")!;
    private const string Day = "2026-03-01";
    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_days_payments_and_refunds_stand_in_its_bill()
    {
        await SellAsync();

        var (details, summary) = await DownloadAsync();

        Assert.Equal(["#支付宝业务明细查询", "#账号：[20880000000000090156]", "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]"], details.Take(3));
        Assert.StartsWith("#-----------------------------------------业务明细列表-", details[3], StringComparison.Ordinal);
        Assert.Equal(
            "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
            + "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
            details[4]);
        var rows = Rows(details);
        Assert.All(rows, row => Assert.Equal(25, row.Length));
        Assert.Equal(
            [("order_1\t", "交易\t", "12.34", "\t", "-0.07"), ("order_2\t", "交易\t", "1.00", "\t", "-0.01"), ("order_1\t", "退款\t", "-5.00", "R1\t", "0.03")],
            rows.Select(row => (row[1], row[2], row[11], row[21], row[22])));
        Assert.Equal((await Merchant.QueryAsync("order_1"))["trade_no"] + "\t", rows[0][0]);
        Assert.All(rows, row => Assert.Equal(row[11], row[12]));
        Assert.Equal("2026-03-01 12:00:00", rows[0][5]);
        Assert.Contains("#交易合计：2笔，商家实收共13.34元，商家优惠共0.00元", details);
        Assert.Contains("#退款合计：1笔，商家实收退款共-5.00元，商家优惠退款共0.00元", details);
        Assert.Equal("合计\t,合计\t,2,1,8.34,8.34,0.00,0.00,0.00,-0.05,0.00,8.29", summary.Single(line => !line.StartsWith('#') && line.StartsWith("合计", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_payment_and_its_refund_of_another_day_stand_in_different_bills_and_no_fee_is_left()
    {
        await Merchant.PayAsync("order_1");
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        await Merchant.RefundAsync("order_1", "5.00", "R1");
        await Merchant.RefundAsync("order_1", "7.34", "R2");
        sandbox.Clock.Advance(TimeSpan.FromDays(1));

        var (first, second) = (Rows((await DownloadAsync()).Details), Rows((await DownloadAsync("2026-03-02")).Details));

        Assert.Equal([("12.34", "-0.07")], first.Select(row => (row[11], row[22])));
        Assert.Equal([("-5.00", "0.03"), ("-7.34", "0.04")], second.Select(row => (row[11], row[22])));
        Assert.Equal(3, Rows((await DownloadAsync("2026-03", days: 30)).Details).Count);
    }

    [Fact]
    public async Task The_accounts_bill_has_fees_apart_and_a_balance_that_runs_on()
    {
        await Merchant.PayAsync("order_1");
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        await Merchant.RefundAsync("order_1", "5.00", "R1");
        sandbox.Clock.Advance(TimeSpan.FromDays(1));

        var rows = Rows((await DownloadAsync("2026-03-02", "signcustomer")).Details);

        Assert.Equal([("交易退款\t", "0.00", "-5.00", "7.27"), ("退费\t", "0.03", "0.00", "7.30")], rows.Select(row => (row[10], row[6], row[7], row[8])));
        Assert.All(rows, row => Assert.Equal(12, row.Length));
    }

    [Fact]
    public async Task A_bill_is_there_from_nine_in_the_morning_of_the_next_day_on()
    {
        await Merchant.PayAsync("order_1");
        sandbox.Clock.Advance(TimeSpan.FromHours(21) - TimeSpan.FromSeconds(1));
        Assert.Equal("BILL_NOT_EXIST", (await AskAsync())["sub_code"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("10000", (await AskAsync())["code"]);
    }

    [Fact]
    public async Task A_demonstration_has_its_bills_at_once_and_of_its_own_fee()
    {
        await using var quick = await SandboxRig.StartAsync(alipay: options => options with { BillsAtOnce = true, ServiceFeeRate = 0.01m });
        await quick.Merchant.PayAsync("order_1", "0.50");

        var reply = await quick.Merchant.CallAsync("alipay.data.dataservice.bill.downloadurl.query", new { bill_type = "trade", bill_date = Day });

        Assert.Equal("-0.01", Rows((await ReadAsync(quick, reply)).Details)[0][22]);
    }

    [Fact]
    public async Task An_address_is_good_for_30_seconds()
    {
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        var url = (await AskAsync())["bill_download_url"];

        sandbox.Clock.Advance(TimeSpan.FromSeconds(29));
        using var good = await sandbox.Http.GetAsync(url, Cancellation);
        Assert.Equal((HttpStatusCode.OK, "application/zip"), (good.StatusCode, good.Content.Headers.ContentType!.MediaType));
        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        using var over = await sandbox.Http.GetAsync(url, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, over.StatusCode);
    }

    [Fact]
    public async Task A_day_on_which_nothing_happened_has_an_empty_bill_or_none()
    {
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal("EMPTY_DATA_WITH_BILL_FILE", (await AskAsync())["bill_file_code"]);
        Assert.Empty(Rows((await DownloadAsync()).Details));

        await using var other = await SandboxRig.StartAsync(alipay: options => options with { EmptyBills = false, BillsAtOnce = true });
        Assert.Equal("NO_BILL_DATA", (await other.Merchant.CallAsync("alipay.data.dataservice.bill.downloadurl.query", new { bill_type = "trade", bill_date = Day }))["sub_code"]);
    }

    [Theory]
    [InlineData("trade", "2026-3-1", "INVAILID_ARGUMENTS")]
    [InlineData("trade", "", "INVAILID_ARGUMENTS")]
    [InlineData("trade", "2026-13", "INVAILID_ARGUMENTS")]
    [InlineData("merchant_act", Day, "TYPE_NOT_SUPPORTED")]
    [InlineData("trade", "2026-04-01", "BILL_NOT_EXIST")]
    public async Task A_bill_that_there_is_not_is_refused_by_name(string type, string date, string subCode) =>
        Assert.Equal(("40004", subCode), (await AskAsync(date, type)) switch { var reply => (reply["code"], reply["sub_code"]) });

    [Theory]
    [InlineData("missing-row", "order_2", 2)]
    [InlineData("missing-row", null, 2)]
    [InlineData("extra-row", null, 4)]
    [InlineData("wrong-amount", "order_2", 3)]
    public async Task A_bill_can_be_made_to_differ_once_while_the_books_do_not(string fault, string? order, int rows)
    {
        await SellAsync();
        await sandbox.FaultAsync("alipay", "bill", fault, order is null ? null : new { order });

        var spoiled = Rows((await DownloadAsync()).Details);
        Assert.Equal(rows, spoiled.Count);
        Assert.Equal(fault == "wrong-amount" ? 1 : 0, spoiled.Count(row => row[11] == "0.50"));
        Assert.Equal(fault == "extra-row" ? 1 : 0, spoiled.Count(row => row[1] == "order_of_nobody\t"));

        Assert.Equal(["12.34", "1.00", "-5.00"], Rows((await DownloadAsync(days: 0)).Details).Select(row => row[11]));
    }

    [Fact]
    public async Task A_bill_can_have_another_heading_or_break_off()
    {
        await SellAsync();
        await sandbox.FaultAsync("alipay", "bill", "changed-header");
        await sandbox.FaultAsync("alipay", "bill", "truncated");

        Assert.Contains(",商家订单号,", (await DownloadAsync()).Details[4], StringComparison.Ordinal);
        var broken = (await DownloadAsync(days: 0)).Details;
        Assert.DoesNotContain(broken, line => line.Contains("列表结束", StringComparison.Ordinal));
        Assert.NotEmpty(Rows((await DownloadAsync(days: 0)).Details));
    }

    [Fact]
    public async Task A_call_for_an_address_can_fail_without_using_up_what_spoils_the_file()
    {
        sandbox.Clock.Advance(TimeSpan.FromDays(1));
        await sandbox.FaultAsync("alipay", "bill", "truncated");
        await sandbox.FaultAsync("alipay", "bill", "never");
        await sandbox.FaultAsync("alipay", "bill", "reject");

        Assert.Equal("BILL_NOT_EXIST", (await AskAsync())["sub_code"]);
        Assert.Equal("UNKNOWN_ERROR", (await AskAsync())["sub_code"]);
        Assert.Equal("10000", (await AskAsync())["code"]);
        Assert.Equal("truncated", (await sandbox.GetAsync("/control/faults"))[0].GetProperty("fault").GetString());
    }

    [Fact]
    public async Task What_a_merchant_writes_breaks_no_line()
    {
        await Merchant.CallAsync("alipay.trade.pay", new { out_trade_no = "order_1", total_amount = "1.00", subject = "5 GB, \"30\" days\n流量", scene = "bar_code", auth_code = "2812345678901234" });

        var (details, _) = await DownloadAsync();

        Assert.Contains(",\"5 GB, \"\"30\"\" days 流量\",", details[5], StringComparison.Ordinal);
    }

    private async Task SellAsync()
    {
        await Merchant.PayAsync("order_1");
        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        await Merchant.PayAsync("order_2", "1.00");
        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        await Merchant.RefundAsync("order_1", "5.00", "R1");
    }

    private Task<AlipayReply> AskAsync(string date = Day, string type = "trade") =>
        Merchant.CallAsync("alipay.data.dataservice.bill.downloadurl.query", new { bill_type = type, bill_date = date });

    private async Task<(string[] Details, string[] Summary)> DownloadAsync(string date = Day, string type = "trade", int days = 1)
    {
        sandbox.Clock.Advance(TimeSpan.FromDays(days));
        return await ReadAsync(sandbox, await AskAsync(date, type));
    }

    private static async Task<(string[] Details, string[] Summary)> ReadAsync(SandboxRig rig, AlipayReply reply)
    {
        await using var stream = await rig.Http.GetStreamAsync(reply["bill_download_url"], Cancellation);
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, Cancellation);
        using var zip = new ZipArchive(buffer, ZipArchiveMode.Read, leaveOpen: false, Gbk);
        var files = zip.Entries.OrderBy(entry => entry.FullName.Contains("汇总", StringComparison.Ordinal)).Select(entry => entry.FullName).ToArray();
        Assert.All(files, file => Assert.Matches("^20880000000000090156_[0-9]{6,8}_(业务|账务)明细(\\(汇总\\))?\\.csv$", file));
        return (Lines(zip.GetEntry(files[0])!), Lines(zip.GetEntry(files[1])!));
    }

    private static string[] Lines(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open(), Gbk);
        return reader.ReadToEnd().Split("\r\n");
    }

    /// <summary>The rows between the heading and the closing line.</summary>
    private static List<string[]> Rows(string[] lines) => [.. lines.Skip(5).TakeWhile(line => !line.StartsWith('#') && line.Length > 0).Select(line => line.Split(','))];
}
