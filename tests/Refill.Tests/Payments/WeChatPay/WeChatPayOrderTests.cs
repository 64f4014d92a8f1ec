using System.Text;
using System.Text.Json;
using Refill.Payments;

namespace Refill.Tests.Payments.WeChatPay;

/// <summary>Orders are put to WeChat Pay, one way or another.</summary>
public sealed class WeChatPayOrderTests : IDisposable
{
    private const string Order = WeChatWire.Order;
    private static readonly Payer Phone = new(Address: "203.0.113.7");
    private static readonly Payer Member = new(Account: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    private static readonly Payer Scanned = new(Code: "134567890123456789");
    private readonly WeChatWire wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task A_code_is_asked_for_in_signed_words_and_shown()
    {
        wire.Says((200, """{"code_url":"weixin://wxpay/bizpayurl?pr=abc"}"""));
        Assert.Equal(new PaymentStart.ShowCode("weixin://wxpay/bizpayurl?pr=abc"), await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token));
        Assert.Equal(("POST", "/v3/pay/transactions/native"), (wire.Sent.Method, wire.Targets[0]));
    }

    [Fact]
    public async Task What_is_sent_says_what_it_must_and_its_very_bytes_are_signed()
    {
        wire.Says((200, """{"code_url":"weixin://x"}"""));
        await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr, subject: new string('充', 50) + "`\n"), Token);
        Assert.True(wire.MerchantSigned());
        using var body = JsonDocument.Parse(wire.Sent.Body);
        var root = body.RootElement;
        Assert.Equal((WeChatWire.App, WeChatWire.Merchant, Order, "https://shop.example/inbound/payments/wechatpay"), (root.GetProperty("appid").GetString(), root.GetProperty("mchid").GetString(), root.GetProperty("out_trade_no").GetString(), root.GetProperty("notify_url").GetString()));
        Assert.Equal((10650, "CNY", "2026-11-23T20:15:00+08:00"), (root.GetProperty("amount").GetProperty("total").GetInt64(), root.GetProperty("amount").GetProperty("currency").GetString(), root.GetProperty("time_expire").GetString()));
        Assert.Equal(126, Encoding.UTF8.GetByteCount(root.GetProperty("description").GetString()!)); // At most 127 bytes, cut between characters.
    }

    [Fact]
    public async Task The_time_to_pay_is_never_less_than_a_minute()
    {
        wire.Says((200, """{"code_url":"weixin://x"}"""));
        wire.Time.Advance(TimeSpan.FromMinutes(14.5));
        await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token);
        Assert.Contains("\"time_expire\":\"2026-11-23T20:15:31+08:00\"", wire.Sent.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_phone_is_sent_to_the_page_that_comes_back_to_us()
    {
        wire.Says((200, """{"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2"}"""));
        var start = Assert.IsType<PaymentStart.Redirect>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Wap, Phone), Token));
        Assert.Equal("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2&redirect_url=https%3A%2F%2Fshop.example%2Ftop-ups%2Fx%3Fback%3D1", start.Url.AbsoluteUri);
        Assert.Contains("\"scene_info\":{\"payer_client_ip\":\"203.0.113.7\",\"h5_info\":{\"type\":\"Wap\"}}", wire.Sent.Body, StringComparison.Ordinal);
        Assert.Contains(new Uri("https://wx.tenpay.com"), wire.Gateway.PayerOrigins);
    }

    [Theory]
    [InlineData("https://evil.example/pay?x=1")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://wx.tenpay.com/pay")]
    public async Task A_page_that_stands_elsewhere_is_not_gone_to(string url)
    {
        wire.Says((200, $$"""{"h5_url":"{{url}}"}"""));
        Assert.IsType<PaymentStart.Unknown>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Wap, Phone), Token));
    }

    [Fact]
    public async Task Within_WeChat_the_page_is_given_what_it_calls_the_payment_with()
    {
        wire.Says((200, """{"prepay_id":"wx201410272009395522657a690389285100"}"""));
        var called = Assert.IsType<PaymentStart.CallApp>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.InApp, Member), Token)).Parameters;
        Assert.Equal(["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"], called.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((WeChatWire.App, "prepay_id=wx201410272009395522657a690389285100", "RSA", "1795435200"), (called["appId"], called["package"], called["signType"], called["timeStamp"]));
        Assert.True(WeChatWire.MerchantSigned($"{called["appId"]}\n{called["timeStamp"]}\n{called["nonceStr"]}\n{called["package"]}\n", called["paySign"]));
        Assert.Contains("\"payer\":{\"openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}", wire.Sent.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PaymentWay.Wap)]
    [InlineData(PaymentWay.InApp)]
    [InlineData(PaymentWay.Barcode)]
    public async Task What_a_way_wants_to_know_of_the_payer_is_not_made_up(PaymentWay way)
    {
        Assert.IsType<PaymentStart.Rejected>(await wire.Gateway.StartAsync(WeChatWire.Payment(way), Token));
        Assert.Empty(wire.Targets);
    }

    [Theory]
    [InlineData("12345678901234567")]
    [InlineData("164567890123456789")]
    [InlineData("284567890123456789")] // Alipay's.
    [InlineData("13456789012345678x")]
    public async Task A_code_that_is_none_of_WeChats_charges_nobody(string code)
    {
        Assert.IsType<PaymentStart.Rejected>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Barcode, new Payer(Code: code)), Token));
        Assert.Empty(wire.Targets);
    }

    [Theory]
    [InlineData(200, """{"trade_state":"SUCCESS"}""", nameof(PaymentStart.Submitted))]
    [InlineData(200, """{"trade_state":"USERPAYING"}""", nameof(PaymentStart.Submitted))]
    [InlineData(202, """{"code":"USERPAYING"}""", nameof(PaymentStart.Submitted))]
    [InlineData(400, """{"code":"USER_PAYING"}""", nameof(PaymentStart.Submitted))]
    [InlineData(400, """{"code":"ORDERPAID"}""", nameof(PaymentStart.Submitted))]
    [InlineData(500, """{"code":"SYSTEM_ERROR"}""", nameof(PaymentStart.Submitted))]
    [InlineData(400, """{"code":"BANKERROR"}""", nameof(PaymentStart.Submitted))]
    [InlineData(502, "<html>", nameof(PaymentStart.Submitted))]
    [InlineData(400, """{"code":"AUTH_CODE_INVALID"}""", nameof(PaymentStart.Rejected))]
    [InlineData(400, """{"code":"AUTHCODEEXPIRE"}""", nameof(PaymentStart.Rejected))]
    [InlineData(403, """{"code":"NOT_ENOUGH"}""", nameof(PaymentStart.Rejected))]
    [InlineData(401, """{"code":"SIGN_ERROR"}""", nameof(PaymentStart.Rejected))]
    public async Task Case_17_What_became_of_a_scanned_code_is_left_to_the_query_unless_it_was_certainly_refused(int status, string body, string expected)
    {
        wire.Says((status, body));
        Assert.Equal(expected, (await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Barcode, Scanned), Token)).GetType().Name);
        Assert.Equal("/v3/pay/transactions/codepay", wire.Targets[0]);
    }

    [Fact]
    public async Task Case_17_Silence_on_a_scanned_code_is_left_to_the_query()
    {
        wire.Answer = (_, _) => throw new HttpRequestException("gone");
        Assert.IsType<PaymentStart.Submitted>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Barcode, Scanned), Token));
        Assert.Contains("\"payer\":{\"auth_code\":\"134567890123456789\"},\"scene_info\":{\"store_info\":{\"out_id\":\"refill\"}}", wire.Sent.Body, StringComparison.Ordinal);
        wire.Answer = (_, _) => Task.FromResult(wire.Message("""{"trade_state":"SUCCESS"}""", headers: []));
        Assert.IsType<PaymentStart.Submitted>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Barcode, Scanned), Token));
    }

    [Theory]
    [InlineData(400, """{"code":"PARAM_ERROR","message":"x"}""", nameof(PaymentStart.Rejected))]
    [InlineData(403, """{"code":"NO_AUTH"}""", nameof(PaymentStart.Rejected))]
    [InlineData(400, """{"code":"ORDERPAID"}""", nameof(PaymentStart.Submitted))]
    [InlineData(429, """{"code":"FREQUENCY_LIMITED"}""", nameof(PaymentStart.Unknown))]
    [InlineData(500, """{"code":"SYSTEM_ERROR"}""", nameof(PaymentStart.Unknown))]
    [InlineData(400, "<html>", nameof(PaymentStart.Unknown))]
    [InlineData(302, "", nameof(PaymentStart.Unknown))]
    [InlineData(200, "{}", nameof(PaymentStart.Unknown))]
    [InlineData(200, "[]", nameof(PaymentStart.Unknown))]
    [InlineData(204, "", nameof(PaymentStart.Unknown))]
    public async Task What_becomes_of_an_order_is_one_of_a_closed_set(int status, string body, string expected)
    {
        wire.Says((status, body));
        Assert.Equal(expected, (await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token)).GetType().Name);
    }

    [Fact]
    public async Task Case_16_The_same_order_is_put_in_the_same_words()
    {
        wire.Says((200, """{"code_url":"weixin://x"}"""));
        await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token);
        wire.Time.Advance(TimeSpan.FromMinutes(3));
        await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token);
        var first = wire.Sent.Body;
        wire.Time.Advance(TimeSpan.FromMinutes(3));
        await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token);
        Assert.Equal(first, wire.Sent.Body);
    }
}
