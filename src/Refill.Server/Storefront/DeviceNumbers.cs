using Refill.Cards;

namespace Refill.Server.Storefront;

/// <summary>
/// Which numbers this device has topped up before: a cookie of keyed, truncated hashes. It recognises a number that is typed again, and
/// tells whoever reads the cookie nothing.
/// </summary>
internal sealed class DeviceNumbers(CardBook cards)
{
    private const string Cookie = "known";
    private const int MaxMarks = 8;
    private const char Between = '.';

    public bool Knows(HttpRequest request, CardIdentifier identifier) => Marks(request).Contains(cards.DeviceMark(identifier));

    public void Remember(HttpContext context, CardIdentifier identifier)
    {
        var marks = Marks(context.Request).Where(mark => mark != cards.DeviceMark(identifier)).Prepend(cards.DeviceMark(identifier)).Take(MaxMarks);
        context.Response.Cookies.Append(Cookie, string.Join(Between, marks), new CookieOptions
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
