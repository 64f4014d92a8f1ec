using Refill.Sandbox.Pages;

namespace Refill.Sandbox.Stripe;

/// <summary>The hosted pages' words in one language; CheckoutWords.json holds them.</summary>
/// <param name="Language">For the page's lang attribute.</param>
/// <param name="Cards">By <see cref="StripeCard.Choice"/>.</param>
internal sealed record CheckoutWords(
    string Language,
    string Title,
    string Sandbox,
    string NoRealMoney,
    string Heading,
    string SaveHeading,
    string Paid,
    string Saved,
    string Expired,
    string Nothing,
    string Refused,
    string For,
    string Order,
    string Amount,
    string Card,
    IReadOnlyDictionary<string, string> Cards,
    string Pay,
    string Save,
    string Cancel,
    string Back,
    string MayClose,
    string Question,
    string QuestionText,
    string Approve,
    string Refuse)
{
    internal static Wording<CheckoutWords> All { get; } = new("CheckoutWords.json");
}
