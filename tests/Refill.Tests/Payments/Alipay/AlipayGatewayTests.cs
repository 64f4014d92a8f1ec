using System.Net;
using System.Text.Json;
using CsCheck;
using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

public sealed class AlipayGatewayTests : IDisposable
{
    private const string Order = "0123456789abcdef0123456789abcdef";
    private static readonly RefundOrder Refund = new(Guid.Empty, AlipayWire.Key(Order), Order + "R1", Money.Cny(10650), Money.Cny(10650), "a/b=c&d");
    private readonly AlipayWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PaymentWay.Page, "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY")]
    [InlineData(PaymentWay.Wap, "alipay.trade.wap.pay", "QUICK_WAP_WAY")]
    public async Task The_browser_is_sent_to_a_signed_address_that_says_what_it_must(PaymentWay way, string method, string product)
    {
        var start = Assert.IsType<PaymentStart.Redirect>(await wire.Gateway.StartAsync(Payment(way, "充值 a/b=c&d"), Token));
        var sent = start.Url.Query[1..].Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        Assert.True(AlipayWire.MerchantSigned(sent));
        Assert.Equal((method, AlipayWire.AppId, "2026-11-23 20:00:00", "RSA2"), (sent["method"], sent["app_id"], sent["timestamp"], sent["sign_type"]));
        Assert.DoesNotContain(sent, parameter => parameter.Value.Length == 0);
        var content = JsonSerializer.Deserialize<Dictionary<string, string>>(sent["biz_content"])!;
        Assert.Equal((Order, "106.50", product, "充值 a b c d", "2026-11-23 20:15:00"), (content["out_trade_no"], content["total_amount"], content["product_code"], content["subject"], content["time_expire"]));
        Assert.Equal(way == PaymentWay.Wap, content.ContainsKey("quit_url"));
    }

    [Fact]
    public async Task Case_16_The_same_order_is_asked_for_in_the_same_words()
    {
        var (one, two) = (await wire.Gateway.StartAsync(Payment(PaymentWay.Page), Token), await wire.Gateway.StartAsync(Payment(PaymentWay.Page), Token));
        Assert.Equal(one, two);
    }

    [Fact]
    public async Task A_code_is_asked_for_and_shown()
    {
        wire.Answers("alipay_trade_precreate_response", $$"""{"code":"10000","msg":"Success","out_trade_no":"{{Order}}","qr_code":"https:\/\/qr.alipay.com\/abc"}""");
        Assert.Equal(new PaymentStart.ShowCode("https://qr.alipay.com/abc"), await wire.Gateway.StartAsync(Payment(PaymentWay.Qr), Token));
        Assert.True(AlipayWire.MerchantSigned(wire.Sent));
        Assert.Equal("https://shop.example/inbound/payments/alipay", wire.Sent["notify_url"]);
    }

    public static TheoryData<string, string> Queries => new()
    {
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"WAIT_BUYER_PAY"}""", "Waiting" },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50"}""", "Paid 106.50" },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_FINISHED","trade_no":"T1","total_amount":"106.50"}""", "Paid 106.50" },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_CLOSED","trade_no":"T1","total_amount":"106.50"}""", "Closed" },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_CLOSED","trade_no":"T1","total_amount":"106.50","send_pay_date":"2026-11-23 20:00:03"}""", "Paid 106.50" }, // Case 24.
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"0.01"}""", "Paid 0.01" }, // Case 6: the caller compares.
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50","trans_currency":"USD"}""", "WrongCurrency" }, // Case 8.
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"SOMETHING_NEW"}""", "Unknown" }, // Case 15.
        { """{"code":"10000","out_trade_no":"another","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50"}""", "Unknown" },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS"}""", "Unknown" },
        { """{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""", "NotFound" },
        { """{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}""", "Unknown" },
        { """{"code":"20000","sub_code":"isp.unknow-error"}""", "Unknown" },
        { """{"code":"40002","sub_code":"isv.invalid-signature"}""", "Unknown" },
        { "{}", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task What_the_gateway_says_of_a_payment_is_one_of_a_closed_set(string node, string expected)
    {
        wire.Answers("alipay_trade_query_response", node);
        var status = await wire.Gateway.QueryAsync(AlipayWire.Key(Order), Token);
        Assert.Equal(expected, status is PaymentStatus.Paid paid ? $"Paid {paid.Amount.ToDecimalString()}" : status.GetType().Name);
    }

    [Theory]
    [InlineData("""{"code":"10000"}""", nameof(PaymentClose.Closed))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""", nameof(PaymentClose.NotFound))]
    [InlineData("""{"code":"20000"}""", nameof(PaymentClose.Unknown))]
    public async Task Closing_says_what_became_of_it(string node, string expected)
    {
        wire.Answers("alipay_trade_close_response", node);
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(AlipayWire.Key(Order), Token)).GetType().Name);
    }

    [Theory]
    [InlineData("TRADE_SUCCESS", nameof(PaymentClose.AlreadyPaid))]
    [InlineData("TRADE_CLOSED", nameof(PaymentClose.Closed))]
    [InlineData("WAIT_BUYER_PAY", nameof(PaymentClose.Unknown))]
    public async Task Case_19_A_close_that_is_refused_asks_how_the_order_stands(string status, string expected)
    {
        var calls = 0;
        var (close, query) = ("""{"code":"40004","sub_code":"ACQ.TRADE_STATUS_ERROR"}""", $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"{{status}}","trade_no":"T1","total_amount":"106.50"}""");
        wire.Answer = _ =>
        {
            var (root, node) = calls++ == 0 ? ("alipay_trade_close_response", close) : ("alipay_trade_query_response", query);
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent($"{{\"{root}\":{node},\"sign\":\"{AlipayWire.Sign(node)}\"}}") });
        };
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(AlipayWire.Key(Order), Token)).GetType().Name);
    }

    [Theory]
    [InlineData("""{"code":"10000","fund_change":"Y"}""", nameof(RefundStatus.Refunded))]
    [InlineData("""{"code":"10000","fund_change":"Y","out_trade_no":"another"}""", nameof(RefundStatus.Unknown))]
    [InlineData("""{"code":"10003"}""", nameof(RefundStatus.Pending))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}""", nameof(RefundStatus.Unknown))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.TRADE_HAS_FINISHED"}""", nameof(RefundStatus.Rejected))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}""", nameof(RefundStatus.Rejected))]
    [InlineData("""{"code":"20000"}""", nameof(RefundStatus.Unknown))]
    public async Task A_refund_is_done_only_when_money_moved(string node, string expected)
    {
        wire.Answers("alipay_trade_refund_response", node);
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Refund, Token)).GetType().Name);
        var content = JsonSerializer.Deserialize<Dictionary<string, string>>(wire.Sent["biz_content"])!;
        Assert.Equal((Order + "R1", "106.50"), (content["out_request_no"], content["refund_amount"])); // Case 21: the same number on every try.
    }

    [Theory]
    [InlineData("REFUND_SUCCESS", nameof(RefundStatus.Refunded))]
    [InlineData("", nameof(RefundStatus.Pending))]
    public async Task Case_21_A_repeated_refund_moves_nothing_and_the_query_tells_whether_it_was_done(string word, string expected)
    {
        var calls = 0;
        wire.Answer = _ =>
        {
            var (root, node) = calls++ == 0 ? ("alipay_trade_refund_response", """{"code":"10000","fund_change":"N"}""")
                : ("alipay_trade_fastpay_refund_query_response", $$"""{"code":"10000","out_request_no":"{{Order}}R1","refund_status":"{{word}}"}""");
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent($"{{\"{root}\":{node},\"sign\":\"{AlipayWire.Sign(node)}\"}}") });
        };
        Assert.Equal(expected, (await wire.Gateway.RefundAsync(Refund, Token)).GetType().Name);
    }

    [Theory]
    [InlineData("""{"code":"10000","out_request_no":"0123456789abcdef0123456789abcdefR1","refund_status":"REFUND_SUCCESS"}""", nameof(RefundStatus.Refunded))]
    [InlineData("""{"code":"10000","out_request_no":"0123456789abcdef0123456789abcdefR1","refund_status":"REFUND_SUCCESS","refund_amount":"106.50"}""", nameof(RefundStatus.Refunded))]
    [InlineData("""{"code":"10000","out_request_no":"0123456789abcdef0123456789abcdefR1","refund_status":"REFUND_SUCCESS","refund_amount":"53.25"}""", nameof(RefundStatus.Unknown))]
    [InlineData("""{"code":"10000","out_trade_no":"another","out_request_no":"0123456789abcdef0123456789abcdefR1","refund_status":"REFUND_SUCCESS"}""", nameof(RefundStatus.Unknown))]
    [InlineData("""{"code":"10000"}""", nameof(RefundStatus.NotFound))]
    [InlineData("""{"code":"10000","out_request_no":"another","refund_status":"REFUND_SUCCESS"}""", nameof(RefundStatus.Pending))]
    [InlineData("""{"code":"10000","refund_status":"REFUND_PROCESSING"}""", nameof(RefundStatus.Pending))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""", nameof(RefundStatus.NotFound))]
    public async Task Only_REFUND_SUCCESS_for_this_refund_is_success(string node, string expected)
    {
        wire.Answers("alipay_trade_fastpay_refund_query_response", node);
        Assert.Equal(expected, (await wire.Gateway.QueryRefundAsync(Refund, Token)).GetType().Name);
    }

    [Fact]
    public async Task Case_9_An_answer_is_believed_only_with_its_signature()
    {
        var node = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50"}""";
        foreach (var body in new[]
        {
            $"{{\"alipay_trade_query_response\":{node}}}",
            $"{{\"alipay_trade_query_response\":{node},\"sign\":\"{AlipayWire.Sign(node + " ")}\"}}",
            $"{{\"alipay_trade_query_response\":{node.Replace("106.50", "0.01", StringComparison.Ordinal)},\"sign\":\"{AlipayWire.Sign(node)}\"}}",
            $"{{\"alipay_trade_query_response\":{node},\"sign\":\"{AlipayWire.Sign(node)}\",\"alipay_trade_query_response\":{{}}}}",
            "{\"alipay_trade_query_response\":", "", "<html>", "[]",
        })
        {
            wire.Says(body);
            Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(AlipayWire.Key(Order), Token));
        }
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Found)]
    [InlineData(HttpStatusCode.NoContent)]
    public async Task Any_status_but_200_is_unknown(HttpStatusCode status)
    {
        wire.Says("{}", status);
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(AlipayWire.Key(Order), Token));
    }

    [Fact]
    public async Task Silence_a_broken_line_and_an_endless_answer_are_unknown()
    {
        wire.Answer = async cancellation =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new InvalidOperationException();
        };
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(AlipayWire.Key(Order), Token));
        wire.Answer = _ => throw new HttpRequestException("refused");
        Assert.IsType<RefundStatus.Unknown>(await wire.Gateway.RefundAsync(Refund, Token));
        wire.Says(new string(' ', 2_000_000));
        Assert.IsType<PaymentStart.Unknown>(await wire.Gateway.StartAsync(Payment(PaymentWay.Qr), Token));
    }

    [Fact]
    public void The_signed_bytes_are_cut_out_exactly_whatever_the_answer_holds()
    {
        var value = Gen.OneOf(
            Gen.String[Gen.Char["ab{}[]\",:\\/ 值"], 0, 12].Select(text => JsonSerializer.Serialize(text)),
            Gen.Int.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Gen.Const("{\"a\":[1,{\"b\":\"}\"}],\"c\":null}"));
        var space = Gen.OneOf(Gen.Const(""), Gen.Const(" "), Gen.Const("\n  "));
        Gen.Select(value, space, space).Array[1, 6].Sample(members =>
        {
            var node = "{" + string.Join(",", members.Select((member, index) => $"{member.Item2}\"k{index}\"{member.Item3}:{member.Item1}")) + "}";
            var body = System.Text.Encoding.UTF8.GetBytes($" {{ \"x_response\" : {node} , \"sign\":\"s\" }}");
            return AlipayAnswer.Cut(body, "x_response") is { Sign: "s" } cut && System.Text.Encoding.UTF8.GetString(body[cut.Value]) == node;
        }, iter: 3000);
    }

    [Theory]
    [InlineData("garbage", null, "our private key")]
    [InlineData(null, "garbage", "Alipay's public key")]
    public void A_wrong_key_is_named_and_not_shown(string? ours, string? theirs, string named)
    {
        var options = AlipayWire.Options with { PrivateKeyPem = ours ?? AlipayWire.Options.PrivateKeyPem, AlipayPublicKeyPem = theirs ?? AlipayWire.Options.AlipayPublicKeyPem };
        var error = Assert.Throws<GatewaySettingException>(() => options.Load(DateTimeOffset.UnixEpoch));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("garbage", error.Message, StringComparison.Ordinal);
    }

    private static PaymentOrder Payment(PaymentWay way, string subject = "Mint 5GB") =>
        new(Order, Money.Cny(10650), subject, way, new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 23, 12, 15, 0, TimeSpan.Zero), new Uri("https://shop.example/top-ups/x?back=1"));
}
