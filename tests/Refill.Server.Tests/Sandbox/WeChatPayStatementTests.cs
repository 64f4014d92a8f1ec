using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Statements of the sandbox's WeChat Pay: their form to the byte, and that they agree with its books.</summary>
public sealed class WeChatPayStatementTests : IAsyncLifetime
{
    private const string Bill = "/v3/bill/tradebill?bill_date=2026-03-01";
    private const string Headings =
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

    private SandboxRig sandbox = null!;

    private WeChatPayMerchant Merchant => sandbox.WeChatPay;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_statement_of_trades_has_the_protocols_form_to_the_byte()
    {
        await ADayAsync();

        var lines = Lines(await FileAsync(Bill));

        Assert.Equal(Headings, lines[0]);
        Assert.Equal(27, lines[0].Split(',').Length);
        var paid = await Merchant.QueryAsync("order_1");
        Assert.Equal(
            $"`2026-03-01 12:00:00,`{WeChatPayMerchant.AppId},`{WeChatPayMerchant.MerchantId},`0,`,`{paid["transaction_id"]},`order_1,`{paid["payer.openid"]},`NATIVE,`SUCCESS,`OTHERS,`CNY,`12.34,`0.00,`0,`0,`0.00,`0.00,`,`,`5 GB for 30 days,`,`0.07000,`0.60%,`12.34,`0.00,`",
            lines[1]);
        var refund = await Merchant.QueryRefundAsync("R1");
        Assert.Equal(
            $"`2026-03-01 12:00:00,`{WeChatPayMerchant.AppId},`{WeChatPayMerchant.MerchantId},`0,`,`{paid["transaction_id"]},`order_1,`{paid["payer.openid"]},`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`{refund["refund_id"]},`R1,`5.00,`0.00,`ORIGINAL,`SUCCESS,`5 GB for 30 days,`,`-0.03000,`0.60%,`0.00,`5.00,`",
            lines[2]);
        Assert.Equal("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额", lines[^3]);
        Assert.Equal("`5.0,`32.34,`15.0,`0.0,`0.1,`32.34,`15.0", lines[^2]);
        Assert.Equal("", lines[^1]);
        Assert.All(lines[1..^3], line => Assert.Equal(27, line.Split(",`").Length));
        Assert.Equal(["SUCCESS", "REFUND", "SUCCESS", "SUCCESS", "REVOKED"], lines[1..^3].Select(line => line.Split(",`")[9]));
    }

    [Fact]
    public async Task The_fund_flow_adds_up()
    {
        await ADayAsync();

        var lines = Lines(await FileAsync("/v3/bill/fundflowbill?bill_date=2026-03-01"));

        Assert.Equal("记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号", lines[0]);
        var cells = lines[1..^3].Select(line => line[1..].Split(",`")).ToList();
        Assert.Equal(["12.34", "12.27", "7.30", "17.30", "17.24", "27.24", "27.18", "17.24"], cells.Select(row => row[7]));
        Assert.Equal(["收入", "支出", "支出", "收入", "支出", "收入", "支出", "支出"], cells.Select(row => row[5]));
        Assert.Equal(("4.97", "退款总金额5.00元;含手续费0.03元", "R1"), (cells[2][6], cells[2][9], cells[2][10]));
        Assert.Equal("`8,`3,`32.34,`5,`15.10", lines[^2]);
    }

    [Fact]
    public async Task What_goes_to_the_bank_stands_in_the_fund_flow()
    {
        await PaidAsync("order_1", 1000);
        sandbox.Clock.Advance(TimeSpan.FromHours(1));
        using var withdrawn = await sandbox.PostAsync("/control/wechatpay/withdraw", new { });
        Assert.Equal(HttpStatusCode.OK, withdrawn.StatusCode);
        using var nothing = await sandbox.PostAsync("/control/wechatpay/withdraw", new { });
        Assert.Equal(HttpStatusCode.Conflict, nothing.StatusCode);
        sandbox.Clock.Advance(TimeSpan.FromHours(22));

        var lines = Lines(await FileAsync("/v3/bill/fundflowbill?bill_date=2026-03-01"));

        Assert.Equal(["提现", "提现", "支出", "9.94", "0.00"], lines[^4][1..].Split(",`")[3..8]);
        Assert.Equal("`3,`1,`10.00,`2,`10.00", lines[^2]);
    }

