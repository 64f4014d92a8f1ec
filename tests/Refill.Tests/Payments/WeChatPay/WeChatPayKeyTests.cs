using System.Security.Cryptography;
using System.Text;
using Refill.Payments;
using Refill.Payments.WeChatPay;

namespace Refill.Tests.Payments.WeChatPay;

/// <summary>Whose signature counts, and when.</summary>
public sealed class WeChatPayKeyTests : IDisposable
{
    private static readonly string Body = WeChatWire.Event(WeChatWire.Trade());
    private readonly WeChatWire wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task Case_12_An_unknown_serial_fetches_the_certificates_once_and_is_refused_then()
    {
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(wire.Notification(Body)));
        Assert.Equal(1, wire.Fetches);
        wire.Time.Advance(TimeSpan.FromMinutes(1));
        for (var times = 0; times < 5; times++)
        {
            Assert.IsType<PaymentNotification.Refused>(await wire.Read(By(WeChatWire.Later)));
            Assert.Equal(2, wire.Fetches);
        }

        wire.Listed.Add(WeChatWire.Later);
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(By(WeChatWire.Later)));
        wire.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(By(WeChatWire.Later)));
        Assert.Equal(3, wire.Fetches);
    }

    [Fact]
    public async Task Case_13_Old_and_new_count_side_by_side_and_an_old_one_that_is_no_longer_listed_does_not()
    {
        wire.Listed = [WeChatWire.Platform, WeChatWire.Later];
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(By(WeChatWire.Platform)));
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(By(WeChatWire.Later)));
        Assert.Equal(1, wire.Fetches);
        wire.Listed = [WeChatWire.Later];
        wire.Time.Advance(TimeSpan.FromHours(24));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(By(WeChatWire.Platform)));
        Assert.Equal(2, wire.Fetches); // A day has passed.
    }

    [Fact]
    public async Task Case_13_A_rotation_right_after_the_first_list_is_seen_at_once_and_a_strangers_serial_asks_no_more_than_once_a_minute()
    {
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(wire.Notification(Body)));
        wire.Listed.Add(WeChatWire.Later);
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(By(WeChatWire.Later)));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(By(WeChatWire.Issue("7757F09EFDC096DE15EBE81A47057A7232F1B8E1"))));
        Assert.Equal(2, wire.Fetches);
    }

    [Fact]
    public async Task Nobody_but_who_can_seal_with_our_APIv3_key_can_list_certificates()
    {
        var forger = WeChatWire.Issue("0A57F09EFDC096DE15EBE81A47057A7232F1B8EE");
        wire.Listed = [forger];
        wire.CertificatesAnswer = () => wire.CertificatesMessage("fedcba9876543210fedcba9876543210");
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(By(forger)));
        Assert.Contains("APIv3 key", await wire.Gateway.CheckAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_none_of_its_certificates_signs_is_not_believed()
    {
        wire.CertificatesAnswer = () => wire.Message(wire.CertificateList(), 200, WeChatWire.Signed(Encoding.UTF8.GetBytes(wire.CertificateList()), wire.Time.GetUtcNow(), WeChatWire.Later));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(Body)));
        wire.CertificatesAnswer = () => wire.Message(wire.CertificateList(), 200, []);
        wire.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<PaymentNotification.Refused>(await wire.Read(wire.Notification(Body)));
    }

    [Fact]
    public async Task Certificates_must_lead_to_the_roots_that_are_named()
    {
        using var named = new WeChatWire(options => options with { PlatformRootsPem = WeChatWire.Root.ExportCertificatePem() });
        Assert.IsType<PaymentNotification.Genuine>(await named.Read(named.Notification(Body)));
        using var other = RSA.Create(2048);
        named.Listed = [WeChatWire.Issue("7757F09EFDC096DE15EBE81A47057A7232F1B8E1", other)];
        named.Time.Advance(TimeSpan.FromDays(2));
        Assert.IsType<PaymentNotification.Refused>(await named.Read(named.Notification(Body, WeChatWire.Signed(Encoding.UTF8.GetBytes(Body), named.Time.GetUtcNow(), named.Listed[0]))));
        Assert.Contains("roots", await named.Gateway.CheckAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(-5 * 366, false)]
    [InlineData(-1, true)]
    public async Task A_certificate_counts_in_its_time_only(int fromDays, bool counts)
    {
        var one = WeChatWire.Issue("7757F09EFDC096DE15EBE81A47057A7232F1B8E1", fromDays: fromDays);
        wire.Listed = [one, WeChatWire.Platform];
        Assert.Equal(counts, await wire.Read(By(one)) is PaymentNotification.Genuine);
        Assert.IsType<PaymentNotification.Genuine>(await wire.Read(By(WeChatWire.Platform)));
    }

    [Fact]
    public async Task Case_13_In_public_key_mode_answers_are_asked_for_under_its_id_and_certificates_still_count()
    {
        using var both = new WeChatWire(WithPublicKey);
        var body = Encoding.UTF8.GetBytes(WeChatWire.Trade());
        both.Answer = (_, _) => Task.FromResult(both.Message(WeChatWire.Trade(), 200, WeChatWire.Signed(body, both.Time.GetUtcNow(), WeChatWire.PublicKeyId, WeChatWire.PublicKey)));
        Assert.IsType<PaymentStatus.Paid>(await both.Gateway.QueryAsync(WeChatWire.Key(), Token));
        Assert.Equal((WeChatWire.PublicKeyId, 0), (both.Sent.Headers["Wechatpay-Serial"], both.Fetches));
        Assert.IsType<PaymentNotification.Genuine>(await both.Read(both.Notification(Body))); // Notifications change over days later.
        var unknown = WeChatWire.Signed(body, both.Time.GetUtcNow(), WeChatWire.PublicKeyId + "9", WeChatWire.PublicKey);
        both.Answer = (_, _) => Task.FromResult(both.Message(WeChatWire.Trade(), 200, unknown));
        Assert.IsType<PaymentStatus.Unknown>(await both.Gateway.QueryAsync(WeChatWire.Key(), Token));
        Assert.Equal(1, both.Fetches);
    }

    [Fact]
    public async Task Keys_change_without_a_restart_and_ones_that_cannot_work_leave_the_old_in_force()
    {
        var keys = WeChatWire.Keys;
        using var changing = new WeChatWire(options => options with { Keys = () => keys });
        Assert.DoesNotContain(PaymentWay.InApp, changing.Gateway.Ways);
        keys = keys with { AppSecret = "0123456789abcdef0123456789abcdef" };
        Assert.DoesNotContain(PaymentWay.InApp, changing.Gateway.Ways); // Looked at ten seconds later.
        changing.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains(PaymentWay.InApp, changing.Gateway.Ways);
        keys = keys with { ApiV3Keys = ["short"], AppSecret = null };
        changing.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains(PaymentWay.InApp, changing.Gateway.Ways);
        Assert.IsType<PaymentNotification.Genuine>(await changing.Read(changing.Notification(Body)));
        Assert.Equal("the APIv3 key must be 32 characters long", await changing.Gateway.CheckAsync(Token));
    }

    [Fact]
    public void Key_files_are_read_anew_when_they_have_been_written()
    {
        var folder = Directory.CreateTempSubdirectory("refill-wechat-");
        try
        {
            string File(string name, string text, int at)
            {
                var path = Path.Combine(folder.FullName, name);
                System.IO.File.WriteAllText(path, text);
                System.IO.File.SetLastWriteTimeUtc(path, WeChatWire.Start.UtcDateTime.AddSeconds(at));
                return path;
            }

            var files = new WeChatPayKeyFiles(File("cert", WeChatWire.Keys.Certificate + "\n", 0), File("key", WeChatWire.Keys.PrivateKeyPem, 0), File("v3", WeChatWire.ApiV3Key + "\n", 0), [(WeChatWire.PublicKeyId, File("pub", WeChatWire.PublicKey.ExportSubjectPublicKeyInfoPem(), 0))], null);
            var first = files.Read();
            _ = WeChatPayKeySet.Load(first);
            Assert.Same(first, files.Read());
            File("v3", "fedcba9876543210fedcba9876543210\n" + WeChatWire.ApiV3Key + "\n", 1);
            Assert.Equal(["fedcba9876543210fedcba9876543210", WeChatWire.ApiV3Key], files.Read().ApiV3Keys);
            System.IO.File.Delete(Path.Combine(folder.FullName, "key"));
            Assert.Contains("key cannot be read", Assert.Throws<GatewaySettingException>(files.Read).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    public static TheoryData<string, Func<WeChatPayKeys, WeChatPayKeys>> Unfit => new()
    {
        { "our private key", keys => keys with { PrivateKeyPem = "garbage" } },
        { "only a public key", keys => keys with { PrivateKeyPem = WeChatWire.PublicKey.ExportSubjectPublicKeyInfoPem() } },
        { "APIv3 key", keys => keys with { ApiV3Keys = ["garbage"] } },
        { "APIv3 keys", keys => keys with { ApiV3Keys = [] } },
        { "our API certificate", keys => keys with { Certificate = "garbage" } },
        { "does not belong to our private key", keys => keys with { Certificate = WeChatWire.Root.ExportCertificatePem() } },
        { "WeChat Pay's public key", keys => keys with { PublicKeys = [new(WeChatWire.PublicKeyId, "garbage")] } },
        { "our own", keys => keys with { PublicKeys = [new(WeChatWire.PublicKeyId, keys.PrivateKeyPem)] } },
        { "PUB_KEY_ID_", keys => keys with { PublicKeys = [new("garbage", WeChatWire.PublicKey.ExportSubjectPublicKeyInfoPem())] } },
        { "app secret", keys => keys with { AppSecret = "garbage!" } },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void A_wrong_key_is_named_and_not_shown(string named, Func<WeChatPayKeys, WeChatPayKeys> change)
    {
        var error = Assert.Throws<GatewaySettingException>(() => new WeChatWire(options => options with { Keys = () => change(WeChatWire.Keys) }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("garbage", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, Func<WeChatPayOptions, WeChatPayOptions>> Settings => new()
    {
        { "API's address", options => options with { ApiUrl = new Uri("http://api.mch.weixin.qq.com") } },
        { "notifications", options => options with { NotifyUrl = new Uri("https://shop.example/inbound?x=1") } },
        { "merchant id", options => options with { MerchantId = "abc" } },
        { "app id", options => options with { AppId = "wx" } },
        { "store", options => options with { StoreId = "" } },
        { "roots", options => options with { PlatformRootsPem = "garbage" } },
        { "time limit", options => options with { Timeout = TimeSpan.FromHours(1) } },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_setting_that_cannot_work_is_named(string named, Func<WeChatPayOptions, WeChatPayOptions> change) =>
        Assert.Contains(named, Assert.Throws<GatewaySettingException>(() => new WeChatWire(change)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_that_is_printed_shows_a_key()
    {
        var keys = WeChatWire.Keys with { AppSecret = "0123456789abcdef0123456789abcdef" };
        Assert.Equal(("keys of WeChat Pay", "keys of WeChat Pay"), (keys.ToString(), WeChatPayKeySet.Load(keys).ToString()));
        Assert.DoesNotContain("PRIVATE", WeChatWire.Options.ToString(), StringComparison.Ordinal);
    }

    private static WeChatPayOptions WithPublicKey(WeChatPayOptions options) =>
        options with { Keys = () => Both };

    private static WeChatPayKeys Both { get; } = WeChatWire.Keys with { PublicKeys = [new(WeChatWire.PublicKeyId, WeChatWire.PublicKey.ExportSubjectPublicKeyInfoPem())] };

    private RawNotification By((System.Security.Cryptography.X509Certificates.X509Certificate2, RSA) signer) =>
        wire.Notification(Body, WeChatWire.Signed(Encoding.UTF8.GetBytes(Body), wire.Time.GetUtcNow(), signer));
}
