using System.Globalization;
using Refill.Sandbox.Books;
using Refill.Sandbox.Pages;

namespace Refill.Sandbox.Alipay.Agreements;

/// <summary>The page where a payer sees what a merchant asks for, agrees to it or goes away, and may end it later. Works without script.</summary>
internal sealed class AgreementCounter(AlipayBooksOptions options, SandboxBooks books, AlipaySigning signing, Courier courier, TimeProvider time)
{
    internal const string Route = "/alipay/agreement/{ticket}";

    internal static string PathOf(Agreement agreement) => $"/alipay/agreement/{agreement.Ticket}";

    /// <summary>GET: shows the agreement.</summary>
    internal Task ShowAsync(HttpContext context, string ticket) =>
        books.Enter(entry => AgreementBook.FindByTicket(entry, ticket)) is { } agreement
            ? AlipayCashier.WriteAsync(context, StatusCodes.Status200OK, [agreement.ReturnUrl], words => Body(words, agreement))
            : AlipayCashier.ShowErrorAsync(context, AgreementBook.NotExist);

    /// <summary>POST: the button that was pressed.</summary>
    internal async Task ActAsync(HttpContext context, string ticket)
    {
        var action = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))["action"].ToString() : "";
        var now = time.GetUtcNow();
        var (before, agreement) = books.Enter(entry =>
        {
            var found = AgreementBook.FindByTicket(entry, ticket);
            if (found is not null && action is "sign" or "sign-stay")
            {
                // Pressed twice, it is signed once: AgreementBook says so, and the payer goes where the first press led.
                AgreementBook.Sign(entry, found!, now);
            }
            else if (found is not null && action == "end")
            {
                AgreementBook.Unsign(entry, found, options.AppGatewayUrl?.AbsoluteUri, now);
            }

            return (found, AgreementBook.FindByTicket(entry, ticket));
        });
        courier.Ring();
        if (before is null || agreement is null || action is not ("sign" or "sign-stay" or "cancel" or "back" or "end"))
        {
            await AlipayCashier.ShowErrorAsync(context, agreement is null ? AgreementBook.NotExist : AlipayRefusal.Parameter("action", "sign, sign-stay, cancel, back or end"));
            return;
        }

        AlipayCashier.Go(context, action is "sign-stay" or "end" || agreement.ReturnUrl is null ? PathOf(agreement) : action == "cancel" ? agreement.ReturnUrl : Return(agreement, agreement.ReturnUrl));
    }

    private string Return(Agreement agreement, string returnUrl)
    {
        var parameters = new Dictionary<string, string>
        {
            ["agreement_no"] = agreement.Number,
            ["app_id"] = options.AppId,
            ["auth_app_id"] = options.AppId,
            ["charset"] = "utf-8",
            ["method"] = $"{AgreementCalls.PageSign}.return",
            ["personal_product_code"] = Agreement.ProductCode,
            ["sign_scene"] = agreement.Scene,
            ["status"] = agreement.Status,
            ["timestamp"] = AlipayWords.Time(time.GetUtcNow()),
            ["version"] = "1.0",
        };
        if (agreement.External is { } external)
        {
            parameters["external_agreement_no"] = external;
        }

        return signing.SignReturn(returnUrl, parameters);
    }

    private static string Body(CashierWords words, Agreement agreement)
    {
        var own = words.Agreement;
        var (heading, buttons) = agreement.Status switch
        {
            AgreementStatus.Temporary => (own.Heading, Button("sign", own.Sign) + Button("sign-stay", own.SignAndStay) + Button("cancel", words.Cancel)),
            AgreementStatus.Normal => (own.Signed, Back(words, agreement) + Button("end", own.End)),
            _ => (own.Ended, Back(words, agreement)),
        };
        var every = string.Format(CultureInfo.InvariantCulture, agreement.Rule.Type == "MONTH" ? own.Months : own.Days, agreement.Rule.Period);
        return $"""
            <h1 id="heading" data-status="{PageFrame.Text(agreement.Status)}">{PageFrame.Text(heading)}</h1>
            <dl>
            <div><dt>{PageFrame.Text(own.Number)}</dt><dd id="agreement">{PageFrame.Text(agreement.About)}</dd></div>
            <div><dt>{PageFrame.Text(own.AtMost)}</dt><dd id="amount" class="amount">CNY {AlipayWords.Yuan(agreement.Rule.SingleFen)}</dd></div>
            <div><dt>{PageFrame.Text(own.Every)}</dt><dd id="every">{PageFrame.Text(every)}</dd></div>
            <div><dt>{PageFrame.Text(agreement.LastCharged is null ? own.First : own.Next)}</dt><dd id="due">{AlipayWords.Day(agreement.Due)}</dd></div>
            </dl>
            {(buttons.Length > 0 ? $"<form method=\"post\" action=\"{PathOf(agreement)}\">\n{buttons}</form>" : $"<p>{PageFrame.Text(words.MayClose)}</p>")}
            """;
    }

    private static string Back(CashierWords words, Agreement agreement) => agreement.ReturnUrl is null ? "" : Button("back", words.Back);

    private static string Button(string action, string text) => $"<button id=\"{action}\" name=\"action\" value=\"{action}\">{PageFrame.Text(text)}</button>\n";
}
