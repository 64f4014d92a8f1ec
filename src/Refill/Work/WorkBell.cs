using System.Threading.Channels;

namespace Refill.Work;

/// <summary>Rung when a commit has written work that is due at once, so that it does not wait for the dispatcher's next look.</summary>
public sealed class WorkBell
{
    private readonly Channel<bool> rings = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Ring() => rings.Writer.TryWrite(true);

    /// <summary>Waits for a ring, at most this long.</summary>
    internal async Task WaitAsync(TimeSpan atMost, CancellationToken stopping)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        timer.CancelAfter(atMost);
        try
        {
            await rings.Reader.ReadAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            // The time is over, or the process stops; the caller looks which.
        }
    }
}
