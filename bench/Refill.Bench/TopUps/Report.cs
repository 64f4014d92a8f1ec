using System.Globalization;
using System.Text.Json;
using Refill.Ledger;

namespace Refill.Bench.TopUps;

/// <summary>What was measured on one database; null: that row was not asked for.</summary>
/// <param name="FilledPerSecond">With <paramref name="Filled"/> other cards and five postings each in the database.</param>
/// <param name="GeneratorProcessorShare">Of all processors, while the main row was measured: is the load the bottleneck?</param>
/// <param name="ServerProcessorUs">Of one order in the main row; beside it what the database's own processes and the load used. What others used of the machine is not in it.</param>
/// <param name="Sound">Every acknowledged order is in the database, none more, none was refused, and the audit is clean.</param>
internal sealed record Report(
    string Database, int Callers, bool Hot, double PerSecond, double P50Ms, double P99Ms, double? PgbenchPerSecond, double? KestrelPerSecond, double? SinglePerSecond,
    double? OneP50Ms, double? FsyncP50Ms, double? HttpP50Ms, double? HalfP99Ms, double? PgbenchHalfP99Ms, double? HotPerSecond, double? TwoNodesPerSecond, int Filled, double? FilledPerSecond,
    double MemoryEarlyMb, double MemoryMb, double MemoryMostMb, double Seconds, double GeneratorProcessorShare, double? KestrelProcessorUs, double ServerProcessorUs, double DatabaseProcessorUs, double LoadProcessorUs, bool Sound)
{
    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Bar(string What, double? Figure, string Asked, Func<double, bool> Holds);

    public async Task WriteAsync(TextWriter output, LoadResult many, long acknowledged, long stored, IReadOnlyList<AuditFinding> findings)
    {
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
              what                                             a second   p50 ms   p99 ms
              top-ups through HTTP, {Callers,4} callers        {PerSecond,15:0} {P50Ms,8:0.00} {P99Ms,8:0.00}
              the same, one transaction for each       {Shown(SinglePerSecond, "0"),17}
              Kestrel without a ledger                 {Shown(KestrelPerSecond, "0"),17}
              pgbench, one transaction for each        {Shown(PgbenchPerSecond, "0"),17}                   half of its rate: p99 {Shown(PgbenchHalfP99Ms, "0.0")} ms
              at half of the rate                      {Shown(PerSecond / 2, "0"),17}          {Shown(HalfP99Ms, "0.00"),8}
              one caller alone                                           {Shown(OneP50Ms, "0.00"),8}            (fsync {Shown(FsyncP50Ms, "0.00")}, HTTP {Shown(HttpP50Ms, "0.00")})
              one wallet pays for all                  {Shown(HotPerSecond, "0"),17}
              two nodes on one database                {Shown(TwoNodesPerSecond, "0"),17}
              with {Filled,8} cards more in the database  {Shown(FilledPerSecond, "0"),14}
              processor time of one order, µs: server {ServerProcessorUs:0}, database {Shown(DatabaseProcessorUs, "0")}, load {LoadProcessorUs:0}; of one answer of Kestrel, with its load: {Shown(KestrelProcessorUs, "0")}
              memory of the server: {MemoryEarlyMb:0} MB in the second quarter of {Seconds:0} s, {MemoryMb:0} MB in the last, {MemoryMostMb:0} MB at most; the load used {GeneratorProcessorShare:P0} of the processors
              {acknowledged} orders acknowledged, {stored} completed in the database; refused: {(many.Refused.Count == 0 ? "none" : string.Join(", ", many.Refused.Select(pair => $"{pair.Value} x {pair.Key}")))}
              audit: {(findings.All(finding => finding.ProblemCount == 0) ? "clean" : string.Join("; ", findings.SelectMany(finding => finding.Problems).Take(5)))}

              bar                                                                             here   asked
            """));
        foreach (var bar in Bars())
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {bar.What,-72} {Shown(bar.Figure, "0.00"),11}   {bar.Asked,-18} {(bar.Figure is not { } figure ? "not measured" : bar.Holds(figure) ? "met" : "NOT MET")}"));
        }

        await output.WriteLineAsync(JsonSerializer.Serialize(this, LineOptions));
    }

    private IEnumerable<Bar> Bars()
    {
        if (Database == "SQLite")
        {
            yield return new("against one transaction for each, through the same HTTP", PerSecond / SinglePerSecond, ">= 6", x => x >= 6);
            yield return new("against Kestrel without a ledger", PerSecond / KestrelPerSecond, ">= 0.30", x => x >= 0.30);
        }
        else
        {
            yield return new("against pgbench, one transaction for each", PerSecond / PgbenchPerSecond, ">= 6", x => x >= 6);
            yield return new("against Kestrel without a ledger", PerSecond / KestrelPerSecond, ">= 0.50", x => x >= 0.50);
        }

        yield return new("one caller's p50, against one fsync and one HTTP round trip", OneP50Ms / (FsyncP50Ms + HttpP50Ms), "<= 2", x => x <= 2);
        yield return new("p99 at half of the rate, ms", HalfP99Ms, PgbenchHalfP99Ms is { } p99 ? string.Create(CultureInfo.InvariantCulture, $"<= {Math.Max(25, 3 * p99):0.0}") : "<= 25", x => x <= Math.Max(25, 3 * (PgbenchHalfP99Ms ?? 0)));
        yield return new("one wallet that pays for all, against 256 wallets", HotPerSecond / PerSecond, ">= 0.8", x => x >= 0.8);
        yield return new($"with {Filled} cards more and five postings for each, against without", FilledPerSecond / PerSecond, ">= 0.8", x => x >= 0.8);
        yield return new($"anonymous memory after {Seconds:0} s, MB (managed is a part of it)", MemoryMb, "<= 300", x => x <= 300);
        yield return new("the same against the second quarter of that time: flat?", MemoryMb / MemoryEarlyMb, "<= 1.1", x => x <= 1.1);
    }

    private static string Shown(double? value, string format) => value is { } x && double.IsFinite(x) ? x.ToString(format, CultureInfo.InvariantCulture) : "-";
}
