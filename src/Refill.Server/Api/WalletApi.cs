using Microsoft.AspNetCore.Mvc;
using Refill.Customers;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Units;

namespace Refill.Server.Api;

/// <summary>What is in the wallet, and how it came and went.</summary>
internal static class WalletApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/wallet", GetAsync).Needs(ApiScope.WalletRead).WithName("getWallet").WithTags("Wallet").WithSummary("The wallet of the API key")
            .WithDescription("Its balance now.").Produces<WalletBody>().WithProblems();
        api.MapGet("/wallet/entries", ListAsync).Needs(ApiScope.WalletRead).WithName("listWalletEntries").WithTags("Wallet").WithSummary("The wallet's account, the newest entry first")
            .WithDescription("Each entry with the balance after it: a statement that adds up, back to where the seller's archive begins. Pages do not shift when new entries come in.").Produces<EntryPage>().WithProblems(ApiProblem.PageInvalid);
    }

    private static async Task<IResult> GetAsync(HttpContext context, Wallets wallets, CancellationToken cancellation) =>
        await wallets.FindAsync(context.WalletId(), cancellation) is { } wallet
            ? TypedResults.Json(new WalletBody(CellId.ToText(wallet.Id), wallet.Name, MoneyBody.Of(await wallets.BalanceAsync(wallet.Id, cancellation))), ApiJson.Default.WalletBody)
            : ApiProblem.NotFound.Answer(context);

    private static async Task<IResult> ListAsync(HttpContext context, GeneralLedger ledger, [FromQuery] string? cursor, [FromQuery] string? limit, CancellationToken cancellation)
    {
        if (!Paging.TryRead(cursor, limit, out var from, out var most))
        {
            return ApiProblem.PageInvalid.Answer(context);
        }

        var entries = await ledger.HistoryAsync(Wallet.AccountOf(context.WalletId()), from, most, cancellation);
        var next = entries.Count == most ? entries[^1].Before : null;
        return TypedResults.Json(new EntryPage([.. entries.Select(BodyOf)], Paging.Write(next)), ApiJson.Default.EntryPage);
    }

    private static EntryBody BodyOf(Entry entry) => new(
        entry.Sequence,
        entry.Kind switch { WalletGateway.Paid or WalletGateway.Delivered => "top-up", WalletGateway.Refunded => "refund", _ => "credit" },
        entry.Kind is WalletGateway.Paid or WalletGateway.Delivered or WalletGateway.Refunded ? CellId.ToText(entry.Subject) : null,
        MoneyBody.Of(Money.Usd(entry.Amount)), MoneyBody.Of(Money.Usd(entry.BalanceAfter)), entry.At);
}
