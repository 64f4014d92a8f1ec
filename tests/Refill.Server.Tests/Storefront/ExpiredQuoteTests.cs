using System.Net;

namespace Refill.Server.Tests.Storefront;

/// <summary>A quote holds for 15 minutes, to the second; after them nothing is charged at its price.</summary>
public sealed class ExpiredQuoteTests : IAsyncLifetime
{
    private static readonly TimeSpan Holds = TimeSpan.FromMinutes(15);
    private StorefrontRig rig = null!;

    public async ValueTask InitializeAsync() => rig = await StorefrontRig.StartAsync();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData("zh-Hans")]
    [InlineData("en")]
    [InlineData("es")]
    public async Task It_is_said_to_be_over_and_a_new_one_is_one_click_away(string language)
    {
        using var visitor = rig.Visitor(language);
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);
        rig.Clock.Advance(Holds);

        var paying = await visitor.PayAsync(confirm, StorefrontRig.OwnCard, "qr");
        var looking = await visitor.GetAsync(confirm.Address);

        Assert.All([paying, looking], answer =>
        {
            Assert.Equal((HttpStatusCode.Gone, StorefrontRig.Words(language)["Quote_QuoteExpired"]), (answer.Status, answer.Error));
            Assert.Null(answer.Page.QuerySelector("#pay"));
        });
        Assert.Contains((await visitor.GetAsync(StatusOf(confirm))).State, new[] { "Quoted", "Expired" });
        var again = looking.Page.QuerySelector("#again")!;
        var fresh = await visitor.PostAsync("/confirm", ("card", looking.Hidden("card")), ("plan", again.GetAttribute("value")));
        Assert.Equal(HttpStatusCode.OK, fresh.Status);
        Assert.NotEqual(confirm.Address, fresh.Address);
    }

    [Fact]
    public async Task It_can_be_paid_until_its_last_second()
    {
        using var visitor = rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);
        rig.Clock.Advance(Holds - TimeSpan.FromSeconds(1));

        var paying = await visitor.PayAsync(confirm, StorefrontRig.OwnCard, "qr");

        Assert.Equal(HttpStatusCode.SeeOther, paying.Status);
        Assert.Equal("AwaitingPayment", (await visitor.GetAsync(StatusOf(confirm))).State);
    }

    [Fact]
    public async Task The_form_that_made_it_makes_another_once_it_is_over()
    {
        using var visitor = rig.Visitor();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var first = await visitor.ChooseAsync(plans);
        rig.Clock.Advance(Holds);

        var second = await visitor.ChooseAsync(plans);

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.NotEqual(first.Address, second.Address);
    }

    private static string StatusOf(Answer confirm) => confirm.Address.Replace("/confirm", "", StringComparison.Ordinal);
}
