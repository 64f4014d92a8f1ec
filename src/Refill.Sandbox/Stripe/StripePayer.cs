namespace Refill.Sandbox.Stripe;

/// <summary>What a payer does on the hosted page, and what follows from it.</summary>
internal static class StripePayer
{
    private static StripeRefusal NotApproved { get; } = StripeRefusal.Card(
        "payment_intent_authentication_failure", null, "We are unable to authenticate your payment method. Please choose a different payment method and try again.");

    /// <summary>Pays an open session with a card, or saves the card.</summary>
    /// <returns>The id of the intent for which the card's holder is asked first; null if the bank has said yes or no at once, or the session is not open any more.</returns>
    internal static string? Press(StripeTurn turn, CheckoutSession session, StripeCard card)
    {
        if (session.Status != SessionStatus.Open)
        {
            return null;
        }

        if (session.Customer is null && (session.CustomerCreation == "always" || session.Plan.SetupFutureUsage is not null))
        {
            var customer = turn.Put(new Customer(StripeKinds.NewId<Customer>(), turn.NowSeconds, session.CustomerEmail, null, null, null, new Dictionary<string, string>()));
            session = turn.Put(session with { Customer = customer.Id });
        }

        return session.Mode == "setup" ? Save(turn, session, card) : Pay(turn, session, card);
    }

    /// <summary>The holder of the card says yes or no to the bank.</summary>
    /// <returns>Where the browser goes next; null if there is no such question.</returns>
    internal static string? Answer(StripeTurn turn, string intentId, bool approved)
    {
        if (StripeShelf.Find<PaymentIntent>(turn.Entry, intentId) is { } intent)
        {
            if (intent is { Status: IntentStatus.NeedsAction, PaymentMethod: { } method })
            {
                intent = approved ? StripeIntents.Succeed(turn, intent, method) : StripeIntents.Fail(turn, intent, StripeShelf.Get<PaymentMethod>(turn.Entry, method), NotApproved).Intent;
            }

            return Next(turn, intent.Session) ?? turn.Origin + StripeCheckout.AuthenticationPath(intent.Id);
        }

        if (StripeShelf.Find<SetupIntent>(turn.Entry, intentId) is not { } setup)
        {
            return null;
        }

        if (setup is { Status: IntentStatus.NeedsAction, PaymentMethod: { } card })
        {
            if (approved)
            {
                StripeSetups.Succeed(turn, setup, StripeShelf.Get<PaymentMethod>(turn.Entry, card));
            }
            else
            {
                StripeSetups.Fail(turn, setup, NotApproved with { Code = "setup_intent_authentication_failure" });
            }
        }

        return Next(turn, setup.Session);
    }

    /// <summary>Where a browser goes from a session: back to the merchant once it is complete, else to its page.</summary>
    internal static string? Next(StripeTurn turn, string? sessionId) => StripeShelf.Find<CheckoutSession>(turn.Entry, sessionId) switch
    {
        null => null,
        { Status: SessionStatus.Complete } session => session.SuccessUrl.Replace("{CHECKOUT_SESSION_ID}", session.Id, StringComparison.Ordinal),
        var session => StripeCheckout.PathOf(session.Id),
    };

    private static string? Pay(StripeTurn turn, CheckoutSession session, StripeCard card)
    {
        // Since 2022 an intent exists from the first press of the button on, not from the session's creation.
        var intent = StripeShelf.Find<PaymentIntent>(turn.Entry, session.PaymentIntent) ?? NewIntent(turn, session);
        turn.Put(session with { PaymentIntent = intent.Id });
        var method = card.Present(turn, customer: null);
        switch (card.OnCharging)
        {
            case CardVerdict.Good:
                StripeIntents.Succeed(turn, intent with { Customer = session.Customer }, method.Id);
                return null;
            case CardVerdict.Declined:
                StripeIntents.Fail(turn, intent, method, StripeIntents.Declined);
                return null;
            default:
                turn.Put(intent with
                {
                    Status = IntentStatus.NeedsAction,
                    PaymentMethod = method.Id,
                    NextAction = StripeIntents.AskHolder(turn, intent.Id, session.SuccessUrl),
                    Customer = session.Customer,
                });
                return intent.Id;
        }
    }

    private static string? Save(StripeTurn turn, CheckoutSession session, StripeCard card)
    {
        var setup = StripeShelf.Get<SetupIntent>(turn.Entry, session.SetupIntent!) with { Customer = session.Customer };
        var method = card.Present(turn, customer: null);
        switch (card.OnSaving)
        {
            case CardVerdict.Good:
                StripeSetups.Succeed(turn, setup, method);
                return null;
            case CardVerdict.Declined:
                StripeSetups.Fail(turn, setup, StripeIntents.Declined);
                return null;
            default:
                turn.Put(setup with { Status = IntentStatus.NeedsAction, PaymentMethod = method.Id, NextAction = StripeIntents.AskHolder(turn, setup.Id, session.SuccessUrl) });
                return setup.Id;
        }
    }

    private static PaymentIntent NewIntent(StripeTurn turn, CheckoutSession session)
    {
        var id = StripeKinds.NewId<PaymentIntent>();
        return turn.Put(new PaymentIntent(
            id, turn.NowSeconds, session.AmountTotal!.Value, session.Currency!, IntentStatus.NeedsMethod, StripeKinds.NewText($"{id}_secret_"), session.Customer, session.Plan.Description,
            session.Plan.Metadata, PaymentMethod: null, session.PaymentMethodTypes, session.Plan.SetupFutureUsage, "automatic_async")
        {
            Session = session.Id,
        });
    }
}
