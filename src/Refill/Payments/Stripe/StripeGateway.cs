using System.Net;
using global::Stripe;
using global::Stripe.Checkout;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Stripe;

/// <summary>
/// Stripe Checkout (payments-protocols, 1C): the browser is redirected to Stripe's page, where Apple Pay and Google Pay are offered, too; no card field and no
/// script of Stripe's stands on our pages, and nothing of a card is read, kept or logged. Answers are not signed; they are believed over TLS, as far as they
/// speak of the order that was asked about. What is not understood is unknown, never guessed.
/// </summary>
public sealed class StripeGateway : IPaymentGateway, ISelfTest
{
    /// <summary>How many pages of a hundred refunds of one payment are looked through; we make one.</summary>
    private const int MaxRefundPages = 10;
    private const int PageSize = 100;
    private const long MaxCents = 99_999_999;

    private readonly StripeOptions options;
    private readonly StripeCalls calls;
    private readonly TimeProvider time;

    /// <param name="http">From <see cref="NewClient"/>: follows no redirects, has no time limit of its own, reads no endless answers.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    public StripeGateway(HttpClient http, StripeOptions options, TimeProvider time, ILogger<StripeGateway> log) =>
        (this.options, this.time, calls) = (options, time, new StripeCalls(http, options, log));

    public string Name => "stripe";

    public Currency Currency => Currency.Usd;

    public IReadOnlyList<PaymentWay> Ways { get; } = [PaymentWay.Page];

    public IReadOnlyList<Uri> PayerOrigins => [new(options.CheckoutOrigin.GetLeftPart(UriPartial.Authority))];

    public static HttpClient NewClient() => StripeCalls.NewClient();

    /// <summary>One harmless call; null if the secret key works, else what is wrong, without the key.</summary>
    public async Task<string?> CheckAsync(CancellationToken cancellation)
    {
        var call = await calls.AskAsync(
            "check", null, (stripe, request, stop) => stripe.BalanceTransactions.ListAsync(new BalanceTransactionListOptions { Limit = 1 }, request, stop), cancellation);
        var key = $"Stripe's secret key ({calls.Keys.Mode} mode)";
        return call.Refusal?.Status switch
        {
            HttpStatusCode.Unauthorized => $"{key} is refused: it was revoked, has expired or was copied wrong ({call.Refusal.Words})",
            HttpStatusCode.Forbidden => $"{key} is a restricted one and may not read balance transactions ({call.Refusal.Words})",
            { } => $"Stripe refuses a list of balance transactions: {call.Refusal.Reason}",
            null when call.Silence is { } silence => $"whether {key} works is not known: {silence}",
            null => null,
        };
    }

    public async Task<PaymentStart> StartAsync(PaymentOrder order, CancellationToken cancellation)
    {
        if (order.Way != PaymentWay.Page || order.Amount.Currency != Currency.Usd)
        {
            throw new ArgumentOutOfRangeException(nameof(order), $"{order.Way}, {order.Amount.Currency}", "no such way to pay");
        }

        if (order.Amount.Minor is <= 0 or > MaxCents)
        {
            return new PaymentStart.Rejected("an amount that Stripe does not take");
        }

        // One session an order, ever: a repeat of the same parameters under the same key is answered with the first session (failure case 16).
        var asked = StripeCheckout.Session(order);
        var call = await calls.AskAsync("start", order.OrderNumber, (stripe, request, stop) => stripe.Checkout.Sessions.CreateAsync(asked, request, stop), cancellation);
        return call switch
        {
            { Answer: { } session } => Started(session, order),
            { Refusal: { } refusal } => new PaymentStart.Rejected(refusal.Reason),
            _ => new PaymentStart.Unknown(call.Why),
        };
    }

    /// <summary>A payment is known by its session, or by its payment intent if a saved means was charged (<see cref="StripeSavedMeans"/>).</summary>
    public async Task<PaymentStatus> QueryAsync(PaymentKey payment, CancellationToken cancellation) => payment.StartNumber switch
    {
        null => new PaymentStatus.NotFound(), // Nobody was ever sent to a page.
        { } number when number.StartsWith("pi_", StringComparison.Ordinal) => await QueryIntentAsync(payment, number, cancellation),
        { } number => await QuerySessionAsync(payment, number, cancellation),
    };

