using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Refill.Server.Tests.Carriers;

namespace Refill.Server.Tests.Sandbox;

/// <summary>Every answer that the sandbox really gives, in success and in error, held against Reloadly's document.</summary>
[Trait("needs", "shared")]
public sealed class SandboxContractTests : IAsyncLifetime
{
    private const string Healthy = "12015550170";
    private readonly ReloadlyContract contract = ReloadlyContract.Load();
    private CarrierSandbox sandbox = null!;
    private string token = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        sandbox = await CarrierSandbox.StartAsync();
        token = JsonDocument.Parse((await CheckedAsync(HttpMethod.Post, "/oauth/token", HttpStatusCode.OK, Credentials(CarrierSandbox.ClientSecret))).Body)
            .RootElement.GetProperty("access_token").GetString()!;
    }

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public Task Wrong_credentials() => CheckedAsync(HttpMethod.Post, "/oauth/token", HttpStatusCode.Unauthorized, Credentials("wrong"));

    [Theory]
    [InlineData("GET", "/operators/9108")]
    [InlineData("GET", $"/operators/auto-detect/phone/{Healthy}/countries/US")]
    [InlineData("POST", "/topups")]
    [InlineData("POST", "/topups-async")]
    [InlineData("GET", "/topups/1/status")]
    [InlineData("GET", "/topups/reports/transactions")]
    [InlineData("GET", "/topups/reports/transactions/1")]
    public async Task No_token_or_a_wrong_one(string method, string path)
    {
        foreach (var wrong in new[] { "", "not-a-token" })
        {
            token = wrong;
            await CheckedAsync(new HttpMethod(method), path, HttpStatusCode.Unauthorized, method == "POST" ? TopUp() : null);
        }
    }

    [Theory]
    [InlineData("12015550110")]
    [InlineData("12015550170")]
    [InlineData("12125550110")]
    public Task A_number_that_it_knows(string number) => CheckedAsync(HttpMethod.Get, $"/operators/auto-detect/phone/{number}/countries/US", HttpStatusCode.OK);

    [Theory]
    [InlineData("12015550100", "US")]
    [InlineData("12065550170", "US")]
    [InlineData("1201555", "US")]
    [InlineData("notanumber", "US")]
    [InlineData("12015550170", "USA")]
    [InlineData("03238482221", "PK")]
    public Task A_number_that_it_does_not_know(string number, string country) =>
        CheckedAsync(HttpMethod.Get, $"/operators/auto-detect/phone/{number}/countries/{country}", HttpStatusCode.NotFound);

    [Fact]
    public async Task Each_operator_and_one_that_is_none()
    {
        for (var id = 9101; id <= 9109; id++)
        {
            await CheckedAsync(HttpMethod.Get, $"/operators/{id}", HttpStatusCode.OK);
        }

        await CheckedAsync(HttpMethod.Get, "/operators/88", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_top_up_and_every_way_to_ask_for_it()
    {
        var id = Number(await CheckedAsync(HttpMethod.Post, "/topups", HttpStatusCode.OK, TopUp(identifier: "contract-1")));

        await CheckedAsync(HttpMethod.Get, $"/topups/{id}/status", HttpStatusCode.OK);
        await CheckedAsync(HttpMethod.Get, $"/topups/reports/transactions/{id}", HttpStatusCode.OK);
        await CheckedAsync(HttpMethod.Get, "/topups/reports/transactions", HttpStatusCode.OK);
        await CheckedAsync(HttpMethod.Get, "/topups/reports/transactions?customIdentifier=contract-1&size=200&page=1", HttpStatusCode.OK);
        await CheckedAsync(HttpMethod.Get, "/topups/reports/transactions?customIdentifier=of-nobody", HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("12015550170")]
    [InlineData("12015550175")]
    [InlineData("12015550178")]
    public async Task An_asynchronous_top_up_and_its_status_while_it_waits(string number)
    {
        var id = Number(await CheckedAsync(HttpMethod.Post, "/topups-async", HttpStatusCode.OK, TopUp(number, "contract-2")));

        await CheckedAsync(HttpMethod.Get, $"/topups/{id}/status", HttpStatusCode.OK);
        await CheckedAsync(HttpMethod.Get, "/topups/reports/transactions?customIdentifier=contract-2", HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/topups")]
    [InlineData("/topups-async")]
    public async Task Every_refusal_of_a_top_up(string path)
    {
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.OK, TopUp(identifier: "contract-3"));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, TopUp(identifier: "contract-3"));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, TopUp(amount: 13.99m));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, TopUp(number: "1201555"));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, TopUp(number: "12015550110"));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, TopUp(operatorId: 88));
        await CheckedAsync(HttpMethod.Post, path, HttpStatusCode.BadRequest, []);
    }

    [Fact]
    public async Task A_transaction_that_is_none()
    {
        await CheckedAsync(HttpMethod.Get, "/topups/987654321/status", HttpStatusCode.NotFound);
        await CheckedAsync(HttpMethod.Get, "/topups/reports/transactions/987654321", HttpStatusCode.NotFound);
    }

    /// <summary>The control: the same check of the same real answers, each broken in one place, finds it.</summary>
    [Fact]
    public async Task A_violation_that_is_planted_in_a_real_answer_is_found()
    {
        var operators = await CheckedAsync(HttpMethod.Get, $"/operators/auto-detect/phone/{Healthy}/countries/US", HttpStatusCode.OK);
        var transaction = await CheckedAsync(HttpMethod.Post, "/topups", HttpStatusCode.OK, TopUp(identifier: "contract-4"));
        var refusal = await CheckedAsync(HttpMethod.Post, "/topups", HttpStatusCode.BadRequest, TopUp(identifier: "contract-4"));

        foreach (var (answer, path, method, field, value) in new (Answer, string, HttpMethod, string, JsonNode?)[]
        {
            (operators, $"/operators/auto-detect/phone/{Healthy}/countries/US", HttpMethod.Get, "operatorId", "9108"),
            (operators, $"/operators/auto-detect/phone/{Healthy}/countries/US", HttpMethod.Get, "hotspot", true),
            (transaction, "/topups", HttpMethod.Post, "status", "DONE"),
            (transaction, "/topups", HttpMethod.Post, "requestedAmount", null),
            (transaction, "/topups", HttpMethod.Post, "transactionDate", "2026-03-01T12:00:00Z"),
            (refusal, "/topups", HttpMethod.Post, "errorCode", 400),
        })
        {
            var broken = JsonNode.Parse(answer.Body)!;
            broken[field] = value;

            Assert.NotEmpty(await contract.CheckAsync(method, path, (int)answer.Status, broken.ToJsonString()));
        }
    }

    private sealed record Answer(HttpStatusCode Status, string Body);

    /// <summary>Makes the call and holds its answer against the contract.</summary>
    private async Task<Answer> CheckedAsync(HttpMethod method, string path, HttpStatusCode expected, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (token.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var response = await sandbox.Http.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var violations = await contract.CheckAsync(method, path, (int)response.StatusCode, text);
        Assert.True(violations.Count == 0, $"{method} {path} {(int)response.StatusCode}: {string.Join("; ", violations)}\n{text}");
        return new Answer(response.StatusCode, text);
    }

    private static long Number(Answer answer) => JsonDocument.Parse(answer.Body).RootElement.GetProperty("transactionId").GetInt64();

    private static JsonObject Credentials(string secret) => new()
    {
        ["client_id"] = "client",
        ["client_secret"] = secret,
        ["grant_type"] = "client_credentials",
        ["audience"] = "https://topups.reloadly.com",
    };

    private static JsonObject TopUp(string number = Healthy, string identifier = "contract-0", decimal amount = 14.00m, int operatorId = 9108) => new()
    {
        ["operatorId"] = operatorId,
        ["amount"] = amount,
        ["useLocalAmount"] = false,
        ["customIdentifier"] = identifier,
        ["recipientPhone"] = new JsonObject { ["countryCode"] = "US", ["number"] = number },
    };
}
