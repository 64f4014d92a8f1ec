using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Refill.Tests.Storage;

/// <summary>As much of PostgreSQL's protocol as a client needs to learn the server's version; then it hangs up.</summary>
internal sealed class OldPostgres : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string version;
    private readonly Task serving;

    internal OldPostgres(string version)
    {
        this.version = version;
        listener.Start();
        serving = ServeAsync();
    }

    internal string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        Username = "refill",
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        Pooling = false,
    }.ConnectionString + ";Server Compatibility Mode=NoTypeLoading";

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                var length = new byte[4];
                await stream.ReadExactlyAsync(length);
                await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length]);
                byte[] answer =
                [
                    .. Message('R', 0, 0, 0, 0),
                    .. Message('S', [.. Encoding.ASCII.GetBytes($"server_version\0{version}\0")]),
                    .. Message('S', [.. "client_encoding\0UTF8\0"u8]),
                    .. Message('K', 0, 0, 0, 1, 0, 0, 0, 1),
                    .. Message('Z', (byte)'I'),
                ];
                await stream.WriteAsync(answer);
                await stream.ReadExactlyAsync(new byte[1]); // A query, or the client's farewell.
            }
        }
        catch (Exception error) when (error is SocketException or IOException or InvalidOperationException)
        {
            // The test is over, or the client has gone.
        }
    }

    private static byte[] Message(char kind, params byte[] body)
    {
        var message = new byte[1 + 4 + body.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, 5);
        return message;
    }
}
