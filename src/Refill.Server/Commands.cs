using System.CommandLine;
using System.CommandLine.Parsing;
using System.Data.Common;
using System.Net.Sockets;
using Refill.Archive;
using Refill.Cards;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;
using Refill.Work;

namespace Refill.Server;

/// <summary>The command line: the server by default, and what an operator does beside it.</summary>
internal static class Commands
{
    internal const int Fine = 0;
    internal const int Wrong = 1;
    internal const int Misused = 2;

    /// <summary>How long a command may take to end after Ctrl+C or SIGTERM; the server's requests under way get <see cref="WebHost.PatienceAtStop"/> of it.</summary>
    private static readonly TimeSpan PatienceAtStop = WebHost.PatienceAtStop * 2;

    private static readonly Option<string?> File = new("--settings") { Description = "a JSON file of setting names and texts", Recursive = true };

    private static readonly IReadOnlyDictionary<Setting, Option<string?>> Options = Settings.All.ToDictionary(
        setting => setting,
        setting => new Option<string?>($"--{setting.Name}")
        {
            Description = $"{setting.Purpose}. {setting.Allowed}{(setting.Default is { } text ? $"; default {text}" : "")}; {setting.EnvironmentName}",
            Recursive = true,
            HelpName = "text",
        });

    /// <summary>Does what the command line says.</summary>
    /// <returns>0: done. 1: done, and something is wrong with what was looked at, or the server has failed. 2: not done; the error says what must be mended first.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellation = default)
    {
        // No response files: a text that begins with @ is a text.
        var parsed = Root().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var code = await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = PatienceAtStop }, cancellation);
        return parsed.Errors.Count > 0 ? Misused : code;
    }

    private static RootCommand Root()
    {
        var root = new RootCommand("Refill: keep prepaid US data cards alive. Without a command it runs the server (and, in the demo, its sandbox).") { File };
        foreach (var option in Options.Values)
        {
            root.Options.Add(option);
        }

        root.SetAction((parsed, cancellation) => WithSettings(parsed, settings => WebHost.RunAsync(settings, Output(parsed), cancellation)));
        root.Subcommands.Add(Verify());
        root.Subcommands.Add(ArchiveCommand.Archive());
        root.Subcommands.Add(CatalogueCommands.Catalogue());
        root.Subcommands.Add(OfferCommands.Offers());
        root.Subcommands.Add(FxCommands.ExchangeRates());
        root.Subcommands.Add(Work());
        root.Subcommands.Add(RefundCommands.Refund());
        root.Subcommands.Add(GatewayCommands.Gateways());
        root.Subcommands.Add(ReconcileCommands.Reconcile());
        root.Subcommands.Add(ReconcileCommands.Discrepancies());
        root.Subcommands.Add(BankCommands.Bank());
        root.Subcommands.Add(Schema());
        root.Subcommands.Add(CustomerCommands.Wallet());
        root.Subcommands.Add(CustomerCommands.Keys());
        root.Subcommands.Add(ReviewCommands.Reviews());
        return root;
    }

    private static Command Verify()
    {
        var command = new Command("verify", "Recompute every balance and check every invariant, over the database and its archives; exit code 0 only if nothing is wrong");
        command.SetAction((parsed, cancellation) => WithGround(parsed, Needs.Database, provider => VerifyCommand.RunAsync(provider, Output(parsed), cancellation), cancellation));
        return command;
    }

    /// <summary>Prints; opens no database.</summary>
    private static Command Schema()
    {
        var distribute = new Option<string>("--distribute") { Description = "citus", Required = true };
        distribute.AcceptOnlyFromAmong("citus");
        var command = new Command("schema", "Print the SQL that spreads the tables over several PostgreSQL servers (docs/scaling.md)") { distribute };
        command.SetAction(async (parsed, _) =>
        {
            await Output(parsed).WriteAsync(Distribution.ForCitus());
            return Fine;
        });
        return command;
    }

    private static Command Work()
    {
        var work = new Command("work", "List what the machine has given up and a person must look at");
        work.SetAction((parsed, cancellation) => WithGround(parsed, Needs.Database, async provider =>
        {
            var dead = await provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(cancellation);
            await Output(parsed).WriteLineAsync(dead.Count == 0 ? "nothing waits for a person" : $"{dead.Count} wait for a person:");
            foreach (var item in dead)
            {
                await Output(parsed).WriteLineAsync($"{CellId.ToText(item.Id)}  {item.CreatedAt:u}  {item.Kind,-16} about {item.Subject}  tries {item.Attempts}  {item.LastError}");
            }

            return Fine;
        }, cancellation));
        var id = new Argument<string>("ID") { Description = "as listed" };
        var retry = new Command("retry", "Have the machine try it again, now") { id };
        retry.SetAction((parsed, cancellation) => WithGround(parsed, Needs.Database, async provider =>
        {
            var wanted = (await provider.GetRequiredService<TopUpAudit>().DeadWorkAsync(cancellation)).FirstOrDefault(item => CellId.ToText(item.Id) == parsed.GetRequiredValue(id));
            if (wanted is null)
            {
                return await RefuseAsync(parsed, "there is no such work waiting for a person");
            }

            var again = (wanted with { Attempts = 0 }).Again(TimeProvider.System.GetUtcNow(), "tried again by hand");
            var outcome = await provider.GetRequiredService<GeneralLedger>().CommitAsync(new Commit(wanted.Cell) { Rows = [again] }, cancellation);
            await Output(parsed).WriteLineAsync(outcome is CommitOutcome.Committed ? "it is due now" : "somebody else took it up meanwhile");
            return Fine;
        }, cancellation));
        work.Subcommands.Add(retry);
        return work;
    }

    internal static TextWriter Output(ParseResult parsed) => parsed.InvocationConfiguration.Output;

    /// <param name="needs">Whether the database must be there, as a command that only looks wants it: a mistyped path must not look like an installation where all is well.</param>
    internal static Task<int> WithGround(ParseResult parsed, Needs needs, Func<IServiceProvider, Task<int>> run, CancellationToken cancellation) =>
        WithServices(parsed, needs, (services, settings) => services.AddGround(settings), run, cancellation);

    /// <summary>With gateways and journeys besides, for a command that asks the outside world; the server may run at the same time.</summary>
    internal static Task<int> WithJourneys(ParseResult parsed, Func<IServiceProvider, Task<int>> run, CancellationToken cancellation) =>
        WithServices(parsed, Needs.Database, (services, settings) => services.AddGround(settings).AddJourneys(settings), run, cancellation);

    /// <summary>A file that an operator names, for reading; null: it is not there, and the error says so.</summary>
    internal static async Task<FileStream?> OpenAsync(ParseResult parsed, Argument<FileInfo> file)
    {
        var source = parsed.GetRequiredValue(file);
        if (source.Exists)
        {
            return source.OpenRead();
        }

        await RefuseAsync(parsed, $"there is no file {source.FullName}");
        return null;
    }

    /// <summary>Says what must be mended first.</summary>
    internal static async Task<int> RefuseAsync(ParseResult parsed, string why)
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync(why);
        return Misused;
    }

    private static Task<int> WithServices(ParseResult parsed, Needs needs, Func<IServiceCollection, Settings, IServiceCollection> add, Func<IServiceProvider, Task<int>> run, CancellationToken cancellation) =>
        WithSettings(parsed, async settings =>
        {
            await using var provider = add(new ServiceCollection().AddLogging(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning)), settings).BuildServiceProvider();
            var database = provider.GetRequiredService<Database>();
            await (needs == Needs.Database ? database.CheckAsync(cancellation) : database.MigrateAsync(cancellation));
            return await run(provider);
        });

    private static async Task<int> WithSettings(ParseResult parsed, Func<Settings, Task<int>> run)
    {
        Settings? settings = null;
        try
        {
            CrashPoint.Check();
            var given = Options.Where(option => parsed.GetResult(option.Value) is OptionResult { Implicit: false })
                .ToDictionary(option => option.Key.Name, option => parsed.GetValue(option.Value) ?? "");
            settings = Settings.Read(given, Environment.GetEnvironmentVariables(), parsed.GetValue(File));
            return await run(settings);
        }
        catch (Exception error) when (error is DbException or DatabaseUnfitException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"refill: the database {settings?.DatabaseName}: {error.Message}");
            return Misused;
        }
        catch (Exception error) when (error is SettingException or MappingException or ArchiveUnfitException or KeyFileException or GatewaySettingException or ArgumentException or IOException or UnauthorizedAccessException or SocketException)
        {
            // Of the edge: what an operator can mend is said in one line; anything else is a surprise and shows its stack.
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"refill: {error.Message}");
            return Misused;
        }
    }

    internal enum Needs
    {
        /// <summary>The database is made, or brought up to date, if need be.</summary>
        Nothing,
        Database,
    }
}
