using Microsoft.Playwright;

namespace Refill.Browser.Tests;

public sealed class AccessibilityTests(Chromium chromium)
{
    [Theory]
    [InlineData("<main><h1>A</h1><input></main>", "label")]
    [InlineData("<main><h1>A</h1><p style='color:#bbb;background:#fff'>pale</p></main>", "color-contrast")]
    [InlineData("<main><h1>A</h1><div style='width:500px'>wide</div></main>", "px wide")]
    public async Task A_planted_defect_is_found(string body, string expected)
    {
        await using var context = await chromium.OpenAsync(Device.SmallPhone);
        var page = await context.NewPageAsync();
        await page.SetContentAsync($"<!doctype html><html lang=en><head><title>planted</title><meta name=viewport content='width=device-width'></head><body>{body}</body></html>");

        var findings = await Accessibility.FindingsAsync(page);

        Assert.Contains(findings, finding => finding.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_pale_in_the_dark_is_found_when_the_colours_change()
    {
        await using var context = await chromium.OpenAsync(Device.SmallPhone with { Colours = ColorScheme.Light });
        var page = await context.NewPageAsync();
        await page.SetContentAsync("<!doctype html><html lang=en><head><title>planted</title><meta name=viewport content='width=device-width'><style>@media (prefers-color-scheme:dark){p{color:#444;background:#222}}</style></head><body><main><h1>A</h1><p>Text.</p></main></body></html>");
        Assert.Empty(await Accessibility.FindingsAsync(page));

        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });

        Assert.Contains(await Accessibility.FindingsAsync(page, "color-contrast"), finding => finding.Contains("color-contrast", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flawless_page_has_no_findings()
    {
        await using var context = await chromium.OpenAsync(Device.SmallPhone);
        var page = await context.NewPageAsync();
        await page.SetContentAsync("<!doctype html><html lang=en><head><title>fine</title><meta name=viewport content='width=device-width'></head><body><main><h1>A</h1><p>Text.</p></main></body></html>");

        Assert.Empty(await Accessibility.FindingsAsync(page));
    }
}
