namespace Refill.Tests.Payments.Alipay;

/// <summary>What an operator is told of settings that cannot work.</summary>
public sealed class AlipayCheckTests : IDisposable
{
    private readonly AlipayWire wire = new();

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task Right_settings_are_right_and_nothing_was_done()
    {
        wire.Script(("alipay.trade.query", """{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"""));
        Assert.Null(await CheckAsync());
        Assert.True(AlipayWire.MerchantSigned(wire.Sent));
    }

    [Theory]
    [InlineData("40002", "isv.invalid-signature", "our private key does not belong to the app id")]
    [InlineData("40002", "isv.invalid-app-id", "the app id is wrong")]
    [InlineData("40002", "isv.invalid-timestamp", "our clock is wrong: Alipay refuses our time, which is 2026-11-23 12:00 UTC")] // Case 11.
    [InlineData("40006", "isv.insufficient-isv-permissions", "the app may not do this")]
    [InlineData("40002", "isv.missing-app-cert-sn", "the app is set to certificates at Alipay")]
    [InlineData("20000", "isp.unknow-error", "Alipay is not available")]
    [InlineData("40002", "isv.something-new", "Alipay refuses: 40002, isv.something-new")]
    public async Task A_refusal_names_what_is_wrong_and_shows_none_of_it(string code, string sub, string expected)
    {
        wire.Script(("alipay.trade.query", $$"""{"code":"{{code}}","sub_code":"{{sub}}"}"""));
        var found = await CheckAsync();
        Assert.StartsWith(expected, found, StringComparison.Ordinal);
        Assert.DoesNotContain(AlipayWire.AppId, found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_Alipay_does_not_know_is_told_without_a_signature()
    {
        wire.Says("""{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}}""");
        Assert.StartsWith("the app id is wrong", await CheckAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_does_not_verify_tells_that_the_public_key_is_wrong()
    {
        wire.Says(AlipayWire.Body("alipay.trade.query", """{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}""", AlipayWire.OtherKey));
        Assert.StartsWith("Alipay's public key is wrong", await CheckAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_said_to_be_silence()
    {
        wire.Answer = _ => throw new HttpRequestException("refused");
        Assert.StartsWith("Alipay gives no usable answer", await CheckAsync(), StringComparison.Ordinal);
        wire.Says("<html>");
        Assert.StartsWith("Alipay gives no usable answer", await CheckAsync(), StringComparison.Ordinal);
    }

    private Task<string?> CheckAsync() => wire.Gateway.CheckAsync(TestContext.Current.CancellationToken);
}
