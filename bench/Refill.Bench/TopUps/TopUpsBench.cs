using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Refill.Bench.Ledger;
using Refill.Cards;
using Refill.Carriers.Own;
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
    public const string Usage = """
        bench/run topups [--sqlite | --postgres CONNECTION] [--seconds N] [--callers N] [--cards N] [--hot]

          --sqlite               SQLite only (256 callers)
          --postgres CONNECTION  PostgreSQL only (512 callers); bench/run starts one of its own
          --seconds N            how long each row is measured, 2 to 600 (8)
          --callers N            how many callers wait at once, 1 to 2048
          --cards N              cards in the database, 2048 to 1000000 (20000)
          --hot                  one wallet pays for everything, instead of 256
        """;

    private const string Plan = "refill-mobile-pass-24h";
    private const string Carrier = "refill-mobile";
    private const double WarmUpSeconds = 2;
    private const int Wallets = 256;
    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Options(bool Sqlite, string? Postgres, double Seconds, int? Callers, int Cards, bool Hot);

    private sealed record Line(string Database, int Callers, bool Hot, double PerSecond, double P50Ms, double P99Ms, double P50OneCallerMs, double? PgbenchPerSecond, double KestrelPerSecond, double SinglePerSecond, double GeneratorProcessorShare, bool Sound);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var server = Environment.GetEnvironmentVariable("REFILL_TEST_SERVER") ?? throw new InvalidOperationException("REFILL_TEST_SERVER names no Refill.Server.dll; bench/run sets it");
        var sound = true;
        if (options.Sqlite)
        {
            await using var database = await BenchDatabase.SqliteAsync();
            sound &= await MeasureAsync(database, options, options.Callers ?? 256, server, null, output);
        }

        if (options.Postgres is { } postgres)
        {
            await using var database = await BenchDatabase.PostgresAsync(postgres);
            sound &= await MeasureAsync(database, options, options.Callers ?? 512, server, postgres, output);
        }

        return sound ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(BenchDatabase database, Options options, int callers, string server, string? postgres, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("refill-topups-").FullName;
        try
        {
            await output.WriteLineAsync($"\n{await database.DurabilityAsync()}; {Environment.ProcessorCount} processors, shared by server, load and database; {options.Cards} cards, {(options.Hot ? 1 : Wallets)} wallets; {options.Seconds} s a row");
            var (cards, keys) = await SeedAsync(database.Database, folder, options);
            var plan = new LoadPlan(0, callers, options.Seconds, WarmUpSeconds, Plan, "", keys, cards);

            var many = await ServeAsync(database.Database, folder, server, [], port => LoadAsync(plan with { Port = port, Run = "many" }));
            var one = await ServeAsync(database.Database, folder, server, [], port => LoadAsync(plan with { Port = port, Callers = 1, Run = "one" }));
            var single = await ServeAsync(database.Database, folder, server, ["--commit-group", "1", "--committers", "8"], port => LoadAsync(plan with { Port = port, Run = "single" }));
            var kestrel = await BareAsync(plan);
            var pgbench = postgres is null ? (double?)null : await PgBench.BestAsync(database, postgres, options.Seconds);

            var acknowledged = many.All + one.All + single.All;
            var stored = await CompletedAsync(database.Database);
            var findings = await new LedgerAudit(database.Database).RunAsync();
            var sound = stored == acknowledged && findings.All(finding => finding.ProblemCount == 0) && many.Refused.Count == 0;
            var line = new Line(database.Name, callers, options.Hot, Round(many.PerSecond), many.P50Milliseconds, many.P99Milliseconds, one.P50Milliseconds, pgbench is { } best ? Round(best) : null, Round(kestrel.PerSecond), Round(single.PerSecond), Math.Round(many.ProcessorSeconds / (options.Seconds + WarmUpSeconds) / Environment.ProcessorCount, 2), sound);
            await WriteAsync(output, line, many, one, acknowledged, stored, findings);
            return sound;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task WriteAsync(TextWriter output, Line line, LoadResult many, LoadResult one, long acknowledged, long stored, IReadOnlyList<AuditFinding> findings)
    {
        string Times(double? of) => of is { } other and > 0 ? (line.PerSecond / other).ToString("0.00", CultureInfo.InvariantCulture) : "-";
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
              what                                        a second     ratio     p50 ms    p99 ms
              top-ups through HTTP, {line.Callers,4} callers      {line.PerSecond,14:0}      1.00 {line.P50Ms,10:0.00} {line.P99Ms,9:0.00}
              one transaction for each                 {line.SinglePerSecond,14:0} {Times(line.SinglePerSecond),9}
              Kestrel without a ledger                 {line.KestrelPerSecond,14:0} {Times(line.KestrelPerSecond),9}
              pgbench, one transaction for each        {line.PgbenchPerSecond ?? 0,14:0} {Times(line.PgbenchPerSecond),9}
              one caller alone                         {one.PerSecond,14:0}           {one.P50Milliseconds,10:0.00} {one.P99Milliseconds,9:0.00}
              the load used {line.GeneratorProcessorShare:P0} of the processors; {acknowledged} orders acknowledged, {stored} completed in the database; refused: {string.Join(", ", many.Refused.Select(pair => $"{pair.Value} x {pair.Key}"))}
              audit: {(findings.All(finding => finding.ProblemCount == 0) ? "clean" : string.Join("; ", findings.SelectMany(finding => finding.Problems).Take(5)))}
            """));
        await output.WriteLineAsync(JsonSerializer.Serialize(line, LineOptions));
    }

    /// <summary>Cards of our own network and funded wallets, as their own code makes them; groups make that quick.</summary>
    private static async Task<(List<string> Cards, List<string> Keys)> SeedAsync(Database database, string folder, Options options)
    {
        var time = TimeProvider.System;
        await using var ledger = new GeneralLedger(database, time);
        var book = new CardBook(database, ledger, CardVault.LoadOrCreate(Path.Combine(folder, "keys.json"), create: true), time);
        var numbers = Enumerable.Range(0, options.Cards).Select(number => $"+1201{3_200_000 + number}").ToList();
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = 128 }, async (number, cancellation) =>
            await book.RememberAsync(new CardIdentifier(CardIdentifierKind.Msisdn, number), Carrier, OwnCarrier.ConnectorName, Carrier, null, null, cancellation));
        var (wallets, apiKeys, keys) = (new Wallets(database, ledger, time), new ApiKeys(database, time), new List<string>());
        for (var number = 0; number < (options.Hot ? 1 : Wallets); number++)
        {
            var wallet = await wallets.OpenAsync($"wallet {number}", default);
            for (var credit = 0; credit < (options.Hot ? 50 : 1); credit++)
            {
                await wallets.CreditAsync(wallet.Id, Payments.Wallets.Wallets.MostAtOnce, "bench", $"{credit}", default);
            }

            keys.Add((await apiKeys.CreateAsync(wallet.Id, "bench", [ApiScope.TopUpsWrite], default)).Presented);
        }

        return (numbers, keys);
    }

    private static async Task<LoadResult> ServeAsync(Database database, string folder, string server, IEnumerable<string> settings, Func<int, Task<LoadResult>> load)
    {
        var port = FreePort();
        using var process = Start("dotnet",
        [
            server, "--urls", $"http://127.0.0.1:{port}", "--public-url", $"http://127.0.0.1:{port}", "--data", folder, "--sandbox", "running", "--sandbox-url", "http://127.0.0.1:9", "--log-level", "warning",
            "--database", database.Options.Kind == DatabaseKind.Sqlite ? $"sqlite:{database.SqliteFile}" : $"postgres:{database.Options.ConnectionString}", .. settings,
        ]);
        try
        {
            await ReadyAsync(process, port);
            return await load(port);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task<LoadResult> BareAsync(LoadPlan plan)
    {
        var port = FreePort();
        using var process = Start(Environment.ProcessPath!, ["kestrel", port.ToString(CultureInfo.InvariantCulture)]);
        try
        {
            await process.StandardOutput.ReadLineAsync();
            return await LoadAsync(plan with { Port = port, Run = "bare" });
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task<LoadResult> LoadAsync(LoadPlan plan)
    {
        using var process = Start(Environment.ProcessPath!, ["load"]);
        await process.StandardInput.WriteAsync(JsonSerializer.Serialize(plan));
        process.StandardInput.Close();
        var result = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonSerializer.Deserialize<LoadResult>(result) ?? throw new InvalidDataException("the load gave no result");
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["DOTNET_gcServer"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    private static async Task ReadyAsync(Process process, int port)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(60);)
        {
            try
            {
                if ((await http.GetAsync($"http://127.0.0.1:{port}/health/ready")).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        throw new TimeoutException("the server did not become ready");
    }

    private static async Task<long> CompletedAsync(Database database)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM top_up WHERE state = {(int)TopUpState.Completed}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static double Round(double value) => Math.Round(value, 1);

    private static Options? Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options(true, Environment.GetEnvironmentVariable(LedgerBenchOptions.PostgresVariable), 8, null, 20_000, false);
        for (var index = 0; index < arguments.Count; index++)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : "";
            var number = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
            switch (arguments[index])
            {
                case "--sqlite":
                    options = options with { Postgres = null };
                    continue;
                case "--hot":
                    options = options with { Hot = true };
                    continue;
                case "--postgres" when value.Length > 0:
                    options = options with { Sqlite = false, Postgres = value };
                    break;
                case "--seconds" when number is >= 2 and <= 600:
                    options = options with { Seconds = number };
                    break;
                case "--callers" when number is >= 1 and <= 2048:
                    options = options with { Callers = number };
                    break;
                case "--cards" when number is >= 2048 and <= 1_000_000:
                    options = options with { Cards = number };
                    break;
                default:
                    return null;
            }

            index++;
        }

        return options;
    }
}
