using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Refill.Payments;
using Refill.Storage;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Looks at a payment until its fate is known: queries the gateway, books what was paid, closes what is over.
/// Notifications make this quicker; nothing rests on them (failure case 5), and a browser's return proves nothing (case 4).
/// </summary>
internal sealed class PaymentWatch(TopUpStore store, TopUpSteps steps, PaymentGateways gateways, TimeProvider time, ILogger<PaymentWatch> log)
{
    /// <summary>How long after a payment's end it is still looked at from time to time, for money that came late.</summary>
    private static readonly TimeSpan LateLooks = TimeSpan.FromHours(24);

    /// <summary>How long a gateway may give no usable answer after a payment's end before a person is asked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    /// <summary>The handler of <see cref="TopUpSteps.PaymentWork"/>.</summary>
    public async Task<WorkVerdict> HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        if (await store.LoadPaymentAsync(item.Subject, cancellation) is not { State: PaymentState.Open or PaymentState.Closed } payment)
        {
            return new WorkVerdict.Finished();
        }

        var status = await QueryAsync(payment, cancellation);
        return status switch
        {
            PaymentStatus.Paid or PaymentStatus.WrongCurrency =>
                await BookAsync(payment, status, item.Finish(), cancellation) ? new WorkVerdict.Committed() : new WorkVerdict.Finished(),
            PaymentStatus.Closed => await CloseHereAsync(payment, item.Finish(), cancellation) ? new WorkVerdict.Committed() : new WorkVerdict.Finished(),
            PaymentStatus.Waiting or PaymentStatus.NotFound => await KeepOrCloseAsync(payment, item, cancellation),
            PaymentStatus.Unknown unknown when time.GetUtcNow() > payment.ExpiresAt + Patience => new WorkVerdict.Dead($"the gateway gives no answer: {unknown.Reason}"),
            PaymentStatus.Unknown unknown => new WorkVerdict.Again(NextLook(payment), unknown.Reason),
            _ => throw new UnreachableException(status.GetType().Name),
        };
    }

    /// <summary>One look now, outside the outbox: the browser has come back.</summary>
    public async Task LookAsync(Payment payment, CancellationToken cancellation)
    {
        if (await QueryAsync(payment, cancellation) is var status and (PaymentStatus.Paid or PaymentStatus.WrongCurrency))
        {
            await BookAsync(payment, status, null, cancellation);
        }
    }

    /// <summary>Books what the gateway says was paid. False: it was known already.</summary>
    public async Task<bool> BookAsync(Payment seen, PaymentStatus status, RowChange? work, CancellationToken cancellation)
    {
        CrashPoint.Reach(CrashPoint.PaymentConfirming);
        var step = await store.TakeAsync(
            seen.TopUpId,
            (topUp, payments) => payments.FirstOrDefault(payment => payment.Id == seen.Id) is not { } payment ? null : status switch
            {
                PaymentStatus.Paid paid => steps.PaymentReceived(topUp, payment, paid),
                PaymentStatus.WrongCurrency other => steps.PaidInOtherCurrency(topUp, payment, other.GatewayNumber),
                _ => throw new UnreachableException(status.GetType().Name),
            },
            work,
            cancellation);
        if (step is null)
        {
            return false;
        }

        CrashPoint.Reach(CrashPoint.PaymentConfirmed);
        if (step.Name != "paid")
        {
            log.LogWarning("payment {Payment} of top-up {TopUp} was {Step}: {Trouble}", seen.Id, seen.TopUpId, step.Name, step.After.Trouble);
        }

        return true;
    }

    private async Task<PaymentStatus> QueryAsync(Payment payment, CancellationToken cancellation)
    {
        var status = await gateways.Get(payment.Gateway).QueryAsync(payment.Key, cancellation);
        TopUpMetrics.Called(payment.Gateway, "query", status);
        return status;
    }

    private async Task<WorkVerdict> KeepOrCloseAsync(Payment payment, WorkItem item, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (payment.State == PaymentState.Closed)
        {
            return now > payment.ExpiresAt + LateLooks ? new WorkVerdict.Finished() : new WorkVerdict.Again(LateLooks / 4, null);
        }

        if (await store.LoadAsync(payment.TopUpId, cancellation) is not var (topUp, payments))
        {
            throw new InvalidOperationException($"payment {payment.Id} has no top-up");
        }

        var superseded = payments.Any(other => other.State == PaymentState.Open && other.CreatedAt > payment.CreatedAt);
        if (now < payment.ExpiresAt && !superseded && topUp.State == TopUpState.AwaitingPayment)
        {
            return new WorkVerdict.Again(NextLook(payment), null);
        }

        var close = await gateways.Get(payment.Gateway).CloseAsync(payment.Key, cancellation);
        TopUpMetrics.Called(payment.Gateway, "close", close);
        return close switch
        {
            PaymentClose.Closed => await ClosedAsync(),
            PaymentClose.NotFound when now >= payment.ExpiresAt => await ClosedAsync(),

            // Nobody has opened the gateway's page: there is nothing to close yet, and somebody still may until it expires there.
            PaymentClose.NotFound => new WorkVerdict.Again(NextLook(payment), null),
            PaymentClose.AlreadyPaid => new WorkVerdict.Again(TimeSpan.FromSeconds(1), "paid while it was being closed"),
            PaymentClose.Unknown unknown => new WorkVerdict.Again(NextLook(payment), unknown.Reason),
            _ => throw new UnreachableException(close.GetType().Name),
        };

        async Task<WorkVerdict> ClosedAsync() =>
            await CloseHereAsync(payment, item.Later(now + (LateLooks / 4)), cancellation) ? new WorkVerdict.Committed() : new WorkVerdict.Finished();
    }

    private async Task<bool> CloseHereAsync(Payment seen, RowChange work, CancellationToken cancellation) =>
        await store.TakeAsync(
            seen.TopUpId,
            (topUp, payments) => payments.FirstOrDefault(payment => payment.Id == seen.Id) is { } payment ? steps.PaymentClosed(topUp, payment, payments) : null,
            work,
            cancellation) is not null;

    /// <summary>A payer who is looking at the gateway's page pays within minutes; later looks are rarer, but one falls on the end. A transfer is looked at when a statement is imported; this is for what an import has left undone.</summary>
    private TimeSpan NextLook(Payment payment)
    {
        var now = time.GetUtcNow();
        var age = now - payment.CreatedAt;
        var interval = payment.Way switch
        {
            PaymentWay.Barcode => TimeSpan.FromSeconds(3),
            PaymentWay.Transfer => TimeSpan.FromHours(1),
            _ when age < TimeSpan.FromMinutes(3) => TimeSpan.FromSeconds(10),
            _ when age < TimeSpan.FromHours(1) => TimeSpan.FromSeconds(30),
            _ => TimeSpan.FromMinutes(10),
        };
        var untilEnd = payment.ExpiresAt - now;
        return untilEnd > TimeSpan.Zero && untilEnd < interval ? untilEnd : interval;
    }
}
