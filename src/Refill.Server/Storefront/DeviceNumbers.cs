using Refill.Cards;

namespace Refill.Server.Storefront;

/// <summary>
/// Which numbers this device has topped up before: a cookie of keyed, truncated hashes. It recognises a number that is typed again, and
/// tells whoever reads the cookie nothing. Another cookie names the gateway that was paid with last.
/// </summary>
internal sealed class DeviceNumbers(CardBook cards)
{
    private const string Cookie = "known";
    private const string LastGatewayCookie = "paid-with";
    private const int MaxMarks = 8;
    private const char Between = '.';

    public bool Knows(HttpRequest request, CardIdentifier identifier) => Marks(request).Contains(cards.DeviceMark(identifier));

    /// <summary>What this device paid with last; null: nothing yet.</summary>
    public static string? LastGateway(HttpRequest request) => request.Cookies[LastGatewayCookie] is { Length: > 0 and <= 20 } name ? name : null;

    public void Remember(HttpContext context, CardIdentifier identifier, string gateway)
    {
        Keep(context, LastGatewayCookie, gateway);
        var marks = Marks(context.Request).Where(mark => mark != cards.DeviceMark(identifier)).Prepend(cards.DeviceMark(identifier)).Take(MaxMarks);
        Keep(context, Cookie, string.Join(Between, marks));
    }

    private static void Keep(HttpContext context, string cookie, string text)
    {
        context.Response.Cookies.Append(cookie, text, new CookieOptions
        {
            MaxAge = TimeSpan.FromDays(365),
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            IsEssential = true,
        });
    }

    private static string[] Marks(HttpRequest request) => request.Cookies[Cookie] is { Length: > 0 and < 400 } text ? text.Split(Between) : [];
}
