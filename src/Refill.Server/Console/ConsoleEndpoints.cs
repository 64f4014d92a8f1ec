using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Refill.Cards;
using Refill.Payments;
using Refill.Promotions;
using Refill.Reconciliation;
using Refill.Server.Storefront;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Console;

/// <summary>The operator's pages. They open with HTTP Basic (user operator, password the setting console-key), so that every browser can and no script is needed; without the setting there are none.</summary>
internal static class ConsoleEndpoints
{
    private const string User = "operator";
    private const int MostDays = 60;

    public static void MapConsole(this IEndpointRouteBuilder routes, Settings settings)
    {
        if (settings.ConsoleKey is not { } key)
        {
            return;
        }

        var expected = SHA256.HashData(Encoding.UTF8.GetBytes($"{User}:{key}"));
        var console = routes.MapGroup("/console").AddEndpointFilter(async (invocation, next) =>
        {
            if (IsOperator(invocation.HttpContext.Request, expected))
            {
                return await next(invocation);
            }

            invocation.HttpContext.Response.Headers.WWWAuthenticate = "Basic realm=\"Refill\", charset=\"UTF-8\"";
            return StorefrontEndpoints.Problem(invocation.HttpContext, StatusCodes.Status401Unauthorized);
        });
        console.MapGet("", OverviewAsync);
        console.MapGet("/reconciliation/{gateway}/{day}", DayAsync);
        console.MapGet("/reconciliation/{gateway}/{day}/rows.csv", Rows);
        console.MapPost("/discrepancies/{id}/close", CloseAsync);
        console.MapGet("/offers", OffersAsync);
        console.MapGet("/scan", (HttpContext context) => Scan(context, null, null, StatusCodes.Status200OK));
        console.MapPost("/scan", ScanAsync);
        ReviewConsole.Map(console);
    }

    private static async Task<IResult> OverviewAsync(HttpContext context, ReconciliationBook book, PaymentGateways gateways, CancellationToken cancellation) =>
        StorefrontEndpoints.Page<OverviewPage>(context, StatusCodes.Status200OK, new()
        {
            ["V"] = context.Visitor(),
            ["Days"] = await book.DaysAsync(null, MostDays, cancellation),
            ["Open"] = await book.OpenAsync(cancellation),
            ["Owed"] = await book.OwedAsync(gateways, cancellation),
        });

    private static async Task<IResult> OffersAsync(HttpContext context, PromotionList offers, TimeProvider time, CancellationToken cancellation)
    {
        var (running, coming, ended) = await offers.ReadAsync(time.GetUtcNow(), cancellation);
        return StorefrontEndpoints.Page<OffersPage>(context, StatusCodes.Status200OK, new() { ["V"] = context.Visitor(), ["Running"] = running, ["Coming"] = coming, ["Ended"] = ended });
    }

    private static async Task<IResult> DayAsync(string gateway, string day, HttpContext context, ReconciliationBook book, ReconciliationReports reports, CancellationToken cancellation) =>
        DayOf(day) is { } date && await book.FindAsync(gateway, date, cancellation) is { } report
            ? StorefrontEndpoints.Page<DayPage>(context, StatusCodes.Status200OK, new()
            {
                ["V"] = context.Visitor(),
                ["Report"] = report,
                ["Differences"] = await book.OfDayAsync(gateway, date, cancellation),
                ["HasRows"] = reports.Find(gateway, date) is not null,
            })
            : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);

    private static IResult Rows(string gateway, string day, HttpContext context, ReconciliationReports reports) =>
        DayOf(day) is { } date && reports.Find(gateway, date) is { } file
            ? TypedResults.Stream(new GZipStream(file.OpenRead(), CompressionMode.Decompress), "text/csv; charset=utf-8", $"{gateway}-{day}.csv")
            : StorefrontEndpoints.Problem(context, StatusCodes.Status404NotFound);

    private static async Task<IResult> CloseAsync(string id, HttpContext context, ReconciliationBook book, CancellationToken cancellation)
    {
        var note = (await context.Request.ReadFormAsync(cancellation))["note"].ToString().Trim();
        return CellId.TryParse(id, out var wanted) && note.Length is > 0 and <= ReconciliationBook.MostNote && !note.Any(char.IsControl) && await book.CloseAsync(wanted, User, note, cancellation)
            ? new SeeOther("/console")
            : StorefrontEndpoints.Problem(context, StatusCodes.Status400BadRequest);
    }

    /// <summary>Charges the code that a payer shows at the counter; whose code it is, its digits say.</summary>
    private static async Task<IResult> ScanAsync(HttpContext context, TopUpDesk desk, PaymentGateways gateways, Settings settings, CancellationToken cancellation)
    {
        var form = await context.Request.ReadFormAsync(cancellation);

        // As people type it: with spaces, or in the full-width digits of a Chinese keyboard.
        var (order, code) = (form["order"].ToString(), string.Concat(CardRecognition.Plain(form["code"].ToString()).Where(c => c is not (' ' or '-'))));
        if (await desk.FindAsync(order, cancellation) is not { } topUpId)
        {
            return Scan(context, order, "Console_ScanNoOrder", StatusCodes.Status404NotFound);
        }

        if (gateways.All.FirstOrDefault(gateway => gateway.Ways.Contains(PaymentWay.Barcode) && gateway.IsPayerCode(code)) is not { } gateway)
        {
            return Scan(context, order, "Console_ScanNoCode", StatusCodes.Status422UnprocessableEntity);
        }

        // The payer stands here with the number in hand: it was repeated, or is known, where the order was made.
        var address = $"/top-ups/{CellId.ToText(topUpId)}";
        var paid = await desk.PayAsync(topUpId, gateway.Name, PaymentWay.Barcode, new Payer(Code: code), null, new Uri(settings.PublicUrl, address), cancellation);
        return paid.Refusal is { } refused
            ? Scan(context, order, "Quote_" + refused.Problem, refused.Problem == QuoteProblem.GatewayDoesNotAnswer ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status422UnprocessableEntity)
            : new SeeOther(address);
    }

    private static IResult Scan(HttpContext context, string? order, string? error, int status) =>
        StorefrontEndpoints.Page<ScanPage>(context, status, new() { ["V"] = context.Visitor(), ["Order"] = order, ["Error"] = error is null ? null : context.Visitor()[error] });

    private static DateOnly? DayOf(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>Compared as hashes, in a time that does not depend on where they differ.</summary>
    private static bool IsOperator(HttpRequest request, byte[] expected)
    {
        if (request.Headers.Authorization is not [{ Length: > 0 and < 1_000 } header] || !AuthenticationHeaderValue.TryParse(header, out var given)
            || !string.Equals(given.Scheme, "Basic", StringComparison.OrdinalIgnoreCase) || given.Parameter is not { } text)
        {
            return false;
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && CryptographicOperations.FixedTimeEquals(SHA256.HashData(bytes.AsSpan(0, length)), expected);
    }
}
