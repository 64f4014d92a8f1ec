using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>
/// Paying within a gateway's own app (WeChat): the app says who the payer is, the payment is started for them, and the app's browser is called to ask for the password. The first and the last of it are the app's own pages;
/// the call needs script, which that browser has. What comes back proves nothing (failure case 4).
/// </summary>
internal static class InAppEndpoints
{
    private const string StateCookie = "in-app";
    private const int MostCode = 512;
    private static readonly TimeSpan StateLives = TimeSpan.FromMinutes(10);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/top-ups/{id}/in-app", BackAsync);

    /// <summary>Sends the browser to where the app says who its user is. The state, kept in a cookie as well, ties what comes back to this browser.</summary>
    public static IResult Ask(HttpContext context, IPayerAccounts accounts, Settings settings, string gateway, string id)
    {
        var state = RandomNumberGenerator.GetHexString(24, lowercase: true); // WeChat takes letters and digits only.
        context.Response.Cookies.Append(StateCookie, $"{gateway}.{state}", new CookieOptions { MaxAge = StateLives, HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, IsEssential = true, Path = $"/top-ups/{id}" });
        return new SeeOther(accounts.AuthoriseAddress(new Uri(settings.PublicUrl, $"/top-ups/{id}/in-app"), state).AbsoluteUri);
    }

    private static async Task<IResult> BackAsync(
        string id, string? code, string? state, HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, Settings settings, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId) || await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        if (context.Request.Cookies[StateCookie]?.Split('.') is not [var asked, var kept] || state is null || !Same(kept, state) || code is not { Length: > 0 and <= MostCode }
            || gateways.Find(asked) is not (IPayerAccounts accounts and IPaymentGateway gateway))
        {
            return new SeeOther($"/top-ups/{id}/confirm"); // Not from where we sent this browser, or the payer said no: choose again.
        }

        context.Response.Cookies.Delete(StateCookie, new CookieOptions { Path = $"/top-ups/{id}" });
        if (await accounts.AccountAsync(code, cancellation) is not { } account)
        {
            return ConfirmEndpoints.Refused(context, gateways, device, topUp, QuoteProblem.GatewayDoesNotAnswer);
        }

        var back = new Uri(settings.PublicUrl, $"/top-ups/{id}?back=1");
        var paid = await desk.PayAsync(topUpId, gateway.Name, PaymentWay.InApp, new Payer(Account: account), null, back, cancellation);
        return paid.Value switch
        {
            PaymentStart.CallApp call => StorefrontEndpoints.Page<InAppPage>(context, StatusCodes.Status200OK, new()
            {
                ["V"] = context.Visitor() with { Path = $"/top-ups/{id}/confirm" },
                ["Call"] = JsonSerializer.Serialize(call.Parameters),
                ["Back"] = back.PathAndQuery,
                ["StandIn"] = settings.Demo ? StandIn(settings, call, back) : null,
            }),
            not null => new SeeOther($"/top-ups/{id}"),
            null => ConfirmEndpoints.Refused(context, gateways, device, topUp, paid.Refusal!.Problem),
        };
    }

    /// <summary>In the demo no browser is WeChat's: the sandbox has a page that stands in for what WeChat would show.</summary>
    private static string StandIn(Settings settings, PaymentStart.CallApp call, Uri back)
    {
        var query = string.Concat(call.Parameters.Select(one => $"&{one.Key}={Uri.EscapeDataString(one.Value)}"));
        var prepay = call.Parameters.GetValueOrDefault("package", "").Replace("prepay_id=", "", StringComparison.Ordinal);
        return new Uri(settings.SandboxUrl, $"/wechatpay/bridge?prepay_id={Uri.EscapeDataString(prepay)}&return_url={Uri.EscapeDataString(back.AbsoluteUri)}{query}").AbsoluteUri;
    }

    private static bool Same(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
