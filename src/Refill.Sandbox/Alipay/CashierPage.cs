using Refill.Sandbox.Pages;
using static Refill.Sandbox.Pages.PageFrame;

namespace Refill.Sandbox.Alipay;

/// <summary>The payment page's HTML.</summary>
internal static class CashierPage
{
    /// <summary>The whole page around what it shows.</summary>
    internal static string Html(CashierWords words, string nonce, string body) => PageFrame.Html(words.Language, words.Title, words.Sandbox, words.NoRealMoney, nonce, body);

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
}
