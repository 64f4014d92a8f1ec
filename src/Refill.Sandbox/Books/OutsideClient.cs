namespace Refill.Sandbox.Books;

/// <summary>What a merchant answered to a notification.</summary>
internal sealed record OutsideAnswer(int Status, string Body);

/// <summary>
/// Calls the merchant under test. Follows no redirects, waits and reads only so much, and takes any certificate on loopback, where tests make their own.
/// </summary>
internal sealed class OutsideClient : IDisposable
{
    private const long LargestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        SslOptions =
        {
            RemoteCertificateValidationCallback = (sender, _, _, errors) =>
                errors == System.Net.Security.SslPolicyErrors.None || (sender is System.Net.Security.SslStream stream && IsLoopback(stream.TargetHostName)),
        },
    })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = LargestAnswer,
    };

    /// <returns>Null if there was no answer.</returns>
    internal async Task<OutsideAnswer?> PostAsync(Uri url, HttpContent content, IReadOnlyDictionary<string, string> headers, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        try
        {
            using var response = await http.SendAsync(request, cancellation);
            return new OutsideAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    public void Dispose() => http.Dispose();

    private static bool IsLoopback(string host) => Uri.TryCreate($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}/", UriKind.Absolute, out var url) && url.IsLoopback;
}
