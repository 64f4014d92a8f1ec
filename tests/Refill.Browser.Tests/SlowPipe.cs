using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Refill.Browser.Tests;

/// <summary>What a line lets through: bits a second each way, and the time of a round trip (half of it each way).</summary>
public sealed record Line(long DownBitsPerSecond, long UpBitsPerSecond, TimeSpan RoundTrip)
{
    /// <summary>A plan that has used up its full-speed data (pages.md, C3).</summary>
    public static readonly Line Throttled = new(128_000, 64_000, TimeSpan.FromMilliseconds(300));
}

/// <summary>
/// A TCP proxy that behaves like a slow line: all its connections share the line's rate, every byte travels half a round trip, and a
/// new connection costs one round trip before its first byte, as a TCP handshake does. It counts the bytes that it carried; what stands in
/// IP and TCP headers is not among them.
/// </summary>
public sealed class SlowPipe : IAsyncDisposable
{
    /// <summary>Bytes a packet carries on an Ethernet path: the grain in which connections take turns.</summary>
    private const int PacketBytes = 1460;

    /// <summary>Packets of one connection that may be under way in one direction; more wait at the sender, as TCP's window has it.</summary>
    private const int PacketsUnderWay = 64;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly IPEndPoint target;
    private readonly TimeSpan roundTrip;
    private readonly Direction down;
    private readonly Direction up;
    private readonly Task accepting;
    private int connections;

    public SlowPipe(Line line, int targetPort)
    {
        target = new IPEndPoint(IPAddress.Loopback, targetPort);
        roundTrip = line.RoundTrip;
        down = new Direction(line.DownBitsPerSecond, line.RoundTrip / 2);
        up = new Direction(line.UpBitsPerSecond, line.RoundTrip / 2);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public long DownBytes => down.Bytes;

    public long UpBytes => up.Bytes;

    public int Connections => Volatile.Read(ref connections);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync(stopping.Token);
                Interlocked.Increment(ref connections);
                carried.Add(CarryAsync(client));
                carried.RemoveAll(task => task.IsCompleted);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(carried);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            near.NoDelay = far.NoDelay = true;
            await far.ConnectAsync(target, stopping.Token);
            await Task.WhenAll(
                up.CarryAsync(near, far, roundTrip, stopping.Token),
                down.CarryAsync(far, near, TimeSpan.Zero, stopping.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One end went away: closing the other (by leaving) is what a line does then.
        }
    }

    /// <summary>One direction of the line: a queue in front of a wire.</summary>
    private sealed class Direction(long bitsPerSecond, TimeSpan travel)
    {
        private readonly Lock gate = new();
        private readonly TimeProvider clock = TimeProvider.System;
        private long wireFreeAt;
        private long bytes;

        public long Bytes => Interlocked.Read(ref bytes);

        /// <summary>Carries one connection's bytes until its sender ends.</summary>
        /// <param name="beforeFirst">What the first byte waits besides (the handshake).</param>
        public async Task CarryAsync(Socket from, Socket to, TimeSpan beforeFirst, CancellationToken cancellation)
        {
            var underWay = Channel.CreateBounded<(byte[] Packet, long ArrivesAt)>(PacketsUnderWay);
            var delivering = DeliverAsync(underWay.Reader, to, cancellation);
            try
            {
                var buffer = new byte[PacketBytes];
                while (await from.ReceiveAsync(buffer, cancellation) is var count and > 0)
                {
                    await WaitUntilAsync(clock.GetTimestamp() + Ticks(beforeFirst), cancellation);
                    beforeFirst = TimeSpan.Zero;
                    var sentAt = TakeWire(count);
                    await underWay.Writer.WriteAsync((buffer[..count], sentAt + Ticks(travel)), cancellation);
                    // The next packet of this connection queues behind those that others sent meanwhile.
                    await WaitUntilAsync(sentAt, cancellation);
                }
            }
            finally
            {
                underWay.Writer.Complete();
                await delivering;
            }
        }

        private long TakeWire(int count)
        {
            Interlocked.Add(ref bytes, count);
            lock (gate)
            {
                wireFreeAt = Math.Max(wireFreeAt, clock.GetTimestamp()) + Ticks(TimeSpan.FromSeconds(count * 8.0 / bitsPerSecond));
                return wireFreeAt;
            }
        }

        private async Task DeliverAsync(ChannelReader<(byte[] Packet, long ArrivesAt)> underWay, Socket to, CancellationToken cancellation)
        {
            await foreach (var (packet, arrivesAt) in underWay.ReadAllAsync(cancellation))
            {
                await WaitUntilAsync(arrivesAt, cancellation);
                for (var sent = 0; sent < packet.Length;)
                {
                    sent += await to.SendAsync(packet.AsMemory(sent), cancellation);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }

        private async Task WaitUntilAsync(long timestamp, CancellationToken cancellation)
        {
            var left = clock.GetElapsedTime(clock.GetTimestamp(), timestamp);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, clock, cancellation);
            }
        }

        private long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * clock.TimestampFrequency);
    }
}
