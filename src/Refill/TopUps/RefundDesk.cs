using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Refill.Payments;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>What became of asking for a refund. A closed set.</summary>
public abstract record RefundAnswer
{
    private RefundAnswer()
    {
    }

    /// <summary>Reserved, and on its way to the gateway.</summary>
    public sealed record Asked(Refund Refund, string Gateway) : RefundAnswer;

    public sealed record Refused(RefundProblem Problem) : RefundAnswer;

    public sealed record NotFound : RefundAnswer;
}

/// <summary>
/// Gives back, at a person's word, what was earned: reserved in the ledger before the gateway is asked, never more than was paid, never while a delivery is unknown, under one number on every try (failure cases 21 and 22).
/// </summary>
public sealed class RefundDesk
{
    private readonly Database database;
    private readonly TopUpStore store;
    private readonly RefundSteps steps;
    private readonly RefundCalls calls;
    private readonly ILogger<RefundDesk> log;

    internal RefundDesk(Database database, TopUpStore store, RefundSteps steps, RefundCalls calls, ILogger<RefundDesk> log) =>
        (this.database, this.store, this.steps, this.calls, this.log) = (database, store, steps, calls, log);

    /// <param name="amountMinor">In the currency that was paid; null: all that is left.</param>
    /// <param name="reason">1 to 200 characters.</param>
    /// <param name="by">Who asks, 1 to 100 characters.</param>
    public async Task<RefundAnswer> AskAsync(Guid topUpId, long? amountMinor, string reason, string by, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(reason.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reason.Length, Refund.MaxReason);
        ArgumentOutOfRangeException.ThrowIfZero(by.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(by.Length, 100);
        RefundAnswer answer = new RefundAnswer.NotFound();
        await store.TakeAsync(
            topUpId,
            (topUp, payments) =>
            {
                var (step, refund, problem) = steps.Ask(topUp, payments, amountMinor, reason, by);
                answer = problem is { } known ? new RefundAnswer.Refused(known) : new RefundAnswer.Asked(refund!, payments.First(payment => payment.Id == refund!.PaymentId).Gateway);
                return step;
            },
            cancellation: cancellation);
        return answer;
    }

    /// <summary>A person gives up a refund that the gateway has refused. False: there is none of that number before a person.</summary>
    public async Task<bool> WithdrawAsync(Guid refundId, CancellationToken cancellation) =>
        await LoadAsync(refundId, cancellation) is { } seen && await TakeAsync(seen, (topUp, payments, refund) => steps.Withdraw(topUp, payments, refund), null, cancellation) is not null;

    /// <summary>The refunds of a top-up, oldest first.</summary>
    public Task<IReadOnlyList<Refund>> OfAsync(Guid topUpId, CancellationToken cancellation) => store.LoadRefundsAsync(topUpId, cancellation);

    /// <summary>The handler of <see cref="RefundSteps.PartWork"/>.</summary>
    internal async Task<WorkVerdict> HandleAsync(WorkItem item, CancellationToken cancellation)
    {
        if (await LoadAsync(item.Subject, cancellation) is not { State: RefundState.Requested or RefundState.NeedsReview } refund
            || await store.LoadPaymentAsync(refund.PaymentId, cancellation) is not { PaidAmount: { } paid } payment)
        {
            return new WorkVerdict.Finished();
        }

        var order = new RefundOrder(refund.TopUpId, payment.Key, refund.Number, refund.Amount, paid, refund.Reason);
        switch (await calls.AskAsync(payment.Gateway, order, item, cancellation))
        {
            case RefundStatus.Refunded:
                var done = await TakeAsync(refund, (topUp, payments, now) => steps.Done(topUp, payments, now), item.Finish(), cancellation);
                CrashPoint.Reach(CrashPoint.RefundCommitted);
                return done is null ? new WorkVerdict.Finished() : new WorkVerdict.Committed();
            case RefundStatus.Rejected rejected:
                log.LogError("refund {Refund} needs a person: {Reason}", refund.Id, rejected.Reason);
                return await TakeAsync(refund, (topUp, _, now) => steps.Refused(topUp, now), item.Bury(rejected.Reason), cancellation) is null ? new WorkVerdict.Dead(rejected.Reason) : new WorkVerdict.Committed();
            case var undecided:
                return calls.Wait(undecided, refund.RequestedAt);
        }
    }

    private async Task<Refund?> LoadAsync(Guid refundId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(refundId).Number;
        await using var db = database.Open();
        return await db.Set<RefundRow>().AsNoTracking().FirstOrDefaultAsync(r => r.Cell == cell && r.Id == refundId, cancellation) is { } row ? Refund.Read(row) : null;
    }

    /// <summary>The refund's row is read within the decision, or it would stay stale.</summary>
    private Task<Step?> TakeAsync(Refund seen, Func<TopUp, IReadOnlyList<Payment>, Refund, Step?> decide, RowChange? work, CancellationToken cancellation) => store.TakeAsync(
        seen.TopUpId,
        async (topUp, payments) => await LoadAsync(seen.Id, cancellation) is { } now ? decide(topUp, payments, now) : null,
        work,
        cancellation);
}
