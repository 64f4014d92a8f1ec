namespace Refill.Payments.Alipay.Bills;

/// <summary>A bill on its way through: on disk, because a zip is read from its end, readable by its owner only, and without a name there as soon as it can be.</summary>
internal static class BillSpool
{
    /// <summary>The address dies then (payments-protocols, 1A): the answer must have begun.</summary>
    private static readonly TimeSpan AddressLives = TimeSpan.FromSeconds(30);

    /// <summary>For the whole of a very long bill.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <exception cref="StatementException">It cannot be had, or is too long.</exception>
    public static async Task<FileStream> FetchAsync(HttpClient http, string? address, BillLimits limits, CancellationToken cancellation)
    {
        if (Secure(address) is not { } url)
        {
            throw new StatementException("Alipay's answer holds no address of a bill that could be used");
        }

        FileStream? file = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AddressLives);
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if ((int)response.StatusCode != 200)
            {
                throw new StatementException($"the bill's address answers with HTTP status {(int)response.StatusCode}") { MayPass = true };
            }

            limit.CancelAfter(Longest);
            file = Open();
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            var buffer = new byte[64 * 1024];
            for (int read; (read = await body.ReadAsync(buffer, limit.Token)) > 0;)
            {
                if (file.Length + read > limits.ZipBytes)
                {
                    throw new StatementException($"the bill is longer than {limits.ZipBytes} bytes");
                }

                await file.WriteAsync(buffer.AsMemory(0, read), limit.Token);
            }

            if (response.Content.Headers.ContentLength is { } promised && promised != file.Length)
            {
                throw new StatementException($"{file.Length} bytes of a bill of {promised} have come") { MayPass = true };
            }

            await file.FlushAsync(limit.Token);
            file.Position = 0;
            return file;
        }
        catch (Exception error)
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }

            throw error switch
            {
                OperationCanceledException when !cancellation.IsCancellationRequested => new StatementException("the bill did not come in time") { MayPass = true },
                HttpRequestException or IOException or UnauthorizedAccessException => new StatementException($"the bill could not be fetched: {error.GetType().Name}") { MayPass = true },
                _ => error,
            };
        }
    }

    /// <summary>https, or http on loopback. Alipay's documents show http://dwbillcenter.alipay.com, which answers https as well.</summary>
    internal static Uri? Secure(string? address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            return null;
        }

        return url.Scheme == Uri.UriSchemeHttps || url.IsLoopback ? url : !url.IsDefaultPort ? null : new UriBuilder(url) { Scheme = Uri.UriSchemeHttps, Port = -1 }.Uri;
    }

    private static FileStream Open()
    {
        var path = Path.Combine(Path.GetTempPath(), $"refill-bill-{Path.GetRandomFileName()}");
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous });
        }

        var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.Asynchronous, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        try
        {
            File.Delete(path); // The open file lives on without its name, and is gone even if this process is killed.
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
