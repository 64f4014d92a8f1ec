using System.Net;
using System.Text.Json.Nodes;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The sandbox's Alipay as a merchant's server sees it.</summary>
public sealed class AlipayGatewayTests : IAsyncLifetime
{
    private SandboxRig sandbox = null!;

    private Merchant Merchant => sandbox.Merchant;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => sandbox = await SandboxRig.StartAsync();

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_trade_does_not_exist_before_its_page_has_been_opened()
    {
        await Merchant.PrecreateAsync("order_1");

        foreach (var reply in new[] { await Merchant.QueryAsync("order_1"), await Merchant.CloseAsync("order_1"), await Merchant.RefundAsync("order_1", "1.00", "R1") })
        {
            Assert.Equal(("40004", "ACQ.TRADE_NOT_EXIST", true), (reply["code"], reply["sub_code"], reply.SignatureIsGood));
        }

        Assert.Equal(default, await sandbox.TradeAsync("order_1"));
    }

    [Fact]
    public async Task A_code_leads_to_a_page_of_the_sandbox_and_its_slashes_are_signed_as_they_are_written()
    {
        var reply = await Merchant.PrecreateAsync("order_1");

        Assert.Equal(("10000", "order_1", "alipay_trade_precreate"), (reply["code"], reply["out_trade_no"], reply.Method));
        Assert.Contains(@"http:\/\/127.0.0.1", reply.Raw, StringComparison.Ordinal);
        Assert.True(reply.SignatureIsGood);
        using var page = await sandbox.Http.GetAsync(reply["qr_code"], Cancellation);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("WAIT_BUYER_PAY", (await Merchant.QueryAsync("order_1"))["trade_status"]);
    }

    [Fact]
    public async Task A_paid_trade_is_told_with_its_amount_and_time()
    {
        await Merchant.OpenAsync("order_1", "12.34");
        Assert.Equal(("WAIT_BUYER_PAY", null, "0.00"), await Paid());

        Assert.Equal(HttpStatusCode.OK, await sandbox.PayAsync("order_1"));

        Assert.Equal(("TRADE_SUCCESS", "2026-03-01 12:00:00", "12.34"), await Paid());

        async Task<(string?, string?, string?)> Paid()
        {
            var reply = await Merchant.QueryAsync("order_1");
            Assert.Equal(("10000", "12.34", true), (reply["code"], reply["total_amount"], reply.SignatureIsGood));
            return (reply["trade_status"], reply["send_pay_date"], reply["receipt_amount"]);
        }
    }

    [Fact]
    public async Task A_trade_is_found_by_its_own_number_too()
    {
        await Merchant.OpenAsync("order_1");
        var number = (await Merchant.QueryAsync("order_1"))["trade_no"];

        Assert.Equal("order_1", (await Merchant.CallAsync("alipay.trade.query", new { trade_no = number }))["out_trade_no"]);
        Assert.Equal("ACQ.TRADE_NOT_EXIST", (await Merchant.CallAsync("alipay.trade.query", new { trade_no = number, out_trade_no = "other" }))["sub_code"]);
        Assert.Equal("ACQ.INVALID_PARAMETER", (await Merchant.CallAsync("alipay.trade.query", new { }))["sub_code"]);
    }

