using Microsoft.Extensions.DependencyInjection;
using Refill.Customers;
using Refill.Ledger;
using Refill.Server.Tests.Storefront;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Server.Tests.Api;

/// <summary>The API as an integrator's program sees it.</summary>
public sealed class TopUpsApiTests(SharedStorefront storefront) : IClassFixture<SharedStorefront>
{
    private const string Own = StorefrontRig.OwnCard;
    private const string Pass = "refill-mobile-pass-24h";
    private const string Order = $$"""{"card":"{{Own}}","plan":"{{Pass}}","payWith":"wallet"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StorefrontRig Rig => storefront.Rig;

    [Fact]
    public async Task An_order_for_our_own_card_is_completed_in_its_answer()
    {
        using var shop = await Integrator.NewAsync(Rig);

        var answer = await shop.OrderAsync("k", Order);

        Assert.Equal(201, answer.Status);
        Assert.Equal(("completed", "(***) ***-0123", Pass, 300, "USD"), (
            answer.Json.GetProperty("state").GetString(), answer.Json.GetProperty("card").GetString(), answer.Json.GetProperty("plan").GetProperty("code").GetString(),
            answer.Json.GetProperty("price").GetProperty("minor").GetInt32(), answer.Json.GetProperty("price").GetProperty("currency").GetString()));
        Assert.Equal(97_00, answer.Json.GetProperty("walletBalance").GetProperty("minor").GetInt32());
        Assert.Equal(1_000_000_000, answer.Json.GetProperty("added").GetProperty("dataBytes").GetInt64());
        Assert.Equal(Rig.Clock.GetUtcNow().AddHours(24), answer.Json.GetProperty("validUntil").GetDateTimeOffset());
        Assert.Equal($"/api/v1/top-ups/{answer.Json.GetProperty("id").GetString()}", answer.Headers.Location!.ToString());
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var read = await shop.GetAsync(answer.Headers.Location.ToString());
        Assert.Equal((200, "completed"), (read.Status, read.Json.GetProperty("state").GetString()));
        await SoundAsync();
    }

    [Fact]
    public async Task An_order_for_another_carrier_is_taken_and_followed_at_its_address()
    {
        using var shop = await Integrator.NewAsync(Rig);

        var answer = await shop.OrderAsync("k", StorefrontRig.OtherCard, await CheapestAsync("mint"), "wallet");

        Assert.Equal((202, "delivering"), (answer.Status, answer.Json.GetProperty("state").GetString()));
        var read = await shop.GetAsync(answer.Headers.Location!.ToString());
        Assert.Contains(read.Json.GetProperty("state").GetString(), new[] { "delivering", "completed" });
    }

    [Fact]
    public async Task The_same_key_and_body_are_answered_byte_for_byte_and_ordered_once()
    {
        using var shop = await Integrator.NewAsync(Rig);

        var first = await shop.OrderAsync("k", Order);
        var spaced = await shop.OrderAsync("k", Order.Replace(":", " : ", StringComparison.Ordinal));
        var other = await shop.OrderAsync("k", Order.Replace(Pass, "refill-mobile-week", StringComparison.Ordinal));

        Assert.Equal((first.Status, first.Body, first.Headers.Location), (spaced.Status, spaced.Body, spaced.Headers.Location));
        Assert.Equal("422 idempotency-key-reused", other.Problem);
        Assert.Equal(97_00, (await shop.GetAsync("wallet")).Json.GetProperty("balance").GetProperty("minor").GetInt32());
    }

    [Fact]
    public async Task A_wallet_without_enough_money_pays_nothing_and_the_key_is_still_good()
    {
        using var shop = await Integrator.NewAsync(Rig, cents: 2_99);
        var refused = await shop.OrderAsync("k", Order);
        Assert.Equal(("402 wallet-balance-too-low", "the wallet holds 2.99 USD, the plan costs 3.00"), (refused.Problem, refused.Json.GetProperty("detail").GetString()));
        await Rig.Services.GetRequiredService<Payments.Wallets.Wallets>().CreditAsync(shop.Wallet.Id, Units.Money.Usd(1), "a cent", "cent", Cancellation);

        Assert.Equal(201, (await shop.OrderAsync("k", Order)).Status);
        Assert.Equal(0, (await shop.GetAsync("wallet")).Json.GetProperty("balance").GetProperty("minor").GetInt32());
    }

    [Theory]
    [InlineData("not json", "400 body-invalid")]
    [InlineData("null", "400 body-invalid")]
    [InlineData("[]", "400 body-invalid")]
    [InlineData("""{"card":"+12015550123","plan":"refill-mobile-week"}""", "400 body-invalid")]
    [InlineData("""{"card":null,"plan":"refill-mobile-week","payWith":"wallet"}""", "400 body-invalid")]
    [InlineData("""{"card":12015550123,"plan":"refill-mobile-week","payWith":"wallet"}""", "400 body-invalid")]
    [InlineData("""{"card":"+12015550123","card":"+12015550145","plan":"refill-mobile-week","payWith":"wallet"}""", "400 body-invalid")]
    [InlineData("""{"card":"+12015550123","plan":"refill-mobile-week","payWith":"wallet","amount":-5}""", "400 body-invalid")]
    [InlineData("""{"card":"+12015550123","plan":"refill-mobile-week","payWith":"cash"}""", "422 payment-method-unsupported")]
    [InlineData("""{"card":"+12015550123","plan":"no-such-plan","payWith":"wallet"}""", "422 plan-refused")]
    [InlineData("""{"card":"+12015550123","plan":"tello-2gb","payWith":"wallet"}""", "422 plan-refused")]
    [InlineData("""{"card":"hello","plan":"refill-mobile-week","payWith":"wallet"}""", "422 card-refused")]
    [InlineData("""{"card":"+442071838750","plan":"refill-mobile-week","payWith":"wallet"}""", "422 card-refused")]
    [InlineData("""{"card":"+12015550102","plan":"refill-mobile-week","payWith":"wallet"}""", "422 card-refused")]
    public async Task A_bad_order_is_refused_by_its_problem_and_takes_nothing(string body, string problem)
    {
        using var shop = await Integrator.NewAsync(Rig);

        var answer = await shop.OrderAsync("k", body);

        Assert.Equal(problem, answer.Problem);
        Assert.StartsWith("application/problem+json", answer.ContentType, StringComparison.Ordinal);
        Assert.Equal(answer.Status, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal(100_00, (await shop.GetAsync("wallet")).Json.GetProperty("balance").GetProperty("minor").GetInt32());
        Assert.Equal(201, (await shop.OrderAsync("k", Order)).Status);
    }

    [Fact]
    public async Task Sizes_types_and_keys_have_limits()
    {
        using var shop = await Integrator.NewAsync(Rig);
        Assert.Equal("400 idempotency-key-invalid", (await shop.OrderAsync(null, Order)).Problem);
        Assert.Equal("400 idempotency-key-invalid", (await shop.OrderAsync(new string('k', 300), Order)).Problem);
        Assert.Equal(201, (await shop.OrderAsync(new string('k', 255), Order)).Status);
        Assert.Equal("400 idempotency-key-invalid", (await shop.OrderAsync("two words", Order)).Problem);
        Assert.Equal("415 media-type-unsupported", (await shop.OrderAsync("a", Order, "text/plain")).Problem);
        Assert.Equal("413 body-too-large", (await shop.OrderAsync("a", $$"""{"card":"{{new string('1', 20_000)}}","plan":"p","payWith":"wallet"}""")).Problem);
        Assert.Equal("400 body-invalid", (await shop.OrderAsync("a", $$"""{"card":"{{new string('1', 65)}}","plan":"p","payWith":"wallet"}""")).Problem);
    }

    [Fact]
    public async Task Keys_open_what_their_scope_says_until_they_are_revoked()
    {
        using var reader = await Integrator.NewAsync(Rig, 100_00, ApiScope.TopUpsRead);
        using var shop = await Integrator.NewAsync(Rig);
        var order = await shop.OrderAsync("k", Order);

        Assert.Equal("403 scope-missing", (await reader.OrderAsync("k", Order)).Problem);
        Assert.Equal("403 scope-missing", (await reader.GetAsync("wallet")).Problem);
        Assert.Equal(200, (await reader.GetAsync("top-ups")).Status);
        Assert.Equal("404 not-found", (await reader.GetAsync(order.Headers.Location!.ToString())).Problem);
        Assert.Equal("404 not-found", (await reader.GetAsync("top-ups/nonsense")).Problem);
        foreach (var authorization in new[] { null, "", "Bearer", "Bearer x", "Basic " + shop.Presented, "Bearer " + shop.Presented[..^1] + (shop.Presented[^1] == 'A' ? 'E' : 'A'), "Bearer " + reader.Presented[..26] + shop.Presented[26..] })
        {
            var refused = await shop.SendAsync(new HttpRequestMessage(HttpMethod.Get, "wallet"), authorization);
            Assert.Equal(("401 no-api-key", "Bearer"), (refused.Problem, refused.Headers.WwwAuthenticate.ToString()));
        }

        Assert.True(await Rig.Services.GetRequiredService<ApiKeys>().RevokeAsync(shop.Key.Id, Cancellation));
        Assert.Equal("401 no-api-key", (await shop.GetAsync("wallet")).Problem);
    }

    [Fact]
    public async Task Lists_go_back_page_by_page_and_bad_pages_are_refused()
    {
        using var shop = await Integrator.NewAsync(Rig);
        var ids = new List<string>();
        for (var number = 0; number < 5; number++)
        {
            ids.Add((await shop.OrderAsync($"k{number}", Order)).Json.GetProperty("id").GetString()!);
        }

        var seen = new List<string>();
        for (var cursor = ""; ;)
        {
            var page = (await shop.GetAsync($"top-ups?limit=2{cursor}")).Json;
            seen.AddRange(page.GetProperty("topUps").EnumerateArray().Select(topUp => topUp.GetProperty("id").GetString()!));
            if (page.GetProperty("next").GetString() is not { } next)
            {
                break;
            }

            cursor = $"&cursor={next}";
        }

        Assert.Equal(Enumerable.Reverse(ids), seen);
        var entries = (await shop.GetAsync("wallet/entries")).Json.GetProperty("entries").EnumerateArray().ToList();
        Assert.Equal(["top-up", "top-up", "top-up", "top-up", "top-up", "credit"], entries.Select(entry => entry.GetProperty("kind").GetString()));
        Assert.Equal(85_00, entries[0].GetProperty("balanceAfter").GetProperty("minor").GetInt32());
        foreach (var bad in new[] { "limit=0", "limit=101", "limit=x", "cursor=-1", "cursor=x", "cursor=" })
        {
            Assert.Equal("400 page-invalid", (await shop.GetAsync($"top-ups?{bad}")).Problem);
            Assert.Equal("400 page-invalid", (await shop.GetAsync($"wallet/entries?{bad}")).Problem);
        }
    }

    [Fact]
    public async Task A_batch_is_answered_line_by_line_a_bad_line_fails_alone_and_all_of_it_may_be_sent_again()
    {
        using var shop = await Integrator.NewAsync(Rig);
        var lines = string.Join('\n',
            $$"""{"card":"{{Own}}","plan":"{{Pass}}"}""", "{ not json", "", $$"""{"card":"{{Own}}","plan":"no-such-plan"}""", $$"""{"card":"{{Own}}","plan":"{{Pass}}","key":"mine"}""", new string('x', 5_000),
            $$"""{"card":"{{Own}}","plan":"{{Pass}}"}""");

        var first = await shop.BatchAsync("b", lines);
        var again = await shop.BatchAsync("b", lines);

        var results = first.Body.TrimEnd('\n').Split('\n').Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([(1, 201), (2, 400), (3, 422), (4, 201), (5, 413), (6, 201)], results.Select(result => (result.GetProperty("line").GetInt32(), result.GetProperty("status").GetInt32())));
        Assert.Equal(first.Body, again.Body);
        Assert.Equal(91_00, (await shop.GetAsync("wallet")).Json.GetProperty("balance").GetProperty("minor").GetInt32());
        Assert.Equal(results[3].GetProperty("topUp").GetRawText(), (await shop.OrderAsync("mine", Order)).Body);
        Assert.Equal("400 idempotency-key-invalid", (await shop.BatchAsync(new string('b', 201), lines)).Problem);
        Assert.Equal("415 media-type-unsupported", (await shop.BatchAsync("b", lines, "application/json")).Problem);
        await SoundAsync();
    }

    [Fact]
    public async Task A_batch_of_as_many_lines_as_may_be_is_ordered_whole_and_one_more_is_not_read()
    {
        using var shop = await Integrator.NewAsync(Rig, cents: 6_00);
        var lines = string.Concat(Enumerable.Repeat($$"""{"card":"{{Own}}","plan":"{{Pass}}"}""" + "\n", 10_001));

        var answer = await shop.BatchAsync("b", lines);

        var results = answer.Body.TrimEnd('\n').Split('\n').Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("status").GetInt32()).ToList();
        Assert.Equal(10_001, results.Count);
        Assert.Equal((2, 9_998, 1), (results.Count(status => status == 201), results.Count(status => status == 402), results.Count(status => status == 413)));
        Assert.Equal(413, results[^1]);
    }

    [Fact]
    public async Task What_is_not_there_is_answered_in_the_API_s_way_and_every_problem_can_be_read()
    {
        using var shop = await Integrator.NewAsync(Rig);
        Assert.Equal("404 not-found", (await shop.GetAsync("nothing/here")).Problem);
        foreach (var problem in Server.Api.ApiProblem.All)
        {
            var page = await shop.GetAsync($"/problems/{problem.Code}");
            Assert.Equal(200, page.Status);
            Assert.Contains(problem.Meaning, page.Body, StringComparison.Ordinal);
        }
    }

    private static async Task<string> CheapestOfAsync(Catalogue.CatalogueReader catalogue, string carrier, DateTimeOffset at) => (await catalogue.PlansOfAsync(carrier, at, Cancellation))[0].Code;

    private Task<string> CheapestAsync(string carrier) => CheapestOfAsync(Rig.Services.GetRequiredService<Catalogue.CatalogueReader>(), carrier, Rig.Clock.GetUtcNow());

    private async Task SoundAsync()
    {
        var findings = (await new LedgerAudit(Rig.Services.GetRequiredService<Database>()).RunAsync(Cancellation)).Concat(await Rig.Services.GetRequiredService<TopUpAudit>().RunAsync(Cancellation));
        Assert.All(findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
    }
}
