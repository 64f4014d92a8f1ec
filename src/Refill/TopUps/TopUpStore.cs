using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>Reads top-ups with their payments, and commits their steps.</summary>
internal sealed class TopUpStore(Database database, GeneralLedger ledger, TermsBook book, WorkBell bell, TopUpChanges changes, TimeProvider time, ILogger<TopUpStore> log)
{
    /// <summary>How often a step is decided anew because somebody else took one in between.</summary>
    private const int MaxDecisions = 8;

    // Every step of every journey asks these. Compiled, they cost EF Core half of what they do else (docs/performance.md); a compiled query belongs to one model, so each database has its own.
    private readonly Func<RefillDb, short, Guid, CancellationToken, Task<TopUpRow?>> topUpOf =
        EF.CompileAsyncQuery((RefillDb db, short cell, Guid id, CancellationToken _) => db.Set<TopUpRow>().AsNoTracking().FirstOrDefault(t => t.Cell == cell && t.Id == id));

    private readonly Func<RefillDb, short, Guid, IAsyncEnumerable<PaymentRow>> paymentsOf =
        EF.CompileAsyncQuery((RefillDb db, short cell, Guid topUpId) => db.Set<PaymentRow>().AsNoTracking().Where(p => p.Cell == cell && p.TopUpId == topUpId));

    private readonly Func<RefillDb, short, Guid, CancellationToken, Task<PaymentRow?>> paymentOf =
        EF.CompileAsyncQuery((RefillDb db, short cell, Guid id, CancellationToken _) => db.Set<PaymentRow>().AsNoTracking().FirstOrDefault(p => p.Cell == cell && p.Id == id));

    public async Task<(TopUp TopUp, IReadOnlyList<Payment> Payments)?> LoadAsync(Guid topUpId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(topUpId).Number;
        await using var db = database.Open();
        var row = await topUpOf(db, cell, topUpId, cancellation);
        if (row is null)
        {
            return null;
        }

        var payments = await paymentsOf(db, cell, topUpId).ToListAsync(cancellation);
        var topUp = await TopUp.ReadAsync(row, book, cancellation);
        var known = payments.OrderBy(p => p.CreatedAt).ThenBy(p => p.Id).Select(Payment.Read);
        return (topUp, Payment.OfItself(topUp) is { } own && payments.All(p => p.Id != own.Id) ? [own, .. known] : [.. known]);
    }

    public async Task<Payment?> LoadPaymentAsync(Guid paymentId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(paymentId).Number;
        await using var db = database.Open();
        var row = await paymentOf(db, cell, paymentId, cancellation);
        return row is null ? null : Payment.Read(row);
    }

    /// <summary>Given back by hand, oldest first.</summary>
    public async Task<IReadOnlyList<Refund>> LoadRefundsAsync(Guid topUpId, CancellationToken cancellation)
    {
        short cell = CellId.CellOf(topUpId).Number;
        await using var db = database.Open();
        return [.. (await db.Set<RefundRow>().AsNoTracking().Where(r => r.Cell == cell && r.TopUpId == topUpId).ToListAsync(cancellation)).OrderBy(r => r.Ordinal).Select(Refund.Read)];
    }

    /// <param name="orderCode">As OrderCode.TryParse gives it.</param>
    /// <param name="lastFour">Null: whoever asks may see any (an operator).</param>
    public async Task<Guid?> FindByCodeAsync(Cell cell, string orderCode, string? lastFour, CancellationToken cancellation)
    {
        short number = cell.Number;
        await using var db = database.Open();
        var rows = db.Set<TopUpRow>().AsNoTracking().Where(t => t.Cell == number);
        var found = OrderCode.IdsOf(orderCode, time.GetUtcNow()) is var (first, last)
            ? (await rows.Where(t => t.Id >= first && t.Id <= last && t.OrderCode == null).ToListAsync(cancellation)).Where(t => OrderCode.Of(t.Id) == orderCode)
            : await rows.Where(t => t.OrderCode == orderCode).ToListAsync(cancellation);
        foreach (var row in found)
        {
            if (lastFour is null || (await TopUp.ReadAsync(row, book, cancellation)).LastFour == lastFour)
            {
                return row.Id;
            }
        }

        return null;
    }

    /// <summary>Makes pending work about this subject due now; writes new work if none is pending.</summary>
    /// <param name="unbury">Also work that was laid before a person, who has done their part.</param>
    public async Task HurryAsync(Guid subject, string kind, CancellationToken cancellation, bool unbury = false)
    {
        var cell = CellId.CellOf(subject);
        short number = cell.Number;
        await using var db = database.Open();
        var row = await db.Set<WorkRow>().AsNoTracking()
            .FirstOrDefaultAsync(w => w.Cell == number && w.Subject == subject && w.Kind == kind && (unbury || w.State == (short)WorkState.Pending), cancellation);
        var now = time.GetUtcNow();
        if (row is { State: (short)WorkState.Pending } && (row.DueAt <= now || row.LeaseUntil > now))
        {
            return; // Being done, or about to be.
        }

        // Stale: somebody has just taken it up, which is what was wanted.
        await ledger.CommitAsync(new Commit(cell) { Rows = [row?.ToItem().Again(now) ?? WorkItem.Schedule(cell, kind, subject, now, time)] }, cancellation);
        bell.Ring();
    }

    /// <summary>
    /// Loads, lets <paramref name="decide"/> take a step, and commits it; decides again when somebody else was faster.
    /// </summary>
    /// <param name="work">Work that this step finishes, in the same commit, if it takes one.</param>
    /// <returns>The step taken, or null if there was none to take (or the top-up does not exist).</returns>
    public Task<Step?> TakeAsync(Guid topUpId, Func<TopUp, IReadOnlyList<Payment>, Step?> decide, RowChange? work = null, CancellationToken cancellation = default) =>
        TakeAsync(topUpId, (topUp, payments) => Task.FromResult(decide(topUp, payments)), work, cancellation);

