using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Refill.Sandbox.Books;
using Refill.Sandbox.Reloadly;

namespace Refill.Sandbox.Stripe;

/// <summary>/control for Stripe: what a test or a demonstrator may look at, and what payers, banks and time do.</summary>
internal static class StripeControl
{
    private const int MostRows = 10_000;

    internal static void MapStripeControl(this IEndpointRouteBuilder app)
    {
        var control = app.MapGroup("/control");
        control.MapGet("/books/stripe/sessions", Sessions);
        control.MapGet("/books/stripe/charges", Charges);
        control.MapPost("/stripe/pay", PayAsync);
        control.MapPost("/stripe/advance", AdvanceAsync);
        control.MapPost("/stripe/payout", PayoutAsync);
        control.MapPost("/stripe/refund", RefundAsync);
        control.MapPost("/stripe/resend", ResendAsync);
    }

    private static JsonHttpResult<object> Sessions(string? order, SandboxBooks books, StripeBooksOptions options, TimeProvider time) => Enter(books, options, time, turn => TypedResults.Json<object>(
        Newest<CheckoutSession>(turn).Where(session => order is null || session.ClientReferenceId == order).Select(session => new
        {
            session = session.Id,
            order = session.ClientReferenceId,
            mode = session.Mode,
            status = session.Status,
            paymentStatus = session.PaymentStatus,
            amount = session.AmountTotal,
            currency = session.Currency,
            paymentIntent = session.PaymentIntent,
            setupIntent = session.SetupIntent,
            customer = session.Customer,
            refunds = session.PaymentIntent is { } intent ? RefundsOf(turn, intent) : [],
        }).ToList()));

    /// <summary>Money really taken, once for each time: of sessions and of what was charged while nobody was there.</summary>
    private static JsonHttpResult<object> Charges(string? order, SandboxBooks books, StripeBooksOptions options, TimeProvider time) => Enter(books, options, time, turn => TypedResults.Json<object>(
        Newest<Charge>(turn).Where(charge => charge.Paid).Select(charge => new
        {
            charge = charge.Id,
            order = StripeNames.About(turn.Entry, charge),
            paymentIntent = charge.PaymentIntent,
            amount = charge.Amount,
            currency = charge.Currency,
            refunded = charge.AmountRefunded,
            refunds = RefundsOf(turn, charge.PaymentIntent),
        }).Where(charge => order is null || charge.order == order).ToList()));

    /// <summary>A payer pays an open session, by its id or its order: with a card that pays, unless another one is named. Asked by the bank, the payer says yes.</summary>
    private static Task<JsonHttpResult<object>> PayAsync(HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time) =>
        DoAsync(context, books, options, courier, time, (turn, asked) =>
        {
            if (StripeCard.OfChoice(ReloadlyWords.Text(asked, "card") ?? "pays") is not { } card)
            {
                return Refused(StatusCodes.Status400BadRequest, $"card must be one of {string.Join(", ", StripeCard.All.Select(each => each.Choice))}");
            }

            if (FindSession(turn, asked) is not { } session)
            {
                return Refused(StatusCodes.Status404NotFound, """there is no such session; the body must be {"session": "cs_…"} or {"order": "…"}""");
            }

            if (session.Status != SessionStatus.Open)
            {
                return Refused(StatusCodes.Status409Conflict, $"the session is {session.Status}");
            }

            if (StripePayer.Press(turn, session, card) is { } intent)
            {
                StripePayer.Answer(turn, intent, approved: true);
            }

            var after = StripeShelf.Get<CheckoutSession>(turn.Entry, session.Id);
            return TypedResults.Json<object>(new { session = after.Id, status = after.Status, paymentStatus = after.PaymentStatus, paymentIntent = after.PaymentIntent, setupIntent = after.SetupIntent });
        });

    /// <summary>Does what time has decided; with a session or an order, that session's time is over at once.</summary>
    private static Task<JsonHttpResult<object>> AdvanceAsync(HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time) =>
        DoAsync(context, books, options, courier, time, (turn, asked) =>
        {
            var named = FindSession(turn, asked);
            if (named is null && (ReloadlyWords.Text(asked, "session") ?? ReloadlyWords.Text(asked, "order")) is not null)
            {
                return Refused(StatusCodes.Status404NotFound, "there is no such session");
            }

            if (named is not null && named.Status != SessionStatus.Open)
            {
                return Refused(StatusCodes.Status409Conflict, $"the session is {named.Status}");
            }

            return TypedResults.Json<object>(new { expired = named is null ? null : StripeSessions.Expire(turn, named).Id });
        });

