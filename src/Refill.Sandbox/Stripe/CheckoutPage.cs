using Refill.Sandbox.Pages;
using static Refill.Sandbox.Pages.PageFrame;

namespace Refill.Sandbox.Stripe;

/// <summary>The hosted pages' HTML. Cards are chosen by what they do.</summary>
internal static class CheckoutPage
{
    internal static string Html(CheckoutWords words, string nonce, string body) => PageFrame.Html(words.Language, words.Title, words.Sandbox, words.NoRealMoney, nonce, body);

    /// <summary>A session by its status.</summary>
    /// <param name="wasRefused">A card has been tried and was not taken.</param>
    internal static string Session(CheckoutWords words, CheckoutSession session, bool wasRefused)
    {
        var (saves, open) = (session.Mode == "setup", session.Status == SessionStatus.Open);
        var heading = session.Status switch
        {
            SessionStatus.Open => saves ? words.SaveHeading : words.Heading,
            SessionStatus.Complete => saves ? words.Saved : words.Paid,
            _ => words.Expired,
        };
        return $"""
            <h1 id="heading" data-status="{Text(session.Status)}">{Text(heading)}</h1>
            <dl>
            {Line(words.For, "subject", session.Plan.Title)}
            {Line(words.Order, "order", session.ClientReferenceId)}
            {Line(words.Amount, "amount", session is { AmountTotal: { } amount, Currency: { } currency } ? StripeMoney.Text(amount, currency) : null)}
            </dl>
            {(open && wasRefused ? $"<p id=\"refused\" role=\"alert\">{Text(words.Refused)}</p>" : "")}
            {(open ? Choices(words, session, saves) : session.Status == SessionStatus.Complete || session.CancelUrl is not null ? WayBack(words, session) : $"<p>{Text(words.MayClose)}</p>")}
            """;
    }

    internal static string Question(CheckoutWords words, string intent) => $"""
        <h1 id="heading" data-status="requires_action">{Text(words.Question)}</h1>
        <p>{Text(words.QuestionText)}</p>
        <form method="post" action="{Text(StripeCheckout.AuthenticationPath(intent))}">
        <button id="approve" name="action" value="approve">{Text(words.Approve)}</button>
        <button id="refuse" name="action" value="refuse">{Text(words.Refuse)}</button>
        </form>
        """;

    internal static string Nothing(CheckoutWords words) => $"""
        <h1 id="heading" data-status="nothing">{Text(words.Nothing)}</h1>
        """;

    private static string Choices(CheckoutWords words, CheckoutSession session, bool saves) => $"""
        <form method="post" action="{Text(StripeCheckout.PathOf(session.Id))}">
        <fieldset><legend>{Text(words.Card)}</legend>
        {string.Join('\n', StripeCard.All.Select((card, index) =>
            $"<label><input type=\"radio\" name=\"card\" id=\"card-{card.Choice}\" value=\"{card.Choice}\"{(index == 0 ? " checked" : "")}>{Text(words.Cards[card.Choice])}</label>"))}
        </fieldset>
        <button id="pay" name="action" value="pay">{Text(saves ? words.Save : words.Pay)}</button>
        <button id="cancel" name="action" value="cancel">{Text(words.Cancel)}</button>
        </form>
        """;

    private static string WayBack(CheckoutWords words, CheckoutSession session) => $"""
        <form method="post" action="{Text(StripeCheckout.PathOf(session.Id))}">
        <button id="back" name="action" value="{(session.Status == SessionStatus.Complete ? "back" : "cancel")}">{Text(words.Back)}</button>
        </form>
        """;

    private static string Line(string name, string id, string? value) => string.IsNullOrEmpty(value) ? ""
        : $"<div><dt>{Text(name)}</dt><dd id=\"{id}\"{(id == "amount" ? " class=\"amount\"" : "")}>{Text(value)}</dd></div>";
}