    /// <summary>The same, for a step that also changes rows of others: whatever it sets from must be read within <paramref name="decide"/>, or it stays stale.</summary>
    public Task<Step?> TakeAsync(Guid topUpId, Func<TopUp, IReadOnlyList<Payment>, Task<Step?>> decide, RowChange? work = null, CancellationToken cancellation = default) =>
        TakeAsync(topUpId, null, decide, work, cancellation);

    /// <summary>The same, for a caller that has just read or written it: that is decided on first, and it is read only if there is no step to take from that, or somebody else was faster.</summary>
    public Task<Step?> TakeAsync((TopUp TopUp, IReadOnlyList<Payment> Payments) seen, Func<TopUp, IReadOnlyList<Payment>, Task<Step?>> decide, RowChange? work = null, CancellationToken cancellation = default) =>
        TakeAsync(seen.TopUp.Id, seen, decide, work, cancellation);

    private async Task<Step?> TakeAsync(Guid topUpId, (TopUp TopUp, IReadOnlyList<Payment> Payments)? seen, Func<TopUp, IReadOnlyList<Payment>, Task<Step?>> decide, RowChange? work, CancellationToken cancellation)
    {
        var step = seen is var (known, itsPayments) ? await decide(known, itsPayments) : null;
        for (var decision = 1; decision <= MaxDecisions; decision++, step = null)
        {
            if (step is null && (await LoadAsync(topUpId, cancellation) is not var (topUp, payments) || (step = await decide(topUp, payments)) is null))
            {
                return null;
            }

            step = PromotionUses.Settle(step, time);
            switch (await CommitAsync(step, null, work, cancellation))
            {
                case CommitOutcome.Committed:
                    return step;
                case CommitOutcome.BelowFloor refused when step.IfUsedUp is { } other && PromotionUses.RefusedBy(refused, step.After.Sale!, step.After.CardId) is not null:
                    step = PromotionUses.Settle(other, time);
                    if (await CommitAsync(step, null, work, cancellation) is CommitOutcome.Committed)
                    {
                        return step;
                    }

                    continue;
                case CommitOutcome.Stale { Table: "work" }:
                    return null; // The lease ran out and another node does this work now.
                case CommitOutcome.Stale:
                    continue;
                case var outcome:
                    throw new InvalidOperationException($"the step '{step.Name}' of top-up {topUpId} was refused: {outcome}");
            }
        }

        throw new InvalidOperationException($"top-up {topUpId} changed {MaxDecisions} times while a step was decided");
    }

    public Task<CommitOutcome> CommitAsync(Step step, IdempotencyKey? key, RowChange? work, CancellationToken cancellation) =>
        WriteAsync(step, new Commit(step.After.Cell) { Key = key, Answer = key is null ? default : step.After.Id.ToByteArray(true) }, work, cancellation);

    /// <summary>A first step that a wallet pays for: the answer stands in the wallet's cell and says what is left in it.</summary>
    /// <param name="answersAtOnce">As <see cref="Commit.IsAnsweredAtOnce"/>.</param>
    public Task<CommitOutcome> CommitAsync(Step step, Cell walletCell, IdempotencyKey key, BalanceAnswer answer, bool answersAtOnce, CancellationToken cancellation) =>
        WriteAsync(step, new Commit(walletCell) { Key = key, BalanceAnswer = answer, IsAnsweredAtOnce = answersAtOnce }, null, cancellation);

    private async Task<CommitOutcome> WriteAsync(Step step, Commit commit, RowChange? work, CancellationToken cancellation)
    {
        var from = step.Before?.State ?? 0;
        if (!Transitions.Allow(from, step.After.State))
        {
            throw new InvalidOperationException($"a top-up cannot go from {from} to {step.After.State} ({step.Name}, {step.After.Id})");
        }

        var terms = await book.KeepAsync(step.After.Carrier, step.After.Plan, cancellation);
        var outcome = await ledger.CommitAsync(commit with { Rows = RowsOf(step, from, terms, work), Transfers = step.Transfers }, cancellation);
        if (outcome is CommitOutcome.Committed)
        {
            if (log.IsEnabled(LogLevel.Information))
            {
                log.LogInformation("top-up {Id}: {Step}, {From} to {To}", step.After.Id, step.Name, from, step.After.State);
            }

            TopUpMetrics.Stepped(step, from);
            changes.Tell(step.After.Id);
            if (step.Work.Any(item => item.DueAt <= time.GetUtcNow()))
            {
                bell.Ring();
            }
        }

        return outcome;
    }

    private ImmutableArray<RowChange> RowsOf(Step step, TopUpState from, Guid terms, RowChange? work)
    {
        var cell = step.After.Cell;
        var expected = step.Before?.Version ?? 0;
        var rows = ImmutableArray.CreateBuilder<RowChange>(3 + step.Payments.Length + step.Work.Length + step.Also.Length);
        rows.Add(step.After.Store(expected, terms));
        if (step.Before is not null || step.After.WalletId is null)
        {
            rows.Add(TopUpStepRow.Insert(cell, CellId.New(cell, time), step.After.Id, expected + 1, from, step.After.State, step.Name, time.GetUtcNow()));
        }

        foreach (var payment in step.Payments)
        {
            rows.Add(payment.Store(payment.Version));
        }

        foreach (var item in step.Work)
        {
            rows.Add(WorkItem.Schedule(cell, item.Kind, item.Subject, item.DueAt, time));
        }

        rows.AddRange(step.Also);
        if (work is not null)
        {
            rows.Add(work);
        }

        return rows.DrainToImmutable();
    }
}
