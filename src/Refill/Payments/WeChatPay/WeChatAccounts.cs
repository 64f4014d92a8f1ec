using Microsoft.Extensions.Logging;

namespace Refill.Payments.WeChatPay;

/// <summary>
/// Who the payer is to our app, for paying within WeChat: the browser is sent to WeChat and comes back with a code, which is changed into an openid
/// (OAuth with scope snsapi_base: the payer is asked nothing). The answer is not signed; it names a payer and moves no money.
/// </summary>
internal sealed class WeChatAccounts(WeChatPayWire wire, WeChatPayOptions options, WeChatPayKeyRing keys, ILogger log)
{
    private const int MaxState = 128;
    private const int MaxCode = 512;
    private const int MaxOpenId = 128;

    /// <exception cref="ArgumentException">WeChat gives a state of letters and digits back, at most 128.</exception>
    public Uri AuthoriseAddress(Uri callback, string state) => state.Length <= MaxState && state.All(char.IsAsciiLetterOrDigit)
        ? new Uri(options.AuthoriseUrl, $"/connect/oauth2/authorize?appid={options.AppId}&redirect_uri={Uri.EscapeDataString(callback.AbsoluteUri)}&response_type=code&scope=snsapi_base&state={state}#wechat_redirect")
        : throw new ArgumentException($"a state is at most {MaxState} letters and digits", nameof(state));

    /// <summary>The payer's openid; null: the code is used, old or made up, or nobody answered.</summary>
    public async Task<string?> OpenIdAsync(string code, CancellationToken cancellation)
    {
        if (keys.Current.AppSecret is not { } secret || code.Length is 0 or > MaxCode)
        {
            return null;
        }

        // WeChat takes the secret in the address, so nothing of the address may come into a log.
        var address = new Uri(options.AccountsUrl, $"/sns/oauth2/access_token?appid={options.AppId}&secret={secret}&code={Uri.EscapeDataString(code)}&grant_type=authorization_code");
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        var received = await wire.SendAsync(request, cancellation);
        var answer = received.Silence is null && received.Status == 200 ? WeChatPayJson.Read(received.Body) : null;
        if (answer?.Text("openid") is { Length: > 0 and <= MaxOpenId } openId && openId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return openId;
        }

        log.LogWarning("WeChat gives no openid: {Why}", received.Silence ?? $"HTTP {received.Status}, errcode {answer?.Number("errcode")}");
        return null;
    }
}
