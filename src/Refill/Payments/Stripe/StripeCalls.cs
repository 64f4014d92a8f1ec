using System.Net;
using System.Text.Json;
using global::Stripe;
using Microsoft.Extensions.Logging;

namespace Refill.Payments.Stripe;

/// <summary>
/// One call to Stripe through its own library, with a time limit of ours around the library's repeats. Whatever goes wrong on the line or in the answer is
/// silence; only an error that Stripe itself words, and that repeating would not mend, is a refusal.
/// </summary>
/// <param name="http">From <see cref="NewClient"/>.</param>
internal sealed class StripeCalls(HttpClient http, StripeOptions options, ILogger log)
{
    /// <summary>The longest answer that is read, in bytes: a page of a hundred balance transactions with their sources takes a few hundred thousand.</summary>
    private const int MaxAnswer = 4 * 1024 * 1024;

    private readonly StripeOptions options = options.Checked();
    private volatile StripeClient? client;

    public StripeKeys Keys => options.Keys();

    /// <summary>A client that follows no redirects, has no time limit of its own and reads no endless answers.</summary>
    public static HttpClient NewClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MaxAnswer,
    };

    /// <param name="what">The call's name, for the log.</param>
    /// <param name="idempotencyKey">For a call that changes something; null for one that only asks.</param>
    public async Task<StripeCall<T>> AskAsync<T>(string what, string? idempotencyKey, Func<V1Services, RequestOptions, CancellationToken, Task<T>> call, CancellationToken cancellation)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Timeout);
        try
        {
            // The library's pause before a repeat heeds no cancellation, hence the WaitAsync.
            var answer = await call(Client().V1, new RequestOptions { IdempotencyKey = idempotencyKey }, limit.Token).WaitAsync(limit.Token);
            return answer is null ? Silent<T>(what, "an empty answer") : new StripeCall<T>(answer, null, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Silent<T>(what, "no answer in time");
        }
        catch (StripeException error) when (error.StripeError is { } told && error.HttpStatusCode != 0)
        {
            // 409: another call with the same key is under way; 429: too many; 5xx: nothing is known of what it did.
            var status = (int)error.HttpStatusCode;
            var why = $"{status} {StripeWords.Plain(told.Type)}, code {StripeWords.Plain(told.Code)}, request {StripeWords.Plain(error.StripeResponse?.RequestId)}";
            if (status is < 400 or 409 or 429 or >= 500)
            {
                return Silent<T>(what, why);
            }

            var refusal = new StripeRefusal(error.HttpStatusCode, told.Type ?? "", told.Code ?? "", told.DeclineCode, why);
            log.LogWarning("Stripe {What}: {Why}", what, refusal.Reason);
            return new StripeCall<T>(null, refusal, null);
        }
        catch (StripeException error)
        {
            return Silent<T>(what, $"HTTP status {(int)error.HttpStatusCode}, an answer that is not Stripe's");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Silent<T>(what, $"no answer: {error.GetType().Name}");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or OverflowException or ArgumentException or NotSupportedException or NullReferenceException or InvalidCastException or KeyNotFoundException)
        {
            // The library reads strange bytes with all of these; the message may hold them.
            return Silent<T>(what, $"an answer that cannot be read: {error.GetType().Name}");
        }
    }

    /// <summary>The library's client for the key that counts now.</summary>
    private StripeClient Client()
    {
        var key = options.Keys().SecretKey;
        if (client is { } known && known.ApiKey == key)
        {
            return known;
        }

        return client = new StripeClient(new StripeClientOptions
        {
            ApiKey = key,
            ApiBase = options.ApiBase.GetLeftPart(UriPartial.Authority),
            HttpClient = new SystemNetHttpClient(http, options.MaxNetworkRetries, appInfo: null, enableTelemetry: false),
        });
    }

    private StripeCall<T> Silent<T>(string what, string why)
        where T : class
    {
        log.LogWarning("Stripe {What}: {Why}", what, why);
        return new StripeCall<T>(null, null, why);
    }
}

/// <summary>What a call gave: an answer, a refusal, or silence and its reason.</summary>
internal readonly record struct StripeCall<T>(T? Answer, StripeRefusal? Refusal, string? Silence)
    where T : class
{
    public string Why => Refusal?.Reason ?? Silence ?? "an answer";
}

/// <summary>An error of Stripe's that repeating does not mend. Its message is not kept: it may repeat what was sent.</summary>
internal sealed record StripeRefusal(HttpStatusCode Status, string Type, string Code, string? DeclineCode, string Words)
{
    public bool IsMissing => Code == "resource_missing";

    public string Reason => Status switch
    {
        HttpStatusCode.Unauthorized => $"the key is refused ({Words})",
        HttpStatusCode.Forbidden => $"the key may not do this ({Words})",
        _ when Type == "idempotency_error" => $"the same number was used for something else ({Words})",
        _ => Words,
    };
}

/// <summary>What others wrote, made fit for a log, and numbers of ours checked.</summary>
internal static class StripeWords
{
    public const string Usd = "usd";
    public const string OrderNumber = "order_number";
    public const string RefundNumber = "refund_number";

    /// <summary>Stripe's longest ids (sessions) have fewer than 100 characters.</summary>
    private const int MaxId = 255;

    /// <summary>Fit for a log: cut, and without control characters.</summary>
    public static string Plain(string? text) => text is { Length: > 0 } ? new([.. text.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' ? c : '?')]) : "missing";

    public static bool IsId([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? text) => text is { Length: > 0 and <= MaxId } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>A number as ours are: 6-32 (refunds: 40) characters of [0-9A-Za-z_].</summary>
    public static bool IsNumber([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? text) => text is { Length: >= 6 and <= 40 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    public static string? Number(IReadOnlyDictionary<string, string>? metadata, string name) => metadata?.GetValueOrDefault(name) is var number && IsNumber(number) ? number : null;
}
