using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Reviews;

/// <summary>How all plans stand with their reviewers, at one moment.</summary>
/// <param name="Mean">Of all published reviews, in thousandths of a star; 0: there are none.</param>
public sealed record Ratings(FrozenDictionary<string, Rating> ByPlan, int Mean)
{
    public Rating? Of(string planCode) => ByPlan.GetValueOrDefault(planCode);
}

/// <summary>Keeps the ratings of all plans in memory, and counts again when they are older than <see cref="Fresh"/>: what another process has published is seen as soon. Those who ask meanwhile are given the last ones.</summary>
public sealed class ReviewRatings(Database database, TimeProvider time)
{
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(15);

    private readonly Lock gate = new();
    private (long At, int Forgotten, Ratings Ratings)? known;
    private Task<Ratings>? reading;
    private int forgotten;

    public Task<Ratings> CurrentAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            if (known is { } last && last.Forgotten == forgotten && time.GetElapsedTime(last.At) < Fresh)
            {
                return Task.FromResult(last.Ratings);
            }

            if (reading is null)
            {
                var (at, before) = (time.GetTimestamp(), forgotten);
                reading = Task.Run(() => CountAsync(at, before), CancellationToken.None);
            }

            return known is { } old && old.Forgotten == forgotten ? Task.FromResult(old.Ratings) : reading.WaitAsync(cancellation);
        }
    }

    /// <summary>Counts anew at the next question; called after a change in this process.</summary>
    public void Forget()
    {
        lock (gate)
        {
            (forgotten, reading) = (forgotten + 1, null);
        }
    }

    private async Task<Ratings> CountAsync(long at, int before)
    {
        try
        {
            await using var db = database.Open();
            var counts = await db.Set<ReviewRow>().AsNoTracking().Where(row => row.State == (int)ReviewState.Published)
                .GroupBy(row => new { row.PlanCode, row.Stars }).Select(group => new { group.Key.PlanCode, group.Key.Stars, Count = group.Count() }).ToListAsync();
            var all = Enumerable.Range(1, 5).Select(stars => counts.Where(count => count.Stars == stars).Sum(count => (long)count.Count)).ToArray();
            var byPlan = counts.GroupBy(count => count.PlanCode).ToFrozenDictionary(
                plan => plan.Key, plan => Rating.Of([.. Enumerable.Range(1, 5).Select(stars => plan.Where(count => count.Stars == stars).Sum(count => count.Count))], all));
            var ratings = new Ratings(byPlan, MeanOf(all));
            lock (gate)
            {
                if (before == forgotten)
                {
                    known = (at, before, ratings);
                }
            }

            return ratings;
        }
        finally
        {
            lock (gate)
            {
                reading = before == forgotten ? null : reading;
            }
        }
    }

    private static int MeanOf(long[] all) => all.Sum() is > 0 and var count ? (int)((all.Index().Sum(given => 1000 * (given.Index + 1) * given.Item) + (count / 2)) / count) : 0;
}
