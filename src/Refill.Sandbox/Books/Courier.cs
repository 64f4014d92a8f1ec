using System.Collections.Concurrent;

namespace Refill.Sandbox.Books;

/// <summary>A notification that is written down until it has been delivered or given up.</summary>
/// <param name="About">The order or transaction that it is about.</param>
/// <param name="NoticeId">Stays the same over all tries.</param>
/// <param name="Attempts">Tries so far that were not accepted.</param>
internal sealed record Message(long Id, string Sender, string About, string NoticeId, string Content, Uri Url, int Attempts);

/// <summary>What became of one try. A closed set.</summary>
internal abstract record Delivery
{
    private Delivery()
    {
    }

    internal sealed record Accepted : Delivery;

    /// <summary>No answer, or not the one that was expected: again after <see cref="ISender.RetryAfter"/>.</summary>
    internal sealed record Refused : Delivery;

    /// <summary>Not sent yet, by a fault that was asked for; does not count as a try.</summary>
    internal sealed record Postponed(TimeSpan Wait) : Delivery;

    /// <summary>Never sent, by a fault that was asked for.</summary>
    internal sealed record Withheld : Delivery;
}

/// <summary>One who sends notifications, and whose pending things become final by time passing.</summary>
internal interface ISender
{
    string Name { get; }

    /// <summary>Makes final what is due, and writes down the messages that follow.</summary>
    void Settle(BooksEntry entry, DateTimeOffset now);

    /// <summary>When something becomes due the next time.</summary>
    DateTimeOffset? NextSettling(BooksEntry entry);

    Task<Delivery> SendAsync(Message message, CancellationToken cancellation);

    /// <summary>How long to wait after this many tries; null: give up.</summary>
    TimeSpan? RetryAfter(int attempts);
}

/// <summary>Where messages are handed in. They go out when the entry that wrote them down has been committed.</summary>
internal static class Outbox
{
    internal const int LargestContent = 16 * 1024;

    internal static void HandIn(BooksEntry entry, string sender, string about, string noticeId, string content, string url, DateTimeOffset due)
    {
        if (content.Length > LargestContent)
        {
            throw new ArgumentException($"a message of {content.Length} characters");
        }

        entry.Change(
            "INSERT INTO messages (sender, about, notice_id, content, url, due_at) VALUES ($1, $2, $3, $4, $5, $6)",
            sender, about, noticeId, content, url, due);
    }
}

/// <summary>Delivers what is due, tries again what was not accepted, and goes on after a restart where the books say.</summary>
internal sealed class Courier(SandboxBooks books, IEnumerable<ISender> senders, TimeProvider time, ILogger<Courier> log) : BackgroundService
{
    /// <summary>Messages on the way at once: one merchant that is slow to answer must not hold up the others.</summary>
    private const int MostOnTheWay = 16;

    private readonly Dictionary<string, ISender> senders = senders.ToDictionary(sender => sender.Name);
    private readonly ConcurrentDictionary<long, byte> onTheWay = new();
    private readonly SemaphoreSlim bell = new(0, 1);

    /// <summary>Something was handed in, or has been sent: look again.</summary>
    internal void Ring()
    {
        try
        {
            bell.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been rung and not yet been heard: that is enough.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            running.RemoveAll(task => task.IsCompleted);
            var (due, next) = Look();
            foreach (var message in due)
            {
                onTheWay[message.Id] = 0;
                running.Add(DeliverAsync(message, stoppingToken));
            }

            var wait = next - time.GetUtcNow();
            using var timer = wait is { } span ? time.CreateTimer(_ => Ring(), null, span > TimeSpan.Zero ? span : TimeSpan.Zero, Timeout.InfiniteTimeSpan) : null;
            if (wait > TimeSpan.Zero && next <= time.GetUtcNow())
            {
                // The clock has moved between reading it and setting the timer.
                Ring();
            }

            try
            {
                await bell.WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(running);
    }

    /// <summary>What can be sent now, and when the next thing becomes due.</summary>
    private (List<Message> Due, DateTimeOffset? Next) Look()
    {
        var now = time.GetUtcNow();
        return books.Enter(entry =>
        {
            foreach (var sender in senders.Values)
            {
                sender.Settle(entry, now);
            }

            var waiting = entry.Rows(
                "SELECT id, sender, about, notice_id, content, url, attempts, due_at FROM messages WHERE due_at IS NOT NULL ORDER BY due_at, id LIMIT 1000",
                row => (
                    Message: new Message(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), new Uri(row.GetString(5)), row.GetInt32(6)),
                    DueAt: row.Instant(7)))
                .Where(candidate => !onTheWay.ContainsKey(candidate.Message.Id))
                .ToList();
            var ready = waiting.Where(candidate => candidate.DueAt <= now).Take(MostOnTheWay - onTheWay.Count).ToList();

            // What is ready but has to wait for a free place is looked at again when one is free.
            var later = waiting.Where(candidate => candidate.DueAt > now).Select(candidate => (DateTimeOffset?)candidate.DueAt)
                .Concat(senders.Values.Select(sender => sender.NextSettling(entry)));
            return (ready.ConvertAll(candidate => candidate.Message), later.Min());
        });
    }

    private async Task DeliverAsync(Message message, CancellationToken cancellation)
    {
        await Task.Yield();
        try
        {
            var sender = senders[message.Sender];
            var delivery = await sender.SendAsync(message, cancellation);
            var now = time.GetUtcNow();
            books.Enter(entry =>
            {
                _ = delivery switch
                {
                    Delivery.Accepted => End(entry, message, "accepted"),
                    Delivery.Withheld => End(entry, message, "withheld"),
                    Delivery.Postponed postponed => entry.Change("UPDATE messages SET due_at = $2 WHERE id = $1", message.Id, now + postponed.Wait),
                    Delivery.Refused when sender.RetryAfter(message.Attempts + 1) is { } wait =>
                        entry.Change("UPDATE messages SET due_at = $2, attempts = attempts + 1 WHERE id = $1", message.Id, now + wait),
                    Delivery.Refused => End(entry, message, "given up"),
                    _ => throw new InvalidOperationException($"{delivery} is not a delivery"),
                };
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // It stays in the books and is due at the next start.
        }
        catch (Exception failure)
        {
            log.LogError(failure, "{Sender}: message {Id} could not be sent", message.Sender, message.Id);
            books.Enter(entry => End(entry, message, "failed"));
        }
        finally
        {
            onTheWay.TryRemove(message.Id, out _);
            Ring();
        }
    }

    private static int End(BooksEntry entry, Message message, string outcome) =>
        entry.Change("UPDATE messages SET due_at = NULL, attempts = attempts + 1, outcome = $2 WHERE id = $1", message.Id, outcome);
}
