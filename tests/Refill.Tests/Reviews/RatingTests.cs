using System.Collections.Immutable;
using CsCheck;
using Refill.Reviews;

namespace Refill.Tests.Reviews;

public sealed class RatingTests
{
    private static readonly Gen<ImmutableArray<int>> Stars = Gen.Int[0, 200].Array[5].Select(stars => stars.ToImmutableArray());
    private static readonly Gen<(ImmutableArray<int> Own, long[] All)> Standing = Gen.Select(Stars, Gen.Long[0, 5000].Array[5], (own, others) => (own, others.Zip(own, (other, mine) => other + mine).ToArray()));

    /// <summary>Ten reviews of three stars on average besides one's own: (10 × 3 + 4 × 5) / 14.</summary>
    [Fact]
    public void A_plan_with_few_reviews_stands_between_its_own_and_the_average_of_all()
    {
        var rating = Rating.Of([0, 0, 0, 0, 4], [8, 0, 4, 0, 8]);
        Assert.Equal((3571, 5000, 4), (rating.Rank, rating.Mean, rating.Count));
    }

    [Fact]
    public void The_rank_lies_between_the_plans_own_average_and_that_of_all_and_there_is_none_below_the_least_number() => Standing.Sample(standing =>
    {
        var rating = Rating.Of(standing.Own, standing.All);
        if (rating.Count < Rating.LeastReviews)
        {
            return rating.Rank == 0;
        }

        var all = standing.All.Index().Sum(given => 1000m * (given.Index + 1) * given.Item) / standing.All.Sum();
        var own = standing.Own.Index().Sum(given => 1000m * (given.Index + 1) * given.Item) / rating.Count;
        return rating.Rank is >= 1000 and <= 5000 && rating.Rank >= Math.Min(own, all) - 0.5m && rating.Rank <= Math.Max(own, all) + 0.5m;
    }, iter: 20_000);

    [Fact]
    public void One_more_star_from_anyone_never_lowers_a_rank_and_one_fewer_never_raises_it() => Gen.Select(Standing, Gen.Int[0, 3]).Sample((standing, from) =>
    {
        if (standing.Own[from] == 0)
        {
            return true;
        }

        var better = standing.Own.SetItem(from, standing.Own[from] - 1).SetItem(from + 1, standing.Own[from + 1] + 1);
        var all = standing.All.ToArray();
        (all[from], all[from + 1]) = (all[from] - 1, all[from + 1] + 1);
        return Rating.Of(better, all).Rank >= Rating.Of(standing.Own, standing.All).Rank;
    }, iter: 20_000);

    [Fact]
    public void Of_two_plans_with_the_same_average_above_that_of_all_the_one_with_more_reviews_stands_higher() => Gen.Int[3, 100].Sample(count =>
    {
        long[] all = [1000, 0, 0, 0, 1000];
        return Rating.Of([0, 0, 0, 0, count + 5], all).Rank > Rating.Of([0, 0, 0, 0, count], all).Rank;
    });
}
