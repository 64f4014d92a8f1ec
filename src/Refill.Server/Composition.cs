using System.Globalization;
using Refill.Advice;
using Refill.Archive;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Own;
using Refill.Carriers.Reloadly;
using Refill.Catalogue;
using Refill.Comparison;
using Refill.Customers;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Promotions;
using Refill.Reconciliation;
using Refill.Reviews;
using Refill.Storage;
using Refill.TopUps;
using Refill.Work;

namespace Refill.Server;

/// <summary>Puts the house together from the settings; the web server and the commands use the same.</summary>
internal static class Composition
{
    /// <summary>Database, ledger, catalogue and cards: what every command needs. No outside call is made.</summary>
    public static IServiceCollection AddGround(this IServiceCollection services, Settings settings) => services
        .AddSingleton(settings)
        .AddSingleton(TimeProvider.System)
        .AddSingleton(new Database(settings.Database))
        .AddSingleton(new LedgerOptions(settings.Number("commit-group"), settings.Number("committers")))
        .AddSingleton(provider => new GeneralLedger(provider.GetRequiredService<Database>(), provider.GetRequiredService<LedgerOptions>()))
        .AddSingleton(_ => CardVault.LoadOrCreate(settings.Keys, create: settings.Demo))
        .AddSingleton<CardBook>()
        .AddSingleton<CatalogueReader>()
        .AddSingleton<ReviewRatings>()
        .AddSingleton<ReviewBook>()
        .AddSingleton(provider => new CatalogueImport(
            provider.GetRequiredService<Database>(), provider.GetRequiredService<CatalogueReader>(), [OwnCarrier.ConnectorName, "reloadly"]))
        .AddSingleton(new FxOptions(settings.Number("fx-margin-basis-points"), settings.FxMaxAge))
        .AddSingleton<FxRates>()
        .AddSingleton<FxImport>()
        .AddSingleton<PromotionReader>()
        .AddSingleton<PromotionImport>()
        .AddSingleton<PromotionList>()
        .AddSingleton<Wallets>()
        .AddSingleton<ApiKeys>()
        .AddSingleton<TopUpAudit>()
        .AddSingleton<ReconciliationBook>()
        .AddSingleton(new ArchiveOptions(settings.RetentionMonths))
        .AddSingleton(provider => new Archivist(provider.GetRequiredService<Database>(), settings.Archive, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new ArchiveSearch(provider.GetRequiredService<Database>(), settings.Archive))
        .AddSingleton(provider => new Verification(provider.GetRequiredService<Database>(), settings.Archive));

    /// <summary>Gateways, carriers and the journeys.</summary>
    public static IServiceCollection AddJourneys(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(DispatcherOptions.Default(settings["node"]));
        services.AddGateways(settings);
        services.AddSingleton<OwnCarrier>();
        services.AddSingleton(provider => new ReloadlyCarrier(
            ReloadlyCarrier.NewClient(), ReloadlyOptionsFrom(settings, provider.GetRequiredService<CatalogueReader>()),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ReloadlyCarrier>>()));
        services.AddSingleton(provider => new CarrierDirectory(
            settings.Demo || settings.Find("reloadly-client-id") is not null
                ? [provider.GetRequiredService<OwnCarrier>(), provider.GetRequiredService<ReloadlyCarrier>()]
                : [provider.GetRequiredService<OwnCarrier>()]));
        return services.AddTopUps().AddComparison().AddAdvice().AddReconciliation(settings.Reports, settings["node"]).AddSingleton<ArchiveKeeper>();
    }

    /// <summary>Brings the database up to date and makes sure that the keys are the ones it was written with; in the demo, fills it.</summary>
    public static async Task PrepareAsync(IServiceProvider provider, Settings settings, CancellationToken cancellation)
    {
        var database = provider.GetRequiredService<Database>();
        await database.MigrateAsync(cancellation);
        await provider.GetRequiredService<CardVault>().CheckAsync(database, cancellation);
        if (settings.Demo)
        {
            await ActivatorUtilities.CreateInstance<DemoCatalogue>(provider).LoadAsync(cancellation);
            await ActivatorUtilities.CreateInstance<DemoCards>(provider).LoadAsync(cancellation);
            await ActivatorUtilities.CreateInstance<DemoOffers>(provider).LoadAsync(await OfferCommands.FactsAsync(database, cancellation), cancellation);
        }
    }

    private static ReloadlyOptions ReloadlyOptionsFrom(Settings settings, CatalogueReader catalogue)
    {
        var demo = settings.Demo ? DemoSecrets.LoadOrCreate(settings.Data) : null;
        return new ReloadlyOptions(
            demo is null ? new Uri(settings["reloadly-auth-url"]) : settings.SandboxUrl,
            demo is null ? new Uri(settings["reloadly-api-url"]) : settings.SandboxUrl,
            settings["reloadly-audience"],
            demo?.ReloadlyClientId ?? settings["reloadly-client-id"],
            demo?.ReloadlyClientSecret ?? settings["reloadly-client-secret"],
            demo?.ReloadlyWebhookSecret ?? settings.Find("reloadly-webhook-secret"),
            settings.OutsideTimeout,
            async (operatorId, cancellation) => (await catalogue.CarriersOfAsync("reloadly", cancellation))
                .FirstOrDefault(carrier => carrier.ConnectorReference == operatorId.ToString(CultureInfo.InvariantCulture))?.Code)
        {
            InFlightAtMost = TimeSpan.FromSeconds(settings.Number("reloadly-in-flight-seconds")),
        };
    }
}
