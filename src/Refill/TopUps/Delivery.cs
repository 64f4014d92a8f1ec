using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Storage;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Has the carrier credit the card. The intent is committed before the carrier is called; after a crash or a silence the carrier is asked
/// what became of it, and only if it knows of nothing is it called again, under the same id.
/// </summary>
internal sealed class Delivery(TopUpStore store, TopUpSteps steps, CarrierDirectory carriers, CardBook cards, TimeProvider time, ILogger<Delivery> log)
{
    /// <summary>Silence after which a person is told. The carrier is still asked.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromHours(24);

    /// <summary>Silence after which only a person asks.</summary>
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(14);

    /// <summary>The handler of <see cref="TopUpSteps.DeliverWork"/>.</summary>
    public async Task<WorkVerdict> HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        if (await store.LoadAsync(item.Subject, cancellation) is not var (topUp, payments))
        {
            return new WorkVerdict.Dead("there is no such top-up");
        }

        if (topUp.State is not (TopUpState.Paid or TopUpState.Fulfilling) && topUp is not { State: TopUpState.NeedsReview, Trouble: TopUpTrouble.CarrierSilent })
        {
            return new WorkVerdict.Finished();
        }

        if (topUp.State == TopUpState.Paid && topUp.StartsAt is { } start && start - time.GetUtcNow() is { Ticks: > 0 } early)
        {
            return new WorkVerdict.Again(early, null); // Bought in advance: somebody was in a hurry.
        }

        CrashPoint.Reach(CrashPoint.DeliveryClaimed);
        var carrier = carriers.Find(topUp.Carrier.Connector)
            ?? throw new InvalidOperationException($"the connector '{topUp.Carrier.Connector}' is not set up, but top-up {topUp.Id} needs it");
        var card = await CardOfAsync(topUp, cancellation);
        var order = new DeliveryOrder(topUp.Id, topUp.CardId, card.Identifier(topUp.IdentifierKind), topUp.Reference, topUp.Plan.CarrierProduct, topUp.Plan.Price);

        // Null: the carrier knows nothing of it, so it is to be called. The same id credits at most once, however often it is sent (ICarrier's promise).
        var outcome = topUp.LastCallAt is { } calledAt ? await AskAsync(carrier, order, topUp.CarrierNumber, calledAt, cancellation) : null;
        if (outcome is null)
        {
            var seenCallAt = topUp.LastCallAt;
            var started = await store.TakeAsync(
                (topUp, payments),
                (now, itsPayments) =>
                {
                    payments = itsPayments;
                    return Task.FromResult(steps.StartDelivery(now, seenCallAt));
                },
                cancellation: cancellation);
            if (started is null)
            {
                return new WorkVerdict.Again(TimeSpan.FromSeconds(1), "the top-up changed");
            }

            topUp = started.Committed;
            CrashPoint.Reach(CrashPoint.DeliveryStarted);
            outcome = await DeliverAsync(carrier, order, cancellation);
            CrashPoint.Reach(CrashPoint.DeliveryAnswered);
        }

