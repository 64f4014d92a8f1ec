using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using HdrHistogram;

namespace Refill.Bench.Notifications;

/// <summary>What became of posting notifications.</summary>
/// <param name="Answers">Those that were taken, in microseconds from when they were due (of a repeated one: the answer that took it, from when the first was due).</param>
/// <param name="SlowestReplyMs">Of any request, taken or not, from when it was due.</param>
/// <param name="Refused">By status; 0: the connection broke, or there was no answer in ten seconds.</param>
/// <param name="RefusedFromMs">When the first was refused, from the beginning.</param>
internal sealed record NoticeResult(LongHistogram Answers, double SlowestReplyMs, IReadOnlyDictionary<int, int> Refused, double RefusedFromMs, double RefusedUntilMs, double Seconds)
{
    public double Percentile(double percent) => Answers.GetValueAtPercentile(percent) / 1000.0;
}

/// <summary>Plays Alipay's side: posts, and counts only the seven letters of `success` as taken.</summary>
internal sealed class NoticeLoad(HttpClient http, Uri url)
{
    private const string Taken = "success";
    private const long MostMicroseconds = 600_000_000;

    /// <summary>The real one waits minutes.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly LongHistogram answers = new(MostMicroseconds, 3);
    private readonly ConcurrentDictionary<int, int> refused = new();
    private double slowest;
    private double refusedFrom = double.MaxValue;
    private double refusedUntil;
    private long begin;

    /// <summary>At a rate: each is due at its time.</summary>
    /// <param name="repeat">What is not taken is sent again until it is.</param>
    public async Task<NoticeResult> AtRateAsync(IReadOnlyList<byte[]> notices, double perSecond, bool repeat)
    {
        begin = Stopwatch.GetTimestamp();
        var sent = new List<Task>(notices.Count);
        for (var index = 0; index < notices.Count; index++)
        {
            var due = begin + (long)(Stopwatch.Frequency * index / perSecond);
            if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is { Ticks: > 0 } early)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(early.TotalMilliseconds)));
            }

            var notice = notices[index];
            sent.Add(Task.Run(() => UntilTakenAsync(notice, due, repeat)));
        }

        await Task.WhenAll(sent);
        return Result();
    }

    /// <summary>The same one again and again, as fast as so many callers are answered.</summary>
    public async Task<NoticeResult> RepeatedAsync(byte[] notice, int times, int callers)
    {
        begin = Stopwatch.GetTimestamp();
        var left = times;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await UntilTakenAsync(notice, Stopwatch.GetTimestamp(), repeat: false);
            }
        })));
        return Result();
    }

    private NoticeResult Result() => new(answers, slowest, refused, refusedFrom, refusedUntil, Stopwatch.GetElapsedTime(begin).TotalSeconds);

    private async Task UntilTakenAsync(byte[] notice, long due, bool repeat)
    {
        for (var sentAt = due; ; sentAt = Stopwatch.GetTimestamp())
        {
            var status = await PostAsync(notice);
            var now = Stopwatch.GetTimestamp();
            lock (gate)
            {
                slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(sentAt, now).TotalMilliseconds);
                if (status is null)
                {
                    answers.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(due, now).TotalMicroseconds, 1, MostMicroseconds));
                    return;
                }

                (refusedFrom, refusedUntil) = (Math.Min(refusedFrom, Stopwatch.GetElapsedTime(begin, now).TotalMilliseconds), Stopwatch.GetElapsedTime(begin, now).TotalMilliseconds);
            }

            refused.AddOrUpdate(status.Value, 1, (_, count) => count + 1);
            if (!repeat)
            {
                return;
            }

            await Task.Delay(RepeatAfter);
        }
    }

    /// <returns>Null: it was taken. Else the status; 0 if there was none.</returns>
    private async Task<int?> PostAsync(byte[] notice)
    {
        using var body = new ByteArrayContent(notice);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded", "utf-8");
        try
        {
            using var response = await http.PostAsync(url, body);
            return await response.Content.ReadAsStringAsync() == Taken && (int)response.StatusCode == 200 ? null : (int)response.StatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return 0;
        }
    }
}
