using CsCheck;
using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

/// <summary>What a counter's scanner has read is charged, asked about, and taken back (failure cases 17 to 19).</summary>
public sealed class AlipayBarcodeTests : IDisposable
{
    private const string Order = "0123456789abcdef0123456789abcdef";
    private const string Code = "286123456789012345";
    private static readonly PaymentKey Key = AlipayWire.Key(Order) with { Way = PaymentWay.Barcode };
    private static readonly string Paid = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50"}""";
    private static readonly string Waiting = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"WAIT_BUYER_PAY"}""";
    private static readonly string GoneBack = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_CLOSED","trade_no":"T1","total_amount":"106.50","send_pay_date":"2026-11-23 20:00:03"}""";
    private const string NotThere = """{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""";
    private readonly AlipayWire wire = new();

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_code_is_charged_with_the_order_and_a_query_has_to_tell()
    {
        wire.Script(("alipay.trade.pay", $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_no":"T1","total_amount":"106.50"}"""));
        Assert.IsType<PaymentStart.Submitted>(await wire.Gateway.StartAsync(Payment(Code), Token));
        Assert.True(AlipayWire.MerchantSigned(wire.Sent));
        Assert.Equal("https://shop.example/inbound/payments/alipay", wire.Sent["notify_url"]);
        var sent = wire.Content.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString());
        Assert.Equal(
            (Order, "106.50", "bar_code", Code, "FACE_TO_FACE_PAYMENT", "2026-11-23 20:15:00"),
            (sent["out_trade_no"], sent["total_amount"], sent["scene"], sent["auth_code"], sent["product_code"], sent["time_expire"]));
        Assert.Contains(PaymentWay.Barcode, wire.Gateway.Ways);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("123456789012345678")]
    [InlineData("246123456789012345")]
    [InlineData("316123456789012345")]
    [InlineData("286123456789012")]
    [InlineData("2861234567890123456789012")]
    [InlineData("28612345678901234x")]
    [InlineData("２８6123456789012345")]
    public async Task What_is_no_payment_code_of_Alipay_is_refused_without_a_call(string? code)
    {
        Assert.IsType<PaymentStart.Rejected>(await wire.Gateway.StartAsync(Payment(code), Token));
        Assert.Empty(wire.Called);
    }

    [Fact]
    public void Payment_codes_are_16_to_24_digits_from_25_to_30() => Gen.Select(Gen.Int[20, 35], Gen.String[Gen.Char['0', '9'], 10, 26]).Sample((head, rest) =>
        AlipayTrades.IsPayerCode($"{head}{rest}") == (head is >= 25 and <= 30 && rest.Length is >= 14 and <= 22), iter: 2000);

    [Theory]
    [InlineData("""{"code":"10003"}""", nameof(PaymentStart.Submitted))] // Case 18: the payer types a password.
    [InlineData("""{"code":"20000","sub_code":"isp.unknow-error"}""", nameof(PaymentStart.Submitted))] // Case 17.
    [InlineData("""{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}""", nameof(PaymentStart.Submitted))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.TRADE_HAS_SUCCESS"}""", nameof(PaymentStart.Submitted))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.CONTEXT_INCONSISTENT"}""", nameof(PaymentStart.Submitted))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.SOMETHING_NEW"}""", nameof(PaymentStart.Submitted))] // Case 15.
    [InlineData("{}", nameof(PaymentStart.Submitted))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.PAYMENT_AUTH_CODE_INVALID"}""", nameof(PaymentStart.Rejected))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.BUYER_BALANCE_NOT_ENOUGH"}""", nameof(PaymentStart.Rejected))]
    [InlineData("""{"code":"40002","sub_code":"isv.invalid-signature"}""", nameof(PaymentStart.Rejected))]
    [InlineData("""{"code":"40006","sub_code":"isv.insufficient-isv-permissions"}""", nameof(PaymentStart.Rejected))]
    public async Task Only_what_cannot_become_paid_is_refused(string node, string expected)
    {
        wire.Script(("alipay.trade.pay", node));
        Assert.Equal(expected, (await wire.Gateway.StartAsync(Payment(Code), Token)).GetType().Name);
    }

    [Fact]
    public async Task Case_17_Silence_after_a_charge_leaves_it_open()
    {
        wire.Answer = _ => throw new HttpRequestException("gone");
        Assert.IsType<PaymentStart.Submitted>(await wire.Gateway.StartAsync(Payment(Code), Token));
    }

    public static TheoryData<string, string, string> Cancels => new()
    {
        { Waiting, $$"""{"code":"10000","out_trade_no":"{{Order}}","retry_flag":"N","action":"close"}""", nameof(PaymentClose.Closed) },
        { Waiting, $$"""{"code":"10000","out_trade_no":"{{Order}}","retry_flag":"N","action":"refund"}""", nameof(PaymentClose.Closed) },
        { Waiting, $$"""{"code":"10000","out_trade_no":"{{Order}}","retry_flag":"Y"}""", nameof(PaymentClose.Unknown) },
        { Waiting, """{"code":"10000","out_trade_no":"another","retry_flag":"N","action":"close"}""", nameof(PaymentClose.Unknown) },
        { Waiting, $$"""{"code":"10000","out_trade_no":"{{Order}}","retry_flag":"N","action":"something"}""", nameof(PaymentClose.Unknown) },
        { Waiting, """{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR","retry_flag":"Y"}""", nameof(PaymentClose.Unknown) },
        { Waiting, """{"code":"20000"}""", nameof(PaymentClose.Unknown) },
        { NotThere, $$"""{"code":"10000","out_trade_no":"{{Order}}","retry_flag":"N"}""", nameof(PaymentClose.NotFound) },
        { NotThere, NotThere, nameof(PaymentClose.NotFound) },
    };

    [Theory]
    [MemberData(nameof(Cancels))]
    public async Task Case_17_An_open_charge_is_asked_about_and_then_cancelled(string query, string cancel, string expected)
    {
        wire.Script(("alipay.trade.query", query), ("alipay.trade.cancel", cancel));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(Key, Token)).GetType().Name);
        Assert.Equal(["alipay.trade.query", "alipay.trade.cancel"], wire.Called);
    }

    public static TheoryData<string, string> NotCancelled => new()
    {
        { Paid, nameof(PaymentClose.AlreadyPaid) }, // Case 19.
        { Paid.Replace("\"total", "\"trans_currency\":\"USD\",\"total", StringComparison.Ordinal), nameof(PaymentClose.AlreadyPaid) },
        { GoneBack, nameof(PaymentClose.AlreadyPaid) },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_CLOSED"}""", nameof(PaymentClose.Closed) },
        { """{"code":"20000"}""", nameof(PaymentClose.Unknown) },
        { $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"SOMETHING_NEW"}""", nameof(PaymentClose.Unknown) },
    };

    [Theory]
    [MemberData(nameof(NotCancelled))]
    public async Task Case_19_What_is_known_as_paid_or_not_known_at_all_is_never_cancelled(string query, string expected)
    {
        wire.Script(("alipay.trade.query", query));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(Key, Token)).GetType().Name);
        Assert.Equal(["alipay.trade.query"], wire.Called);
    }

    [Fact]
    public async Task Other_ways_are_closed_and_not_cancelled()
    {
        wire.Script(("alipay.trade.close", """{"code":"10000"}"""));
        Assert.IsType<PaymentClose.Closed>(await wire.Gateway.CloseAsync(AlipayWire.Key(Order) with { Way = PaymentWay.Qr }, Token));
    }

    [Fact]
    public async Task Case_24_What_went_back_with_a_cancel_counts_as_refunded_when_a_refund_of_it_is_refused()
    {
        var refund = new RefundOrder(Guid.Empty, Key, Order + "R1", Money.Cny(10650), Money.Cny(10650), "late");
        wire.Script(("alipay.trade.refund", """{"code":"40004","sub_code":"ACQ.TRADE_STATUS_ERROR"}"""), ("alipay.trade.query", GoneBack));
        Assert.IsType<RefundStatus.Refunded>(await wire.Gateway.RefundAsync(refund, Token));
        wire.Script(("alipay.trade.refund", """{"code":"40004","sub_code":"ACQ.TRADE_STATUS_ERROR"}"""), ("alipay.trade.query", Paid));
        Assert.IsType<RefundStatus.Rejected>(await wire.Gateway.RefundAsync(refund, Token));
    }

    private static PaymentOrder Payment(string? code) =>
        new(Order, Money.Cny(10650), "Mint 5GB, \"fast\"", PaymentWay.Barcode, new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 23, 12, 15, 0, TimeSpan.Zero), new Uri("https://shop.example/top-ups/x"))
        {
            Payer = new Payer(Code: code),
        };
}
