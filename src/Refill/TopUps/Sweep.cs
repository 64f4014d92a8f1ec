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

    /// <summary>How many are looked at in one run; the rest follow in the next.</summary>
    private const int MaxAtOnce = 200;

    private static readonly short[] Moving = [(short)TopUpState.AwaitingPayment, (short)TopUpState.Paid, (short)TopUpState.Fulfilling, (short)TopUpState.Refunding];

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
        var still = await db.Set<TopUpRow>().AsNoTracking()
            .Where(t => Moving.Contains(t.State) && t.UpdatedAt < before)
            .OrderBy(t => t.UpdatedAt).Take(MaxAtOnce)
            .Select(t => new { t.Cell, t.Id, t.State }).ToListAsync(cancellation);
        var ids = still.Select(t => t.Id).ToList();
        var payments = await db.Set<PaymentRow>().AsNoTracking()
            .Where(p => ids.Contains(p.TopUpId) || (p.State == (short)PaymentState.Refunding && p.RefundRequestedAt < before))
            .Select(p => new { p.Cell, p.Id, p.TopUpId, p.State }).Take(MaxAtOnce * 4).ToListAsync(cancellation);
        var wanted = new List<(short Cell, string Kind, Guid Subject)>();
        foreach (var topUp in still)
        {
            switch ((TopUpState)topUp.State)
            {
                case TopUpState.AwaitingPayment:
                    var open = payments.Where(p => p.TopUpId == topUp.Id && p.State == (short)PaymentState.Open).ToList();
                    wanted.AddRange(open.Select(p => (p.Cell, TopUpSteps.PaymentWork, p.Id)));
                    if (open.Count == 0)
                    {
                        wanted.Add((topUp.Cell, TopUpSteps.ExpireWork, topUp.Id));
                    }

                    break;
                case TopUpState.Paid or TopUpState.Fulfilling:
                    wanted.Add((topUp.Cell, TopUpSteps.DeliverWork, topUp.Id));
                    break;
            }
        }

        wanted.AddRange(payments.Where(p => p.State == (short)PaymentState.Refunding).Select(p => (p.Cell, TopUpSteps.RefundWork, p.Id)));
        var subjects = wanted.Select(w => w.Subject).ToList();
        var known = (await db.Set<WorkRow>().AsNoTracking().Where(w => subjects.Contains(w.Subject)).Select(w => new { w.Kind, w.Subject }).ToListAsync(cancellation))
            .Select(w => (w.Kind, w.Subject)).ToHashSet();
        var written = 0;
        foreach (var (cell, kind, subject) in wanted.Where(w => !known.Contains((w.Kind, w.Subject))))
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
}
