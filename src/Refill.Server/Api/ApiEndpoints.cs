using Refill.Customers;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;

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
            branch.Use(OrderFirst(branch.ApplicationServices.GetRequiredService<ApiKeys>(), branch.ApplicationServices.GetRequiredService<WalletOrders>()));
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

    /// <summary>The one request that comes by the thousand goes the shortest way, without routing, filters and a scope of services; the endpoint that describes it runs the same code (docs/performance.md).</summary>
    private static Func<RequestDelegate, RequestDelegate> OrderFirst(ApiKeys keys, WalletOrders orders) => next => context => TopUpsApi.IsOrder(context.Request) ? OrderAsync(context, keys, orders) : next(context);

    private static async Task OrderAsync(HttpContext context, ApiKeys keys, WalletOrders orders)
    {
        IResult? answer;
        try
        {
            var (key, refused) = await EnterAsync(context, keys, ApiScope.TopUpsWrite);
            answer = refused ?? await TopUpsApi.OrderAsync(context, orders, key!.WalletId);
        }
        catch (Exception failure) when (Problem(failure) is { } problem)
        {
            answer = Failed(context, failure, problem);
        }

        if (answer is not null)
        {
            await answer.ExecuteAsync(context);
        }
    }

    private static async ValueTask<object?> GuardAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        try
        {
            var (key, refused) = await EnterAsync(context, context.RequestServices.GetRequiredService<ApiKeys>(), context.GetEndpoint()?.Metadata.GetMetadata<NeededScope>()?.Scope);
            context.Items[KeyItem] = key;
            return refused ?? await next(invocation);
        }
        catch (Exception failure) when (Problem(failure) is { } problem)
        {
            return Failed(context, failure, problem);
        }
    }

    /// <summary>The key that a request came with, or why it may not come in.</summary>
    private static async ValueTask<(ApiKey? Key, IResult? Refused)> EnterAsync(HttpContext context, ApiKeys keys, string? scope)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var authorization = context.Request.Headers.Authorization.ToString();
        var presented = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;
        if (await keys.FindAsync(presented, CancellationToken.None) is not { RevokedAt: null } key)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return (null, ApiProblem.NoKey.Answer(context));
        }

        return scope is not null && !key.May(scope) ? (null, ApiProblem.NoScope.Answer(context, scope, scope)) : (key, null);
    }

    /// <summary>Whatever goes wrong is answered as a problem, as long as nothing was answered yet.</summary>
    private static IResult Failed(HttpContext context, Exception failure, ApiProblem problem)
    {
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ApiEndpoints)).LogError(failure, "a request to the API failed");
        }

        return context.Response.HasStarted ? Results.Empty : problem.Answer(context);
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
