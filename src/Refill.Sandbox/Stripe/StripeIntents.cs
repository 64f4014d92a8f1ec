namespace Refill.Sandbox.Stripe;

/// <summary>What a merchant wants to be paid by an intent of its own.</summary>
internal sealed record IntentAsk(
    long Amount, string Currency, string? Customer, string? Description, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> MethodTypes, string? SetupFutureUsage,
    string CaptureMethod, bool Confirm, ConfirmAsk How);

/// <param name="OffSession">Nobody is there who could be asked.</param>
internal sealed record ConfirmAsk(string? PaymentMethod, bool OffSession, bool ErrorOnAction, string? ReturnUrl);

/// <summary>The rules of payment intents: one intent takes its amount once, however many attempts it needs.</summary>
internal static class StripeIntents
{
    private static readonly string[] Confirmable = [IntentStatus.NeedsMethod, IntentStatus.NeedsConfirmation, IntentStatus.NeedsAction];

    internal static StripeWork Create(StripeForm form)
    {
        var currency = StripeMoney.ReadCurrency(form, "currency");
        var amount = form.Whole("amount", 1, long.MaxValue, required: true) ?? 0;
        StripeMoney.Check(form, "amount", amount, currency);
        form.Flag("automatic_payment_methods[enabled]");
        form.Choice("automatic_payment_methods[allow_redirects]", required: false, "always", "never");
        form.Choice("confirmation_method", required: false, "automatic");
        var ask = new IntentAsk(
            amount, currency, form.Text("customer"), form.Text("description"), form.Metadata(), MethodTypes(form), FutureUsage(form, "setup_future_usage"),
            form.Choice("capture_method", required: false, "automatic", "automatic_async") ?? "automatic_async", form.Flag("confirm"), ReadHow(form));
        if (!ask.Confirm && (ask.How.OffSession || ask.How.ErrorOnAction || ask.How.ReturnUrl is not null))
        {
            form.Refuse(StripeRefusal.Parameter("confirm", "off_session, error_on_requires_action and return_url are only taken with confirm=true."));
        }

        return turn => Create(turn, ask);
    }

    internal static StripeWork Confirm(StripeForm form, string id)
    {
        var how = ReadHow(form);
        return turn => StripeShelf.Find<PaymentIntent>(turn.Entry, id) switch
        {
            null => StripeAnswer.Refused(StripeRefusal.Missing("payment_intent", id, "intent")),
            { Session: not null } => StripeAnswer.Refused(StripeRefusal.State("You cannot confirm a PaymentIntent that was created by Checkout.")),
            var intent when !Confirmable.Contains(intent.Status) => Unexpected(intent, "confirm"),
            var intent => MethodFor(turn, intent, how) is var (method, refusal) && method is not null
                ? Attempt(turn, intent, method, how)
                : StripeAnswer.Refused(refusal! with { Intent = intent }),
        };
    }

    internal static StripeWork Cancel(StripeForm form, string id)
    {
        var reason = form.Choice("cancellation_reason", required: false, "duplicate", "fraudulent", "requested_by_customer", "abandoned");
        return turn => StripeShelf.Find<PaymentIntent>(turn.Entry, id) switch
        {
            null => StripeAnswer.Refused(StripeRefusal.Missing("payment_intent", id, "intent")),
            { Session: not null } => StripeAnswer.Refused(StripeRefusal.State("You cannot cancel a PaymentIntent that was created by Checkout. Expire the Checkout Session instead.")),
            var intent when !Confirmable.Contains(intent.Status) => Unexpected(intent, "cancel"),
            var intent => StripeAnswer.Of(Cancel(turn, intent, reason)),
        };
    }

    /// <summary>How an intent that awaits its payer ends: by itself it can only be canceled.</summary>
    internal static PaymentIntent Cancel(StripeTurn turn, PaymentIntent intent, string? reason) =>
        turn.Put(intent with { Status = IntentStatus.Canceled, CanceledAt = turn.NowSeconds, CancellationReason = reason, NextAction = null });