    [Fact]
    public async Task A_packed_file_has_the_hash_of_what_is_in_it()
    {
        await ADayAsync();
        var plain = await FileAsync(Bill);
        var asked = await Merchant.GetAsync($"{Bill}&tar_type=GZIP");

        using var packed = new MemoryStream(await DownloadAsync(asked["download_url"]!));
        using var unpacked = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Decompress))
        {
            await gzip.CopyToAsync(unpacked, Cancellation);
        }

        Assert.Equal(plain, unpacked.ToArray());
        Assert.Equal(asked["hash_value"], Sha1(unpacked.ToArray()));
    }

    [Fact]
    public async Task It_is_to_be_had_from_ten_oclock_on_the_day_after_and_for_three_months()
    {
        await PaidAsync("order_1", 1234);
        sandbox.Clock.Advance(TimeSpan.FromHours(22) - TimeSpan.FromSeconds(1));
        Assert.Equal("STATEMENT_CREATING", (await Merchant.GetAsync(Bill))["code"]);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("SHA1", (await Merchant.GetAsync(Bill))["hash_type"]);
        Assert.Equal("NO_STATEMENT_EXIST", (await Merchant.GetAsync("/v3/bill/tradebill?bill_date=2026-02-28"))["code"]);
        foreach (var query in new[] { "", "?bill_date=20260301", "?bill_date=2026-03-03", "?bill_date=2025-11-30", "?bill_date=2026-03-01&bill_type=REFUND", "?bill_date=2026-03-01&tar_type=ZIP" })
        {
            Assert.Equal("PARAM_ERROR", (await Merchant.GetAsync($"/v3/bill/tradebill{query}"))["code"]);
        }
    }

    [Fact]
    public async Task The_files_address_dies_after_five_minutes_and_wants_a_signature()
    {
        await ADayAsync();
        var url = new Uri((await Merchant.GetAsync(Bill))["download_url"]!).PathAndQuery;
        Assert.Equal(HttpStatusCode.Unauthorized, (await Merchant.SendAsync(HttpMethod.Get, url, "", "")).Status);
        Assert.Equal(WeChatPayVerdict.Unsigned, (await Merchant.GetAsync(url)).Verdict);

        sandbox.Clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("INVALID_REQUEST", (await Merchant.GetAsync(url))["code"]);
    }

    [Fact]
    public async Task A_refund_belongs_to_the_day_it_was_taken_on_and_its_state_is_a_snapshot()
    {
        await PaidAsync("order_1", 1234);
        await sandbox.FaultAsync("wechatpay", "refund", "pending", seconds: 86_400);
        await Merchant.RefundAsync("order_1", "R1", 1234);
        sandbox.Clock.Advance(TimeSpan.FromHours(22));
        var before = await FileAsync(Bill);
        sandbox.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal("PROCESSING", Lines(before)[2].Split(",`")[19]);
        Assert.Equal(before, await FileAsync(Bill));
        Assert.Equal("SUCCESS", (await Merchant.QueryRefundAsync("R1"))["status"]);
    }

    [Theory]
    [InlineData("missing-row", 4)]
    [InlineData("extra-row", 6)]
    [InlineData("wrong-amount", 5)]
    public async Task A_statement_can_disagree_with_the_books_in_good_form(string fault, int rows)
    {
        await ADayAsync();
        var truth = Lines(await FileAsync(Bill));
        await sandbox.FaultAsync("wechatpay", "bill", fault);

        var lines = Lines(await FileAsync(Bill));

        Assert.Equal(rows, lines.Length - 4);
        Assert.StartsWith($"`{rows}.0,", lines[^2], StringComparison.Ordinal);
        Assert.NotEqual(truth[^2], lines[^2]);
        Assert.Equal(truth, Lines(await FileAsync(Bill)));
    }

    [Fact]
    public async Task A_file_can_be_broken()
    {
        await ADayAsync();
        var truth = await FileAsync(Bill);
        await sandbox.FaultAsync("wechatpay", "bill", "changed-header");
        Assert.NotEqual(Headings, Lines(await FileAsync(Bill))[0]);

        await sandbox.FaultAsync("wechatpay", "bill", "bad-hash");
        var badHash = await Merchant.GetAsync(Bill);
        Assert.Equal(truth, await DownloadAsync(badHash["download_url"]!));
        Assert.NotEqual(Sha1(truth), badHash["hash_value"]);

        await sandbox.FaultAsync("wechatpay", "bill", "truncated");
        var truncated = await Merchant.GetAsync(Bill);
        Assert.Equal(truth[..(truth.Length / 2)], await DownloadAsync(truncated["download_url"]!));
        Assert.Equal(Sha1(truth), truncated["hash_value"]);

        await sandbox.FaultAsync("wechatpay", "bill", "never");
        Assert.Equal("NO_STATEMENT_EXIST", (await Merchant.GetAsync(Bill))["code"]);
    }

    /// <summary>Three payments, a refund of a part and a reversal, and the morning after.</summary>
    private async Task ADayAsync()
    {
        await PaidAsync("order_1", 1234);
        await Merchant.RefundAsync("order_1", "R1", 500);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(10));
        await PaidAsync("order_2", 1000);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(10));
        await Merchant.CodePayAsync("order_3", total: 1000);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(10));
        await Merchant.ReverseAsync("order_3");
        await Merchant.NativeAsync("order_4");
        sandbox.Clock.Advance(TimeSpan.FromHours(22));
    }

    private async Task PaidAsync(string order, long fen)
    {
        await Merchant.NativeAsync(order, total: fen);
        using var paid = await sandbox.PostAsync("/control/wechatpay/pay", new { order });
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
    }

    private async Task<byte[]> FileAsync(string bill)
    {
        var asked = await Merchant.GetAsync(bill);
        Assert.Equal((HttpStatusCode.OK, WeChatPayVerdict.Good, "SHA1"), (asked.Status, asked.Verdict, asked["hash_type"]));
        var file = await DownloadAsync(asked["download_url"]!);
        Assert.Equal(asked["hash_value"], Sha1(file));
        return file;
    }

    private async Task<byte[]> DownloadAsync(string url)
    {
        using var answer = await Merchant.SendRawAsync(HttpMethod.Get, new Uri(url).PathAndQuery);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(Cancellation);
    }

    private static string[] Lines(byte[] file)
    {
        Assert.Equal([0xEF, 0xBB, 0xBF], file[..3]);
        return Encoding.UTF8.GetString(file[3..]).Split("\r\n");
    }

#pragma warning disable CA5350 // The protocol says SHA-1.
    private static string Sha1(byte[] file) => Convert.ToHexStringLower(SHA1.HashData(file));
#pragma warning restore CA5350
}
