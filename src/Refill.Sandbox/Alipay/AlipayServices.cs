using Refill.Sandbox.Alipay.Agreements;
using Refill.Sandbox.Alipay.Bills;
using Refill.Sandbox.Alipay.Certificates;
using Refill.Sandbox.Books;

namespace Refill.Sandbox.Alipay;

/// <summary>Puts the sandbox's Alipay together.</summary>
internal static class AlipayServices
{
    internal static IServiceCollection AddAlipay(this IServiceCollection services) => services
        .AddSingleton<AlipayKeyRing>()
        .AddSingleton<AlipaySigning>()
        .AddSingleton<AlipayCashier>()
        .AddSingleton<AgreementCounter>()
        .AddSingleton<BillDesk>()
        .AddSingleton<AlipayGateway>()
        .AddSingleton<ISender, AlipayNotifier>()
        .AddSingleton<ISender, AgreementNotifier>();

    internal static void MapAlipay(this WebApplication app)
    {
        var (gateway, cashier, agreements, bills) = (
            app.Services.GetRequiredService<AlipayGateway>(), app.Services.GetRequiredService<AlipayCashier>(),
            app.Services.GetRequiredService<AgreementCounter>(), app.Services.GetRequiredService<BillDesk>());
        app.MapMethods(AlipayGateway.Path, ["GET", "POST"], gateway.HandleAsync);
        app.MapGet(AlipayCashier.Route, (HttpContext context, string ticket) => cashier.ShowAsync(context, ticket));
        app.MapPost(AlipayCashier.Route, (HttpContext context, string ticket) => cashier.ActAsync(context, ticket));
        app.MapGet(AgreementCounter.Route, (HttpContext context, string ticket) => agreements.ShowAsync(context, ticket));
        app.MapPost(AgreementCounter.Route, (HttpContext context, string ticket) => agreements.ActAsync(context, ticket));
        app.MapGet(BillDesk.Route, bills.DownloadAsync);
        app.MapAlipayControl();
    }
}
