using Refill.Sandbox.Alipay;
using Refill.Sandbox.Pages;
using static Refill.Sandbox.Pages.PageFrame;

namespace Refill.Sandbox.WeChatPay;

/// <summary>What WeChat Pay's page says in other words than Alipay's; PayerWords.json holds them.</summary>
internal sealed record PayerWords(string NoRealMoney, string Over, string NotSigned)
{
    /// <summary>By the language of <see cref="CashierWords"/>.</summary>
    internal static Wording<PayerWords> All { get; } = new("PayerWords.json");
}

/// <summary>What the payer's page shows.</summary>
/// <param name="Form">Where its buttons go: the page's own address.</param>
/// <param name="HasWayBack">The merchant has named an address to go back to.</param>
internal sealed record PayerView(WeChatTrade Trade, string Form, bool HasWayBack, bool IsOver);

/// <summary>The payer's page.</summary>
internal static class WeChatPayPage
{
    /// <summary>Shows a trade by its state, or why there is none to be shown.</summary>
    internal static string Html(CashierWords words, string nonce, PayerView? view, string? error)
    {
        var own = PayerWords.All[words.Language];
        return PageFrame.Html(words.Language, words.Title, words.Sandbox, own.NoRealMoney, nonce, view is null ? Error(words, own, error ?? "") : Body(words, own, view));
    }

    private static string Body(CashierWords words, PayerWords own, PayerView view)
    {
        var trade = view.Trade;
        var waiting = trade.State is TradeState.NotPaid or TradeState.UserPaying && !view.IsOver;
        return $"""
            <h1 id="heading" data-status="{Text(trade.State)}">{Text(waiting ? words.Heading : trade.IsPaid ? words.Paid : view.IsOver ? own.Over : words.Closed)}</h1>
            <dl>
            <div><dt>{Text(words.Subject)}</dt><dd id="subject">{Text(trade.Description)}</dd></div>
            <div><dt>{Text(words.Order)}</dt><dd id="order">{Text(trade.Order)}</dd></div>
            <div><dt>{Text(words.Amount)}</dt><dd id="amount" class="amount">CNY {WeChatPayWords.Yuan(trade.Fen)}</dd></div>
            </dl>
            {(waiting ? Choices(words, view) : view.HasWayBack ? WayBack(words, view) : $"<p>{Text(words.MayClose)}</p>")}
            """;
    }

    private static string Choices(CashierWords words, PayerView view) => $"""
        <form method="post" action="{Text(view.Form)}">
        <button id="pay" name="action" value="pay">{Text(words.Pay)}</button>
        <button id="pay-stay" name="action" value="pay-stay">{Text(words.PayAndStay)}</button>
        <button id="cancel" name="action" value="cancel">{Text(words.Cancel)}</button>
        </form>
        """;

    private static string WayBack(CashierWords words, PayerView view) => $"""
        <form method="post" action="{Text(view.Form)}">
        <button id="back" name="action" value="{(view.Trade.IsPaid ? "back" : "cancel")}">{Text(words.Back)}</button>
        </form>
        """;

    private static string Error(CashierWords words, PayerWords own, string error) => $"""
        <h1 id="heading" data-code="{Text(error)}">{Text(error == WeChatPayPayer.NotSigned ? own.NotSigned : words.Error)}</h1>
        <p id="error">{Text(error)}</p>
        """;
}
