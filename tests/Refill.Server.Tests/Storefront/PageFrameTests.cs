using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Refill.Server.Tests.Storefront;

/// <summary>What surrounds every page: its headers, its weight, and what is refused before any page is reached.</summary>
public sealed class PageFrameTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    /// <summary>pages.md, C3: each page after the first, with its headers, in bytes.</summary>
    private const int MostBytes = 5 * 1024;
    private const int MostScriptBytes = 5 * 1024;

    /// <summary>More than a form may have, less than fills a socket's buffers: it can be sent whole to a server that does not read it.</summary>
    private const int TooLargeBytes = 20_000;
    private const int HugeBytes = 10_000_000;
    private const int TooManyFields = 1_100;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StorefrontRig Rig => shared.Rig;

    [Fact]
    public async Task The_policy_allows_by_hash_just_what_stands_in_the_page_and_no_other_script_or_style()
    {
        using var visitor = Rig.Visitor();
        foreach (var (name, page) in await EveryPageAsync(visitor))
        {
            var policy = page.Header("Content-Security-Policy").Split(';').Select(part => part.Split(' ')).ToDictionary(part => part[0], part => part[1..]);
            var styles = page.Page.QuerySelectorAll("style").Select(style => Hash(style.TextContent));
            var scripts = page.Page.Scripts.Select(script => script.Source is null ? Hash(script.Text) : script.Source.StartsWith("/app.", StringComparison.Ordinal) ? "'self'" : script.Source);

            Assert.Equal(["'none'"], policy["default-src"]);
            Assert.Equal((name, policy["style-src"].Single()), (name, styles.Single()));
            Assert.Subset(policy["script-src"].ToHashSet(), scripts.ToHashSet());
            Assert.DoesNotContain(policy["script-src"], source => source.Contains("unsafe", StringComparison.Ordinal));
            Assert.Equal(["'none'"], policy["frame-ancestors"]);
            Assert.Equal(["'none'"], policy["base-uri"]);
            Assert.DoesNotContain(page.Page.All.SelectMany(element => element.Attributes), attribute => attribute.Name == "style" || attribute.Name.StartsWith("on", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_page_is_private_and_asked_for_again_and_says_nothing_of_itself_elsewhere()
    {
        using var visitor = Rig.Visitor();

        Assert.All(await EveryPageAsync(visitor), page => Assert.Equal(
            (page.Name, "private, no-cache", "nosniff", "no-referrer", "text/html; charset=utf-8", ""),
            (page.Name, page.Page.Header("Cache-Control"), page.Page.Header("X-Content-Type-Options"), page.Page.Header("Referrer-Policy"), page.Page.ContentHeaders.ContentType!.ToString(), page.Page.Header("Server"))));
    }

    [Theory]
    [InlineData("zh-Hans")]
    [InlineData("en")]
    [InlineData("es")]
    public async Task Every_page_in_every_language_weighs_no_more_than_it_may(string language)
    {
        using var visitor = Rig.Visitor(language);
        using var client = new HttpClient { BaseAddress = Rig.Url, DefaultRequestHeaders = { { "Accept-Language", language }, { "Accept-Encoding", "br" } } };
        foreach (var (name, page) in await EveryPageAsync(visitor))
        {
            // A page that was the answer to a form has an address, too; a device that is new to us is shown most.
            var path = page.ContentHeaders.ContentLocation?.OriginalString ?? name;
            using var answer = await client.GetAsync(path, Cancellation);
            var body = await answer.Content.ReadAsByteArrayAsync(Cancellation);
            var headers = answer.Headers.Concat(answer.Content.Headers).Sum(header => header.Key.Length + header.Value.Sum(value => value.Length) + 4);

            Assert.Equal(["br"], answer.Content.Headers.ContentEncoding);
            Assert.True(body.Length + headers <= MostBytes, $"{path} in {language}: {body.Length} and {headers} bytes of headers");
            using var unpacked = new BrotliStream(new MemoryStream(body), CompressionMode.Decompress);
            using var reader = new StreamReader(unpacked);
            Assert.StartsWith("<!DOCTYPE html>", (await reader.ReadToEndAsync(Cancellation)).TrimStart(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_script_is_small_and_kept_for_ever_under_its_own_name()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.GetAsync(await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard));
        var path = Assert.Single(status.Page.Scripts, script => script.Source is not null).Source!;

        var script = await visitor.GetAsync(path);

        Assert.Equal((HttpStatusCode.OK, "public, max-age=31536000, immutable", "text/javascript; charset=utf-8"), (script.Status, script.Header("Cache-Control"), script.ContentHeaders.ContentType!.ToString()));
        Assert.InRange(Encoding.UTF8.GetByteCount(script.Html), 100, MostScriptBytes);
        Assert.Equal(path, $"/app.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(script.Html)))[..10]}.js");
    }

    [Theory]
    [InlineData("GET", "/no-such-page", 404)]
    [InlineData("GET", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA", 404)]
    [InlineData("GET", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA/confirm", 404)]
    [InlineData("GET", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA/receipt", 404)]
    [InlineData("GET", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA/state?seen=1", 404)]
    [InlineData("GET", "/top-ups/nonsense", 404)]
    [InlineData("POST", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA/pay", 404)]
    [InlineData("POST", "/top-ups/nonsense/check", 404)]
    [InlineData("POST", "/top-ups/nonsense/cancel", 404)]
    [InlineData("POST", "/", 405)]
    [InlineData("PUT", "/plans", 405)]
    [InlineData("DELETE", "/receipt", 405)]
    [InlineData("GET", "/top-ups/AAAAAAAAAAAAAAAAAAAAAA/pay", 405)]
    public async Task What_is_not_there_or_not_to_be_used_so_is_said_in_each_language(string method, string path, int status)
    {
        foreach (var language in new[] { "zh-Hans", "en", "es" })
        {
            using var visitor = Rig.Visitor(language);
            var words = StorefrontRig.Words(language);

            var answer = await visitor.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "POST" ? WebVisitor.Form() : null });

            Assert.Equal((status, words[$"Problem_{status}"], words[$"Problem_{status}_Lead"]), ((int)answer.Status, answer.Title, answer.Error));
            Assert.NotNull(answer.Page.QuerySelector("a.button[href='/']"));
        }
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "https://elsewhere.example")]
    [InlineData("Origin", "null")]
    public async Task A_form_from_another_site_is_refused(string header, string value)
    {
        using var visitor = Rig.Visitor();
        var confirm = await visitor.QuoteAsync(StorefrontRig.OwnCard);
        using var request = new HttpRequestMessage(HttpMethod.Post, confirm.Address.Replace("/confirm", "/cancel", StringComparison.Ordinal)) { Content = WebVisitor.Form(), Headers = { { header, value } } };

        var answer = await visitor.SendAsync(request);

        Assert.Equal((HttpStatusCode.Forbidden, StorefrontRig.Words("en")["Problem_403"]), (answer.Status, answer.Title));
        Assert.Equal("Quoted", (await visitor.GetAsync(confirm.Address.Replace("/confirm", "", StringComparison.Ordinal))).State);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", null)]
    public async Task A_form_from_our_own_pages_is_taken(string header, string? value)
    {
        using var visitor = Rig.Visitor();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/plans") { Content = WebVisitor.Form(("card", StorefrontRig.OwnCard)), Headers = { { header, value ?? Rig.Url.GetLeftPart(UriPartial.Authority) } } };

        Assert.Equal(HttpStatusCode.OK, (await visitor.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("/plans")]
    [InlineData("/confirm")]
    [InlineData("/receipt")]
    public async Task A_body_of_ten_megabytes_is_refused_before_it_is_read(string path)
    {
        using var visitor = Rig.Visitor();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Body(HugeBytes) };
        request.Headers.ExpectContinue = true; // The answer comes before the body.

        var answer = await visitor.SendAsync(request);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, StorefrontRig.Words("en")["Problem_413"]), (answer.Status, answer.Title));
    }

    [Fact]
    public async Task A_body_that_does_not_say_its_length_is_refused_once_it_is_too_long()
    {
        using var visitor = Rig.Visitor();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/plans") { Content = Body(TooLargeBytes) };
        request.Headers.TransferEncodingChunked = true;

        var answer = await visitor.SendAsync(request);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, StorefrontRig.Words("en")["Problem_413"]), (answer.Status, answer.Title));
    }

    [Fact]
    public async Task A_page_that_says_that_something_failed_is_guarded_like_every_other()
    {
        using var visitor = Rig.Visitor();
        var home = await visitor.GetAsync("/");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/plans") { Content = Body(TooLargeBytes) };
        request.Headers.TransferEncodingChunked = true;

        var failed = await visitor.SendAsync(request);

        Assert.All(["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"], header => Assert.Equal((header, home.Header(header)), (header, failed.Header(header))));
    }

    [Theory]
    [InlineData("application/json", "{\"card\":\"+12015550123\"}")]
    [InlineData("text/plain", "card=%2B12015550123")]
    [InlineData("multipart/form-data", "card=%2B12015550123")]
    public async Task A_body_that_is_no_form_is_refused(string type, string body)
    {
        using var visitor = Rig.Visitor();

        var answer = await visitor.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/plans") { Content = new StringContent(body, Encoding.UTF8, type) });

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, StorefrontRig.Words("en")["Problem_400"]), (answer.Status, answer.Title));
    }

    [Fact]
    public async Task A_form_of_too_many_fields_is_refused()
    {
        using var visitor = Rig.Visitor();

        var answer = await visitor.PostAsync("/plans", [.. Enumerable.Range(0, TooManyFields).Select(field => ($"{field}", (string?)""))]);

        Assert.Equal((HttpStatusCode.BadRequest, StorefrontRig.Words("en")["Problem_400"]), (answer.Status, answer.Title));
    }

    /// <summary>Each kind of page once, by its address or the one that its form goes to.</summary>
    private async Task<IReadOnlyList<(string Name, Answer Page)>> EveryPageAsync(WebVisitor visitor)
    {
        var waiting = await visitor.AwaitPaymentAsync(StorefrontRig.OtherCard);
        var done = await visitor.TopUpAsync();
        var plans = await visitor.FindAsync(StorefrontRig.OwnCard);
        var pages = new List<(string, Answer)> { ("/plans", plans), ("/confirm", await visitor.ChooseAsync(plans)), ("/", await visitor.FindAsync("123")) };
        foreach (var path in new[] { "/", "/receipt", "/no-such-page", waiting, done, done + "/receipt" })
        {
            pages.Add((path, await visitor.GetAsync(path)));
        }

        Assert.Equal("AwaitingPayment", pages.Single(page => page.Item1 == waiting).Item2.State);
        return pages;
    }

    private static ByteArrayContent Body(int bytes) => new([.. Enumerable.Repeat((byte)'1', bytes)]) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") } };

    private static string Hash(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";
}
