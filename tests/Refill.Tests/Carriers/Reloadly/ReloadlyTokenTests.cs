using System.Net;
using System.Text.Json;
using Refill.Carriers;
using Refill.Carriers.Reloadly;

namespace Refill.Tests.Carriers.Reloadly;

public sealed class ReloadlyTokenTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_token_is_asked_for_as_the_contract_says_and_kept()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator());

        await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation);
        await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation);

        Assert.Equal(1, wire.TokenCalls);
        var (method, path, bearer, body) = wire.Asked.First();
        Assert.Equal((HttpMethod.Post, "/oauth/token", null), (method, path, bearer));
        Assert.Equal(
            """{"client_id":"client-of-test","client_secret":"secret-of-test","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}""", body);
    }

    [Fact]
    public async Task A_new_token_is_fetched_shortly_before_the_old_one_ends()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator());
        wire.TokenAnswer = number => ReloadlyWire.Answer(HttpStatusCode.OK, ReloadlyWire.Token($"token-{number}", lifeSeconds: 3600));

        await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation);
        wire.Time.Advance(TimeSpan.FromSeconds(3539));
        await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation);
        Assert.Equal(1, wire.TokenCalls);
        wire.Time.Advance(TimeSpan.FromSeconds(2));
        await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation);

        Assert.Equal(2, wire.TokenCalls);
        Assert.Equal("token-2", wire.Asked.Last().Bearer);
    }

    [Fact]
    public async Task Many_callers_that_need_a_token_at_once_fetch_one()
    {
        var fetching = new TaskCompletionSource();
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator()) { TokenGate = fetching.Task };

        // Each runs until it waits: the first for its token, the others for the first.
        var callers = Enumerable.Range(0, 20).Select(_ => wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation)).ToArray();
        fetching.SetResult();

        Assert.All(await Task.WhenAll(callers), answer => Assert.IsType<CardInquiry.Found>(answer));
        Assert.Equal(1, wire.TokenCalls);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_replaced_once_and_the_call_made_again()
    {
        using var wire = new ReloadlyWire((_, request, _) => Task.FromResult(request.Headers.Authorization!.Parameter == "token-1"
            ? ReloadlyWire.Answer(HttpStatusCode.Unauthorized, ReloadlyWire.Error("INVALID_TOKEN"))
            : ReloadlyWire.Answer(HttpStatusCode.OK, """{"transactionId":7}""")), asynchronous: true);

        Assert.Equal(new DeliveryOutcome.Pending("7"), await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));
        Assert.Equal(["/oauth/token", "/topups-async", "/oauth/token", "/topups-async"], wire.Paths);
    }

    [Fact]
    public async Task Callers_whose_common_token_was_refused_replace_it_once()
    {
        var refused = new TaskCompletionSource();
        var fetching = new TaskCompletionSource();
        using var wire = new ReloadlyWire(async (_, request, _) =>
        {
            if (request.Headers.Authorization!.Parameter != "token-1")
            {
                return ReloadlyWire.Answer(HttpStatusCode.OK, ReloadlyWire.Operator());
            }

            await refused.Task;
            return ReloadlyWire.Answer(HttpStatusCode.Unauthorized, ReloadlyWire.Error("TOKEN_EXPIRED"));
        });

        // All ask with the first token; refused in one go, each runs on until it waits for the second.
        var callers = Enumerable.Range(0, 10).Select(_ => wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation)).ToArray();
        wire.TokenGate = fetching.Task;
        refused.SetResult();
        fetching.SetResult();

        Assert.All(await Task.WhenAll(callers), answer => Assert.IsType<CardInquiry.Found>(answer));
        Assert.Equal(2, wire.TokenCalls);
    }

    [Fact]
    public async Task A_second_refusal_ends_the_call()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.Unauthorized, ReloadlyWire.Error("INVALID_TOKEN"));

        Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
        Assert.Equal(2, wire.TokenCalls);
        Assert.Equal(2, wire.Paths.Count(path => path.StartsWith("/operators/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Tokens_are_asked_for_six_times_a_minute_at_most()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, ReloadlyWire.Operator());
        wire.TokenAnswer = _ => ReloadlyWire.Answer(HttpStatusCode.Unauthorized, ReloadlyWire.Error("INVALID_CREDENTIALS"));

        for (var call = 0; call < 50; call++)
        {
            Assert.IsType<CardInquiry.Unknown>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
        }

        Assert.Equal(ReloadlyToken.CallsAMinute, wire.TokenCalls);
        wire.Time.Advance(TimeSpan.FromMinutes(1));
        wire.TokenAnswer = _ => ReloadlyWire.Answer(HttpStatusCode.OK, ReloadlyWire.Token("at-last"));
        Assert.IsType<CardInquiry.Found>(await wire.Carrier.InquireAsync(ReloadlyWire.Card, Cancellation));
    }

    [Theory]
    [InlineData(500, "")]
    [InlineData(200, "{}")]
    [InlineData(200, "not JSON")]
    [InlineData(200, """{"access_token":"a b","expires_in":3600,"token_type":"Bearer"}""")]
    [InlineData(200, """{"access_token":"a\r\nX: y","expires_in":3600,"token_type":"Bearer"}""")]
    [InlineData(200, """{"access_token":"","expires_in":3600,"token_type":"Bearer"}""")]
    [InlineData(200, """{"access_token":"a","expires_in":0,"token_type":"Bearer"}""")]
    [InlineData(200, """{"access_token":"a","expires_in":3600,"token_type":"mac"}""")]
    public async Task Without_a_usable_token_nothing_is_sent(int status, string body)
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"transactionId":7}""", asynchronous: true);
        wire.TokenAnswer = _ => ReloadlyWire.Answer((HttpStatusCode)status, body);

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation));

        Assert.True(unknown.NothingSent);
        Assert.DoesNotContain("/topups-async", wire.Paths);
    }

    [Fact]
    public async Task A_token_endpoint_that_cannot_be_reached_leaves_nothing_sent()
    {
        using var wire = new ReloadlyWire(HttpStatusCode.OK, """{"transactionId":7}""", asynchronous: true);
        wire.TokenAnswer = _ => throw new HttpRequestException(HttpRequestError.ResponseEnded);

        Assert.True(Assert.IsType<DeliveryOutcome.Unknown>(await wire.Carrier.DeliverAsync(ReloadlyWire.Order(), Cancellation)).NothingSent);
    }

    [Fact]
    public void The_options_print_no_secret()
    {
        var options = new ReloadlyOptions(
            new("https://auth.example"), new("https://api.example"), "audience", "the-id", "the-secret", "the-webhook-secret", TimeSpan.FromSeconds(10), (_, _) => Task.FromResult<string?>(null));

        Assert.DoesNotContain("the-", $"{options} {JsonSerializer.Serialize(options.ToString())}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://topups.reloadly.com", 20)]
    [InlineData("ftp://127.0.0.1", 20)]
    [InlineData("https://topups.reloadly.com", 0)]
    [InlineData("https://topups.reloadly.com", 181)]
    public void A_setting_that_cannot_work_is_refused_by_name(string url, int timeoutSeconds)
    {
        var options = new ReloadlyOptions(
            new(url), new("http://127.0.0.1:5081"), "audience", "id", "secret", null, TimeSpan.FromSeconds(timeoutSeconds), (_, _) => Task.FromResult<string?>(null));

        var refusal = Assert.Throws<ArgumentException>(() => options.Checked());

        Assert.Contains(timeoutSeconds == 20 ? "AuthUrl" : "Timeout", refusal.Message, StringComparison.Ordinal);
    }
}
