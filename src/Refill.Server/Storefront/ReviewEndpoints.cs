using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Refill.Cards;
using Refill.Catalogue;
using Refill.Reviews;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>What buyers say of a plan: the list, the form on the receipt, and a reader's word that one is not in order.</summary>
internal static class ReviewEndpoints
{
    /// <summary>So much of an IPv6 address is one connection's; the rest changes by itself.</summary>
    private const int NetworkBytes = 8;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/plans/{code}/reviews", ListAsync);
        routes.MapPost("/top-ups/{id}/review", WriteAsync);
        routes.MapPost("/reviews/{id}/report", ReportAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit);
    }

    private static async Task<IResult> ListAsync(string code, HttpContext context, CatalogueReader catalogue, ReviewBook book, ReviewRatings ratings, TimeProvider time, CancellationToken cancellation)
    {
        var asked = context.Request.Query["page"].ToString();
        var number = asked.Length == 0 ? 1 : int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        var found = await catalogue.FindPlanAsync(code, time.GetUtcNow(), cancellation);
        if (number < 1 || found is { Plan: null, Withdrawn: false } || await book.PageAsync(code, number, cancellation) is not { } page || page.Page > page.Pages)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        return StorefrontEndpoints.Page<ReviewsPage>(context, StatusCodes.Status200OK, new()
        {
            ["V"] = context.Visitor() with { Path = $"/plans/{code}/reviews{(number > 1 ? $"?page={number}" : "")}" },
            ["Code"] = code,
            ["Plan"] = found.Plan,
            ["Carrier"] = found.Plan is null ? null : await catalogue.CarrierAsync(found.Plan.CarrierCode, cancellation),
            ["Reviews"] = page,
            ["Rating"] = (await ratings.CurrentAsync(cancellation)).Of(code),
            ["Thanks"] = context.Request.Query.ContainsKey("reported"),
        });
    }

    private static async Task<IResult> WriteAsync(string id, HttpContext context, TopUpDesk desk, BuyersReviews reviews, ReviewBook book, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        if (!CellId.TryParse(id, out var topUpId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        if (await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return await StorefrontEndpoints.MissingAsync(context, topUpId, cancellation);
        }

        if (topUp.State != TopUpState.Completed)
        {
            return new SeeOther($"/top-ups/{id}"); // There is nothing to review yet; that page says why.
        }

        var stars = int.TryParse(form["stars"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        var draft = new ReviewDraft(stars, form["text"].ToString(), form["place"].ToString(), context.Visitor().Text.Language);
        return await reviews.WriteAsync(topUp, draft, cancellation) switch
        {
            // A form that is sent twice is no error: the first is there to be seen.
            ReviewOutcome.Taken or ReviewOutcome.Refused { Problem: ReviewProblem.Already } => new SeeOther($"/top-ups/{id}/receipt#review"),
            ReviewOutcome.Refused refused => await ReceiptEndpoints.ReceiptAsync(context, topUp, book, draft, refused.Problem, cancellation),
            _ => throw new InvalidOperationException("a review is taken or refused"),
        };
    }

    private static async Task<IResult> ReportAsync(string id, HttpContext context, ReviewBook book, CardVault vault, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var reviewId) || await book.FindAsync(reviewId, cancellation) is not { } review || !await book.ReportAsync(reviewId, ReporterOf(context, vault), cancellation))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        return new SeeOther($"/plans/{review.PlanCode}/reviews?reported=1");
    }

    /// <summary>One connection is one reader, whatever cookies it clears; a keyed hash, because the address itself is nobody's business here.</summary>
    private static byte[] ReporterOf(HttpContext context, CardVault vault)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var network = plain.AddressFamily == AddressFamily.InterNetworkV6 ? plain.GetAddressBytes()[..NetworkBytes] : plain.GetAddressBytes();
        return vault.Index("review reporter", Convert.ToHexString(network))[..16];
    }
}
