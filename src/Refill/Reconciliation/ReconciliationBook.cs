using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Reconciliation;

/// <summary>The right to reconcile one day, for a while.</summary>
internal sealed record ReconciliationLease(Guid RowId, Guid Run, string Owner, string Gateway, DateOnly Day);

/// <summary>A difference as an operator sees it.</summary>
/// <param name="Id">As CellId.ToText writes it.</param>
public sealed record Discrepancy(string Id, string Gateway, string Day, DiscrepancyKind Kind, string Subject, Money? Ours, Money? Theirs, DateTimeOffset At, string Text, DiscrepancyState State, string? Note, string? ClosedBy);

/// <summary>What a gateway owes us at this moment: all that it took, less what went back, what it keeps as fees and what it has paid out.</summary>
/// <param name="GoingBack">As much of it as is reserved for refunds that it has not confirmed.</param>
public sealed record GatewayBalance(string Gateway, Money Owed, Money GoingBack);

/// <summary>What is known of each gateway's days, and of what differed.</summary>
public sealed class ReconciliationBook(Database database, TimeProvider time)
{
    public const int MostNote = 300;
    public const int MostListed = 1_000;

    /// <summary>How long a run may be silent before another takes its place; it says so after every thousand rows.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    /// <summary>How many subjects one query asks for.</summary>
    private const int Piece = 500;

    private readonly Dictionary<Guid, DateTimeOffset> renewed = [];

    /// <summary>What each of these gateways owes; one that has never been paid at is left out, and so are wallets, which are ours.</summary>
    public async Task<IReadOnlyList<GatewayBalance>> OwedAsync(PaymentGateways gateways, CancellationToken cancellation)
    {
        // By their ids, cell by cell: there is an account for each top-up, too.
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var pending = await Tallies.PendingAsync(db, cancellation);
        var outside = gateways.All.Where(gateway => gateway.Name != WalletGateway.GatewayName).OrderBy(gateway => gateway.Name, StringComparer.Ordinal).ToList();
        var sums = outside.ToDictionary(gateway => gateway, _ => (Clearing: 0L, InTransit: 0L, IsKnown: false));
        for (var number = 0; number < Cell.Count; number++)
        {
            var cell = new Cell((byte)number);
            var ids = outside.Select(gateway => (Gateway: gateway, Clearing: PaymentAccounts.Clearing(cell, gateway.Name, gateway.Currency).Id, InTransit: PaymentAccounts.InTransit(cell, gateway.Name, gateway.Currency).Id)).ToList();
            var wanted = ids.SelectMany(one => (Guid[])[one.Clearing, one.InTransit]).ToList();
            var found = await db.Set<AccountRow>().AsNoTracking().Where(a => a.Cell == number && wanted.Contains(a.Id)).Select(a => new { a.Id, a.Balance }).ToDictionaryAsync(a => a.Id, a => a.Balance, cancellation);
            foreach (var (gateway, clearing, inTransit) in ids)
            {
                var sum = sums[gateway];
                sums[gateway] = (sum.Clearing + Of(clearing), sum.InTransit + Of(inTransit), sum.IsKnown || found.ContainsKey(clearing));
            }

            long Of(Guid id) => found.GetValueOrDefault(id) + pending.GetValueOrDefault(id).Amount;
        }

        return [.. outside.Where(gateway => sums[gateway].IsKnown).Select(gateway => new GatewayBalance(gateway.Name, new Money(-sums[gateway].Clearing, gateway.Currency), new Money(sums[gateway].InTransit, gateway.Currency)))];
    }

