using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HdrHistogram;
using Refill.Bench.Ledger;
using Refill.Bench.Reconciliation;
using Refill.Bench.TopUps;
using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.Bench.Comparison;

/// <summary>
/// The comparison's pages from the real server in a process of its own, over thousands of plans with running offers, at a rate that does not wait for answers, compressed as browsers ask for it; each page is another. Before it the most trivial
/// answer of the same server at the same rate, so that what the machine is worth cancels out.
/// </summary>
internal static class CompareBench
{
    private const double MostP95Milliseconds = 30;
    private const int MostBytes = 5 * 1024;
    private const long MostMicroseconds = 60_000_000;
    private static readonly string[] Languages = ["zh-CN", "en-US", "es-MX"];
    private static readonly JsonSerializerOptions LineOptions = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <param name="Answers">In microseconds from when each was due.</param>
    /// <param name="MostBytes">Of a body as it was sent.</param>
    private sealed record Result(LongHistogram Answers, long Failed, long Bytes, long MostBytes, double ServerMicroseconds)
    {
        public double Percentile(double percent) => Answers.GetValueAtPercentile(percent) / 1000.0;
    }

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output)
    {
        if (CompareOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(CompareOptions.Usage);
            return 2;
        }

        await using var database = await BenchDatabase.SqliteAsync();
        await using var house = new House(database, outside: 9);
        await house.PrepareAsync();
        await using (var csv = ManyPlans.Csv(options.Plans))
        {
            var report = await house.Get<CatalogueImport>().ImportAsync(csv, TimeProvider.System.GetUtcNow(), withdrawMissing: false, CancellationToken.None);
            if (!report.Done)
            {
                throw new InvalidOperationException(report.ToString());
            }
        }

        if (options.Offers > 0)
        {
            await using var csv = ManyPlans.Offers(options.Offers, options.Plans);
            var report = await house.Get<PromotionImport>().ImportAsync(csv, ManyPlans.Facts(options.Plans), preview: false, CancellationToken.None);
            if (!report.Done)
            {
                throw new InvalidOperationException(report.ToString());
            }
        }

        await house.CloseAsync();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""

            {options.Plans} plans, {options.Offers} running offers; {Environment.ProcessorCount} processors, shared by server and load
            {options.PerSecond:0} a second for {options.Seconds:0} s after {options.WarmUpSeconds:0} s
            """));
        var port = Servers.FreePort();
        using var server = Servers.Start("dotnet", [Servers.Program, "--urls", $"http://127.0.0.1:{port}", .. house.Arguments]);
        var drained = server.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        try
        {
            await Servers.ReadyAsync(server, port);
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
            var count = (int)(options.PerSecond * options.Seconds);
            var addresses = ManyPlans.Addresses(count, options.Plans);
            await WarmUpAsync(http, addresses, TimeSpan.FromSeconds(options.WarmUpSeconds));
            var trivial = await AtRateAsync(http, [.. Enumerable.Repeat("/health/live", count)], options.PerSecond, server.Id);
            var pages = await AtRateAsync(http, addresses, options.PerSecond, server.Id);
            return await ReportAsync(options, trivial, pages, output);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            await drained;
        }
    }

    /// <summary>Two callers, each as fast as it is answered: a server that is still being compiled is not buried under what it cannot answer yet.</summary>
    private static Task WarmUpAsync(HttpClient http, string[] addresses, TimeSpan time)
    {
        var begin = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, 2).Select(caller => Task.Run(async () =>
        {
            for (var index = caller; Stopwatch.GetElapsedTime(begin) < time; index++)
            {
                using var request = Request(addresses[index % addresses.Length], Languages[index % Languages.Length]);
                using var response = await http.SendAsync(request);
            }
        })));
    }

    private static HttpRequestMessage Request(string address, string language)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "br");
        request.Headers.TryAddWithoutValidation("Accept-Language", language);
        request.Headers.TryAddWithoutValidation("Cookie", "tz=Asia/Shanghai");
        return request;
    }

    private static async Task<Result> AtRateAsync(HttpClient http, IReadOnlyList<string> addresses, double perSecond, int server)
    {
        var (gate, answers, failed, bytes, most) = (new Lock(), new LongHistogram(MostMicroseconds, 3), 0L, 0L, 0L);
        var before = ProcessorTime.Of(server);
        var begin = Stopwatch.GetTimestamp();
        var sent = new List<Task>(addresses.Count);
        for (var index = 0; index < addresses.Count; index++)
        {
            var due = begin + (long)(Stopwatch.Frequency * index / perSecond);
            if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is { Ticks: > 0 } early)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(early.TotalMilliseconds)));
            }

            var (address, language) = (addresses[index], Languages[index % Languages.Length]);
            sent.Add(Task.Run(() => AskAsync(address, language, due)));
        }

        await Task.WhenAll(sent);
        return new Result(answers, failed, bytes, most, (ProcessorTime.Of(server) - before) * 1e6 / Math.Max(1, addresses.Count));

        async Task AskAsync(string address, string language, long due)
        {
            using var request = Request(address, language);
            using var response = await http.SendAsync(request);
            var length = (await response.Content.ReadAsByteArrayAsync()).Length;
            var taken = (long)Stopwatch.GetElapsedTime(due).TotalMicroseconds;
            lock (gate)
            {
                answers.RecordValue(Math.Clamp(taken, 1, MostMicroseconds));
                failed += response.IsSuccessStatusCode ? 0 : 1;
                (bytes, most) = (bytes + length, Math.Max(most, length));
            }
        }
    }

    private static async Task<int> ReportAsync(CompareOptions options, Result trivial, Result pages, TextWriter output)
    {
        var ratio = pages.Percentile(95) / trivial.Percentile(95);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
              what                     answers   failed    p50 ms   p95 ms   p99 ms   max ms   bytes, mean and most   server's processor, µs
              trivial (/health/live)  {trivial.Answers.TotalCount,8} {trivial.Failed,8} {trivial.Percentile(50),9:0.00} {trivial.Percentile(95),8:0.00} {trivial.Percentile(99),8:0.00} {trivial.Percentile(100),8:0.0}   {trivial.Bytes / trivial.Answers.TotalCount,10} {trivial.MostBytes,10}   {trivial.ServerMicroseconds:0}
              comparison              {pages.Answers.TotalCount,8} {pages.Failed,8} {pages.Percentile(50),9:0.00} {pages.Percentile(95),8:0.00} {pages.Percentile(99),8:0.00} {pages.Percentile(100),8:0.0}   {pages.Bytes / pages.Answers.TotalCount,10} {pages.MostBytes,10}   {pages.ServerMicroseconds:0}
              p95 of the comparison is {ratio:0.0} times that of the trivial answer

              bar                                                  here   asked
              p95 from due to answered, ms                   {pages.Percentile(95),10:0.0}   <= {MostP95Milliseconds:0}    {(pages.Percentile(95) <= MostP95Milliseconds ? "met" : "NOT MET")}
              most bytes of a page                           {pages.MostBytes,10}   <= {MostBytes}  {(pages.MostBytes <= MostBytes ? "met" : "NOT MET")}
            """));
        await output.WriteLineAsync(JsonSerializer.Serialize(
            new
            {
                options.Plans,
                options.Offers,
                options.PerSecond,
                P50Ms = pages.Percentile(50),
                P95Ms = pages.Percentile(95),
                P99Ms = pages.Percentile(99),
                TrivialP50Ms = trivial.Percentile(50),
                TrivialP95Ms = trivial.Percentile(95),
                TrivialP99Ms = trivial.Percentile(99),
                P95Ratio = Math.Round(ratio, 2),
                pages.MostBytes,
                ServerProcessorUs = Math.Round(pages.ServerMicroseconds),
                Failed = pages.Failed + trivial.Failed,
            },
            LineOptions));
        return pages.Failed + trivial.Failed == 0 ? 0 : 1;
    }
}
