using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Server.Tests;

/// <summary>What those who keep the server running see of it.</summary>
public sealed class ObservabilityTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Without_its_database_it_lives_and_is_not_ready(DatabaseKind kind)
    {
        await using var here = await Installation.NewAsync(kind);
        await using var server = await ServerProcess.StartAsync(here);
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await HealthAsync(server, "ready"));

        await here.LoseDatabaseAsync();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await HealthAsync(server, "ready"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await HealthAsync(server, "live"));
    }

    [Fact]
    public async Task A_database_without_its_tables_is_not_ready()
    {
        await using var here = await Installation.NewAsync();
        await using var server = await ServerProcess.StartAsync(here);

        await here.SqlAsync("DROP TABLE key_check");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await HealthAsync(server, "ready"));
    }

    [Fact]
    public async Task Metrics_and_traces_of_a_top_up_go_to_the_collector_that_is_named_and_hold_no_number_and_no_signature()
    {
        await using var collector = await Collector.StartAsync();
        await using var here = await Installation.NewAsync();
        await using (var server = await ServerProcess.StartAsync(here, new Dictionary<string, string> { ["otlp-endpoint"] = collector.Url }))
        {
            await TopUpAsync(here, server);
            await server.SignalAsync("TERM"); // What has been gathered is sent at the end.
            Assert.Equal(0, (await server.EndAsync()).ExitCode);
        }

        var (metrics, traces) = (collector.Received("MetricsService"), collector.Received("TraceService"));
        Assert.All(["refill.top_up.steps", "refill.work.handled", "refill.ledger.group", "http.server.request.duration", "service.name"], name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        Assert.All(["deliver", "POST /inbound/payments/{gateway}", "service.name"], name => Assert.Contains(name, traces, StringComparison.Ordinal));
        Assert.All(["2015550123", "555-0123", "sign=", "sign%3D", "wang***"], secret => Assert.DoesNotContain(secret, metrics + traces, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_goes_anywhere_unless_a_collector_is_named()
    {
        await using var collector = await Collector.StartAsync();
        await using var here = await Installation.NewAsync();
        await using (var server = await ServerProcess.StartAsync(here, environment: new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url }))
        {
            await TopUpAsync(here, server);
            await server.SignalAsync("TERM");
            Assert.Equal(0, (await server.EndAsync()).ExitCode);
        }

        Assert.Equal("", collector.Received(""));
    }

    private static async Task<(HttpStatusCode, string)> HealthAsync(ServerProcess server, string what)
    {
        using var answer = await server.Http.GetAsync($"/health/{what}", Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task TopUpAsync(Installation here, ServerProcess server)
    {
        var order = await here.OrderAsync();
        using var body = new ByteArrayContent(GatewayNotification.Of(order, here.Secrets)) { Headers = { ContentType = MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded") } };
        (await server.Http.PostAsync("/inbound/payments/alipay", body, Cancellation)).EnsureSuccessStatusCode();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        enough.CancelAfter(Patience);
        while ((await here.StandingAsync(order.TopUpId)).State != TopUpState.Completed)
        {
            await Task.Delay(BetweenLooks, enough.Token);
        }
    }

    /// <summary>An OpenTelemetry collector that keeps what it is sent.</summary>
    private sealed class Collector(WebApplication app, ConcurrentQueue<(string Path, string Body)> received) : IAsyncDisposable
    {
        internal string Url => app.Urls.Single();

        internal static async Task<Collector> StartAsync()
        {
            var received = new ConcurrentQueue<(string, string)>();
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
            builder.Logging.ClearProviders();
            var app = builder.Build();
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                received.Enqueue((context.Request.Path, Encoding.Latin1.GetString(body.ToArray())));
                context.Response.ContentType = "application/grpc";
                context.Response.DeclareTrailer("grpc-status");
                await context.Response.Body.WriteAsync(new byte[5]);
                context.Response.AppendTrailer("grpc-status", "0");
            });
            await app.StartAsync(Cancellation);
            return new Collector(app, received);
        }

        /// <summary>All that came for a service, as text: names stand in it as they are.</summary>
        internal string Received(string service) => string.Concat(received.Where(one => one.Path.Contains(service, StringComparison.Ordinal)).Select(one => one.Body));

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
