using System.Collections.Immutable;

namespace Refill.Reviews;

/// <summary>How a plan's published reviews stand.</summary>
/// <param name="Stars">How many gave one star, two, … five.</param>
/// <param name="Rank">The weighted average, in thousandths of a star; 0: fewer than <see cref="Rating.LeastReviews"/> reviews, so it has no rank.</param>
public sealed record Rating(ImmutableArray<int> Stars, int Rank)
{
    /// <summary>Fewer reviews give no rank: they are shown, and stand behind all that have one.</summary>
    public const int LeastReviews = 3;

    /// <summary>How many average reviews each plan is given besides its own: with fewer of its own than these, it stands nearer to the average of all than to its own.</summary>
    public const int Weight = 10;

    public int Count => Stars.Sum();

    /// <summary>The plain average, in thousandths of a star, rounded half up; 0 without reviews.</summary>
    public int Mean => Count == 0 ? 0 : Divide(1000 * Sum(Stars), Count);

    /// <param name="all">Stars of all published reviews of all plans, these among them.</param>
    public static Rating Of(ImmutableArray<int> stars, IReadOnlyList<long> all)
    {
        var (count, reviews, sum) = (stars.Sum(), all.Sum(), all.Index().Sum(given => (given.Index + 1) * given.Item));
        if (count < LeastReviews)
        {
            return new Rating(stars, 0);
        }

        // (weight × sum/reviews + own) / (weight + count), without a fraction in between.
        var rank = Divide(1000L * ((Weight * sum) + (reviews * Sum(stars))), reviews * (Weight + count));
        return new Rating(stars, rank);
    }

    private static long Sum(ImmutableArray<int> stars) => stars.Index().Sum(given => (given.Index + 1) * (long)given.Item);

    private static int Divide(long number, long by) => (int)(((number * 2) + by) / (by * 2));
}
