using Refill.Sandbox.Books;

namespace Refill.Sandbox.WeChatPay;

/// <summary>WeChat Pay as a part of the sandbox: there only if it has a merchant.</summary>
internal static class WeChatPayHost
{
    internal static IServiceCollection AddWeChatPay(this IServiceCollection services, WeChatPayBooksOptions? options) => options is null
        ? services
        : services
            .AddSingleton(options)

            // Certificates stay through a reset, for merchants still believe in them.
            .AddSingleton(new BooksPart(WeChatTrade.Schema + Withdrawal.Schema, "wechat_withdrawals", "wechat_trades", "wechat_refunds", "wechat_settings", "wechat_statements"))
            .AddSingleton<WeChatPayKeys>()
            .AddSingleton<WeChatPayGateway>()
            .AddSingleton<WeChatPayStatements>()
            .AddSingleton<WeChatPayPayer>()
            .AddSingleton<WeChatAccounts>()
            .AddSingleton<ISender, WeChatPayNotifier>();

    internal static void MapWeChatPay(this WebApplication app)
    {
        if (app.Services.GetService<WeChatPayGateway>() is not { } gateway)
        {
            return;
        }

        var (payer, statements) = (app.Services.GetRequiredService<WeChatPayPayer>(), app.Services.GetRequiredService<WeChatPayStatements>());
        app.MapPost("/v3/pay/transactions/native", context => gateway.AskAsync(context, "native", TradeType.Native));
        app.MapPost("/v3/pay/transactions/h5", context => gateway.AskAsync(context, "h5", TradeType.H5));
        app.MapPost("/v3/pay/transactions/jsapi", context => gateway.AskAsync(context, "jsapi", TradeType.JsApi));
        app.MapPost("/v3/pay/transactions/codepay", gateway.PayByCodeAsync);
        app.MapGet("/v3/pay/transactions/out-trade-no/{order}", (HttpContext context, string order) => gateway.QueryAsync(context, entry => WeChatTrades.Find(entry, order)));
        app.MapGet("/v3/pay/transactions/id/{id}", (HttpContext context, string id) => gateway.QueryAsync(context, entry => WeChatTrades.FindByTransactionId(entry, id)));
        app.MapPost("/v3/pay/transactions/out-trade-no/{order}/close", (HttpContext context, string order) => gateway.CloseAsync(context, order));
        app.MapPost("/v3/pay/transactions/out-trade-no/{order}/reverse", (HttpContext context, string order) => gateway.ReverseAsync(context, order));
        app.MapPost("/v3/refund/domestic/refunds", gateway.RefundAsync);
        app.MapGet("/v3/refund/domestic/refunds/{number}", (HttpContext context, string number) => gateway.QueryRefundAsync(context, number));
        app.MapGet("/v3/certificates", gateway.CertificatesAsync);
        app.MapGet("/v3/bill/tradebill", statements.TradesAsync);
        app.MapGet("/v3/bill/fundflowbill", statements.FundsAsync);
        app.MapGet(WeChatPayStatements.FilePath, statements.DownloadAsync);

        string[] methods = ["GET", "POST"];
        app.MapMethods(WeChatPayPayer.CodeRoute, methods, (HttpContext context, string ticket) => payer.CodeAsync(context, ticket));
        app.MapMethods(WeChatPayPayer.H5Route, methods, payer.H5Async);
        app.MapMethods(WeChatPayPayer.BridgeRoute, methods, payer.BridgeAsync);
        var accounts = app.Services.GetRequiredService<WeChatAccounts>();
        app.MapGet(WeChatAccounts.AuthoriseRoute, accounts.Authorise);
        app.MapGet(WeChatAccounts.TokenRoute, accounts.Token);
        app.MapWeChatPayControl();
    }
}
