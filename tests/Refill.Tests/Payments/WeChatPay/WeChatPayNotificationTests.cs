using System.Text;
using CsCheck;
using Refill.Payments;
using Refill.Payments.WeChatPay;
using Refill.Units;

namespace Refill.Tests.Payments.WeChatPay;

public sealed class WeChatPayNotificationTests : IDisposable
{
    private readonly WeChatWire wire = new();

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task A_genuine_payment_is_read_whole()
    {
        var genuine = Assert.IsType<PaymentNotification.Genuine>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade()))));
        var paid = Assert.IsType<PaymentStatus.Paid>(genuine.Status);
        Assert.Equal((WeChatWire.Order, Money.Cny(10650), "4200000000202611230000000001", Money.Cny(0)), (genuine.OrderNumber, paid.Amount, paid.GatewayNumber, paid.Refunded));
    }

    [Theory]
    [InlineData("REFUND.SUCCESS")]
    [InlineData("REFUND.ABNORMAL")]
    [InlineData("REFUND.CLOSED")]
    public async Task A_refunds_is_a_reason_to_ask_about_it(string type)
    {
        var body = $$"""{"mchid":"{{WeChatWire.Merchant}}","out_trade_no":"{{WeChatWire.Order}}","out_refund_no":"x","refund_status":"SUCCESS"}""";
        Assert.Equal(new PaymentNotification.AboutRefund(WeChatWire.Order), await wire.Read(wire.Notification(WeChatWire.Event(body, type))));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(WeChatWire.Event(body.Replace(WeChatWire.Merchant, "1900000110", StringComparison.Ordinal), type))));
    }

    [Fact]
    public async Task Other_events_are_ignored() => Assert.IsType<PaymentNotification.Ignored>(await wire.Read(wire.Notification(WeChatWire.Event("{}", "PAYSCORE.USER_OPEN_SERVICE"))));

    [Fact]
    public async Task Case_7_For_another_merchant_or_app_it_is_refused_though_signature_and_seal_hold()
    {
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(merchant: "1900000110")))));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(app: "wx9999999999999999")))));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(order: "")))));
    }

    [Fact]
    public async Task Case_8_Another_currency_is_named_and_not_taken_for_ours() =>
        Assert.IsType<PaymentStatus.WrongCurrency>(Assert.IsType<PaymentNotification.Genuine>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(currency: "USD"))))).Status);

    [Fact]
    public async Task Case_9_A_probe_and_a_forged_signature_are_refused_and_the_gateway_is_told()
    {
        var body = WeChatWire.Event(WeChatWire.Trade());
        var good = WeChatWire.Signed(Encoding.UTF8.GetBytes(body), wire.Time.GetUtcNow());
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body, new(good) { ["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + good["Wechatpay-Signature"] })));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body, new(good) { ["Wechatpay-Signature"] = Convert.ToBase64String(new byte[256]) })));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body, new(good) { ["Wechatpay-Signature-Type"] = "WECHATPAY2-SM2-WITH-SM3" })));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body, [])));
        Assert.Equal(new NotificationReply(400, "application/json", """{"code":"FAIL","message":"失败"}"""), wire.Gateway.Reply(false));
        Assert.Equal((200, ""), (wire.Gateway.Reply(true).StatusCode, wire.Gateway.Reply(true).Body));
    }

    [Theory]
    [InlineData(-299, true)]
    [InlineData(-300, false)]
    [InlineData(-301, false)]
    [InlineData(299, true)]
    [InlineData(300, false)]
    [InlineData(301, false)]
    public async Task Case_11_At_five_minutes_to_the_second_it_is_too_old_or_too_new(int seconds, bool taken)
    {
        var body = WeChatWire.Event(WeChatWire.Trade());
        var read = await wire.Read(wire.Notification(body, WeChatWire.Signed(Encoding.UTF8.GetBytes(body), wire.Time.GetUtcNow().AddSeconds(seconds))));
        Assert.Equal(taken, read is PaymentNotification.Genuine);
        Assert.True(taken || ((PaymentNotification.Refused)read).Reason.Contains("clock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Case_10_A_replay_within_the_time_says_the_same_again()
    {
        var notification = wire.Notification(WeChatWire.Event(WeChatWire.Trade()));
        var first = await wire.Read(notification);
        wire.Time.Advance(TimeSpan.FromSeconds(200));
        Assert.Equal(first, await wire.Read(notification));
        wire.Time.Advance(TimeSpan.FromSeconds(200));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(notification));
    }

    [Fact]
    public async Task Case_14_The_same_JSON_written_otherwise_is_refused()
    {
        var body = WeChatWire.Event(WeChatWire.Trade());
        var headers = WeChatWire.Signed(Encoding.UTF8.GetBytes(body), wire.Time.GetUtcNow());
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body.Replace(",\"summary\"", ", \"summary\"", StringComparison.Ordinal), headers)));
    }

    [Fact]
    public async Task Case_14_Any_flipped_bit_of_the_raw_body_is_refused()
    {
        var good = wire.Notification(WeChatWire.Event(WeChatWire.Trade()));
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(good));
        await Gen.Int[0, (good.Body.Length * 8) - 1].SampleAsync(async bit =>
        {
            var bad = good.Body.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            return await wire.Read(good with { Body = bad }) is PaymentNotification.Refused;
        }, iter: 2000);
    }

    [Theory]
    [InlineData("PAUSED")]
    [InlineData("")]
    public async Task Case_15_An_unknown_state_is_unknown_and_never_paid(string state) =>
        Assert.IsType<PaymentStatus.Unknown>(Assert.IsType<PaymentNotification.Genuine>(await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(state))))).Status);

    [Fact]
    public async Task What_another_key_has_sealed_is_refused_and_while_the_key_is_changed_both_open()
    {
        const string Other = "fedcba9876543210fedcba9876543210";
        var sealedByOther = WeChatWire.Event(WeChatWire.Trade(), key: Other);
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(sealedByOther)));
        using var both = new WeChatWire(options => options with { Keys = () => WeChatWire.Keys with { ApiV3Keys = [Other, WeChatWire.ApiV3Key] } });
        Assert.IsType<PaymentNotification.Genuine>(await both.Read(both.Notification(sealedByOther)));
        Assert.IsType<PaymentNotification.Genuine>(await both.Read(both.Notification(WeChatWire.Event(WeChatWire.Trade()))));
    }

    [Theory]
    [InlineData("ciphertext\":\"A")]
    [InlineData("nonce\":\"x")]
    [InlineData("algorithm\":\"y")]
    [InlineData("associated_data\":\"z")]
    public async Task A_broken_seal_gives_nothing(string change)
    {
        var name = change[..(change.IndexOf('"', StringComparison.Ordinal) + 3)];
        var body = WeChatWire.Event(WeChatWire.Trade()).Replace(name, change, StringComparison.Ordinal);
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body)));
    }

    [Fact]
    public async Task Any_signed_bytes_are_answered_and_never_throw() =>
        await Gen.OneOf(Gen.Byte.Array[1, 300], Gen.String[Gen.Char["{}[]\":,\\ud8event_typTRANSACIOUE.0n"], 0, 80].Select(text => Encoding.UTF8.GetBytes("{\"event_type\":\"TRANSACTION.SUCCESS\"," + text))).SampleAsync(async bytes =>
            await wire.Read(new RawNotification("POST", "/", "application/json", WeChatWire.Signed(bytes, wire.Time.GetUtcNow()), bytes)) is PaymentNotification.Refused or PaymentNotification.Ignored, iter: 1000);

    [Fact]
    public async Task A_long_body_an_empty_one_and_one_nested_deeply_are_refused()
    {
        foreach (var body in new[] { new string(' ', 10_000_000), "", new string('[', 5000), "{\"event_type\":\"TRANSACTION.SUCCESS\",\"event_type\":\"x\"}", "{\"event_type\":\"\\ud800\"}" })
        {
            Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(body)));
        }
    }

    [Fact]
    public async Task Any_amount_comes_through_to_the_fen() => await Gen.Long[1, 10_000_000_000].SampleAsync(async fen =>
        ((await wire.Read(wire.Notification(WeChatWire.Event(WeChatWire.Trade(total: fen)))) as PaymentNotification.Genuine)?.Status as PaymentStatus.Paid)?.Amount == Money.Cny(fen), iter: 100);

    [Fact]
    public void A_flipped_bit_of_what_is_sealed_opens_nothing()
    {
        var key = Encoding.ASCII.GetBytes(WeChatWire.ApiV3Key);
        var box = System.Text.Json.JsonDocument.Parse(WeChatWire.Sealed("充值")).RootElement;
        var cipher = Convert.FromBase64String(box.GetProperty("ciphertext").GetString()!);
        Assert.Equal("充值", Encoding.UTF8.GetString(WeChatPaySeal.Open([key], box)!));
        Gen.Int[0, (cipher.Length * 8) - 1].Sample(bit =>
        {
            var bad = cipher.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            return WeChatPaySeal.Open(key, "0123456789ab", "transaction", Convert.ToBase64String(bad)) is null;
        });
    }
}