    /// <summary>The bank has said yes: the money is in the account, and what follows from it is told.</summary>
    internal static PaymentIntent Succeed(StripeTurn turn, PaymentIntent intent, string methodId)
    {
        var method = StripeShelf.Get<PaymentMethod>(turn.Entry, methodId);
        if (intent.SetupFutureUsage is not null && intent.Customer is not null)
        {
            method = turn.Put(method with { Customer = intent.Customer });
        }

        turn.Put(method with { Spent = method.Customer is null });
        var chargeId = StripeKinds.NewId<Charge>();
        var line = StripeBalance.Book(turn, intent.Amount, intent.Currency, "charge", chargeId, withFee: true);
        var charge = turn.Put(ChargeOf(turn, intent, method, chargeId, "succeeded", line.Id, failure: null));
        var paid = turn.Put(intent with
        {
            Status = IntentStatus.Succeeded,
            AmountReceived = intent.Amount,
            LatestCharge = charge.Id,
            PaymentMethod = method.Id,
            NextAction = null,
            LastPaymentError = null,
            SettlesAt = null,
        });
        StripeEvents.Tell(turn, "payment_intent.succeeded", paid);
        if (paid.Session is { } session)
        {
            StripeSessions.Complete(turn, StripeShelf.Get<CheckoutSession>(turn.Entry, session), "paid");
        }

        return paid;
    }

    /// <summary>The bank has said no, or nobody could be asked: the intent waits for another card.</summary>
    internal static (PaymentIntent Intent, StripeRefusal Refusal) Fail(StripeTurn turn, PaymentIntent intent, PaymentMethod method, StripeRefusal why)
    {
        var refusal = why;
        var latestCharge = intent.LatestCharge;
        if (why.Code == "card_declined" || why.Code == "authentication_required")
        {
            var charge = turn.Put(ChargeOf(turn, intent, method, StripeKinds.NewId<Charge>(), "failed", balanceLine: null, why));
            (refusal, latestCharge) = (why with { Charge = charge.Id }, charge.Id);
        }

        var error = refusal.Describe();
        error["payment_method"] = StripeShelf.Show(method);
        var failed = turn.Put(intent with { Status = IntentStatus.NeedsMethod, PaymentMethod = null, LastPaymentError = error, LatestCharge = latestCharge, NextAction = null });
        StripeEvents.Tell(turn, "payment_intent.payment_failed", failed);
        return (failed, refusal with { Intent = failed });
    }

    internal static StripeRefusal Declined { get; } = StripeRefusal.Card("card_declined", "generic_decline", "Your card was declined.");

    internal static string? FutureUsage(StripeForm form, string name) => form.Choice(name, required: false, "off_session", "on_session");

    internal static IReadOnlyList<string> MethodTypes(StripeForm form)
    {
        var types = form.Texts("payment_method_types");
        if (types.Any(type => type != "card"))
        {
            form.Refuse(StripeRefusal.Parameter("payment_method_types", "The payment method type provided is invalid. This account takes card."));
        }

        return ["card"];
    }

    internal static NextAction AskHolder(StripeTurn turn, string intentId, string? returnUrl) => new(new RedirectToUrl($"{turn.Origin}{StripeCheckout.AuthenticationPath(intentId)}", returnUrl));

    private static ConfirmAsk ReadHow(StripeForm form) =>
        new(form.Text("payment_method"), form.Flag("off_session"), form.Flag("error_on_requires_action"), form.Address("return_url", required: false));

    private static StripeAnswer Create(StripeTurn turn, IntentAsk ask)
    {
        if (ask.Customer is { } customer && StripeShelf.Find<Customer>(turn.Entry, customer) is null)
        {
            return StripeAnswer.Refused(StripeRefusal.MissingNamed("customer", customer, "customer"));
        }

        var id = StripeKinds.NewId<PaymentIntent>();
        var intent = new PaymentIntent(
            id, turn.NowSeconds, ask.Amount, ask.Currency, ask.How.PaymentMethod is null ? IntentStatus.NeedsMethod : IntentStatus.NeedsConfirmation, StripeKinds.NewText($"{id}_secret_"),
            ask.Customer, ask.Description, ask.Metadata, PaymentMethod: null, ask.MethodTypes, ask.SetupFutureUsage, ask.CaptureMethod);
        var (method, refusal) = MethodFor(turn, intent, ask.How);
        if (refusal is not null && (ask.Confirm || ask.How.PaymentMethod is not null))
        {
            return StripeAnswer.Refused(refusal);
        }

        return ask.Confirm ? Attempt(turn, turn.Put(intent), method!, ask.How) : StripeAnswer.Of(turn.Put(intent with { PaymentMethod = method?.Id }));
    }

