using System.Text;
using CsCheck;
using Refill.Payments;

namespace Refill.Tests.Payments.WeChatPay;

public sealed class WeChatPayGatewayTests : IDisposable
{
    private const string Order = WeChatWire.Order;
    private readonly WeChatWire wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => wire.Dispose();

    public static TheoryData<int, string, string> Queries => new()
    {
        { 200, WeChatWire.Trade(), "Paid 106.50 0.00" },
        { 200, WeChatWire.Trade("REFUND"), "Paid 106.50 106.50" }, // Case 24: something went back past us.
        { 200, WeChatWire.Trade("NOTPAY"), "Waiting" },
        { 200, WeChatWire.Trade("USERPAYING"), "Waiting" }, // Case 18.
        { 200, WeChatWire.Trade("ACCEPT"), "Waiting" },
        { 200, WeChatWire.Trade("PAYERROR"), "Waiting" },
        { 200, WeChatWire.Trade("CLOSED"), "Closed" },
        { 200, WeChatWire.Trade("REVOKED"), "Closed" },
        { 200, WeChatWire.Trade("SOMETHING_NEW"), "Unknown" }, // Case 15.
        { 200, WeChatWire.Trade(total: 1), "Paid 0.01 0.00" }, // Case 6: the caller compares.
        { 200, WeChatWire.Trade(total: 0), "Unknown" },
        { 200, WeChatWire.Trade(total: -5), "Unknown" },
        { 200, WeChatWire.Trade(currency: "USD"), "WrongCurrency" }, // Case 8.
        { 200, WeChatWire.Trade(order: "another"), "Unknown" },
        { 200, WeChatWire.Trade(merchant: "1900000110"), "Unknown" }, // Case 7.
        { 200, WeChatWire.Trade(app: "wx9999999999999999"), "Unknown" },
        { 200, $$"""{"appid":"{{WeChatWire.App}}","mchid":"{{WeChatWire.Merchant}}","out_trade_no":"{{Order}}","trade_state":"SUCCESS"}""", "Unknown" },
        { 200, WeChatWire.Trade().Replace("\"SUCCESS\"", "\"SUCCESS\",\"trade_state\":\"NOTPAY\"", StringComparison.Ordinal), "Unknown" },
        { 404, """{"code":"ORDER_NOT_EXIST","message":"订单不存在"}""", "NotFound" },
        { 404, """{"code":"ORDERNOTEXIST"}""", "NotFound" },
        { 404, "not found", "Unknown" },
        { 401, """{"code":"SIGN_ERROR"}""", "Unknown" },
        { 500, """{"code":"SYSTEM_ERROR"}""", "Unknown" },
        { 429, """{"code":"FREQUENCY_LIMITED"}""", "Unknown" },
        { 204, "", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task What_the_gateway_says_of_a_payment_is_one_of_a_closed_set(int status, string body, string expected)
    {
        wire.Says((status, body));
        var said = await wire.Gateway.QueryAsync(WeChatWire.Key(), Token);
        Assert.Equal(expected, said is PaymentStatus.Paid paid ? $"Paid {paid.Amount.ToDecimalString()} {paid.Refunded.ToDecimalString()}" : said.GetType().Name);
        Assert.Equal($"/v3/pay/transactions/out-trade-no/{Order}?mchid={WeChatWire.Merchant}", wire.Targets[0]);
    }

    [Fact]
    public async Task A_payment_carries_its_number_and_its_time()
    {
        wire.Says((200, WeChatWire.Trade()));
        var paid = Assert.IsType<PaymentStatus.Paid>(await wire.Gateway.QueryAsync(WeChatWire.Key(), Token));
        Assert.Equal(("4200000000202611230000000001", new DateTimeOffset(2026, 11, 23, 12, 0, 3, TimeSpan.Zero)), (paid.GatewayNumber, paid.PaidAt));
    }

    [Theory]
    [InlineData(204, "", nameof(PaymentClose.Closed))]
    [InlineData(400, """{"code":"ORDERPAID"}""", nameof(PaymentClose.AlreadyPaid))] // Case 19.
    [InlineData(400, """{"code":"ORDER_PAID"}""", nameof(PaymentClose.AlreadyPaid))]
    [InlineData(404, """{"code":"ORDER_NOT_EXIST"}""", nameof(PaymentClose.NotFound))]
    [InlineData(500, """{"code":"SYSTEM_ERROR"}""", nameof(PaymentClose.Unknown))]
    public async Task Case_19_Closing_says_what_became_of_it(int status, string body, string expected)
    {
        wire.Says((status, body));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(WeChatWire.Key(), Token)).GetType().Name);
        Assert.Equal($"/v3/pay/transactions/out-trade-no/{Order}/close", wire.Targets[0]);
    }

