using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using HdrHistogram;

namespace Refill.Bench.TopUps;

/// <summary>What one caller of a load sends: its own key, its own cards, one request after the other.</summary>
/// <param name="Ports">The callers are spread over these.</param>
/// <param name="Cards">How many there are (BenchCards); each order takes one at random.</param>
/// <param name="PerSecond">All callers together; 0: as fast as they are answered.</param>
/// <param name="Servers">Their process ids, so that it can be said what processor time an order costs them.</param>
/// <param name="Database">The name of PostgreSQL's database, whose processes are watched as well; empty: none.</param>
internal sealed record LoadPlan(IReadOnlyList<int> Ports, IReadOnlyList<int> Servers, string Database, int Callers, double Seconds, double WarmUpSeconds, double PerSecond, string Plan, string Run, IReadOnlyList<string> Keys, int Cards);

/// <param name="Completed">Orders answered 201 while it was measured.</param>
/// <param name="All">Orders answered 201 at all, with those of the warm-up.</param>
/// <param name="Refused">Other answers, by status.</param>
/// <param name="Used">Processor time of servers, database and load while it was measured: is the load the bottleneck?</param>
internal sealed record LoadResult(long Completed, long All, double Seconds, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds, IReadOnlyDictionary<int, long> Refused, ProcessorTime Used)
{
    public ProcessorTime MicrosecondsPerOrder => Used * (1e6 / Math.Max(1, Completed));

    public double PerSecond => Completed / Seconds;
}

/// <summary>
/// The load, meant to run in a process of its own: every caller is a connection that sends an order by HTTP/1.1 and waits for the answer. Bytes are written and read by hand, because
/// HttpClient would cost more than the server.
/// </summary>
internal static class HttpLoad
{
    private const int BufferBytes = 8 * 1024;
    private const long MostMicroseconds = 60_000_000;
    private static readonly byte[] HeaderEnd = "\r\n\r\n"u8.ToArray();
    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();
    private static readonly byte[] LengthHeader = "Content-Length: "u8.ToArray();

    /// <summary>As a process: the plan comes in as JSON, the result goes out as JSON.</summary>
    public static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        var plan = JsonSerializer.Deserialize<LoadPlan>(await input.ReadToEndAsync()) ?? throw new InvalidDataException("no plan");
        await output.WriteLineAsync(JsonSerializer.Serialize(await RunAsync(plan)));
        return 0;
    }

    public static async Task<LoadResult> RunAsync(LoadPlan plan)
    {
        var begin = Stopwatch.GetTimestamp();
        var (measureFrom, end) = (begin + Ticks(plan.WarmUpSeconds), begin + Ticks(plan.WarmUpSeconds + plan.Seconds));
        var used = ProcessorTime.WatchAsync(plan, Stopwatch.GetElapsedTime(begin, measureFrom), Stopwatch.GetElapsedTime(begin, end));
        var callers = await Task.WhenAll(Enumerable.Range(0, plan.Callers).Select(number => Task.Run(() => CallAsync(plan, number, begin, measureFrom, end))));
        var latency = new LongHistogram(MostMicroseconds, 3);
        foreach (var caller in callers)
        {
            latency.Add(caller.Latency);
        }

        var refused = callers.SelectMany(caller => caller.Refused).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        return new LoadResult(
            latency.TotalCount, callers.Sum(caller => caller.All), plan.Seconds, latency.GetValueAtPercentile(50) / 1000.0, latency.GetValueAtPercentile(99) / 1000.0, latency.GetValueAtPercentile(100) / 1000.0,
            refused, await used);
    }

    private static async Task<(LongHistogram Latency, long All, Dictionary<int, long> Refused)> CallAsync(LoadPlan plan, int number, long begin, long measureFrom, long end)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, plan.Ports[number % plan.Ports.Count]);
        var (latency, refused, all, buffer) = (new LongHistogram(MostMicroseconds, 3), new Dictionary<int, long>(), 0L, new byte[BufferBytes]);
        var key = plan.Keys[number % plan.Keys.Count];

        // A caller has cards of its own: two orders for one card at once would be about the card, not about the ledger.
        var (own, random) = (plan.Cards / plan.Callers, new Random(number));
        for (long count = 0; Stopwatch.GetTimestamp() is var sentAt && sentAt < end; count++)
        {
            var dueAt = begin + (long)(Stopwatch.Frequency * (number + count * plan.Callers) / plan.PerSecond);
            if (plan.PerSecond > 0 && dueAt > sentAt)
            {
                await Task.Delay(Stopwatch.GetElapsedTime(sentAt, dueAt));
                sentAt = Stopwatch.GetTimestamp();
            }
            else if (plan.PerSecond > 0)
            {
                sentAt = dueAt; // The answer before it came too late: what it waited for that counts.
            }

            var body = $$"""{"card":"{{BenchCards.Number(random.Next(own) * plan.Callers + number)}}","plan":"{{plan.Plan}}","payWith":"wallet"}""";
            var request = Encoding.ASCII.GetBytes(
                $"POST /api/v1/top-ups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {plan.Run}-{number}-{count}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await socket.SendAsync(request, SocketFlags.None);
            var status = await ReadAsync(socket, buffer);
            var answeredAt = Stopwatch.GetTimestamp();
            if (status == 201)
            {
                all++;
                if (sentAt >= measureFrom && answeredAt <= end)
                {
                    latency.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(sentAt, answeredAt).TotalMicroseconds, 1, MostMicroseconds));
                }
            }
            else
            {
                refused[status] = refused.GetValueOrDefault(status) + 1;
            }
        }

        return (latency, all, refused);
    }

    /// <summary>One answer with a Content-Length, read whole.</summary>
    /// <returns>Its status.</returns>
    private static async Task<int> ReadAsync(Socket socket, byte[] buffer)
    {
        var (have, headerEnd) = (0, -1);
        while (headerEnd < 0)
        {
            have += await ReceiveAsync(socket, buffer, have);
            headerEnd = buffer.AsSpan(0, have).IndexOf(HeaderEnd);
        }

        var status = int.Parse(buffer.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
        if (LengthOf(buffer.AsSpan(0, headerEnd + 2)) is { } length)
        {
            for (var whole = headerEnd + HeaderEnd.Length + length; have < whole;)
            {
                have += await ReceiveAsync(socket, buffer, have);
            }
        }
        else
        {
            // Refusals are sent in chunks.
            while (!buffer.AsSpan(0, have).EndsWith(LastChunk))
            {
                have += await ReceiveAsync(socket, buffer, have);
            }
        }

        return status;
    }

    private static int? LengthOf(ReadOnlySpan<byte> header)
    {
        var at = header.IndexOf(LengthHeader);
        return at < 0 ? null : int.Parse(header[(at + LengthHeader.Length)..][..header[(at + LengthHeader.Length)..].IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
    }

    private static async Task<int> ReceiveAsync(Socket socket, byte[] buffer, int have) =>
        have == buffer.Length ? throw new InvalidDataException("an answer is longer than was thought")
        : await socket.ReceiveAsync(buffer.AsMemory(have), SocketFlags.None) is var count and > 0 ? count
        : throw new IOException("the server closed a connection");

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);
}
