using System.Text;
using Refill.Payments;
using Refill.Payments.Alipay;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Certificate mode: numbers in calls and answers, certificates that come later (failure cases 11 to 13).</summary>
public sealed class AlipayCertificateTests : IDisposable
{
    private const string Order = "0123456789abcdef0123456789abcdef";
    private const string Query = "alipay.trade.query";
    private const string Download = "alipay.open.app.alipaycert.download";
    private static readonly string Waiting = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"WAIT_BUYER_PAY"}""";
    private static readonly CertificateMill Root = CertificateMill.Root("Test Root R1");
    private static readonly CertificateMill Other = CertificateMill.Root("Other Root");
    private static readonly CertificateMill ClassTwo = Root.Issue("Test Class 2 R1", isIssuer: true);
    private static readonly CertificateMill Alipay = ClassTwo.Issue("Alipay 1");
    private static readonly CertificateMill App = Root.Issue("2088000000000001-2026000000000001");
    private static readonly AlipayOptions Options = AlipayWire.Options with
    {
        PrivateKeyPem = App.Key.ExportPkcs8PrivateKeyPem(),
        AlipayPublicKeyPem = "",
        Certificates = new AlipayCertificates(App.Pem, Alipay.Pem + "\n" + ClassTwo.Pem, CertificateMill.EllipticRoot().ExportCertificatePem() + "\n" + Root.Pem),
    };

    private readonly AlipayWire wire = new();
    private readonly ListLog<AlipayGateway> log = new();
    private readonly AlipayGateway gateway;

    public AlipayCertificateTests() => gateway = new AlipayGateway(wire.Client(), Options, wire.Time, log);

    public void Dispose()
    {
        gateway.Dispose();
        wire.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_name_our_certificate_and_the_RSA_roots_and_answers_are_held_against_the_named_one()
    {
        Say((Query, AlipayWire.Body(Query, Waiting, Alipay.Key, Alipay.Number)));
        Assert.IsType<PaymentStatus.Waiting>(await QueryAsync());
        Assert.True(AlipayWire.SignedBy(App.Key, wire.Sent));
        Assert.Equal((App.Number, Root.Number), (wire.Sent["app_cert_sn"], wire.Sent["alipay_root_cert_sn"]));
        Say((Query, AlipayWire.Body(Query, Waiting, AlipayWire.OtherKey, Alipay.Number)));
        Assert.Contains("signature does not hold", Assert.IsType<PaymentStatus.Unknown>(await QueryAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_names_no_certificate_is_held_against_those_that_are_known()
    {
        Say((Query, AlipayWire.Body(Query, Waiting, Alipay.Key)), (Query, AlipayWire.Body(Query, Waiting, AlipayWire.OtherKey)));
        Assert.IsType<PaymentStatus.Waiting>(await QueryAsync());
        Assert.IsType<PaymentStatus.Unknown>(await QueryAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Case_12_An_unknown_certificate_is_fetched_once_and_counts_when_it_leads_to_the_root(bool signedByItself)
    {
        var later = ClassTwo.Issue("Alipay 2");
        var (key, number) = signedByItself ? (later.Key, later.Number) : (Alipay.Key, Alipay.Number);
        Say(
            (Query, AlipayWire.Body(Query, Waiting, later.Key, later.Number)),
            (Download, AlipayWire.Body(Download, Content(later.Pem + "\n" + ClassTwo.Pem), key, number)),
            (Query, AlipayWire.Body(Query, Waiting, later.Key, later.Number)));
        Assert.IsType<PaymentStatus.Waiting>(await QueryAsync());
        Assert.IsType<PaymentStatus.Waiting>(await QueryAsync()); // Case 13: both count, none is fetched again.
        Assert.Equal([Query, Download, Query], wire.Called);
    }

    public static TheoryData<string> Unfit => ["another root", "expired", "not yet", "another number", "another key's signature", "garbage", "refused", "no number"];

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task Case_12_A_certificate_that_proves_nothing_is_refused_with_its_reason(string why)
    {
        var later = why switch
        {
            "another root" => Other.Issue("Alipay 2"),
            "expired" => ClassTwo.Issue("Alipay 2", until: wire.Time.GetUtcNow().AddDays(-1)),
            "not yet" => ClassTwo.Issue("Alipay 2", from: wire.Time.GetUtcNow().AddDays(1)),
            _ => ClassTwo.Issue("Alipay 2"),
        };
        var number = why == "no number" ? "../../etc" : later.Number;
        var node = why switch
        {
            "another number" => Content(ClassTwo.Issue("Alipay 3").Pem),
            "garbage" => """{"code":"10000","alipay_cert_content":"bm90aGluZw=="}""",
            "refused" => """{"code":"40004","sub_code":"isv.invalid-alipay-cert-sn"}""",
            _ => Content(later.Pem),
        };
        Say((Query, AlipayWire.Body(Query, Waiting, later.Key, number)), (Download, AlipayWire.Body(Download, node, why == "another key's signature" ? AlipayWire.OtherKey : later.Key, number)));
        var reason = Assert.IsType<PaymentStatus.Unknown>(await QueryAsync()).Reason;
        Assert.Contains(
            why switch
            {
                "another root" => "does not lead to Alipay's root file",
                "expired" => "expired at 2026-11-22",
                "not yet" => "counts from 2026-11-24",
                "another number" => "another number",
                "another key's signature" => "signature does not hold",
                "garbage" => "cannot be read",
                "refused" => "isv.invalid-alipay-cert-sn",
                _ => "a certificate number that is none",
            },
            reason,
            StringComparison.Ordinal);
        Assert.Equal(why == "no number" ? [Query] : [Query, Download], wire.Called);
    }

    [Fact]
    public async Task Certificates_are_asked_for_once_a_minute_and_strangers_do_not_use_that_up()
    {
        var later = ClassTwo.Issue("Alipay 2");
        var refused = AlipayWire.Body(Download, """{"code":"20000"}""", Alipay.Key, Alipay.Number);
        var form = AlipayWire.PaidForm();
        form["alipay_cert_sn"] = later.Number;
        var notification = AlipayWire.Notification(form, text => AlipayWire.Sign(text, later.Key));
        Say((Download, refused), (Query, AlipayWire.Body(Query, Waiting, later.Key, later.Number)), (Download, refused), (Query, AlipayWire.Body(Query, Waiting, later.Key, later.Number)));
        Assert.IsType<PaymentNotification.Refused>(await gateway.ReadAsync(notification, Token));
        Assert.IsType<PaymentNotification.Refused>(await gateway.ReadAsync(notification, Token));
        Assert.Equal([Download], wire.Called);
        Assert.IsType<PaymentStatus.Unknown>(await QueryAsync());
        Assert.IsType<PaymentStatus.Unknown>(await QueryAsync());
        Assert.Equal([Download, Query, Download, Query], wire.Called);
        wire.Time.Advance(TimeSpan.FromMinutes(1));
        Say((Download, AlipayWire.Body(Download, Content(later.Pem), later.Key, later.Number)));
        Assert.IsType<PaymentNotification.Genuine>(await gateway.ReadAsync(notification, Token));
    }

    [Fact]
    public async Task Notifications_are_held_against_the_certificate_that_they_name()
    {
        var form = AlipayWire.PaidForm();
        form["alipay_cert_sn"] = Alipay.Number;
        Assert.IsType<PaymentNotification.Genuine>(await gateway.ReadAsync(AlipayWire.Notification(form, text => AlipayWire.Sign(text, Alipay.Key)), Token));
        Assert.IsType<PaymentNotification.Refused>(await gateway.ReadAsync(AlipayWire.Notification(form, text => AlipayWire.Sign(text, App.Key)), Token));
    }

    [Fact]
    public async Task An_expired_certificate_is_refused_whoever_it_belongs_to()
    {
        wire.Time.SetUtcNow(CertificateMill.Until.AddMinutes(1));
        Assert.Contains("our app certificate expired at 2027-01-01", Assert.IsType<PaymentStatus.Unknown>(await QueryAsync()).Reason, StringComparison.Ordinal);
        Assert.Contains("our app certificate expired", await gateway.CheckAsync(Token), StringComparison.Ordinal);
        Assert.Empty(wire.Called);
        Assert.Contains("expired", Assert.Throws<GatewaySettingException>(() => Options.Load(wire.Time.GetUtcNow())).Message, StringComparison.Ordinal);
        var form = AlipayWire.PaidForm();
        form["alipay_cert_sn"] = Alipay.Number;
        var refused = Assert.IsType<PaymentNotification.Refused>(await gateway.ReadAsync(AlipayWire.Notification(form, text => AlipayWire.Sign(text, Alipay.Key)), Token));
        Assert.Contains("Alipay's certificate expired at 2027-01-01", refused.Reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Settings => new()
    {
        { "app", "our app certificate does not belong to our private key" },
        { "swapped", "what is given as Alipay's certificate is our own; the console shows both" },
        { "garbage", "Alipay's certificate holds no PEM certificate" },
        { "root", "Alipay's root file holds no RSA certificate" },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_certificate_that_cannot_work_is_named(string what, string message)
    {
        var good = Options.Certificates!;
        var bad = what switch
        {
            "app" => good with { AppCertificatePem = Alipay.Pem },
            "swapped" => good with { AlipayCertificatePem = App.Pem },
            "garbage" => good with { AlipayCertificatePem = "garbage" },
            _ => good with { AlipayRootPem = CertificateMill.EllipticRoot().ExportCertificatePem() },
        };
        Assert.Equal(message, Assert.Throws<GatewaySettingException>(() => (Options with { Certificates = bad }).Load(wire.Time.GetUtcNow())).Message);
    }

    [Fact]
    public void Options_and_certificates_print_no_key() =>
        Assert.DoesNotContain("BEGIN", $"{Options} {Options.Certificates}", StringComparison.Ordinal);

    private static string Content(string pem) => $$"""{"code":"10000","alipay_cert_content":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(pem))}}"}""";

    private Task<PaymentStatus> QueryAsync() => gateway.QueryAsync(AlipayWire.Key(Order), Token);

    private void Say(params (string Method, string Body)[] script)
    {
        var next = new Queue<(string Method, string Body)>(script);
        wire.Called.Clear();
        wire.Answer = _ =>
        {
            var (method, body) = next.Dequeue();
            Assert.Equal(method, wire.Sent["method"]);
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(body) });
        };
    }
}
