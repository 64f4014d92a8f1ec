using System.Text;
using CsCheck;
using Refill.Payments;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

public sealed class AlipayNotificationTests : IDisposable
{
    private readonly AlipayWire wire = new();

    public void Dispose() => wire.Dispose();

    [Fact]
    public void A_genuine_payment_is_read_whole()
    {
        var genuine = Assert.IsType<PaymentNotification.Genuine>(wire.Read(AlipayWire.Notification(AlipayWire.PaidForm())));
        var paid = Assert.IsType<PaymentStatus.Paid>(genuine.Status);
        Assert.Equal(("0123456789abcdef0123456789abcdef", "2026112322001400001", Money.Cny(10650)), (genuine.OrderNumber, paid.GatewayNumber, paid.Amount));
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 12, 0, 3, TimeSpan.Zero), paid.PaidAt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Empty_parameters_may_be_in_the_signed_text_or_not(bool keepEmpty)
    {
        var form = AlipayWire.PaidForm();
        form["passback_params"] = "";
        Assert.IsType<PaymentNotification.Genuine>(wire.Read(AlipayWire.Notification(form, keepEmpty: keepEmpty)));
    }

    [Theory]
    [InlineData("app_id", "2026999999999999")]
    [InlineData("seller_id", "2088999999999999")]
    public void Case_7_For_another_app_or_seller_it_is_refused_though_the_signature_holds(string name, string value)
    {
        var form = AlipayWire.PaidForm();
        form[name] = value;
        Assert.IsType<PaymentNotification.Refused>(wire.Read(AlipayWire.Notification(form)));
    }

    [Fact]
    public void Case_8_Another_currency_is_named_and_not_taken_for_ours()
    {
        var form = AlipayWire.PaidForm();
        form["trans_currency"] = "USD";
        Assert.IsType<PaymentStatus.WrongCurrency>(Assert.IsType<PaymentNotification.Genuine>(wire.Read(AlipayWire.Notification(form))).Status);
    }

    [Fact]
    public void Case_9_A_forged_signature_is_refused_and_the_gateway_is_told()
    {
        var forged = AlipayWire.Notification(AlipayWire.PaidForm(), _ => Convert.ToBase64String(new byte[256]));
        Assert.IsType<PaymentNotification.Refused>(wire.Read(forged));
        Assert.Equal((400, "failure"), (wire.Gateway.Reply(false).StatusCode, wire.Gateway.Reply(false).Body));
        Assert.Equal((200, "success"), (wire.Gateway.Reply(true).StatusCode, wire.Gateway.Reply(true).Body));
    }

    [Fact]
    public void Case_14_Any_flipped_bit_of_the_raw_body_is_refused()
    {
        var good = AlipayWire.Notification(AlipayWire.PaidForm());
        Gen.Int[0, (good.Body.Length * 8) - 1].Sample(bit =>
        {
            var bad = good.Body.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));

            // '+' and "%20" are both a space, hex digits may be of either case, and so may the charset's name: the same words, not a forgery.
            var (before, after) = (Form(good.Body.ToArray()), Form(bad));
            return before == after || wire.Read(AlipayWire.Raw(bad)) is PaymentNotification.Refused;
        }, iter: 3000);

        static string Form(byte[] body) => Uri.UnescapeDataString(Encoding.Latin1.GetString(body).Replace("+", "%20", StringComparison.Ordinal)).Replace("UTF-8", "utf-8", StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("TRADE_PAUSED")]
    [InlineData("")]
    [InlineData("TRADE_CLOSED")] // Case 24: unpaid, or refunded in full; only a query tells.
    public void Case_15_An_unknown_status_word_is_unknown_and_never_paid(string word)
    {
        var form = AlipayWire.PaidForm();
        form["trade_status"] = word;
        Assert.IsType<PaymentStatus.Unknown>(Assert.IsType<PaymentNotification.Genuine>(wire.Read(AlipayWire.Notification(form))).Status);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1.00")]
    [InlineData("1e9")]
    [InlineData("106.505")]
    [InlineData("")]
    public void An_amount_that_is_none_is_never_paid(string amount) =>
        Assert.IsType<PaymentStatus.Unknown>(Assert.IsType<PaymentNotification.Genuine>(wire.Read(AlipayWire.Notification(AlipayWire.PaidForm(amount: amount)))).Status);

    [Fact]
    public void Other_kinds_of_notification_are_ignored_and_other_signature_types_refused()
    {
        var form = AlipayWire.PaidForm();
        form["notify_type"] = "dut_user_sign";
        Assert.IsType<PaymentNotification.Ignored>(wire.Read(AlipayWire.Notification(form)));
        var rsa1 = Encoding.UTF8.GetString(AlipayWire.Notification(AlipayWire.PaidForm()).Body.Span).Replace("RSA2", "RSA", StringComparison.Ordinal);
        Assert.IsType<PaymentNotification.Refused>(wire.Read(AlipayWire.Raw(Encoding.UTF8.GetBytes(rsa1))));
    }

    [Theory]
    [InlineData("a=1&a=2")]
    [InlineData("a=%zz")]
    [InlineData("a=%e4%bd")]
    [InlineData("=1")]
    [InlineData("novalue")]
    [InlineData("")]
    public void A_body_that_is_no_form_is_refused(string body) => Assert.IsType<PaymentNotification.Refused>(wire.Read(AlipayWire.Raw(Encoding.ASCII.GetBytes(body))));

    [Fact]
    public void Any_bytes_are_answered_and_never_throw() =>
        Gen.Byte.Array[0, 400].Sample(bytes => wire.Read(AlipayWire.Raw(bytes)) is PaymentNotification.Refused, iter: 5000);

    [Fact]
    public void A_body_of_ten_megabytes_and_one_of_a_thousand_parameters_are_refused()
    {
        Assert.IsType<PaymentNotification.Refused>(wire.Read(AlipayWire.Raw(new byte[10_000_000])));
        Assert.IsType<PaymentNotification.Refused>(wire.Read(AlipayWire.Raw(Encoding.ASCII.GetBytes(string.Join('&', Enumerable.Range(0, 1000).Select(n => $"p{n}=1"))))));
    }

    [Fact]
    public void Any_amount_comes_through_to_the_fen() => Gen.Long[1, 10_000_000_000].Sample(fen =>
        ((wire.Read(AlipayWire.Notification(AlipayWire.PaidForm(amount: Money.Cny(fen).ToDecimalString()))) as PaymentNotification.Genuine)?.Status as PaymentStatus.Paid)?.Amount == Money.Cny(fen), iter: 100);
}
