using System.Globalization;
using System.Text.Json;
using Refill.Bench.TopUps;
using Refill.Ledger;

namespace Refill.Bench.Notifications;

/// <summary>What was measured on one database.</summary>
/// <param name="Used">Microseconds for one notification and all that it leads to.</param>
/// <param name="Paid">Payments that are paid in full, as asked.</param>
/// <param name="Received">Transfers by which money came in: one for each payment, or one was booked twice.</param>
/// <param name="MoreTransfers">After the duplicates than before them.</param>
internal sealed record NotificationsReport(
    string Database, NotificationsOptions Options, int Orders, NoticeResult Measured, NoticeResult Again, ProcessorTime Used, long Paid, long Received, long Completed, long MoreTransfers, long MoreVersions, bool IsClean)
{
    private const double MostP99Milliseconds = 50;
    private const double MostReplyMilliseconds = 5_000;
    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Nothing was lost, nothing was booked twice, and what was not taken was said to be so; how fast says nothing here.</summary>
    public bool Sound => (Paid, Received, Completed) == (Orders, Orders, Orders) && (MoreTransfers, MoreVersions) == (0, 0) && Again.Refused.Count == 0 && IsClean
        && (Options.Restart ? Measured.Refused.Keys.All(status => status is >= 500 and <= 599) : Measured.Refused.Count == 0);

    private double SlowestMilliseconds => Math.Max(Measured.SlowestReplyMs, Again.SlowestReplyMs);

    public async Task WriteAsync(TextWriter output, IReadOnlyList<AuditFinding> findings)
    {
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
              what                                          taken    p50 ms   p99 ms   max ms   refused
              notifications, {Options.PerSecond,4:0} a second            {Measured.Answers.TotalCount,10} {Measured.Percentile(50),9:0.0} {Measured.Percentile(99),8:0.0} {Measured.Percentile(100),8:0.0}   {Shown(Measured)}
              one of them again, by 32 callers      {Again.Answers.TotalCount,10} {Again.Percentile(50),9:0.0} {Again.Percentile(99),8:0.0} {Again.Percentile(100),8:0.0}   {Shown(Again)}   ({Again.Answers.TotalCount / Again.Seconds:0} a second)
              processor time of one, µs: server {Used.Servers:0}, database {(Used.Database > 0 ? Used.Database.ToString("0", CultureInfo.InvariantCulture) : "in the server")}, load {Used.Load:0}; with its delivery, and what the server does besides
              of {Orders} payments, with those of the warm-up: {Paid} paid, {Received} transfers of money received, {Completed} top-ups completed
              the duplicates made {MoreTransfers} transfers and {MoreVersions} changes of the top-up; audit: {(IsClean ? "clean" : string.Join("; ", findings.SelectMany(finding => finding.Problems).Take(5)))}
            """));
        if (Options.Restart)
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  the database was taken away after {Options.Seconds / 3:0.0} s; refused from {Measured.RefusedFromMs / 1000:0.0} to {Measured.RefusedUntilMs / 1000:0.0} s; the slowest reply of any came after {Measured.SlowestReplyMs:0} ms"));
        }

        await output.WriteLineAsync("\n  bar                                                  here   asked");
        if (!Options.Restart)
        {
            await output.WriteLineAsync(Bar("p99 from due to durable and answered, ms", Measured.Percentile(99), MostP99Milliseconds));
            await output.WriteLineAsync(Bar("changes by duplicates", MoreTransfers + MoreVersions, 0));
        }

        await output.WriteLineAsync(Bar("slowest reply of all, ms", SlowestMilliseconds, MostReplyMilliseconds));
        await output.WriteLineAsync(JsonSerializer.Serialize(
            new
            {
                Database,
                Options.PerSecond,
                Options.Restart,
                P50Ms = Measured.Percentile(50),
                P99Ms = Measured.Percentile(99),
                MaxMs = Measured.Percentile(100),
                Duplicates = Again.Answers.TotalCount,
                DuplicatesPerSecond = Math.Round(Again.Answers.TotalCount / Again.Seconds),
                ServerProcessorUs = Math.Round(Used.Servers),
                DatabaseProcessorUs = Math.Round(Used.Database),
                LoadProcessorUs = Math.Round(Used.Load),
                SlowestReplyMs = SlowestMilliseconds,
                Refused = Measured.Refused.Values.Sum(),
                Sound,
            },
            LineOptions));
    }

    private static string Shown(NoticeResult result) => result.Refused.Count == 0 ? "none" : string.Join(", ", result.Refused.Select(pair => $"{pair.Value} x {(pair.Key == 0 ? "no answer" : pair.Key.ToString(CultureInfo.InvariantCulture))}"));

    private static string Bar(string what, double figure, double most) => string.Create(CultureInfo.InvariantCulture, $"  {what,-46} {figure,10:0.0}   <= {most,-6:0} {(figure <= most ? "met" : "NOT MET")}");
}
