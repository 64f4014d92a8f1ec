using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace Refill.Browser.Tests.Failover;

/// <summary>An order as a caller remembers it.</summary>
internal sealed record Order(string Key, string Card);

/// <param name="TopUpId">As the answer names it.</param>
/// <param name="BodyHash">SHA-256 of the answer's bytes.</param>
internal sealed record Acknowledged(Order Order, string TopUpId, string BodyHash);

/// <summary>Callers that order top-ups one after the other, each with a card of its own, and write down what they were answered.</summary>
internal sealed class OrderLoad : IAsyncDisposable
{
    public const int Callers = 32;
    private const string Plan = "refill-mobile-pass-24h";
    private const string MayHaveHappened = "outcome-unknown";

    /// <summary>An order that is not answered by then hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Between an answer and the next order: the machine has more to do than this.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient http;
    private readonly IReadOnlyList<string> cards;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private long lastAcknowledged = Stopwatch.GetTimestamp();
    private long lastSentOfAcknowledged;
    private TimeSpan longestSilence;

    public OrderLoad(Uri server, string apiKey, IReadOnlyList<string> cards)
    {
        this.cards = cards;
        http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = Patience }) { BaseAddress = server, Timeout = Patience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public ConcurrentBag<Acknowledged> Acknowledged { get; } = [];

    /// <summary>Answered with a 503 that says that it may have happened.</summary>
    public ConcurrentBag<Order> Unknown { get; } = [];

    /// <summary>Answered with a 503 that says that nothing was ordered.</summary>
    public ConcurrentBag<Order> Refused { get; } = [];

    /// <summary>Whatever else an order ended with. There should be none.</summary>
    public ConcurrentBag<string> Unforeseen { get; } = [];

    /// <summary>The longest that any order waited for its answer.</summary>
    public TimeSpan LongestWait { get; private set; }

    /// <summary>Orders until <see cref="StopAsync"/>.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    public void Start() => Running = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(caller))));

    /// <summary>Ends when every order under way has been answered.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Running;
    }

    /// <summary>From now on the silence between two acknowledgements is measured anew.</summary>
    /// <returns>Now.</returns>
    public long Measure()
    {
        lock (gate)
        {
            longestSilence = TimeSpan.Zero;
            return Stopwatch.GetTimestamp();
        }
    }

    /// <summary>When the latest order was sent of those that are acknowledged.</summary>
    public long LastSentOfAcknowledged()
    {
        lock (gate)
        {
            return lastSentOfAcknowledged;
        }
    }

    /// <summary>Waits until an order that was sent after that moment is acknowledged.</summary>
    /// <returns>The longest time without any acknowledgement since <see cref="Measure"/>.</returns>
    public async Task<TimeSpan> GoesOnAsync(long after, TimeSpan patience, CancellationToken cancellation)
    {
        await Pause.UntilAsync(() => Task.FromResult(LastSentOfAcknowledged()), sent => sent > after, patience, cancellation);
        lock (gate)
        {
            return longestSilence;
        }
    }

    /// <summary>Sends an order again under its key.</summary>
    public async Task<(int Status, string Problem, Acknowledged? Answer)> OrderAsync(Order order, CancellationToken cancellation)
    {
        using var answer = await SendAsync(order, cancellation);
        return await ReadAsync(order, answer, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        stop.Dispose();
    }

    private async Task CallAsync(int caller)
    {
        for (var count = 0; !stop.IsCancellationRequested; count++)
        {
            var order = new Order($"caller-{caller}-{count}", cards[caller % cards.Count]);
            var sentAt = Stopwatch.GetTimestamp();
            try
            {
                using var answer = await SendAsync(order, CancellationToken.None);
                var (status, problem, acknowledged) = await ReadAsync(order, answer, CancellationToken.None);
                Count(sentAt, acknowledged is not null);
                if (acknowledged is not null)
                {
                    Acknowledged.Add(acknowledged);
                }
                else if (status == 503 && answer.Headers.RetryAfter?.Delta is { } later)
                {
                    (problem == MayHaveHappened ? Unknown : Refused).Add(order);
                    await PauseAsync(later);
                }
                else
                {
                    Unforeseen.Add($"{status} {problem}, Retry-After: {answer.Headers.RetryAfter}");
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or JsonException)
            {
                Unforeseen.Add($"{failure.GetType().Name} after {Stopwatch.GetElapsedTime(sentAt)}: {failure.Message}");
            }

            await PauseAsync(Pace);
        }
    }

    private Task<HttpResponseMessage> SendAsync(Order order, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/top-ups")
        {
            Content = JsonContent.Create(new { card = order.Card, plan = Plan, payWith = "wallet" }),
            Headers = { { "Idempotency-Key", order.Key } },
        };
        return http.SendAsync(request, cancellation);
    }

    private static async Task<(int Status, string Problem, Acknowledged? Answer)> ReadAsync(Order order, HttpResponseMessage answer, CancellationToken cancellation)
    {
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellation);
        var json = JsonSerializer.Deserialize<JsonElement>(bytes);
        return (int)answer.StatusCode == 201
            ? (201, "", new Acknowledged(order, json.GetProperty("id").GetString()!, Convert.ToHexString(SHA256.HashData(bytes))))
            : ((int)answer.StatusCode, json.GetProperty("type").GetString()!["/problems/".Length..], null);
    }

    private void Count(long sentAt, bool acknowledged)
    {
        var now = Stopwatch.GetTimestamp();
        lock (gate)
        {
            var wait = Stopwatch.GetElapsedTime(sentAt, now);
            LongestWait = wait > LongestWait ? wait : LongestWait;
            if (acknowledged)
            {
                var silence = Stopwatch.GetElapsedTime(lastAcknowledged, now);
                (longestSilence, lastAcknowledged) = (silence > longestSilence ? silence : longestSilence, now);
                lastSentOfAcknowledged = Math.Max(lastSentOfAcknowledged, sentAt);
            }
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The load ends.
        }
    }
}
