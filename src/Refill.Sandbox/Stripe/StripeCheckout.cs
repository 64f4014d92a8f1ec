using System.Security.Cryptography;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Stripe;

/// <summary>The hosted pages: where a payer pays or saves a card, and where a bank asks a card's holder. Without script, and without a field that a card's number could go into.</summary>
internal sealed class StripeCheckout(StripeBooksOptions options, SandboxBooks books, FaultBook faults, Courier courier, TimeProvider time)
{
    internal const string Route = "/stripe/checkout/{session}";
    internal const string AuthenticationRoute = "/stripe/authenticate/{intent}";

    internal static string PathOf(string session) => $"/stripe/checkout/{session}";

    internal static string AuthenticationPath(string intent) => $"/stripe/authenticate/{intent}";

    /// <summary>GET: shows the session.</summary>
    internal Task ShowAsync(HttpContext context, string session)
    {
        var (found, wasRefused) = Enter(context, turn => StripeShelf.Find<CheckoutSession>(turn.Entry, session) is { } known ? (known, WasRefused(turn, known)) : (null, false));
        return WriteAsync(context, found is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK, [found?.SuccessUrl, found?.CancelUrl], (words, nonce) =>
            CheckoutPage.Html(words, nonce, found is null ? CheckoutPage.Nothing(words) : CheckoutPage.Session(words, found, wasRefused)));
    }

    /// <summary>POST: the button that was pressed.</summary>
    internal async Task ActAsync(HttpContext context, string session)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : FormCollection.Empty;
        var (action, card) = (form["action"].ToString(), StripeCard.OfChoice(form["card"].ToString()));
        if (Enter(context, turn => StripeShelf.Find<CheckoutSession>(turn.Entry, session)) is not { } found || action is not ("pay" or "cancel" or "back") || (action == "pay" && card is null))
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, [], (words, nonce) => CheckoutPage.Html(words, nonce, CheckoutPage.Nothing(words)));
            return;
        }

        if (action == "cancel")
        {
            Go(context, found.CancelUrl ?? PathOf(session));
            return;
        }

        var names = action == "pay" ? books.Enter(entry => StripeNames.Of(entry, [session])) : [];
        var fault = action == "pay" ? faults.TakeOfAny("stripe", "page", names) : null;
        var next = Enter(context, turn =>
        {
            // Pressed twice, it is paid once: the second press finds the session complete and leads where the first one led.
            var asked = action == "pay" ? StripePayer.Press(turn, StripeShelf.Get<CheckoutSession>(turn.Entry, session), card!) : null;
            return asked is not null ? AuthenticationPath(asked) : StripePayer.Next(turn, session)!;
        });
        courier.Ring();
        if (await Spoiling.WaitOrAbortAsync(context, fault, time))
        {
            Go(context, next);
        }
    }

    /// <summary>GET: the bank's question.</summary>
    internal Task ShowQuestionAsync(HttpContext context, string intent)
    {
        var (waits, returnUrl) = Enter(context, turn => Question(turn, intent));
        return WriteAsync(context, waits ? StatusCodes.Status200OK : StatusCodes.Status404NotFound, [returnUrl], (words, nonce) =>
            CheckoutPage.Html(words, nonce, waits ? CheckoutPage.Question(words, intent) : CheckoutPage.Nothing(words)));
    }

    /// <summary>POST: the holder's answer.</summary>
    internal async Task AnswerAsync(HttpContext context, string intent)
    {
        var action = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))["action"].ToString() : "";
        if (action is not ("approve" or "refuse"))
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, [], (words, nonce) => CheckoutPage.Html(words, nonce, CheckoutPage.Nothing(words)));
            return;
        }

        var next = Enter(context, turn =>
        {
            var (waited, returnUrl) = Question(turn, intent);
            var next = StripePayer.Answer(turn, intent, action == "approve");
            return waited && returnUrl is not null && StripeShelf.Find<PaymentIntent>(turn.Entry, intent) is { Session: null } own ? Returning(returnUrl, own) : next;
        });
        courier.Ring();
        if (next is null)
        {
            await WriteAsync(context, StatusCodes.Status404NotFound, [], (words, nonce) => CheckoutPage.Html(words, nonce, CheckoutPage.Nothing(words)));
            return;
        }

        Go(context, next);
    }

    private T Enter<T>(HttpContext context, Func<StripeTurn, T> work) => books.Enter(entry =>
    {
        var turn = new StripeTurn(entry, time.GetUtcNow(), options, $"{context.Request.Scheme}://{context.Request.Host}", new EventRequest(null, null));
        StripeTime.Settle(turn);
        return work(turn);
    });

    private static bool WasRefused(StripeTurn turn, CheckoutSession session) =>
        StripeShelf.Find<PaymentIntent>(turn.Entry, session.PaymentIntent)?.LastPaymentError is not null || StripeShelf.Find<SetupIntent>(turn.Entry, session.SetupIntent)?.LastSetupError is not null;

    private static (bool Waits, string? ReturnUrl) Question(StripeTurn turn, string id) =>
        (StripeShelf.Find<PaymentIntent>(turn.Entry, id)?.NextAction ?? StripeShelf.Find<SetupIntent>(turn.Entry, id)?.NextAction) is { } next ? (true, next.RedirectToUrl.ReturnUrl) : (false, null);

    /// <summary>The way back of an intent that the merchant made itself. It proves nothing (failure case 4).</summary>
    private static string Returning(string returnUrl, PaymentIntent intent)
    {
        var query = $"payment_intent={intent.Id}&payment_intent_client_secret={intent.ClientSecret}&redirect_status={(intent.Status == IntentStatus.Succeeded ? "succeeded" : "failed")}";
        return $"{returnUrl}{(returnUrl.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";
    }

    private static void Go(HttpContext context, string url)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = url;
        context.Response.Headers.CacheControl = "no-store";
    }

    private static async Task WriteAsync(HttpContext context, int status, string?[] merchantUrls, Func<CheckoutWords, string, string> html)
    {
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);

        // Chrome holds form-action against where a form's answer redirects to: the merchant's origin has to stand here.
        var merchant = string.Join(' ', merchantUrls.OfType<string>().Select(url => new Uri(url).GetLeftPart(UriPartial.Authority)).Distinct());
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html;charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {merchant}; frame-ancestors 'none'; base-uri 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(html(CheckoutWords.All.For(context.Request.Headers.AcceptLanguage), nonce), context.RequestAborted);
    }
}