    /// <summary>Null: somebody else is at it.</summary>
    internal async Task<ReconciliationLease?> TakeAsync(string gateway, DateOnly day, string owner, CancellationToken cancellation)
    {
        var (now, text, run) = (time.GetUtcNow(), Reconciler.Text(day), Guid.CreateVersion7(time.GetUtcNow()));
        var me = $"{owner} {run:N}";
        await using var db = database.Open();
        if (!await db.Set<ReconciliationRow>().AnyAsync(r => r.Gateway == gateway && r.Day == text, cancellation))
        {
            db.Add(new ReconciliationRow { Id = Guid.CreateVersion7(now), Gateway = gateway, Day = text, State = (short)ReconciliationState.Failed, StartedAt = now });
            try
            {
                await db.SaveChangesAsync(cancellation);
            }
            catch (DbUpdateException)
            {
                db.ChangeTracker.Clear(); // Another was faster; whose it is, the lease decides.
            }
        }

        var (until, moment) = ((now + Lease).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        var taken = await db.Set<ReconciliationRow>().Where(r => r.Gateway == gateway && r.Day == text && r.LeaseUntil < moment).ExecuteUpdateAsync(
            set => set.SetProperty(r => r.LeaseUntil, until).SetProperty(r => r.LeaseOwner, me).SetProperty(r => r.State, (short)ReconciliationState.Running).SetProperty(r => r.StartedAt, now), cancellation);
        var row = await db.Set<ReconciliationRow>().AsNoTracking().SingleAsync(r => r.Gateway == gateway && r.Day == text, cancellation);
        return taken == 1 && row.LeaseOwner == me ? new ReconciliationLease(row.Id, run, me, gateway, day) : null;
    }

    /// <summary>Says that the run still goes on; writes at most once in a minute.</summary>
    /// <exception cref="InvalidOperationException">Another has taken its place.</exception>
    internal async Task RenewAsync(ReconciliationLease lease, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        lock (renewed)
        {
            if (renewed.TryGetValue(lease.Run, out var last) && now - last < Lease / 5)
            {
                return;
            }

            renewed[lease.Run] = now;
        }

        await using var db = database.Open();
        await MineAsync(db, lease, set => set.SetProperty(r => r.LeaseUntil, (now + Lease).ToUnixTimeMilliseconds()), cancellation);
    }

    internal async Task FailAsync(ReconciliationLease lease, string why, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var trouble = why.Length > MostNote ? why[..MostNote] : why;
        await db.Set<ReconciliationRow>().Where(r => r.Id == lease.RowId && r.LeaseOwner == lease.Owner)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, 0).SetProperty(r => r.State, (short)ReconciliationState.Failed).SetProperty(r => r.Trouble, trouble), cancellation);
        Forget(lease);
    }

    internal async Task<ReconciliationRow> FinishAsync(ReconciliationLease lease, DayTally tally, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        await MineAsync(
            db, lease,
            set => set.SetProperty(r => r.LeaseUntil, 0).SetProperty(r => r.State, (short)ReconciliationState.Done).SetProperty(r => r.DoneAt, now).SetProperty(r => r.Trouble, (string?)null)
                .SetProperty(r => r.Rows, tally.Rows).SetProperty(r => r.Matched, tally.Matched).SetProperty(r => r.Currency, tally.Currency.Code)
                .SetProperty(r => r.OnlyTheirs, tally.Of(DiscrepancyKind.OnlyTheirs)).SetProperty(r => r.OnlyOurs, tally.Of(DiscrepancyKind.OnlyOurs))
                .SetProperty(r => r.AmountDiffers, tally.Of(DiscrepancyKind.AmountDiffers)).SetProperty(r => r.Others, tally.Of(DiscrepancyKind.Unexplained))
                .SetProperty(r => r.PaymentsMinor, tally.Payments).SetProperty(r => r.RefundsMinor, tally.Refunds).SetProperty(r => r.FeesMinor, tally.Fees).SetProperty(r => r.SettledMinor, tally.Settled),
            cancellation);
        Forget(lease);
        return await db.Set<ReconciliationRow>().AsNoTracking().SingleAsync(r => r.Id == lease.RowId, cancellation);
    }

    /// <summary>
    /// Writes down what differs, once; and settles what differed before and now stands in the statement and in our books alike: of this day (found no more), or of another whose payment this statement names.
    /// </summary>
    internal async Task KeepAsync(DayTally tally, CancellationToken cancellation)
    {
        var (now, day) = (time.GetUtcNow(), Reconciler.Text(tally.Day));
        await WriteAsync(tally.Gateway, day, tally.Differences, cancellation);
        await using var db = database.Open();
        var still = tally.Differences.Select(d => (d.Subject, (short)d.Kind)).ToHashSet();
        var open = await db.Set<DiscrepancyRow>().Where(d => d.Gateway == tally.Gateway && d.State == (short)DiscrepancyState.Open).ToListAsync(cancellation);
        foreach (var row in open.Where(row => !still.Contains((row.Subject, row.Kind)) && (row.Day == day || IsAgreed(row, tally))))
        {
            (row.State, row.ClosedAt, row.Note) = ((short)DiscrepancyState.Settled, now, $"agrees since the statement of {day} was read");
        }

        await db.SaveChangesAsync(cancellation);
    }

    /// <summary>Writes down what differs, once; what had come right and is wrong again is open again, and what a person has closed stays closed.</summary>
    /// <param name="day">Of the statement, yyyy-MM-dd.</param>
    internal async Task WriteAsync(string gateway, string day, IReadOnlyList<Difference> differences, CancellationToken cancellation)
    {
        foreach (var piece in differences.DistinctBy(d => (d.Subject, d.Kind)).Chunk(Piece))
        {
            try
            {
                await WriteAsync(gateway, day, piece, cancellation);
            }
            catch (DbUpdateException error) when (UniqueViolation.Is(error))
            {
                await WriteAsync(gateway, day, piece, cancellation); // Two imports of one bank's statement: what the other wrote is found now.
            }
        }
    }

    private async Task WriteAsync(string gateway, string day, Difference[] piece, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var subjects = piece.Select(d => d.Subject).ToList();
        var known = await db.Set<DiscrepancyRow>().Where(d => d.Gateway == gateway && subjects.Contains(d.Subject)).ToListAsync(cancellation);
        foreach (var found in piece)
        {
            var row = known.Find(d => d.Subject == found.Subject && d.Kind == (short)found.Kind);
            if (row is null)
            {
                row = new DiscrepancyRow { Id = Guid.CreateVersion7(now), Gateway = gateway, Kind = (short)found.Kind, Subject = found.Subject, State = (short)DiscrepancyState.Open, FoundAt = now };
                db.Add(row);
            }
            else if (row.State == (short)DiscrepancyState.Settled)
            {
                (row.State, row.ClosedAt, row.Note) = ((short)DiscrepancyState.Open, null, null); // It had come right, and is wrong again.
            }

            (row.Day, row.PaymentId, row.GatewayNumber, row.At, row.Text) = (day, found.PaymentId, found.GatewayNumber, found.At, found.Text);
            (row.OursMinor, row.TheirsMinor, row.Currency) = (found.Ours?.Minor, found.Theirs?.Minor, (found.Theirs ?? found.Ours)?.Currency.Code);
        }

        await db.SaveChangesAsync(cancellation);
    }

    internal async Task SettleAsync(string gateway, string subject, string note, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        await db.Set<DiscrepancyRow>().Where(d => d.Gateway == gateway && d.Subject == subject && d.State == (short)DiscrepancyState.Open)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.State, (short)DiscrepancyState.Settled).SetProperty(d => d.ClosedAt, now).SetProperty(d => d.Note, note), cancellation);
    }

    /// <summary>A person has looked. False: there is no open difference of that id.</summary>
    /// <param name="note">Why it is in order, 1 to 300 characters.</param>
    public async Task<bool> CloseAsync(Guid id, string by, string note, CancellationToken cancellation)
    {
        if (note.Length is 0 or > MostNote || by.Length is 0 or > 100)
        {
            throw new ArgumentException("a note of 1 to 300 characters and a name of 1 to 100 say who closed it and why");
        }

        await using var db = database.Open();
        var now = time.GetUtcNow();
        return await db.Set<DiscrepancyRow>().Where(d => d.Id == id && d.State == (short)DiscrepancyState.Open)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.State, (short)DiscrepancyState.Closed).SetProperty(d => d.ClosedAt, now).SetProperty(d => d.Note, note).SetProperty(d => d.ClosedBy, by), cancellation) == 1;
    }

    /// <summary>What waits for a person, oldest first; at most <see cref="MostListed"/>.</summary>
    public Task<IReadOnlyList<Discrepancy>> OpenAsync(CancellationToken cancellation) => ListAsync(rows => rows.Where(d => d.State == (short)DiscrepancyState.Open), cancellation);

    /// <summary>What differed in one day's statement, settled or not.</summary>
    public Task<IReadOnlyList<Discrepancy>> OfDayAsync(string gateway, DateOnly day, CancellationToken cancellation)
    {
        var text = Reconciler.Text(day);
        return ListAsync(rows => rows.Where(d => d.Gateway == gateway && d.Day == text), cancellation);
    }

    /// <summary>The newest days first; at most <paramref name="most"/>.</summary>
    public async Task<IReadOnlyList<ReconciliationRow>> DaysAsync(string? gateway, int most, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return await db.Set<ReconciliationRow>().AsNoTracking().Where(r => gateway == null || r.Gateway == gateway).OrderByDescending(r => r.Day).ThenBy(r => r.Gateway).Take(most).ToListAsync(cancellation);
    }

    public async Task<ReconciliationRow?> FindAsync(string gateway, DateOnly day, CancellationToken cancellation)
    {
        var text = Reconciler.Text(day);
        await using var db = database.Open();
        return await db.Set<ReconciliationRow>().AsNoTracking().SingleOrDefaultAsync(r => r.Gateway == gateway && r.Day == text, cancellation);
    }

    private async Task<IReadOnlyList<Discrepancy>> ListAsync(Func<IQueryable<DiscrepancyRow>, IQueryable<DiscrepancyRow>> which, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await which(db.Set<DiscrepancyRow>().AsNoTracking()).OrderBy(d => d.FoundAt).ThenBy(d => d.Id).Take(MostListed).ToListAsync(cancellation);
        return [.. rows.Select(d => new Discrepancy(
            CellId.ToText(d.Id), d.Gateway, d.Day, (DiscrepancyKind)d.Kind, d.Subject, MoneyOf(d.OursMinor, d.Currency), MoneyOf(d.TheirsMinor, d.Currency), d.At, d.Text, (DiscrepancyState)d.State, d.Note, d.ClosedBy))];
    }

    private static Money? MoneyOf(long? minor, string? currency) => minor is { } amount && Currency.Find(currency) is { } known ? new Money(amount, known) : null;

    /// <summary>Only ours until now, because their day ended between their clock and ours: this statement has it.</summary>
    private static bool IsAgreed(DiscrepancyRow row, DayTally tally) =>
        row is { Kind: (short)DiscrepancyKind.OnlyOurs, PaymentId: { } payment }
        && (row.Subject.StartsWith(DifferenceSubject.Refund(""), StringComparison.Ordinal) ? tally.SawRefund(row.Subject[DifferenceSubject.Refund("").Length..]) : tally.Saw(payment));

    private static async Task MineAsync(RefillDb db, ReconciliationLease lease, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<ReconciliationRow>> set, CancellationToken cancellation)
    {
        if (await db.Set<ReconciliationRow>().Where(r => r.Id == lease.RowId && r.LeaseOwner == lease.Owner).ExecuteUpdateAsync(set, cancellation) != 1)
        {
            throw new InvalidOperationException($"another has taken over the reconciliation of {lease.Gateway} of {Reconciler.Text(lease.Day)}");
        }
    }

    private void Forget(ReconciliationLease lease)
    {
        lock (renewed)
        {
            renewed.Remove(lease.Run);
        }
    }
}
