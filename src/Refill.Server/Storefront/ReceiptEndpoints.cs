using Refill.Reviews;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>The receipt, by its address or by order code and last four digits.</summary>
internal static class ReceiptEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/top-ups/{id}/receipt", ShowAsync);
        routes.MapGet("/receipt", (HttpContext context) => Lookup(context, null, false));
        routes.MapPost("/receipt", FindAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit);
    }

    private static async Task<IResult> ShowAsync(string id, HttpContext context, TopUpDesk desk, ReviewBook reviews, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        return await desk.GetAsync(topUpId, cancellation) is not { } topUp
            ? await StorefrontEndpoints.MissingAsync(context, topUpId, cancellation)
            : topUp.State == TopUpState.Completed ? await ReceiptAsync(context, topUp, reviews, null, null, cancellation) : TypedResults.Redirect($"/top-ups/{id}");
    }

    private static async Task<IResult> FindAsync(HttpContext context, TopUpDesk desk, ReviewBook reviews, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        var code = form["code"].ToString();
        return await desk.FindReceiptAsync(code, form["four"], cancellation) is not { } topUp
            ? Lookup(context, code.Length > 40 ? code[..40] : code, true)
            : topUp.State == TopUpState.Completed ? await ReceiptAsync(context, topUp, reviews, null, null, cancellation) : new SeeOther($"/top-ups/{CellId.ToText(topUp.Id)}");
    }

    /// <param name="problem">Why the review that was just sent is not taken.</param>
    public static async Task<IResult> ReceiptAsync(HttpContext context, TopUpView topUp, ReviewBook reviews, ReviewDraft? draft, ReviewProblem? problem, CancellationToken cancellation)
    {
        var path = $"/top-ups/{CellId.ToText(topUp.Id)}/receipt";
        context.Response.Headers.ContentLocation = path;
        return StorefrontEndpoints.Page<ReceiptPage>(context, problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity, new()
        {
            ["V"] = context.Visitor() with { Path = path },
            ["T"] = topUp,
            ["Review"] = await reviews.OfTopUpAsync(topUp.Id, cancellation),
            ["Draft"] = draft,
            ["Problem"] = problem,
        });
    }

    private static IResult Lookup(HttpContext context, string? code, bool notFound) => StorefrontEndpoints.Page<LookupPage>(
        context, notFound ? StatusCodes.Status404NotFound : StatusCodes.Status200OK, new() { ["V"] = context.Visitor() with { Path = "/receipt" }, ["Code"] = code, ["NotFound"] = notFound });
}
