using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.Units;

namespace Refill.Archive;

/// <summary>The archive cannot be used as it is; the message says why and what to do.</summary>
public sealed class ArchiveUnfitException(string message) : Exception(message);

/// <summary>A month that has moved.</summary>
/// <param name="File">Its path.</param>
/// <param name="Staying">How many top-ups of that time have not ended, and stay in the database.</param>
public sealed record MovedMonth(Month Month, string File, long Bytes, long TopUps, long Transfers, int Staying);

/// <summary>What became of a wish to archive. A closed set.</summary>
public abstract record ArchiveOutcome
{
    private ArchiveOutcome()
    {
    }

    /// <summary>None: nothing was due.</summary>
    public sealed record Moved(IReadOnlyList<MovedMonth> Months) : ArchiveOutcome;

    /// <summary>Another process archives, or verifies.</summary>
    public sealed record UnderWay : ArchiveOutcome;

    /// <summary>A month may move when it has been over for a day.</summary>
    public sealed record NotOver : ArchiveOutcome;

    /// <summary>Months move in their order, and this one comes first.</summary>
    public sealed record OutOfOrder(Month First) : ArchiveOutcome;

    /// <summary>It has moved already, or there is nothing of it.</summary>
    public sealed record NothingThere : ArchiveOutcome;
}

/// <summary>Where a test stops it.</summary>
internal enum ArchivePoint
{
    Written,
    Booked,
    SomeRemoved,
    AllRemoved,
}

/// <summary>
/// Moves months out of the database, each into a file of its own (docs/decisions/archives.md): the file is written and on the disk; one commit says that it counts; then what it holds is taken out of the database.
/// It may be killed anywhere: before that commit there is a file that nobody knows, after it the next run takes out what is left.
/// </summary>
public sealed class Archivist
{
    /// <summary>How often a month is read anew because something in it changed while it was read.</summary>
    private const int MaxReadings = 3;

    /// <summary>How long a month must have been over: whatever was begun in it has been written.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromDays(1);

    private readonly Database database;
    private readonly string folder;
    private readonly TimeProvider time;
    private readonly int chunk;
    private readonly Action<ArchivePoint> reached;

    /// <param name="folder">Where the files are; it is made when there is one.</param>
    public Archivist(Database database, string folder, TimeProvider time)
        : this(database, folder, time, Removal.MaxChunk, _ => { })
    {
    }

    /// <param name="chunk">How many subjects one transaction removes.</param>
    internal Archivist(Database database, string folder, TimeProvider time, int chunk, Action<ArchivePoint> reached) =>
        (this.database, this.folder, this.time, this.chunk, this.reached) = (database, folder, time, chunk, reached);

