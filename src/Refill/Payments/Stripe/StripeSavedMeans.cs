using System.Net;
using global::Stripe;
using global::Stripe.Checkout;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Stripe;

/// <summary>
/// Cards kept at Stripe for renewals (payments-protocols, 1C): saved on Stripe's page (Checkout in setup mode), charged off session. A bank that wants to see its
/// customer answers 402 authentication_required: the payer is brought back. A charge is known by its payment intent, which <see cref="StripeGateway"/> queries and refunds.
/// </summary>
public sealed class StripeSavedMeans : ISavedMeans
{
    private const int PageSize = 100;
    private const int MaxPages = 10;

    /// <summary>Stripe keeps an idempotency key for a day or longer; a charge that is older is looked for before it is made.</summary>
    private static readonly TimeSpan KeyLives = TimeSpan.FromHours(23);

    private readonly StripeOptions options;
    private readonly StripeCalls calls;
    private readonly TimeProvider time;

    /// <param name="http">From <see cref="StripeGateway.NewClient"/>.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    public StripeSavedMeans(HttpClient http, StripeOptions options, TimeProvider time, ILogger<StripeSavedMeans> log) =>
        (this.options, this.time, calls) = (options, time, new StripeCalls(http, options, log));

    public string Name => "stripe";

    public async Task<SavingStart> StartSavingAsync(SavingOrder order, CancellationToken cancellation)
    {
        // A customer of their own for each saving, of whom we tell nothing but our reference.
        var known = new CustomerCreateOptions { Metadata = Reference(order.Reference) };
        var customer = await calls.AskAsync("customer", order.Reference + "C", (stripe, request, stop) => stripe.Customers.CreateAsync(known, request, stop), cancellation);
        if (customer.Answer is not { } holder || !StripeWords.IsId(holder.Id))
        {
            return customer.Refusal is { } refused ? new SavingStart.Rejected(refused.Reason) : new SavingStart.Unknown(customer.Why);
        }

        var asked = Session(order, holder.Id);
        var session = await calls.AskAsync("saving", order.Reference + "S", (stripe, request, stop) => stripe.Checkout.Sessions.CreateAsync(asked, request, stop), cancellation);
        return session switch
        {
            { Answer: { } told } when told.ClientReferenceId != order.Reference || told.Livemode != calls.Keys.IsLive => new SavingStart.Unknown("an answer about another saving"),
            { Answer: { } told } when StripeWords.IsId(told.Id) && Uri.TryCreate(told.Url, UriKind.Absolute, out var url) =>
                url.GetLeftPart(UriPartial.Authority) == options.CheckoutOrigin.GetLeftPart(UriPartial.Authority)
                    ? new SavingStart.Redirect(url, told.Id)
                    : new SavingStart.Rejected($"Stripe's page is at {url.GetLeftPart(UriPartial.Authority)}, and set up is {options.CheckoutOrigin}"),
            { Answer: not null } => new SavingStart.Unknown("a session without id or address"),
            { Refusal: { } refusal } => new SavingStart.Rejected(refusal.Reason),
            _ => new SavingStart.Unknown(session.Why),
        };
    }

    public async Task<SavedMeans?> FinishAsync(string startNumber, CancellationToken cancellation)
    {
        if (!StripeWords.IsId(startNumber))
        {
            return null;
        }

        var call = await calls.AskAsync(
            "saving query", null, (stripe, request, stop) => stripe.Checkout.Sessions.GetAsync(startNumber, new SessionGetOptions { Expand = ["setup_intent"] }, request, stop), cancellation);
        return call.Answer is { Mode: "setup", Status: "complete", SetupIntent: { Status: "succeeded", Usage: "off_session" } saved } session
            && session.Livemode == calls.Keys.IsLive && StripeWords.IsId(saved.PaymentMethodId) && StripeWords.IsId(session.CustomerId)
                ? new SavedMeans(saved.PaymentMethodId, session.CustomerId)
                : null;
    }

    public async Task<ChargeOutcome> ChargeAsync(SavedMeans means, PaymentOrder order, CancellationToken cancellation)
    {
        if (order.Amount.Currency != Currency.Usd || means.Holder is null)
        {
            throw new ArgumentOutOfRangeException(nameof(order), $"{order.Amount.Currency}, holder {(means.Holder is null ? "missing" : "known")}", "no charge that Stripe takes");
        }

        if (time.GetUtcNow() - order.CreatedAt > KeyLives && await EarlierAsync(means.Holder, order, cancellation) is { } earlier)
        {
            return earlier;
        }

        var asked = Charge(means, order);
        var call = await calls.AskAsync("charge", order.OrderNumber, (stripe, request, stop) => stripe.PaymentIntents.CreateAsync(asked, request, stop), cancellation);
        return call switch
        {
            // A repeat is answered as the first call was; how it stands now is asked.
            { Answer: { Status: "processing" } told } => await NowAsync(told, order, cancellation),
            { Answer: { } told } => Outcome(told, order),
            { Refusal: { Status: HttpStatusCode.PaymentRequired } refusal } => Declined(refusal),

            // An earlier try, whose answer was lost, may have charged: these say nothing of it.
            { Refusal: { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } or { Type: "idempotency_error" } } => new ChargeOutcome.Unknown(call.Why),
            { Refusal: { } refusal } => new ChargeOutcome.Rejected(refusal.Reason),
            _ => new ChargeOutcome.Unknown(call.Why),
        };
    }

