using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Work;

namespace Refill.TopUps;

public static class Registration
{
    /// <summary>The journey of a top-up and the work it needs. Expects ledger, cards, catalogue, promotions, carriers and gateways to be registered.</summary>
    public static IServiceCollection AddTopUps(this IServiceCollection services) => services
        .AddSingleton<TopUpChanges>()
        .AddSingleton<BuyersReviews>()
        .AddSingleton<WorkBell>()
        .AddSingleton<TopUpSteps>()
        .AddSingleton<TermsBook>()
        .AddSingleton<ArchivedMonths>()
        .AddSingleton<TopUpStore>()
        .AddSingleton<WalletSteps>()
        .AddSingleton<Selling>()
        .AddSingleton<PaymentWatch>()
        .AddSingleton<Delivery>()
        .AddSingleton<RefundCalls>()
        .AddSingleton<Refunding>()
        .AddSingleton<RefundSteps>()
        .AddSingleton(p => new RefundDesk(
            p.GetRequiredService<Database>(), p.GetRequiredService<TopUpStore>(), p.GetRequiredService<RefundSteps>(), p.GetRequiredService<RefundCalls>(), p.GetRequiredService<ILogger<RefundDesk>>()))
        .AddSingleton<Sweep>()
        .AddSingleton<Dispatcher>()
        .AddSingleton(p => new TopUpDesk(
            p.GetRequiredService<TopUpStore>(), p.GetRequiredService<TopUpSteps>(), p.GetRequiredService<PaymentWatch>(), p.GetRequiredService<TopUpChanges>(),
            p.GetRequiredService<PaymentGateways>(), p.GetRequiredService<CarrierDirectory>(), p.GetRequiredService<CardBook>(), p.GetRequiredService<CatalogueReader>(),
            p.GetRequiredService<Selling>(), p.GetRequiredService<TimeProvider>()))
        .AddSingleton(p => new NotificationDesk(
            p.GetRequiredService<TopUpStore>(), p.GetRequiredService<PaymentWatch>(), p.GetRequiredService<PaymentGateways>(), p.GetRequiredService<CarrierDirectory>()))
        .AddSingleton(p => new WalletOrders(
            p.GetRequiredService<TopUpStore>(), p.GetRequiredService<WalletSteps>(), p.GetRequiredService<Selling>(), p.GetRequiredService<TopUpDesk>(), p.GetRequiredService<CarrierDirectory>(), p.GetRequiredService<CardBook>(),
            p.GetRequiredService<CatalogueReader>(), p.GetRequiredService<GeneralLedger>(), p.GetRequiredService<WalletGateway>(),
            p.GetRequiredService<ArchivedMonths>(), p.GetRequiredService<TimeProvider>()))
        .AddSingleton(Handlers);

    private static WorkHandlers Handlers(IServiceProvider provider)
    {
        var store = provider.GetRequiredService<TopUpStore>();
        var steps = provider.GetRequiredService<TopUpSteps>();
        return new WorkHandlers(new Dictionary<string, WorkHandler>
        {
            [TopUpSteps.PaymentWork] = provider.GetRequiredService<PaymentWatch>().HandleAsync,
            [TopUpSteps.DeliverWork] = provider.GetRequiredService<Delivery>().HandleAsync,
            [TopUpSteps.RefundWork] = provider.GetRequiredService<Refunding>().HandleAsync,
            [RefundSteps.PartWork] = provider.GetRequiredService<RefundDesk>().HandleAsync,
            [TopUpSteps.ExpireWork] = async (item, cancellation) =>
                await store.TakeAsync(item.Subject, steps.RunOut, item.Finish(), cancellation) is null ? new WorkVerdict.Finished() : new WorkVerdict.Committed(),
        }.ToFrozenDictionary());
    }
}
