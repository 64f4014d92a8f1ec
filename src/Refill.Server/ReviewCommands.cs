using System.CommandLine;
using Refill.Reviews;
using Refill.Units;

namespace Refill.Server;

/// <summary>The operator's commands for what buyers say of plans.</summary>
internal static class ReviewCommands
{
    private const int ShownCharacters = 80;

    public static Command Reviews()
    {
        var state = new Option<string>("--state") { Description = "waiting, published or hidden; all if not given" };
        state.AcceptOnlyFromAmong("waiting", "published", "hidden");
        var list = new Command("list", $"List reviews, at most {ReviewBook.MostListed}; those that wait for a person, oldest first") { state };
        list.SetAction((parsed, cancellation) => Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            var wanted = Enum.TryParse<ReviewState>(parsed.GetValue(state), ignoreCase: true, out var one) ? one : (ReviewState?)null;
            foreach (var review in await provider.GetRequiredService<ReviewBook>().ListAsync(wanted, cancellation))
            {
                var text = review.Text.ReplaceLineEndings(" ");
                await Commands.Output(parsed).WriteLineAsync(
                    $"{CellId.ToText(review.Id)}  {review.CreatedAt:u}  {review.Stars}/5  {review.State,-9}  {(review.Held == HoldReason.None ? "" : $"held: {review.Held}"),-18}  {review.PlanCode}  {(text.Length > ShownCharacters ? text[..ShownCharacters] + "…" : text)}");
            }

            return Commands.Fine;
        }, cancellation));

        var id = new Argument<string>("REVIEW") { Description = "its id, as `reviews list` shows it" };
        var publish = new Command("publish", "Show a review to all; reports until now are answered with that") { id };
        publish.SetAction((parsed, cancellation) => ChangeAsync(parsed, id, "published", (book, review) => book.PublishAsync(review, cancellation), cancellation));

        var reason = new Option<string>("--reason") { Description = $"why, for whoever asks later; the writer sees it, too; 1 to {ReviewRules.MostReason} characters", Required = true };
        var hide = new Command("hide", "Show a review to nobody but its writer") { id, reason };
        hide.SetAction((parsed, cancellation) => ReviewRules.Normalise(parsed.GetRequiredValue(reason)) is { Length: > 0 and <= ReviewRules.MostReason } why
            ? ChangeAsync(parsed, id, "hidden", (book, review) => book.HideAsync(review, why, cancellation), cancellation)
            : Commands.RefuseAsync(parsed, $"allowed: a reason of 1 to {ReviewRules.MostReason} characters"));

        var text = new Argument<string>("TEXT") { Description = $"at most {ReviewRules.MostCharacters} characters; empty takes an answer back" };
        var answer = new Command("answer", "Answer a review as the seller; the answer stands under it") { id, text };
        answer.SetAction((parsed, cancellation) => ReviewRules.Normalise(parsed.GetRequiredValue(text)) is { Length: <= ReviewRules.MostCharacters } words
            ? ChangeAsync(parsed, id, words.Length == 0 ? "the answer is taken back" : "answered", (book, review) => book.AnswerAsync(review, words, cancellation), cancellation)
            : Commands.RefuseAsync(parsed, $"allowed: at most {ReviewRules.MostCharacters} characters"));
        return new Command("reviews", "What buyers say of plans") { list, publish, hide, answer };
    }

    private static Task<int> ChangeAsync(ParseResult parsed, Argument<string> id, string done, Func<ReviewBook, Guid, Task<bool>> change, CancellationToken cancellation) =>
        Commands.WithGround(parsed, Commands.Needs.Database, async provider =>
        {
            if (!CellId.TryParse(parsed.GetRequiredValue(id), out var review) || !await change(provider.GetRequiredService<ReviewBook>(), review))
            {
                return await Commands.RefuseAsync(parsed, "there is no such review; `reviews list` shows them");
            }

            await Commands.Output(parsed).WriteLineAsync(done);
            return Commands.Fine;
        }, cancellation);
}
