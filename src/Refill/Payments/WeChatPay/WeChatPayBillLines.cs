using System.Security.Cryptography;
using System.Text;

namespace Refill.Payments.WeChatPay;

/// <summary>Lines of a file as it comes over the network: UTF-8 with its mark, each line ended by CRLF, hashed on the way; at no time more than one line in memory.</summary>
internal sealed class WeChatPayBillLines : IDisposable
{
    private const int MaxLine = 16 * 1024;
    private const long MaxBytes = 4L * 1024 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly Stream stream;
    private readonly TimeSpan patience;
    private readonly IncrementalHash hash;
    private readonly byte[] buffer = new byte[MaxLine * 4];
    private int from;
    private int to;
    private long total;
    private bool started;
    private bool ended;

    /// <param name="patience">How long the network may give nothing.</param>
    public WeChatPayBillLines(Stream stream, TimeSpan patience)
    {
        (this.stream, this.patience) = (stream, patience);
#pragma warning disable CA5350 // It is the hash that WeChat Pay gives, in an answer that is signed; it shows a file that was cut off or mixed up.
        hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
    }

    public void Dispose() => hash.Dispose();

    /// <summary>SHA-1 of what has been read, when the end has been reached.</summary>
    public string Hash() => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>The next line without its end; null: the file is over.</summary>
    /// <exception cref="StatementException">The network broke off, or these are no such lines.</exception>
    public async ValueTask<string?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var end = buffer.AsSpan(from, to - from).IndexOf((byte)'\n');
            if (end > MaxLine || (end < 0 && to - from > MaxLine))
            {
                throw Unfit("a line without an end");
            }

            if (end >= 0)
            {
                var line = Text(buffer.AsSpan(from, end));
                from += end + 1;
                return line;
            }

            if (ended)
            {
                return to == from ? null : throw Unfit("the last line has no end: the file is cut off");
            }

            await FillAsync(cancellation);
        }
    }

    private string Text(ReadOnlySpan<byte> bytes)
    {
        if (!started)
        {
            bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : throw Unfit("the file does not begin with UTF-8's mark");
            started = true;
        }

        try
        {
            return bytes is [.. var line, (byte)'\r'] ? Strict.GetString(line) : throw Unfit("a line does not end in CRLF");
        }
        catch (DecoderFallbackException)
        {
            throw Unfit("a line is not UTF-8");
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        if (from > 0)
        {
            buffer.AsSpan(from, to - from).CopyTo(buffer);
            (from, to) = (0, to - from);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            var read = await stream.ReadAsync(buffer.AsMemory(to), limit.Token);
            hash.AppendData(buffer, to, read);
            (ended, to, total) = (read == 0, to + read, total + read);
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new StatementException($"WeChat Pay's statement broke off: {error.GetType().Name}") { MayPass = true };
        }

        if (total > MaxBytes)
        {
            throw Unfit($"the file is longer than {MaxBytes} bytes");
        }
    }

    private static StatementException Unfit(string why) => new($"WeChat Pay's statement is unfit: {why}");
}
