using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using HdrHistogram;
using Refill.Ledger;

namespace Refill.Bench.Ledger;

/// <summary>Durable top-ups a second: so many callers, each waiting for its answer before it asks again, for so many seconds.</summary>
internal static class LedgerBench
{
    private const int WarmUpSeconds = 1;
    private static readonly double MillisecondsPerTick = 1000.0 / Stopwatch.Frequency;

    private sealed record Row(string Database, int Callers, long TopUps, double PerSecond, double P50Milliseconds, double P99Milliseconds, double ProcessorMicroseconds);

    /// <summary>0: measured and sound. 1: the audit or the count says that work was lost. 2: the arguments are wrong.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        var (options, wrong) = LedgerBenchOptions.Parse(arguments, Environment.GetEnvironmentVariable(LedgerBenchOptions.PostgresVariable));
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"{wrong}\n\n{LedgerBenchOptions.Usage}");
            return 2;
        }

        await output.WriteLineAsync($"one top-up = one commit: a row by compare-and-set, an idempotency key with its answer, a transfer of {TopUpLoad.Postings} postings\n"
            + $"{Environment.ProcessorCount} processors (shared by callers, ledger and database), {RuntimeInformation.FrameworkDescription}, {options.Seconds} s a row after {WarmUpSeconds} s of warming up;\n"
            + "cpu us each: processor time of this process (callers and ledger, and SQLite; not the server of PostgreSQL), which other load on the machine does not stretch\n");
        var (rows, sound) = (new List<Row>(), true);
        if (options.Sqlite)
        {
            await using var database = await BenchDatabase.SqliteAsync();
            sound &= await MeasureAsync(database, options, rows, output);
        }

        if (options.Postgres is { } server)
        {
            await using var database = await BenchDatabase.PostgresAsync(server);
            sound &= await MeasureAsync(database, options, rows, output);
        }
        else
        {
            await output.WriteLineAsync($"PostgreSQL was NOT measured: {options.WhyNoPostgres}.\n");
        }

        await output.WriteLineAsync(JsonSerializer.Serialize(
            new { Bench = "ledger", Postings = TopUpLoad.Postings, options.Seconds, Processors = Environment.ProcessorCount, Rows = rows, PostgresNotMeasured = options.WhyNoPostgres, Sound = sound }, JsonSerializerOptions.Web));
        return sound ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(BenchDatabase database, LedgerBenchOptions options, List<Row> rows, TextWriter output)
    {
        await output.WriteLineAsync(await database.DurabilityAsync());
        await output.WriteLineAsync("  callers   top-ups/s     p50 ms     p99 ms   cpu us each      top-ups");
        long acknowledged = 0;
        await using (var ledger = new GeneralLedger(database.Database))
        {
            foreach (var callers in options.Callers)
            {
                acknowledged += (await LoadAsync(ledger, callers, WarmUpSeconds)).Acknowledged;
                var before = Environment.CpuUsage.TotalTime;
                var (count, seconds, latency) = await LoadAsync(ledger, callers, options.Seconds);
                var processor = Environment.CpuUsage.TotalTime - before;
                acknowledged += count;
                var row = new Row(database.Name, callers, count, Math.Round(count / seconds, 1),
                    Math.Round(latency.GetValueAtPercentile(50) * MillisecondsPerTick, 3), Math.Round(latency.GetValueAtPercentile(99) * MillisecondsPerTick, 3), Math.Round(processor.TotalMicroseconds / count, 1));
                rows.Add(row);
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{callers,9} {row.PerSecond,11:0.0} {row.P50Milliseconds,10:0.000} {row.P99Milliseconds,10:0.000} {row.ProcessorMicroseconds,13:0.0} {count,12}"));
            }
        }

        return await IsSoundAsync(database, acknowledged, output);
    }

    /// <summary>Every acknowledged top-up is there once, and the audit finds nothing.</summary>
    private static async Task<bool> IsSoundAsync(BenchDatabase database, long acknowledged, TextWriter output)
    {
        var sound = true;
        foreach (var (table, expected) in new[] { ("transfer", acknowledged), ("answer", acknowledged), (TopUpLoad.Table, acknowledged) })
        {
            if (await database.CountAsync(table) is var found && found != expected)
            {
                sound = false;
                await output.WriteLineAsync($"  WRONG: {expected} rows of {table} were acknowledged, {found} are there");
            }
        }

        foreach (var finding in (await new LedgerAudit(database.Database).RunAsync()).Where(finding => finding.ProblemCount > 0))
        {
            sound = false;
            await output.WriteLineAsync($"  WRONG: {finding.Check}: {finding.ProblemCount}, such as {string.Join("; ", finding.Problems)}");
        }

        await output.WriteLineAsync(sound ? $"  audit: clean; {acknowledged} acknowledged top-ups, all of them there\n" : "");
        return sound;
    }

    private static async Task<(long Acknowledged, double Seconds, HistogramBase Latency)> LoadAsync(GeneralLedger ledger, int callers, int seconds)
    {
        var latency = HistogramFactory.With64BitBucketSize().WithValuesUpTo(Stopwatch.Frequency * 60).WithPrecisionOf(3).WithThreadSafeWrites().Create();
        var start = Stopwatch.GetTimestamp();
        var end = start + (seconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(ledger, end, latency))));
        return (counts.Sum(), Stopwatch.GetElapsedTime(start).TotalSeconds, latency);
    }

    private static async Task<long> CallAsync(GeneralLedger ledger, long end, HistogramBase latency)
    {
        long count = 0;
        while (Stopwatch.GetTimestamp() < end)
        {
            var commit = TopUpLoad.Next();
            var asked = Stopwatch.GetTimestamp();
            if (await ledger.CommitAsync(commit) is not CommitOutcome.Committed)
            {
                throw new InvalidOperationException("a fresh top-up was refused");
            }

            latency.RecordValue(Stopwatch.GetTimestamp() - asked);
            count++;
        }

        return count;
    }
}
