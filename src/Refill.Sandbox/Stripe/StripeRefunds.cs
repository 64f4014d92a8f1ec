namespace Refill.Sandbox.Stripe;

/// <summary>The rules of refunds: never more than was paid (failure case 22), and not final when they are taken (failure case 23).</summary>
internal static class StripeRefunds
{
    internal static StripeWork Create(StripeForm form)
    {
        var (intent, charge) = (form.Text("payment_intent"), form.Text("charge"));
        if ((intent is null) == (charge is null))
        {
            form.Refuse(StripeRefusal.Parameter("payment_intent", "One of the following params should be provided for this request: payment_intent or charge.", "parameter_missing"));
        }

        var (amount, metadata) = (form.Whole("amount", 1, 99_999_999), form.Metadata());
        var reason = form.Choice("reason", required: false, "duplicate", "fraudulent", "requested_by_customer");
        return turn => Create(turn, intent, charge, amount, reason, metadata);
    }

    internal static StripeWork List(StripeForm form)
    {
        var (intent, charge) = (form.Text("payment_intent"), form.Text("charge"));
        var ask = form.ListAsk() with { BelongsTo = intent, Member = charge is null ? null : "charge", Value = charge };
        return turn => StripeAnswer.Of(StripeShelf.List<Refund>(turn.Entry, ask), "/v1/refunds");
    }

    /// <summary>One that was pending has arrived.</summary>
    internal static Refund Settle(StripeTurn turn, Refund refund)
    {
        var settled = turn.Put(refund with { Status = RefundStatus.Succeeded, SettlesAt = null });
        StripeEvents.Tell(turn, "refund.updated", settled);
        return settled;
    }

    /// <summary>The payer's bank has sent it back, perhaps long after it succeeded: the money is in the account again, and somebody must find another way.</summary>
    internal static Refund Fail(StripeTurn turn, Refund refund)
    {
        var line = StripeBalance.Book(turn, refund.Amount, refund.Currency, "refund_failure", refund.Id, withFee: false);
        var charge = StripeShelf.Get<Charge>(turn.Entry, refund.Charge);
        turn.Put(charge with { AmountRefunded = charge.AmountRefunded - refund.Amount });
        var failed = turn.Put(refund with { Status = RefundStatus.Failed, SettlesAt = null, FailureReason = "lost_or_stolen_card", FailureBalanceTransaction = line.Id });
        StripeEvents.Tell(turn, "refund.failed", failed);
        StripeEvents.Tell(turn, "refund.updated", failed);
        return failed;
    }

    private static StripeAnswer Create(StripeTurn turn, string? intentId, string? chargeId, long? amount, string? reason, IReadOnlyDictionary<string, string> metadata)
    {
        if (intentId is not null && StripeShelf.Find<PaymentIntent>(turn.Entry, intentId) is null)
        {
            return StripeAnswer.Refused(StripeRefusal.MissingNamed("payment_intent", intentId, "payment_intent"));
        }

        var charge = chargeId is not null
            ? StripeShelf.Find<Charge>(turn.Entry, chargeId)
            : StripeShelf.Of<Charge>(turn.Entry, intentId).Find(each => each.Paid);
        if (charge is null && chargeId is not null)
        {
            return StripeAnswer.Refused(StripeRefusal.MissingNamed("charge", chargeId, "charge"));
        }

        if (charge is not { Paid: true })
        {
            return StripeAnswer.Refused(StripeRefusal.State("This PaymentIntent does not have a successful charge to refund."));
        }

        var left = charge.Amount - charge.AmountRefunded;
        if (left == 0)
        {
            return StripeAnswer.Refused(StripeRefusal.State($"Charge {charge.Id} has already been refunded.", "charge_already_refunded"));
        }

        if (amount > left)
        {
            return StripeAnswer.Refused(StripeRefusal.Parameter(
                "amount", $"Refund amount ({StripeMoney.Text(amount.Value, charge.Currency)}) is greater than unrefunded amount on charge ({StripeMoney.Text(left, charge.Currency)})"));
        }

        var id = StripeKinds.NewId<Refund>();
        var line = StripeBalance.Book(turn, -(amount ?? left), charge.Currency, "refund", id, withFee: false);
        var refund = turn.Put(new Refund(
            id, turn.NowSeconds, amount ?? left, charge.Currency, turn.PendingUntil is null ? RefundStatus.Succeeded : RefundStatus.Pending, charge.Id, charge.PaymentIntent, reason, metadata, line.Id)
        {
            SettlesAt = turn.PendingUntil,
        });
        var refunded = turn.Put(charge with { AmountRefunded = charge.AmountRefunded + refund.Amount });
        if (refunded.AmountRefunded > refunded.Amount)
        {
            throw new InvalidOperationException($"{refunded.AmountRefunded} refunded of {refunded.Amount} paid, {refunded}");
        }

        StripeEvents.Tell(turn, "refund.created", refund);
        StripeEvents.Tell(turn, "charge.refunded", refunded);
        return StripeAnswer.Of(refund);
    }
}
