using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Refill.Sandbox.Pages;

/// <summary>What every page of the sandbox for a payer stands in: works without script, at 320 px, by keyboard and by ear, and is plainly nobody's real page.</summary>
internal static class PageFrame
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private const string Style = """
        :root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--brand:#0b57d0;--on-brand:#fff;--mark:#fff3c4;--on-mark:#5c3d00;--bad:#b42318}
        @media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e9ec;--soft:#a3adb8;--line:#3a424b;--brand:#8ab4f8;--on-brand:#0b1a33;--mark:#4a3800;--on-mark:#ffe9a8;--bad:#ff9d94}}
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
        header{background:var(--mark);color:var(--on-mark);padding:.75rem 1rem;text-align:center}header strong{letter-spacing:.08em}
        main{max-width:26rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.25rem;margin:0 0 1rem}
        dl{margin:0 0 1.5rem;border-top:1px solid var(--line)}dl div{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
        dt{color:var(--soft);flex:none}dd{margin:0;text-align:right;overflow-wrap:anywhere}.amount{font-size:1.5rem;font-weight:600}#refused{color:var(--bad)}
        fieldset{border:1px solid var(--line);border-radius:.5rem;margin:0;padding:.25rem 1rem}label{display:flex;gap:.75rem;align-items:center;min-height:2.75rem}input{flex:none;width:1.25rem;height:1.25rem;accent-color:var(--brand)}
        form{display:grid;gap:.75rem}button{font:inherit;min-height:3rem;padding:.5rem 1rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit}
        #pay,#sign,#back,#approve{background:var(--brand);border-color:var(--brand);color:var(--on-brand);font-weight:600}button:focus-visible,input:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
        """;

    /// <summary>The whole page.</summary>
    /// <param name="language">For its lang attribute.</param>
    /// <param name="sandbox">What it is, in a word.</param>
    /// <param name="noRealMoney">Whom it stands in for, and that no money moves.</param>
    /// <param name="nonce">Of the policy that lets its style be used.</param>
    /// <param name="body">HTML.</param>
    internal static string Html(string language, string title, string sandbox, string noRealMoney, string nonce, string body) => $"""
        <!doctype html>
        <html lang="{Text(language)}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>{Text(title)}</title>
        <style nonce="{nonce}">{Style}</style>
        </head>
        <body>
        <header><strong>{Text(sandbox)}</strong> <span>{Text(noRealMoney)}</span></header>
        <main>
        {body}
        </main>
        </body>
        </html>

        """;

    internal static string Text(string text) => Encoder.Encode(text);
}
