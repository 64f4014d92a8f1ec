using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Refill.Reconciliation;
using Refill.Server.Storefront;
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
        }).RequireRateLimiting(StorefrontEndpoints.LookupLimit);
        console.MapGet("", OverviewAsync);
        console.MapGet("/reconciliation/{gateway}/{day}", DayAsync);
        console.MapGet("/reconciliation/{gateway}/{day}/rows.csv", Rows);
        console.MapPost("/discrepancies/{id}/close", CloseAsync);
    }

    private static async Task<IResult> OverviewAsync(HttpContext context, ReconciliationBook book, CancellationToken cancellation) =>
        StorefrontEndpoints.Page<OverviewPage>(context, StatusCodes.Status200OK, new()
        {
            ["V"] = context.Visitor(),
            ["Days"] = await book.DaysAsync(null, MostDays, cancellation),
            ["Open"] = await book.OpenAsync(cancellation),
        });

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
