using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Refill.Sandbox.Stripe;

/// <summary>The hosted pages' HTML: works without script, at 320 px, by keyboard and by ear, and is plainly no real card page. Cards are chosen by what they do.</summary>
internal static class CheckoutPage
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private const string Style = """
        :root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--brand:#4b3fd6;--on-brand:#fff;--mark:#fff3c4;--on-mark:#5c3d00;--bad:#b42318}
        @media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e9ec;--soft:#a3adb8;--line:#3a424b;--brand:#b3adff;--on-brand:#1a1440;--mark:#4a3800;--on-mark:#ffe9a8;--bad:#ff9d94}}
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
        header{background:var(--mark);color:var(--on-mark);padding:.75rem 1rem;text-align:center}header strong{letter-spacing:.08em}
        main{max-width:26rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.25rem;margin:0 0 1rem}
        dl{margin:0 0 1.5rem;border-top:1px solid var(--line)}dl div{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
        dt{color:var(--soft);flex:none}dd{margin:0;text-align:right;overflow-wrap:anywhere}.amount{font-size:1.5rem;font-weight:600}#refused{color:var(--bad)}
        fieldset{border:1px solid var(--line);border-radius:.5rem;margin:0;padding:.25rem 1rem}label{display:flex;gap:.75rem;align-items:center;min-height:2.75rem}input{flex:none;width:1.25rem;height:1.25rem;accent-color:var(--brand)}
        form{display:grid;gap:.75rem}button{font:inherit;min-height:3rem;padding:.5rem 1rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit}
        #pay,#back,#approve{background:var(--brand);border-color:var(--brand);color:var(--on-brand);font-weight:600}button:focus-visible,input:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
        """;

    internal static string Html(CheckoutWords words, string nonce, string body) => $"""
        <!doctype html>
        <html lang="{words.Language}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>{Text(words.Title)}</title>
        <style nonce="{nonce}">{Style}</style>
        </head>
        <body>
        <header><strong>{Text(words.Sandbox)}</strong> <span>{Text(words.NoRealMoney)}</span></header>
        <main>
        {body}
        </main>
        </body>
        </html>

        """;

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

    private static string Text(string text) => Encoder.Encode(text);
}
