using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Refill.Bench.Ledger;

namespace Refill.Bench.TopUps;

/// <summary>
/// PostgreSQL's own bench on the same server: one transaction for each top-up, as plain as it can be written (a row for the top-up, four postings, four balances), prepared, without
/// HTTP, keys or checks. The better of 8 and 32 clients.
/// </summary>
internal static partial class PgBench
{
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

    public static async Task<double> BestAsync(BenchDatabase database, string server, double seconds)
    {
        await using (var connection = await database.Database.OpenConnectionAsync(CancellationToken.None))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Schema;
            await command.ExecuteNonQueryAsync();
        }

        var settings = new NpgsqlConnectionStringBuilder(server);
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, Script);
            var best = 0.0;
            foreach (var clients in new[] { 8, 32 })
            {
                best = Math.Max(best, await RunAsync(settings, new NpgsqlConnectionStringBuilder(database.Database.Options.ConnectionString).Database!, script, clients, seconds));
            }

            return best;
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static async Task<double> RunAsync(NpgsqlConnectionStringBuilder server, string database, string script, int clients, double seconds)
    {
        var program = Environment.GetEnvironmentVariable("REFILL_TEST_PGBENCH") ?? "pgbench";
        var start = new ProcessStartInfo(program,
        [
            "-h", server.Host!, "-p", server.Port.ToString(CultureInfo.InvariantCulture), "-U", server.Username ?? "postgres", "-n", "-M", "prepared", "-c", $"{clients}", "-j", "2",
            "-T", Math.Ceiling(seconds).ToString(CultureInfo.InvariantCulture), "-f", script, database,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench did not start");
        var (said, wrong) = (await process.StandardOutput.ReadToEndAsync(), await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return Tps().Match(said) is { Success: true } match
            ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench: {said}\n{wrong}");
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
