using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Server;

/// <summary>The command line: the server by default, and what an operator does beside it.</summary>
internal static class Commands
{
    private const int Fine = 0;
    private const int Wrong = 1;
    private const int Misused = 2;

    private static readonly Option<string?> File = new("--settings") { Description = "a JSON file of setting names and texts", Recursive = true };

    private static readonly IReadOnlyDictionary<Setting, Option<string?>> Options = Settings.All.ToDictionary(
        setting => setting,
        setting => new Option<string?>($"--{setting.Name}")
        {
            Description = $"{setting.Purpose}. {setting.Allowed}{(setting.Default is { } text ? $"; default {text}" : "")}; {setting.EnvironmentName}",
            Recursive = true,
            HelpName = "text",
        });

    public static RootCommand Root()
    {
        var root = new RootCommand("Refill: keep prepaid US data cards alive. Without a command it runs the server (and, in the demo, its sandbox).") { File };
        foreach (var option in Options.Values)
        {
            root.Options.Add(option);
        }

        root.SetAction((parsed, cancellation) => WithSettings(parsed, settings => WebHost.RunAsync(settings, cancellation)));
        root.Subcommands.Add(Verify());
        root.Subcommands.Add(Catalogue());
        root.Subcommands.Add(ExchangeRate());
        root.Subcommands.Add(Work());
        return root;
    }

    private static Command Verify()
    {
        var command = new Command("verify", "Recompute every balance and check every invariant; exit code 0 only if nothing is wrong");
        command.SetAction((parsed, cancellation) => WithGround(parsed, (provider, _) => VerifyCommand.RunAsync(provider, Console.Out, cancellation)));
        return command;
    }

    private static Command Catalogue()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CSV as docs/catalogue-format.md says" };
        var withdraw = new Option<bool>("--withdraw-missing") { Description = "withdraw the plans of the file's carriers that the file does not name" };
        var import = new Command("import", "Import plans and prices: all or nothing, every bad row listed") { file, withdraw };
        import.SetAction((parsed, cancellation) => WithGround(parsed, async (provider, _) =>
        {
            var source = parsed.GetRequiredValue(file);
            if (!source.Exists)
            {
                await Console.Error.WriteLineAsync($"there is no file {source.FullName}");
                return Misused;
            }

            await using var stream = source.OpenRead();
            var report = await provider.GetRequiredService<CatalogueImport>().ImportAsync(stream, TimeProvider.System.GetUtcNow(), parsed.GetValue(withdraw), cancellation);
            await Console.Out.WriteLineAsync(report.ToString());
            return report.Done ? Fine : Wrong;
        }));
        return new Command("catalogue", "What is sold") { import };
    }

    private static Command ExchangeRate()
    {
        var from = new Argument<string>("FROM") { Description = "USD" };
        var to = new Argument<string>("TO") { Description = "CNY" };
        var rate = new Argument<string>("RATE") { Description = "units of TO for one unit of FROM, such as 7.1034" };
        var source = new Option<string>("--source") { Description = "who says so; shown to customers", Required = true };
        var set = new Command("set", "Set the rate that quotes are made with from now on") { from, to, rate, source };
        set.SetAction((parsed, cancellation) => WithGround(parsed, async (provider, _) =>
        {
            if (Currency.Find(parsed.GetRequiredValue(from)) is not { } sold || Currency.Find(parsed.GetRequiredValue(to)) is not { } paid
                || !decimal.TryParse(parsed.GetRequiredValue(rate), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number is < 0.01m or > 100m || decimal.Round(number, 6) != number)
            {
                await Console.Error.WriteLineAsync("allowed: USD CNY and a rate from 0.01 to 100 with at most six decimals");
                return Misused;
            }

            await provider.GetRequiredService<FxRates>().SetAsync(sold, paid, (long)(number * 1_000_000m), parsed.GetRequiredValue(source), TimeProvider.System.GetUtcNow(), cancellation);
            await Console.Out.WriteLineAsync($"1 {sold} is {number} {paid} from now on");
            return Fine;
        }));
        return new Command("fx", "Exchange rates") { set };
    }

    private static Command Work()
    {
        var work = new Command("work", "List what the machine has given up and a person must look at");
        work.SetAction((parsed, cancellation) => WithGround(parsed, async (provider, _) =>
        {
            var dead = await provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(cancellation);
            await Console.Out.WriteLineAsync(dead.Count == 0 ? "nothing waits for a person" : $"{dead.Count} wait for a person:");
            foreach (var item in dead)
            {
                await Console.Out.WriteLineAsync($"{CellId.ToText(item.Id)}  {item.CreatedAt:u}  {item.Kind,-16} about {item.Subject}  tries {item.Attempts}  {item.LastError}");
            }

            return Fine;
        }));
        var id = new Argument<string>("ID") { Description = "as listed" };
        var retry = new Command("retry", "Have the machine try it again, now") { id };
        retry.SetAction((parsed, cancellation) => WithGround(parsed, async (provider, _) =>
        {
            var wanted = (await provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(cancellation)).FirstOrDefault(item => CellId.ToText(item.Id) == parsed.GetRequiredValue(id));
            if (wanted is null)
            {
                await Console.Error.WriteLineAsync("there is no such work waiting for a person");
                return Misused;
            }

            var again = (wanted with { Attempts = 0 }).Again(TimeProvider.System.GetUtcNow(), "tried again by hand");
            var outcome = await provider.GetRequiredService<GeneralLedger>().CommitAsync(new Commit(wanted.Cell) { Rows = [again] }, cancellation);
            await Console.Out.WriteLineAsync(outcome is CommitOutcome.Committed ? "it is due now" : "somebody else took it up meanwhile");
            return Fine;
        }));
        work.Subcommands.Add(retry);
        return work;
    }

    private static Task<int> WithGround(ParseResult parsed, Func<IServiceProvider, Settings, Task<int>> run) => WithSettings(parsed, async settings =>
    {
        var services = new ServiceCollection().AddLogging(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning)).AddGround(settings);
        await using var provider = services.BuildServiceProvider();
        if (settings.Database.Kind == DatabaseKind.Sqlite)
        {
            Directory.CreateDirectory(settings.Data);
        }

        await provider.GetRequiredService<Database>().MigrateAsync();
        return await run(provider, settings);
    });

    private static async Task<int> WithSettings(ParseResult parsed, Func<Settings, Task<int>> run)
    {
        try
        {
            CrashPoint.Check();
            var given = Options.Where(option => parsed.GetResult(option.Value) is OptionResult { Implicit: false })
                .ToDictionary(option => option.Key.Name, option => parsed.GetValue(option.Value) ?? "");
            return await run(Settings.Read(given, Environment.GetEnvironmentVariables(), parsed.GetValue(File)));
        }
        catch (Exception error) when (error is SettingException or ArgumentException or IOException or UnauthorizedAccessException or System.Data.Common.DbException)
        {
            // Of the edge: what an operator can mend is said in one line; anything else is a surprise and shows its stack.
            await Console.Error.WriteLineAsync($"refill: {error.Message}");
            return Misused;
        }
    }
}
