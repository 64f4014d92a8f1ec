using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>Every page in every state is looked at by axe: three languages, light and dark, on a screen 320 px wide.</summary>
public sealed class EveryPageTests(Chromium chromium)
{
    [Fact]
    public async Task Axe_finds_nothing_on_any_page_in_any_language_light_or_dark_on_the_smallest_phone()
    {
        await using var world = await World.StartAsync(new WorldOptions(), TestContext.Current.CancellationToken);
        var sights = await Gallery.PrepareAsync(world, chromium);
        var findings = new ConcurrentBag<string>();
        foreach (var language in new[] { "zh-CN", "en-US", "es-MX" })
        {
            foreach (var colours in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await using var context = await chromium.OpenAsync(Device.SmallPhone with { Languages = language, Colours = colours });
                var visit = new Visit(await context.NewPageAsync(), world);
                foreach (var sight in sights)
                {
                    await sight.GoAsync(visit);
                    foreach (var finding in await Accessibility.FindingsAsync(visit.Page))
                    {
                        findings.Add($"{sight.Name}, {language}, {colours}: {finding}");
                    }
                }
            }
        }

        Assert.True(findings.IsEmpty, string.Join('\n', findings.Order()));
    }
}
