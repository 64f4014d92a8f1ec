using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Archive;

/// <summary>What was found of an id.</summary>
/// <param name="Line">As it stands in the file; null: it is in none that is at hand. Two lines, if a top-up and the transfer that made it have one id.</param>
/// <param name="NotAtHand">Months that it might be in, whose files are not there.</param>
public sealed record Found(string? Line, IReadOnlyList<string> NotAtHand);

/// <summary>Finds one top-up or transfer in the archive. It reads through the files of the months that may hold it, from its own on: what ended late left late.</summary>
public sealed class ArchiveSearch(Database database, string folder)
{
    /// <exception cref="ArchiveUnfitException">A file is damaged.</exception>
    public async Task<Found> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var notAtHand = new List<string>();
        foreach (var row in await db.Set<ArchiveRow>().AsNoTracking().OrderBy(row => row.Month).ToListAsync(cancellation))
        {
            if (!Month.TryParse(row.Month, out var month) || id.CompareTo(month.Next.FirstId) >= 0 || Removal.RevivedOf(row).Contains(id))
            {
                continue;
            }

            var path = Path.Combine(folder, row.File);
            if (!File.Exists(path))
            {
                notAtHand.Add(row.Month);
            }
            else if (Line(path, id, cancellation) is { } line)
            {
                return new Found(line, []);
            }
        }

        return new Found(null, notAtHand);
    }

    private static string? Line(string path, Guid id, CancellationToken cancellation)
    {
        try
        {
            var found = new List<string>();
            foreach (var (text, line) in ArchiveFile.Read(path))
            {
                cancellation.ThrowIfCancellationRequested();
                if (found.Count > 0 && line is not ArchiveLine.Transfer)
                {
                    break; // The transfers of a top-up stand behind it.
                }

                if (line is ArchiveLine.TopUp { Id: var topUp } && topUp == id || line is ArchiveLine.Transfer { Id: var transfer } && transfer == id)
                {
                    found.Add(text);
                }
            }

            return found.Count == 0 ? null : string.Join('\n', found);
        }
        catch (InvalidDataException damaged)
        {
            throw new ArchiveUnfitException($"{damaged.Message}; `refill verify` says whether it is the file that was written");
        }
    }
}
