using System.Data.Common;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Refill.Cards;
using Refill.Storage;

namespace Refill.Server;

/// <summary>Logs, metrics, traces and health. Nothing personal is in any of them: paths carry ids only, bodies and headers are never logged.</summary>
internal static class Observability
{
    public static void AddObservability(this WebApplicationBuilder builder, Settings settings)
    {
        builder.Logging.ClearProviders();
        var level = settings["log-level"] switch { "debug" => LogLevel.Debug, "warning" => LogLevel.Warning, "error" => LogLevel.Error, _ => LogLevel.Information };
        builder.Logging.SetMinimumLevel(level);

        // Request lines of the framework and of HttpClient hold query strings, and those hold signatures.
        var theirs = level > LogLevel.Warning ? level : LogLevel.Warning;
        builder.Logging.AddFilter("Microsoft", theirs);
        builder.Logging.AddFilter("System.Net.Http", theirs);

        // What it says of a failed start or background, Commands and Background say in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (settings["log-format"] == "json")
        {
            builder.Logging.AddJsonConsole(options => options.UseUtcTimestamp = true);
        }
        else
        {
            builder.Logging.AddSimpleConsole(options => (options.SingleLine, options.TimestampFormat, options.UseUtcTimestamp) = (true, "HH:mm:ss ", true));
        }

        builder.Services.AddHealthChecks().AddCheck<DatabaseAnswers>("database", tags: ["ready"]);
        if (settings.Find("otlp-endpoint") is { } endpoint)
        {
            builder.Services.AddOpenTelemetry()
                .ConfigureResource(resource => resource.AddService("refill", serviceInstanceId: settings["node"]))
                .WithMetrics(metrics => metrics.AddMeter("Refill.*").AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddOtlpExporter(otlp => otlp.Endpoint = new Uri(endpoint)))
                .WithTracing(traces => traces.AddSource("Refill.*").AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddOtlpExporter(otlp => otlp.Endpoint = new Uri(endpoint)));
        }
        else
        {
            // Nobody collects: then nothing is counted and no request is traced, which would cost an order some microseconds. What it logs (request lines) is filtered above in any case.
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        }
    }

    /// <summary>/health/live: the process answers. /health/ready: the database does, too.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
    }

    private sealed class DatabaseAnswers(Database database) : IHealthCheck
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                await using var db = database.Open();
                return await db.Database.CanConnectAsync(limit.Token) && await db.Set<KeyCheckRow>().AnyAsync(limit.Token)
                    ? HealthCheckResult.Healthy()
                    : HealthCheckResult.Unhealthy("the database does not answer");
            }
            catch (Exception error) when (error is DbException or InvalidOperationException)
            {
                return HealthCheckResult.Unhealthy($"the database does not answer: {error.GetType().Name}");
            }
            catch (OperationCanceledException)
            {
                return HealthCheckResult.Unhealthy("the database does not answer in time");
            }
        }
    }
}
