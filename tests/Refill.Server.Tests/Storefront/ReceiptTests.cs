using System.Net;

namespace Refill.Server.Tests.Storefront;

/// <summary>A receipt is read again with order code and last four digits, and with nothing less.</summary>
public sealed class ReceiptTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    private const string Four = "0123";

    /// <summary>A code as ours are, which no order has.</summary>
    private const string NoSuchCode = "0000-0000-0000";

    private StorefrontRig Rig => shared.Rig;

    [Fact]
    public async Task Another_device_finds_it_by_order_code_and_last_four_digits()
    {
        using var buyer = Rig.Visitor();
        using var other = Rig.Visitor("zh-CN");
        var code = await CodeAsync(buyer, await buyer.TopUpAsync());

        var found = await FindAsync(other, code, Four);

        Assert.Equal((HttpStatusCode.OK, StorefrontRig.Words("zh-Hans")["Receipt_Title"], code), (found.Status, found.Title, found.Page.QuerySelector("#order-code")!.TextContent));
        Assert.NotEqual("", found.Page.QuerySelector("#reference")!.TextContent);
    }

    [Fact]
    public async Task It_says_what_was_added_until_when_and_what_was_paid()
    {
        using var visitor = Rig.Visitor();

        var receipt = await visitor.GetAsync(await visitor.TopUpAsync() + "/receipt");

        Assert.All(["Pass 24 h, 1 GB", "1 GB at full speed, then data stops", "2 Mar 2026", "New York time", "$3.00", "¥21.30", "Paid with Alipay", "(***) ***-0123"], text => Assert.Contains(text, receipt.Words, StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_is_found_as_people_type_the_code()
    {
        using var visitor = Rig.Visitor();
        var code = await CodeAsync(visitor, await visitor.TopUpAsync());

        Assert.Equal(HttpStatusCode.OK, (await FindAsync(visitor, $" {code.Replace("-", " ", StringComparison.Ordinal).ToLowerInvariant()} ", $" {Four} ")).Status);
    }

    [Fact]
    public async Task A_wrong_code_and_wrong_digits_are_refused_alike_in_each_language()
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = Rig.Visitor(language);
            var code = await CodeAsync(visitor, await visitor.TopUpAsync());

            var digits = await FindAsync(visitor, code, "9999");
            var order = await FindAsync(visitor, NoSuchCode, Four);

            Assert.Equal((HttpStatusCode.NotFound, StorefrontRig.Words(language)["Lookup_NotFound"]), (digits.Status, digits.Error));
            Assert.Equal(HttpStatusCode.NotFound, order.Status);
            Assert.Equal(digits.Html.Replace(code, "", StringComparison.Ordinal), order.Html.Replace(NoSuchCode, "", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("123")]
    [InlineData("5550123")]
    [InlineData("%%%%")]
    [InlineData("____")]
    public async Task Less_or_other_than_the_last_four_digits_is_not_enough(string four)
    {
        using var visitor = Rig.Visitor();
        var code = await CodeAsync(visitor, await visitor.TopUpAsync());

        Assert.Equal(HttpStatusCode.NotFound, (await FindAsync(visitor, code, four)).Status);
    }

    [Fact]
    public async Task A_code_that_is_none_is_refused_and_shown_again_as_text()
    {
        using var visitor = Rig.Visitor();

        var answer = await FindAsync(visitor, "\"><script>alert(1)</script>", Four);

        Assert.Equal((HttpStatusCode.NotFound, "\"><script>alert(1)</script>"), (answer.Status, answer.Hidden("code")));
    }

    [Fact]
    public async Task What_is_not_completed_has_no_receipt_and_leads_to_how_it_stands()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);

        var receipt = await visitor.GetAsync(status + "/receipt");
        var found = await FindAsync(visitor, await CodeAsync(visitor, status), Four);

        Assert.Equal((HttpStatusCode.Redirect, status), (receipt.Status, receipt.Headers.Location!.OriginalString));
        Assert.Equal((HttpStatusCode.SeeOther, status), (found.Status, found.Headers.Location!.OriginalString));
    }

    private static Task<Answer> FindAsync(WebVisitor visitor, string code, string four) => visitor.PostAsync("/receipt", ("code", code), ("four", four));

    private static async Task<string> CodeAsync(WebVisitor visitor, string status) => (await visitor.GetAsync(status)).Page.QuerySelector("#order-code")!.TextContent;
}
