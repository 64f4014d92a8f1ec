using System.Globalization;
using System.Security.Cryptography;
using Refill.Payments;
using Refill.Reviews;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>The first page, and the plans for the card that is named on it. The number is posted, never in an address.</summary>
internal static class HomeEndpoints
{
    private const int MostWanted = 64;
    private static readonly string[] WantedNames = ["plan", "start", "coupon", "pack"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", (HttpContext context) => Home(context, null, null, StatusCodes.Status200OK));
        routes.MapPost("/plans", FindAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit);
        routes.MapGet("/plans", () => TypedResults.Redirect("/"));
        routes.MapGet("/cards/{id}", PlansAsync);
    }

    /// <summary>The plans for a card that was found; also shown again with the reason why the one chosen cannot be had.</summary>
    public static async Task<IResult> Plans(HttpContext context, TopUpDesk desk, CardView card, string? error, int status, CancellationToken cancellation)
    {
        // The page is given in the answer to the form, which saves a slow line a round trip; this is its address for coming back.
        context.Response.Headers.ContentLocation = $"/cards/{CellId.ToText(card.NameId)}";
        var offers = await desk.OffersAsync(card, cancellation);
        var visitor = context.Visitor() with { Path = $"/cards/{CellId.ToText(card.NameId)}" };
        return StorefrontEndpoints.Page<PlansPage>(context, status, new()
        {
            ["V"] = visitor,
            ["Card"] = card,
            ["Offers"] = offers,
            ["Ratings"] = await context.RequestServices.GetRequiredService<ReviewRatings>().CurrentAsync(cancellation),
            ["FormKey"] = RandomNumberGenerator.GetHexString(16, lowercase: true),
            ["Error"] = error,
        });
    }

    private static async Task<IResult> FindAsync(HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        var typed = form["card"].ToString();
        var found = await desk.FindCardAsync(typed, cancellation);
        if (found.Value is { } card)
        {
            // A plan that was chosen before the card was named (advice): straight to its last page.
            return form["plan"].Count > 0 ? await ConfirmEndpoints.QuoteForAsync(context, desk, gateways, device, card.NameId, form, new QuoteWishes(form["coupon"], form["pack"], form["start"]), cancellation)
                : await Plans(context, desk, card, null, StatusCodes.Status200OK, cancellation);
        }

        var refused = found.Refusal!;
        var status = refused.Problem switch
        {
            CardProblem.UnknownToCarriers => StatusCodes.Status404NotFound,
            CardProblem.CarrierDoesNotAnswer => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status422UnprocessableEntity,
        };
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "30";
        }

        var visitor = context.Visitor();
        var detail = refused.Detail is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? (object)count : refused.Detail;
        return Home(context, typed.Length > 64 ? typed[..64] : typed, visitor["Card_" + refused.Problem, detail], status);
    }

    private static async Task<IResult> PlansAsync(string id, HttpContext context, TopUpDesk desk, CancellationToken cancellation) =>
        CellId.TryParse(id, out var nameId) && await desk.GetCardAsync(nameId, cancellation) is { } card
            ? await Plans(context, desk, card, null, StatusCodes.Status200OK, cancellation)
            : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);

    private static IResult Home(HttpContext context, string? typed, string? error, int status)
    {
        var wanted = Wanted(name => context.Request.HasFormContentType ? context.Request.Form[name].ToString() : context.Request.Query[name].ToString());
        var path = wanted.Count == 0 ? "/" : "/?" + string.Join('&', wanted.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Text)}"));
        return StorefrontEndpoints.Page<HomePage>(context, status, new() { ["V"] = context.Visitor() with { Path = path }, ["Typed"] = typed, ["Error"] = error, ["Wanted"] = wanted });
    }

    /// <summary>The plan that is remembered while the card is asked for, with what was wished for besides; whatever else is in an address is not.</summary>
    private static IReadOnlyList<(string Name, string Text)> Wanted(Func<string, string> text) => text("plan").Length is > 0 and <= MostWanted
        ? [.. WantedNames.Select(name => (Name: name, Text: text(name))).Where(field => field.Text.Length is > 0 and <= MostWanted)]
        : [];
}
