using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Refill.Sandbox.Alipay;

/// <summary>The payment page's HTML: works without script, at 320 px, by keyboard and by ear, and is plainly no real bank's page.</summary>
internal static class CashierPage
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    internal const string Style = """
        :root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--brand:#0b57d0;--on-brand:#fff;--mark:#fff3c4;--on-mark:#5c3d00}
        @media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e9ec;--soft:#a3adb8;--line:#3a424b;--brand:#8ab4f8;--on-brand:#0b1a33;--mark:#4a3800;--on-mark:#ffe9a8}}
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
        header{background:var(--mark);color:var(--on-mark);padding:.75rem 1rem;text-align:center}header strong{letter-spacing:.08em}
        main{max-width:26rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.25rem;margin:0 0 1rem}
        dl{margin:0 0 1.5rem;border-top:1px solid var(--line)}dl div{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
        dt{color:var(--soft);flex:none}dd{margin:0;text-align:right;overflow-wrap:anywhere}.amount{font-size:1.5rem;font-weight:600}
        form{display:grid;gap:.75rem}button{font:inherit;min-height:3rem;padding:.5rem 1rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit}
        #pay,#sign,#back{background:var(--brand);border-color:var(--brand);color:var(--on-brand);font-weight:600}button:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
        """;

    /// <summary>The whole page around what it shows.</summary>
    internal static string Html(CashierWords words, string nonce, string body) => $"""
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

    /// <summary>Shows a trade by its status.</summary>
    internal static string Body(CashierWords words, Trade trade)
    {
        var paid = trade.PaidAt is not null || trade.PaysAt is not null;
        var waiting = trade.Status == TradeStatus.Waiting && !paid;
        return $"""
            <h1 id="heading" data-status="{Text(trade.Status)}"{(paid ? $" data-code=\"{AlipayRefusal.TradeHasSuccess.SubCode}\"" : "")}>{Text(waiting ? words.Heading : paid ? words.Paid : words.Closed)}</h1>
            <dl>
            <div><dt>{Text(words.Subject)}</dt><dd id="subject">{Text(trade.Subject)}</dd></div>
            <div><dt>{Text(words.Order)}</dt><dd id="order">{Text(trade.Order)}</dd></div>
            <div><dt>{Text(words.Amount)}</dt><dd id="amount" class="amount">CNY {AlipayWords.Yuan(trade.Fen)}</dd></div>
            </dl>
            {(waiting ? Choices(words, trade) : trade.ReturnUrl is not null || trade.QuitUrl is not null ? WayBack(words, trade, paid) : $"<p>{Text(words.MayClose)}</p>")}
            """;
    }

    private static string Choices(CashierWords words, Trade trade) => $"""
        <form method="post" action="{AlipayCashier.PathOf(trade)}">
        <button id="pay" name="action" value="pay">{Text(words.Pay)}</button>
        <button id="pay-stay" name="action" value="pay-stay">{Text(words.PayAndStay)}</button>
        <button id="cancel" name="action" value="cancel">{Text(words.Cancel)}</button>
        </form>
        """;

    private static string WayBack(CashierWords words, Trade trade, bool paid) => $"""
        <form method="post" action="{AlipayCashier.PathOf(trade)}">
        <button id="back" name="action" value="{(paid ? "back" : "cancel")}">{Text(words.Back)}</button>
        </form>
        """;

    /// <summary>Why there is nothing to be shown.</summary>
    internal static string Error(CashierWords words, AlipayRefusal? refusal) => $"""
        <h1 id="heading" data-code="{Text(refusal?.SubCode ?? "")}">{Text(words.Error)}</h1>
        <p id="error">{Text(refusal?.SubCode ?? "")}</p>
        """;

    internal static string Text(string text) => Encoder.Encode(text);
}
