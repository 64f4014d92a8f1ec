using System.Collections.Concurrent;
using System.Globalization;
using Refill.Advice;
using Refill.Catalogue;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>The cheapest way through a stay. The form is sent with GET: what was asked stands in the address.</summary>
internal static class AdviceEndpoints
{
    private const string Path = "/advice";

    /// <summary>Rows of the day book on one page.</summary>
    public const int RowsOnAPage = 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ShowAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit); // It takes a processor for a while, and coupons are not to be guessed.
        routes.MapPost(Path + "/order", ConfirmEndpoints.QuoteWithWishesAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, AdviceDesk desk, TopUpDesk topUps, AdviceGate gate, TimeProvider time, CancellationToken cancellation)
    {
        var form = AdviceForm.Read(context.Request.Query);
        var card = CellId.TryParse(form["card"], out var nameId) ? await topUps.GetCardAsync(nameId, cancellation) : null;
        if (form.Has("card") && card is null)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        var asks = form.IsFilled && !context.Request.Query.ContainsKey("edit");
        var today = Validity.DayOf(time.GetUtcNow(), form.Place);
        var carriers = await desk.CarriersAsync(cancellation);
        var (stay, refused) = asks ? form.Check(today, card?.Carrier.Code) : (null, null);
        if (refused is null && form.Has("have") && carriers.All(carrier => carrier.Code != form["have"]))
        {
            refused = new AdviceRefused(AdviceFault.UnknownChoice, "have", form["have"]);
        }

        AdviceGiven? given = null;
        if (asks && refused is null)
        {
            using var place = await gate.EnterAsync(context.Connection.RemoteIpAddress?.ToString() ?? "", cancellation);
            if (place is null)
            {
                context.Response.Headers.RetryAfter = "5";
                return StorefrontEndpoints.Problem(context, StatusCodes.Status503ServiceUnavailable);
            }

            var answer = await desk.AskAsync(stay!, cancellation);
            given = answer.Given;
            refused = answer.Problem is { } problem ? Refused(problem) : null;
        }

        var row = int.TryParse(context.Request.Query["row"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked < Stay.MostDays ? asked : 0;
        return StorefrontEndpoints.Page<AdvicePage>(context, refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity, new()
        {
            ["V"] = context.Visitor() with { Path = Path + form.Query(asks || !form.IsFilled ? [] : [("edit", "1")]) },
            ["Form"] = form,
            ["Today"] = today,
            ["Carriers"] = carriers,
            ["Card"] = card,
            ["Refused"] = refused,
            ["Given"] = refused is null ? given : null,
            ["Row"] = row,
        });
    }

    private static AdviceRefused Refused(AdviceProblem problem) => problem switch
    {
        AdviceProblem.NoSuchCarrier => new AdviceRefused(AdviceFault.UnknownChoice, "have"),
        AdviceProblem.CardNotFound => throw new InvalidOperationException("the card was there a moment ago"),
        _ => new AdviceRefused("Quote_" + problem, "coupon"),
    };
}

/// <summary>At most two questions are worked on at a time, and of one visitor one: the others wait for a moment, and are then told to come back.</summary>
internal sealed class AdviceGate : IDisposable
{
    private const int AtOnce = 2;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim places = new(AtOnce, AtOnce);
    private readonly ConcurrentDictionary<string, byte> visitors = new(StringComparer.Ordinal);

    /// <param name="visitor">An address; it is kept no longer than the question.</param>
    /// <returns>Null: there is no place.</returns>
    public async Task<IDisposable?> EnterAsync(string visitor, CancellationToken cancellation)
    {
        if (!visitors.TryAdd(visitor, 0))
        {
            return null;
        }

        var hasEntered = false;
        try
        {
            hasEntered = await places.WaitAsync(Wait, cancellation);
            return hasEntered ? new Place(this, visitor) : null;
        }
        finally
        {
            if (!hasEntered)
            {
                visitors.TryRemove(visitor, out _);
            }
        }
    }

    public void Dispose() => places.Dispose();

    private sealed class Place(AdviceGate gate, string visitor) : IDisposable
    {
        public void Dispose()
        {
            gate.places.Release();
            gate.visitors.TryRemove(visitor, out _);
        }
    }
}
