using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Refill.Bench.Ledger;
using Refill.Bench.TopUps;
using Refill.Ledger;
using Refill.Reconciliation;
using Refill.TopUps;

namespace Refill.Bench.Reconciliation;

/// <summary>
/// A day of a million rows held against our books: the program's own command in a process of its own, twice. Alipay's part is played over HTTP, with its bills as it makes them, so that fetching, unpacking, reading and checking
/// them is in what is measured. What is asserted is that exactly the planted differences are found, that the sums are the bill's, that the second run changes nothing, and that the audits of ledger and top-ups are clean.
/// </summary>
internal static class ReconcileBench
{
    private const string Gateway = "alipay";
    private const double MostSeconds = 60;
    private const double MostMegabytes = 500;
    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (ReconcileOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(ReconcileOptions.Usage);
            return 2;
        }

        var sound = true;
        if (options.Sqlite)
        {
            await using var database = await BenchDatabase.SqliteAsync();
            sound &= await MeasureAsync(database, options.Rows, output);
        }

        if (options.Postgres is { } postgres)
        {
            await using var database = await BenchDatabase.PostgresAsync(postgres);
            sound &= await MeasureAsync(database, options.Rows, output);
        }

        return sound ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(BenchDatabase database, int rows, TextWriter output)
    {
        var port = Servers.FreePort();
        await using var house = new House(database, port);
        await house.PrepareAsync();
        var day = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().ToOffset(TimeSpan.FromHours(8)).DateTime).AddDays(-2);
        var begin = Stopwatch.GetTimestamp();
        using var bills = new Bills(house.Folder, day, Server.DemoSecrets.SellerId);
        var paidDay = new PaidDay(database, house, bills, day);
        await paidDay.FillAsync(rows);
        await house.CloseAsync();
        var (bytes, payments) = (new FileInfo(bills.TradesFile).Length + new FileInfo(bills.AccountFile).Length, await database.CountAsync("payment"));
        var durability = await database.DurabilityAsync();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""

            {durability}; {Environment.ProcessorCount} processors, shared by command, database and Alipay's part
            {bills.Rows} rows in the bill of trades, {payments} payments in our books, bills of {bytes / 1e6:0} MB (zipped); filled in {Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s
            """));

        await using var alipay = await AlipayDay.StartAsync(port, house.Secrets.AlipayPrivateKey, bills, paidDay.PaidThere);
        string[] command = ["reconcile", "--gateway", Gateway, "--date", Reconciler.Text(day), .. house.Arguments];
        var first = await ServerCommand.RunAsync(command);
        if (first.ExitCode != 1)
        {
            await output.WriteLineAsync($"the command ended with {first.ExitCode}, not with 1 (something differs):\n{first.Output}");
            return false;
        }

        var after = await BooksAfter.ReadAsync(database.Database, Gateway, day);
        var second = await ServerCommand.RunAsync(command);
        var again = await BooksAfter.ReadAsync(database.Database, Gateway, day);

        var findings = await AuditAsync(database);
        var (exact, same, summed) = (after.Differences.SetEquals(paidDay.Planted), again.IsAsBefore(after), Agrees(after, bills));
        var sound = exact && same && summed && findings.All(finding => finding.ProblemCount == 0);
        await WriteAsync(output, bills, first, second, after);
        await output.WriteLineAsync($"""
              differences: {paidDay.Planted.Count} planted ({PaidDay.Each} of each of {paidDay.Planted.Count / PaidDay.Each} kinds), {after.Differences.Count} found; exactly those: {Yes(exact)}
              the day's sums are the bill's, and fees and payouts are posted: {Yes(summed)}; the second run leaves the same books: {Yes(same)}
              audit: {(findings.All(finding => finding.ProblemCount == 0) ? "clean" : string.Join("; ", findings.SelectMany(finding => finding.Problems).Take(5)))}

              bar                                     here   asked
            {Bar("seconds", first.Seconds, MostSeconds)}
            {Bar("peak working set, MB", first.PeakMegabytes, MostMegabytes)}
            """);
        await output.WriteLineAsync(JsonSerializer.Serialize(
            new
            {
                Database = database.Name,
                bills.Rows,
                first.Seconds,
                RowsPerSecond = Math.Round(bills.Rows / first.Seconds),
                ProcessorSeconds = Math.Round(first.ProcessorSeconds, 1),
                PeakMb = Math.Round(first.PeakMegabytes),
                SecondSeconds = second.Seconds,
                SecondPeakMb = Math.Round(second.PeakMegabytes),
                Sound = sound,
            },
            LineOptions));
        return sound;
    }

    private static async Task<IReadOnlyList<AuditFinding>> AuditAsync(BenchDatabase database) =>
        [.. await new LedgerAudit(database.Database).RunAsync(), .. await new TopUpAudit(database.Database).RunAsync(CancellationToken.None)];

    /// <summary>What the tally counted is what the bill says, to the fen; and what they keep and paid out has left what they owe us.</summary>
    private static bool Agrees(BooksAfter after, Bills bills) =>
        (after.Day.Rows, after.Day.PaymentsMinor, after.Day.RefundsMinor, after.Day.FeesMinor, after.Day.SettledMinor) == (bills.Rows + 2, bills.Paid, bills.Returned, bills.Fees, bills.Withdrawn)
        && after.Balances.GetValueOrDefault($"fees/{Gateway} CNY") == -bills.Fees && after.Balances.GetValueOrDefault($"settlement/{Gateway} CNY") == -bills.Withdrawn;

    private static Task WriteAsync(TextWriter output, Bills bills, ServerCommand first, ServerCommand second, BooksAfter after) => output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
          run       seconds   rows/s   processor s   peak MB   agree
          first    {first.Seconds,8:0.0} {bills.Rows / first.Seconds,8:0} {first.ProcessorSeconds,13:0.0} {first.PeakMegabytes,9:0}   {after.Day.Matched} of {after.Day.Rows}
          second   {second.Seconds,8:0.0} {bills.Rows / second.Seconds,8:0} {second.ProcessorSeconds,13:0.0} {second.PeakMegabytes,9:0}
        """));

    private static string Bar(string what, double figure, double most) => string.Create(CultureInfo.InvariantCulture, $"  {what,-34} {figure,9:0.0}   <= {most,-6:0} {(figure <= most ? "met" : "NOT MET")}");

    private static string Yes(bool holds) => holds ? "yes" : "NO";
}
