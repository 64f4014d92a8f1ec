namespace Refill.Reviews;

public enum ReviewState
{
    /// <summary>Held until a person has looked at it.</summary>
    Waiting = 0,
    Published = 1,
    Hidden = 2,
}

/// <summary>Why a review is held, or was hidden by itself; a person's reason is a text.</summary>
public enum HoldReason
{
    None = 0,
    Link = 1,
    Email = 2,
    PhoneNumber = 3,

    /// <summary>By <see cref="ReviewRules.MostReports"/> readers.</summary>
    Reported = 4,
}

/// <summary>Why a review is not taken; a page has words for each.</summary>
public enum ReviewProblem
{
    /// <summary>The top-up is not completed, or its money has gone back: nothing was bought.</summary>
    NotBought = 0,

    /// <summary>This top-up has been reviewed.</summary>
    Already = 1,
    NoStars = 2,
    TooLong = 3,
    NoSuchPlace = 4,
}

/// <summary>What became of a review that was sent.</summary>
public abstract record ReviewOutcome
{
    private ReviewOutcome()
    {
    }

    public sealed record Taken(Review Review) : ReviewOutcome;

    public sealed record Refused(ReviewProblem Problem) : ReviewOutcome;
}

/// <summary>What somebody wrote, as it was typed.</summary>
/// <param name="Stars">1 to 5.</param>
/// <param name="Place">A state's two letters, <see cref="UsStates.Several"/>, or empty: not said.</param>
/// <param name="Language">Of the page that it was written on: a tag such as zh-Hans.</param>
public sealed record ReviewDraft(int Stars, string Text, string Place, string Language);

/// <summary>One person's word about one plan that they had bought.</summary>
/// <param name="Id">Its own: it does not lead to the top-up.</param>
/// <param name="Text">Normalised; plain text, may be empty.</param>
/// <param name="Reason">A person's, where one hid it.</param>
/// <param name="Answer">The seller's; null: none.</param>
public sealed record Review(
    Guid Id, string PlanCode, int Stars, string Text, string Place, string Language, ReviewState State, HoldReason Held, string? Reason, DateTimeOffset CreatedAt, string? Answer, DateTimeOffset? AnsweredAt, int Reports);
