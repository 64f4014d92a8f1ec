using System.Globalization;
using Refill.Bench.Ledger;
using Refill.Cards;
using Refill.Customers;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Bench.TopUps;

/// <summary>
/// Durable top-ups through HTTP: the real server in a process of its own, the load in another, against what the same machine does without a ledger (Kestrel), with one transaction for
/// each (the server with groups of one), and with PostgreSQL's own bench. At the end every acknowledged order is counted in the database, and the books are audited.
/// </summary>
internal static class TopUpsBench
{
    private const string Plan = "refill-mobile-pass-24h";
    private const string Carrier = "refill-mobile";
    private const int Wallets = 256;

    /// <summary>What is put into each wallet, and into the one that pays for everything: more than can be spent while it is measured.</summary>
    private const int Credits = 4;
    private const int HotCredits = 200;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (TopUpsOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(TopUpsOptions.Usage);
            return 2;
        }

        var sound = true;
        if (options.Sqlite)
        {
            await using var database = await BenchDatabase.SqliteAsync();
            sound &= await MeasureAsync(database, options, options.Callers ?? 256, null, output);
        }

        if (options.Postgres is { } postgres)
        {
            await using var database = await BenchDatabase.PostgresAsync(postgres);
            sound &= await MeasureAsync(database, options, options.Callers ?? 512, postgres, output);
        }

        return sound ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(BenchDatabase database, TopUpsOptions options, int callers, string? postgres, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("refill-topups-").FullName;
        try
        {
            await output.WriteLineAsync($"\n{await database.DurabilityAsync()}; {Environment.ProcessorCount} processors, shared by server, load and database; {options.Cards} cards, {(options.Hot ? 1 : Wallets)} wallets; {options.Seconds} s a row after {options.WarmUpSeconds} s");
            await using var ledger = new GeneralLedger(database.Database);
            await using var book = new CardBook(database.Database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: true), TimeProvider.System);
            await new Filling(database, book, Carrier).FillAsync(0, options.Cards, withPostings: false);
            var keys = await FundAsync(database.Database, ledger);
            var load = new LoadPlan([], [], "", callers, options.Seconds, options.WarmUpSeconds, 0, Plan, "", options.Hot ? keys[..1] : keys, options.Cards);
            var acknowledged = 0L;
            async Task<(LoadResult Load, MemoryUse Memory)> ServeAsync(LoadPlan plan, int nodes = 1, params string[] settings)
            {
                var result = await Servers.ServeAsync(database.Database, folder, nodes, settings, ports => plan with { Ports = ports });
                acknowledged += result.Load.All;
                return result;
            }

            var (many, memory) = await ServeAsync(load with { Run = "many" });
            bool Wanted(string row) => options.Rows.Contains(row);
            var single = Wanted("single") ? (await ServeAsync(load with { Run = "single" }, 1, "--commit-group", "1", "--committers", "8")).Load : null;
            var kestrel = Wanted("kestrel") ? await Servers.BareAsync(ports => load with { Ports = ports, Run = "bare" }) : null;
            var pgbench = postgres is not null && Wanted("pgbench") ? await PgBench.MeasureAsync(database, postgres, options.Seconds) : ((double, double)?)null;
            var one = Wanted("one") ? (await ServeAsync(load with { Callers = 1, Run = "one" })).Load : null;
            var bareOne = Wanted("one") ? await Servers.BareAsync(ports => load with { Ports = ports, Callers = 1, Run = "bare one" }) : null;
            var half = Wanted("half") ? (await ServeAsync(load with { PerSecond = many.PerSecond / 2, Run = "half" })).Load : null;
            var hot = Wanted("hot") ? (await ServeAsync(load with { Keys = keys[..1], Run = "hot" })).Load : null;
            var two = postgres is not null && Wanted("two") ? (await ServeAsync(load with { Run = "two" }, 2)).Load : null;
            LoadResult? filled = null;
            if (options.Filled > 0)
            {
                await new Filling(database, book, Carrier).FillAsync(options.Cards, options.Filled, withPostings: true);
                filled = (await ServeAsync(load with { Run = "filled", Cards = options.Cards + options.Filled })).Load;
            }

            var stored = await CompletedAsync(database.Database);
            var findings = await new LedgerAudit(database.Database).RunAsync();
            var report = new Report(
                database.Name, callers, options.Hot, Round(many.PerSecond), many.P50Milliseconds, many.P99Milliseconds, Round(pgbench?.Item1), Round(kestrel?.PerSecond), Round(single?.PerSecond),
                one?.P50Milliseconds, Wanted("one") ? Math.Round(Disk.FsyncMilliseconds(), 3) : null, bareOne?.P50Milliseconds, half?.P99Milliseconds, pgbench?.Item2, Round(hot?.PerSecond), Round(two?.PerSecond),
                options.Filled, Round(filled?.PerSecond), Round(memory.QuarterMegabytes), Round(memory.EndMegabytes), Round(memory.MostMegabytes), Round(memory.Seconds), Math.Round(many.Used.Load / options.Seconds / Environment.ProcessorCount, 2), Round(kestrel?.MicrosecondsPerOrder.Total),
                Math.Round(many.MicrosecondsPerOrder.Servers, 1), Math.Round(many.MicrosecondsPerOrder.Database, 1), Math.Round(many.MicrosecondsPerOrder.Load, 1),
                stored == acknowledged && findings.All(finding => finding.ProblemCount == 0) && many.Refused.Count == 0);
            await report.WriteAsync(output, many, acknowledged, stored, findings);
            return report.Sound;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Funded wallets and a key for each, as their own code makes them. The first wallet can pay for everything.</summary>
    private static async Task<List<string>> FundAsync(Database database, GeneralLedger ledger)
    {
        var time = TimeProvider.System;
        var (wallets, apiKeys, keys) = (new Wallets(database, ledger, time), new ApiKeys(database, time), new List<string>());
        for (var number = 0; number < Wallets; number++)
        {
            var wallet = await wallets.OpenAsync($"wallet {number}", default);
            for (var credit = 0; credit < (number == 0 ? HotCredits : Credits); credit++)
            {
                await wallets.CreditAsync(wallet.Id, Payments.Wallets.Wallets.MostAtOnce, "bench", $"{credit}", default);
            }

            keys.Add((await apiKeys.CreateAsync(wallet.Id, "bench", [ApiScope.TopUpsWrite], default)).Presented);
        }

        return keys;
    }

    private static async Task<long> CompletedAsync(Database database)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        (command.CommandTimeout, command.CommandText) = (0, $"SELECT count(*) FROM top_up WHERE state = {(int)TopUpState.Completed}");
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private static double Round(double value) => Math.Round(value, 1);

    private static double? Round(double? value) => value is { } x ? Math.Round(x, 1) : null;
}