    /// <summary>Moves all months that are due, the oldest first, after finishing what a run before has left half done.</summary>
    /// <param name="retentionMonths">How many whole months stay after the current one.</param>
    /// <exception cref="ArchiveUnfitException">A half moved file is not at hand or not what it was, or a month keeps changing.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public Task<ArchiveOutcome> MoveDueAsync(int retentionMonths, CancellationToken cancellation) => AloneAsync(
        async removal =>
        {
            var last = Month.Of(time.GetUtcNow()).Plus(-retentionMonths - 1);
            var moved = new List<MovedMonth>();
            while (await FirstAsync(last, cancellation) is { } month)
            {
                moved.Add(await MoveAsync(removal, month, cancellation));
            }

            return new ArchiveOutcome.Moved(moved);
        },
        cancellation);

    /// <summary>Moves this month, whether or not it is due.</summary>
    /// <exception cref="ArchiveUnfitException"><inheritdoc cref="MoveDueAsync"/></exception>
    /// <exception cref="IOException"><inheritdoc cref="MoveDueAsync"/></exception>
    public Task<ArchiveOutcome> MoveAsync(Month month, CancellationToken cancellation) => month.Next.Start + Settled > time.GetUtcNow()
        ? Task.FromResult<ArchiveOutcome>(new ArchiveOutcome.NotOver())
        : AloneAsync(
            async removal => await FirstAsync(month, cancellation) switch
            {
                null => new ArchiveOutcome.NothingThere(),
                { } first when first != month => new ArchiveOutcome.OutOfOrder(first),
                _ => new ArchiveOutcome.Moved([await MoveAsync(removal, month, cancellation)]),
            },
            cancellation);

    /// <summary>Finishes what a run before has left half done; moves no other month.</summary>
    /// <exception cref="ArchiveUnfitException"><inheritdoc cref="MoveDueAsync"/></exception>
    public Task<ArchiveOutcome> FinishAsync(CancellationToken cancellation) => AloneAsync(_ => Task.FromResult<ArchiveOutcome>(new ArchiveOutcome.Moved([])), cancellation);

    private async Task<ArchiveOutcome> AloneAsync(Func<Removal, Task<ArchiveOutcome>> move, CancellationToken cancellation)
    {
        await using var removal = await Removal.TryBeginAsync(database, cancellation);
        if (removal is null)
        {
            return new ArchiveOutcome.UnderWay();
        }

        List<ArchiveRow> halfMoved;
        await using (var db = database.Open())
        {
            halfMoved = await db.Set<ArchiveRow>().AsNoTracking().Where(row => row.State == (short)ArchiveState.Moving).OrderBy(row => row.Month).ToListAsync(cancellation);
        }

        foreach (var row in halfMoved)
        {
            await RemoveAsync(removal, row, cancellation);
        }

        return await move(removal);
    }

    /// <summary>The first month up to this one of which something is in the database; not counting what has stayed from months that have moved. Months of which there is nothing are passed over.</summary>
    private async Task<Month?> FirstAsync(Month last, CancellationToken cancellation)
    {
        var (from, to) = (await new ArchivedMonths(database).NewestAsync(cancellation) is { } newest ? newest.Next.FirstId : Guid.Empty, last.Next.FirstId);
        await using var db = database.Open();
        db.Database.SetCommandTimeout(0);
        Guid?[] oldest =
        [
            await db.Set<TopUps.TopUpRow>().Where(t => t.Id >= from && t.Id < to).OrderBy(t => t.Id).Select(t => (Guid?)t.Id).FirstOrDefaultAsync(cancellation),
            await db.Set<Ledger.TransferRow>().Where(t => t.Id >= from && t.Id < to).OrderBy(t => t.Id).Select(t => (Guid?)t.Id).FirstOrDefaultAsync(cancellation),
        ];
        return oldest.Min() is { } id ? Month.Of(CellId.TimeOf(id)) : null;
    }

    private async Task<MovedMonth> MoveAsync(Removal removal, Month month, CancellationToken cancellation)
    {
        for (var reading = 1; reading <= MaxReadings; reading++)
        {
            var firstNewId = Months.FirstIdAt(time.GetUtcNow() - Leaving.Margin);
            var (written, sums, leaving) = await WriteAsync(month, cancellation);
            reached(ArchivePoint.Written);
            var row = new ArchiveRow
            {
                Month = month.ToString(),
                File = written.File,
                Sha256 = written.Sha256,
                Bytes = written.Bytes,
                TopUps = written.TopUps,
                Transfers = written.Transfers,
                State = (short)ArchiveState.Moving,
                Sums = sums.Packed,
                CreatedAt = time.GetUtcNow(),
            };
            var path = await CheckAsync(row, cancellation); // Before anything leaves the database, the file is read back.
            foreach (var some in ArchiveFile.Subjects(path).SelectMany(AccountsWithoutRow).Chunk(chunk))
            {
                await removal.OpenAccountsAsync(some, cancellation);
            }

            if (await removal.BookAsync(row, leaving, firstNewId, cancellation))
            {
                reached(ArchivePoint.Booked);
                await RemoveAsync(removal, row, cancellation);
                return new MovedMonth(month, Path.Combine(folder, row.File), row.Bytes, row.TopUps, row.Transfers, leaving.Staying.Count);
            }
        }

        throw new ArchiveUnfitException($"top-ups of {month} changed each of the {MaxReadings} times that it was read; nothing was moved, try again later");
    }

    private async Task<(WrittenArchive Written, SharedSums Sums, Leaving Leaving)> WriteAsync(Month month, CancellationToken cancellation)
    {
        var (sums, topUp) = (new SharedSums(), (Guid?)null);
        await using var leaving = await Leaving.OpenAsync(database, month, cancellation);
        using var writer = new ArchiveWriter(folder, month, time.GetUtcNow());
        await foreach (var line in leaving.LinesAsync(cancellation))
        {
            writer.Write(line);
            topUp = line is ArchiveLine.TopUp { Id: var id } ? id : topUp;
            if (line is ArchiveLine.Transfer transfer)
            {
                sums.Add(transfer, transfer.Subject == topUp ? topUp : null);
            }
        }

        return (writer.Finish(), sums, leaving);
    }

    private static IEnumerable<Ledger.AccountRow> AccountsWithoutRow(ArchivedSubject subject) =>
        from transfer in subject.Transfers
        from posting in transfer.Postings
        where posting.Opens is not null
        select new Ledger.AccountRow
        {
            Cell = CellId.CellOf(posting.Account).Number,
            Id = posting.Account,
            Purpose = posting.Opens!,
            Unit = posting.Unit,
            Owner = transfer.Id,
            Floor = posting.Floor ?? 0,
            Balance = posting.BalanceAfter ?? 0,
            Postings = posting.Sequence ?? 0,
            LastTransfer = transfer.Id,
        };

    private async Task RemoveAsync(Removal removal, ArchiveRow row, CancellationToken cancellation)
    {
        var path = await CheckAsync(row, cancellation);
        var revived = Removal.RevivedOf(row);
        foreach (var some in ArchiveFile.Subjects(path).Where(subject => subject.TopUp is null || !revived.Contains(subject.TopUp.Id)).Chunk(chunk))
        {
            await removal.RemoveAsync(row, some, cancellation);
            reached(ArchivePoint.SomeRemoved);
        }

        reached(ArchivePoint.AllRemoved);
        await using var db = database.Open();
        await db.Set<ArchiveRow>().Where(archive => archive.Month == row.Month).ExecuteUpdateAsync(set => set.SetProperty(archive => archive.State, (short)ArchiveState.Moved), cancellation);
    }

    /// <returns>The file's path: it is there, and what it was.</returns>
    private async Task<string> CheckAsync(ArchiveRow row, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, row.File);
        if (!File.Exists(path))
        {
            throw new ArchiveUnfitException($"the archive {row.Month} is half moved, and its file is not at hand: put {row.File} back into {Path.GetFullPath(folder)}, or finish it where the file is");
        }

        return (await ArchiveFile.HashAsync(path, cancellation)).AsSpan().SequenceEqual(row.Sha256)
            ? path
            : throw new ArchiveUnfitException($"{path} is not the file that was written (its SHA-256 is another): nothing more leaves the database");
    }
}
