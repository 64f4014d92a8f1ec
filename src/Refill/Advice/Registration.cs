using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;

namespace Refill.Advice;

public static class Registration
{
    /// <summary>Expects catalogue, promotions, cards, carriers and top-ups to be registered.</summary>
    public static IServiceCollection AddAdvice(this IServiceCollection services) => services
        .AddSingleton<OnTheCard>()
        .AddSingleton(p => new AdviceDesk(
            p.GetRequiredService<CatalogueReader>(), p.GetRequiredService<PromotionReader>(), p.GetRequiredService<CarrierDirectory>(), p.GetRequiredService<CardBook>(), p.GetRequiredService<OnTheCard>(),
            p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<AdviceDesk>>()));
}
