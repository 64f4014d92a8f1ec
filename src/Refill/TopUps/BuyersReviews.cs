using Refill.Reviews;

namespace Refill.TopUps;

/// <summary>Who may say what of a plan: whoever holds the address of a top-up of it that was completed, and whose money has not gone back.</summary>
public sealed class BuyersReviews(ReviewBook book)
{
    public static bool MayReview(TopUpView topUp) => topUp.State == TopUpState.Completed && !IsGivenBack(topUp);

    public async Task<ReviewOutcome> WriteAsync(TopUpView topUp, ReviewDraft draft, CancellationToken cancellation) =>
        MayReview(topUp) ? await book.WriteAsync(topUp.Id, topUp.Plan.Code, draft, cancellation) : new ReviewOutcome.Refused(ReviewProblem.NotBought);

    /// <summary>All that was paid and kept has been given back by hand, or is on its way.</summary>
    private static bool IsGivenBack(TopUpView topUp) =>
        topUp.Payments.FirstOrDefault(payment => payment is { Paid: true, Refund: null }) is { Parts.Count: > 0 } payment && payment.Parts.Sum(part => part.Amount.Minor) >= payment.Amount.Minor;
}
