using System.CommandLine;
using Refill.Catalogue;
using Refill.Units;

namespace Refill.Server;

/// <summary>What is sold, from files (docs/catalogue-format.md).</summary>
internal static class CatalogueCommands
{
    public static Command Catalogue()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CSV or XLSX as docs/catalogue-format.md says" };
        var map = new Option<FileInfo?>("--map") { Description = "how somebody else's price list is read (docs/catalogue-format.md)" };
        var preview = new Option<bool>("--preview") { Description = "only say what would change, a line a plan" };
        var leaveOut = new Option<bool>("--leave-bad-out") { Description = "rows that cannot be read do not keep the others out; not together with --withdraw-missing" };
        var from = new Option<string?>("--prices-from") { Description = "since when the prices hold, an instant such as 2026-12-01T00:00-05:00; since now if not given" };
        var withdraw = new Option<bool>("--withdraw-missing") { Description = "withdraw the plans of the file's carriers that the file does not name" };
        var import = new Command("import", "Import plans and prices: all or nothing, every bad row listed") { file, map, preview, leaveOut, from, withdraw };
        import.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            var begins = default(DateTimeOffset);
            if (parsed.GetValue(from) is { } text && !Moment.TryParse(text, out begins))
            {
                return await Commands.RefuseAsync(parsed, "allowed: an instant with its offset, such as 2026-12-01T00:00-05:00");
            }

            await using var stream = await Commands.OpenAsync(parsed, file);
            if (stream is null)
            {
                return Commands.Misused;
            }

            var options = new ImportOptions(TimeProvider.System.GetUtcNow())
            {
                Mapping = parsed.GetValue(map) is { } mapping ? PriceListMapping.Read(await File.ReadAllBytesAsync(mapping.FullName, cancellation)) : null,
                WithdrawMissing = parsed.GetValue(withdraw),
                LeaveBadOut = parsed.GetValue(leaveOut),
                Preview = parsed.GetValue(preview),
                PricesFrom = parsed.GetValue(from) is null ? null : begins,
            };
            var report = await provider.GetRequiredService<CatalogueImport>().ImportAsync(stream, options, cancellation);
            string[] lines =
            [
                .. options.Preview ? report.Changes.Select(change => change.ToString()) : [],
                .. report.Skipped.Concat(report.Done ? report.Bad : []).Select(row => $"left out: {row}"),
                options.Preview && report.Done ? $"would be: {report}" : report.ToString(),
            ];
            await Commands.Output(parsed).WriteLineAsync(string.Join(Environment.NewLine, lines));
            return report is { Done: true, Bad.Count: 0 } ? Commands.Fine : Commands.Wrong;
        }, cancellation));
        return new Command("catalogue", "What is sold") { import };
    }
}