    public async Task<PaymentClose> CloseAsync(PaymentKey payment, CancellationToken cancellation)
    {
        if (payment.StartNumber is not { } number || number.StartsWith("pi_", StringComparison.Ordinal))
        {
            // Without a number nobody was sent there, and whoever would be now is stopped by the payment's being closed here. What was charged directly is queried.
            return payment.StartNumber is null ? new PaymentClose.Closed() : AfterClose(await QueryAsync(payment, cancellation));
        }

        // No key of ours: closing twice does no harm, and a stored 500 would be repeated to us for a day.
        var call = await calls.AskAsync(
            "close", null, (stripe, request, stop) => stripe.Checkout.Sessions.ExpireAsync(number, new SessionExpireOptions(), request, stop), cancellation);
        return call switch
        {
            { Answer: { Status: "expired" } session } when StripeCheckout.Foreign(session, payment.OrderNumber, calls.Keys.IsLive) is null => new PaymentClose.Closed(),
            { Answer: not null } => new PaymentClose.Unknown("an answer about another order, or one that is not closed"),

            // Only an open session is expired: it was paid (case 19), or has expired already. A query tells.
            { Refusal.Status: HttpStatusCode.BadRequest } => AfterClose(await QueryAsync(payment, cancellation)),
            _ => new PaymentClose.Unknown(call.Why),
        };
    }

    public async Task<RefundStatus> RefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        if (refund.Payment.GatewayNumber is null)
        {
            return new RefundStatus.Rejected("it is not known what was paid");
        }

