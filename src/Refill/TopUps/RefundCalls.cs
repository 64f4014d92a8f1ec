using System.Diagnostics;
using Refill.Payments;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// A refund asked for at its gateway, whether it goes by itself or at a person's word: under the same number on every try (failure case 21), queried first when an earlier try may have reached the gateway, and asked after for a week while
/// it is undecided.
/// </summary>
internal sealed class RefundCalls(PaymentGateways gateways, TimeProvider time)
{
    /// <summary>How long a gateway may leave a refund undecided before a person is asked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    public async Task<RefundStatus> AskAsync(string gatewayName, RefundOrder order, WorkItem item, CancellationToken cancellation)
    {
        CrashPoint.Reach(CrashPoint.RefundStarting);
        var gateway = gateways.Get(gatewayName);

        // A try before this one left its trace: it may have reached the gateway.
        var status = item is { Attempts: > 1 } or { LastError: not null } ? await gateway.QueryRefundAsync(order, cancellation) : new RefundStatus.NotFound();
        if (status is RefundStatus.NotFound)
        {
            status = await gateway.RefundAsync(order, cancellation);
        }

        TopUpMetrics.Called(gatewayName, "refund", status);
        CrashPoint.Reach(CrashPoint.RefundAnswered);
        return status;
    }

    /// <summary>What to do about one that is neither done nor refused.</summary>
    public WorkVerdict Wait(RefundStatus status, DateTimeOffset requestedAt)
    {
        var waited = time.GetUtcNow() - requestedAt;
        return status switch
        {
            _ when waited > Patience => new WorkVerdict.Dead($"the refund is undecided after {Patience.TotalDays} days: {status}"),
            RefundStatus.Pending => new WorkVerdict.Again(NextAsk(waited), "pending at the gateway"),
            RefundStatus.Unknown unknown => new WorkVerdict.Again(NextAsk(waited), unknown.Reason),
            RefundStatus.NotFound => new WorkVerdict.Again(NextAsk(waited), "the gateway does not know the refund yet"),
            _ => throw new UnreachableException(status.GetType().Name),
        };
    }

    /// <summary>Alipay's refund query is to be asked 10 s after the refund or later.</summary>
    private static TimeSpan NextAsk(TimeSpan waited) => waited switch
    {
        _ when waited < TimeSpan.FromMinutes(2) => TimeSpan.FromSeconds(10),
        _ when waited < TimeSpan.FromHours(1) => TimeSpan.FromMinutes(1),
        _ when waited < TimeSpan.FromDays(1) => TimeSpan.FromMinutes(15),
        _ => TimeSpan.FromHours(2),
    };
}
