using System.Net;

namespace Refill.Server.Tests.Sandbox;

/// <summary>The sandbox's Reloadly as a customer sees it.</summary>
public sealed class ReloadlyApiTests : IAsyncLifetime
{
    private const string Healthy = "12015550170";
    private SandboxRig sandbox = null!;
    private AirtimeCustomer customer = null!;

    public async ValueTask InitializeAsync()
    {
        sandbox = await SandboxRig.StartAsync();
        customer = new AirtimeCustomer(sandbox.Http);
        await customer.LogInAsync();
    }

    public ValueTask DisposeAsync() => sandbox.DisposeAsync();

    [Fact]
    public async Task A_token_is_given_for_an_hour_and_ends_then()
    {
        var reply = await customer.TokenAsync();
        Assert.Equal((HttpStatusCode.OK, "Bearer", "3600"), (reply.Status, reply["token_type"], reply["expires_in"]));
        customer.UseToken(reply["access_token"]);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(3599));
        Assert.Equal(HttpStatusCode.OK, (await customer.GetAsync("/accounts/balance")).Status);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        var ended = await customer.GetAsync("/accounts/balance");
        Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_EXPIRED"), (ended.Status, ended["errorCode"]));
    }

    [Theory]
    [InlineData("other", "a client secret of this test", "client_credentials", AirtimeCustomer.Audience)]
    [InlineData("client", "another secret", "client_credentials", AirtimeCustomer.Audience)]
    [InlineData("client", "a client secret of this test", "password", AirtimeCustomer.Audience)]
    [InlineData("client", "a client secret of this test", "client_credentials", "https://giftcards.reloadly.com")]
    public async Task Wrong_credentials_get_no_token(string id, string secret, string grant, string audience)
    {
        var reply = await customer.TokenAsync(id, secret, grant, audience);

        Assert.Equal((HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS", "/oauth/token"), (reply.Status, reply["errorCode"], reply["path"]));
        Assert.Null(reply["access_token"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("guessed")]
    public async Task Without_a_token_nothing_is_told_and_nothing_is_done(string? token)
    {
        customer.UseToken(token);

        foreach (var reply in new[] { await customer.GetAsync("/operators/9108"), await customer.TopUpAsync(Healthy, "id-1"), await customer.GetAsync("/topups/reports/transactions") })
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "INVALID_TOKEN"), (reply.Status, reply["errorCode"]));
        }

        Assert.Empty(await sandbox.CreditsAsync(Healthy));
    }

    [Theory]
    [InlineData("12015550110", 9101)]
    [InlineData("12015550139", 9102)]
    [InlineData("12015550155", 9103)]
    [InlineData("12015550160", 9104)]
    [InlineData("12015550179", 9108)]
    [InlineData("12015550180", 9107)]
    [InlineData("12015550190", 9105)]
    [InlineData("12125550110", 9106)]
    [InlineData("12125550139", 9109)]
    [InlineData("2125550139", 9109)]
    public async Task A_number_leads_to_its_operator(string number, int id)
    {
        foreach (var way in new[] { "auto-detect", "mnp-lookup" })
        {
            var found = await customer.GetAsync($"/operators/{way}/phone/{number}/countries/US");

            Assert.Equal((HttpStatusCode.OK, $"{id}", "FIXED"), (found.Status, found["operatorId"], found["denominationType"]));
            Assert.Equal(found.Body.ToString(), (await customer.GetAsync($"/operators/{id}")).Body.ToString());
        }
    }

    [Theory]
    [InlineData("12015550100")]
    [InlineData("12015550123")]
    [InlineData("12015550145")]
    [InlineData("12125550170")]
    [InlineData("12065550170")]
    [InlineData("442071838750")]
    [InlineData("1201555017")]
    [InlineData("one")]
    public async Task A_number_that_nobody_has_is_not_found(string number)
    {
        var reply = await customer.GetAsync($"/operators/auto-detect/phone/{number}/countries/US");

        Assert.Equal((HttpStatusCode.NotFound, "COULD_NOT_AUTO_DETECT_OPERATOR"), (reply.Status, reply["errorCode"]));
    }

    [Fact]
    public async Task A_top_up_is_credited_at_once_and_paid_from_the_balance()
    {
        var before = await customer.BalanceAsync();

        var reply = await customer.TopUpAsync(Healthy, "id-1", 14.00m);

        Assert.Equal((HttpStatusCode.OK, "SUCCESSFUL", "id-1", Healthy), (reply.Status, reply["status"], reply["customIdentifier"], reply["recipientPhone"]));
        Assert.Equal(("14.00", "1.40", "USD"), (reply["requestedAmount"], reply["discount"], reply["requestedAmountCurrencyCode"]));
        Assert.Equal("2026-03-01 04:00:00", reply["transactionDate"]);
        Assert.Equal(before - 12.60m, await customer.BalanceAsync());
        Assert.Equal(["id-1"], await sandbox.CreditsAsync("+" + Healthy));
    }

    [Fact]
    public async Task An_asynchronous_top_up_gives_a_number_to_ask_by()
    {
        var reply = await customer.TopUpAsync(Healthy, "id-1", asynchronous: true);

        Assert.Equal(["transactionId"], reply.Body.EnumerateObject().Select(member => member.Name));
        Assert.Equal("SUCCESSFUL", (await customer.GetAsync($"/topups/{reply.TransactionId}/status"))["status"]);
        Assert.Equal("id-1", (await customer.GetAsync($"/topups/reports/transactions/{reply.TransactionId}"))["customIdentifier"]);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task An_identifier_credits_once_for_ever(bool first, bool second)
    {
        var done = await customer.TopUpAsync(Healthy, "id-1", asynchronous: first);
        var balance = await customer.BalanceAsync();
        await sandbox.RestartAsync();
        customer = new AirtimeCustomer(sandbox.Http);
        await customer.LogInAsync();

        var again = await customer.TopUpAsync(Healthy, "id-1", asynchronous: second);

        Assert.Equal(HttpStatusCode.OK, done.Status);
        Assert.Equal((HttpStatusCode.BadRequest, "CUSTOM_IDENTIFIER_ALREADY_USED"), (again.Status, again["errorCode"]));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
        Assert.Equal(balance, await customer.BalanceAsync());
    }

    [Fact]
    public async Task Ten_at_once_with_one_identifier_credit_once()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => customer.TopUpAsync(Healthy, "id-1")));

        Assert.Single(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Theory]
    [InlineData(Healthy, "13.99", "9108", "INVALID_AMOUNT_FOR_OPERATOR")]
    [InlineData(Healthy, "0", "9108", "INVALID_AMOUNT_FOR_OPERATOR")]
    [InlineData(Healthy, "-14", "9108", "INVALID_AMOUNT_FOR_OPERATOR")]
    [InlineData(Healthy, "a lot", "9108", "INVALID_AMOUNT_FOR_OPERATOR")]
    [InlineData(Healthy, "15", "9101", "INVALID_RECIPIENT_PHONE")]
    [InlineData("1201555", "14", "9108", "INVALID_RECIPIENT_PHONE")]
    [InlineData("12015550100", "14", "9108", "INVALID_RECIPIENT_PHONE")]
    [InlineData(Healthy, "14", "88", "OPERATOR_NOT_FOUND")]
    public async Task A_top_up_that_cannot_be_is_refused_and_leaves_no_trace(string number, string amount, string operatorId, string errorCode)
    {
        var before = await customer.BalanceAsync();

        var reply = await customer.TopUpAsync(number, "id-1", amount, operatorId);

        Assert.Equal((HttpStatusCode.BadRequest, errorCode, "/topups"), (reply.Status, reply["errorCode"], reply["path"]));
        Assert.Equal(0, (await customer.GetAsync("/topups/reports/transactions")).Body.GetProperty("content").GetArrayLength());
        Assert.Equal(before, await customer.BalanceAsync());
    }

    [Fact]
    public async Task An_empty_request_is_refused()
    {
        Assert.Equal("INVALID_INPUT_PROVIDED", (await customer.SendAsync(HttpMethod.Post, "/topups", new { }))["errorCode"]);
        Assert.Equal("INVALID_INPUT_PROVIDED", (await customer.SendAsync(HttpMethod.Post, "/topups", "text"))["errorCode"]);
    }

    [Fact]
    public async Task A_balance_that_is_too_low_credits_nothing()
    {
        await using var poor = await SandboxRig.StartAsync(openingBalanceCents: 2000);
        var other = new AirtimeCustomer(poor.Http);
        await other.LogInAsync();
        Assert.Equal(HttpStatusCode.OK, (await other.TopUpAsync(Healthy, "id-1")).Status);

        var reply = await other.TopUpAsync(Healthy, "id-2");

        Assert.Equal((HttpStatusCode.BadRequest, "INSUFFICIENT_BALANCE"), (reply.Status, reply["errorCode"]));
        Assert.Equal(7.40m, await other.BalanceAsync());
        Assert.Equal(["id-1"], await poor.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task The_report_is_filtered_and_paged()
    {
        foreach (var index in Enumerable.Range(1, 5))
        {
            await customer.TopUpAsync(Healthy, $"id-{index}");
            sandbox.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        await customer.TopUpAsync("12015550110", "mint-1", 15, 9101);

        Assert.Equal(["mint-1", "id-5", "id-4", "id-3", "id-2", "id-1"], await Report(""));
        Assert.Equal(["id-3"], await Report("?customIdentifier=ID-3"));
        Assert.Equal([], await Report("?customIdentifier=id"));
        Assert.Equal(["id-5", "id-4"], await Report("?operatorId=9108&size=2&page=1"));
        Assert.Equal(["id-3", "id-2"], await Report("?operatorId=9108&size=2&page=2"));
        Assert.Equal(["mint-1"], await Report("?operatorName=mint"));
        Assert.Equal([], await Report("?countryCode=GB"));
        Assert.Equal(["id-3", "id-2"], await Report("?startDate=2026-03-01%2004:01:00&endDate=2026-03-01%2004:02:00"));

        async Task<IEnumerable<string?>> Report(string query) =>
            (await customer.GetAsync($"/topups/reports/transactions{query}")).Body.GetProperty("content").EnumerateArray().Select(row => row.GetProperty("customIdentifier").GetString()).ToList();
    }

    [Fact]
    public async Task Operators_of_a_country_are_listed()
    {
        Assert.Equal(9, (await customer.GetAsync("/operators/countries/US")).Body.GetArrayLength());
        Assert.Equal("COUNTRY_NOT_SUPPORTED", (await customer.GetAsync("/operators/countries/PK"))["errorCode"]);
    }

    [Theory]
    [InlineData("/topups/1/status", "TRANSACTION_NOT_FOUND")]
    [InlineData("/topups/reports/transactions/1", "TRANSACTION_NOT_FOUND")]
    [InlineData("/operators/88", "OPERATOR_NOT_FOUND")]
    [InlineData("/topup", "NOT_FOUND")]
    public async Task What_there_is_not_is_404(string path, string errorCode)
    {
        var reply = await customer.GetAsync(path);

        Assert.Equal((HttpStatusCode.NotFound, errorCode, path), (reply.Status, reply["errorCode"], reply["path"]));
    }
}
