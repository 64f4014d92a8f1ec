using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Refill.Payments;
using Refill.Payments.Alipay;

namespace Refill.Tests.Payments.Alipay;

/// <summary>Failure case 13: keys change under a running server.</summary>
public sealed class AlipayKeyRingTests : IDisposable
{
    private const string Order = "0123456789abcdef0123456789abcdef";
    private const string Query = "alipay.trade.query";
    private static readonly string Waiting = $$"""{"code":"10000","out_trade_no":"{{Order}}","trade_status":"WAIT_BUYER_PAY"}""";
    private static readonly RSA[] Ours = [RSA.Create(2048), RSA.Create(2048)];
    private static readonly RSA[] Theirs = [RSA.Create(2048), RSA.Create(2048), RSA.Create(2048)];

    private readonly string folder = Directory.CreateTempSubdirectory("refill-keys-").FullName;
    private readonly AlipayWire wire = new();
    private readonly ListLog<AlipayKeyRing> log = new();
    private readonly AlipayGateway gateway;
    private int writes;
    private Exception? thrown;

    public AlipayKeyRingTests()
    {
        Write("private.pem", Ours[0].ExportPkcs8PrivateKeyPem());
        Write("alipay.pem", Theirs[0].ExportSubjectPublicKeyInfoPem());
        gateway = new AlipayGateway(wire.Client(), new AlipayKeyRing(Read, [PathOf("private.pem"), PathOf("alipay.pem")], wire.Time, log), wire.Time, NullLogger<AlipayGateway>.Instance);
    }

    public void Dispose()
    {
        gateway.Dispose();
        wire.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Requests_are_signed_with_the_newest_key_ten_seconds_after_its_file_has_changed()
    {
        Assert.True(await HoldsAsync(Theirs[0]));
        Write("private.pem", Ours[1].ExportPkcs8PrivateKeyPem());
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.True(AlipayWire.SignedBy(Ours[0], wire.Sent));
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.True(AlipayWire.SignedBy(Ours[1], wire.Sent));
    }

    [Fact]
    public async Task Answers_and_notifications_may_be_signed_with_the_new_key_or_the_one_before_it_and_no_older()
    {
        Write("alipay.pem", Theirs[1].ExportSubjectPublicKeyInfoPem());
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, true, false), (await HoldsAsync(Theirs[0]), await HoldsAsync(Theirs[1]), await HoldsAsync(Theirs[2])));
        Assert.Equal((true, true, false), (await NoticeAsync(Theirs[0]), await NoticeAsync(Theirs[1]), await NoticeAsync(Theirs[2])));

        // Our own key changes: Alipay's before the last change still counts.
        Write("private.pem", Ours[1].ExportPkcs8PrivateKeyPem());
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, true, false), (await HoldsAsync(Theirs[0]), await HoldsAsync(Theirs[1]), await HoldsAsync(Theirs[2])));

        Write("alipay.pem", Theirs[2].ExportSubjectPublicKeyInfoPem());
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((false, true, true), (await HoldsAsync(Theirs[0]), await HoldsAsync(Theirs[1]), await HoldsAsync(Theirs[2])));
    }

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_broken_new_file_changes_nothing_and_is_logged_without_a_word_of_it(string? text)
    {
        Write("private.pem", text);
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.True(AlipayWire.SignedBy(Ours[0], wire.Sent));
        Assert.StartsWith("Error Alipay's keys have changed and cannot be", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", log.Lines[0], StringComparison.Ordinal);

        // It is said once, and mended when the file is.
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.Single(log.Lines);
        Write("private.pem", Ours[1].ExportPkcs8PrivateKeyPem());
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.True(AlipayWire.SignedBy(Ours[1], wire.Sent));
    }

    [Fact]
    public async Task Whatever_the_supplier_throws_stays_out_of_a_sale_and_its_message_out_of_the_log()
    {
        thrown = new InvalidOperationException("secret");
        Write("private.pem", Ours[1].ExportPkcs8PrivateKeyPem());
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.DoesNotContain("secret", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_is_turned_to_another_file_counts_as_a_change()
    {
        Write("one.pem", Ours[0].ExportPkcs8PrivateKeyPem());
        Write("two.pem", Ours[1].ExportPkcs8PrivateKeyPem());
        File.Delete(PathOf("private.pem"));
        File.CreateSymbolicLink(PathOf("private.pem"), PathOf("one.pem"));
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        File.Delete(PathOf("private.pem"));
        File.CreateSymbolicLink(PathOf("private.pem"), PathOf("two.pem"));
        wire.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await HoldsAsync(Theirs[0]));
        Assert.True(AlipayWire.SignedBy(Ours[1], wire.Sent));
    }

    [Fact]
    public void At_the_start_a_broken_key_is_said_at_once()
    {
        Write("private.pem", "garbage");
        Assert.Throws<GatewaySettingException>(() => new AlipayKeyRing(Read, [PathOf("private.pem")], wire.Time, log));
    }

    private AlipayOptions Read() => thrown is null
        ? AlipayWire.Options with { PrivateKeyPem = File.ReadAllText(PathOf("private.pem")), AlipayPublicKeyPem = File.ReadAllText(PathOf("alipay.pem")) }
        : throw thrown;

    private string PathOf(string name) => Path.Combine(folder, name);

    private void Write(string name, string? text)
    {
        if (text is null)
        {
            File.Delete(PathOf(name));
            return;
        }

        File.WriteAllText(PathOf(name), text);
        File.SetLastWriteTimeUtc(PathOf(name), new DateTime(2026, 11, 23, 12, 0, writes++, DateTimeKind.Utc));
    }

    private async Task<bool> HoldsAsync(RSA key)
    {
        wire.Says(AlipayWire.Body(Query, Waiting, key));
        return await gateway.QueryAsync(AlipayWire.Key(Order), TestContext.Current.CancellationToken) is PaymentStatus.Waiting;
    }

    private async Task<bool> NoticeAsync(RSA key) =>
        await gateway.ReadAsync(AlipayWire.Notification(AlipayWire.PaidForm(), text => AlipayWire.Sign(text, key)), TestContext.Current.CancellationToken) is PaymentNotification.Genuine;
}
