using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Stripe;

/// <summary>One request's turn at the books, or time's own.</summary>
/// <param name="Origin">Where callers reach the sandbox, such as http://127.0.0.1:5081; empty when nobody calls.</param>
/// <param name="Fault">What is to go wrong with it.</param>
internal sealed record StripeTurn(BooksEntry Entry, DateTimeOffset Now, StripeBooksOptions Options, string Origin, EventRequest Request, Fault? Fault = null)
{
    internal long NowSeconds => Now.ToUnixTimeSeconds();

    /// <summary>When the fault "pending" ends; null if that is not what is to go wrong.</summary>
    internal long? PendingUntil => Fault?.Kind == FaultKind.Pending ? (Now + Fault.Wait).ToUnixTimeSeconds() : null;

    /// <summary>A turn that time takes, without a caller.</summary>
    internal static StripeTurn OfTime(BooksEntry entry, DateTimeOffset now, StripeBooksOptions options) => new(entry, now, options, "", new EventRequest(null, null));

    internal T Put<T>(T thing) where T : StripeObject => StripeShelf.Put(Entry, thing);
}

/// <summary>What a request comes to once its parameters have been read.</summary>
internal delegate StripeAnswer StripeWork(StripeTurn turn);

/// <summary>Makes final what time has decided.</summary>
internal static class StripeTime
{
    internal static void Settle(StripeTurn turn)
    {
        foreach (var session in StripeShelf.Due<CheckoutSession>(turn.Entry, turn.Now))
        {
            StripeSessions.Expire(turn, session);
        }

        foreach (var intent in StripeShelf.Due<PaymentIntent>(turn.Entry, turn.Now))
        {
            StripeIntents.Succeed(turn, intent, intent.PaymentMethod!);
        }

        foreach (var refund in StripeShelf.Due<Refund>(turn.Entry, turn.Now))
        {
            StripeRefunds.Settle(turn, refund);
        }

        StripePayouts.MakeDaily(turn);
    }

    internal static DateTimeOffset? NextSettling(BooksEntry entry, DateTimeOffset now) => new[] { StripeShelf.NextDue(entry), StripePayouts.NextDaily(entry, now) }.Min();
}
