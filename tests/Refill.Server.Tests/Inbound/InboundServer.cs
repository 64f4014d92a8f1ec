using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Refill.TopUps;

namespace Refill.Server.Tests.Inbound;

/// <summary>A running server, most talkative and in JSON, with a way to post to it what gateways and carriers do.</summary>
public sealed class InboundServer : IAsyncLifetime
{
    internal const string Form = "application/x-www-form-urlencoded; charset=utf-8";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    internal Installation Here { get; private set; } = null!;

    internal ServerProcess Server { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Here = await Installation.NewAsync();
        Server = await ServerProcess.StartAsync(Here, new Dictionary<string, string> { ["log-level"] = "debug", ["log-format"] = "json" });
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Here.DisposeAsync();
    }

    internal async Task<(int Status, string Body, string? Type)> PostAsync(string path, byte[] body, string? type = Form, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await Server.Http.SendAsync(request, Cancellation);
        return ((int)answer.StatusCode, Encoding.Latin1.GetString(await answer.Content.ReadAsByteArrayAsync(Cancellation)), answer.Content.Headers.ContentType?.MediaType);
    }

    /// <summary>Posts a webhook as Reloadly is seen to sign them: hexadecimal HMAC-SHA256 of "body:timestamp".</summary>
    internal async Task<int> WebhookAsync(byte[] body, TimeSpan ago = default, string? secret = null, string? signature = null)
    {
        var timestamp = (DateTimeOffset.UtcNow - ago).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        byte[] signed = [.. body, .. Encoding.ASCII.GetBytes(":" + timestamp)];
        signature ??= Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? Here.Secrets.ReloadlyWebhookSecret), signed));
        return (await PostAsync("/inbound/carriers/reloadly", body, "application/json", ("X-Reloadly-Signature", signature), ("X-Reloadly-Request-Timestamp", timestamp))).Status;
    }

    /// <summary>Waits until the server's background work has brought it to its end.</summary>
    internal async Task CompletedAsync(Guid topUpId)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        enough.CancelAfter(Patience);
        while ((await Here.StandingAsync(topUpId)).State != TopUpState.Completed)
        {
            await Task.Delay(BetweenLooks, enough.Token);
        }
    }

    /// <summary>Charged once, credited once, and every invariant holds.</summary>
    internal async Task SoundAsync() =>
        Assert.All(await Here.Audit.RunAsync(Cancellation), finding => Assert.True(finding.ProblemCount == 0, $"{finding.Check}: {string.Join("; ", finding.Problems)}"));
}
