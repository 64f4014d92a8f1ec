using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;

namespace Refill.Server.Storefront;

/// <summary>The customer's pages: HTML from the server, whole without script. What surrounds each of them stands here; each page has a file of its own.</summary>
internal static class StorefrontEndpoints
{
    public const string LookupLimit = "lookup";
    private const string NoSniff = "nosniff";

    /// <summary>What is not for people's browsers: it has no policy of a page and no page for its errors.</summary>
    private static readonly PathString[] Others = ["/inbound", "/health", "/api", "/openapi", "/problems"];

    /// <summary>What our forms are sent as; no page takes files.</summary>
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>The largest form that a page takes, in bytes.</summary>
    private const int MaxForm = 16 * 1024;

    /// <summary>In which lookups are counted.</summary>
    private static readonly TimeSpan LookupWindow = TimeSpan.FromMinutes(1);

    public static IServiceCollection AddStorefront(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton<DeviceNumbers>().AddSingleton<AdviceGate>();
        services.AddResponseCompression(options =>
        {
            // The pages hold no secret beside what a visitor sends, so compressing them under TLS gives nothing away (BREACH).
            options.EnableForHttps = true;
            options.Providers.Add<Brotli>();
            options.Providers.Add<GzipCompressionProvider>();
        });
        services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.OnRejected = (rejected, _) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = LookupWindow.TotalSeconds.ToString(CultureInfo.InvariantCulture);
                return ValueTask.CompletedTask;
            };
            options.AddPolicy(LookupLimit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress?.ToString() ?? "unknown",
                _ => new FixedWindowRateLimiterOptions { PermitLimit = settings.Number("lookups-per-minute"), Window = LookupWindow }));
        });
        return services;
    }

    public static void UseStorefront(this WebApplication app)
    {
        var policy = PageAssets.Policy(app.Services.GetRequiredService<PaymentGateways>().All.SelectMany(gateway => gateway.PayerOrigins));
        app.UseResponseCompression();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context => ShowFailureAsync(context, policy),
            SuppressDiagnosticsCallback = failed => StatusOf(failed.Exception) < StatusCodes.Status500InternalServerError, // What a visitor sent is no fault of ours.
        });
        app.UseStatusCodePages(context => ShowAsync(context.HttpContext, context.HttpContext.Response.StatusCode, null));
        app.Use((context, next) => PrepareAsync(context, next, policy));
        app.UseRouting();
        app.UseRateLimiter();
    }

    public static void MapStorefront(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(PageAssets.ScriptPath, (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            return TypedResults.Text(PageAssets.Script, "text/javascript; charset=utf-8");
        });
        var pages = routes.MapGroup("");
        HomeEndpoints.Map(pages);
        CompareEndpoints.Map(pages);
        AdviceEndpoints.Map(pages);
        ConfirmEndpoints.Map(pages);
        StatusEndpoints.Map(pages);
        ReceiptEndpoints.Map(pages);
        ReviewEndpoints.Map(pages);
    }

    public static Visitor Visitor(this HttpContext context) => Storefront.Visitor.Of(context, context.RequestServices.GetRequiredService<Settings>().Demo);

    /// <summary>A page with this status; a status that has words of its own is not overwritten by them.</summary>
    public static IResult Page<TPage>(HttpContext context, int status, Dictionary<string, object?> parameters)
        where TPage : IComponent
    {
        if (context.Features.Get<IStatusCodePagesFeature>() is { } pages)
        {
            pages.Enabled = false;
        }

        return new PageResult<TPage>(status, parameters);
    }

    public static IResult Problem(HttpContext context, int status) =>
        Page<ProblemPage>(context, status, new() { ["V"] = context.Visitor(), ["Status"] = status });

    /// <summary>A top-up that is not there: it never was, or its time is one that has moved to the archive.</summary>
    public static async Task<IResult> MissingAsync(HttpContext context, Guid topUpId, CancellationToken cancellation) =>
        Problem(context, await context.RequestServices.GetRequiredService<ArchivedMonths>().HoldAsync(topUpId, cancellation) ? StatusCodes.Status410Gone : StatusCodes.Status404NotFound);

    private static async Task PrepareAsync(HttpContext context, RequestDelegate next, string policy)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = NoSniff;
        if (Others.Any(folder => context.Request.Path.StartsWithSegments(folder, StringComparison.Ordinal)))
        {
            if (context.Features.Get<IStatusCodePagesFeature>() is { } pages)
            {
                pages.Enabled = false;
            }

            await next(context);
            return;
        }

        if (context.Request.Path.Value!.EndsWith("/state", StringComparison.Ordinal))
        {
            headers.CacheControl = "private, no-cache";
        }
        else
        {
            Guard(headers, policy);
        }

        if (context.Request.Query["lang"] is [{ } tag] && Text.Languages.Any(language => language.Tag == tag))
        {
            context.Response.Cookies.Append(Storefront.Visitor.LanguageCookie, tag, new CookieOptions { MaxAge = TimeSpan.FromDays(365), SameSite = SameSiteMode.Lax, HttpOnly = true, IsEssential = true });
        }

        if (HttpMethods.IsPost(context.Request.Method))
        {
            if (!IsOurs(context.Request))
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return;
            }

            if (context.Request.ContentType?.StartsWith(FormType, StringComparison.OrdinalIgnoreCase) != true)
            {
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
                return;
            }

            if (context.Request.ContentLength > MaxForm)
            {
                context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
                return;
            }

            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            {
                size.MaxRequestBodySize = MaxForm;
            }
        }

        await next(context);
    }

    /// <summary>The headers of a page.</summary>
    private static void Guard(IHeaderDictionary headers, string policy)
    {
        headers.XContentTypeOptions = NoSniff;
        headers.CacheControl = "private, no-cache";
        headers.ContentSecurityPolicy = policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Permissions-Policy"] = "camera=(),microphone=(),geolocation=(),payment=()";

        // Nobody else keeps it ("private"), and nothing is shown again unasked ("no-cache") but on the way back: from the gateway too, where a page that a form was answered with must still be had, though
        // cookies have changed since. By Cookie here, Chrome would show an error instead of it.
        headers.Vary = "Accept-Language";
    }

    /// <summary>Instead of a token in every form: the browser itself says where a form was sent from (docs/decisions/forms-without-tokens.md).</summary>
    private static bool IsOurs(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site)
        {
            return site is "same-origin" or "none";
        }

        // "null" is what a browser says under no-referrer in old versions; a form of another site says its own origin, or null, too: refuse what is not ours.
        return request.Headers.Origin.ToString() is not { Length: > 0 } origin || origin == $"{request.Scheme}://{request.Host}";
    }

    private static int StatusOf(Exception? error) => error switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        InvalidDataException => StatusCodes.Status400BadRequest, // A form that cannot be read.
        CommitterBusyException => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>What the page had put into the answer so far, headers too, is gone when it fails.</summary>
    private static Task ShowFailureAsync(HttpContext context, string policy)
    {
        var status = StatusOf(context.Features.Get<IExceptionHandlerFeature>()?.Error);
        Guard(context.Response.Headers, policy);
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "5";
        }

        return ShowAsync(context, status, status == StatusCodes.Status500InternalServerError ? Activity.Current?.TraceId.ToString()[..12] ?? context.TraceIdentifier : null);
    }

    private static Task ShowAsync(HttpContext context, int status, string? traceId)
    {
        var known = ProblemPage.Known.Contains(status) ? status : status >= 500 ? 500 : 400;
        return new PageResult<ProblemPage>(status, new() { ["V"] = context.Visitor(), ["Status"] = known, ["TraceId"] = traceId }).ExecuteAsync(context);
    }

    /// <summary>Brotli at the highest quality that costs less than a millisecond: a page of 18 KB takes 0.2 ms and is 12 bytes larger than at 9, which takes 10 ms (docs/performance.md).</summary>
    private sealed class Brotli : ICompressionProvider
    {
        private const int Quality = 8;

        public string EncodingName => "br";

        public bool SupportsFlush => true;

        public Stream CreateStream(Stream outputStream) => new BrotliStream(outputStream, new BrotliCompressionOptions { Quality = Quality }, leaveOpen: true);
    }
}
