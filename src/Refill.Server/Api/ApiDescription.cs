using Microsoft.OpenApi;

namespace Refill.Server.Api;

/// <summary>What /openapi/v1.json says: the API alone, with its keys, its refusals and its examples.</summary>
internal static class ApiDescription
{
    private const string KeyScheme = "apiKey";

    /// <summary>Names the refusals that an operation may answer with; those that any may are added.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder route, params ReadOnlySpan<ApiProblem> problems)
    {
        ApiProblem[] all = [.. problems, ApiProblem.NoKey, ApiProblem.NoScope, ApiProblem.Failed];
        foreach (var status in all.Select(problem => problem.Status).Distinct())
        {
            route.Produces<ProblemBody>(status, "application/problem+json");
        }

        return route.WithMetadata(new Refusals(all));
    }

    /// <summary>Says what the body is. Not the framework's Accepts, by which a request of another type would look for another route.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, string mediaType) => route.WithMetadata(new Body(typeof(T), mediaType));

    public static IServiceCollection AddApiDescription(this IServiceCollection services, Settings settings) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.RelativePath?.StartsWith(ApiEndpoints.Prefix.TrimStart('/'), StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Refill",
                Version = "1",
                Description = "Order top-ups of prepaid US data cards, paid from a prepaid wallet. Money is in minor units. Every refusal is RFC 9457 problem details with a stable `type`.",
                Contact = new OpenApiContact { Name = "The seller", Url = settings.PublicUrl },
                License = new OpenApiLicense { Name = "Apache-2.0", Url = new Uri("https://www.apache.org/licenses/LICENSE-2.0") },
            };
            document.Servers = [new OpenApiServer { Url = settings.PublicUrl.AbsoluteUri.TrimEnd('/') }];
            document.Tags = new HashSet<OpenApiTag> { new() { Name = "Top-ups", Description = "Ordering and following top-ups." }, new() { Name = "Wallet", Description = "The balance that orders are paid from." } };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [KeyScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key, rfk_…; the seller gives it out once (`refill keys create`)." },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancellation) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            var refusals = metadata.OfType<Refusals>().FirstOrDefault()?.Problems ?? [];
            foreach (var (status, response) in operation.Responses ?? [])
            {
                var said = refusals.Where(problem => problem.Status.ToString(System.Globalization.CultureInfo.InvariantCulture) == status).ToList();
                if (said.Count > 0)
                {
                    response.Description = string.Join(" ", said.Select(problem => $"`{problem.Code}`: {problem.Meaning}"));
                }
            }

            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            {
                (parameter.Description, parameter.Required) = parameter.Name switch
                {
                    "Idempotency-Key" => ("1 to 255 visible ASCII characters, new for each new order and the same for each repetition.", true),
                    "cursor" => ("`next` of an earlier page.", false),
                    "limit" => ("1 to 100; 20 if it is not given.", false),
                    _ => ("The id from the order's answer.", true),
                };
            }

            if (metadata.OfType<ApiEndpoints.NeededScope>().FirstOrDefault() is { } needed)
            {
                operation.Description += $" Needs the scope `{needed.Scope}`.";
            }

            if (metadata.OfType<Body>().FirstOrDefault() is { } body && context.Document is { } document)
            {
                document.AddComponent(body.Type.Name, await context.GetOrCreateSchemaAsync(body.Type, null, cancellation));
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = new Dictionary<string, OpenApiMediaType> { [body.MediaType] = new() { Schema = new OpenApiSchemaReference(body.Type.Name, document) } },
                };
            }
        });
    });

    private sealed record Body(Type Type, string MediaType);

    private sealed record Refusals(IReadOnlyList<ApiProblem> Problems);
}
