using Microsoft.Extensions.Logging;
using Refill.Payments;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Sends money back where it came from. It is reserved in the ledger before the gateway is asked, carries the same refund number on every
/// try (failure case 21), and is done only when the gateway says so.
/// </summary>
internal sealed class Refunding(TopUpStore store, TopUpSteps steps, RefundCalls calls, ILogger<Refunding> log)
{
    /// <summary>The handler of <see cref="TopUpSteps.RefundWork"/>.</summary>
    public async Task<WorkVerdict> HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        if (await store.LoadPaymentAsync(item.Subject, cancellation) is not { IsGoingBack: true, PaidAmount: { } paid } payment)
        {
            return new WorkVerdict.Finished();
        }

        var order = new RefundOrder(payment.TopUpId, payment.Key, payment.RefundNumber, paid, paid, "top-up not delivered");
        return await calls.AskAsync(payment.Gateway, order, item, cancellation) switch
        {
            RefundStatus.Refunded => await DoneAsync(payment, item, cancellation),
            RefundStatus.Rejected rejected => await RefusedAsync(payment, rejected.Reason, item, cancellation),
            var undecided => calls.Wait(undecided, payment.RefundRequestedAt ?? payment.CreatedAt),
        };
    }

    private async Task<WorkVerdict> DoneAsync(Payment seen, WorkItem item, CancellationToken cancellation)
    {
        var step = await store.TakeAsync(
            seen.TopUpId,
            (topUp, payments) => payments.FirstOrDefault(payment => payment.Id == seen.Id) is { } payment ? steps.Refunded(topUp, payment, payments) : null,
            item.Finish(),
            cancellation);
        CrashPoint.Reach(CrashPoint.RefundCommitted);
        return step is null ? new WorkVerdict.Finished() : new WorkVerdict.Committed();
    }

    private async Task<WorkVerdict> RefusedAsync(Payment seen, string reason, WorkItem item, CancellationToken cancellation)
    {
        log.LogError("the refund of payment {Payment} needs a person: {Reason}", seen.Id, reason);
        var step = await store.TakeAsync(
            seen.TopUpId,
            (topUp, payments) => payments.FirstOrDefault(payment => payment.Id == seen.Id) is { } payment ? steps.RefundRefused(topUp, payment) : null,
            item.Bury(reason),
            cancellation);

        // Refused before, tried again by hand, refused again: it is still a person's.
        return step is not null ? new WorkVerdict.Committed() : seen.State == PaymentState.NeedsReview ? new WorkVerdict.Dead(reason) : new WorkVerdict.Finished();
    }
}
