using System.Globalization;
using System.Security.Cryptography;
using Refill.Reviews;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>The first page, and the plans for the card that is named on it. The number is posted, never in an address.</summary>
internal static class HomeEndpoints
{
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

    private static async Task<IResult> FindAsync(HttpContext context, TopUpDesk desk, CancellationToken cancellation)
    {
        var typed = (await context.Request.ReadFormAsync(cancellation))["card"].ToString();
        var found = await desk.FindCardAsync(typed, cancellation);
        if (found.Value is { } card)
        {
            return await Plans(context, desk, card, null, StatusCodes.Status200OK, cancellation);
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

    private static IResult Home(HttpContext context, string? typed, string? error, int status) =>
        StorefrontEndpoints.Page<HomePage>(context, status, new() { ["V"] = context.Visitor() with { Path = "/" }, ["Typed"] = typed, ["Error"] = error });
}