    private static Task<JsonHttpResult<object>> PayoutAsync(HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time) =>
        DoAsync(context, books, options, courier, time, (turn, _) => StripePayouts.Make(turn, before: long.MaxValue) is { } payout
            ? TypedResults.Json<object>(new { payout = payout.Id, amount = payout.Amount, currency = payout.Currency })
            : Refused(StatusCodes.Status409Conflict, "there is nothing to pay out"));

    /// <summary>Makes a refund succeed, or fail, also one that has succeeded long ago.</summary>
    private static Task<JsonHttpResult<object>> RefundAsync(HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time) =>
        DoAsync(context, books, options, courier, time, (turn, asked) => (StripeShelf.Find<Refund>(turn.Entry, ReloadlyWords.Text(asked, "refund")), ReloadlyWords.Text(asked, "status")) switch
        {
            (null, _) => Refused(StatusCodes.Status404NotFound, """there is no such refund; the body must be {"refund": "re_…", "status": "failed"}"""),
            ({ Status: RefundStatus.Pending } refund, RefundStatus.Succeeded) => TypedResults.Json<object>(new { refund = refund.Id, status = StripeRefunds.Settle(turn, refund).Status }),
            ({ Status: not RefundStatus.Failed } refund, RefundStatus.Failed) => TypedResults.Json<object>(new { refund = refund.Id, status = StripeRefunds.Fail(turn, refund).Status }),
            (_, not (RefundStatus.Succeeded or RefundStatus.Failed)) => Refused(StatusCodes.Status400BadRequest, "status must be succeeded or failed"),
            ({ } refund, _) => Refused(StatusCodes.Status409Conflict, $"the refund is {refund.Status}"),
        });

    /// <summary>Sends an event once more, by its id.</summary>
    private static Task<JsonHttpResult<object>> ResendAsync(HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time) =>
        DoAsync(context, books, options, courier, time, (turn, asked) =>
        {
            if (StripeShelf.Find<StripeEvent>(turn.Entry, ReloadlyWords.Text(asked, "event")) is not { } told)
            {
                return Refused(StatusCodes.Status404NotFound, """there is no such event; the body must be {"event": "evt_…"}""");
            }

            StripeEvents.Send(turn, told);
            return TypedResults.Json<object>(new { @event = told.Id });
        });

    private static async Task<JsonHttpResult<object>> DoAsync(
        HttpContext context, SandboxBooks books, StripeBooksOptions options, Courier courier, TimeProvider time, Func<StripeTurn, JsonElement, JsonHttpResult<object>> work)
    {
        var asked = await ReloadlyWords.ReadAsync(context);
        var result = Enter(books, options, time, turn => work(turn, asked));
        courier.Ring();
        return result;
    }

    private static T Enter<T>(SandboxBooks books, StripeBooksOptions options, TimeProvider time, Func<StripeTurn, T> work) => books.Enter(entry =>
    {
        var turn = StripeTurn.OfTime(entry, time.GetUtcNow(), options);
        StripeTime.Settle(turn);
        return work(turn);
    });

    /// <summary>By its id, or the newest of an order.</summary>
    private static CheckoutSession? FindSession(StripeTurn turn, JsonElement asked) =>
        ReloadlyWords.Text(asked, "session") is { } id ? StripeShelf.Find<CheckoutSession>(turn.Entry, id)
        : ReloadlyWords.Text(asked, "order") is { } order ? StripeShelf.List<CheckoutSession>(turn.Entry, Everything(1) with { Member = "client_reference_id", Value = order }).Rows.FirstOrDefault()
        : null;

    private static List<T> Newest<T>(StripeTurn turn) where T : StripeObject => StripeShelf.List<T>(turn.Entry, Everything(MostRows)).Rows;

    private static StripeListAsk Everything(int limit) => new(limit, StartingAfter: null, From: 0, Until: long.MaxValue);

    private static List<object> RefundsOf(StripeTurn turn, string intent) => StripeShelf.Of<Refund>(turn.Entry, intent)
        .ConvertAll(refund => (object)new { refund = refund.Id, amount = refund.Amount, status = refund.Status, metadata = refund.Metadata });

    private static JsonHttpResult<object> Refused(int status, string error) => TypedResults.Json<object>(new { error }, statusCode: status);
}
