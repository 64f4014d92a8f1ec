using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Refill.Archive;
using Refill.Server.Tests.Api;
using Refill.Storage;
using Refill.Work;

namespace Refill.Server.Tests.Storefront;

/// <summary>A server moves months to the archive by itself, and says of what has left that it has.</summary>
public sealed class ArchivedTests : IAsyncLifetime
{
    private const string Order = $$"""{"card":"{{StorefrontRig.OwnCard}}","plan":"refill-mobile-pass-24h","payWith":"wallet"}""";

    private StorefrontRig? rig;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StorefrontRig Rig => rig ?? throw new InvalidOperationException("it has not been started");

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync(more: ("retention-months", "2"));

    public ValueTask DisposeAsync() => Rig.DisposeAsync();

    [Fact]
    public async Task What_is_older_than_the_setting_leaves_by_itself_and_is_answered_as_gone()
    {
        using var shop = await Integrator.NewAsync(Rig);
        using var visitor = Rig.Visitor();
        var (order, status) = (await shop.OrderAsync("k", Order), await visitor.TopUpAsync());
        var address = order.Headers.Location!.ToString();
        Assert.Equal(200, (await shop.GetAsync(address)).Status);
        Assert.Equal(HttpStatusCode.OK, (await visitor.GetAsync(status + "/receipt")).Status);

        // What was to be done about them is done: then they have ended.
        while (await WorkAsync() > 0)
        {
            Cancellation.ThrowIfCancellationRequested();
            Rig.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        // Three months without the millions of ticks that timers have in them (that alone took five minutes), then a day with them: the keeper looks once a day.
        Rig.Clock.AdjustTime(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
        Rig.Clock.Advance(TimeSpan.FromDays(1));
        while ((await shop.GetAsync(address)).Status == 200)
        {
            Cancellation.ThrowIfCancellationRequested();
        }

        Assert.Equal("410 archived", (await shop.GetAsync(address)).Problem);
        Assert.Empty((await shop.GetAsync("top-ups")).Json.GetProperty("topUps").EnumerateArray());
        Assert.Empty((await shop.GetAsync("wallet/entries")).Json.GetProperty("entries").EnumerateArray());
        Assert.Equal(97_00, (await shop.GetAsync("wallet")).Json.GetProperty("balance").GetProperty("minor").GetInt32());
        Assert.Equal((order.Status, order.Body), await shop.OrderAsync("k", Order) is var again ? (again.Status, again.Body) : default);
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var later = Rig.Visitor(language);
            foreach (var page in new[] { status, status + "/receipt" })
            {
                var answer = await later.GetAsync(page);

                Assert.Equal((HttpStatusCode.Gone, StorefrontRig.Words(language)["Problem_410"], StorefrontRig.Words(language)["Problem_410_Lead"]), (answer.Status, answer.Title, answer.Error));
            }
        }

        var fresh = await shop.OrderAsync("fresh", Order);
        Assert.Equal((201, 200), (fresh.Status, (await shop.GetAsync(fresh.Headers.Location!.ToString())).Status));
        Assert.Equal("404 not-found", (await shop.GetAsync("top-ups/nonsense")).Problem);
        var verified = await Rig.Services.GetRequiredService<Verification>().RunAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.All(verified!.Findings, finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
        Assert.Empty(verified.Notes);
    }

    private async Task<int> WorkAsync()
    {
        await using var db = Rig.Services.GetRequiredService<Database>().Open();
        return await db.Set<WorkRow>().CountAsync(Cancellation);
    }
}
