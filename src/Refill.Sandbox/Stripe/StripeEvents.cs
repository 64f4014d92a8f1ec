using Refill.Sandbox.Books;

namespace Refill.Sandbox.Stripe;

/// <summary>What is told about what happened: kept for /v1/events and handed to the courier.</summary>
internal static class StripeEvents
{
    internal const string SenderName = "stripe";

    /// <summary>Of the release train that both of Stripe's own libraries of November 2026 are pinned to: Stripe.net throws at events of another one.</summary>
    internal const string ApiVersion = "2026-10-28.endive";

    internal static void Tell(StripeTurn turn, string type, StripeObject thing)
    {
        var about = StripeNames.About(turn.Entry, thing);
        var told = turn.Put(new StripeEvent(
            StripeKinds.NewId<StripeEvent>(), turn.NowSeconds, ApiVersion, type, new EventData(StripeShelf.Show(thing)), turn.Request, turn.Options.WebhookUrl is null ? 0 : 1, about));
        Send(turn, told);
    }

    /// <summary>Hands an event in, for the first time or again.</summary>
    internal static void Send(StripeTurn turn, StripeEvent told)
    {
        if (turn.Options.WebhookUrl is { } url)
        {
            Outbox.HandIn(turn.Entry, SenderName, told.About, told.Id, told.Id, url.AbsoluteUri, turn.Now);
        }
    }

    internal static StripeWork List(StripeForm form)
    {
        var ask = form.ListAsk() with { BelongsTo = form.Text("type") };
        return turn => StripeAnswer.Of(StripeShelf.List<StripeEvent>(turn.Entry, ask), "/v1/events");
    }
}
