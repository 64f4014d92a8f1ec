using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Refill.Payments;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Sends money back where it came from. It is reserved in the ledger before the gateway is asked, carries the same refund number on every
/// try (failure case 21), and is done only when the gateway says so.
/// </summary>
internal sealed class Refunding(TopUpStore store, TopUpSteps steps, PaymentGateways gateways, TimeProvider time, ILogger<Refunding> log)
{
    /// <summary>How long a gateway may leave a refund undecided before a person is asked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    /// <summary>The handler of <see cref="TopUpSteps.RefundWork"/>.</summary>
    public async Task<WorkVerdict> HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        if (await store.LoadPaymentAsync(item.Subject, cancellation) is not { IsGoingBack: true, PaidAmount: { } paid } payment)
        {
            return new WorkVerdict.Finished();
        }

        CrashPoint.Reach(CrashPoint.RefundStarting);
        var gateway = gateways.Get(payment.Gateway);
        var order = new RefundOrder(payment.TopUpId, payment.Key, payment.RefundNumber, paid, paid, "top-up not delivered");

        // A try before this one left its trace: it may have reached the gateway.
        var status = item is { Attempts: > 1 } or { LastError: not null } ? await gateway.QueryRefundAsync(order, cancellation) : new RefundStatus.NotFound();
        if (status is RefundStatus.NotFound)
        {
            status = await gateway.RefundAsync(order, cancellation);
        }

        TopUpMetrics.Called(payment.Gateway, "refund", status);
        CrashPoint.Reach(CrashPoint.RefundAnswered);
        var waited = time.GetUtcNow() - (payment.RefundRequestedAt ?? payment.CreatedAt);
        return status switch
        {
            RefundStatus.Refunded => await DoneAsync(payment, item, cancellation),
            RefundStatus.Rejected rejected => await RefusedAsync(payment, rejected.Reason, item, cancellation),
            _ when waited > Patience => new WorkVerdict.Dead($"the refund is undecided after {Patience.TotalDays} days: {status}"),
            RefundStatus.Pending => new WorkVerdict.Again(NextAsk(waited), "pending at the gateway"),
            RefundStatus.Unknown unknown => new WorkVerdict.Again(NextAsk(waited), unknown.Reason),
            RefundStatus.NotFound => new WorkVerdict.Again(NextAsk(waited), "the gateway does not know the refund yet"),
            _ => throw new UnreachableException(status.GetType().Name),
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

    /// <summary>Alipay's refund query is to be asked 10 s after the refund or later.</summary>
    internal static TimeSpan NextAsk(TimeSpan waited) => waited switch
    {
        _ when waited < TimeSpan.FromMinutes(2) => TimeSpan.FromSeconds(10),
        _ when waited < TimeSpan.FromHours(1) => TimeSpan.FromMinutes(1),
        _ when waited < TimeSpan.FromDays(1) => TimeSpan.FromMinutes(15),
        _ => TimeSpan.FromHours(2),
    };
}
