using System.Text.Json;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>What axe-core finds wrong with a page (all its rules, best practices among them), and whether it must be scrolled sideways.</summary>
public static class Accessibility
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <param name="rules">Only these; none: all of them.</param>
    public static async Task<IReadOnlyList<string>> FindingsAsync(IPage page, params string[] rules)
    {
        // Run in the page itself: Deque's own RunAxe opens a second page for each run to join the frames' results, and there are no frames.
        if (!await page.EvaluateAsync<bool>("typeof axe === 'object'"))
        {
            await page.EvaluateAsync(Axe);
        }

        Assert.Equal(0, await page.Locator("iframe").CountAsync());
        var violations = await page.EvaluateAsync<JsonElement>("async rules => (await axe.run(document, rules.length ? { runOnly: { type: 'rule', values: rules } } : {})).violations", rules);
        var findings = violations.EnumerateArray()
            .SelectMany(violation => violation.GetProperty("nodes").EnumerateArray().Select(node => $"{violation.GetProperty("id")} ({violation.GetProperty("help")}): {node.GetProperty("html")}"))
            .ToList();
        var (content, window) = (await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), page.ViewportSize!.Width);
        if (content > window)
        {
            findings.Add($"the page is {content} px wide in a window of {window} px");
        }

        return findings;
    }
}