    [Fact]
    public async Task Parameters_may_stand_in_the_address_and_in_the_body()
    {
        await Merchant.OpenAsync("order_1");
        var parameters = Merchant.Sign("alipay.trade.query", new { out_trade_no = "order_1" });
        var address = "/gateway.do?" + string.Join('&', parameters.Where(pair => pair.Key != "biz_content").Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        using var body = new FormUrlEncodedContent([new("biz_content", parameters["biz_content"])]);

        using var answer = await sandbox.Http.PostAsync(address, body, Cancellation);

        Assert.Contains("\"trade_status\":\"WAIT_BUYER_PAY\"", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("biz_content", """{"out_trade_no":"order_2"}""")]
    [InlineData("timestamp", "2026-03-01 12:00:01")]
    [InlineData("method", "alipay.trade.close")]
    [InlineData("notify_url", "http://127.0.0.1/added")]
    [InlineData("sign", "bm90IGEgc2lnbmF0dXJl")]
    [InlineData("sign", "not base64 at all")]
    public async Task One_changed_parameter_breaks_the_signature(string name, string value)
    {
        await Merchant.OpenAsync("order_1");
        var parameters = Merchant.Sign("alipay.trade.query", new { out_trade_no = "order_1" });
        parameters[name] = value;

        var reply = await Merchant.SendAsync(parameters);

        Assert.Equal(("error", "40002", "isv.invalid-signature", true), (reply.Method, reply["code"], reply["sub_code"], reply.SignatureIsGood));
    }

    [Theory]
    [InlineData("app_id", "2021000000000002", "isv.invalid-app-id")]
    [InlineData("sign_type", "RSA", "isv.invalid-signature-type")]
    [InlineData("version", "2.0", "isv.invalid-version")]
    [InlineData("charset", "GBK", "isv.invalid-charset")]
    [InlineData("format", "XML", "isv.invalid-format")]
    [InlineData("timestamp", "2026-03-01T12:00:00", "isv.invalid-timestamp")]
    [InlineData("method", "alipay.trade.create", "isv.invalid-method")]
    [InlineData("biz_content", "not json", "isv.invalid-parameter")]
    [InlineData("biz_content", "[]", "isv.invalid-parameter")]
    public async Task A_signed_request_that_makes_no_sense_is_refused_by_name(string name, string value, string subCode)
    {
        var reply = await Merchant.CallAsync("alipay.trade.query", new { out_trade_no = "order_1" }, (name, value));

        Assert.Equal(("error", "40002", subCode), (reply.Method, reply["code"], reply["sub_code"]));
    }

    [Theory]
    [InlineData("app_id", "isv.missing-app-id")]
    [InlineData("sign", "isv.missing-signature")]
    [InlineData("timestamp", "isv.missing-timestamp")]
    public async Task A_missing_parameter_is_named(string name, string subCode)
    {
        var parameters = Merchant.Sign("alipay.trade.query", new { out_trade_no = "order_1" });
        parameters.Remove(name);

        var reply = await Merchant.SendAsync(parameters);

        Assert.Equal(("40001", subCode), (reply["code"], reply["sub_code"]));
    }

    [Theory]
    [InlineData("order-1", "1.00", "ok")]
    [InlineData("", "1.00", "ok")]
    [InlineData("order_1", "0", "ok")]
    [InlineData("order_1", "0.00", "ok")]
    [InlineData("order_1", "0.001", "ok")]
    [InlineData("order_1", "-1.00", "ok")]
    [InlineData("order_1", "1e2", "ok")]
    [InlineData("order_1", "100000000.01", "ok")]
    [InlineData("order_1", "1,00", "ok")]
    [InlineData("order_1", "1.00", "")]
    [InlineData("order_1", "1.00", "a/b")]
    [InlineData("order_1", "1.00", "a=b")]
    [InlineData("order_1", "1.00", "a&b")]
    public async Task An_order_outside_the_limits_is_refused(string order, string amount, string subject)
    {
        var reply = await Merchant.CallAsync("alipay.trade.precreate", new { out_trade_no = order, total_amount = amount, subject });

        Assert.Equal(("40004", "ACQ.INVALID_PARAMETER"), (reply["code"], reply["sub_code"]));
    }

    [Theory]
    [InlineData("0.01")]
    [InlineData("100000000.00")]
    [InlineData("7")]
    public async Task An_order_at_the_limits_is_taken(string amount)
    {
        var reply = await Merchant.CallAsync("alipay.trade.precreate", new { out_trade_no = new string('a', 64), total_amount = amount, subject = new string('s', 256) });

        Assert.Equal("10000", reply["code"]);
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("/relative")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("http://127.0.0.1/a b")]
    [InlineData("http://127.0.0.1/\u00e9")]
    [InlineData("http://127.0.0.1/\r\nSet-Cookie: a=b")]
    public async Task An_address_that_no_browser_can_be_sent_to_is_refused(string url)
    {
        foreach (var name in new[] { "return_url", "notify_url" })
        {
            var reply = await Merchant.CallAsync("alipay.trade.precreate", new { out_trade_no = "order_1", total_amount = "1.00", subject = "ok" }, (name, url));

            Assert.Equal("ACQ.INVALID_PARAMETER", reply["sub_code"]);
        }
    }

    [Fact]
    public async Task The_same_order_is_the_same_trade_but_not_with_another_amount()
    {
        var first = await Merchant.PrecreateAsync("order_1", "12.34");

        Assert.Equal(first["qr_code"], (await Merchant.PrecreateAsync("order_1", "12.34"))["qr_code"]);
        Assert.Equal("ACQ.CONTEXT_INCONSISTENT", (await Merchant.PrecreateAsync("order_1", "12.35"))["sub_code"]);
    }

    [Fact]
    public async Task A_paid_order_cannot_be_made_again_nor_paid_again()
    {
        await Merchant.OpenAsync("order_1");
        await sandbox.PayAsync("order_1");

        Assert.Equal("ACQ.TRADE_HAS_SUCCESS", (await Merchant.PrecreateAsync("order_1"))["sub_code"]);
        Assert.Equal(HttpStatusCode.Conflict, await sandbox.PayAsync("order_1"));
    }

    [Fact]
    public async Task An_unpaid_trade_can_be_closed_and_then_not_be_paid()
    {
        await Merchant.OpenAsync("order_1");

        Assert.Equal("10000", (await Merchant.CloseAsync("order_1"))["code"]);

        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync("order_1"))["trade_status"]);
        Assert.Equal(HttpStatusCode.Conflict, await sandbox.PayAsync("order_1"));
        Assert.Equal("ACQ.TRADE_HAS_CLOSE", (await Merchant.PrecreateAsync("order_1"))["sub_code"]);
        Assert.Equal("TRADE_CLOSED", (await sandbox.TradeAsync("order_1")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_paid_trade_cannot_be_closed()
    {
        await Merchant.OpenAsync("order_1");
        await sandbox.PayAsync("order_1");

        Assert.Equal("ACQ.TRADE_STATUS_ERROR", (await Merchant.CloseAsync("order_1"))["sub_code"]);
        Assert.Equal("TRADE_SUCCESS", (await Merchant.QueryAsync("order_1"))["trade_status"]);
    }

    [Theory]
    [InlineData("time_expire", "2026-03-01 12:05:00", 299, 300)]
    [InlineData("timeout_express", "5m", 299, 300)]
    [InlineData("timeout_express", "1c", 43_199, 43_200)]
    public async Task A_trade_that_nobody_pays_in_time_is_closed(string name, string value, int openUntilSeconds, int closedFromSeconds)
    {
        using var start = await sandbox.Http.GetAsync(Merchant.PageAddress("order_1", content: new JsonObject { [name] = value }), Cancellation);
        using var page = await sandbox.Http.GetAsync(start.Headers.Location, Cancellation);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(openUntilSeconds));
        Assert.Equal("WAIT_BUYER_PAY", (await Merchant.QueryAsync("order_1"))["trade_status"]);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(closedFromSeconds - openUntilSeconds));
        Assert.Equal("TRADE_CLOSED", (await Merchant.QueryAsync("order_1"))["trade_status"]);
        Assert.Equal(HttpStatusCode.Conflict, await sandbox.PayAsync("order_1"));
    }

    [Theory]
    [InlineData("time_expire", "2026-03-01 12:00:00")]
    [InlineData("time_expire", "2026-03-17 12:00:00")]
    [InlineData("time_expire", "tomorrow")]
    [InlineData("timeout_express", "0m")]
    [InlineData("timeout_express", "16d")]
    [InlineData("timeout_express", "5 minutes")]
    public async Task A_time_that_cannot_be_is_refused(string name, string value)
    {
        var reply = await Merchant.CallAsync("alipay.trade.precreate", new JsonObject { ["out_trade_no"] = "order_1", ["total_amount"] = "1.00", ["subject"] = "ok", [name] = value });

        Assert.Equal("ACQ.INVALID_PARAMETER", reply["sub_code"]);
    }

    [Fact]
    public async Task A_body_of_10_MB_is_refused()
    {
        using var body = new ByteArrayContent(new byte[10 * 1024 * 1024]) { Headers = { ContentType = new("application/x-www-form-urlencoded") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/gateway.do") { Content = body, Headers = { ExpectContinue = true } };

        using var answer = await sandbox.Http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }
}
