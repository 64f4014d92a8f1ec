using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Refill.Reconciliation;
using Refill.Server.Tests.Sandbox;
using Refill.Server.Tests.Storefront;
using Refill.Storage;

namespace Refill.Server.Tests.Console;

/// <summary>The operator's pages: open to whoever has the key and to nobody else.</summary>
public sealed class ConsoleTests : IAsyncLifetime
{
    /// <summary>Long before <see cref="StorefrontRig.Start"/>: the days just before it are reconciled by the running server itself.</summary>
    private const string Day = "2026-02-20";

    private const string Key = "a key of these tests, long enough";
    private StorefrontRig rig = null!;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync(10_000, ("console-key", Key));

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("Basic")]
    [InlineData("Bearer abc")]
    [InlineData("Basic !!!")]
    [InlineData("operator:wrong")]
    [InlineData("someone:" + Key)]
    [InlineData("operator:" + Key + " ")]
    public async Task It_is_closed_to_whoever_has_not_the_key(string? given)
    {
        foreach (var path in (string[])["/console", "/console/scan", "/console/reconciliation/alipay/" + Day, "/console/reconciliation/alipay/" + Day + "/rows.csv"])
        {
            var answer = await AskAsync(path, given is { } text && text.Contains(':', StringComparison.Ordinal) ? Basic(text) : given);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
            Assert.StartsWith("Basic realm", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_shows_days_and_differences_and_a_difference_is_closed_with_a_reason()
    {
        var id = await PlantAsync();

        var overview = await AskAsync("/console", Basic("operator:" + Key));
        Assert.Equal(HttpStatusCode.OK, overview.Status);
        Assert.Contains("payment 0123", overview.Words, StringComparison.Ordinal);
        var day = await AskAsync("/console/reconciliation/alipay/" + Day, Basic("operator:" + Key));
        Assert.Contains("¥1,065.00", day.Words, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/console/reconciliation/alipay/2026-02-19", Basic("operator:" + Key))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/console/reconciliation/..%2f..%2fkeys/" + Day + "/rows.csv", Basic("operator:" + Key))).Status);

        Assert.Equal(HttpStatusCode.BadRequest, (await CloseAsync(id, "")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await CloseAsync(id, new string('x', 301))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await CloseAsync(id, "from another site", "https://evil.example")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await CloseAsync(id, "paid over the counter")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await CloseAsync(id, "again")).Status);
        Assert.DoesNotContain("payment 0123", (await AskAsync("/console", Basic("operator:" + Key))).Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2812 3456 7890 1234 56")]
    [InlineData("１３０００００００００００００００１")]
    public async Task A_code_that_a_payer_shows_at_the_counter_pays_the_order(string code)
    {
        using var visitor = rig.Visitor();
        var order = (await visitor.QuoteAsync(StorefrontRig.OwnCard)).Page.QuerySelector("#order-code")!.TextContent;

        var taken = await PostAsync("/console/scan", ("order", order), ("code", code));
        Assert.Equal(HttpStatusCode.SeeOther, taken.Status);
        var status = taken.Header("Location");
        await SandboxRig.UntilAsync(async () =>
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(1));
            return (await visitor.GetAsync(status)).State == nameof(TopUps.TopUpState.Completed);
        });

        Assert.NotNull((await PostAsync("/console/scan", ("order", order), ("code", "281234567890123457"))).Error);
        Assert.NotNull((await AskAsync("/console", Basic("operator:" + Key))).Page.QuerySelector("#owed dd"));
    }

    [Fact]
    public async Task What_is_no_order_or_no_code_is_said_and_nothing_is_charged()
    {
        using var visitor = rig.Visitor();
        var order = (await visitor.QuoteAsync(StorefrontRig.OwnCard)).Page.QuerySelector("#order-code")!.TextContent;
        Assert.Equal(StorefrontRig.Words("en")["Console_ScanNoOrder"], (await PostAsync("/console/scan", ("order", "2222-2222-2222"), ("code", "281234567890123456"))).Error);
        foreach (var code in (string[])["", "123", "999999999999999999", "28123456789012345x", new string('2', 30)])
        {
            var answer = await PostAsync("/console/scan", ("order", order), ("code", code));
            Assert.Equal((HttpStatusCode.UnprocessableEntity, StorefrontRig.Words("en")["Console_ScanNoCode"]), (answer.Status, answer.Error));
            Assert.Equal(order, answer.Page.QuerySelector("#order")!.GetAttribute("value"));
        }
    }

    [Fact]
    public async Task It_speaks_three_languages()
    {
        await PlantAsync();
        foreach (var language in (string[])["en", "zh-Hans", "es"])
        {
            var page = await AskAsync("/console?lang=" + language, Basic("operator:" + Key));
            Assert.Equal(StorefrontRig.Words(language)["Console_Title"], page.Title);
        }
    }

    private static string Basic(string text) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<string> PlantAsync()
    {
        await using var db = rig.Services.GetRequiredService<Database>().Open();
        var found = new DiscrepancyRow
        {
            Id = Guid.CreateVersion7(),
            Gateway = "alipay",
            Day = Day,
            Kind = (short)DiscrepancyKind.OnlyTheirs,
            Subject = "payment 0123",
            TheirsMinor = 500,
            Currency = "CNY",
            At = StorefrontRig.Start,
            Text = "we have no such order",
            State = (short)DiscrepancyState.Open,
            FoundAt = StorefrontRig.Start,
        };
        db.Add(found);
        db.Add(new ReconciliationRow
        {
            Id = Guid.CreateVersion7(),
            Gateway = "alipay",
            Day = Day,
            State = (short)ReconciliationState.Done,
            StartedAt = StorefrontRig.Start,
            DoneAt = StorefrontRig.Start,
            Rows = 11,
            Matched = 10,
            OnlyTheirs = 1,
            Currency = "CNY",
            PaymentsMinor = 106_500,
            FeesMinor = 639,
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return Units.CellId.ToText(found.Id);
    }

    private async Task<Answer> AskAsync(string path, string? authorization)
    {
        using var visitor = rig.Visitor();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return await visitor.SendAsync(request);
    }

    private Task<Answer> CloseAsync(string id, string note, string? origin = null) => PostAsync($"/console/discrepancies/{id}/close", origin, ("note", note));

    private Task<Answer> PostAsync(string path, params (string Name, string? Value)[] form) => PostAsync(path, null, form);

    private async Task<Answer> PostAsync(string path, string? origin, params (string Name, string? Value)[] form)
    {
        using var visitor = rig.Visitor();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = WebVisitor.Form(form) };
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(Basic("operator:" + Key));
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        return await visitor.SendAsync(request);
    }
}