    [Theory]
    [InlineData("SUCCESS", nameof(PaymentClose.AlreadyPaid))]
    [InlineData("CLOSED", nameof(PaymentClose.Closed))]
    [InlineData("NOTPAY", nameof(PaymentClose.Unknown))]
    public async Task Case_19_That_it_is_closed_already_is_believed_of_a_query_only(string state, string expected)
    {
        wire.Says((400, """{"code":"ORDER_CLOSED"}"""), (200, WeChatWire.Trade(state)));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(WeChatWire.Key(), Token)).GetType().Name);
    }

    [Fact]
    public async Task An_unsigned_204_closes_nothing()
    {
        wire.Answer = (_, _) => Task.FromResult(wire.Message("", 204, []));
        Assert.IsType<PaymentClose.Unknown>(await wire.Gateway.CloseAsync(WeChatWire.Key(), Token));
    }

    public static TheoryData<int, string, int, string, string> Reversals => new()
    {
        { 200, WeChatWire.Trade(), 0, "", "AlreadyPaid" },
        { 200, WeChatWire.Trade("REVOKED"), 0, "", "Closed" },
        { 500, "", 0, "", "Unknown" },
        { 200, WeChatWire.Trade("NOTPAY"), 200, $$"""{"appid":"a","mchid":"{{WeChatWire.Merchant}}","out_trade_no":"{{Order}}"}""", "Closed" },
        { 200, WeChatWire.Trade("NOTPAY"), 200, $$"""{"mchid":"{{WeChatWire.Merchant}}","out_trade_no":"another"}""", "Unknown" },
        { 200, WeChatWire.Trade("USERPAYING"), 400, """{"code":"USERPAYING"}""", "Unknown" },
        { 200, WeChatWire.Trade("USERPAYING"), 202, """{"code":"USER_PAYING"}""", "Unknown" },
        { 200, WeChatWire.Trade("USERPAYING"), 200, $$"""{"code":"USERPAYING","mchid":"{{WeChatWire.Merchant}}","out_trade_no":"{{Order}}"}""", "Unknown" },
        { 404, """{"code":"ORDER_NOT_EXIST"}""", 404, """{"code":"ORDER_NOT_EXIST"}""", "NotFound" },
        { 200, WeChatWire.Trade("NOTPAY"), 500, """{"code":"SYSTEM_ERROR"}""", "Unknown" },
    };

    [Theory]
    [MemberData(nameof(Reversals))]
    public async Task Case_18_A_scanned_code_is_reversed_right_after_a_last_query(int queried, string state, int reversed, string body, string expected)
    {
        wire.Says((queried, state), (reversed, body));
        Assert.Equal(expected, (await wire.Gateway.CloseAsync(WeChatWire.Key(PaymentWay.Barcode), Token)).GetType().Name);
        var calls = wire.Targets.Where(target => target != "/v3/certificates").ToList();
        Assert.Equal(reversed == 0 ? 1 : 2, calls.Count);
        Assert.True(reversed == 0 || calls[1] == $"/v3/pay/transactions/out-trade-no/{Order}/reverse");
    }

    [Fact]
    public async Task Case_9_A_success_is_believed_only_with_its_signature_over_the_bytes_received()
    {
        var (body, now) = (Encoding.UTF8.GetBytes(WeChatWire.Trade()), wire.Time.GetUtcNow());
        var good = WeChatWire.Signed(body, now);
        foreach (var headers in new[]
        {
            [],
            WeChatWire.Signed([.. body, 32], now),
            WeChatWire.Signed(body, now, WeChatWire.Platform.Certificate.SerialNumber, WeChatWire.Later.Key),
            new(good) { ["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + good["Wechatpay-Signature"] },
            new(good) { ["Wechatpay-Nonce"] = "other" },
            new(good) { ["Wechatpay-Timestamp"] = "now" },
        })
        {
            wire.Answer = (_, _) => Task.FromResult(wire.Message(WeChatWire.Trade(), 200, headers));
            Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(WeChatWire.Key(), Token));
        }

        wire.Answer = (_, _) => Task.FromResult(wire.Message(WeChatWire.Trade(), 200, good));
        Assert.IsType<PaymentStatus.Paid>(await wire.Gateway.QueryAsync(WeChatWire.Key(), Token));
    }

    [Fact]
    public async Task Silence_a_broken_line_and_an_endless_answer_are_unknown()
    {
        wire.Answer = async (_, cancellation) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new InvalidOperationException();
        };
        Assert.IsType<PaymentStatus.Unknown>(await wire.Gateway.QueryAsync(WeChatWire.Key(), Token));
        wire.Answer = (_, _) => throw new HttpRequestException("refused");
        Assert.IsType<PaymentClose.Unknown>(await wire.Gateway.CloseAsync(WeChatWire.Key(), Token));
        wire.Says((200, new string(' ', 2_000_000)));
        Assert.IsType<PaymentStart.Unknown>(await wire.Gateway.StartAsync(WeChatWire.Payment(PaymentWay.Qr), Token));
    }

    [Fact]
    public async Task Any_flipped_bit_of_an_answer_is_unknown()
    {
        var body = Encoding.UTF8.GetBytes(WeChatWire.Trade());
        var good = WeChatWire.Signed(body, wire.Time.GetUtcNow());
        await Gen.Int[0, (body.Length * 8) - 1].SampleAsync(async bit =>
        {
            var bad = body.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            wire.Answer = (_, _) =>
            {
                var message = wire.Message("", 200, good);
                message.Content = new ByteArrayContent(bad);
                return Task.FromResult(message);
            };
            return await wire.Gateway.QueryAsync(WeChatWire.Key(), Token) is PaymentStatus.Unknown;
        }, iter: 1000, threads: 1);
    }
}
