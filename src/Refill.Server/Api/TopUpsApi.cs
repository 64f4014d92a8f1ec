using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Refill.Customers;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Server.Api;

/// <summary>Orders a top-up, and looks at what was ordered.</summary>
internal static class TopUpsApi
{
    public const int MaxKey = 255;
    private const string Json = "application/json";
    private const string Path = "/top-ups";
    private const string IdempotencyKey = "Idempotency-Key";

    /// <summary>As a program sends it; whoever writes the path otherwise comes in by the endpoint.</summary>
    public static bool IsOrder(HttpRequest request) => HttpMethods.IsPost(request.Method) && request.Path.Equals(ApiEndpoints.Prefix + Path, StringComparison.Ordinal);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost(Path, DescribedOrderAsync).Needs(ApiScope.TopUpsWrite).WithName("orderTopUp").WithTags("Top-ups").WithSummary("Order a top-up")
            .WithDescription("Pays from the API key's wallet. For a card of the seller's own network the answer is 201 and the card has it; for another carrier's it is 202, and `Location` says where to look. "
                + "The same key with the same body gets the same answer, byte for byte, for ever; a refusal uses up no key.")
            .Takes<OrderBody>(Json).Produces<TopUpBody>(201).Produces<TopUpBody>(202)
            .WithProblems(
                ApiProblem.NoIdempotencyKey, ApiProblem.NotJson, ApiProblem.NotEnoughMoney, ApiProblem.UnderWay, ApiProblem.TooLong, ApiProblem.NotTaken, ApiProblem.KeyReused,
                ApiProblem.CardRefused, ApiProblem.PlanRefused, ApiProblem.PayWithUnknown, ApiProblem.CarrierSilent, ApiProblem.Busy, ApiProblem.OutOfReach, ApiProblem.Unknown);
        api.MapGet("/top-ups", ListAsync).Needs(ApiScope.TopUpsRead).WithName("listTopUps").WithTags("Top-ups").WithSummary("The wallet's top-ups, the newest first")
            .WithDescription("All that was paid from the wallet, back to where the seller's archive begins. Pages do not shift when new ones come in.").Produces<TopUpPage>().WithProblems(ApiProblem.PageInvalid);
        api.MapGet("/top-ups/{id}", GetAsync).Needs(ApiScope.TopUpsRead).WithName("getTopUp").WithTags("Top-ups").WithSummary("One top-up")
            .WithDescription("As it stands now.").Produces<TopUpBody>().WithProblems(ApiProblem.NotFound, ApiProblem.Archived);
    }

    /// <param name="key">Only described here.</param>
    private static async Task<IResult> DescribedOrderAsync(HttpContext context, WalletOrders orders, [FromHeader(Name = IdempotencyKey)] string? key) => await OrderAsync(context, orders, context.WalletId()) ?? Results.Empty;

    /// <returns>A refusal; null: it was answered.</returns>
    public static async Task<IResult?> OrderAsync(HttpContext context, WalletOrders orders, Guid walletId)
    {
        var keys = context.Request.Headers[IdempotencyKey];
        if (keys.Count != 1 || keys[0] is not { } key || !IsKey(key, MaxKey))
        {
            return ApiProblem.NoIdempotencyKey.Answer(context);
        }

        if (!IsSentAs(context.Request, Json))
        {
            return ApiProblem.NotTaken.Answer(context);
        }

        var (isRead, body, fault) = await ReadAsync(context.Request);
        if (!isRead)
        {
            return ApiProblem.TooLong.Answer(context);
        }

        if (body is null)
        {
            return ApiProblem.NotJson.Answer(context, fault);
        }

        if (body.PayWith != "wallet")
        {
            return ApiProblem.PayWithUnknown.Answer(context);
        }

        var outcome = await orders.OrderAsync(new WalletOrder(walletId, key, HashOf(body.Card, body.Plan), body.Card, body.Plan, AnswersAtOnce: true), Write, CancellationToken.None);
        if (outcome is WalletOrderOutcome.Ordered ordered)
        {
            // By hand: the framework's results for bytes are made for files, with ranges and dates.
            context.Response.Headers.Location = $"{ApiEndpoints.Prefix}{Path}/{CellId.ToText(ordered.TopUpId)}";
            context.Response.StatusCode = StatusOf(ordered);
            context.Response.ContentType = Json;
            context.Response.ContentLength = ordered.Body.Length;
            await context.Response.BodyWriter.WriteAsync(ordered.Body);
            await Waking.GoOnElsewhereAsync();
            return null;
        }

        var (problem, detail, reason) = Refusal(outcome);
        return problem.Answer(context, detail, reason);
    }

    private static async Task<IResult> GetAsync(string id, HttpContext context, WalletOrders orders, ArchivedMonths archived, CancellationToken cancellation)
    {
        if (!CellId.TryParse(id, out var topUpId))
        {
            return ApiProblem.NotFound.Answer(context);
        }

        return await orders.FindAsync(context.WalletId(), topUpId, cancellation) is { } topUp
            ? TypedResults.Json(TopUpBody.Of(topUp), ApiJson.Default.TopUpBody)
            : (await archived.HoldAsync(topUpId, cancellation) ? ApiProblem.Archived : ApiProblem.NotFound).Answer(context);
    }

    private static async Task<IResult> ListAsync(HttpContext context, WalletOrders orders, [FromQuery] string? cursor, [FromQuery] string? limit, CancellationToken cancellation)
    {
        if (!Paging.TryRead(cursor, limit, out var from, out var most))
        {
            return ApiProblem.PageInvalid.Answer(context);
        }

        var (topUps, next) = await orders.ListAsync(context.WalletId(), from, most, cancellation);
        return TypedResults.Json(new TopUpPage([.. topUps.Select(topUp => TopUpBody.Of(topUp))], Paging.Write(next)), ApiJson.Default.TopUpPage);
    }

    /// <summary>The content's type, whatever parameters follow it.</summary>
    public static bool IsSentAs(HttpRequest request, string type) =>
        request.ContentType is { } sent && (sent.Equals(type, StringComparison.OrdinalIgnoreCase) || sent.AsSpan(0, sent.IndexOf(';') is > 0 and var end ? end : sent.Length).Trim().Equals(type, StringComparison.OrdinalIgnoreCase));

    /// <summary>Visible ASCII, so that it is the same in every log and header.</summary>
    public static bool IsKey(string? key, int most) => key is { Length: > 0 } && key.Length <= most && !key.AsSpan().ContainsAnyExceptInRange('!', '~');

    public static int StatusOf(WalletOrderOutcome.Ordered ordered) => ordered.Completed ? StatusCodes.Status201Created : StatusCodes.Status202Accepted;

    public static byte[] Write(WalletReceipt receipt) => JsonSerializer.SerializeToUtf8Bytes(TopUpBody.Of(receipt.TopUp, receipt.WalletBalance), ApiJson.Default.TopUpBody);

    /// <summary>What makes two orders the same: card and plan as sent. Spaces and the order of fields do not.</summary>
    public static ImmutableArray<byte> HashOf(string card, string plan) => ImmutableCollectionsMarshal.AsImmutableArray(SHA256.HashData(Encoding.UTF8.GetBytes($"{card}\n{plan}")));

    public static (ApiProblem Problem, string? Detail, string? Reason) Refusal(WalletOrderOutcome outcome) => outcome switch
    {
        WalletOrderOutcome.KeyReused => (ApiProblem.KeyReused, null, null),
        WalletOrderOutcome.UnderWay => (ApiProblem.UnderWay, null, null),
        WalletOrderOutcome.NotEnoughMoney low => (ApiProblem.NotEnoughMoney, $"the wallet holds {low.Balance.ToDecimalString()} {low.Balance.Currency}, the plan costs {low.Price.ToDecimalString()}", null),
        WalletOrderOutcome.CardRefused { Problem: CardProblem.CarrierDoesNotAnswer } => (ApiProblem.CarrierSilent, null, null),
        WalletOrderOutcome.CardRefused refused => (ApiProblem.CardRefused, refused.Detail, ApiJson.Word(refused.Problem)),
        WalletOrderOutcome.PlanRefused refused => (ApiProblem.PlanRefused, null, ApiJson.Word(refused.Problem)),
        _ => throw new System.Diagnostics.UnreachableException(outcome.GetType().Name),
    };

    /// <returns>Null: it is not what is wanted; <paramref name="fault"/> says where, and quotes nothing of it.</returns>
    public static T? Parse<T>(ReadOnlySpan<byte> bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, out string? fault)
        where T : class
    {
        fault = "it is null";
        try
        {
            var body = JsonSerializer.Deserialize(bytes, type);
            return body is null || Limits.Fault(body) is not { } tooLong ? body : Refuse(tooLong, out fault);
        }
        catch (JsonException wrong)
        {
            fault = $"at {wrong.Path ?? "$"}, line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1}";
            return null;
        }

        static T? Refuse(string reason, out string? fault)
        {
            fault = reason;
            return null;
        }
    }

    /// <summary>The order; without one, what is wrong with the body. It is read where it lies, without a copy, as nearly all are in one piece.</summary>
    private static async ValueTask<(bool IsRead, OrderBody? Body, string? Fault)> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > ApiEndpoints.MaxOrder)
        {
            return default;
        }

        while (true)
        {
            var read = await request.BodyReader.ReadAsync();
            if (read.Buffer.Length > ApiEndpoints.MaxOrder)
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return default;
            }

            if (read.IsCompleted)
            {
                var body = Parse(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray(), ApiJson.Default.OrderBody, out var fault);
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return (true, body, fault);
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The lengths that the bodies' attributes state.</summary>
    private static class Limits
    {
        public static string? Fault(object body) => body switch
        {
            OrderBody order => Fault(order.Card, order.Plan, null),
            BatchLine line => Fault(line.Card, line.Plan, line.Key),
            _ => null,
        };

        private static string? Fault(string card, string plan, string? key) =>
            card.Length > 64 ? "card is longer than 64 characters" : plan.Length > 64 ? "plan is longer than 64 characters" : key is not null && !IsKey(key, MaxKey) ? "key is no idempotency key" : null;
    }
}
