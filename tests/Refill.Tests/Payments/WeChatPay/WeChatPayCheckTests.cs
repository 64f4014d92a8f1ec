using System.Net;
using System.Security.Cryptography;
using System.Text;
using Refill.Payments.WeChatPay;

namespace Refill.Tests.Payments.WeChatPay;

/// <summary>The self-test, and who a payer is.</summary>
public sealed class WeChatPayCheckTests : IDisposable
{
    private const string Secret = "00112233445566778899aabbccddeeff";
    private readonly WeChatWire wire = new();
    private readonly WeChatWire within = new(options => options with { Keys = () => WithSecret });
    private readonly WeChatWire publicKey = new(options => options with { Keys = () => WithPublicKey });

    private static WeChatPayKeys WithSecret { get; } = WeChatWire.Keys with { AppSecret = Secret };

    private static WeChatPayKeys WithPublicKey { get; } = WeChatWire.Keys with { PublicKeys = [new(WeChatWire.PublicKeyId, WeChatWire.PublicKey.ExportSubjectPublicKeyInfoPem())] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        wire.Dispose();
        within.Dispose();
        publicKey.Dispose();
    }

    [Fact]
    public async Task All_is_well_when_the_certificates_can_be_had()
    {
        Assert.Null(await wire.Gateway.CheckAsync(Token));
        Assert.Equal(["/v3/certificates"], wire.Targets);
        Assert.True(wire.MerchantSigned());
    }

    [Theory]
    [InlineData(401, "SIGN_ERROR", "our signature is not accepted")]
    [InlineData(400, "PARAM_ERROR", "merchant id is not one")]
    [InlineData(403, "NO_AUTH", "may not do this")]
    [InlineData(500, "SYSTEM_ERROR", "does not say what it should")]
    public async Task What_is_wrong_is_named_and_no_key_is_shown(int status, string code, string named)
    {
        wire.CertificatesAnswer = () => wire.Message($$"""{"code":"{{code}}","message":"{{WeChatWire.ApiV3Key}}"}""", status, []);
        var said = await wire.Gateway.CheckAsync(Token);
        Assert.Contains(named, said, StringComparison.Ordinal);
        Assert.DoesNotContain(WeChatWire.ApiV3Key, said, StringComparison.Ordinal);
        Assert.DoesNotContain(WeChatWire.Keys.Certificate, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Case_11_A_clock_that_is_wrong_is_named()
    {
        wire.CertificatesAnswer = () =>
        {
            var refusal = wire.Message("""{"code":"SIGN_ERROR"}""", 401, []);
            refusal.Headers.Date = wire.Time.GetUtcNow().AddMinutes(-7);
            return refusal;
        };
        Assert.Contains("our clock is wrong", await wire.Gateway.CheckAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_nobody_answers_is_named()
    {
        wire.CertificatesAnswer = () => throw new HttpRequestException("refused");
        Assert.Contains("127.0.0.1 does not answer", await wire.Gateway.CheckAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_public_key_mode_a_query_tries_the_public_key()
    {
        const string Body = """{"code":"ORDER_NOT_EXIST","message":"订单不存在"}""";
        using var other = RSA.Create(2048);
        publicKey.Answer = (_, _) => Task.FromResult(publicKey.Message(Body, 404, Signed(WeChatWire.PublicKey)));
        publicKey.CertificatesAnswer = () => publicKey.Message("""{"code":"RESOURCE_NOT_EXISTS"}""", 404, []);
        Assert.Null(await publicKey.Gateway.CheckAsync(Token));
        publicKey.Answer = (_, _) => Task.FromResult(publicKey.Message(Body, 404, Signed(other)));
        Assert.Contains("its public key", await publicKey.Gateway.CheckAsync(Token), StringComparison.Ordinal);
        publicKey.Says((401, """{"code":"SIGN_ERROR"}"""));
        Assert.Contains("our signature is not accepted", await publicKey.Gateway.CheckAsync(Token), StringComparison.Ordinal);

        Dictionary<string, string> Signed(RSA key) => WeChatWire.Signed(Encoding.UTF8.GetBytes(Body), publicKey.Time.GetUtcNow(), WeChatWire.PublicKeyId, key);
    }

    [Fact]
    public void A_browser_within_WeChat_is_sent_to_ask_who_its_user_is()
    {
        Assert.Equal(
            $"https://open.weixin.qq.com/connect/oauth2/authorize?appid={WeChatWire.App}&redirect_uri=https%3A%2F%2Fshop.example%2Fwechat%3Fa%3D1&response_type=code&scope=snsapi_base&state=abc123#wechat_redirect",
            within.Gateway.AuthoriseAddress(new Uri("https://shop.example/wechat?a=1"), "abc123").AbsoluteUri);
        Assert.Throws<ArgumentException>(() => within.Gateway.AuthoriseAddress(new Uri("https://shop.example"), "a&b"));
        Assert.Contains(new Uri("https://open.weixin.qq.com"), within.Gateway.PayerOrigins);
    }

    [Theory]
    [InlineData(200, """{"access_token":"x","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","scope":"snsapi_base"}""", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")]
    [InlineData(200, """{"errcode":40029,"errmsg":"invalid code"}""", null)]
    [InlineData(200, """{"openid":"<script>"}""", null)]
    [InlineData(200, "[]", null)]
    [InlineData(500, """{"openid":"oUpF8uMuAJO"}""", null)]
    public async Task The_code_is_changed_into_an_openid_or_nothing(int status, string body, string? expected)
    {
        within.Answer = (_, _) => Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "text/plain") });
        Assert.Equal(expected, await within.Gateway.AccountAsync("0a1b/c", Token));
        Assert.Equal($"/sns/oauth2/access_token?appid={WeChatWire.App}&secret={Secret}&code=0a1b%2Fc&grant_type=authorization_code", within.Targets[0]);
        Assert.DoesNotContain("Authorization", within.Sent.Headers.Keys);
        Assert.Null(await wire.Gateway.AccountAsync("0a1b", Token)); // Without a secret nobody is asked.
        Assert.Empty(wire.Targets);
    }
}
