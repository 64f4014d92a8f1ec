namespace Refill.Sandbox.Stripe;

/// <summary>What a bank says to one use of a card. A closed set.</summary>
internal enum CardVerdict
{
    Good,
    Declined,

    /// <summary>Its holder must be asked.</summary>
    Challenge,
}

/// <summary>A card that behaves always in the same way. There are no numbers of cards here, only their last four digits, as in Stripe's own test cards.</summary>
/// <param name="Choice">On the page.</param>
/// <param name="Token">In the API.</param>
internal sealed record StripeCard(string Choice, string Token, string Last4, CardVerdict OnSaving, CardVerdict OnCharging)
{
    internal static readonly StripeCard[] All =
    [
        new("pays", "pm_card_visa", "4242", CardVerdict.Good, CardVerdict.Good),
        new("declined", "pm_card_chargeDeclined", "0002", CardVerdict.Declined, CardVerdict.Declined),
        new("asks", "pm_card_authenticationRequired", "3184", CardVerdict.Challenge, CardVerdict.Challenge),
        new("saves-only", "pm_card_chargeCustomerFail", "0341", CardVerdict.Good, CardVerdict.Declined),
    ];

    internal static StripeCard? OfChoice(string? choice) => Array.Find(All, card => card.Choice == choice);

    internal static StripeCard OfMethod(PaymentMethod method) => Array.Find(All, card => card.Last4 == method.Card.Last4) ?? throw new InvalidOperationException($"{method} is no card of the sandbox");

    /// <summary>A new payment method with this card; its holder's own, if a customer is given.</summary>
    internal PaymentMethod Present(StripeTurn turn, string? customer) =>
        turn.Put(new PaymentMethod(StripeKinds.NewId<PaymentMethod>(), turn.NowSeconds, customer, new CardShown("visa", Last4, 12, turn.Now.Year + 5)));

    /// <summary>A payment method by its id, or a new one by the token of a test card.</summary>
    internal static PaymentMethod? Find(StripeTurn turn, string id) =>
        Array.Find(All, card => card.Token == id) is { } card ? card.Present(turn, customer: null) : StripeShelf.Find<PaymentMethod>(turn.Entry, id);
}

/// <summary>Customers and the cards that they have left.</summary>
internal static class StripeCustomers
{
    internal static StripeWork Create(StripeForm form)
    {
        var (email, name, phone, description, metadata) = (form.Text("email"), form.Text("name"), form.Text("phone"), form.Text("description"), form.Metadata());
        return turn => StripeAnswer.Of(turn.Put(new Customer(StripeKinds.NewId<Customer>(), turn.NowSeconds, email, name, phone, description, metadata)));
    }

    /// <summary>A card that is detached can never be charged again.</summary>
    internal static StripeWork Detach(string id) => turn => StripeShelf.Find<PaymentMethod>(turn.Entry, id) switch
    {
        null => StripeAnswer.Refused(StripeRefusal.Missing("PaymentMethod", id, "payment_method")),
        { Customer: null } => StripeAnswer.Refused(StripeRefusal.State("The payment method you provided is not attached to a customer so detachment is impossible.")),
        var method => StripeAnswer.Of(turn.Put(method with { Customer = null, Spent = true })),
    };
}
