using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Refill.Browser.Tests;

/// <summary>
/// A visitor without a browser: reads pages, fills in the forms that stand in them, follows redirects on whatever origin, keeps cookies.
/// For the tests that make many journeys; what a browser does besides is tested in Chromium.
/// </summary>
public sealed class PlainVisitor : IDisposable
{
    private const int MaxRedirects = 10;

    /// <summary>What is shorter in a cookie is a word: a language, a gateway's name.</summary>
    private const int LeastToken = 16;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(40);

    private readonly HttpClientHandler handler = new() { AllowAutoRedirect = false, CookieContainer = new CookieContainer() };
    private readonly HttpClient client;
    private readonly HtmlParser parser = new();

    /// <param name="agent">What its browser calls itself; null: nothing, which is taken for a desktop's.</param>
    public PlainVisitor(string languages = "en-US", string? agent = null)
    {
        client = new HttpClient(handler) { Timeout = Timeout };
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        client.DefaultRequestHeaders.Add("Accept-Language", languages);
        if (agent is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", agent);
        }
    }

    /// <summary>Where the visitor is: the address of the last page that was read whole.</summary>
    public Uri Location { get; private set; } = new("about:blank");

    public HttpStatusCode Status { get; private set; }

    public IHtmlDocument Page { get; private set; } = new HtmlParser().ParseDocument("");

    /// <summary>Every address asked for, redirects among them.</summary>
    public List<Uri> Trail { get; } = [];

    public void Dispose()
    {
        client.Dispose();
        handler.Dispose();
    }

    public Task GoAsync(Uri url, CancellationToken cancellation) => SendAsync(() => new HttpRequestMessage(HttpMethod.Get, url), cancellation);

    /// <summary>Submits a form of the present page, with its own values and these instead of or besides them.</summary>
    /// <param name="button">Whose name and value go with it, as when it is clicked.</param>
    public Task SubmitAsync(IHtmlFormElement form, IEnumerable<KeyValuePair<string, string>> filledIn, IElement? button, CancellationToken cancellation)
    {
        var values = form.Elements.OfType<IHtmlInputElement>()
            .Where(input => input.Name is not null && input.Type is not ("submit" or "button" or "image") && (input.Type is not ("radio" or "checkbox") || input.IsChecked))
            .ToDictionary(input => input.Name!, input => input.Value);
        foreach (var (name, value) in filledIn)
        {
            values[name] = value;
        }

        if (button?.GetAttribute("name") is { } buttonName)
        {
            values[buttonName] = button.GetAttribute("value") ?? "";
        }

        var action = new Uri(Location, button?.GetAttribute("formaction") ?? form.GetAttribute("action") ?? Location.PathAndQuery);
        return string.Equals(form.Method, "post", StringComparison.OrdinalIgnoreCase)
            ? SendAsync(() => new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent(values) }, cancellation)
            : GoAsync(WithQuery(action, values), cancellation);
    }

    private async Task SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        for (var redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            using var message = request();
            Trail.Add(message.RequestUri!);
            using var answer = await client.SendAsync(message, cancellation);
            KeepCookies(answer);
            if ((int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } next)
            {
                var target = new Uri(message.RequestUri!, next);
                request = () => new HttpRequestMessage(HttpMethod.Get, target);
                continue;
            }

            var html = await answer.Content.ReadAsStringAsync(cancellation);
            (Location, Status, Page) = (message.RequestUri!, answer.StatusCode, parser.ParseDocument(html));
            return;
        }

        throw new InvalidOperationException($"more than {MaxRedirects} redirects, the last to {Trail[^1]}");
    }

    /// <summary>What only this visitor's browser is to know.</summary>
    private static void KeepCookies(HttpResponseMessage answer)
    {
        if (answer.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            foreach (var part in cookies.SelectMany(cookie => cookie[(cookie.IndexOf('=', StringComparison.Ordinal) + 1)..].Split(';')[0].Split('.')).Where(part => part.Length >= LeastToken))
            {
                Remains.KeepSecret(part);
            }
        }
    }

    private static Uri WithQuery(Uri action, Dictionary<string, string> values)
    {
        var query = string.Join('&', values.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        return new UriBuilder(action) { Query = query }.Uri;
    }
}
