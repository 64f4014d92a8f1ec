using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Refill.Browser.Tests;

/// <summary>The ruler itself is measured: the one place where time on the clock is asserted, below always exactly, above generously.</summary>
[Collection(nameof(Unhurried))]
public sealed class SlowPipeTests
{
    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_byte_arrives_unchanged_and_is_counted_once_in_its_direction()
    {
        using var echo = new EchoServer();
        await using var pipe = new SlowPipe(new Line(80_000_000, 80_000_000, TimeSpan.FromMilliseconds(2)), echo.Port);
        var sent = new byte[100_001];
        Random.Shared.NextBytes(sent);

        var received = await ExchangeAsync(pipe.Port, sent);

        Assert.Equal(sent, received);
        Assert.Equal((sent.Length, sent.Length, 1), (pipe.UpBytes, pipe.DownBytes, pipe.Connections));
    }

    [Fact]
    public async Task One_byte_there_and_back_takes_a_handshake_and_a_round_trip()
    {
        using var echo = new EchoServer();
        await using var pipe = new SlowPipe(Line.Throttled, echo.Port);
        var clock = Stopwatch.StartNew();

        await ExchangeAsync(pipe.Port, [1]);

        Assert.InRange(clock.Elapsed, Line.Throttled.RoundTrip * 2, Line.Throttled.RoundTrip * 2 + Generous);
    }

    [Fact]
    public async Task Down_is_as_slow_as_the_line_however_many_connections_share_it()
    {
        const int Connections = 4;
        const int BytesEach = 4_000;
        using var echo = new EchoServer();
        var line = new Line(128_000, 80_000_000, TimeSpan.FromMilliseconds(2));
        await using var pipe = new SlowPipe(line, echo.Port);
        var clock = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => ExchangeAsync(pipe.Port, new byte[BytesEach])));

        var due = TimeSpan.FromSeconds(Connections * BytesEach * 8.0 / line.DownBitsPerSecond);
        Assert.InRange(clock.Elapsed, due, due + Generous);
    }

    [Fact]
    public async Task Up_at_half_the_rate_takes_longer_than_down()
    {
        using var echo = new EchoServer();
        await using var slowUp = new SlowPipe(Line.Throttled with { DownBitsPerSecond = 80_000_000 }, echo.Port);
        await using var slowDown = new SlowPipe(Line.Throttled with { UpBitsPerSecond = 80_000_000 }, echo.Port);

        var up = Stopwatch.StartNew();
        await ExchangeAsync(slowUp.Port, new byte[8_000]);
        up.Stop();
        var down = Stopwatch.StartNew();
        await ExchangeAsync(slowDown.Port, new byte[8_000]);
        down.Stop();

        Assert.True(up.Elapsed > down.Elapsed, $"up {up.Elapsed}, down {down.Elapsed}");
    }

    private static async Task<byte[]> ExchangeAsync(int port, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        var stream = client.GetStream();
        var received = new byte[bytes.Length];
        await Task.WhenAll(stream.WriteAsync(bytes, Cancellation).AsTask(), stream.ReadExactlyAsync(received, Cancellation).AsTask());
        return received;
    }

    private sealed class EchoServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);

        public EchoServer()
        {
            listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public void Dispose() => listener.Stop();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = EchoAsync(await listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                // Dispose ends it.
            }
        }

        private static async Task EchoAsync(TcpClient client)
        {
            using (client)
            {
                await client.GetStream().CopyToAsync(client.GetStream());
            }
        }
    }
}
