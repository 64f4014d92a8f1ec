using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>The quote, the last look before money, and the way to the gateway.</summary>
internal static class ConfirmEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/confirm", QuoteAsync);
        routes.MapGet("/confirm", () => TypedResults.Redirect("/"));
        routes.MapGet("/top-ups/{id}/confirm", ShowAsync);
        routes.MapPost("/top-ups/{id}/pay", PayAsync);
    }

    private static async Task<IResult> QuoteAsync(HttpContext context, TopUpDesk desk, DeviceNumbers device, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        if (!CellId.TryParse(form["card"], out var nameId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
        }

        var quoted = await desk.QuoteAsync(nameId, form["plan"], form["key"], cancellation);
        if (quoted.Value is { } topUp)
        {
            return Confirm(context, device, topUp, null, StatusCodes.Status200OK);
        }

        var problem = quoted.Refusal!.Problem;
        return await desk.GetCardAsync(nameId, cancellation) is { } card
            ? await HomeEndpoints.Plans(context, desk, card, context.Visitor()["Quote_" + problem], problem == QuoteProblem.PlanWithdrawn ? StatusCodes.Status410Gone : StatusCodes.Status422UnprocessableEntity, cancellation)
            : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ShowAsync(string id, HttpContext context, TopUpDesk desk, DeviceNumbers device, TimeProvider time, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId) || await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        if (topUp.State is not (TopUpState.Quoted or TopUpState.AwaitingPayment or TopUpState.Expired))
        {
            return TypedResults.Redirect($"/top-ups/{id}"); // Back after paying: the status page says how it stands.
        }

        return topUp.State == TopUpState.Expired || topUp.QuoteExpiresAt <= time.GetUtcNow()
            ? Confirm(context, device, topUp, context.Visitor()["Quote_QuoteExpired"], StatusCodes.Status410Gone, over: true)
            : Confirm(context, device, topUp, null, StatusCodes.Status200OK);
    }

    private static async Task<IResult> PayAsync(string id, HttpContext context, TopUpDesk desk, DeviceNumbers device, Settings settings, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        if (!CellId.TryParse(id, out var topUpId) || await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        PaymentWay? way = form["way"].ToString() switch { "page" => PaymentWay.Page, "wap" => PaymentWay.Wap, "qr" => PaymentWay.Qr, _ => null };
        if (way is not { } chosen)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
        }

        var repeated = device.Knows(context.Request, topUp.Card) ? null : form["repeat"].ToString();
        var paid = await desk.PayAsync(topUpId, "alipay", chosen, repeated, new Uri(settings.PublicUrl, $"/top-ups/{id}?back=1"), cancellation);
        if (paid.Value is { } start)
        {
            device.Remember(context, topUp.Card);
            return Go(start is PaymentStart.Redirect gateway ? gateway.Url.AbsoluteUri : $"/top-ups/{id}");
        }

        switch (paid.Refusal!.Problem)
        {
            case QuoteProblem.AlreadyPaid:
                return Go($"/top-ups/{id}");
            case QuoteProblem.QuoteExpired:
                return Confirm(context, device, topUp, context.Visitor()["Quote_QuoteExpired"], StatusCodes.Status410Gone, over: true);
            case QuoteProblem.GatewayDoesNotAnswer:
                context.Response.Headers.RetryAfter = "10";
                return Confirm(context, device, topUp, context.Visitor()["Quote_GatewayDoesNotAnswer"], StatusCodes.Status503ServiceUnavailable);
            case var problem:
                return Confirm(context, device, topUp, context.Visitor()["Quote_" + problem], StatusCodes.Status422UnprocessableEntity, repeatWrong: problem == QuoteProblem.NumberRepeatedWrong);
        }
    }

    /// <summary>303: the browser goes there with GET, whatever it came with.</summary>
    private static SeeOther Go(string address) => new(address);

    private static IResult Confirm(HttpContext context, DeviceNumbers device, TopUpView topUp, string? error, int status, bool over = false, bool repeatWrong = false)
    {
        var path = $"/top-ups/{CellId.ToText(topUp.Id)}/confirm";
        context.Response.Headers.ContentLocation = path;
        return StorefrontEndpoints.Page<ConfirmPage>(context, status, new()
        {
            ["V"] = context.Visitor() with { Path = path },
            ["T"] = topUp,
            ["KnownHere"] = device.Knows(context.Request, topUp.Card),
            ["Over"] = over,
            ["Error"] = error,
            ["RepeatWrong"] = repeatWrong,
        });
    }
}
