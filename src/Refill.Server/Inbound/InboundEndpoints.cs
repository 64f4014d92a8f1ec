using Refill.Carriers;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Server.Inbound;

/// <summary>
/// Where gateways and carriers notify us. The raw body goes to the adapter untouched; what it says is held against the database before it counts.
/// A failure of ours is answered with 5xx, so that they repeat it.
/// </summary>
internal static class InboundEndpoints
{
    /// <summary>The longest notification that is read, in bytes; longer ones get 413.</summary>
    public const int MaxBody = 64 * 1024;

    /// <summary>Gateways wait five seconds for an answer, some less patiently than they say. Who is not answered by then is told to come again; what was begun goes on, and the repeat finds it done.</summary>
    private static readonly TimeSpan ReplyWithin = TimeSpan.FromSeconds(4);

    public static void MapInbound(this IEndpointRouteBuilder routes)
    {
        var inbound = routes.MapGroup("/inbound");
        inbound.MapPost("/payments/{gateway}", PaymentAsync);
        inbound.MapPost("/carriers/{connector}", CarrierAsync);
    }

    private static async Task<IResult> PaymentAsync(string gateway, HttpRequest request, NotificationDesk desk, ILogger<NotificationDesk> log, CancellationToken cancellation)
    {
        if (await ReadBodyAsync(request, cancellation) is not { } body)
        {
            return TypedResults.StatusCode(StatusCodes.Status413PayloadTooLarge);
        }

        var raw = new RawNotification(request.Method, request.Path, request.ContentType ?? "", Headers(request), body);
        return await InTimeAsync(
            async () => await desk.NotifyAsync(gateway, raw, cancellation) is { } reply
                ? TypedResults.Text(reply.Body, reply.ContentType, System.Text.Encoding.UTF8, reply.StatusCode)
                : TypedResults.NotFound(),
            log);
    }

    private static async Task<IResult> CarrierAsync(string connector, HttpRequest request, NotificationDesk desk, ILogger<NotificationDesk> log, CancellationToken cancellation)
    {
        if (await ReadBodyAsync(request, cancellation) is not { } body)
        {
            return TypedResults.StatusCode(StatusCodes.Status413PayloadTooLarge);
        }

        var raw = new RawWebhook(request.Path, Headers(request), body);
        return await InTimeAsync(
            async () => await desk.NotifyDeliveryAsync(connector, raw, cancellation) switch
            {
                CarrierNotification.Genuine => TypedResults.Ok(),
                CarrierNotification.Refused => TypedResults.BadRequest(),
                _ => TypedResults.NotFound(),
            },
            log);
    }

    /// <summary>503 when the database is away, does not say what became of a commit, or takes too long: then they repeat it.</summary>
    private static async Task<IResult> InTimeAsync(Func<Task<IResult>> answer, ILogger log)
    {
        try
        {
            return await answer().WaitAsync(ReplyWithin);
        }
        catch (Exception failure) when (failure is CommitterBusyException or CommitUnknownException or TimeoutException || Database.IsOutOfReach(failure))
        {
            log.LogWarning("a notification could not be taken and will be repeated: {Type}: {Error}", failure.GetType().Name, failure.Message);
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static Dictionary<string, string> Headers(HttpRequest request) =>
        request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    /// <summary>The body as it came, or null if it is longer than <see cref="MaxBody"/>.</summary>
    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBody)
        {
            return null;
        }

        var buffer = new byte[MaxBody + 1];
        try
        {
            var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
            return length > MaxBody ? null : buffer[..length];
        }
        catch (BadHttpRequestException tooLong) when (tooLong.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null; // Its length was not announced, and the server's own limit was reached first.
        }
    }
}
