using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Refill.Payments;
using Refill.Payments.Stripe;

namespace Refill.Tests.Payments.Stripe;

public sealed class StripeKeysTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("refill-stripe-");
    private readonly FakeTimeProvider time = new(StripeWire.Now);
    private DateTime written = new(2026, 11, 23, 12, 0, 0, DateTimeKind.Utc);

    public void Dispose() => folder.Delete(recursive: true);

    private string KeyFile => Path.Combine(folder.FullName, "key");

    private string SecretsFile => Path.Combine(folder.FullName, "secrets");

    [Fact]
    public void Keys_are_read_again_when_their_files_change_and_not_more_often_than_every_ten_seconds()
    {
        Write(KeyFile, "sk_test_one\n");
        Write(SecretsFile, "whsec_old\n");
        var ring = new StripeKeyRing(KeyFile, SecretsFile, time, NullLogger<StripeKeyRing>.Instance);
        Write(SecretsFile, "# old, until Friday\nwhsec_old\n\n whsec_new \n");
        Assert.Equal(["whsec_old"], ring.Keys().WebhookSecrets);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["whsec_old", "whsec_new"], ring.Keys().WebhookSecrets);
        Write(KeyFile, "rk_live_two");
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(ring.Keys().IsLive);
    }

    [Fact]
    public void Keys_behind_links_are_read_again_when_a_link_leads_elsewhere()
    {
        foreach (var (name, key) in new[] { ("one", "sk_test_one"), ("two", "sk_test_two") })
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, name));
            Write(Path.Combine(folder.FullName, name, "key"), key);
        }

        var data = Path.Combine(folder.FullName, "data");
        Directory.CreateSymbolicLink(data, "one");
        File.CreateSymbolicLink(KeyFile, Path.Combine(data, "key"));
        Write(SecretsFile, "whsec_old");
        var ring = new StripeKeyRing(KeyFile, SecretsFile, time, NullLogger<StripeKeyRing>.Instance);
        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, "two");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("sk_test_two", ring.Keys().SecretKey);
    }

    [Theory]
    [InlineData("pk_test_one", "whsec_old")]
    [InlineData("sk_test_one\nsk_test_two", "whsec_old")]
    [InlineData("sk_test_one", "")]
    [InlineData("sk_test_one", "sk_test_one")]
    public void A_change_that_cannot_work_leaves_the_keys_before_it(string key, string secrets)
    {
        Write(KeyFile, "sk_test_one");
        Write(SecretsFile, "whsec_old");
        var ring = new StripeKeyRing(KeyFile, SecretsFile, time, NullLogger<StripeKeyRing>.Instance);
        var before = ring.Keys();
        Write(KeyFile, key);
        Write(SecretsFile, secrets);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(before, ring.Keys());
        Assert.Throws<GatewaySettingException>(() => new StripeKeyRing(KeyFile, SecretsFile, time, NullLogger<StripeKeyRing>.Instance));
        File.Delete(KeyFile);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(before, ring.Keys());
        Write(KeyFile, "sk_test_two");
        Write(SecretsFile, "whsec_new");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("sk_test_two", ring.Keys().SecretKey);
    }

    [Fact]
    public async Task The_next_call_is_made_with_the_new_key()
    {
        using var wire = new StripeWire();
        var gateway = wire.Gateway;
        wire.Says("""{"object":"list","data":[]}""").Says("""{"object":"list","data":[]}""");
        await gateway.CheckAsync(TestContext.Current.CancellationToken);
        wire.Keys = wire.Keys with { SecretKey = "sk_test_next" };
        await gateway.CheckAsync(TestContext.Current.CancellationToken);
        Assert.Equal([$"Bearer {StripeWire.SecretKey}", "Bearer sk_test_next"], wire.Sent.Select(sent => sent.Authorization));
    }

    [Theory]
    [InlineData("garbage", "whsec_x", "secret key")]
    [InlineData("pk_live_garbage", "whsec_x", "publishable")]
    [InlineData("sk_test_gar bage", "whsec_x", "secret key")]
    [InlineData("sk_test_x", "garbage", "signing secret 1")]
    [InlineData("sk_test_x", "whsec_", "signing secret 1")]
    public void A_wrong_key_is_named_and_not_shown(string key, string secret, string named)
    {
        using var wire = new StripeWire();
        wire.Keys = new StripeKeys(key, [secret]);
        var error = Assert.Throws<GatewaySettingException>(() => wire.Gateway);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("bage", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_and_options_print_no_key()
    {
        using var wire = new StripeWire();
        Assert.DoesNotContain("sk_", $"{wire.Keys}{wire.Options}", StringComparison.Ordinal);
        Assert.DoesNotContain("whsec", $"{wire.Keys}{wire.Options}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://api.stripe.com", 10, 1)]
    [InlineData("https://api.stripe.com/v1", 10, 1)]
    [InlineData("https://api.stripe.com", 0, 1)]
    [InlineData("https://api.stripe.com", 61, 1)]
    [InlineData("https://api.stripe.com", 10, 4)]
    public void Settings_that_cannot_work_are_refused_at_the_start(string url, int seconds, int retries)
    {
        using var wire = new StripeWire();
        wire.Options = new StripeOptions(new Uri(url), () => wire.Keys, TimeSpan.FromSeconds(seconds)) { MaxNetworkRetries = retries };
        Assert.Throws<GatewaySettingException>(() => wire.Gateway);
    }

    private void Write(string file, string text)
    {
        File.WriteAllText(file, text);
        File.SetLastWriteTimeUtc(file, written = written.AddSeconds(1));
    }
}
