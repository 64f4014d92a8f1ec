using Microsoft.Extensions.DependencyInjection;
using Refill.Catalogue;
using Refill.Reviews;
using Refill.TopUps;

namespace Refill.Comparison;

public static class Registration
{
    /// <summary>Expects catalogue, reviews and <see cref="TopUps.Registration.AddTopUps"/> to be registered.</summary>
    public static IServiceCollection AddComparison(this IServiceCollection services) => services
        .AddSingleton(p => new PlanComparison(p.GetRequiredService<CatalogueReader>(), p.GetRequiredService<Selling>(), p.GetRequiredService<ReviewRatings>(), p.GetRequiredService<TimeProvider>()));
}
