using System.Text;
using Refill.Payments;
using Refill.TopUps;

namespace Refill.Server.Tests;

/// <summary>`bank import`, `bank refunds` and `bank refunded`, as an operator runs them.</summary>
public sealed class BankCommandsTests : IAsyncLifetime
{
    private const string Heading = "date,amount,currency,reference,entry_id\n";
    private Installation here = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        here = await Installation.NewAsync();
        await here.PrepareAsync();
    }

    public ValueTask DisposeAsync() => here.DisposeAsync();

    [Fact]
    public async Task A_statement_is_imported_and_what_goes_back_is_listed_and_confirmed()
    {
        var (paid, reference, amount) = await TransferAsync();
        var (tooLittle, other, _) = await TransferAsync();

        var clean = await ImportAsync($"2026-11-25,{amount},USD,{reference},A1\n2026-11-25,-5.00,USD,rent,A2\n");
        var mixed = await ImportAsync($"2026-11-25,{amount},USD,{reference},A1\n2026-11-25,0.01,USD,{other},A3\n2026-11-25,7.00,USD,for something else,A4\n");
        await here.DueAsync();

        Assert.Equal((0, ""), (clean.ExitCode, clean.Error));
        Assert.StartsWith("1 credits, 1 of them new; 1 other entries left out", clean.Output, StringComparison.Ordinal);
        Assert.Equal(1, mixed.ExitCode);
        Assert.StartsWith("3 credits, 2 of them new; 0 other entries left out", mixed.Output, StringComparison.Ordinal);
        Assert.Contains("2026-11-25  AmountDiffers    0.01 USD  entry A3", mixed.Output, StringComparison.Ordinal);
        Assert.Contains("2026-11-25  NoReference      7.00 USD  entry A4", mixed.Output, StringComparison.Ordinal);
        Assert.Equal(TopUpState.Completed, (await here.StandingAsync(paid)).State);

        var refunds = await here.RunAsync("bank", "refunds");
        Assert.Contains($"0.01 USD  {other}  entry A3", refunds.Output, StringComparison.Ordinal);
        var number = refunds.Output.Split('\n')[1].Split(' ')[0];
        Assert.Equal((0, "noted; the server tells the top-up" + Environment.NewLine), (await here.RunAsync("bank", "refunded", number)) is var done ? (done.ExitCode, done.Output) : default);
        await here.DueAsync();

        Assert.Equal(TopUpState.Refunded, (await here.StandingAsync(tooLittle)).State);
        Assert.Equal("nothing is to be transferred back" + Environment.NewLine, (await here.RunAsync("bank", "refunds")).Output);
        Assert.Equal(0, (await here.RunAsync("bank", "refunded", number)).ExitCode);
        Assert.Contains("credit A4", (await here.RunAsync("discrepancies")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await here.RunAsync("verify")).ExitCode);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_in_words()
    {
        var bad = await ImportAsync("yesterday,1.00,USD,x,A1\n");
        var missing = await here.RunAsync("bank", "import", Path.Combine(here.Folder, "nowhere.xml"));
        var none = await here.RunAsync("bank", "refunded", "123");
        var without = await here.RunAsync("bank", "refunds", "--demo", "no");

        Assert.Equal((2, "nothing was imported: line 2 has no date such as 2026-11-25" + Environment.NewLine), (bad.ExitCode, bad.Error));
        Assert.Equal(2, missing.ExitCode);
        Assert.Equal((2, "no bank transfer has a refund of that number" + Environment.NewLine), (none.ExitCode, none.Error));
        Assert.Equal((2, "bank transfers are not set up here: --transfer-account is not given" + Environment.NewLine), (without.ExitCode, without.Error));
    }

    [Fact]
    public async Task A_mistyped_iban_is_found_before_anybody_pays_to_it()
    {
        var wrong = await here.RunAsync("gateways", "check", "--transfer-account", "DE88 3704 0044 0532 0130 00", "--transfer-holder", "Refill");
        var right = await here.RunAsync("gateways", "check", "--transfer-account", "DE89 3704 0044 0532 0130 00", "--transfer-holder", "Refill");

        Assert.Contains("transfer   transfer-account looks like an IBAN, and its check digits are wrong", wrong.Output, StringComparison.Ordinal);
        Assert.Contains("transfer   good", right.Output, StringComparison.Ordinal);
    }

    private async Task<Ran> ImportAsync(string lines) => await here.RunAsync("bank", "import", await here.WriteAsync("statement.csv", Encoding.UTF8.GetBytes(Heading + lines)));

    private async Task<(Guid TopUpId, string Reference, string Amount)> TransferAsync()
    {
        var card = (await here.Desk.FindCardAsync("+12015550123", Cancellation)).Value!;
        var plan = (await here.Desk.OffersAsync(card, Cancellation))[0].Plan;
        var topUp = (await here.Desk.QuoteAsync(card.NameId, plan.Code, null, Cancellation)).Value!;
        var start = await here.Desk.PayAsync(topUp.Id, "transfer", PaymentWay.Transfer, Payer.Unknown, null, new Uri("http://127.0.0.1:9"), Cancellation);
        return (topUp.Id, Assert.IsType<PaymentStart.ShowTransfer>(start.Value).Reference, topUp.Price.ToDecimalString());
    }
}
