using System.CommandLine;
using Refill.Archive;
using Refill.Storage;
using Refill.Units;

namespace Refill.Server;

/// <summary>The operator's commands for the archive: move months there, and look something up in it.</summary>
internal static class ArchiveCommand
{
    public static Command Archive()
    {
        var month = new Option<string?>("--month") { Description = "YYYY-MM: this month, though retention-months would keep it; months move in their order" };
        var archive = new Command("archive", "Move all months that are due out of the database, each into a file of the archive, the oldest first") { month };
        archive.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var archivist = provider.GetRequiredService<Archivist>();
            if (parsed.GetValue(month) is { } text)
            {
                return Month.TryParse(text, out var wanted)
                    ? await TellAsync(parsed, await archivist.MoveAsync(wanted, cancellation), wanted)
                    : await RefuseAsync(parsed, $"'{text}' is no month; allowed: YYYY-MM, such as 2026-01");
            }

            return provider.GetRequiredService<ArchiveOptions>().RetentionMonths is { } retention
                ? await TellAsync(parsed, await archivist.MoveDueAsync(retention, cancellation), null)
                : await RefuseAsync(parsed, "no month is ever due: retention-months is not set. --month names one to move");
        }, cancellation));
        archive.Subcommands.Add(Show());
        return archive;
    }

    private static Command Show()
    {
        var id = new Argument<string>("ID") { Description = "of a top-up or transfer: 22 characters as in addresses, or 36 as in the database" };
        var show = new Command("show", "Print what the archive holds of one top-up or transfer, as a line of JSON") { id };
        show.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var text = parsed.GetRequiredValue(id);
            if (!CellId.TryParse(text, out var wanted) && !Guid.TryParseExact(text, "D", out wanted))
            {
                return await RefuseAsync(parsed, "that is no id: it has 22 characters, or 36 with hyphens");
            }

            var found = await provider.GetRequiredService<ArchiveSearch>().FindAsync(wanted, cancellation);
            if (found.Line is not null)
            {
                await Commands.Output(parsed).WriteLineAsync(found.Line);
                return Commands.Fine;
            }

            return await RefuseAsync(parsed, found.NotAtHand.Count == 0 ? "it is not in the archive" : $"it is not in the archive, as far as that is at hand; not at hand: {string.Join(", ", found.NotAtHand)}");
        }, cancellation));
        return show;
    }

    private static async Task<int> TellAsync(ParseResult parsed, ArchiveOutcome outcome, Month? wanted)
    {
        switch (outcome)
        {
            case ArchiveOutcome.Moved moved:
                foreach (var month in moved.Months)
                {
                    await Commands.Output(parsed).WriteLineAsync($"{month.Month}: {month.TopUps:N0} top-ups and {month.Transfers:N0} transfers are in {month.File} ({month.Bytes:N0} bytes); {month.Staying:N0} top-ups have not ended and stay");
                }

                if (moved.Months.Count == 0)
                {
                    await Commands.Output(parsed).WriteLineAsync("no month is due");
                }

                return Commands.Fine;
            case ArchiveOutcome.UnderWay:
                return await RefuseAsync(parsed, "another process is moving months, or verifying");
            case ArchiveOutcome.NotOver:
                return await RefuseAsync(parsed, $"{wanted} has not been over for a day");
            case ArchiveOutcome.OutOfOrder early:
                return await RefuseAsync(parsed, $"{early.First} comes first: months move in their order");
            default:
                return await RefuseAsync(parsed, $"there is nothing of {wanted} to move: it has moved already, or there never was anything");
        }
    }

    private static async Task<int> RefuseAsync(ParseResult parsed, string reason)
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync(reason);
        return Commands.Misused;
    }
}