    /// <summary>One try to take the money.</summary>
    private static StripeAnswer Attempt(StripeTurn turn, PaymentIntent intent, PaymentMethod method, ConfirmAsk how)
    {
        var verdict = turn.Fault?.Kind == Control.FaultKind.Reject ? CardVerdict.Declined : StripeCard.OfMethod(method).OnCharging;
        switch (verdict)
        {
            case CardVerdict.Declined:
                return StripeAnswer.Refused(Fail(turn, intent, method, Declined).Refusal);
            case CardVerdict.Challenge when how.OffSession || how.ErrorOnAction:
                return StripeAnswer.Refused(Fail(turn, intent, method, StripeRefusal.Card(
                    "authentication_required", how.OffSession ? "authentication_required" : null, "Your card was declined. This transaction requires authentication.")).Refusal);
            case CardVerdict.Challenge:
                return StripeAnswer.Of(turn.Put(intent with { Status = IntentStatus.NeedsAction, PaymentMethod = method.Id, NextAction = AskHolder(turn, intent.Id, how.ReturnUrl) }));
            default:
                return StripeAnswer.Of(turn.PendingUntil is { } until
                    ? turn.Put(intent with { Status = IntentStatus.Processing, PaymentMethod = method.Id, SettlesAt = until })
                    : Succeed(turn, intent, method.Id));
        }
    }

    /// <summary>The card that an intent may be tried with. Charged while nobody is there, it must be one that the customer has left.</summary>
    private static (PaymentMethod? Method, StripeRefusal? Refusal) MethodFor(StripeTurn turn, PaymentIntent intent, ConfirmAsk how)
    {
        if ((how.PaymentMethod ?? intent.PaymentMethod) is not { } id)
        {
            return (null, StripeRefusal.Parameter(
                "payment_method", "You cannot confirm this PaymentIntent because it's missing a payment method.", "payment_intent_unexpected_state"));
        }

        return StripeCard.Find(turn, id) switch
        {
            null => (null, StripeRefusal.MissingNamed("PaymentMethod", id, "payment_method")),
            { Spent: true } => (null, StripeRefusal.Parameter(
                "payment_method", "The provided PaymentMethod was previously used without a Customer or was detached from one. It may not be used again.", "payment_method_unexpected_state")),
            var method when method.Customer is not null && method.Customer != intent.Customer => (null, StripeRefusal.Parameter(
                "payment_method", $"The payment method {id} belongs to another customer.")),
            var method when how.OffSession && intent.Customer is not null && method.Customer is null => (null, StripeRefusal.Parameter(
                "payment_method", $"The customer does not have a payment method with the ID {id}. The payment method must be attached to the customer.", "resource_missing")),
            var method => (method, null),
        };
    }

    private static Charge ChargeOf(StripeTurn turn, PaymentIntent intent, PaymentMethod method, string id, string status, string? balanceLine, StripeRefusal? failure) => new(
        id, turn.NowSeconds, intent.Amount, intent.Currency, status, intent.Customer, intent.Description, intent.Metadata, intent.Id, method.Id, new ChargeMethod(method.Card), balanceLine,
        failure?.Code, failure?.Message);

    private static StripeAnswer Unexpected(PaymentIntent intent, string doing) => StripeAnswer.Refused(
        StripeRefusal.State($"You cannot {doing} this PaymentIntent because it has a status of {intent.Status}.", "payment_intent_unexpected_state") with { Intent = intent });
}
