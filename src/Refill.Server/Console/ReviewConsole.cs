using Refill.Reviews;
using Refill.Server.Storefront;
using Refill.Units;

namespace Refill.Server.Console;

/// <summary>Reviews that wait for a person, and all others; published, hidden and answered by the forms of the page.</summary>
internal static class ReviewConsole
{
    private const string Path = "/console/reviews";

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("/reviews", ShowAsync);
        console.MapPost("/reviews/{id}/publish", (string id, HttpContext context, ReviewBook book, CancellationToken cancellation) => DoneAsync(context, id, review => book.PublishAsync(review, cancellation)));
        console.MapPost("/reviews/{id}/hide", (string id, HttpContext context, ReviewBook book, CancellationToken cancellation) => WrittenAsync(context, id, "reason", 1, ReviewRules.MostReason, (review, text) => book.HideAsync(review, text, cancellation)));
        console.MapPost("/reviews/{id}/answer", (string id, HttpContext context, ReviewBook book, CancellationToken cancellation) => WrittenAsync(context, id, "answer", 0, ReviewRules.MostCharacters, (review, text) => book.AnswerAsync(review, text, cancellation)));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ReviewBook book, CancellationToken cancellation)
    {
        var asked = context.Request.Query["state"].ToString();
        var state = Enum.TryParse<ReviewState>(asked, out var parsed) && Enum.IsDefined(parsed) ? parsed : ReviewState.Waiting;
        return StorefrontEndpoints.Page<ReviewsConsolePage>(context, StatusCodes.Status200OK, new()
        {
            ["V"] = context.Visitor() with { Path = $"{Path}?state={state}" },
            ["State"] = state,
            ["Reviews"] = await book.ListAsync(state, cancellation),
        });
    }

    private static async Task<IResult> WrittenAsync(HttpContext context, string id, string field, int least, int most, Func<Guid, string, Task<bool>> change)
    {
        var text = ReviewRules.Normalise((await context.Request.ReadFormAsync(context.RequestAborted))[field].ToString());
        return text.Length >= least && text.Length <= most ? await DoneAsync(context, id, review => change(review, text)) : StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
    }

    private static async Task<IResult> DoneAsync(HttpContext context, string id, Func<Guid, Task<bool>> change) =>
        CellId.TryParse(id, out var review) && await change(review) ? new SeeOther(Path) : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
}
