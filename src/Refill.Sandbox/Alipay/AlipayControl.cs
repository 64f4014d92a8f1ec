using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Refill.Sandbox.Alipay.Agreements;
using Refill.Sandbox.Alipay.Certificates;
using Refill.Sandbox.Books;
using Refill.Sandbox.Control;

namespace Refill.Sandbox.Alipay;

/// <summary>/control/alipay: keys that change, and what a payer does about agreements.</summary>
internal static class AlipayControl
{
    private const int LongestPem = 16 * 1024;
    private const int LongestNumber = 64;
    private const int MostRows = 10_000;

    internal static void MapAlipayControl(this IEndpointRouteBuilder app)
    {
        var control = app.MapGroup("/control");
        control.MapPost("/alipay/rotate", RotateAsync);
        control.MapPost("/alipay/sign", SignAsync);
        control.MapPost("/alipay/unsign", UnsignAsync);
        control.MapGet("/books/alipay/agreements", Agreements);
    }

    /// <summary>{}: a new certificate of Alipay's. {"merchant": "PEM"}: another key of the merchant's, good beside the old one. {"finish": true}: only the newest.</summary>
    private static async Task<JsonHttpResult<object>> RotateAsync(HttpContext context, AlipayKeyRing keys)
    {
        var asked = await ControlApi.ReadAsync(context);
        if (asked.ValueKind != JsonValueKind.Object || asked.EnumerateObject().Any(member => member.Name is not ("merchant" or "finish")))
        {
            return ControlApi.Refused("""the body must be {}, {"merchant": "PEM"} or {"finish": true}""");
        }

        if (ControlApi.Text(asked, "merchant") is { } pem)
        {
            return pem.Length <= LongestPem && keys.AcceptMerchant(pem)
                ? TypedResults.Json<object>(new { accepted = true })
                : ControlApi.Refused($"merchant must be {(keys.InCertificateMode ? "a certificate" : "a public key")} of RSA in PEM form; there can be {AlipayKeyRing.MostKeys} changes");
        }

        if (asked.TryGetProperty("finish", out var finish) && finish.ValueKind == JsonValueKind.True)
        {
            keys.KeepNewestMerchantAlone();
            return TypedResults.Json<object>(new { accepted = true });
        }

        return keys.RenewAlipay() is { } number
            ? TypedResults.Json<object>(new { alipayCertSn = number })
            : ControlApi.Refused($"Alipay's own key changes in certificate mode only, up to {AlipayKeyRing.MostKeys} times");
    }

    private static Task<JsonHttpResult<object>> SignAsync(HttpContext context, SandboxBooks books, Courier courier, TimeProvider time) =>
        WithAgreementAsync(context, books, courier, (entry, agreement) => AgreementBook.Sign(entry, agreement, time.GetUtcNow()));

    /// <summary>As a payer does it within Alipay: the app's gateway is told.</summary>
    private static Task<JsonHttpResult<object>> UnsignAsync(HttpContext context, SandboxBooks books, Courier courier, AlipayBooksOptions options, TimeProvider time) =>
        WithAgreementAsync(context, books, courier, (entry, agreement) => AgreementBook.Unsign(entry, agreement, options.AppGatewayUrl?.AbsoluteUri, time.GetUtcNow()));

    private static async Task<JsonHttpResult<object>> WithAgreementAsync(
        HttpContext context, SandboxBooks books, Courier courier, Func<BooksEntry, Agreement, AlipayRefusal?> work)
    {
        if (ControlApi.Text(await ControlApi.ReadAsync(context), "agreement") is not { Length: > 0 and <= LongestNumber } number)
        {
            return ControlApi.Refused("""the body must be {"agreement": "…"}: agreement_no or external_agreement_no""");
        }

        var (agreement, refusal) = books.Enter(entry =>
            (AgreementBook.Find(entry, number, null) ?? AgreementBook.Find(entry, null, number)) is { } found ? (found, work(entry, found)) : (null, null));
        courier.Ring();
        return (agreement, refusal) switch
        {
            (null, _) => TypedResults.Json<object>(new { error = "there is no such agreement" }, statusCode: StatusCodes.Status404NotFound),
            (_, { } reason) => TypedResults.Json<object>(new { error = reason.Reason, code = reason.SubCode }, statusCode: StatusCodes.Status409Conflict),
            _ => TypedResults.Json<object>(new { agreement = agreement.Number }),
        };
    }

    private static JsonHttpResult<object> Agreements(string? external, SandboxBooks books) => TypedResults.Json<object>(books.Enter(entry => entry.Rows(
        $"SELECT {Agreement.Columns} FROM agreements WHERE $1 IS NULL OR external_number = $1 ORDER BY created_at, number LIMIT {MostRows}", Agreement.Read, external)
        .ConvertAll(agreement => new
        {
            number = agreement.Number,
            external = agreement.External,
            status = agreement.Status,
            atMost = AlipayWords.Yuan(agreement.Rule.SingleFen),
            due = AlipayWords.Day(agreement.Due),
            lastCharged = agreement.LastCharged is { } last ? AlipayWords.Day(last) : null,
            charges = entry.Rows("SELECT order_number FROM trade_payers WHERE agreement_number = $1 ORDER BY order_number", row => row.GetString(0), agreement.Number),
        })));
}
