using System.Collections.Immutable;

namespace Refill.Server.Api;

/// <summary>
/// A refusal of the API as RFC 9457 has it. The set is closed and its codes are stable: `type` is "/problems/CODE", which may be opened and read.
/// </summary>
/// <param name="Retry">Seconds after which the same request may succeed; null: only another request will.</param>
internal sealed record ApiProblem(string Code, int Status, string Title, string Meaning, int? Retry = null)
{
    public const string TypePrefix = "/problems/";

    public static readonly ApiProblem NoKey = new("no-api-key", 401, "An API key is needed", "Send `Authorization: Bearer rfk_…`. The key is missing, misspelt, unknown or revoked.");
    public static readonly ApiProblem NoScope = new("scope-missing", 403, "The API key may not do this", "The key lacks the scope that `detail` names; ask the seller for a key that has it.");
    public static readonly ApiProblem NoIdempotencyKey = new("idempotency-key-invalid", 400, "An Idempotency-Key is needed", "Send an `Idempotency-Key` header of 1 to 255 visible ASCII characters (in a batch: 1 to 200), a new one for each new order.");
    public static readonly ApiProblem NotJson = new("body-invalid", 400, "The body cannot be read", "The body is not JSON, lacks a field, has one too many or one that is too long; `detail` says which.");
    public static readonly ApiProblem NotTaken = new("media-type-unsupported", 415, "The body is not of the type that is taken", "Orders are `application/json`, batches `application/x-ndjson`.");
    public static readonly ApiProblem TooLong = new("body-too-large", 413, "The body is too large", "An order has at most 16 KiB, a batch at most 10,000 lines of 4 KiB.");
    public static readonly ApiProblem KeyReused = new("idempotency-key-reused", 422, "The Idempotency-Key was used for another order", "This key stands for another body. A key is used for one order for ever; take a new one.");
    public static readonly ApiProblem UnderWay = new("order-under-way", 409, "The order is still being worked on", "A request with this key has not been answered yet. Send it again: it will get the same answer.", Retry: 1);
    public static readonly ApiProblem NotEnoughMoney = new("wallet-balance-too-low", 402, "The wallet holds too little", "Nothing was ordered and the key is not used up. Fund the wallet and send it again.");
    public static readonly ApiProblem CardRefused = new("card-refused", 422, "The card cannot be topped up", "`reason` says why: what was sent is no US number or ICCID, no carrier knows the card, or its carrier does not take top-ups for it.");
    public static readonly ApiProblem CarrierSilent = new("carrier-unavailable", 503, "The carrier does not answer", "Whether the card can be topped up could not be asked. Nothing was ordered.", Retry: 10);
    public static readonly ApiProblem PlanRefused = new("plan-refused", 422, "The plan cannot be ordered", "`reason` says why: there is no such plan, it is no longer sold, or it is not for cards of this carrier.");
    public static readonly ApiProblem PayWithUnknown = new("payment-method-unsupported", 422, "Only a wallet can pay here", "`payWith` is \"wallet\".");
    public static readonly ApiProblem NotFound = new("not-found", 404, "There is no such thing", "There is none of this id, or it is not this wallet's.");
    public static readonly ApiProblem Archived = new("archived", 410, "It has moved to the seller's archive", "What is as old as this id is no longer kept here. The seller can look it up.");
    public static readonly ApiProblem PageInvalid = new("page-invalid", 400, "The page cannot be had", "`limit` is 1 to 100; `cursor` is the `next` of an earlier page, as it was.");
    public static readonly ApiProblem Busy = new("busy", 503, "Too many orders at once", "The queue is full; nothing was ordered. Send it again with the same key.", Retry: 1);
    public static readonly ApiProblem OutOfReach = new("database-unavailable", 503, "We cannot take orders for a moment", "The database does not answer, as while another server takes over; this request changed nothing. Send it again with the same key.", Retry: 2);
    public static readonly ApiProblem Unknown = new("outcome-unknown", 503, "It is not known whether the order was made", "The database did not say. Send it again with the same key: it is made once, and answered.", Retry: 5);
    public static readonly ApiProblem Failed = new("failed", 500, "Something went wrong with us", "Send it again with the same key: it is made once.", Retry: 5);

    public static readonly ImmutableArray<ApiProblem> All =
    [
        NoKey, NoScope, NoIdempotencyKey, NotJson, NotTaken, TooLong, KeyReused, UnderWay, NotEnoughMoney, CardRefused, CarrierSilent, PlanRefused, PayWithUnknown, NotFound, Archived, PageInvalid, Busy, OutOfReach, Unknown, Failed,
    ];

    /// <param name="reason">A stable word, for programs.</param>
    public ProblemBody Body(string? detail = null, string? reason = null) => new(TypePrefix + Code, Title, Status, detail, reason);

    public IResult Answer(HttpContext context, string? detail = null, string? reason = null)
    {
        if (Retry is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return TypedResults.Json(Body(detail, reason), ApiJson.Default.ProblemBody, "application/problem+json", Status);
    }
}
