using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Refill.Server.Tests;

/// <summary>HTTP by hand, for requests that a well-behaved client does not send, or not without finishing them.</summary>
internal static class RawHttp
{
    /// <summary>Sends this and reads what comes back until the server hangs up or the answer's head and announced body are in.</summary>
    public static async Task<(int Status, string Answer)> AskAsync(Uri url, string request, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port, cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellation);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = new StringBuilder();
        var length = 0;
        while (await reader.ReadLineAsync(cancellation) is { Length: > 0 } line)
        {
            answer.AppendLine(line);
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture);
            }
        }

        var body = new char[length];
        answer.Append(body, 0, await reader.ReadBlockAsync(body, cancellation));
        return (int.Parse(answer.ToString().Split(' ')[1], CultureInfo.InvariantCulture), answer.ToString());
    }
}
