using System.CommandLine;
using System.Globalization;
using Refill.Catalogue;
using Refill.Units;

namespace Refill.Server;

/// <summary>Exchange rates from a file, and which one holds.</summary>
internal static class FxCommands
{
    public static Command Import()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CSV with the columns from, to, rate, source, taken_at" };
        var import = new Command("import", "Import rates: all or nothing, every bad row listed; the newest by taken_at holds") { file };
        import.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            var source = parsed.GetRequiredValue(file);
            if (!source.Exists)
            {
                return await Commands.RefuseAsync(parsed, $"there is no file {source.FullName}");
            }

            await using var stream = source.OpenRead();
            var report = await provider.GetRequiredService<FxImport>().ImportAsync(stream, cancellation);
            foreach (var problem in report.Problems)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync(problem);
            }

            await Commands.Output(parsed).WriteLineAsync(report.Problems.Count == 0 ? $"{report.Imported} rates imported" : "nothing was imported");
            return report.Problems.Count == 0 ? Commands.Fine : Commands.Wrong;
        }, cancellation));
        return import;
    }

    public static Command Show()
    {
        var show = new Command("show", "Show the rate that quotes are made with now");
        show.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var rates = provider.GetRequiredService<FxRates>();
            var (set, quoted) = (await rates.CurrentAsync(Currency.Usd, Currency.Cny, cancellation), await rates.ForQuotesAsync(Currency.Usd, Currency.Cny, cancellation));
            await Commands.Output(parsed).WriteLineAsync(set is null
                ? "no rate was ever set"
                : $"set:    1 USD = {Number(set)} CNY, {set.Source}, {set.TakenAt:u}\nquotes: {(quoted is null ? "none: it is older than fx-max-age-hours" : $"1 USD = {Number(quoted)} CNY, a margin of {quoted.MarginBasisPoints / 100m:0.##} % included")}");
            return quoted is null ? Commands.Wrong : Commands.Fine;
        }, cancellation));
        return show;
    }

    private static string Number(FxRate rate) => (rate.RateMicro / 1_000_000m).ToString("0.00####", CultureInfo.InvariantCulture);
}
