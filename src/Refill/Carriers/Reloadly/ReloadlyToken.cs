using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// The access token (OAuth 2.0 client credentials, POST /oauth/token): kept until shortly before it ends, fetched by one caller at a time
/// while the others wait for it, and at most <see cref="CallsAMinute"/> times a minute, so that wrong credentials never become a storm.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to dispose.")]
internal sealed class ReloadlyToken(HttpClient http, ReloadlyOptions options, TimeProvider time, ILogger log)
{
    internal const int CallsAMinute = 6;

    /// <summary>A token is not used in its last minute (or last tenth, if it lives shorter): it must not end on the way.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(90);
    private const int LongestToken = 8192;

    private readonly SemaphoreSlim oneAtATime = new(1, 1);
    private readonly Queue<long> calls = new(CallsAMinute);
    private volatile Held? held;

    // Ends on the monotonic clock: a jump of the wall clock neither kills a good token nor keeps a dead one.
    private sealed record Held(string Token, long Since, TimeSpan Life);

    /// <summary>The token, or null if none is to be had now; the reason has been logged.</summary>
    /// <param name="refused">A token that the API has just refused: another is fetched, unless a caller beside us already has.</param>
    internal async Task<string?> GetAsync(string? refused, CancellationToken cancellation)
    {
        if (Usable(refused) is { } known)
        {
            return known;
        }

        await oneAtATime.WaitAsync(cancellation);
        try
        {
            if (Usable(refused) is { } fetchedMeanwhile)
            {
                return fetchedMeanwhile;
            }

            if (!MayCall())
            {
                log.LogWarning("Reloadly: no token, {CallsAMinute} were asked for in the last minute", CallsAMinute);
                return null;
            }

            held = await FetchAsync(cancellation);
            return held?.Token;
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private string? Usable(string? refused) =>
        held is { } it && it.Token != refused && time.GetElapsedTime(it.Since) < it.Life ? it.Token : null;

    private bool MayCall()
    {
        while (calls.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= TimeSpan.FromMinutes(1))
        {
            calls.Dequeue();
        }

        if (calls.Count >= CallsAMinute)
        {
            return false;
        }

        calls.Enqueue(time.GetTimestamp());
        return true;
    }

    private async Task<Held?> FetchAsync(CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, ReloadlyCalls.Under(options.AuthUrl, "oauth/token"))
        {
            Content = ReloadlyCalls.Json(new Dictionary<string, string>
            {
                ["client_id"] = options.ClientId,
                ["client_secret"] = options.ClientSecret,
                ["grant_type"] = "client_credentials",
                ["audience"] = options.Audience,
            }),
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var body = await ReloadlyCalls.ReadJsonAsync(response, cancellation);
            if (response.StatusCode == HttpStatusCode.OK && body is { } answer && Read(answer, asked) is { } token)
            {
                return token;
            }

            log.LogWarning("Reloadly: no token, HTTP {Status}, {ErrorCode}", (int)response.StatusCode, body is { } refusal ? ReloadlyJson.Text(refusal, "errorCode") : "no JSON");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            log.LogWarning("Reloadly: no token, {Failure}", ReloadlyCalls.Describe(failure));
        }

        return null;
    }

    private static Held? Read(JsonElement answer, long asked)
    {
        var token = ReloadlyJson.Text(answer, "access_token");
        if (token is null || token.Length is 0 or > LongestToken || token.Any(c => c is < '!' or > '~')
            || !string.Equals(ReloadlyJson.Text(answer, "token_type"), "Bearer", StringComparison.OrdinalIgnoreCase)
            || ReloadlyJson.Number(answer, "expires_in") is not ({ } seconds and > 0))
        {
            return null;
        }

        var life = TimeSpan.FromSeconds(Math.Min(seconds, (long)LongestLife.TotalSeconds));
        return new Held(token, asked, life - (life / 10 < Margin ? life / 10 : Margin));
    }
}
