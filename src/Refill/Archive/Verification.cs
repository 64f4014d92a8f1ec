using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Archive;

/// <summary>What a whole verification found.</summary>
/// <param name="Notes">What is no damage, and to be known: archives whose files are not at hand.</param>
public sealed record Verified(IReadOnlyList<AuditFinding> Findings, IReadOnlyList<string> Notes);

/// <summary>
/// `refill verify`: the files of the archive are what was written, and every law holds over them and the database together. Nothing moves to the archive meanwhile. A file is read once by itself, once for the top-ups and
/// as often as the ledger's audit reads the database; nothing of it is held in memory.
/// </summary>
public sealed class Verification(Database database, string folder)
{
    /// <summary>How many subjects of a half moved archive are looked for in the database at once.</summary>
    private const int MaxAtOnce = 500;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    /// <param name="patience">How long to wait for another process that archives, or verifies.</param>
    /// <returns>Null: it was still at it.</returns>
    public async Task<Verified?> RunAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await using (var alone = await Removal.TryBeginAsync(database, cancellation))
            {
                if (alone is not null)
                {
                    return await RunAsync(cancellation);
                }
            }

            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                return null;
            }

            await Task.Delay(BetweenTries, cancellation);
        }
    }

    private async Task<Verified> RunAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await db.Set<ArchiveRow>().AsNoTracking().OrderBy(row => row.Month).ToListAsync(cancellation);
        var (files, notes, problems, lines) = (new List<ArchiveRow>(), new List<string>(), new List<string>(), 0L);
        foreach (var row in rows)
        {
            switch (await LookAsync(row, cancellation))
            {
                case (var examined, null, null):
                    lines += examined;
                    files.Add(row);
                    break;
                case (_, { } note, _):
                    notes.Add(note);
                    break;
                case (_, _, { } problem):
                    problems.Add(problem);
                    break;
            }
        }

        var lost = rows.Except(files).ToList();
        var sums = Tallies.Sum(lost.Select(row => row.Sums));
        var moving = rows.Where(row => row.State == (short)ArchiveState.Moving).Select(EndOf).DefaultIfEmpty(Guid.Empty).Max();
        var ledger = new LedgerAudit(database, new ArchivedLedger(stop => TransfersAsync(files, stop), lost.Count == 0 ? null : new NotAtHand(sums, lost.Max(EndOf))));
        var topUps = new TopUpAudit(database);
        return new Verified(
            [
                new AuditFinding("archives: every file is as it was written, and holds as much as it says", lines, problems, problems.Count),
                .. await ledger.RunAsync(cancellation),
                .. await topUps.RunAsync(new ArchivedTopUps(stop => TopUpsAsync(files, stop), sums, moving), cancellation),
            ],
            notes);
    }

    /// <summary>How many lines it has; or what is to be known; or what is wrong.</summary>
    private async Task<(long Lines, string? Note, string? Problem)> LookAsync(ArchiveRow row, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(Path.Combine(folder, row.File));
        try
        {
            if (!File.Exists(path))
            {
                return row.State == (short)ArchiveState.Moving
                    ? (0, null, $"{row.Month} is half moved, and there is no {path}")
                    : (0, $"archive {row.Month} is not at hand: there is no {path}", null);
            }

            if (!(await ArchiveFile.HashAsync(path, cancellation)).AsSpan().SequenceEqual(row.Sha256))
            {
                return (0, null, $"{path} is not the file that was written: its SHA-256 is another ({new FileInfo(path).Length} bytes, {row.Bytes} were written)");
            }

            var (lines, topUps, transfers, month) = (0L, 0L, 0L, "");
            foreach (var (_, line) in ArchiveFile.Read(path))
            {
                cancellation.ThrowIfCancellationRequested();
                lines++;
                topUps += line is ArchiveLine.TopUp ? 1 : 0;
                transfers += line is ArchiveLine.Transfer ? 1 : 0;
                month = line is ArchiveLine.Header header ? header.Month : month;
            }

            return (month, topUps, transfers) == (row.Month, row.TopUps, row.Transfers)
                ? (lines, null, null)
                : (0, null, $"{path} holds {topUps} top-ups and {transfers} transfers of {month}; {row.TopUps} and {row.Transfers} of {row.Month} were written");
        }
        catch (InvalidDataException damaged)
        {
            return (0, null, damaged.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (0, $"archive {row.Month} is not at hand: {error.Message}", null);
        }
    }

    private async IAsyncEnumerable<ArchivedTransfer> TransfersAsync(List<ArchiveRow> files, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var row in files)
        {
            await foreach (var subject in GoneAsync(row, cancellation))
            {
                foreach (var transfer in subject.Transfers)
                {
                    yield return new ArchivedTransfer(transfer.Id, transfer.ToRow().Postings);
                }
            }
        }
    }

    private async IAsyncEnumerable<ArchivedTopUp> TopUpsAsync(List<ArchiveRow> files, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var row in files)
        {
            await foreach (var subject in GoneAsync(row, cancellation))
            {
                if (subject.TopUp is { } topUp)
                {
                    yield return new ArchivedTopUp(
                        topUp.ToRow(), [.. topUp.Payments.Select(payment => payment.ToRow(topUp.Id))], [.. topUp.Steps.Select(step => step.ToRow(topUp.Id))], [.. subject.Transfers.Select(transfer => transfer.ToRow())]);
                }
            }
        }
    }

    /// <summary>What the file holds and the database does not: all of it, but for what changed before it could be removed, and, while the archive is half moved on SQLite, what is still to be removed.</summary>
    private async IAsyncEnumerable<ArchivedSubject> GoneAsync(ArchiveRow row, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var revived = Removal.RevivedOf(row);
        foreach (var piece in ArchiveFile.Subjects(Path.Combine(folder, row.File)).Where(subject => subject.TopUp is null || !revived.Contains(subject.TopUp.Id)).Chunk(MaxAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            var there = row.State == (short)ArchiveState.Moving && database.Options.Kind == DatabaseKind.Sqlite ? await ThereAsync(piece, cancellation) : [];
            foreach (var subject in piece)
            {
                // A top-up and its transfers go in one transaction; so do the transfers about something else.
                if (!there.Contains(KeyOf(subject)))
                {
                    yield return subject;
                }
            }
        }
    }

    private async Task<HashSet<Guid>> ThereAsync(ArchivedSubject[] piece, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var keys = piece.Select(KeyOf).ToList();
        var cells = keys.Select(key => (short)CellId.CellOf(key).Number).Distinct().ToList();
        return
        [
            .. await db.Set<TopUpRow>().Where(t => cells.Contains(t.Cell) && keys.Contains(t.Id)).Select(t => t.Id).ToListAsync(cancellation),
            .. await db.Set<TransferRow>().Where(t => cells.Contains(t.Cell) && keys.Contains(t.Id)).Select(t => t.Id).ToListAsync(cancellation),
        ];
    }

    private static Guid KeyOf(ArchivedSubject subject) => subject.TopUp?.Id ?? subject.Transfers[0].Id;

    private static Guid EndOf(ArchiveRow row) => Month.TryParse(row.Month, out var month) ? month.Next.FirstId : throw new InvalidOperationException($"the archive '{row.Month}' is of no month");
}
