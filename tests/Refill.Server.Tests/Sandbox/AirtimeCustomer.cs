using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>An answer of the sandbox's Reloadly.</summary>
internal sealed record AirtimeReply(HttpStatusCode Status, JsonElement Body)
{
    internal string? this[string name] => Body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

    internal long TransactionId => Body.GetProperty("transactionId").GetInt64();
}

/// <summary>A customer of Reloadly, written for these tests alone.</summary>
internal sealed class AirtimeCustomer(HttpClient http)
{
    internal const string Audience = "https://topups.reloadly.com";
    private string? token;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal async Task<AirtimeReply> TokenAsync(string id = "client", string secret = "a client secret of this test", string grant = "client_credentials", string audience = Audience)
    {
        using var answer = await http.PostAsJsonAsync("/oauth/token", new { client_id = id, client_secret = secret, grant_type = grant, audience }, Cancellation);
        return await ReadAsync(answer);
    }

    internal async Task LogInAsync() => token = (await TokenAsync())["access_token"];

    internal void UseToken(string? other) => token = other;

    internal Task<AirtimeReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    internal Task<AirtimeReply> TopUpAsync(string number, string identifier, object? amount = null, object? operatorId = null, bool asynchronous = false) => SendAsync(
        HttpMethod.Post,
        asynchronous ? "/topups-async" : "/topups",
        new { operatorId = operatorId ?? 9108, amount = amount ?? 14, useLocalAmount = false, customIdentifier = identifier, recipientPhone = new { countryCode = "US", number } });

    internal async Task<AirtimeReply> SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, Cancellation);
        return await ReadAsync(answer);
    }

    internal async Task<decimal> BalanceAsync() => (await GetAsync("/accounts/balance")).Body.GetProperty("balance").GetDecimal();

    private static async Task<AirtimeReply> ReadAsync(HttpResponseMessage answer) =>
        new(answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
}
