using System.Collections.Immutable;
using System.CommandLine;
using Refill.Customers;
using Refill.Payments.Wallets;
using Refill.Units;

namespace Refill.Server;

/// <summary>The operator's commands for integrators: their wallets and their keys.</summary>
internal static class CustomerCommands
{
    public static Command Wallet()
    {
        var name = new Argument<string>("NAME") { Description = $"whose it is, 1 to {Wallets.MaxName} characters" };
        var open = new Command("open", "Open a wallet") { name };
        open.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Nothing, async provider =>
        {
            var wallet = await provider.GetRequiredService<Wallets>().OpenAsync(parsed.GetRequiredValue(name), cancellation);
            await Commands.Output(parsed).WriteLineAsync($"{CellId.ToText(wallet.Id)}  {wallet.Name}");
            return Commands.Fine;
        }, cancellation));

        var id = new Argument<string>("WALLET") { Description = "its id, as `wallet list` shows it" };
        var amount = new Argument<string>("AMOUNT") { Description = $"US dollars, such as 250.00; at most {Wallets.MostAtOnce.ToDecimalString()}" };
        var reason = new Option<string>("--reason") { Description = $"why, for whoever reads the books; 1 to {Wallets.MaxReason} characters", Required = true };
        var reference = new Option<string?>("--reference") { Description = "the bank's or the receipt's number: the same one credits once" };
        var credit = new Command("credit", "Put money into a wallet") { id, amount, reason, reference };
        credit.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            if (!Money.TryParseDecimal(parsed.GetRequiredValue(amount), Currency.Usd, out var money) || money.Minor <= 0 || money.Minor > Wallets.MostAtOnce.Minor)
            {
                return await Commands.RefuseAsync(parsed, $"allowed: an amount from 0.01 to {Wallets.MostAtOnce.ToDecimalString()} with at most two decimals");
            }

            if (!CellId.TryParse(parsed.GetRequiredValue(id), out var walletId))
            {
                return await Commands.RefuseAsync(parsed, "a wallet's id has 22 characters; `wallet list` shows it");
            }

            var outcome = await provider.GetRequiredService<Wallets>().CreditAsync(walletId, money, parsed.GetRequiredValue(reason), parsed.GetValue(reference) ?? $"by hand {Guid.NewGuid():N}", cancellation);
            switch (outcome)
            {
                case CreditOutcome.Credited credited:
                    await Commands.Output(parsed).WriteLineAsync($"credited; it holds {credited.Balance.ToDecimalString()} {credited.Balance.Currency} now");
                    return Commands.Fine;
                case CreditOutcome.Already already:
                    await Commands.Output(parsed).WriteLineAsync($"this reference was credited before, nothing was changed; it holds {already.Balance.ToDecimalString()} {already.Balance.Currency}");
                    return Commands.Fine;
                case CreditOutcome.ReferenceReused:
                    return await Commands.RefuseAsync(parsed, "this reference was credited before with another amount or reason; nothing was changed");
                default:
                    return await Commands.RefuseAsync(parsed, "there is no such wallet");
            }
        }, cancellation));

        var list = new Command("list", "List the wallets and what they hold");
        list.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var wallets = provider.GetRequiredService<Wallets>();
            foreach (var wallet in await wallets.ListAsync(cancellation))
            {
                await Commands.Output(parsed).WriteLineAsync($"{CellId.ToText(wallet.Id)}  {wallet.CreatedAt:u}  {(await wallets.BalanceAsync(wallet.Id, cancellation)).ToDecimalString(),14} USD  {wallet.Name}");
            }

            return Commands.Fine;
        }, cancellation));
        return new Command("wallet", "Integrators' prepaid balances") { open, credit, list };
    }

    public static Command Keys()
    {
        var wallet = new Option<string>("--wallet") { Description = "the wallet that pays, by its id", Required = true };
        var name = new Option<string>("--name") { Description = $"what it is for, 1 to {ApiKeys.MaxName} characters", Required = true };
        var scopes = new Option<string>("--scopes") { Description = $"what it may do, with commas between: {string.Join(", ", ApiScope.All)}", DefaultValueFactory = _ => string.Join(',', ApiScope.All) };
        var create = new Command("create", "Make an API key; it is shown once") { wallet, name, scopes };
        create.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            if (!CellId.TryParse(parsed.GetRequiredValue(wallet), out var walletId) || await provider.GetRequiredService<Wallets>().FindAsync(walletId, cancellation) is null)
            {
                return await Commands.RefuseAsync(parsed, "there is no such wallet; `wallet open NAME` makes one");
            }

            var wanted = parsed.GetRequiredValue(scopes).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToImmutableArray();
            if (wanted.IsEmpty || wanted.Except(ApiScope.All).Any())
            {
                return await Commands.RefuseAsync(parsed, $"allowed: {string.Join(", ", ApiScope.All)}");
            }

            var (key, presented) = await provider.GetRequiredService<ApiKeys>().CreateAsync(walletId, parsed.GetRequiredValue(name), wanted, cancellation);
            await Commands.Output(parsed).WriteLineAsync($"{presented}\nThis is the only time that it is shown. Its id is {CellId.ToText(key.Id)}; it may: {string.Join(", ", key.Scopes)}.");
            return Commands.Fine;
        }, cancellation));

        var list = new Command("list", "List the API keys (never their secrets)");
        list.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            foreach (var key in await provider.GetRequiredService<ApiKeys>().ListAsync(null, cancellation))
            {
                await Commands.Output(parsed).WriteLineAsync($"{CellId.ToText(key.Id)}  {key.CreatedAt:u}  {(key.RevokedAt is { } at ? $"revoked {at:u}" : "works"),-28}  wallet {CellId.ToText(key.WalletId)}  {string.Join(',', key.Scopes)}  {key.Name}");
            }

            return Commands.Fine;
        }, cancellation));

        var id = new Argument<string>("KEY") { Description = "its id, as `keys list` shows it" };
        var revoke = new Command("revoke", $"End a key; every server refuses it within {ApiKeys.Trust.TotalSeconds:0} seconds") { id };
        revoke.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            if (!CellId.TryParse(parsed.GetRequiredValue(id), out var keyId) || !await provider.GetRequiredService<ApiKeys>().RevokeAsync(keyId, cancellation))
            {
                return await Commands.RefuseAsync(parsed, "there is no such key that still works");
            }

            await Commands.Output(parsed).WriteLineAsync("revoked");
            return Commands.Fine;
        }, cancellation));
        return new Command("keys", "Integrators' API keys") { create, list, revoke };
    }
}
