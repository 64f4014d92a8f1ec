using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Refill.Payments;
using Refill.Payments.Alipay;
using Refill.Units;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Cycle deduction: signed on Alipay's page, charged when it is due, once.</summary>
public sealed class AlipayAgreementsTests : IDisposable
{
    private const string Reference = "renewal_0123456789";
    private const string Order = "0123456789abcdef0123456789abcdef";
    private const string Agreement = "20265425001234567890";
    private const string Find = "alipay.user.agreement.query";
    private const string Pay = "alipay.trade.pay";
    private const string Query = "alipay.trade.query";
    private const string Close = "alipay.trade.close";
    private const string NotThere = """{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""";
    private static readonly SavedMeans Means = new(Agreement, null);
    private static readonly string Paid = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_no":"T1","total_amount":"106.50","gmt_payment":"2026-11-23 20:00:03"}""";
    private static readonly string PaidTrade = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"TRADE_SUCCESS","trade_no":"T1","total_amount":"106.50"}""";
    private static readonly string WaitingTrade = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"WAIT_BUYER_PAY"}""";
    private readonly AlipayWire wire = new();
    private readonly AlipayAgreements agreements;

    public AlipayAgreementsTests() =>
        agreements = new AlipayAgreements(wire.Client(), wire.Ring, new AlipayAgreementOptions("INDUSTRY|DIGITAL_MEDIA"), wire.Time, NullLogger<AlipayAgreements>.Instance);

    public void Dispose() => wire.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 0, "MONTH", 1)]
    [InlineData(0, 30, "DAY", 30)]
    public async Task The_payer_is_sent_to_sign_what_we_are_held_to(int months, int days, string type, int period)
    {
        var start = Assert.IsType<SavingStart.Redirect>(await agreements.StartSavingAsync(Saving(new ChargeTerms(Money.Cny(20000), months, days, new DateOnly(2026, 12, 28))), Token));
        Assert.Equal(Reference, start.StartNumber);
        var sent = start.Url.Query[1..].Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        Assert.True(AlipayWire.MerchantSigned(sent));
        Assert.Equal(("alipay.user.agreement.page.sign", "https://shop.example/renewals/x"), (sent["method"], sent["return_url"]));
        var content = JsonDocument.Parse(sent["biz_content"]).RootElement;
        Assert.Equal(
            (Reference, "CYCLE_PAY_AUTH_P", "INDUSTRY|DIGITAL_MEDIA", "QRCODE"),
            (Text("external_agreement_no"), Text("personal_product_code"), Text("sign_scene"), content.GetProperty("access_params").GetProperty("channel").GetString()));
        var rule = content.GetProperty("period_rule_params");
        Assert.Equal(
            (type, period, "2026-12-28", "200.00"),
            (rule.GetProperty("period_type").GetString(), rule.GetProperty("period").GetInt32(), rule.GetProperty("execute_time").GetString(), rule.GetProperty("single_amount").GetString()));

        string? Text(string name) => content.GetProperty(name).GetString();
    }

    public static TheoryData<SavingOrder> Refused =>
    [
        Saving(null),
        Saving(new ChargeTerms(Money.Cny(20000), 1, 0, new DateOnly(2026, 12, 29))),
        Saving(new ChargeTerms(Money.Cny(20000), 0, 6, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Cny(20000), 0, 0, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Cny(20000), 1, 30, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Cny(20000), -1, 30, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Usd(20000), 1, 0, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Cny(0), 1, 0, new DateOnly(2026, 12, 1))),
        Saving(new ChargeTerms(Money.Cny(20000), 1, 0, new DateOnly(2026, 11, 22))),
        Saving(new ChargeTerms(Money.Cny(20000), 1, 0, new DateOnly(2026, 12, 1))) with { Reference = "a-b" },
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Terms_that_Alipay_would_refuse_are_refused_before_anybody_is_sent_there(SavingOrder order) =>
        Assert.IsType<SavingStart.Rejected>(await agreements.StartSavingAsync(order, Token));

    [Theory]
    [InlineData("NORMAL", Reference, true)]
    [InlineData("TEMP", Reference, false)]
    [InlineData("STOP", Reference, false)]
    [InlineData("NORMAL", "another", false)]
    public async Task What_was_signed_is_what_Alipay_says_was_signed(string status, string reference, bool saved)
    {
        wire.Script((Find, $$"""{"code":"10000","status":"{{status}}","agreement_no":"{{Agreement}}","external_agreement_no":"{{reference}}","alipay_logon_id":"a***@b.c"}"""));
        Assert.Equal(saved ? Means : null, await agreements.FinishAsync(Reference, Token));
        Assert.Equal(Reference, wire.Content.GetProperty("external_agreement_no").GetString());
    }

    [Fact]
    public async Task A_charge_is_a_payment_under_the_agreement()
    {
        wire.Script((Find, Due("2026-11-25")), (Pay, Paid));
        Assert.Equal(new ChargeOutcome.Paid("T1", Money.Cny(10650)), await agreements.ChargeAsync(Means, Payment(), Token));
        Assert.Equal(Agreement, wire.Content.GetProperty("agreement_params").GetProperty("agreement_no").GetString());
        Assert.Equal(("CYCLE_PAY_AUTH", Order), (wire.Content.GetProperty("product_code").GetString(), wire.Content.GetProperty("out_trade_no").GetString()));
        Assert.Equal("https://shop.example/inbound/payments/alipay", wire.Sent["notify_url"]);
    }

    [Fact]
    public void It_is_charged_on_its_day_and_the_five_before_it() => Gen.Int[-20, 20].Sample(days =>
    {
        using var own = new AlipayWire();
        var due = new DateOnly(2026, 11, 23).AddDays(days);
        var tried = false;
        own.Answer = _ =>
        {
            var method = own.Sent["method"];
            tried |= method == Pay;
            var node = method switch { Find => Due(due.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)), Pay => Paid, _ => NotThere };
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(SignedBody(method, node)) });
        };
        var outcome = Agreements(own).ChargeAsync(Means, Payment(), CancellationToken.None).GetAwaiter().GetResult();
        return tried == days is >= 0 and <= 5 && outcome switch
        {
            ChargeOutcome.Paid => days is >= 0 and <= 5,
            ChargeOutcome.Unknown => days > 5, // Too early: again, later.
            ChargeOutcome.NeedsPayer => days < 0,
            _ => false,
        };
    }, iter: 100);

    [Fact]
    public async Task A_repeated_charge_of_a_paid_order_is_that_payment_though_the_agreement_is_due_next_month()
    {
        wire.Script((Find, Due("2026-12-25")), (Query, PaidTrade));
        Assert.IsType<ChargeOutcome.Paid>(await agreements.ChargeAsync(Means, Payment(), Token));
        wire.Script((Find, Due("2026-11-25")), (Pay, """{"code":"40004","sub_code":"ACQ.TRADE_HAS_SUCCESS"}"""), (Query, PaidTrade));
        Assert.IsType<ChargeOutcome.Paid>(await agreements.ChargeAsync(Means, Payment(), Token));
    }

    [Theory]
    [InlineData("""{"code":"10003"}""", nameof(ChargeOutcome.Pending))]
    [InlineData("""{"code":"20000"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("""{"code":"40004","sub_code":"ACQ.SOMETHING_NEW"}""", nameof(ChargeOutcome.Unknown))] // Case 15.
    [InlineData("""{"code":"10000","out_trade_no":"another","trade_no":"T1","total_amount":"106.50"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("""{"code":"10000"}""", nameof(ChargeOutcome.Unknown))]
    public async Task Case_17_What_does_not_say_that_it_is_over_is_not_over(string node, string expected)
    {
        wire.Script((Find, Due("2026-11-25")), (Pay, node));
        Assert.Equal(expected, (await agreements.ChargeAsync(Means, Payment(), Token)).GetType().Name);
    }

    [Theory]
    [InlineData("ACQ.BUYER_BALANCE_NOT_ENOUGH", NotThere, nameof(ChargeOutcome.Rejected))]
    [InlineData("ACQ.AGREEMENT_STATUS_NOT_NORMAL", NotThere, nameof(ChargeOutcome.Rejected))]
    [InlineData("ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED", NotThere, nameof(ChargeOutcome.NeedsPayer))]
    [InlineData("ACQ.CYCLE_PAY_DATE_NOT_MATCH", NotThere, nameof(ChargeOutcome.NeedsPayer))]
    [InlineData("ACQ.BUYER_BALANCE_NOT_ENOUGH", """{"code":"20000"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("ACQ.BUYER_BALANCE_NOT_ENOUGH", "paid", nameof(ChargeOutcome.Paid))] // A call before this one went through.
    public async Task A_refusal_counts_when_the_order_is_not_paid(string sub, string query, string expected)
    {
        wire.Script((Find, Due("2026-11-25")), (Pay, $$"""{"code":"40004","sub_code":"{{sub}}"}"""), (Query, query == "paid" ? PaidTrade : query));
        Assert.Equal(expected, (await agreements.ChargeAsync(Means, Payment(), Token)).GetType().Name);
    }

    [Theory]
    [InlineData("""{"code":"10000"}""", nameof(ChargeOutcome.Rejected))]
    [InlineData("""{"code":"20000"}""", nameof(ChargeOutcome.Unknown))]
    public async Task A_refused_order_that_waits_is_closed_so_that_it_cannot_be_paid_later(string close, string expected)
    {
        wire.Script((Find, Due("2026-11-25")), (Pay, """{"code":"40004","sub_code":"ACQ.PAYMENT_FAIL"}"""), (Query, WaitingTrade), (Close, close));
        Assert.Equal(expected, (await agreements.ChargeAsync(Means, Payment(), Token)).GetType().Name);
    }

    [Theory]
    [InlineData("""{"code":"40004","sub_code":"USER_AGREEMENT_NOT_EXIST"}""", nameof(ChargeOutcome.Rejected))]
    [InlineData("""{"code":"10000","agreement_no":"20265425001234567890","status":"STOP"}""", nameof(ChargeOutcome.Rejected))]
    [InlineData("""{"code":"10000","agreement_no":"20265425001234567890","status":"NEW_WORD"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("""{"code":"10000","agreement_no":"another","status":"NORMAL"}""", nameof(ChargeOutcome.Unknown))]
    [InlineData("""{"code":"20000"}""", nameof(ChargeOutcome.Unknown))]
    public async Task An_agreement_that_has_ended_is_not_charged(string node, string expected)
    {
        wire.Answer = _ => Task.FromResult(new HttpResponseMessage { Content = new StringContent(SignedBody(wire.Sent["method"], wire.Sent["method"] == Find ? node : NotThere)) });
        Assert.Equal(expected, (await agreements.ChargeAsync(Means, Payment(), Token)).GetType().Name);
        Assert.DoesNotContain(Pay, wire.Called);
    }

    [Fact]
    public async Task An_order_whose_time_is_over_is_not_charged_any_more()
    {
        wire.Time.Advance(TimeSpan.FromMinutes(15));
        wire.Script((Query, NotThere));
        Assert.IsType<ChargeOutcome.Rejected>(await agreements.ChargeAsync(Means, Payment(), Token));
    }

    [Theory]
    [InlineData("""{"code":"10000"}""", null, true)]
    [InlineData("""{"code":"40004","sub_code":"USER_AGREEMENT_NOT_EXIST"}""", null, true)]
    [InlineData("""{"code":"40004","sub_code":"SOMETHING"}""", """{"code":"10000","agreement_no":"20265425001234567890","status":"STOP"}""", true)]
    [InlineData("""{"code":"40004","sub_code":"SOMETHING"}""", """{"code":"10000","agreement_no":"20265425001234567890","status":"NORMAL"}""", false)]
    [InlineData("""{"code":"20000"}""", null, false)]
    public async Task Forgetting_is_done_when_Alipay_says_so(string node, string? then, bool done)
    {
        wire.Script(then is null ? [("alipay.user.agreement.unsign", node)] : [("alipay.user.agreement.unsign", node), (Find, then)]);
        Assert.Equal(done, await agreements.ForgetAsync(Means, Token));
    }

    [Theory]
    [InlineData("""{"code":"10000","agreement_no":"20265425001234567890","deduct_time":"2026-12-20"}""", null, true)]
    [InlineData("""{"code":"40004","sub_code":"INVALID_DEDUCT_TIME"}""", null, false)]
    [InlineData("""{"code":"20000"}""", """{"code":"10000","agreement_no":"20265425001234567890","status":"NORMAL","next_deduct_time":"2026-12-20"}""", true)]
    [InlineData("""{"code":"20000"}""", """{"code":"10000","agreement_no":"20265425001234567890","status":"NORMAL","next_deduct_time":"2026-11-28"}""", false)]
    public async Task A_charge_is_put_off_when_Alipay_says_so_or_is_found_to_have_done_it(string node, string? then, bool done)
    {
        const string Modify = "alipay.user.agreement.executionplan.modify";
        wire.Script(then is null ? [(Modify, node)] : [(Modify, node), (Find, then)]);
        Assert.Equal(done, await agreements.MoveAsync(Means, new DateOnly(2026, 12, 20), "skipped once", Token));
        Assert.Equal(then is null ? [Modify] : [Modify, Find], wire.Called);
    }

    [Theory]
    [InlineData("dut_user_sign", "NORMAL", nameof(AgreementNotification.Signed))]
    [InlineData("dut_user_unsign", "UNSIGN", nameof(AgreementNotification.Ended))]
    [InlineData("dut_user_sign", "TEMP", nameof(AgreementNotification.Ignored))]
    [InlineData("trade_status_sync", "NORMAL", nameof(AgreementNotification.Ignored))]
    public async Task Notifications_tell_that_it_was_signed_or_ended(string type, string status, string expected)
    {
        foreach (var keepType in new[] { true, false })
        {
            var read = await agreements.ReadAsync(AlipayWire.Notification(Form(type, status), keepType: keepType), Token);

            // Of trades the type of the signature is never part of what is signed.
            Assert.Equal(keepType && type == "trade_status_sync" ? nameof(AgreementNotification.Refused) : expected, read.GetType().Name);
            if (read is AgreementNotification.Signed signed)
            {
                Assert.Equal((Reference, Means), (signed.Reference, signed.Means));
            }
        }
    }

    [Fact]
    public async Task Cases_7_and_9_Notifications_that_are_forged_or_for_another_app_are_refused()
    {
        Assert.IsType<AgreementNotification.Refused>(await agreements.ReadAsync(AlipayWire.Notification(Form("dut_user_unsign", "UNSIGN"), text => AlipayWire.Sign(text, AlipayWire.OtherKey)), Token));
        var form = Form("dut_user_unsign", "UNSIGN");
        form["app_id"] = "2026999999999999";
        Assert.IsType<AgreementNotification.Refused>(await agreements.ReadAsync(AlipayWire.Notification(form), Token));
        form = Form("dut_user_unsign", "UNSIGN");
        form.Remove("external_agreement_no");
        Assert.IsType<AgreementNotification.Refused>(await agreements.ReadAsync(AlipayWire.Notification(form), Token));
        Gen.Byte.Array[0, 300].Sample(bytes => agreements.ReadAsync(AlipayWire.Raw(bytes), CancellationToken.None).AsTask().GetAwaiter().GetResult() is AgreementNotification.Refused, iter: 1000);
    }

    private static AlipayAgreements Agreements(AlipayWire wire) => new(wire.Client(), wire.Ring, new AlipayAgreementOptions("INDUSTRY|DIGITAL_MEDIA"), wire.Time, NullLogger<AlipayAgreements>.Instance);

    private static string SignedBody(string method, string node) => $"{{\"{method.Replace('.', '_')}_response\":{node},\"sign\":\"{AlipayWire.Sign(node)}\"}}";

    private static string Due(string day) => $$"""{"code":"10000","agreement_no":"{{Agreement}}","external_agreement_no":"{{Reference}}","status":"NORMAL","next_deduct_time":"{{day}}"}""";

    private static SavingOrder Saving(ChargeTerms? terms) => new(Reference, new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero), new Uri("https://shop.example/renewals/x")) { Terms = terms };

    private static PaymentOrder Payment() =>
        new(Order, Money.Cny(10650), "Mint 5GB", PaymentWay.Direct, new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 23, 12, 15, 0, TimeSpan.Zero), new Uri("https://shop.example/renewals/x"));

    private static Dictionary<string, string> Form(string type, string status) => new()
    {
        ["notify_type"] = type,
        ["notify_id"] = "2026112300222200006",
        ["app_id"] = AlipayWire.AppId,
        ["charset"] = "UTF-8",
        ["version"] = "1.0",
        ["agreement_no"] = Agreement,
        ["external_agreement_no"] = Reference,
        ["personal_product_code"] = "CYCLE_PAY_AUTH_P",
        ["sign_scene"] = "INDUSTRY|DIGITAL_MEDIA",
        ["status"] = status,
        ["next_deduct_time"] = "2026-12-25",
    };
}
