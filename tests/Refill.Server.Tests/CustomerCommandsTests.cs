using Refill.Units;

namespace Refill.Server.Tests;

/// <summary>`wallet` and `keys`: what an operator does for integrators.</summary>
public sealed class CustomerCommandsTests : IAsyncLifetime
{
    private Installation here = null!;

    public async ValueTask InitializeAsync() => here = await Installation.NewAsync();

    public ValueTask DisposeAsync() => here.DisposeAsync();

    [Fact]
    public async Task A_wallet_is_opened_funded_once_per_reference_and_listed()
    {
        var wallet = await OpenAsync();

        var first = await here.RunAsync("wallet", "credit", wallet, "250.00", "--reason", "bank transfer", "--reference", "4711");
        var again = await here.RunAsync("wallet", "credit", wallet, "250.00", "--reason", "bank transfer", "--reference", "4711");
        var other = await here.RunAsync("wallet", "credit", wallet, "250.01", "--reason", "bank transfer", "--reference", "4711");
        var listed = await here.RunAsync("wallet", "list");

        Assert.Equal((0, "credited; it holds 250.00 USD now"), (first.ExitCode, first.Output.Trim()));
        Assert.Equal((0, "this reference was credited before, nothing was changed; it holds 250.00 USD"), (again.ExitCode, again.Output.Trim()));
        Assert.Equal(2, other.ExitCode);
        Assert.Matches($@"{wallet}\s.*\s250\.00 USD  Campus shop", listed.Output);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1.005")]
    [InlineData("1,000")]
    [InlineData("1000000.01")]
    [InlineData("99999999999999999999")]
    [InlineData("ten")]
    public async Task An_amount_that_is_none_is_refused_and_credits_nothing(string amount)
    {
        var wallet = await OpenAsync();

        var ran = await here.RunAsync("wallet", "credit", wallet, amount, "--reason", "test");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("an amount from 0.01 to 1000000.00", ran.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await here.RunAsync("wallet", "credit", wallet, "-5", "--reason", "test")).ExitCode);
        Assert.Contains(" 0.00 USD", (await here.RunAsync("wallet", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wallet_that_is_not_there_is_named()
    {
        await OpenAsync();
        var missing = CellId.ToText(CellId.New(new Cell(1), TimeProvider.System));

        Assert.Equal((2, "there is no such wallet"), Refusal(await here.RunAsync("wallet", "credit", missing, "1", "--reason", "test")));
        Assert.Equal((2, "a wallet's id has 22 characters; `wallet list` shows it"), Refusal(await here.RunAsync("wallet", "credit", "x", "1", "--reason", "test")));
        Assert.Equal((2, "there is no such wallet; `wallet open NAME` makes one"), Refusal(await here.RunAsync("keys", "create", "--wallet", missing, "--name", "x")));
        Assert.Equal(2, (await here.RunAsync("wallet", "open", " ")).ExitCode);
        Assert.Equal(2, (await here.RunAsync("wallet", "credit", missing, "1", "--reason", " ")).ExitCode);
    }

    [Fact]
    public async Task A_key_is_shown_once_listed_without_its_secret_and_ended()
    {
        var wallet = await OpenAsync();

        var made = await here.RunAsync("keys", "create", "--wallet", wallet, "--name", "till 1", "--scopes", "top-ups:write, wallet:read");
        var presented = made.Output.Split('\n')[0];

        // Cut by length: base64url may hold an underscore itself.
        var id = presented.Substring(4, 22);
        var listed = await here.RunAsync("keys", "list");
        var revoked = await here.RunAsync("keys", "revoke", id);

        Assert.Equal(0, made.ExitCode);
        Assert.StartsWith("rfk_", presented, StringComparison.Ordinal);
        Assert.Contains($"{id}  ", listed.Output, StringComparison.Ordinal);
        Assert.Contains("top-ups:write,wallet:read  till 1", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(presented[27..], listed.Output, StringComparison.Ordinal);
        Assert.Equal((0, "revoked"), (revoked.ExitCode, revoked.Output.Trim()));
        Assert.Equal((2, "there is no such key that still works"), Refusal(await here.RunAsync("keys", "revoke", id)));
        Assert.Contains("revoked ", (await here.RunAsync("keys", "list")).Output, StringComparison.Ordinal);
        Assert.Equal((2, "allowed: top-ups:write, top-ups:read, wallet:read"), Refusal(await here.RunAsync("keys", "create", "--wallet", wallet, "--name", "x", "--scopes", "all")));
    }

    private static (int ExitCode, string Said) Refusal(Ran ran) => (ran.ExitCode, ran.Error.Trim());

    private async Task<string> OpenAsync()
    {
        var ran = await here.RunAsync("wallet", "open", "Campus shop");
        Assert.Equal(0, ran.ExitCode);
        return ran.Output.Split(' ')[0];
    }
}
