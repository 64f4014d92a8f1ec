using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Refill.Carriers.Reloadly;

/// <summary>What came back from one call. A closed set.</summary>
internal abstract record ReloadlyReply
{
    private ReloadlyReply()
    {
    }

    /// <summary>HTTP 200 with a JSON body.</summary>
    internal sealed record Success(JsonElement Body) : ReloadlyReply;

    /// <summary>A 4xx that says what it refuses, in the contract's error form.</summary>
    /// <param name="ErrorCode">Null where their contract gives none (a path that does not exist, for one).</param>
    internal sealed record Refusal(HttpStatusCode Status, string? ErrorCode) : ReloadlyReply;

    /// <summary>No answer, or none that means anything.</summary>
    /// <param name="NothingSent">The call was certainly not carried out.</param>
    internal sealed record Silence(string Why, bool NothingSent) : ReloadlyReply;
}

/// <summary>One call of the Airtime API: its token, its timeout, its limits. Logs neither addresses (a phone number stands in them) nor bodies.</summary>
internal sealed class ReloadlyCalls(HttpClient http, ReloadlyOptions options, TimeProvider time, ILogger log)
{
    /// <summary>The longest answer that is read; a page of the report is the longest that is expected, some 50 KiB.</summary>
    internal const int LongestAnswer = 512 * 1024;

    private readonly ReloadlyToken token = new(http, options, time, log);

    internal async Task<ReloadlyReply> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var sent = false;
        try
        {
            var reply = await WithTokenAsync();
            if (reply is ReloadlyReply.Silence silence)
            {
                log.LogWarning("Reloadly: {Why}", silence.Why);
            }

            return reply;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            log.LogWarning("Reloadly: no answer within {Timeout}", options.Timeout);
            return new ReloadlyReply.Silence($"no answer within {options.Timeout}", NothingSent: !sent);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            var why = Describe(failure);
            log.LogWarning("Reloadly: {Failure}", why);
            return new ReloadlyReply.Silence(why, NothingSent: !sent || NeverConnected(failure));
        }

        async Task<ReloadlyReply> WithTokenAsync()
        {
            string? refused = null;

            // Twice at most: a token may have been revoked before its time (contract: 401 INVALID_TOKEN; in the field also TOKEN_EXPIRED).
            for (var attempt = 1; ; attempt++)
            {
                if (await token.GetAsync(refused, either.Token) is not { } bearer)
                {
                    return new ReloadlyReply.Silence("no access token", NothingSent: true);
                }

                using var request = new HttpRequestMessage(method, Under(options.ApiUrl, path));
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/com.reloadly.topups-v1+json"));
                request.Content = body is null ? null : Json(body);
                sent = true;
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
                if (response.StatusCode == HttpStatusCode.Unauthorized && attempt == 1)
                {
                    refused = bearer;
                    sent = false;
                    continue;
                }

                return Read(response.StatusCode, await ReadJsonAsync(response, either.Token));
            }
        }
    }

    private static ReloadlyReply Read(HttpStatusCode status, JsonElement? body) => status switch
    {
        HttpStatusCode.OK when body is { ValueKind: JsonValueKind.Object } answer => new ReloadlyReply.Success(answer),
        HttpStatusCode.OK => new ReloadlyReply.Silence("HTTP 200 without a JSON object", NothingSent: false),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new ReloadlyReply.Silence($"not let in, HTTP {(int)status}", NothingSent: true),
        HttpStatusCode.TooManyRequests => new ReloadlyReply.Silence("too many calls, HTTP 429", NothingSent: true),
        HttpStatusCode.RequestTimeout => new ReloadlyReply.Silence("HTTP 408", NothingSent: false),
        >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError when body is { ValueKind: JsonValueKind.Object } answer =>
            new ReloadlyReply.Refusal(status, ReloadlyJson.Text(answer, "errorCode")),
        _ => new ReloadlyReply.Silence($"HTTP {(int)status}", NothingSent: false),
    };

    /// <summary>A body with its length said: not every server takes a chunked request.</summary>
    internal static ByteArrayContent Json(object body) =>
        new(JsonSerializer.SerializeToUtf8Bytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    internal static Uri Under(Uri baseUrl, string path) => new($"{baseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}");

    /// <summary>The body as JSON without duplicate names; null if it is none, or longer than <see cref="LongestAnswer"/>.</summary>
    internal static async Task<JsonElement?> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (body.Length + read > LongestAnswer)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        try
        {
            using var document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What went wrong on the wire, without the address that an exception's own words may hold.</summary>
    internal static string Describe(Exception failure) =>
        failure is HttpRequestException { HttpRequestError: var error } ? $"no answer, {error}" : "no answer, the connection broke";

    private static bool NeverConnected(Exception failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError,
    };
}
