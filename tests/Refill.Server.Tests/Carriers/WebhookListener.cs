using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Refill.Carriers;

namespace Refill.Server.Tests.Carriers;

/// <summary>Takes webhooks as our server does, raw, and keeps them for a test to read.</summary>
internal sealed class WebhookListener : IAsyncDisposable
{
    private readonly WebApplication listener;
    private readonly Channel<RawWebhook> received = Channel.CreateUnbounded<RawWebhook>();

    private WebhookListener(WebApplication listener) => this.listener = listener;

    internal Uri Url => new($"{listener.Urls.Single()}/inbound/carriers/reloadly");

    internal static async Task<WebhookListener> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var started = new WebhookListener(builder.Build());
        started.listener.Run(started.TakeAsync);
        await started.listener.StartAsync(TestContext.Current.CancellationToken);
        return started;
    }

    /// <summary>The next one; the sandbox's clock runs until it comes.</summary>
    internal Task<RawWebhook> NextAsync(CarrierSandbox sandbox) => sandbox.LetTimePassAsync(received.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    public async ValueTask DisposeAsync()
    {
        await listener.StopAsync(CancellationToken.None);
        await listener.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        received.Writer.TryWrite(new RawWebhook(
            context.Request.Path, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()), body.ToArray()));
    }
}
