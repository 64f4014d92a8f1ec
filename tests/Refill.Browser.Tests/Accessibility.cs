using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>What axe-core finds wrong with a page (all its rules, best practices among them), and whether it must be scrolled sideways.</summary>
public static class Accessibility
{
    /// <param name="rules">Only these; none: all of them.</param>
    public static async Task<IReadOnlyList<string>> FindingsAsync(IPage page, params string[] rules)
    {
        var result = await page.RunAxe(rules.Length == 0 ? new AxeRunOptions() : new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "rule", Values = [.. rules] } });
        var findings = result.Violations
            .SelectMany(violation => violation.Nodes.Select(node => $"{violation.Id} ({violation.Help}): {node.Html}"))
            .ToList();
        var (content, window) = (await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), page.ViewportSize!.Width);
        if (content > window)
        {
            findings.Add($"the page is {content} px wide in a window of {window} px");
        }

        return findings;
    }
}
