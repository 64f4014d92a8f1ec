using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Refill.Sandbox.WeChatPay;

/// <summary>
/// Who a user of WeChat is to an app: the page that asks (scope snsapi_base asks nothing and goes back at once), and the call that changes its code, which is good once and for five minutes, into an openid.
/// </summary>
internal sealed class WeChatAccounts(WeChatPayBooksOptions options, TimeProvider time)
{
    internal const string AuthoriseRoute = "/connect/oauth2/authorize";
    internal const string TokenRoute = "/sns/oauth2/access_token";
    private const string OpenId = "oSandbox00000000000000000001";
    private const int MostCodes = 10_000;
    private const int LongestState = 128;
    private static readonly TimeSpan CodeLives = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, DateTimeOffset> codes = new();

    internal Results<RedirectHttpResult, BadRequest<string>> Authorise(HttpRequest request)
    {
        var query = request.Query;
        if (query["appid"] != options.AppId || query["response_type"] != "code" || query["scope"] != "snsapi_base" || query["state"].ToString() is not { Length: <= LongestState } state || !state.All(char.IsAsciiLetterOrDigit)
            || !Uri.TryCreate(query["redirect_uri"], UriKind.Absolute, out var back) || back.Scheme is not ("http" or "https"))
        {
            return TypedResults.BadRequest("appid, redirect_uri, response_type=code, scope=snsapi_base and a state of at most 128 letters and digits are needed");
        }

        if (codes.Count >= MostCodes)
        {
            codes.Clear();
        }

        var code = RandomNumberGenerator.GetHexString(32, lowercase: true);
        codes[code] = time.GetUtcNow() + CodeLives;
        return TypedResults.Redirect($"{back}{(back.Query.Length == 0 ? '?' : '&')}code={code}&state={state}");
    }

    internal JsonHttpResult<object> Token(HttpRequest request)
    {
        var query = request.Query;
        return query["appid"] != options.AppId || options.AppSecret is null || query["secret"] != options.AppSecret || query["grant_type"] != "authorization_code" ? TypedResults.Json<object>(new { errcode = 40125, errmsg = "invalid appsecret" })
            : codes.TryRemove(query["code"].ToString(), out var until) && time.GetUtcNow() < until
                ? TypedResults.Json<object>(new { access_token = RandomNumberGenerator.GetHexString(32, lowercase: true), expires_in = 7200, refresh_token = RandomNumberGenerator.GetHexString(32, lowercase: true), openid = OpenId, scope = "snsapi_base" })
                : TypedResults.Json<object>(new { errcode = 40029, errmsg = "invalid code" });
    }
}
