using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using HdrHistogram;
using Npgsql;
using Refill.Bench.Ledger;

namespace Refill.Bench.TopUps;

/// <summary>
/// PostgreSQL's own bench on the same server: one transaction for each top-up, as plain as it can be written (a row for the top-up, four postings, four balances), prepared, without
/// HTTP, keys or checks.
/// </summary>
internal static partial class PgBench
{
    private const long MostMicroseconds = 60_000_000;

    private const string Schema = """
        CREATE SCHEMA IF NOT EXISTS pgbench;
        CREATE TABLE pgbench.account (id bigint PRIMARY KEY, balance bigint NOT NULL, postings bigint NOT NULL);
        CREATE TABLE pgbench.posting (account_id bigint, sequence bigint, top_up uuid NOT NULL, amount bigint NOT NULL, PRIMARY KEY (account_id, sequence));
        CREATE TABLE pgbench.top_up (id uuid PRIMARY KEY, card bigint NOT NULL, state smallint NOT NULL, answer text NOT NULL);
        INSERT INTO pgbench.account SELECT n, 0, 0 FROM generate_series(1, 100000) n;
        ANALYZE pgbench.account;
        """;

    // Four accounts in ascending order, so that clients wait for each other and do not deadlock.
    private const string Script = """
        \set a random(1, 25000)
        \set b random(25001, 50000)
        \set c random(50001, 75000)
        \set d random(75001, 100000)
        BEGIN;
        INSERT INTO pgbench.top_up VALUES (gen_random_uuid(), :a, 5, repeat('x', 600)) RETURNING id \gset
        UPDATE pgbench.account SET balance = balance - 1, postings = postings + 1 WHERE id = :a RETURNING postings AS pa \gset
        UPDATE pgbench.account SET balance = balance + 1, postings = postings + 1 WHERE id = :b RETURNING postings AS pb \gset
        UPDATE pgbench.account SET balance = balance - 1, postings = postings + 1 WHERE id = :c RETURNING postings AS pc \gset
        UPDATE pgbench.account SET balance = balance + 1, postings = postings + 1 WHERE id = :d RETURNING postings AS pd \gset
        INSERT INTO pgbench.posting VALUES (:a, :pa, :id, -1), (:b, :pb, :id, 1), (:c, :pc, :id, -1), (:d, :pd, :id, 1);
        COMMIT;
        """;

    /// <summary>The better of 8 and 32 clients, and the p99 of the same at half of its rate (a transaction that begins late counts from when it was due).</summary>
    public static async Task<(double PerSecond, double HalfP99Milliseconds)> MeasureAsync(BenchDatabase database, string server, double seconds)
    {
        await using (var connection = await database.Database.OpenConnectionAsync(CancellationToken.None))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Schema;
            await command.ExecuteNonQueryAsync();
        }

        var name = new NpgsqlConnectionStringBuilder(database.Database.Options.ConnectionString).Database!;
        var folder = Directory.CreateTempSubdirectory("refill-pgbench-");
        try
        {
            var script = Path.Combine(folder.FullName, "script");
            await File.WriteAllTextAsync(script, Script);
            var (clients, best) = (0, 0.0);
            foreach (var count in new[] { 8, 32 })
            {
                if (Tps(await RunAsync(server, name, count, seconds, folder, ["-f", script])) is var rate && rate > best)
                {
                    (clients, best) = (count, rate);
                }
            }

            await RunAsync(server, name, clients, seconds, folder, ["-f", script, "-R", (best / 2).ToString("0", CultureInfo.InvariantCulture), "-l", "--log-prefix", Path.Combine(folder.FullName, "log")]);
            var latency = new LongHistogram(MostMicroseconds, 3);
            foreach (var line in Directory.EnumerateFiles(folder.FullName, "log.*").SelectMany(File.ReadLines))
            {
                latency.RecordValue(Math.Clamp(long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture), 1, MostMicroseconds));
            }

            return (best, latency.GetValueAtPercentile(99) / 1000.0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string server, string database, int clients, double seconds, DirectoryInfo folder, IEnumerable<string> more)
    {
        var settings = new NpgsqlConnectionStringBuilder(server);
        var program = Environment.GetEnvironmentVariable("REFILL_TEST_PGBENCH") ?? "pgbench";
        var start = new ProcessStartInfo(program,
        [
            "-h", settings.Host!, "-p", settings.Port.ToString(CultureInfo.InvariantCulture), "-U", settings.Username ?? "postgres", "-n", "-M", "prepared", "-c", $"{clients}", "-j", "2",
            "-T", Math.Ceiling(seconds).ToString(CultureInfo.InvariantCulture), .. more, database,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench did not start");
        var wrong = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"pgbench: {said}\n{await wrong}");
    }

    private static double Tps(string said) =>
        TpsLine().Match(said) is { Success: true } match ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"pgbench: {said}");

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex TpsLine();
}
