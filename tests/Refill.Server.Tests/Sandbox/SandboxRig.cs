using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Time.Testing;
using Refill.Sandbox;
using Refill.Sandbox.Stripe;

namespace Refill.Server.Tests.Sandbox;

/// <summary>A sandbox of a test's own on a free port, with a clock that the test moves, seen from outside over HTTP.</summary>
internal sealed class SandboxRig : IAsyncDisposable
{
    internal const string WebhookSecret = "a webhook secret of this test";
    internal static readonly DateTimeOffset Start = new(2026, 3, 1, 4, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Uri? webhookUrl;
    private readonly long openingBalanceCents;
    private readonly Func<AlipayBooksOptions, AlipayBooksOptions> alipay;
    private readonly WeChatPayBooksOptions weChatPay;
    private readonly StripeBooksOptions stripe;
    private WebApplication app;

    private SandboxRig(Uri? webhookUrl, long openingBalanceCents, Func<AlipayBooksOptions, AlipayBooksOptions> alipay, WeChatPayBooksOptions weChatPay, StripeBooksOptions stripe)
    {
        (this.webhookUrl, this.openingBalanceCents, this.alipay, this.weChatPay, this.stripe) = (webhookUrl, openingBalanceCents, alipay, weChatPay, stripe);
        app = Build(port: 0);
    }

    internal FakeTimeProvider Clock { get; } = new(Start);

    internal string Folder { get; } = Directory.CreateTempSubdirectory("refill-sandbox-").FullName;

    /// <summary>Follows no redirects and keeps no cookies: what a browser would do next, the test does.</summary>
    internal HttpClient Http { get; private set; } = null!;

    internal Merchant Merchant { get; private set; } = null!;

    internal WeChatPayMerchant WeChatPay { get; private set; } = null!;

    internal StripeMerchant Stripe { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<SandboxRig> StartAsync(
        Uri? webhookUrl = null, long openingBalanceCents = 1_000_000, Func<AlipayBooksOptions, AlipayBooksOptions>? alipay = null, WeChatPayBooksOptions? weChatPay = null, StripeBooksOptions? stripe = null)
    {
        var rig = new SandboxRig(webhookUrl, openingBalanceCents, alipay ?? (options => options), weChatPay ?? WeChatPayMerchant.Options, stripe ?? StripeMerchant.Options(webhookUrl: null));
        await rig.StartAppAsync();
        return rig;
    }

    /// <summary>Stops it and starts another on the same books and the same port.</summary>
    internal async Task RestartAsync()
    {
        var port = Http.BaseAddress!.Port;
        await StopAppAsync();
        app = Build(port);
        await StartAppAsync();
    }

    internal async Task FaultAsync(string target, string point, string fault, object? match = null, int seconds = 0, int times = 1)
    {
        using var answer = await Http.PostAsJsonAsync("/control/faults", new { target, point, match = match ?? new { }, fault, seconds, times }, Cancellation);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    internal async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path, Cancellation);

    internal Task<HttpResponseMessage> PostAsync(string path, object body) => Http.PostAsJsonAsync(path, body, Cancellation);

    internal async Task<HttpStatusCode> PayAsync(string order)
    {
        using var answer = await PostAsync("/control/alipay/pay", new { order });
        return answer.StatusCode;
    }

    /// <summary>The books' line of one trade; undefined if there is none.</summary>
    internal async Task<JsonElement> TradeAsync(string order) => (await GetAsync($"/control/books/alipay/trades?order={order}")).EnumerateArray().SingleOrDefault();

    /// <summary>The customIdentifiers of a number's real credits.</summary>
    internal async Task<string[]> CreditsAsync(string number) =>
        [.. (await GetAsync($"/control/books/reloadly/credits?number={Uri.EscapeDataString(number)}")).EnumerateArray().Select(credit => credit.GetProperty("customIdentifier").GetString()!)];

    /// <summary>The last message about an order, as soon as it has been tried so often.</summary>
    internal async Task<JsonElement> MessageAfterAsync(string about, int attempts)
    {
        JsonElement message = default;
        await UntilAsync(async () =>
        {
            message = (await GetAsync($"/control/books/messages?about={about}")).EnumerateArray().LastOrDefault();
            return message.ValueKind == JsonValueKind.Object && message.GetProperty("attempts").GetInt32() >= attempts;
        });
        Assert.Equal(attempts, message.GetProperty("attempts").GetInt32());
        return message;
    }

    /// <summary>Waits in real time until something outside the test's control has happened.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        enough.CancelAfter(Patience);
        while (!await happened())
        {
            await Task.Delay(BetweenLooks, enough.Token);
        }
    }

    /// <summary>Moves the clock second by second until an answer comes; says how many seconds it took.</summary>
    internal async Task<(T Answer, int Seconds)> WaitForAsync<T>(Task<T> answer)
    {
        var seconds = 0;
        await UntilAsync(async () =>
        {
            if (await Task.WhenAny(answer, Task.Delay(BetweenLooks, Cancellation)) == answer)
            {
                return true;
            }

            Clock.Advance(TimeSpan.FromSeconds(1));
            seconds++;
            return false;
        });
        return (await answer, seconds);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAppAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private WebApplication Build(int port) => SandboxHost.Build(
        new SandboxOptions(
            new Uri($"http://127.0.0.1:{port}"),
            Folder,
            alipay(new AlipayBooksOptions(Merchant.AppId, Merchant.SellerId, Merchant.PublicKeyPem, Merchant.AlipayPrivateKeyPem)),
            new ReloadlyBooksOptions("client", "a client secret of this test", webhookUrl, WebhookSecret) { OpeningBalanceCents = openingBalanceCents, TokenSeconds = 3600 })
        {
            WeChatPay = weChatPay,
            Stripe = stripe,
        },
        Clock);

    private async Task StartAppAsync()
    {
        await app.StartAsync(Cancellation);
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(app.Urls.Single()), Timeout = Patience };
        Merchant = new Merchant(Http, Clock);
        WeChatPay = new WeChatPayMerchant(Http, Clock);
        Stripe = new StripeMerchant(Http);
    }

    private async Task StopAppAsync()
    {
        Http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }
}
