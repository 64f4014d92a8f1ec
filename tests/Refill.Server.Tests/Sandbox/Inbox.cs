using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Refill.Server.Tests.Sandbox;

/// <summary>One request that the sandbox sent.</summary>
internal sealed record Received(string ContentType, string Body, IReadOnlyDictionary<string, string> Headers)
{
    internal IReadOnlyDictionary<string, string> Form { get; } = QueryHelpers.ParseQuery(Body).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
}

/// <summary>A merchant's address for notifications and webhooks: keeps what comes, answers what the test wants.</summary>
internal sealed class Inbox : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Channel<Received> received = Channel.CreateUnbounded<Received>();
    private readonly ConcurrentQueue<(int Status, string Body)> answers = new();
    private readonly WebApplication app;

    private Inbox(WebApplication app) => this.app = app;

    internal Uri Url => new(app.Urls.Single() + "/inbound");

    /// <summary>How many have come that nobody has looked at.</summary>
    internal int Waiting => received.Reader.Count;

    internal static async Task<Inbox> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var inbox = new Inbox(app);
        app.Run(inbox.TakeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return inbox;
    }

    /// <summary>What the next one is answered; without it: 200 and "success".</summary>
    internal void Answer(string body, int status = StatusCodes.Status200OK) => answers.Enqueue((status, body));

    internal async Task<Received> NextAsync()
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        enough.CancelAfter(Patience);
        return await received.Reader.ReadAsync(enough.Token);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        received.Writer.TryWrite(new Received(context.Request.ContentType ?? "", body, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        var (status, answer) = answers.TryDequeue(out var wanted) ? wanted : (StatusCodes.Status200OK, "success");
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(answer, context.RequestAborted);
    }
}
