using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Archive;

/// <summary>
/// What leaves the database with a month, as one moment's view has it: the top-ups that had ended when the month did, those left over from months before too, and every transfer of that time that is about none of those
/// which stay. Top-ups and transfers come in the order of what they are about, so that a top-up and its transfers stand together and neither side is held in memory.
/// </summary>
internal sealed class Leaving : IAsyncDisposable
{
    /// <summary>
    /// A top-up that still changed this shortly before the month's end leaves with the next: its transfers, whose ids are made a moment before or after, then certainly lie in the months that leave.
    /// It is also how far apart the clocks of nodes may be.
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    private readonly RefillDb[] views;
    private readonly List<IAsyncDisposable> snapshots = [];
    private readonly Database database;
    private readonly Guid end;
    private readonly Guid marginEnd;

    private Leaving(Database database, Month month)
    {
        (this.database, end, marginEnd) = (database, month.Next.FirstId, Months.FirstIdAt(month.Next.Start + Margin));
        Month = month;

        // PostgreSQL answers one question at a time on a connection; SQLite many, and one connection is one view.
        views = new RefillDb[database.Options.Kind == DatabaseKind.Postgres ? 4 : 1];
        for (var view = 0; view < views.Length; view++)
        {
            views[view] = database.Open();
        }
    }

    public Month Month { get; }

    /// <summary>Top-ups of the month and of those before that stay in the database: few, as nearly all have ended.</summary>
    public HashSet<Guid> Staying { get; } = [];

    /// <summary>The transfers that stay with them; known when all lines have been read.</summary>
    public List<Guid> StayingTransfers { get; } = [];

    public static async Task<Leaving> OpenAsync(Database database, Month month, CancellationToken cancellation)
    {
        var leaving = new Leaving(database, month);
        try
        {
            await leaving.BeginAsync(cancellation);
            return leaving;
        }
        catch
        {
            await leaving.DisposeAsync();
            throw;
        }
    }

