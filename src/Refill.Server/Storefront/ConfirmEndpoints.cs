using Refill.Payments;
using Refill.Promotions;
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
        routes.MapPost("/top-ups/{id}/wishes", WishAsync).RequireRateLimiting(StorefrontEndpoints.LookupLimit); // Coupons are not to be guessed.
        InAppEndpoints.Map(routes);
    }

    private static async Task<IResult> QuoteAsync(HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        return CellId.TryParse(form["card"], out var nameId)
            ? await QuoteForAsync(context, desk, gateways, device, nameId, form, QuoteWishes.None, cancellation)
            : StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
    }

    /// <summary>The same with what advice asks for besides the plan: a day to start on, a coupon, a pack.</summary>
    public static async Task<IResult> QuoteWithWishesAsync(HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        return CellId.TryParse(form["card"], out var nameId)
            ? await QuoteForAsync(context, desk, gateways, device, nameId, form, new QuoteWishes(form["coupon"], form["pack"], form["start"]), cancellation)
            : StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
    }

    /// <summary>The last page for the plan that the form names; or the plans again, with the reason why not.</summary>
    public static async Task<IResult> QuoteForAsync(HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, Guid nameId, IFormCollection form, QuoteWishes wishes, CancellationToken cancellation)
    {
        var quoted = await desk.QuoteAsync(nameId, form["plan"], form["key"], wishes, cancellation);
        if (quoted.Value is { } topUp)
        {
            return Confirm(context, gateways, device, topUp, null, StatusCodes.Status200OK);
        }

        var problem = quoted.Refusal!.Problem;
        return await desk.GetCardAsync(nameId, cancellation) is { } card
            ? await HomeEndpoints.Plans(context, desk, card, context.Visitor()["Quote_" + problem], problem == QuoteProblem.PlanWithdrawn ? StatusCodes.Status410Gone : StatusCodes.Status422UnprocessableEntity, cancellation)
            : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ShowAsync(string id, HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, TimeProvider time, CancellationToken cancellation)
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
            ? Confirm(context, gateways, device, topUp, context.Visitor()["Quote_QuoteExpired"], StatusCodes.Status410Gone, over: true)
            : Confirm(context, gateways, device, topUp, null, StatusCodes.Status200OK);
    }

    private static async Task<IResult> PayAsync(string id, HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, Settings settings, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        if (!CellId.TryParse(id, out var topUpId) || await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        if (PaymentChoice.Parse(form["way"]) is not var (gateway, way) || way is PaymentWay.Direct or PaymentWay.Barcode)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
        }

        var repeated = device.Knows(context.Request, topUp.Card) ? null : form["repeat"].ToString();
        if (way == PaymentWay.InApp && gateways.Find(gateway) is IPayerAccounts accounts && topUp.State is TopUpState.Quoted or TopUpState.AwaitingPayment)
        {
            if (repeated is not null && !await desk.IsNumberOfAsync(topUpId, repeated, cancellation))
            {
                return Confirm(context, gateways, device, topUp, context.Visitor()["Quote_NumberRepeatedWrong"], StatusCodes.Status422UnprocessableEntity, repeatWrong: true);
            }

            device.Remember(context, topUp.Card, gateway);
            return InAppEndpoints.Ask(context, accounts, settings, gateway, id);
        }

        var paid = await desk.PayAsync(topUpId, gateway, way, new Payer(context.Connection.RemoteIpAddress?.ToString()), repeated, new Uri(settings.PublicUrl, $"/top-ups/{id}?back=1"), cancellation);
        if (paid.Value is { } start)
        {
            device.Remember(context, topUp.Card, gateway);
            return Go(start is PaymentStart.Redirect there ? there.Url.AbsoluteUri : $"/top-ups/{id}");
        }

        return Refused(context, gateways, device, topUp, paid.Refusal!.Problem);
    }

    /// <summary>A coupon, a later start, more periods: the page of a new quote, or this one's with the reason why not.</summary>
    private static async Task<IResult> WishAsync(string id, HttpContext context, TopUpDesk desk, PaymentGateways gateways, DeviceNumbers device, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);
        if (!CellId.TryParse(id, out var topUpId) || await desk.GetAsync(topUpId, cancellation) is not { } topUp)
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        var coupon = form["coupon"].ToString();
        var wishes = new QuoteWishes(coupon, form.ContainsKey("pack") ? form["pack"] : form["held"], form["start"]);
        var quoted = await desk.RequoteAsync(topUpId, wishes, cancellation);
        return quoted.Value is { } fresh ? Confirm(context, gateways, device, fresh, null, StatusCodes.Status200OK)
            : quoted.Refusal!.Problem is QuoteProblem.AlreadyPaid or QuoteProblem.QuoteExpired ? Refused(context, gateways, device, topUp, quoted.Refusal.Problem)
            : Confirm(context, gateways, device, topUp, context.Visitor()["Quote_" + quoted.Refusal.Problem, TopUp.MostDaysAhead], StatusCodes.Status422UnprocessableEntity, refusedCoupon: coupon.Length > CouponText.LongestTyped ? "" : coupon);
    }

    /// <summary>The page again, with what was wrong.</summary>
    internal static IResult Refused(HttpContext context, PaymentGateways gateways, DeviceNumbers device, TopUpView topUp, QuoteProblem refused)
    {
        switch (refused)
        {
            case QuoteProblem.AlreadyPaid:
                return Go($"/top-ups/{CellId.ToText(topUp.Id)}");
            case QuoteProblem.QuoteExpired:
                return Confirm(context, gateways, device, topUp, context.Visitor()["Quote_QuoteExpired"], StatusCodes.Status410Gone, over: true);
            case QuoteProblem.GatewayDoesNotAnswer:
                context.Response.Headers.RetryAfter = "10";
                return Confirm(context, gateways, device, topUp, context.Visitor()["Quote_GatewayDoesNotAnswer"], StatusCodes.Status503ServiceUnavailable);
            case var problem:
                return Confirm(context, gateways, device, topUp, context.Visitor()["Quote_" + problem], StatusCodes.Status422UnprocessableEntity, repeatWrong: problem == QuoteProblem.NumberRepeatedWrong);
        }
    }

    /// <summary>303: the browser goes there with GET, whatever it came with.</summary>
    private static SeeOther Go(string address) => new(address);

    private static IResult Confirm(HttpContext context, PaymentGateways gateways, DeviceNumbers device, TopUpView topUp, string? error, int status, bool over = false, bool repeatWrong = false, string? refusedCoupon = null)
    {
        var path = $"/top-ups/{CellId.ToText(topUp.Id)}/confirm";
        var visitor = context.Visitor() with { Path = path };
        context.Response.Headers.ContentLocation = path;
        return StorefrontEndpoints.Page<ConfirmPage>(context, status, new()
        {
            ["V"] = visitor,
            ["Ways"] = PaymentChoices.Of(gateways, topUp, visitor, DeviceNumbers.LastGateway(context.Request)),
            ["T"] = topUp,
            ["KnownHere"] = device.Knows(context.Request, topUp.Card),
            ["Over"] = over,
            ["Error"] = error,
            ["RepeatWrong"] = repeatWrong,
            ["WishRefused"] = refusedCoupon is not null,
            ["Coupon"] = refusedCoupon,
        });
    }
}
