using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Refill.Customers;
using Refill.Payments.Wallets;
using Refill.Server.Tests.Storefront;
using Refill.Units;

namespace Refill.Server.Tests.Api;

/// <summary>An answer of the API, read whole.</summary>
internal sealed record ApiAnswer(int Status, string Body, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>"402 wallet-balance-too-low": what a refusal is, for programs.</summary>
    public string Problem => $"{Status} {Json.GetProperty("type").GetString()!["/problems/".Length..]}";
}

/// <summary>An integrator with a wallet and a key.</summary>
internal sealed class Integrator : IDisposable
{
    private readonly HttpClient http;

    private Integrator(StorefrontRig rig, Wallet wallet, ApiKey key, string presented)
    {
        (Wallet, Key, Presented) = (wallet, key, presented);
        http = new HttpClient { BaseAddress = new Uri(rig.Url, "/api/v1/"), Timeout = TimeSpan.FromSeconds(60) };
    }

    public Wallet Wallet { get; }

    public ApiKey Key { get; }

    public string Presented { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Integrator> NewAsync(StorefrontRig rig, long cents = 100_00, params ImmutableArray<string> scopes)
    {
        var wallets = rig.Services.GetRequiredService<Wallets>();
        var wallet = await wallets.OpenAsync("Campus shop", Cancellation);
        if (cents > 0)
        {
            await wallets.CreditAsync(wallet.Id, Money.Usd(cents), "test", "first", Cancellation);
        }

        var (key, presented) = await rig.Services.GetRequiredService<ApiKeys>().CreateAsync(wallet.Id, "test", scopes.IsDefaultOrEmpty ? ApiScope.All : scopes, Cancellation);
        return new Integrator(rig, wallet, key, presented);
    }

    public Task<ApiAnswer> OrderAsync(string? key, string body, string type = "application/json") => PostAsync("top-ups", key, body, type);

    public Task<ApiAnswer> OrderAsync(string key, string card, string plan, string payWith) => OrderAsync(key, JsonSerializer.Serialize(new { card, plan, payWith }));

    public Task<ApiAnswer> BatchAsync(string? key, string body, string type = "application/x-ndjson") => PostAsync("top-ups/batch", key, body, type);

    public Task<ApiAnswer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), $"Bearer {Presented}");

    public async Task<ApiAnswer> SendAsync(HttpRequestMessage request, string? authorization)
    {
        using (request)
        {
            if (authorization is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }

            using var answer = await http.SendAsync(request, Cancellation);
            return new ApiAnswer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation), answer.Headers, answer.Content.Headers.ContentType?.ToString());
        }
    }

    public void Dispose() => http.Dispose();

    private Task<ApiAnswer> PostAsync(string path, string? key, string body, string type)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return SendAsync(request, $"Bearer {Presented}");
    }
}
