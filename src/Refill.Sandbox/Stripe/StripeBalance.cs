namespace Refill.Sandbox.Stripe;

/// <summary>The account's lines, in USD: what was charged less Stripe's fee, what went back, what was paid out.</summary>
internal static class StripeBalance
{
    /// <summary>Writes one line. Another currency is converted, and the line says at which rate.</summary>
    /// <param name="minor">In the smallest unit of the currency; below zero for what leaves the account.</param>
    internal static BalanceTransaction Book(StripeTurn turn, long minor, string currency, string type, string source, bool withFee)
    {
        var known = StripeCurrency.Find(currency) ?? throw new InvalidOperationException($"{currency} was charged and is unknown");
        var cents = known.Cents(minor);
        var fee = withFee ? (long)decimal.Round(cents * turn.Options.FeeBasisPoints / 10_000m, MidpointRounding.AwayFromZero) + turn.Options.FeeFixedCents : 0;
        return turn.Put(new BalanceTransaction(
            StripeKinds.NewId<BalanceTransaction>(), turn.NowSeconds, cents, StripeCurrency.Settlement, fee, currency == StripeCurrency.Settlement ? null : known.Rate, type, source, Description: null));
    }

    internal static StripeWork List(StripeForm form)
    {
        var ask = form.ListAsk() with { BelongsTo = form.Text("payout") };
        var (type, source) = (form.Text("type"), form.Text("source"));
        form.Choice("currency", required: false, StripeCurrency.Settlement);
        if (type is not null && source is not null)
        {
            form.Refuse(StripeRefusal.Parameter("source", "The sandbox lists by type or by source, not by both."));
        }

        var (member, value) = type is not null ? ("type", type) : source is not null ? ("source", source) : (null, (string?)null);
        return turn => ask.BelongsTo is { } payout && StripeShelf.Find<Payout>(turn.Entry, payout) is null
            ? StripeAnswer.Refused(StripeRefusal.MissingNamed("payout", payout, "payout"))
            : StripeAnswer.Of(StripeShelf.List<BalanceTransaction>(turn.Entry, ask with { Member = member, Value = value }), "/v1/balance_transactions");
    }
}

/// <summary>What goes to the merchant's bank: each day, all lines of the days before that have not gone yet.</summary>
internal static class StripePayouts
{
    internal static StripeWork List(StripeForm form)
    {
        var (arrivesFrom, arrivesUntil) = form.Span("arrival_date");
        var ask = form.ListAsk();
        var status = form.Choice("status", required: false, "paid", "pending", "failed", "canceled");

        // A payout arrives in the second in which it is made: one span is as good as the other.
        ask = ask with { From = Math.Max(ask.From, arrivesFrom), Until = Math.Min(ask.Until, arrivesUntil), Member = status is null ? null : "status", Value = status };
        return turn => StripeAnswer.Of(StripeShelf.List<Payout>(turn.Entry, ask), "/v1/payouts");
    }

    /// <summary>The automatic one, at midnight UTC.</summary>
    internal static void MakeDaily(StripeTurn turn) => Make(turn, new DateTimeOffset(turn.Now.UtcDateTime.Date, TimeSpan.Zero).ToUnixTimeSeconds());

    /// <summary>Null if nothing can go out: there is no line, or they come to nothing or less, and then they wait for the next one.</summary>
    /// <param name="before">Only lines of before this second.</param>
    internal static Payout? Make(StripeTurn turn, long before)
    {
        var lines = StripeShelf.Of<BalanceTransaction>(turn.Entry, belongsTo: null, before);
        var net = lines.Sum(line => line.Net);
        if (net <= 0)
        {
            return null;
        }

        var id = StripeKinds.NewId<Payout>();
        foreach (var line in lines)
        {
            turn.Put(line with { Payout = id });
        }

        // The payout is a line itself, so that the account stands at nothing after it; it is listed with what it bundles.
        var own = StripeBalance.Book(turn, -net, StripeCurrency.Settlement, "payout", id, withFee: false);
        turn.Put(own with { Payout = id });
        var payout = turn.Put(new Payout(id, turn.NowSeconds, net, StripeCurrency.Settlement, turn.NowSeconds, "paid", own.Id));
        StripeEvents.Tell(turn, "payout.paid", payout);
        StripeEvents.Tell(turn, "payout.reconciliation_completed", payout);
        return payout;
    }

    /// <summary>The next midnight, if there is something to pay out.</summary>
    internal static DateTimeOffset? NextDaily(Books.BooksEntry entry, DateTimeOffset now) =>
        StripeShelf.HasAny<BalanceTransaction>(entry, belongsTo: null) ? new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1) : null;
}
