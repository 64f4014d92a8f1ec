using System.Globalization;
using Refill.Payments;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Storefront;

/// <summary>How a top-up stands: a page that refreshes itself without script, and waits on one long request with it.</summary>
internal static class StatusEndpoints
{
    /// <summary>The longest that a waiting page is kept waiting.</summary>
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(25);

    /// <summary>How long a page waits for the gateway's word when the browser comes back; the outbox asks on.</summary>
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(3);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/top-ups/{id}", ShowAsync);
        routes.MapGet("/top-ups/{id}/state", StateAsync);
        routes.MapPost("/top-ups/{id}/check", CheckAsync);
        routes.MapPost("/top-ups/{id}/cancel", CancelAsync);
    }

    private static async Task<IResult> ShowAsync(string id, string? back, HttpContext context, TopUpDesk desk, PaymentGateways gateways, TimeProvider time, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        if (back is not null)
        {
            // Coming back proves nothing (failure case 4), but it is a reason to ask.
            await CheckNowAsync(desk, topUpId, cancellation);
        }

        return await desk.GetAsync(topUpId, cancellation) is { } topUp
            ? StorefrontEndpoints.Page<StatusPage>(context, StatusCodes.Status200OK, new() { ["V"] = context.Visitor() with { Path = $"/top-ups/{id}" }, ["T"] = topUp, ["Transfer"] = TransferOf(topUp, gateways), ["Waits"] = topUp.IsWaitingForStart(time.GetUtcNow()) })
            : await StorefrontEndpoints.MissingAsync(context, topUpId, cancellation);
    }

    /// <summary>What a transfer that is waited for must carry; null: none is.</summary>
    private static PaymentStart.ShowTransfer? TransferOf(TopUpView topUp, PaymentGateways gateways) =>
        topUp is { State: TopUpState.AwaitingPayment, Chosen: { Way: PaymentWay.Transfer } payment } && gateways.Find(payment.Gateway) is ITransferInstructions bank ? bank.InstructionsFor(payment.Id.ToString("N")) : null;

    private static async Task<IResult> StateAsync(string id, string? seen, TopUpDesk desk, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId) || !long.TryParse(seen, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return TypedResults.NotFound();
        }

        return await desk.WaitAsync(topUpId, version, LongPoll, cancellation) is { } topUp
            ? TypedResults.Text($"{{\"version\":{topUp.Version}}}", "application/json")
            : TypedResults.NotFound();
    }

    private static async Task<IResult> CheckAsync(string id, HttpContext context, TopUpDesk desk, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        await CheckNowAsync(desk, topUpId, cancellation);
        return new SeeOther($"/top-ups/{id}");
    }

    private static async Task<IResult> CancelAsync(string id, HttpContext context, TopUpDesk desk, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId))
        {
            return StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);
        }

        await desk.CancelAsync(topUpId, cancellation); // Too late is no error: the page shows how it stands.
        return new SeeOther($"/top-ups/{id}");
    }

    private static async Task CheckNowAsync(TopUpDesk desk, Guid topUpId, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(CheckPatience);
        try
        {
            await desk.CheckPaymentAsync(topUpId, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The page is shown as things stand; the payment is looked at in the background anyway.
        }
    }
}
