using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Refill.Tests.Ledger;

/// <summary>Which of the two does not get the message.</summary>
public enum LineCut
{
    BeforeTheServerHears,
    BeforeTheServerIsHeard,
}

/// <summary>A TCP line to a server that breaks once, at the first message that holds a word; afterwards it carries as any other.</summary>
internal sealed class CutLine : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly (string Host, int Port) server;
    private readonly byte[] word;
    private readonly LineCut cut;
    private readonly Task accepting;
    private int cuts;

    public CutLine(string host, int port, string word, LineCut cut)
    {
        (server, this.word, this.cut) = ((host, port), Encoding.ASCII.GetBytes(word), cut);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public bool WasCut => Volatile.Read(ref cuts) > 0;

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
                carried.Add(CarryAsync(await listener.AcceptSocketAsync(stopping.Token)));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(carried);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        await far.ConnectAsync(server.Host, server.Port, stopping.Token);
        // What comes back is not read any more from the moment that the word has been sent.
        var back = PassAsync(far, near, _ => true, broken.Token);
        await PassAsync(near, far, message => message.Span.IndexOf(word) < 0 || Interlocked.Increment(ref cuts) > 1, broken.Token, broken);
        await broken.CancelAsync();
        await back;
    }

    /// <summary>Carries one way until an end closes, or until <paramref name="goesOn"/> says that the line breaks at a message.</summary>
    private async Task PassAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, bool> goesOn, CancellationToken cancellation, CancellationTokenSource? breaks = null)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, cancellation) is var count and > 0)
            {
                var message = buffer.AsMemory(0, count);
                var whole = goesOn(message);
                if (!whole)
                {
                    await breaks!.CancelAsync();
                }

                if (whole || cut == LineCut.BeforeTheServerIsHeard)
                {
                    await to.SendAsync(message, CancellationToken.None);
                }

                if (!whole)
                {
                    break;
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException)
        {
            // The line is down.
        }
    }
}
