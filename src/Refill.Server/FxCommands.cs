using System.CommandLine;
using System.Globalization;
using Refill.Catalogue;
using Refill.Units;

namespace Refill.Server;

/// <summary>Exchange rates: set by hand or from a file, and which one holds.</summary>
internal static class FxCommands
{
    public static Command ExchangeRates() => new("fx", "Exchange rates") { Set(), Import(), Show() };

    private static Command Set()
    {
        var from = new Argument<string>("FROM") { Description = "USD" };
        var to = new Argument<string>("TO") { Description = "CNY" };
        var rate = new Argument<string>("RATE") { Description = "units of TO for one unit of FROM, such as 7.1034" };
        var source = new Option<string>("--source") { Description = "who says so; shown to customers", Required = true };
        var set = new Command("set", "Set the rate that quotes are made with from now on") { from, to, rate, source };
        set.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            if (FxImport.Rate(parsed.GetRequiredValue(from), parsed.GetRequiredValue(to), parsed.GetRequiredValue(rate), parsed.GetRequiredValue(source).Trim(), TimeProvider.System.GetUtcNow()) is not { } read)
            {
                return await Commands.RefuseAsync(parsed, "allowed: " + FxImport.Allowed);
            }

            await provider.GetRequiredService<FxRates>().SetAsync(read.From, read.To, read.RateMicro, read.Source, read.TakenAt, cancellation);
            await Commands.Output(parsed).WriteLineAsync($"1 {read.From} is {Number(read)} {read.To} from now on");
            return Commands.Fine;
        }, cancellation));
        return set;
    }

    private static Command Import()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CSV with the columns from, to, rate, source, taken_at" };
        var import = new Command("import", "Import rates: all or nothing, every bad row listed; the newest by taken_at holds") { file };
        import.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            await using var stream = await Commands.OpenAsync(parsed, file);
            if (stream is null)
            {
                return Commands.Misused;
            }

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

    private static Command Show()
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
