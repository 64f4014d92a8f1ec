using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;

namespace Refill.Reviews;

/// <param name="Page">From 1.</param>
/// <param name="Total">Published reviews of the plan.</param>
public sealed record ReviewPage(ImmutableArray<Review> Reviews, int Page, int Pages, int Total);

/// <summary>
/// What buyers say of plans: one review for each top-up, held or published as it is written, hidden or answered by a person. That the top-up was completed is the caller's to know
/// (TopUps/BuyersReviews); that there is one review of it, the database's.
/// </summary>
public sealed class ReviewBook(Database database, ReviewRatings ratings, TimeProvider time)
{
    public const int PageSize = 10;
    public const int MostListed = 500;

    public async Task<ReviewOutcome> WriteAsync(Guid topUpId, string planCode, ReviewDraft draft, CancellationToken cancellation)
    {
        var text = ReviewRules.Normalise(draft.Text);
        if (draft.Stars is < 1 or > 5)
        {
            return new ReviewOutcome.Refused(ReviewProblem.NoStars);
        }

        if (ReviewRules.IsTooLong(text))
        {
            return new ReviewOutcome.Refused(ReviewProblem.TooLong);
        }

        if (!UsStates.IsPlace(draft.Place))
        {
            return new ReviewOutcome.Refused(ReviewProblem.NoSuchPlace);
        }

        var held = ReviewRules.WhyHeld(text);
        var row = new ReviewRow
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            TopUpId = topUpId,
            PlanCode = planCode,
            Stars = draft.Stars,
            Text = text,
            Place = draft.Place,
            Language = draft.Language,
            State = (int)(held == HoldReason.None ? ReviewState.Published : ReviewState.Waiting),
            Held = (int)held,
            CreatedAt = time.GetUtcNow(),
        };
        await using var db = database.Open();
        db.Add(row);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException taken) when (UniqueViolation.Is(taken))
        {
            return new ReviewOutcome.Refused(ReviewProblem.Already);
        }

        ratings.Forget();
        return new ReviewOutcome.Taken(row.ToReview());
    }

    /// <summary>Null: the top-up has not been reviewed.</summary>
    public async Task<Review?> OfTopUpAsync(Guid topUpId, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return (await db.Set<ReviewRow>().AsNoTracking().FirstOrDefaultAsync(row => row.TopUpId == topUpId, cancellation))?.ToReview();
    }

    public async Task<Review?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var db = database.Open();
        return (await db.Set<ReviewRow>().AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, cancellation))?.ToReview();
    }

    /// <summary>What is published of a plan, newest first.</summary>
    /// <param name="page">From 1; one that is not there has no reviews.</param>
    public async Task<ReviewPage> PageAsync(string planCode, int page, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(page, 1);
        await using var db = database.Open();
        var published = db.Set<ReviewRow>().AsNoTracking().Where(row => row.PlanCode == planCode && row.State == (int)ReviewState.Published);
        var total = await published.CountAsync(cancellation);
        var pages = Math.Max(1, (total + PageSize - 1) / PageSize);
        var rows = page > pages ? [] : await published.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.Id).Skip((page - 1) * PageSize).Take(PageSize).ToListAsync(cancellation);
        return new ReviewPage([.. rows.Select(row => row.ToReview())], page, pages, total);
    }

    /// <summary>Of one state (null: all), oldest first where a person is waited for, else newest first; at most <see cref="MostListed"/>.</summary>
    public async Task<ImmutableArray<Review>> ListAsync(ReviewState? state, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = db.Set<ReviewRow>().AsNoTracking().Where(row => state == null || row.State == (int)state);
        rows = state == ReviewState.Waiting ? rows.OrderBy(row => row.CreatedAt) : rows.OrderByDescending(row => row.CreatedAt);
        return [.. (await rows.Take(MostListed).ToListAsync(cancellation)).Select(row => row.ToReview())];
    }

    /// <summary>A reader says that a published review is not in order. The same reader counts once; the last of <see cref="ReviewRules.MostReports"/> holds it for a person.</summary>
    /// <param name="reporter">A keyed hash of who it is.</param>
    /// <returns>False: no such review is published.</returns>
    public async Task<bool> ReportAsync(Guid id, byte[] reporter, CancellationToken cancellation)
    {
        await using var db = database.Open();
        var published = db.Set<ReviewRow>().Where(row => row.Id == id && row.State == (int)ReviewState.Published);
        if (!await published.AnyAsync(cancellation))
        {
            return false;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        db.Add(new ReviewReportRow { ReviewId = id, Reporter = reporter, At = time.GetUtcNow() });
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException twice) when (UniqueViolation.Is(twice))
        {
            return true;
        }

        await published.ExecuteUpdateAsync(set => set.SetProperty(row => row.Reports, row => row.Reports + 1), cancellation);
        await published.Where(row => row.Reports >= ReviewRules.MostReports).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.State, (int)ReviewState.Waiting).SetProperty(row => row.Held, (int)HoldReason.Reported), cancellation);
        await transaction.CommitAsync(cancellation);
        ratings.Forget();
        return true;
    }

    /// <summary>For all to see; the reports until now are answered with that.</summary>
    /// <returns>False: there is no such review.</returns>
    public Task<bool> PublishAsync(Guid id, CancellationToken cancellation) => ChangeAsync(id, row =>
    {
        (row.State, row.Held, row.Reason, row.Reports, row.DecidedAt) = ((int)ReviewState.Published, (int)HoldReason.None, null, 0, time.GetUtcNow());
    }, cancellation);

    /// <param name="reason">For whoever asks later, also the writer; 1 to <see cref="ReviewRules.MostReason"/> characters.</param>
    public Task<bool> HideAsync(Guid id, string reason, CancellationToken cancellation)
    {
        var why = ReviewRules.Normalise(reason);
        ArgumentOutOfRangeException.ThrowIfZero(why.Length, nameof(reason));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(why.Length, ReviewRules.MostReason, nameof(reason));
        return ChangeAsync(id, row => (row.State, row.Reason, row.DecidedAt) = ((int)ReviewState.Hidden, why, time.GetUtcNow()), cancellation);
    }

    /// <param name="answer">The seller's, shown under the review; empty takes it back.</param>
    public Task<bool> AnswerAsync(Guid id, string answer, CancellationToken cancellation)
    {
        var text = ReviewRules.Normalise(answer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, ReviewRules.MostCharacters, nameof(answer));
        return ChangeAsync(id, row => (row.Answer, row.AnsweredAt) = (text.Length == 0 ? null : text, text.Length == 0 ? null : time.GetUtcNow()), cancellation);
    }

    private async Task<bool> ChangeAsync(Guid id, Action<ReviewRow> change, CancellationToken cancellation)
    {
        await using var db = database.Open();
        if (await db.Set<ReviewRow>().FirstOrDefaultAsync(row => row.Id == id, cancellation) is not { } row)
        {
            return false;
        }

        change(row);
        await db.SaveChangesAsync(cancellation);
        ratings.Forget();
        return true;
    }
}
