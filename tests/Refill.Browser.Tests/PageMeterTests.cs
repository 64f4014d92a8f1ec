using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Refill.Browser.Tests;

/// <summary>The meter is held against a site whose weight is known.</summary>
[Collection(nameof(Unhurried))]
public sealed class PageMeterTests(Chromium chromium)
{
    private const int PageBytes = 20_000;

    /// <summary>Pushes down what has been painted.</summary>
    private const string Shift = "<script>requestAnimationFrame(() => requestAnimationFrame(() => late.style.height = '250px'))</script>";
    private static readonly Line Fast = new(80_000_000, 80_000_000, TimeSpan.FromMilliseconds(2));

    [Fact]
    public async Task A_page_is_charged_with_its_bytes_its_blocking_style_sheet_its_redirect_its_foreign_picture_and_its_shift()
    {
        await using var site = await SmallSite.StartAsync();
        await using var pipe = new SlowPipe(Fast, site.Port);
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();
        var origin = new Uri($"https://127.0.0.1:{pipe.Port}/");
        var meter = new PageMeter(pipe, page, origin);

        var cost = await meter.MeasureAsync("heavy", () => page.GotoAsync(new Uri(origin, "/away").AbsoluteUri));

        Assert.InRange(cost.DownBytes, PageBytes, PageBytes * 2);
        Assert.InRange(cost.UpBytes, 1, PageBytes);
        Assert.Equal((3, 2, 1), (cost.Requests, cost.RenderBlocking, cost.Redirects));
        Assert.Equal(["https://localhost:1/picture.png"], meter.Foreign);
        Assert.True(cost.FirstPaint > TimeSpan.Zero && cost.LargestPaint >= cost.FirstPaint, cost.ToString());
        Assert.True(cost.LayoutShift > 0, cost.ToString());
    }

    [Fact]
    public async Task First_paint_through_the_throttled_line_waits_for_three_round_trips_at_least()
    {
        await using var site = await SmallSite.StartAsync();
        await using var pipe = new SlowPipe(Line.Throttled, site.Port);
        await using var context = await chromium.OpenAsync(Device.Phone);
        var page = await context.NewPageAsync();
        var origin = new Uri($"https://127.0.0.1:{pipe.Port}/");

        var cost = await new PageMeter(pipe, page, origin).MeasureAsync("light", () => page.GotoAsync(new Uri(origin, "/light").AbsoluteUri));

        // TCP, TLS 1.3, and the page itself.
        Assert.True(cost.FirstPaint >= Line.Throttled.RoundTrip * 3, cost.ToString());
    }

    private sealed class SmallSite(WebApplication application, string folder) : IAsyncDisposable
    {
        public int Port => new Uri(application.Urls.Single()).Port;

        public static async Task<SmallSite> StartAsync()
        {
            var folder = Directory.CreateTempSubdirectory("refill-meter-").FullName;
            var (certificate, key) = Loopback.WriteCertificate(folder);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = X509Certificate2.CreateFromPemFile(certificate, key)));
            builder.WebHost.UseUrls("https://127.0.0.1:0");
            var application = builder.Build();
            application.MapGet("/away", () => Results.Redirect("/heavy"));
            application.MapGet("/heavy", () => Html("<link rel=stylesheet href=/style>", $"<p id=late></p><p>{new string('x', PageBytes)}</p><img src=https://localhost:1/picture.png>{Shift}"));
            application.MapGet("/light", () => Html("", "<p>light</p>"));
            application.MapGet("/style", () => Results.Text("p{color:#123}", "text/css"));
            await application.StartAsync(TestContext.Current.CancellationToken);
            return new SmallSite(application, folder);
        }

        public async ValueTask DisposeAsync()
        {
            await application.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        private static IResult Html(string head, string body) => Results.Text($"<!doctype html><html lang=en><head><title>site</title>{head}</head><body>{body}</body></html>", "text/html");
    }
}
