namespace Refill.Sandbox.Stripe;

/// <summary>What a merchant wants a payer to do on the hosted page.</summary>
internal sealed record SessionAsk(
    string Mode, long? Amount, string? Currency, string? Order, string? Customer, string? CustomerEmail, string? CustomerCreation, long? ExpiresAt, string? Locale,
    IReadOnlyDictionary<string, string> Metadata, string SuccessUrl, string? CancelUrl, string? SubmitType, SessionPlan Plan);

/// <summary>The rules of checkout sessions: open until they are paid (or a card is saved), expired by the merchant, or over by time.</summary>
internal static class StripeSessions
{
    private const int LongestOrder = 200;
    private const int MostItems = 20;
    private const int MostOfAnItem = 10_000;
    private static readonly TimeSpan LeastLife = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan MostLife = TimeSpan.FromHours(24);

    internal static StripeWork Create(StripeForm form)
    {
        var mode = form.Choice("mode", required: true, "payment", "setup") ?? "";
        form.Choice("ui_mode", required: false, "hosted_page");
        StripeIntents.MethodTypes(form);
        var (amount, currency, title) = mode == "payment" ? ReadItems(form) : (null, null, "");
        var intentData = mode == "payment" ? "payment_intent_data" : "setup_intent_data";
        var plan = new SessionPlan(
            title, form.Metadata($"{intentData}[metadata]"), form.Text($"{intentData}[description]"),
            mode == "payment" ? StripeIntents.FutureUsage(form, "payment_intent_data[setup_future_usage]") : null);
        if (mode == "setup")
        {
            // Not needed, and not wrong: which currency the card is to be used in.
            currency = form.Text("currency") is null ? null : StripeMoney.ReadCurrency(form, "currency");
        }

        var ask = new SessionAsk(
            mode, amount, currency, form.Text("client_reference_id", LongestOrder), form.Text("customer"), form.Text("customer_email"),
            form.Choice("customer_creation", required: false, "always", "if_required"), form.Whole("expires_at", 0, long.MaxValue), form.Text("locale", 20), form.Metadata(),
            form.Address("success_url", required: true) ?? "", form.Address("cancel_url", required: false), form.Choice("submit_type", required: false, "auto", "book", "donate", "pay"), plan);
        if (ask is { Customer: not null, CustomerEmail: not null } or { Customer: not null, CustomerCreation: not null })
        {
            form.Refuse(StripeRefusal.Parameter("customer", "You may only specify one of these parameters: customer, customer_email, customer_creation."));
        }

        return turn => Create(turn, ask);
    }

    internal static StripeWork List(StripeForm form)
    {
        var ask = form.ListAsk() with { BelongsTo = form.Text("payment_intent") };
        var (customer, status) = (form.Text("customer"), form.Choice("status", required: false, SessionStatus.Open, SessionStatus.Complete, SessionStatus.Expired));
        if (customer is not null && status is not null)
        {
            form.Refuse(StripeRefusal.Parameter("status", "The sandbox lists by customer or by status, not by both."));
        }

        var (member, value) = customer is not null ? ("customer", customer) : status is not null ? ("status", status) : (null, (string?)null);
        return turn => StripeAnswer.Of(StripeShelf.List<CheckoutSession>(turn.Entry, ask with { Member = member, Value = value }), "/v1/checkout/sessions");
    }

    internal static StripeWork ExpireNow(string id) => turn => StripeShelf.Find<CheckoutSession>(turn.Entry, id) switch
    {
        null => StripeAnswer.Refused(StripeRefusal.Missing("checkout.session", id, "session")),
        { Status: SessionStatus.Open } session when !IsBeingPaid(turn, session) => StripeAnswer.Of(Expire(turn, session)),
        var session => StripeAnswer.Refused(StripeRefusal.State(
            $"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {session.Status}.")),
    };

    /// <summary>Its time is over, or the merchant ends it: whoever still has the page open cannot pay any more.</summary>
    internal static CheckoutSession Expire(StripeTurn turn, CheckoutSession session)
    {
        if (session.PaymentIntent is { } id)
        {
            StripeIntents.Cancel(turn, StripeShelf.Get<PaymentIntent>(turn.Entry, id), "expired");
        }

        if (StripeShelf.Find<SetupIntent>(turn.Entry, session.SetupIntent) is { } setup)
        {
            turn.Put(setup with { Status = IntentStatus.Canceled, NextAction = null });
        }

        var expired = turn.Put(session with { Status = SessionStatus.Expired, Url = null });
        StripeEvents.Tell(turn, "checkout.session.expired", expired);
        return expired;
    }

    internal static void Complete(StripeTurn turn, CheckoutSession session, string paymentStatus)
    {
        var complete = turn.Put(session with { Status = SessionStatus.Complete, PaymentStatus = paymentStatus, Url = null });
        StripeEvents.Tell(turn, "checkout.session.completed", complete);
    }

