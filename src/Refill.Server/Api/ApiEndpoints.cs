using Refill.Customers;
using Refill.Ledger;
using Refill.Storage;

namespace Refill.Server.Api;

/// <summary>The API for integrators, /api/v1: who may come in, and how a refusal looks. Each of its things has a file of its own.</summary>
internal static class ApiEndpoints
{
    public const string Prefix = "/api/v1";

    /// <summary>An order's largest body, in bytes.</summary>
    public const int MaxOrder = 16 * 1024;

    private const string Scheme = "Bearer ";
    private static readonly object KeyItem = new();

    /// <summary>A way of its own, before anything that pages need: sessions of a visitor, compression, pages for errors. An order through the API passes none of it.</summary>
    public static void UseApi(this WebApplication app) => app.MapWhen(
        static context => context.Request.Path.StartsWithSegments(Prefix, StringComparison.Ordinal) || context.Request.Path.StartsWithSegments("/problems", StringComparison.Ordinal),
        static branch =>
        {
            branch.UseRouting();
            branch.UseEndpoints(MapApi);
        });

    private static void MapApi(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(Prefix).AddEndpointFilter(GuardAsync);
        TopUpsApi.Map(api);
        BatchApi.Map(api);
        WalletApi.Map(api);

        // What an API's caller asks for and is not there is answered in the API's way, not with a page.
        routes.Map(Prefix + "/{**path}", (HttpContext context) => ApiProblem.NotFound.Answer(context)).ExcludeFromDescription();
        routes.MapGet(ApiProblem.TypePrefix + "{code}", (string code) => ApiProblem.All.FirstOrDefault(problem => problem.Code == code) is { } problem
            ? Results.Text($"{problem.Title} ({problem.Status})\n\n{problem.Meaning}\n")
            : Results.NotFound()).ExcludeFromDescription();
    }

    /// <summary>The wallet of the key that the request came with.</summary>
    public static Guid WalletId(this HttpContext context) => ((ApiKey)context.Items[KeyItem]!).WalletId;

    public static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, string scope) => route.WithMetadata(new NeededScope(scope));

    /// <summary>Keys and scopes; and whatever goes wrong below is answered as a problem.</summary>
    private static async ValueTask<object?> GuardAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";

        try
        {
            var authorization = context.Request.Headers.Authorization.ToString();
            var presented = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;
            if (await context.RequestServices.GetRequiredService<ApiKeys>().FindAsync(presented, context.RequestAborted) is not { RevokedAt: null } key)
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
                return ApiProblem.NoKey.Answer(context);
            }

            if (context.GetEndpoint()?.Metadata.GetMetadata<NeededScope>() is { } needed && !key.May(needed.Scope))
            {
                return ApiProblem.NoScope.Answer(context, needed.Scope, needed.Scope);
            }

            context.Items[KeyItem] = key;
            return await next(invocation);
        }
        catch (Exception failure) when (Problem(failure) is { } problem)
        {
            if (problem.Status == StatusCodes.Status500InternalServerError)
            {
                context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ApiEndpoints)).LogError(failure, "a request to the API failed");
            }

            return context.Response.HasStarted ? Results.Empty : problem.Answer(context);
        }
    }

    /// <summary>What a failure is to a caller; null: the caller has gone.</summary>
    public static ApiProblem? Problem(Exception failure) => failure switch
    {
        OperationCanceledException => null,
        CommitterBusyException => ApiProblem.Busy,
        CommitUnknownException => ApiProblem.Unknown,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => ApiProblem.TooLong,
        BadHttpRequestException => ApiProblem.NotJson,
        _ when Database.IsOutOfReach(failure) => ApiProblem.OutOfReach,
        _ => ApiProblem.Failed,
    };

    internal sealed record NeededScope(string Scope);
}
