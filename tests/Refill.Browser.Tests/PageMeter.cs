using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>What one page cost a visitor behind the slow pipe.</summary>
/// <param name="DownBytes">What came down the pipe: TLS and HTTP/2 framing and, where the page opened the connection, its handshake.</param>
/// <param name="Requests">All requests on our origin, the page's own among them.</param>
/// <param name="RenderBlocking">The page itself and what it must wait for before it paints.</param>
/// <param name="FirstPaint">From the start of the navigation to the first content that is seen.</param>
/// <param name="NetworkTime">From the start of the navigation to the page's last byte.</param>
public sealed record PageCost(
    string Page, long DownBytes, long UpBytes, int Requests, int RenderBlocking, int Redirects, TimeSpan FirstPaint, TimeSpan LargestPaint, double LayoutShift, TimeSpan NetworkTime)
{
    public long Bytes => DownBytes + UpBytes;
}

/// <summary>Measures pages in Chromium through a <see cref="SlowPipe"/>.</summary>
public sealed class PageMeter
{
    /// <summary>Reads what the browser itself noted of the page, once it has painted.</summary>
    private const string ReadTimings = """
        async () => {
            const last = (type, wanted) => new Promise(resolve => {
                const observer = new PerformanceObserver(list => {
                    const found = list.getEntries().filter(wanted).at(-1);
                    if (found) { observer.disconnect(); resolve(found); }
                });
                observer.observe({ type, buffered: true });
            });
            // The list that `performance` keeps holds no shifts: only an observer is told of them, and of none is told nothing.
            let shift = 0;
            new PerformanceObserver(list => list.getEntries().forEach(entry => shift += entry.value)).observe({ type: 'layout-shift', buffered: true });
            const paint = await last('paint', entry => entry.name === 'first-contentful-paint');
            const largest = await last('largest-contentful-paint', () => true);
            await new Promise(resolve => setTimeout(resolve, 200));
            const navigation = performance.getEntriesByType('navigation')[0];
            return {
                firstPaint: paint.startTime,
                largestPaint: largest.startTime,
                layoutShift: shift,
                responseEnd: navigation.responseEnd,
                redirects: navigation.redirectCount,
                blocking: performance.getEntriesByType('resource').filter(entry => entry.renderBlockingStatus === 'blocking').length,
            };
        }
        """;

    private readonly SlowPipe pipe;
    private readonly IPage page;
    private readonly Uri origin;
    private readonly List<PageCost> costs = [];
    private readonly List<string> foreign = [];
    private int requests;

    /// <param name="origin">The storefront as the browser reaches it, through the pipe.</param>
    public PageMeter(SlowPipe pipe, IPage page, Uri origin)
    {
        (this.pipe, this.page, this.origin) = (pipe, page, origin);
        page.Request += (_, request) =>
        {
            if (request.Url.StartsWith(origin.AbsoluteUri, StringComparison.Ordinal))
            {
                Interlocked.Increment(ref requests);
            }
            else
            {
                foreign.Add(request.Url);
            }
        };
    }

    public IReadOnlyList<PageCost> Costs => costs;

    public int RequestsSoFar => Volatile.Read(ref requests);

    /// <summary>Addresses outside our origin that were asked for, in order.</summary>
    public IReadOnlyList<string> Foreign => foreign;

    /// <summary>What a step of the visitor's costs, up to the page that it ends on being loaded whole.</summary>
    public async Task<PageCost> MeasureAsync(string name, Func<Task> step)
    {
        var (down, up, asked) = (pipe.DownBytes, pipe.UpBytes, RequestsSoFar);
        await step();
        await page.WaitForLoadStateAsync(LoadState.Load);
        var timings = await page.EvaluateAsync<JsonElement>(ReadTimings);
        var cost = new PageCost(
            name,
            pipe.DownBytes - down,
            pipe.UpBytes - up,
            RequestsSoFar - asked,
            1 + timings.GetProperty("blocking").GetInt32(),
            timings.GetProperty("redirects").GetInt32(),
            Milliseconds(timings, "firstPaint"),
            Milliseconds(timings, "largestPaint"),
            timings.GetProperty("layoutShift").GetDouble(),
            Milliseconds(timings, "responseEnd"));
        costs.Add(cost);
        return cost;
    }

    /// <summary>The measurements as a table in Markdown.</summary>
    public static string Table(string title, IEnumerable<PageCost> costs)
    {
        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"## {title}").AppendLine()
            .AppendLine("| page | down B | up B | requests | render-blocking | redirects | first paint s | largest paint s | shift | network s |")
            .AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var cost in costs)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {cost.Page} | {cost.DownBytes} | {cost.UpBytes} | {cost.Requests} | {cost.RenderBlocking} | {cost.Redirects} | {cost.FirstPaint.TotalSeconds:F2} | {cost.LargestPaint.TotalSeconds:F2} | {cost.LayoutShift:F3} | {cost.NetworkTime.TotalSeconds:F2} |");
        }

        return text.ToString();
    }

    private static TimeSpan Milliseconds(JsonElement timings, string name) => TimeSpan.FromMilliseconds(timings.GetProperty(name).GetDouble());
}
