using System.Text.Json.Nodes;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Stripe;

/// <summary>An endpoint of the API.</summary>
/// <param name="Point">Where its faults are set; "gateway" alone if it has none of its own.</param>
/// <param name="OfLines">It shows a list of the account's lines, which can have lines too many or too few.</param>
internal sealed record StripeRoute(string Point, Func<StripeForm, StripeWork> Read, bool OfLines = false);

/// <summary>
/// The way of every call: key, version, parameters, idempotency, fault, work, answer. What a call does and what is stored under its key are one commit; a fault spoils
/// the answer after it.
/// </summary>
internal sealed class StripeGate(StripeBooksOptions options, SandboxBooks books, FaultBook faults, StripeKeys keys, Courier courier, TimeProvider time)
{
    internal const string Gateway = "gateway";

    private static readonly FaultKind[] OfPosts = [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Reject, FaultKind.Error500, FaultKind.Conflict409];
    private static readonly FaultKind[] OfGets = [FaultKind.Slow, FaultKind.LostAnswer, FaultKind.Reject, FaultKind.Error500, FaultKind.Never, FaultKind.WrongAmount, FaultKind.WrongCurrency];
    private static readonly FaultKind[] OfLines = [.. OfGets, FaultKind.MissingRow, FaultKind.ExtraRow];

    /// <summary>A call that is on its way.</summary>
    private sealed record Call(HttpContext Context, StripeRoute Route, StripeForm Form, string RequestId, string? Key)
    {
        internal bool Changes => HttpMethods.IsPost(Context.Request.Method);

        internal string Path => Context.Request.Path.Value!;
    }

    internal async Task HandleAsync(HttpContext context, StripeRoute route)
    {
        var requestId = StripeKinds.NewText("req_");
        context.Response.Headers["Request-Id"] = requestId;
        context.Response.Headers["Stripe-Version"] = StripeEvents.ApiVersion;
        if (Objection(context.Request) is { } objection)
        {
            await WriteAsync(context, StripeAnswer.Refused(objection));
            return;
        }

        var form = await StripeForm.ReadAsync(context.Request, context.RequestAborted);
        var work = route.Read(form);
        var key = HttpMethods.IsPost(context.Request.Method) ? context.Request.Headers["Idempotency-Key"].ToString() is { Length: > 0 } given ? given : null : null;
        if (form.Objection is { } wrong)
        {
            // Found before anything has begun: nothing is stored.
            await WriteAsync(context, StripeAnswer.Refused(wrong));
        }
        else if (key is { Length: > StripeKeys.LongestKey })
        {
            await WriteAsync(context, StripeAnswer.Refused(StripeRefusal.State($"Idempotency keys must be at most {StripeKeys.LongestKey} characters long.")));
        }
        else if (key is not null && !keys.Enter(key, requestId))
        {
            context.Response.Headers["Idempotency-Key"] = key;
            context.Response.Headers["Stripe-Should-Retry"] = "true";
            await WriteAsync(context, StripeAnswer.Refused(StripeRefusal.KeyInUse(key)));
        }
        else
        {
            try
            {
                await AnswerAsync(new Call(context, route, form, requestId, key), work);
            }
            finally
            {
                if (key is not null)
                {
                    keys.Leave(key, requestId);
                }
            }
        }
    }

    /// <summary>Anything under /v1 that there is not.</summary>
    internal static Task NothingHereAsync(HttpContext context) => WriteAsync(context, StripeAnswer.Refused(new StripeRefusal(
        StatusCodes.Status404NotFound, "invalid_request_error", null, $"Unrecognized request URL ({context.Request.Method}: {context.Request.Path}).")));

    private StripeRefusal? Objection(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        return !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? StripeRefusal.NoKey
            : authorization[Scheme.Length..] != options.SecretKey ? StripeRefusal.WrongKey(authorization[Scheme.Length..])
            : request.Headers["Stripe-Version"].ToString() is { Length: > 0 } version && version != StripeEvents.ApiVersion ? StripeRefusal.WrongVersion(version)
            : null;
    }

    private async Task AnswerAsync(Call call, StripeWork work)
    {
        var stored = call.Key is { } key ? books.Enter(entry =>
        {
            StripeKeys.Prune(entry, time.GetUtcNow());
            return StripeKeys.Find(entry, key);
        })
        : null;
        var fault = TakeFault(call, replaying: stored is not null);
        var answer = fault switch
        {
            { Kind: FaultKind.Conflict409 } => StripeAnswer.Refused(StripeRefusal.KeyInUse(call.Key ?? "none")),
            { Kind: FaultKind.Error500, Point: Gateway } => StripeAnswer.Refused(StripeRefusal.Broken),
            { Kind: FaultKind.Reject, Point: Gateway } => StripeAnswer.Refused(StripeRefusal.ExpiredKey),
            _ when stored is not null => Replay(call, stored),
            _ => Do(call, work, fault),
        };
        courier.Ring();
        if (fault?.Kind == FaultKind.LostAnswer && call.Key is not null)
        {
            // Whoever has lost the connection may be back before this request has ended.
            keys.Leave(call.Key, call.RequestId);
        }

        if (await Spoiling.WaitOrAbortAsync(call.Context, fault, time))
        {
            if (call.Key is not null)
            {
                call.Context.Response.Headers["Idempotency-Key"] = call.Key;
            }

            await WriteAsync(call.Context, fault is null ? answer : answer with { Body = StripeSpoiling.Spoil(answer.Body, fault) });
        }
    }

