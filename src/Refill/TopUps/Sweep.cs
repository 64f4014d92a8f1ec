using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// The net under the outbox: finds top-ups (and refunds) that have stood still too long with no work pending for them, and gives them some.
/// In a sound system it finds nothing; each find is logged as a warning and counted.
/// </summary>
public sealed class Sweep(Database database, GeneralLedger ledger, WorkBell bell, TimeProvider time, ILogger<Sweep> log)
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>How long a top-up may stand still without work before it is taken for forgotten.</summary>
    public static readonly TimeSpan StillFor = TimeSpan.FromMinutes(10);

    /// <summary>How many of each kind are given work in one run; the rest follow in the next.</summary>
    private const int MaxAtOnce = 200;

    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                await OnceAsync(stopping);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The edge of the machine: a sweep that fails is tried again in a minute.
                log.LogError("the sweep failed: {Type}: {Error}", error.GetType().Name, error.Message);
            }
        }
    }

    /// <summary>One look.</summary>
    /// <returns>How many pieces of work were written.</returns>
    public async Task<int> OnceAsync(CancellationToken cancellation)
    {
        var before = time.GetUtcNow() - StillFor;
        await using var db = database.Open();
        var (work, payments) = (db.Set<WorkRow>(), db.Set<PaymentRow>());
        var still = db.Set<TopUpRow>().Where(t => t.UpdatedAt < before).OrderBy(t => t.UpdatedAt);

        // What has work is left out by the database itself, or the many that are only waiting would hide the one that is forgotten. Dead work counts: a person has it.
        var wanted = new List<Forgotten>();
        wanted.AddRange(await still
            .Where(t => t.State == (short)TopUpState.Paid || t.State == (short)TopUpState.Fulfilling)
            .Where(t => !work.Any(w => w.Cell == t.Cell && w.Subject == t.Id && w.Kind == TopUpSteps.DeliverWork))
            .Take(MaxAtOnce).Select(t => new Forgotten(t.Cell, TopUpSteps.DeliverWork, t.Id)).ToListAsync(cancellation));
        wanted.AddRange(await still
            .Where(t => t.State == (short)TopUpState.AwaitingPayment && !payments.Any(p => p.Cell == t.Cell && p.TopUpId == t.Id && p.State == (short)PaymentState.Open))
            .Where(t => !work.Any(w => w.Cell == t.Cell && w.Subject == t.Id && w.Kind == TopUpSteps.ExpireWork))
            .Take(MaxAtOnce).Select(t => new Forgotten(t.Cell, TopUpSteps.ExpireWork, t.Id)).ToListAsync(cancellation));
        wanted.AddRange(await payments
            .Where(p => p.State == (short)PaymentState.Open && p.CreatedAt < before && !work.Any(w => w.Cell == p.Cell && w.Subject == p.Id && w.Kind == TopUpSteps.PaymentWork))
            .OrderBy(p => p.CreatedAt).Take(MaxAtOnce).Select(p => new Forgotten(p.Cell, TopUpSteps.PaymentWork, p.Id)).ToListAsync(cancellation));
        wanted.AddRange(await payments
            .Where(p => p.State == (short)PaymentState.Refunding && p.RefundRequestedAt < before && !work.Any(w => w.Cell == p.Cell && w.Subject == p.Id && w.Kind == TopUpSteps.RefundWork))
            .OrderBy(p => p.CreatedAt).Take(MaxAtOnce).Select(p => new Forgotten(p.Cell, TopUpSteps.RefundWork, p.Id)).ToListAsync(cancellation));
        wanted.AddRange(await db.Set<RefundRow>()
            .Where(r => r.State == (short)RefundState.Requested && r.RequestedAt < before && !work.Any(w => w.Cell == r.Cell && w.Subject == r.Id && w.Kind == RefundSteps.PartWork))
            .OrderBy(r => r.RequestedAt).Take(MaxAtOnce).Select(r => new Forgotten(r.Cell, RefundSteps.PartWork, r.Id)).ToListAsync(cancellation));
        var written = 0;
        foreach (var (cell, kind, subject) in wanted)
        {
            log.LogWarning("{Subject} stood still without work; '{Kind}' is written anew", subject, kind);
            await ledger.CommitAsync(new Commit(new Cell((byte)cell)) { Rows = [WorkItem.Schedule(new Cell((byte)cell), kind, subject, time.GetUtcNow(), time)] }, cancellation);
            written++;
        }

        if (written > 0)
        {
            TopUpMetrics.Swept(written);
            bell.Ring();
        }

        return written;
    }

    private sealed record Forgotten(short Cell, string Kind, Guid Subject);
}