    /// <summary>Once.</summary>
    /// <exception cref="InvalidOperationException">A row stands in another cell than its id says, or has no terms: `refill verify` says more. Damage is not put away.</exception>
    /// <exception cref="InvalidDataException">A transfer's postings cannot be read.</exception>
    public async IAsyncEnumerable<ArchiveLine> LinesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        short[] ended = [.. Transitions.Final.Select(state => (short)state)];
        var before = Month.Next.Start - Margin;
        await using var topUps = await Sorted.ByAsync(
            View(0).Set<TopUpRow>().AsNoTracking().Where(t => t.Id < end && ended.Contains(t.State) && t.UpdatedAt < before).OrderBy(t => t.Id).AsAsyncEnumerable(), row => row.Id, cancellation);
        await using var transfers = await Sorted.ByAsync(
            View(1).Set<TransferRow>().AsNoTracking().Where(t => t.Id < end).OrderBy(t => t.Subject).ThenBy(t => t.Id).AsAsyncEnumerable(), row => row.Subject, cancellation);
        await using var payments = await Sorted.ByAsync(
            View(2).Set<PaymentRow>().AsNoTracking().Where(p => p.TopUpId < end).OrderBy(p => p.TopUpId).ThenBy(p => p.CreatedAt).ThenBy(p => p.Id).AsAsyncEnumerable(), row => row.TopUpId, cancellation);
        await using var steps = await Sorted.ByAsync(
            View(3).Set<TopUpStepRow>().AsNoTracking().Where(s => s.TopUpId < end).OrderBy(s => s.TopUpId).ThenBy(s => s.TopUpVersion).AsAsyncEnumerable(), row => row.TopUpId, cancellation);
        var termsTold = new HashSet<Guid>();
        while (topUps.Current is not null || transfers.Current is not null)
        {
            var subject = topUps.Current is null ? transfers.Key : transfers.Current is null || topUps.Key.CompareTo(transfers.Key) <= 0 ? topUps.Key : transfers.Key;
            var stays = Staying.Contains(subject) || (subject.CompareTo(end) >= 0 && subject.CompareTo(marginEnd) < 0);
            foreach (var topUp in await topUps.TakeAsync(subject))
            {
                if (stays)
                {
                    continue;
                }

                if (termsTold.Add(topUp.TermsId))
                {
                    yield return await TermsAsync(topUp.TermsId, cancellation);
                }

                yield return ArchiveLine.TopUp.Of(
                    InItsCell(topUp, topUp.Cell, topUp.Id), (await payments.TakeAsync(subject)).Select(row => InItsCell(row, row.Cell, row.Id)), (await steps.TakeAsync(subject)).Select(row => InItsCell(row, row.Cell, row.Id)));
            }

            for (; transfers.Current is { } transfer && transfer.Subject == subject; await transfers.NextAsync())
            {
                if (stays)
                {
                    StayingTransfers.Add(transfer.Id);
                }
                else
                {
                    yield return ArchiveLine.Transfer.Of(InItsCell(transfer, transfer.Cell, transfer.Id));
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var snapshot in snapshots)
        {
            await snapshot.DisposeAsync();
        }

        foreach (var view in views)
        {
            await view.DisposeAsync();
        }
    }

    private RefillDb View(int number) => views[number % views.Length];

    private async Task BeginAsync(CancellationToken cancellation)
    {
        string? shared = null;
        foreach (var view in views)
        {
            view.Database.SetCommandTimeout(0); // A month is sorted before its first row comes.
            snapshots.Add(await view.SnapshotAsync(cancellation));
            if (database.Options.Kind == DatabaseKind.Postgres)
            {
                // All connections see the same moment.
                if (shared is not null)
                {
                    await using var share = view.Database.GetDbConnection().CreateCommand();
                    share.CommandText = $"SET TRANSACTION SNAPSHOT '{shared}'";
                    await share.ExecuteNonQueryAsync(cancellation);
                }

                shared ??= await view.Database.SqlQueryRaw<string>("SELECT pg_export_snapshot() AS \"Value\"").SingleAsync(cancellation);
            }
        }

        var db = views[0];
        short[] ended = [.. Transitions.Final.Select(state => (short)state)];
        short[] endedPayments = [.. Transitions.FinalForPayments.Select(state => (short)state)];
        var (before, work, payments) = (Month.Next.Start - Margin, db.Set<WorkRow>(), db.Set<PaymentRow>());
        foreach (var staying in new[]
        {
            db.Set<TopUpRow>().Where(t => t.Id < end && !(ended.Contains(t.State) && t.UpdatedAt < before)).Select(t => t.Id),
            // Given back by hand: few, and they stay.
            db.Set<RefundRow>().Where(r => r.TopUpId < end).Select(r => r.TopUpId),
            payments.Where(p => p.TopUpId < end && !endedPayments.Contains(p.State)).Select(p => p.TopUpId),
            work.Where(w => w.Subject < end && db.Set<TopUpRow>().Any(t => t.Cell == w.Cell && t.Id == w.Subject)).Select(w => w.Subject),
            work.Join(payments, w => new { w.Cell, Id = w.Subject }, p => new { p.Cell, p.Id }, (w, p) => p.TopUpId).Where(id => id < end),
        })
        {
            await foreach (var id in staying.AsAsyncEnumerable().WithCancellation(cancellation))
            {
                Staying.Add(id);
            }
        }
    }

    private async Task<ArchiveLine.Terms> TermsAsync(Guid id, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var row = await db.Set<TermsRow>().AsNoTracking().FirstOrDefaultAsync(terms => terms.Id == id, cancellation) ?? throw new InvalidOperationException($"there are no terms {id}");
        using var detail = System.Text.Json.JsonDocument.Parse(row.Detail);
        return new ArchiveLine.Terms(id, detail.RootElement.Clone());
    }

    /// <summary>A file keeps no cells: they are the last bytes of ids.</summary>
    private static TRow InItsCell<TRow>(TRow row, short cell, Guid id) => CellId.CellOf(id).Number == cell ? row : throw new InvalidOperationException($"{id} stands in cell {cell}: run `refill verify`");

    /// <summary>Rows that come in the order of a key, of which the next is always in hand.</summary>
    private sealed class Sorted<TRow>(IAsyncEnumerator<TRow> rows, Func<TRow, Guid> key) : IAsyncDisposable
        where TRow : class
    {
        public TRow? Current { get; private set; }

        public Guid Key => key(Current!);

        public async ValueTask NextAsync() => Current = await rows.MoveNextAsync() ? rows.Current : null;

        /// <summary>Those of this key; those before it are passed over.</summary>
        public async ValueTask<List<TRow>> TakeAsync(Guid wanted)
        {
            var taken = new List<TRow>();
            for (; Current is { } row && Key.CompareTo(wanted) is var order && order <= 0; await NextAsync())
            {
                if (order == 0)
                {
                    taken.Add(row);
                }
            }

            return taken;
        }

        public ValueTask DisposeAsync() => rows.DisposeAsync();
    }

    private static class Sorted
    {
        public static async Task<Sorted<TRow>> ByAsync<TRow>(IAsyncEnumerable<TRow> rows, Func<TRow, Guid> key, CancellationToken cancellation)
            where TRow : class
        {
            var sorted = new Sorted<TRow>(rows.GetAsyncEnumerator(cancellation), key);
            await sorted.NextAsync();
            return sorted;
        }
    }
}
