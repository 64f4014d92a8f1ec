using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Refill.Server.Tests.Storefront;

/// <summary>What the server answered, read as HTML.</summary>
internal sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Html, IHtmlDocument Page)
{
    /// <summary>The message that says what is wrong.</summary>
    internal string? Error => Page.QuerySelector("#error")?.TextContent.Trim();

    internal string Title => Page.QuerySelector("h1")!.TextContent;

    internal string? State => Page.QuerySelector("main")!.GetAttribute("data-state");

    /// <summary>The page's own address, where it was given in the answer to a form.</summary>
    internal string Address => ContentHeaders.ContentLocation!.OriginalString;

    /// <summary>All that a person reads, in one line.</summary>
    internal string Words => string.Join(' ', Page.Body!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    internal string? Hidden(string name) => Page.QuerySelector($"input[name={name}]")?.GetAttribute("value");

    /// <summary>As it was sent.</summary>
    internal string Header(string name) => Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : "";
}

/// <summary>A visitor without a browser: one language, cookies of its own, no redirect followed.</summary>
internal sealed class WebVisitor : IDisposable
{
    /// <summary>After which a test gives up on an answer.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StorefrontRig rig;
    private readonly SocketsHttpHandler handler = new() { AllowAutoRedirect = false };
    private readonly HttpClient client;

    internal WebVisitor(StorefrontRig rig, string languages)
    {
        this.rig = rig;
        client = new HttpClient(handler) { BaseAddress = rig.Url, Timeout = Patience };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Language", languages);
    }

    internal CookieContainer Cookies => handler.CookieContainer;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        handler.Dispose();
    }

    internal Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    internal Task<Answer> PostAsync(string path, params (string Name, string? Value)[] form) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = Form(form) });

    internal static FormUrlEncodedContent Form(params (string Name, string? Value)[] form) => new(form.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    internal async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var answer = await client.SendAsync(request, Cancellation);
            var html = await answer.Content.ReadAsStringAsync(Cancellation);
            return new Answer(answer.StatusCode, answer.Headers, answer.Content.Headers, html, new HtmlParser().ParseDocument(html));
        }
    }

    /// <summary>The plans for this number.</summary>
    internal Task<Answer> FindAsync(string typed) => PostAsync("/plans", ("card", typed));

    /// <summary>The confirm page for a plan of the page of plans; the first, if none is named.</summary>
    internal Task<Answer> ChooseAsync(Answer plans, string? plan = null) => PostAsync(
        "/confirm", ("card", plans.Hidden("card")), ("key", plans.Hidden("key")), ("plan", plan ?? plans.Page.QuerySelector("button[name=plan]")!.GetAttribute("value")));

    internal async Task<Answer> QuoteAsync(string number, string? plan = null) => await ChooseAsync(await FindAsync(number), plan);

    /// <summary>From the confirm page to the gateway.</summary>
    internal Task<Answer> PayAsync(Answer confirm, string? repeat, string way) => PostAsync(confirm.Address.Replace("/confirm", "/pay", StringComparison.Ordinal), ("repeat", repeat), ("way", way.Contains('.') ? way : "alipay." + way));

    /// <summary>A top-up whose code waits to be scanned: its status page.</summary>
    internal async Task<string> AwaitPaymentAsync(string number)
    {
        var paying = await PayAsync(await QuoteAsync(number), number, "qr");
        Assert.Equal(HttpStatusCode.SeeOther, paying.Status);
        return paying.Headers.Location!.OriginalString;
    }

    /// <summary>A whole top-up of the own carrier's card: the address of its status page.</summary>
    internal async Task<string> TopUpAsync()
    {
        var status = await AwaitPaymentAsync(StorefrontRig.OwnCard);
        await rig.PayAsync((await GetAsync(status)).Page.QuerySelector("#qr-open")!.GetAttribute("href")!);
        await PostAsync(status + "/check");
        for (var page = await GetAsync(status); page.State != "Completed"; page = await GetAsync(status))
        {
            await VersionAfterAsync(status, VersionOf(page));
        }

        return status;
    }

    internal static long VersionOf(Answer status) => long.Parse(status.Page.QuerySelector("main")!.GetAttribute("data-version")!, CultureInfo.InvariantCulture);

    /// <summary>Waits, as the page's script does, for a version other than this one.</summary>
    internal async Task<long> VersionAfterAsync(string status, long seen)
    {
        var json = await client.GetStringAsync(string.Create(CultureInfo.InvariantCulture, $"{status}/state?seen={seen}"), Cancellation);
        return JsonDocument.Parse(json).RootElement.GetProperty("version").GetInt64();
    }
}
