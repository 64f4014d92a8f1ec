using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Refill.Reconciliation.Bank;
using Refill.Work;

namespace Refill.Server.Tests.Storefront;

/// <summary>Bank transfer as a visitor sees it: from behind "other ways" to the day on which the money has come.</summary>
public sealed class TransferPageTests : IAsyncLifetime
{
    private StorefrontRig rig = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync(more: [("transfer-account", "DE89 3704 0044 0532 0130 00 (Demo Bank)"), ("transfer-holder", "Refill & Söhne")]);

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task It_stands_behind_the_other_ways_with_its_amount()
    {
        using var visitor = rig.Visitor();

        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);

        Assert.Equal("Pay $3.00 by bank transfer", confirm.Page.QuerySelector("details button[value='transfer.transfer']")!.TextContent);
    }

    [Theory]
    [InlineData("en", "Transfer this from your bank", "until 8 Mar 2026, 04:00")]
    [InlineData("es", "Haz esta transferencia desde tu banco", "hasta el 8 mar 2026, 04:00")]
    [InlineData("zh-CN", "请通过你的银行转账", "2026-03-08 04:00")]
    public async Task The_page_says_account_holder_amount_reference_and_until_when(string language, string title, string until)
    {
        using var visitor = rig.Visitor(language);

        var page = await visitor.GetAsync(await TransferAsync(visitor));

        var section = page.Page.QuerySelector("#transfer")!;
        Assert.Equal(("AwaitingPayment", title), (page.State, section.QuerySelector("h2")!.TextContent));
        Assert.All(["DE89 3704 0044 0532 0130 00 (Demo Bank)", "Refill & Söhne", "3.00"], text => Assert.Contains(text, section.TextContent.Replace(',', '.'), StringComparison.Ordinal));
        Assert.Contains(until, section.TextContent, StringComparison.Ordinal);
        Assert.Matches("^RF[0-9]{2}( [0-9A-Z]{4}){4}$", section.QuerySelector("#transfer-reference")!.TextContent);
        Assert.Equal("60", page.Page.QuerySelector("noscript meta[http-equiv=refresh]")!.GetAttribute("content"));
        Assert.NotNull(page.Page.QuerySelector("#cancel"));
    }

    [Fact]
    public async Task When_the_money_has_come_the_page_goes_on_and_another_amount_goes_back_within_days()
    {
        using var visitor = rig.Visitor();
        var (paid, short_) = (await TransferAsync(visitor), await TransferAsync(visitor));
        var references = new[] { await ReferenceAsync(visitor, paid), await ReferenceAsync(visitor, short_) };
        rig.Clock.Advance(TimeSpan.FromDays(3));
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($"date,amount,currency,reference,entry_id\n2026-03-03,3.00,USD,{references[0]},A1\n2026-03-03,2.00,USD,{references[1]},A2\n"));

        Assert.IsType<BankImportOutcome.Done>(await rig.Services.GetRequiredService<BankStatementImport>().ImportAsync(file, Cancellation));
        await rig.Services.GetRequiredService<Dispatcher>().RunDueAsync(Cancellation);
        for (var page = await visitor.GetAsync(paid); page.State != "Completed"; page = await visitor.GetAsync(paid))
        {
            await visitor.VersionAfterAsync(paid, WebVisitor.VersionOf(page));
        }

        var back = await visitor.GetAsync(short_);
        Assert.Equal("Refunding", back.State);
        Assert.Contains("$2.00 is transferred back to the account it came from. That takes at most 7 days.", back.Words, StringComparison.Ordinal);
        Assert.All([back, await visitor.GetAsync(paid)], page => Assert.Null(page.Page.QuerySelector("#transfer")));
    }

    private static async Task<string> TransferAsync(WebVisitor visitor)
    {
        var paying = await visitor.PayAsync(await visitor.QuoteAsync(StorefrontRig.OwnCard), StorefrontRig.OwnCard, "transfer.transfer");
        Assert.Equal(HttpStatusCode.SeeOther, paying.Status);
        return paying.Headers.Location!.OriginalString;
    }

    private static async Task<string> ReferenceAsync(WebVisitor visitor, string status) => (await visitor.GetAsync(status)).Page.QuerySelector("#transfer-reference")!.TextContent;
}