    public async Task<bool> ForgetAsync(SavedMeans means, CancellationToken cancellation)
    {
        // No key of ours: taking it off twice does no harm, and a stored 500 would be repeated to us for a day.
        var call = await calls.AskAsync("forget", null, (stripe, request, stop) => stripe.PaymentMethods.DetachAsync(means.Number, new PaymentMethodDetachOptions(), request, stop), cancellation);
        if (call.Answer is { } told)
        {
            return told.Id == means.Number && told.CustomerId is null;
        }

        if (call.Refusal is not { Status: HttpStatusCode.BadRequest or HttpStatusCode.NotFound } refusal)
        {
            return false;
        }

        if (refusal.IsMissing)
        {
            return true;
        }

        // Refused: it was taken off already, perhaps by the payer's bank or by hand.
        var now = await calls.AskAsync("saved means", null, (stripe, request, stop) => stripe.PaymentMethods.GetAsync(means.Number, new PaymentMethodGetOptions(), request, stop), cancellation);
        return now.Refusal is { IsMissing: true } || (now.Answer is { } left && left.Id == means.Number && left.CustomerId is null);
    }

    private static Dictionary<string, string> Reference(string reference) => new() { ["reference"] = reference };

    private static SessionCreateOptions Session(SavingOrder order, string customer) => new()
    {
        Mode = "setup",
        Customer = customer,
        ClientReferenceId = order.Reference,
        Metadata = Reference(order.Reference),
        SetupIntentData = new() { Metadata = Reference(order.Reference) },
        Currency = StripeWords.Usd, // The means that the dashboard allows for it; those that take days end in Pending.
        SuccessUrl = order.ReturnUrl.AbsoluteUri,
        CancelUrl = order.ReturnUrl.AbsoluteUri,
        ExpiresAt = StripeCheckout.ExpiresAt(order.CreatedAt, order.CreatedAt.AddHours(1)).UtcDateTime,
    };

    private static PaymentIntentCreateOptions Charge(SavedMeans means, PaymentOrder order) => new()
    {
        Amount = order.Amount.Minor,
        Currency = StripeWords.Usd,
        Customer = means.Holder,
        PaymentMethod = means.Number,
        OffSession = true,
        Confirm = true,
        ReturnUrl = order.ReturnUrl.AbsoluteUri, // Asked for as soon as the dashboard allows a means that redirects.
        Description = StripeCheckout.Subject(order.Subject),
        Metadata = new() { [StripeWords.OrderNumber] = order.OrderNumber },
    };

    private static ChargeOutcome Outcome(PaymentIntent told, PaymentOrder order)
    {
        if (!StripeWords.IsId(told.Id) || StripeWords.Number(told.Metadata, StripeWords.OrderNumber) != order.OrderNumber || told.Amount != order.Amount.Minor || told.Currency != StripeWords.Usd)
        {
            return new ChargeOutcome.Unknown("an answer about another order or amount");
        }

        return told.Status switch
        {
            "succeeded" when told.AmountReceived == told.Amount => new ChargeOutcome.Paid(told.Id, order.Amount),
            "processing" => new ChargeOutcome.Pending(told.Id),
            "requires_action" => new ChargeOutcome.NeedsPayer(null, "the bank wants to see its customer"),
            "requires_payment_method" when told.LastPaymentError is { Code: "authentication_required" } => new ChargeOutcome.NeedsPayer(null, "the bank wants to see its customer"),
            "requires_payment_method" => new ChargeOutcome.Rejected($"declined: {StripeWords.Plain(told.LastPaymentError?.Code)}, {StripeWords.Plain(told.LastPaymentError?.DeclineCode)}"),
            "canceled" => new ChargeOutcome.Rejected("cancelled at Stripe"),
            var other => new ChargeOutcome.Unknown($"payment intent {StripeWords.Plain(other)}"),
        };
    }

    private static ChargeOutcome Declined(StripeRefusal refusal) => refusal is { Code: "authentication_required" } or { DeclineCode: "authentication_required" }
        ? new ChargeOutcome.NeedsPayer(null, "the bank wants to see its customer")
        : new ChargeOutcome.Rejected($"declined: {StripeWords.Plain(refusal.Code)}, {StripeWords.Plain(refusal.DeclineCode)}");

    private async Task<ChargeOutcome> NowAsync(PaymentIntent told, PaymentOrder order, CancellationToken cancellation)
    {
        var first = Outcome(told, order);
        if (first is not ChargeOutcome.Pending)
        {
            return first;
        }

        var call = await calls.AskAsync("charge query", null, (stripe, request, stop) => stripe.PaymentIntents.GetAsync(told.Id, new PaymentIntentGetOptions(), request, stop), cancellation);
        return call.Answer is { } now && now.Id == told.Id ? Outcome(now, order) : first;
    }

    /// <summary>What an earlier call with this order did, though its key is forgotten; null: nothing.</summary>
    private async Task<ChargeOutcome?> EarlierAsync(string customer, PaymentOrder order, CancellationToken cancellation)
    {
        string? after = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var list = new PaymentIntentListOptions
            {
                Customer = customer,
                Created = new DateRangeOptions { GreaterThanOrEqual = order.CreatedAt.AddHours(-1).UtcDateTime },
                Limit = PageSize,
                StartingAfter = after,
            };
            var call = await calls.AskAsync("earlier charges", null, (stripe, request, stop) => stripe.PaymentIntents.ListAsync(list, request, stop), cancellation);
            if (call.Answer is not { Data: { } intents } answer)
            {
                return new ChargeOutcome.Unknown(call.Why);
            }

            if (intents.FirstOrDefault(intent => StripeWords.Number(intent.Metadata, StripeWords.OrderNumber) == order.OrderNumber) is { } ours)
            {
                return Outcome(ours, order);
            }

            if (!answer.HasMore)
            {
                return null;
            }

            if (intents.Count == 0 || intents[^1].Id == after)
            {
                break;
            }

            after = intents[^1].Id;
        }

        return new ChargeOutcome.Unknown("a list of payments without an end");
    }
}
