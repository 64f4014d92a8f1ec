using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Refill.Server.Tests.Sandbox;

/// <summary>What goes wrong at the sandbox's Reloadly, by number and by request, and that its books stay true.</summary>
public sealed class ReloadlyFaultTests : IAsyncLifetime
{
    private const string Healthy = "+12015550170";
    private SandboxRig sandbox = null!;
    private AirtimeCustomer customer = null!;
    private Inbox inbox = null!;

    public static TheoryData<bool> BothWays => new(true, false);

    public async ValueTask InitializeAsync()
    {
        inbox = await Inbox.StartAsync();
        sandbox = await SandboxRig.StartAsync(inbox.Url);
        customer = new AirtimeCustomer(sandbox.Http);
        await customer.LogInAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await sandbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    [Theory]
    [InlineData("+12015550175", 20, "FAILED", true)]
    [InlineData("+12015550175", 20, "FAILED", false)]
    [InlineData("+12015550178", 60, "SUCCESSFUL", true)]
    [InlineData("+12015550178", 60, "SUCCESSFUL", false)]
    public async Task A_pending_number_is_decided_after_its_time(string number, int seconds, string end, bool asynchronous)
    {
        var before = await customer.BalanceAsync();
        var id = (await customer.TopUpAsync(number, "id-1", asynchronous: asynchronous)).TransactionId;

        sandbox.Clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal("PROCESSING", (await customer.GetAsync($"/topups/{id}/status"))["status"]);
        Assert.Empty(await sandbox.CreditsAsync(number));
        Assert.Equal(before - 12.60m, await customer.BalanceAsync());

        sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(end, (await customer.GetAsync($"/topups/{id}/status"))["status"]);
        Assert.Equal(end == "SUCCESSFUL" ? 1 : 0, (await sandbox.CreditsAsync(number)).Length);
        Assert.Equal(end == "SUCCESSFUL" ? before - 12.60m : before, await customer.BalanceAsync());
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_slow_number_is_credited_at_once_and_answered_after_8_seconds(bool asynchronous)
    {
        const string Slow = "+12015550176";
        var answer = customer.TopUpAsync(Slow, "id-1", asynchronous: asynchronous);
        await SandboxRig.UntilAsync(async () => (await sandbox.CreditsAsync(Slow)).Length == 1);
        Assert.False(answer.IsCompleted);

        var (reply, seconds) = await sandbox.WaitForAsync(answer);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.True(seconds >= 8, $"answered after {seconds} seconds");
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_refused_number_is_refused_and_costs_nothing(bool asynchronous)
    {
        var before = await customer.BalanceAsync();

        var reply = await customer.TopUpAsync("+12015550177", "id-1", asynchronous: asynchronous);

        Assert.Equal((HttpStatusCode.BadRequest, "TRANSACTION_REFUSED_BY_OPERATOR"), (reply.Status, reply["errorCode"]));
        Assert.Equal(before, await customer.BalanceAsync());
        Assert.Empty(await sandbox.CreditsAsync("+12015550177"));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_number_whose_answers_get_lost_is_credited(bool asynchronous)
    {
        const string Lost = "+12015550179";

        await Assert.ThrowsAsync<HttpRequestException>(() => customer.TopUpAsync(Lost, "id-1", asynchronous: asynchronous));

        Assert.Equal(["id-1"], await sandbox.CreditsAsync(Lost));
        Assert.Equal(1, (await customer.GetAsync("/topups/reports/transactions?customIdentifier=id-1")).Body.GetProperty("content").GetArrayLength());
    }

    [Theory]
    [InlineData("topup", false)]
    [InlineData("topup-async", true)]
    public async Task A_fault_strikes_the_kind_of_top_up_and_the_number_that_it_is_for(string point, bool asynchronous)
    {
        await sandbox.FaultAsync("reloadly", point, "lost-answer", new { number = Healthy });

        Assert.Equal(HttpStatusCode.OK, (await customer.TopUpAsync(Healthy, "id-1", asynchronous: !asynchronous)).Status);
        Assert.Equal(HttpStatusCode.OK, (await customer.TopUpAsync("+12015550171", "id-2", asynchronous: asynchronous)).Status);
        await Assert.ThrowsAsync<HttpRequestException>(() => customer.TopUpAsync(Healthy, "id-3", asynchronous: asynchronous));
        Assert.Equal(["id-1", "id-3"], await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task A_500_does_nothing()
    {
        await sandbox.FaultAsync("reloadly", "topup", "error-500", new { order = "id-1" });

        Assert.Equal(HttpStatusCode.InternalServerError, (await customer.TopUpAsync(Healthy, "id-1")).Status);
        Assert.Empty(await sandbox.CreditsAsync(Healthy));
        Assert.Equal(HttpStatusCode.OK, (await customer.TopUpAsync(Healthy, "id-1")).Status);
    }

    [Fact]
    public async Task A_top_up_can_be_pending_refused_late_or_pending_for_ever()
    {
        await sandbox.FaultAsync("reloadly", "topup", "pending", new { order = "id-1" }, seconds: 300);
        await sandbox.FaultAsync("reloadly", "topup", "reject", new { order = "id-2" }, seconds: 300);
        await sandbox.FaultAsync("reloadly", "topup", "never", new { order = "id-3" });
        var ids = new List<long>();
        foreach (var identifier in new[] { "id-1", "id-2", "id-3" })
        {
            ids.Add((await customer.TopUpAsync(Healthy, identifier)).TransactionId);
        }

        Assert.Equal(["PROCESSING", "PROCESSING", "PROCESSING"], await Statuses());
        sandbox.Clock.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal(["SUCCESSFUL", "FAILED", "PROCESSING"], await Statuses());
        sandbox.Clock.Advance(TimeSpan.FromDays(30));
        await customer.LogInAsync();
        Assert.Equal(["SUCCESSFUL", "FAILED", "PROCESSING"], await Statuses());
        Assert.Equal(["id-1"], await sandbox.CreditsAsync(Healthy));

        async Task<string?[]> Statuses() => await Task.WhenAll(ids.Select(async id => (await customer.GetAsync($"/topups/{id}/status"))["status"]));
    }

    [Fact]
    public async Task A_rejection_never_hides_a_credit()
    {
        await customer.TopUpAsync(Healthy, "id-1");
        await sandbox.FaultAsync("reloadly", "topup", "reject");

        Assert.Equal("CUSTOM_IDENTIFIER_ALREADY_USED", (await customer.TopUpAsync(Healthy, "id-1"))["errorCode"]);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("report")]
    public async Task A_question_can_be_answered_falsely_while_the_books_stay_true(string point)
    {
        var id = (await customer.TopUpAsync(Healthy, "id-1")).TransactionId;
        foreach (var fault in new[] { "pending", "wrong-amount", "wrong-currency", "reject", "error-500" })
        {
            await sandbox.FaultAsync("reloadly", point, fault, new { number = Healthy });
        }

        var pending = Transaction(await AskAsync());
        Assert.Equal(("PROCESSING", JsonValueKind.Null), (pending.GetProperty("status").GetString(), pending.GetProperty("operatorTransactionId").ValueKind));
        Assert.Equal("7.00", Transaction(await AskAsync()).GetProperty("requestedAmount").GetString());
        Assert.Equal("CAD", Transaction(await AskAsync()).GetProperty("requestedAmountCurrencyCode").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync()).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await AskAsync()).Status);
        Assert.Equal("SUCCESSFUL", Transaction(await AskAsync()).GetProperty("status").GetString());
        Assert.Equal(["id-1"], await sandbox.CreditsAsync(Healthy));

        Task<AirtimeReply> AskAsync() => customer.GetAsync(point == "status" ? $"/topups/{id}/status" : "/topups/reports/transactions?customIdentifier=id-1");

        JsonElement Transaction(AirtimeReply reply) => point == "status" ? reply.Body : reply.Body.GetProperty("content")[0];
    }

    [Fact]
    public async Task A_report_can_leave_a_top_up_out()
    {
        await customer.TopUpAsync(Healthy, "id-1");
        await sandbox.FaultAsync("reloadly", "report", "never");

        Assert.Equal(0, (await customer.GetAsync("/topups/reports/transactions?customIdentifier=id-1")).Body.GetProperty("content").GetArrayLength());
        Assert.Equal(1, (await customer.GetAsync("/topups/reports/transactions?customIdentifier=id-1")).Body.GetProperty("content").GetArrayLength());
    }

    [Theory]
    [InlineData("error-500", HttpStatusCode.InternalServerError)]
    [InlineData("reject", HttpStatusCode.NotFound)]
    public async Task A_lookup_can_fail(string fault, HttpStatusCode status)
    {
        await sandbox.FaultAsync("reloadly", "lookup", fault, new { number = Healthy });

        Assert.Equal(HttpStatusCode.OK, (await customer.GetAsync("/operators/auto-detect/phone/12015550171/countries/US")).Status);
        Assert.Equal(status, (await customer.GetAsync("/operators/auto-detect/phone/12015550170/countries/US")).Status);
        Assert.Equal(HttpStatusCode.OK, (await customer.GetAsync("/operators/auto-detect/phone/12015550170/countries/US")).Status);
    }

    [Theory]
    [InlineData("error-500", HttpStatusCode.InternalServerError)]
    [InlineData("reject", HttpStatusCode.Unauthorized)]
    public async Task A_token_can_be_refused(string fault, HttpStatusCode status)
    {
        await sandbox.FaultAsync("reloadly", "token", fault);

        Assert.Equal(status, (await customer.TokenAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await customer.TokenAsync()).Status);
    }

    [Fact]
    public async Task A_final_state_is_told_in_a_signed_webhook()
    {
        await customer.TopUpAsync("+12015550175", "id-1");
        Assert.Equal(0, inbox.Waiting);
        sandbox.Clock.Advance(TimeSpan.FromSeconds(20));

        var received = await inbox.NextAsync();

        Assert.True(IsSigned(received));
        var told = JsonDocument.Parse(received.Body).RootElement;
        Assert.Equal("airtime_transaction.status", told.GetProperty("type").GetString());
        Assert.Equal(("id-1", "FAILED"), (told.GetProperty("data").GetProperty("customIdentifier").GetString(), told.GetProperty("data").GetProperty("status").GetString()));
        Assert.Equal(sandbox.Clock.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), received.Headers["X-Reloadly-Request-Timestamp"]);
    }

    [Fact]
    public async Task A_webhook_is_tried_until_it_is_taken()
    {
        inbox.Answer("", 503);
        await customer.TopUpAsync(Healthy, "id-1");
        await inbox.NextAsync();
        await sandbox.MessageAfterAsync("id-1", attempts: 1);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.True(IsSigned(await inbox.NextAsync()));
        Assert.Equal("accepted", (await sandbox.MessageAfterAsync("id-1", attempts: 2)).GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData("bad-signature", new[] { "SUCCESSFUL" }, false)]
    [InlineData("duplicate", new[] { "SUCCESSFUL", "SUCCESSFUL" }, true)]
    [InlineData("out-of-order", new[] { "SUCCESSFUL", "PROCESSING" }, true)]
    [InlineData("never", new string[0], true)]
    [InlineData("lost-answer", new[] { "SUCCESSFUL" }, true)]
    public async Task A_webhook_can_go_wrong(string fault, string[] statuses, bool signed)
    {
        await sandbox.FaultAsync("reloadly", "webhook", fault, new { number = Healthy });
        await customer.TopUpAsync(Healthy, "id-1");

        await sandbox.MessageAfterAsync("id-1", attempts: 1);

        Assert.Equal(statuses.Length, inbox.Waiting);
        foreach (var status in statuses)
        {
            var received = await inbox.NextAsync();
            Assert.Equal(signed, IsSigned(received));
            Assert.Equal(status, JsonDocument.Parse(received.Body).RootElement.GetProperty("data").GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task A_slow_webhook_comes_later()
    {
        await sandbox.FaultAsync("reloadly", "webhook", "slow", seconds: 60);
        await customer.TopUpAsync(Healthy, "id-1");
        await SandboxRig.UntilAsync(async () => (await sandbox.GetAsync("/control/books/messages?about=id-1"))[0].GetProperty("dueAt").GetDateTimeOffset() == SandboxRig.Start.AddSeconds(60));
        Assert.Equal(0, inbox.Waiting);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.True(IsSigned(await inbox.NextAsync()));
    }

    private static bool IsSigned(Received received)
    {
        var text = $"{received.Body}:{received.Headers["X-Reloadly-Request-Timestamp"]}";
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(SandboxRig.WebhookSecret), Encoding.UTF8.GetBytes(text));
        return Convert.ToHexStringLower(expected) == received.Headers["X-Reloadly-Signature"];
    }
}
