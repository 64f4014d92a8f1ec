using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>Every page in every state is looked at by axe: three languages, light and dark, on a screen 320 px wide.</summary>
public sealed class EveryPageTests(Chromium chromium)
{
    [Theory]
    [InlineData("zh-CN")]
    [InlineData("en-US")]
    [InlineData("es-MX")]
    public async Task Axe_finds_nothing_on_any_page_light_or_dark_on_the_smallest_phone(string language)
    {
        await using var world = await World.StartAsync(new WorldOptions(), TestContext.Current.CancellationToken);
        var (sights, findings) = (await Gallery.PrepareAsync(world, chromium), new List<string>());
        await using var context = await chromium.OpenAsync(Device.SmallPhone with { Languages = language, Colours = ColorScheme.Light });
        var visit = new Visit(await context.NewPageAsync(), world);
        await using var app = await chromium.OpenAsync(Device.SmallPhone with { Languages = language, Colours = ColorScheme.Light, Agent = Device.WeChatAgent });
        await LookAsync(sights, visit, findings);
        await LookAsync(Gallery.InWeChat, new Visit(await app.NewPageAsync(), world), findings);

        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }

    private static async Task LookAsync(IReadOnlyList<Sight> sights, Visit visit, List<string> findings)
    {
        foreach (var sight in sights)
        {
            await visit.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
            await sight.GoAsync(visit);
            findings.AddRange((await Accessibility.FindingsAsync(visit.Page)).Select(finding => $"{sight.Name}, light: {finding}"));

            // The same page with other colours: what is about colours is looked at again.
            await visit.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
            findings.AddRange((await Accessibility.FindingsAsync(visit.Page, "color-contrast", "link-in-text-block")).Select(finding => $"{sight.Name}, dark: {finding}"));
        }
    }
}
