using System.Net.Http.Headers;

namespace Refill.Payments.WeChatPay;

/// <summary>What came back over the wire, not verified yet; or silence and its reason.</summary>
internal sealed record WeChatPayReceived(int Status, WeChatPayMark Mark, ReadOnlyMemory<byte> Body, DateTimeOffset? ServerTime, string? Silence)
{
    public static WeChatPayReceived Silent(string why) => new(0, WeChatPayMark.Of(_ => null), default, null, why);

    public bool IsSuccess => Silence is null && Status is >= 200 and <= 299;
}

/// <summary>Sends signed requests: the bytes that are signed are the bytes that are sent.</summary>
internal sealed class WeChatPayWire(HttpClient http, WeChatPayOptions options, WeChatPayKeyRing keys, TimeProvider time)
{
    private const int MaxAnswer = 1024 * 1024;
    private static readonly ProductInfoHeaderValue Agent = new("Refill", "1");

    /// <summary>An address of the API.</summary>
    public Uri Address(string pathAndQuery) => new(options.ApiUrl, pathAndQuery);

    /// <summary>One call, within the time limit; never throws for what the network does.</summary>
    public async Task<WeChatPayReceived> SendAsync(HttpMethod method, string pathAndQuery, byte[]? body, CancellationToken cancellation)
    {
        using var request = Request(method, Address(pathAndQuery), body ?? []);
        return await SendAsync(request, cancellation);
    }

    /// <summary>The same for a request that is made already (not signed, for the accounts).</summary>
    public async Task<WeChatPayReceived> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Timeout);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswer, limit.Token); // A longer one is an HttpRequestException.
            var bytes = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return new WeChatPayReceived((int)response.StatusCode, WeChatPayMark.Of(name => Header(response, name)), bytes, response.Headers.Date, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return WeChatPayReceived.Silent("no answer in time");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return WeChatPayReceived.Silent($"no answer: {error.GetType().Name}");
        }
    }

    /// <summary>The answer's head, its body still to be read: a statement's file.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancellation) => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    public HttpRequestMessage Request(HttpMethod method, Uri address, byte[] body)
    {
        var set = keys.Current;
        var (seconds, nonce) = (time.GetUtcNow().ToUnixTimeSeconds(), WeChatPaySignature.Nonce());
        var signature = WeChatPaySignature.Sign(set.PrivateKey, WeChatPaySignature.Request(method.Method, address.PathAndQuery, seconds, nonce, body));
        var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue(
            WeChatPaySignature.Scheme, $"mchid=\"{options.MerchantId}\",nonce_str=\"{nonce}\",timestamp=\"{seconds}\",serial_no=\"{set.SerialNumber}\",signature=\"{signature}\"");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(Agent);
        if (set.AskFor is { } serial)
        {
            request.Headers.Add("Wechatpay-Serial", serial); // Answers follow it, so that they change to the public key when we do.
        }

        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return request;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && values.ToArray() is [var only] ? only : null;
}