        // Failure case 21: the same number refunds once, for the day that Stripe keeps the key; the caller queries before each repeat, which holds for ever.
        var asked = StripeRefunds.Of(refund);
        var call = await calls.AskAsync("refund", refund.RefundNumber, (stripe, request, stop) => stripe.Refunds.CreateAsync(asked, request, stop), cancellation);
        return call switch
        {
            { Answer: { } told } => StripeRefunds.StatusOf(told, refund),

            // All is refunded: perhaps by this very refund, whose first answer was lost more than a day ago.
            { Refusal: { Code: "charge_already_refunded" } refusal } => await QueryRefundAsync(refund, cancellation) is var known and not RefundStatus.NotFound ? known : new RefundStatus.Rejected(refusal.Reason),
            { Refusal: { } refusal } => new RefundStatus.Rejected(refusal.Reason),
            _ => new RefundStatus.Unknown(call.Why),
        };
    }

    public async Task<RefundStatus> QueryRefundAsync(RefundOrder refund, CancellationToken cancellation)
    {
        if (refund.Payment.GatewayNumber is not { } number)
        {
            return new RefundStatus.NotFound();
        }

        string? after = null;
        for (var page = 0; page < MaxRefundPages; page++)
        {
            var list = new RefundListOptions { PaymentIntent = number, Limit = PageSize, StartingAfter = after };
            var call = await calls.AskAsync("refund query", null, (stripe, request, stop) => stripe.Refunds.ListAsync(list, request, stop), cancellation);
            if (call.Answer is not { Data: { } refunds } answer)
            {
                return new RefundStatus.Unknown(call.Why);
            }

            if (refunds.FirstOrDefault(told => StripeRefunds.IsOurs(told, refund)) is { } ours)
            {
                return StripeRefunds.StatusOf(ours, refund);
            }

            if (!answer.HasMore)
            {
                return new RefundStatus.NotFound();
            }

            if (refunds.Count == 0 || refunds[^1].Id == after)
            {
                break;
            }

            after = refunds[^1].Id;
        }

        return new RefundStatus.Unknown("a list of refunds without an end");
    }

    public async ValueTask<PaymentNotification> ReadAsync(RawNotification notification, CancellationToken cancellation)
    {
        var reading = StripeEvents.Read(notification, calls.Keys, time.GetUtcNow());
        if (reading.Known is { } known)
        {
            return known;
        }

        var call = await calls.AskAsync("payment of a refund", null, (stripe, request, stop) => stripe.PaymentIntents.GetAsync(reading.PaymentIntent, null, request, stop), cancellation);
        return call switch
        {
            { Answer: { } intent } when StripeWords.Number(intent.Metadata, StripeWords.OrderNumber) is { } order => new PaymentNotification.AboutRefund(order),
            { Answer: not null } or { Refusal.IsMissing: true } => new PaymentNotification.Ignored("a refund of nothing that we sold"),

            // Refused, it is repeated later.
            _ => new PaymentNotification.Refused($"what it is about could not be asked: {call.Why}"),
        };
    }

    public NotificationReply Reply(bool accepted) => accepted ? new(200, "text/plain", "ok") : new(400, "text/plain", "refused");

    private PaymentStart Started(Session session, PaymentOrder order)
    {
        if (StripeCheckout.Foreign(session, order.OrderNumber, calls.Keys.IsLive) is { } foreign)
        {
            return new PaymentStart.Unknown(foreign);
        }

        if (session.AmountTotal != order.Amount.Minor || session.Currency != StripeWords.Usd)
        {
            return new PaymentStart.Rejected("Stripe's page would ask for another amount than ours");
        }

        if (!StripeWords.IsId(session.Id) || !Uri.TryCreate(session.Url, UriKind.Absolute, out var url))
        {
            return new PaymentStart.Unknown("a session without id or address");
        }

        // The pages' policy lets the browser go there alone.
        return url.GetLeftPart(UriPartial.Authority) == PayerOrigins[0].GetLeftPart(UriPartial.Authority)
            ? new PaymentStart.Redirect(url, session.Id)
            : new PaymentStart.Rejected($"Stripe's page is at {url.GetLeftPart(UriPartial.Authority)}, and set up is {PayerOrigins[0]}");
    }

    private async Task<PaymentStatus> QuerySessionAsync(PaymentKey payment, string number, CancellationToken cancellation)
    {
        var call = await calls.AskAsync(
            "query", null, (stripe, request, stop) => stripe.Checkout.Sessions.GetAsync(number, new SessionGetOptions { Expand = ["payment_intent.latest_charge"] }, request, stop), cancellation);
        return call switch
        {
            { Answer: { } session } when StripeCheckout.Foreign(session, payment.OrderNumber, calls.Keys.IsLive) is { } foreign => new PaymentStatus.Unknown(foreign),
            { Answer: { } session } => StripeCheckout.StatusOf(session),

            // A session that was kept and is not there means another account's key, not an unpaid order.
            _ => new PaymentStatus.Unknown(call.Why),
        };
    }

    private async Task<PaymentStatus> QueryIntentAsync(PaymentKey payment, string number, CancellationToken cancellation)
    {
        var call = await calls.AskAsync(
            "query", null, (stripe, request, stop) => stripe.PaymentIntents.GetAsync(number, new PaymentIntentGetOptions { Expand = ["latest_charge"] }, request, stop), cancellation);
        return call switch
        {
            { Answer: { } intent } when StripeWords.Number(intent.Metadata, StripeWords.OrderNumber) != payment.OrderNumber || intent.Livemode != calls.Keys.IsLive => new PaymentStatus.Unknown("an answer about another order"),
            { Answer: { } intent } => StripeCheckout.StatusOf(intent),
            _ => new PaymentStatus.Unknown(call.Why),
        };
    }

    private static PaymentClose AfterClose(PaymentStatus status) => status switch
    {
        PaymentStatus.Paid or PaymentStatus.WrongCurrency => new PaymentClose.AlreadyPaid(),
        PaymentStatus.Closed => new PaymentClose.Closed(),
        PaymentStatus.Unknown unknown => new PaymentClose.Unknown(unknown.Reason),
        _ => new PaymentClose.Unknown("it is being paid: money that is on its way cannot be stopped"),
    };
}