    /// <summary>A fault at the point itself comes before one at the gateway, and strikes only what is really executed.</summary>
    private Fault? TakeFault(Call call, bool replaying)
    {
        var names = books.Enter(entry => StripeNames.Of(entry, call.Form.Values.Concat(call.Context.Request.RouteValues.Values.OfType<string>())));
        FaultKind[] kinds = call switch
        {
            { Changes: true, Route.Point: "intent" or "refund" } => [.. OfPosts, FaultKind.Pending],
            { Changes: true } => OfPosts,
            { Route.OfLines: true } => OfLines,
            { Route.Point: "session" } => [.. OfGets, FaultKind.Pending],
            _ => OfGets,
        };
        return (replaying || call.Route.Point == Gateway ? null : faults.TakeOfAny("stripe", call.Route.Point, names, kinds)) ?? faults.TakeOfAny("stripe", Gateway, names, OfPosts);
    }

    private static StripeAnswer Replay(Call call, StoredAnswer stored)
    {
        if (stored.Path != call.Path)
        {
            return StripeAnswer.Refused(StripeRefusal.KeyUsedElsewhere(call.Key!, call.Path, stored.Path));
        }

        if (stored.Fingerprint != call.Form.Fingerprint())
        {
            return StripeAnswer.Refused(StripeRefusal.KeyUsedOtherwise(call.Key!));
        }

        call.Context.Response.Headers["Idempotent-Replayed"] = "true";
        call.Context.Response.Headers["Original-Request"] = stored.RequestId;
        AdviseAgainstRetry(call, stored.Status);
        return new StripeAnswer(stored.Status, JsonNode.Parse(stored.Body)!.AsObject());
    }

    private StripeAnswer Do(Call call, StripeWork work, Fault? fault) => books.Enter(entry =>
    {
        var now = time.GetUtcNow();
        StripeTime.Settle(StripeTurn.OfTime(entry, now, options));
        var request = call.Context.Request;
        var turn = new StripeTurn(entry, now, options, $"{request.Scheme}://{request.Host}", new EventRequest(call.RequestId, call.Key), fault);
        var answer = Instead(call, fault) ?? work(turn);
        StripeExpansion.Expand(entry, answer.Body, call.Form.Expansions);
        if (call.Key is { } key && answer.Executed)
        {
            StripeKeys.Store(entry, key, new StoredAnswer(call.Path, call.Form.Fingerprint(), answer.Status, answer.Body.ToJsonString(), call.RequestId), now);
            AdviseAgainstRetry(call, answer.Status);
        }

        return answer;
    });

    /// <summary>What is answered instead of doing anything. Execution has begun: under a key it is stored.</summary>
    private static StripeAnswer? Instead(Call call, Fault? fault) => fault?.Kind switch
    {
        FaultKind.Error500 => StripeAnswer.Refused(StripeRefusal.Broken),
        FaultKind.Reject when !call.Changes => StripeAnswer.Refused(StripeRefusal.NoPermission),
        FaultKind.Reject when fault.Point == "session" => StripeAnswer.Refused(StripeRefusal.State("Your account cannot currently make live charges.")),
        FaultKind.Reject when fault.Point == "refund" => StripeAnswer.Refused(StripeRefusal.State("Insufficient funds in your Stripe balance to refund this amount.", "balance_insufficient")),
        FaultKind.Never when call.Context.Request.RouteValues.Values.OfType<string>().FirstOrDefault() is { } id => StripeAnswer.Refused(StripeRefusal.Missing("object", id)),
        FaultKind.Never => StripeAnswer.Of(new StripePage<StripeEvent>([], HasMore: false), call.Path),
        _ => null,
    };

    /// <summary>A 500 that is stored would only be replayed: Stripe tells its libraries so.</summary>
    private static void AdviseAgainstRetry(Call call, int status)
    {
        if (status >= StatusCodes.Status500InternalServerError)
        {
            call.Context.Response.Headers["Stripe-Should-Retry"] = "false";
        }
    }

    private static async Task WriteAsync(HttpContext context, StripeAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        await context.Response.WriteAsync(answer.Body.ToJsonString(), context.RequestAborted);
    }
}