        return outcome switch
        {
            DeliveryOutcome.Accepted accepted => await CompleteAsync((topUp, payments), card, carrier, accepted, item, cancellation),
            DeliveryOutcome.Rejected rejected => await RefuseAsync(topUp, rejected, item, cancellation),
            DeliveryOutcome.Pending pending => await WaitAsync(topUp, carrier, pending.CarrierNumber, "pending at the carrier", item, cancellation),
            DeliveryOutcome.Unknown { NothingSent: true } unsent => await NotSentAsync(topUp, unsent.Detail, item, cancellation),
            DeliveryOutcome.Unknown unknown => await WaitAsync(topUp, carrier, null, unknown.Detail, item, cancellation),
            _ => throw new UnreachableException(outcome.GetType().Name),
        };
    }

    private static async Task<DeliveryOutcome> DeliverAsync(ICarrier carrier, DeliveryOrder order, CancellationToken cancellation)
    {
        using var activity = TopUpMetrics.Activities.StartActivity("deliver");
        var outcome = await carrier.DeliverAsync(order, cancellation);
        TopUpMetrics.Called(carrier.Name, "deliver", outcome);
        return outcome;
    }

    /// <summary>What became of the last call. Null: it certainly never arrived, and may be made again.</summary>
    private async Task<DeliveryOutcome?> AskAsync(ICarrier carrier, DeliveryOrder order, string? carrierNumber, DateTimeOffset calledAt, CancellationToken cancellation)
    {
        var answer = await carrier.QueryAsync(order, carrierNumber, cancellation);
        TopUpMetrics.Called(carrier.Name, "query", answer);
        CrashPoint.Reach(CrashPoint.DeliveryQueried);
        return answer switch
        {
            DeliveryQuery.Known known => known.Outcome,
            DeliveryQuery.NotFound when carrier.Timeout.NotFoundIsFinalAfter is { } final && time.GetUtcNow() - calledAt >= final => null,
            DeliveryQuery.NotFound => new DeliveryOutcome.Unknown("not known at the carrier (yet)"),
            _ => throw new UnreachableException(answer.GetType().Name),
        };
    }

    private async Task<WorkVerdict> CompleteAsync(
        (TopUp TopUp, IReadOnlyList<Payment> Payments) seen, CardRecord? card, ICarrier carrier, DeliveryOutcome.Accepted accepted, WorkItem item, CancellationToken cancellation)
    {
        CrashPoint.Reach(CrashPoint.Completing);
        var topUp = seen.TopUp;
        ImmutableArray<Posting> allowances = carrier.AllowancesInLedger ? Allowances.Postings(topUp.Plan, topUp.Id, topUp.Sale?.Present.Quantity ?? 1, topUp.Sale?.Present.BonusBytes ?? 0) : [];
        var step = await store.TakeAsync(
            seen,
            async (now, payments) =>
            {
                // Read anew if it is decided again: somebody who looked it up while the carrier was being called has moved its version.
                var rows = CardNow(now, card ?? await CardOfAsync(now, cancellation));
                card = null;
                return steps.Delivered(now, payments, accepted, allowances, rows);
            },
            item.Finish(),
            cancellation);
        if (step is null && await store.LoadAsync(topUp.Id, cancellation) is { TopUp.State: TopUpState.Completed })
        {
            return new WorkVerdict.Finished(); // The lease ran out, and whoever took it up was faster.
        }

        if (step is null)
        {
            // A credit that nobody waits for any more must not pass in silence (market.md, complaint 3).
            log.LogError("top-up {TopUp} was credited by {Carrier}, reference {Reference}, but is not waiting for it", topUp.Id, carrier.Name, accepted.CarrierReference);
            return new WorkVerdict.Dead("credited, but the top-up was not waiting for it");
        }

        CrashPoint.Reach(CrashPoint.Completed);
        return new WorkVerdict.Committed();
    }

    /// <summary>What we know of the card from now on, in the same commit; the carrier may correct it at the next inquiry.</summary>
    private ImmutableArray<RowChange> CardNow(TopUp topUp, CardRecord card) =>
        topUp.Plan.Validity.Activation == Activation.OnPurchase ? [CardBook.PlanStarted(card, topUp.Plan.Name, TopUpSteps.EndsAt(topUp.Plan, topUp.Sale, time.GetUtcNow()), time.GetUtcNow())] : CardBook.ToppedUp(card, time.GetUtcNow());

    private async Task<CardRecord> CardOfAsync(TopUp topUp, CancellationToken cancellation) =>
        await cards.GetAsync(topUp.CardId, cancellation) ?? throw new InvalidOperationException($"top-up {topUp.Id} has no card");

    private async Task<WorkVerdict> RefuseAsync(TopUp topUp, DeliveryOutcome.Rejected rejected, WorkItem item, CancellationToken cancellation)
    {
        log.LogWarning("top-up {TopUp} was refused by {Connector}: {Reason}", topUp.Id, topUp.Carrier.Connector, rejected.Reason);
        var trouble = rejected.Reason switch
        {
            DeliveryRefusal.CardRefused => TopUpTrouble.CardRefused,
            DeliveryRefusal.PlanNotAvailable => TopUpTrouble.PlanNotAvailable,
            DeliveryRefusal.LimitReached => TopUpTrouble.LimitReached,
            DeliveryRefusal.SellerRefused or DeliveryRefusal.Other => TopUpTrouble.CarrierRefused,
            _ => throw new UnreachableException(rejected.Reason.ToString()),
        };
        var step = await store.TakeAsync(topUp.Id, (now, payments) => steps.DeliveryRefused(now, payments, trouble), item.Finish(), cancellation);
        if (step is null)
        {
            return new WorkVerdict.Again(TimeSpan.FromSeconds(1), "the top-up changed");
        }

        CrashPoint.Reach(CrashPoint.RefundReserved);
        return new WorkVerdict.Committed();
    }

    private async Task<WorkVerdict> NotSentAsync(TopUp topUp, string reason, WorkItem item, CancellationToken cancellation)
    {
        if (time.GetUtcNow() - topUp.DeliveryStartedAt > SilentAfter)
        {
            // No call of ours can be under way, and the carrier has been out of reach for a day: the customer is not kept waiting longer.
            var refused = await store.TakeAsync(topUp.Id, (now, payments) => steps.DeliveryRefused(now, payments, TopUpTrouble.CarrierSilent), item.Finish(), cancellation);
            return refused is null ? new WorkVerdict.Finished() : new WorkVerdict.Committed();
        }

        var after = Dispatcher.BackOff(item.Attempts);
        var step = await store.TakeAsync(topUp.Id, (now, _) => steps.DeliveryNotSent(now, topUp.LastCallAt), item.Again(time.GetUtcNow() + after, reason), cancellation);
        return step is null ? new WorkVerdict.Again(after, reason) : new WorkVerdict.Committed();
    }

    private async Task<WorkVerdict> WaitAsync(TopUp topUp, ICarrier carrier, string? carrierNumber, string reason, WorkItem item, CancellationToken cancellation)
    {
        var waited = time.GetUtcNow() - (topUp.DeliveryStartedAt ?? topUp.UpdatedAt);
        if (waited > GivenUpAfter)
        {
            return new WorkVerdict.Dead(reason);
        }

        var again = item.Again(time.GetUtcNow() + NextAsk(waited, carrier.Timeout), reason);
        var step = await store.TakeAsync(
            topUp.Id,
            (now, _) => waited > SilentAfter ? steps.CarrierSilent(now) ?? steps.DeliveryPending(now, carrierNumber) : steps.DeliveryPending(now, carrierNumber),
            again,
            cancellation);
        if (step?.After.State == TopUpState.NeedsReview)
        {
            log.LogError("top-up {TopUp} needs a person: {Connector} has been silent for {Hours} hours", topUp.Id, carrier.Name, (int)waited.TotalHours);
        }

        return step is not null ? new WorkVerdict.Committed() : new WorkVerdict.Again(NextAsk(waited, carrier.Timeout), reason);
    }

    /// <summary>People wait on the page for the first minutes; afterwards there is no hurry.</summary>
    private static TimeSpan NextAsk(TimeSpan waited, TimeoutMeaning timeout)
    {
        var interval = waited switch
        {
            _ when waited < TimeSpan.FromMinutes(1) => TimeSpan.FromSeconds(3),
            _ when waited < TimeSpan.FromMinutes(10) => TimeSpan.FromSeconds(15),
            _ when waited < TimeSpan.FromHours(1) => TimeSpan.FromMinutes(1),
            _ when waited < SilentAfter => TimeSpan.FromMinutes(10),
            _ => TimeSpan.FromHours(1),
        };
        return interval > timeout.FirstQueryAfter ? interval : timeout.FirstQueryAfter;
    }
}