    private static StripeAnswer Create(StripeTurn turn, SessionAsk ask)
    {
        if (ask.Customer is { } customer && StripeShelf.Find<Customer>(turn.Entry, customer) is null)
        {
            return StripeAnswer.Refused(StripeRefusal.MissingNamed("customer", customer, "customer"));
        }

        var expiresAt = ask.ExpiresAt ?? turn.NowSeconds + (long)MostLife.TotalSeconds;
        if (expiresAt < turn.NowSeconds + LeastLife.TotalSeconds || expiresAt > turn.NowSeconds + MostLife.TotalSeconds)
        {
            // Parameters that cannot be are no execution: the same key may come again with others.
            return StripeAnswer.Refused(StripeRefusal.Parameter(
                "expires_at", "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation."), executed: false);
        }

        var id = StripeKinds.NewId<CheckoutSession>();
        var setup = ask.Mode == "setup" ? turn.Put(StripeSetups.New(turn, ask, id)) : null;
        return StripeAnswer.Of(turn.Put(new CheckoutSession(
            id, turn.NowSeconds, ask.Mode, SessionStatus.Open, setup is null ? "unpaid" : "no_payment_required", ask.Amount, ask.Currency, ask.Order, ask.Customer, ask.CustomerEmail,
            ask.Customer is null ? ask.CustomerCreation ?? "if_required" : null, expiresAt, ask.Locale, ask.Metadata, PaymentIntent: null, setup?.Id, ["card"], ask.SuccessUrl, ask.CancelUrl,
            ask.SubmitType, $"{turn.Origin}{StripeCheckout.PathOf(id)}", ask.Plan)));
    }

    /// <summary>What the items come to, each with a price of its own.</summary>
    private static (long? Amount, string? Currency, string Title) ReadItems(StripeForm form)
    {
        var count = form.CountOf("line_items");
        if (count is 0 or > MostItems)
        {
            form.Refuse(StripeRefusal.Parameter("line_items", $"You must pass 1 to {MostItems} line_items in payment mode.", "parameter_missing"));
            return (null, null, "");
        }

        var (amount, currency, titles) = (0L, "", new List<string>());
        for (var index = 0; index < count; index++)
        {
            var price = $"line_items[{index}][price_data]";
            var code = StripeMoney.ReadCurrency(form, $"{price}[currency]");
            if (index > 0 && code != currency)
            {
                form.Refuse(StripeRefusal.Parameter($"{price}[currency]", "All line items must have the same currency."));
            }

            currency = code;
            amount += (form.Whole($"{price}[unit_amount]", 0, 99_999_999, required: true) ?? 0) * (form.Whole($"line_items[{index}][quantity]", 1, MostOfAnItem, required: true) ?? 0);
            form.Text($"{price}[product_data][description]", 5_000);
            titles.Add(form.Text($"{price}[product_data][name]", 250, required: true) ?? "");
        }

        StripeMoney.Check(form, "line_items", amount, currency);
        return (amount, currency, string.Join(", ", titles));
    }

    private static bool IsBeingPaid(StripeTurn turn, CheckoutSession session) =>
        session.PaymentIntent is { } id && StripeShelf.Get<PaymentIntent>(turn.Entry, id).Status is IntentStatus.Processing or IntentStatus.Succeeded;
}

/// <summary>The rules of setup intents: a card that is saved for charges at which nobody is there.</summary>
internal static class StripeSetups
{
    internal static SetupIntent New(StripeTurn turn, SessionAsk ask, string session)
    {
        var id = StripeKinds.NewId<SetupIntent>();
        return new SetupIntent(
            id, turn.NowSeconds, IntentStatus.NeedsMethod, StripeKinds.NewText($"{id}_secret_"), ask.Customer, ask.Plan.Description, ask.Plan.Metadata, PaymentMethod: null, ["card"])
        {
            Session = session,
        };
    }

    internal static void Succeed(StripeTurn turn, SetupIntent setup, PaymentMethod method)
    {
        turn.Put(method with { Customer = setup.Customer });
        var saved = turn.Put(setup with { Status = IntentStatus.Succeeded, PaymentMethod = method.Id, NextAction = null, LastSetupError = null });
        StripeEvents.Tell(turn, "setup_intent.succeeded", saved);
        StripeSessions.Complete(turn, StripeShelf.Get<CheckoutSession>(turn.Entry, setup.Session!), "no_payment_required");
    }

    internal static void Fail(StripeTurn turn, SetupIntent setup, StripeRefusal why) =>
        turn.Put(setup with { Status = IntentStatus.NeedsMethod, PaymentMethod = null, NextAction = null, LastSetupError = why.Describe() });
}
