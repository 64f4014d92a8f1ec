using System.Text.Json.Nodes;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The judge judged: it takes the contract's own examples, and refuses each of them with one thing wrong.</summary>
[Trait("needs", "shared")]
public sealed class ReloadlyContractTests
{
    public static TheoryData<string, string, int> Operations => new()
    {
        { "post /oauth/token", "/oauth/token", 200 },
        { "post /oauth/token", "/oauth/token", 401 },
        { "get /operators/{operatorid}", "/operators/88", 200 },
        { "get /operators/{operatorid}", "/operators/88", 401 },
        { "get /operators/{operatorid}", "/operators/88", 404 },
        { "get /operators/auto-detect/phone/{phone}/countries/{countryisocode}", "/operators/auto-detect/phone/03238482221/countries/PK", 200 },
        { "get /operators/auto-detect/phone/{phone}/countries/{countryisocode}", "/operators/auto-detect/phone/03238482221/countries/PK", 401 },
        { "get /operators/auto-detect/phone/{phone}/countries/{countryisocode}", "/operators/auto-detect/phone/03238482221/countries/PK", 404 },
        { "post /topups", "/topups", 200 },
        { "post /topups", "/topups", 400 },
        { "post /topups", "/topups", 401 },
        { "post /topups", "/topups", 404 },
        { "post /topups-async", "/topups-async", 200 },
        { "post /topups-async", "/topups-async", 400 },
        { "get /topups/{transactionId}/status", "/topups/4602843/status", 200 },
        { "get /topups/{transactionId}/status", "/topups/4602843/status", 404 },
        { "get /topups/reports/transactions", "/topups/reports/transactions?customIdentifier=x", 200 },
        { "get /topups/reports/transactions/{transactionId}", "/topups/reports/transactions/4602843", 200 },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task The_contracts_own_examples_keep_to_it(string operation, string path, int status)
    {
        var contract = ReloadlyContract.Load();

        Assert.Empty(await Check(contract, operation, path, status, contract.Example($"{operation} {status}")));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task An_answer_with_a_field_that_the_contract_does_not_have_is_refused(string operation, string path, int status)
    {
        var contract = ReloadlyContract.Load();
        var answer = contract.Example($"{operation} {status}");
        answer["surprise"] = 1;

        Assert.NotEmpty(await Check(contract, operation, path, status, answer));
    }

    [Theory]
    [InlineData("transactionId", "\"4602843\"")]
    [InlineData("transactionId", "0")]
    [InlineData("transactionId", "4602843.5")]
    [InlineData("transactionId", "null")]
    [InlineData("transactionId", null)]
    [InlineData("status", "\"DONE\"")]
    [InlineData("status", "200")]
    [InlineData("customIdentifier", "null")]
    [InlineData("customIdentifier", "17")]
    [InlineData("recipientPhone", "{}")]
    [InlineData("requestedAmount", null)]
    [InlineData("requestedAmount", "null")]
    [InlineData("requestedAmountCurrencyCode", "840")]
    [InlineData("discount", "true")]
    [InlineData("transactionDate", "\"2021-12-06T08:13:39Z\"")]
    [InlineData("transactionDate", "1638778419")]
    [InlineData("pinDetail", """{"serial":558111,"surprise":1}""")]
    [InlineData("balanceInfo", """{"oldBalance":"a lot"}""")]
    public async Task A_transaction_with_one_thing_wrong_is_refused(string field, string? value)
    {
        var contract = ReloadlyContract.Load();
        foreach (var (operation, path) in new[] { ("post /topups", "/topups"), ("get /topups/{transactionId}/status", "/topups/4602843/status") })
        {
            Assert.NotEmpty(await Check(contract, operation, path, 200, Changed(contract.Example($"{operation} 200"), field, value)));
        }

        var report = contract.Example("get /topups/reports/transactions 200");
        Changed(report["content"]![0]!, field, value);
        Assert.NotEmpty(await Check(contract, "get /topups/reports/transactions", "/topups/reports/transactions", 200, report));
    }

    [Theory]
    [InlineData("denominationType", "\"ANY\"")]
    [InlineData("operatorId", "\"88\"")]
    [InlineData("pin", "\"no\"")]
    [InlineData("country", """{"name":"Colombia"}""")]
    [InlineData("country", "\"CO\"")]
    [InlineData("fixedAmounts", "[\"5\"]")]
    [InlineData("fixedAmounts", "{}")]
    [InlineData("senderCurrencyCode", null)]
    public async Task An_operator_with_one_thing_wrong_is_refused(string field, string? value)
    {
        var contract = ReloadlyContract.Load();

        Assert.NotEmpty(await Check(contract, "get /operators/{operatorid}", "/operators/88", 200, Changed(contract.Example("get /operators/{operatorid} 200"), field, value)));
    }

    [Theory]
    [InlineData("errorCode", "null")]
    [InlineData("errorCode", null)]
    [InlineData("errorCode", "17")]
    [InlineData("message", null)]
    [InlineData("timeStamp", "\"now\"")]
    [InlineData("details", "\"none\"")]
    public async Task An_error_with_one_thing_wrong_is_refused(string field, string? value)
    {
        var contract = ReloadlyContract.Load();

        Assert.NotEmpty(await Check(contract, "post /topups", "/topups", 400, Changed(contract.Example("post /topups 400"), field, value)));
    }

    [Theory]
    [InlineData("POST", "/topups", 201, "{}")]
    [InlineData("POST", "/topups", 409, "{}")]
    [InlineData("PUT", "/topups", 200, "{}")]
    [InlineData("GET", "/nothing", 200, "{}")]
    [InlineData("POST", "/topups-async", 200, "")]
    [InlineData("POST", "/topups-async", 200, "<html>")]
    [InlineData("POST", "/topups-async", 200, """{"transactionId":1}{"transactionId":1}""")]
    [InlineData("POST", "/topups-async", 200, """{"transactionId":1,"transactionId":2}""")]
    [InlineData("POST", "/topups-async", 200, "[]")]
    public async Task What_is_not_in_the_contract_at_all_is_refused(string method, string path, int status, string body) =>
        Assert.NotEmpty(await ReloadlyContract.Load().CheckAsync(new HttpMethod(method), path, status, body));

    private static Task<IReadOnlyList<string>> Check(ReloadlyContract contract, string operation, string path, int status, JsonNode answer) =>
        contract.CheckAsync(new HttpMethod(operation.Split(' ')[0].ToUpperInvariant()), path, status, answer.ToJsonString());

    private static JsonNode Changed(JsonNode answer, string field, string? value)
    {
        answer.AsObject().Remove(field);
        if (value is not null)
        {
            answer[field] = JsonNode.Parse(value);
        }

        return answer;
    }
}
