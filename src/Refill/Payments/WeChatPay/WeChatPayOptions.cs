using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Refill.Payments.WeChatPay;

/// <summary>Who we are at WeChat Pay (a merchant of its own, not under a service provider) and where it is. Prints no key.</summary>
/// <param name="ApiUrl">Such as https://api.mch.weixin.qq.com; plain http on loopback only.</param>
/// <param name="MerchantId">mchid, 8-10 digits in practice; each answer and notification is held against it.</param>
/// <param name="AppId">The appid (wx…) that the merchant id is bound to.</param>
/// <param name="Keys">Asked anew from time to time, so that keys change without a restart (<see cref="WeChatPayKeyFiles"/>). The same instance: nothing has changed.</param>
/// <param name="NotifyUrl">Where WeChat Pay posts its notifications: https, without a query.</param>
/// <param name="Timeout">How long one call may take, 1 s to 1 min.</param>
public sealed record WeChatPayOptions(Uri ApiUrl, string MerchantId, string AppId, Func<WeChatPayKeys> Keys, Uri NotifyUrl, TimeSpan Timeout)
{
    private const int MaxStore = 32;

    /// <summary>Where the browser asks WeChat who its user is (within WeChat only).</summary>
    public Uri AuthoriseUrl { get; init; } = new("https://open.weixin.qq.com");

    /// <summary>Where the code that comes of it is changed into an openid.</summary>
    public Uri AccountsUrl { get; init; } = new("https://api.weixin.qq.com");

    /// <summary>Where the pages stand that a phone's browser is sent to (h5_url): one that leads elsewhere is not followed.</summary>
    public Uri PagesUrl { get; init; } = new("https://wx.tenpay.com");

    /// <summary>Our shop's number, as scanned payments carry it (scene_info.store_info.out_id); at most 32 characters.</summary>
    public string StoreId { get; init; } = "refill";

    /// <summary>Roots, and what stands between, that platform certificates must lead to (PEM texts one after the other). Null: what the APIv3 key opened is believed.</summary>
    public string? PlatformRootsPem { get; init; }

    public override string ToString() => $"WeChat Pay at {ApiUrl}, merchant {MerchantId}";

    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    internal WeChatPayOptions Checked()
    {
        foreach (var (name, url) in new[] { ("the API's address", ApiUrl), ("the address of WeChat's authorisation page", AuthoriseUrl), ("the address of WeChat's accounts", AccountsUrl), ("the address of the payers' pages", PagesUrl) })
        {
            if (!IsSecure(url) || url.Query.Length > 0 || url.AbsolutePath != "/")
            {
                throw new GatewaySettingException($"{name} must be https (http on loopback only), without path and query: {url}");
            }
        }

        // A query would be refused by WeChat Pay, and so would plain http; on loopback it is the sandbox that posts there.
        if (!IsSecure(NotifyUrl) || NotifyUrl.Query.Length > 0 || NotifyUrl.OriginalString.Length > 255)
        {
            throw new GatewaySettingException($"the address for notifications must be https, without a query, at most 255 characters: {NotifyUrl}");
        }

        if (MerchantId.Length is < 6 or > 32 || !MerchantId.All(char.IsAsciiDigit))
        {
            throw new GatewaySettingException("the merchant id must be 6 to 32 digits");
        }

        if (AppId.Length is < 8 or > 32 || !AppId.All(char.IsAsciiLetterOrDigit))
        {
            throw new GatewaySettingException("the app id must be 8 to 32 letters and digits");
        }

        if (StoreId.Length is 0 or > MaxStore || !StoreId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new GatewaySettingException($"the store's number must be 1 to {MaxStore} letters, digits, '-' and '_'");
        }

        if (PlatformRootsPem is not null && Roots().Count == 0)
        {
            throw new GatewaySettingException("the roots that platform certificates must lead to cannot be read as certificates in PEM");
        }

        return Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(1)
            ? throw new GatewaySettingException($"the time limit of a call must be 1 s to 1 min: {Timeout}")
            : this;
    }

    /// <summary>The roots that are named, and what stands between; none if they cannot be read.</summary>
    internal X509Certificate2Collection Roots()
    {
        var named = new X509Certificate2Collection();
        try
        {
            named.ImportFromPem(PlatformRootsPem);
        }
        catch (CryptographicException)
        {
            named.Clear();
        }

        return named;
    }

    private static bool IsSecure(Uri url) => url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}
