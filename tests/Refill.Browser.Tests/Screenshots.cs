using Microsoft.Playwright;

namespace Refill.Browser.Tests;

/// <summary>For ./test --screenshots: every page as people see it, in artifacts/screenshots.</summary>
public sealed class Screenshots(Chromium chromium)
{
    [Fact(Explicit = true)]
    [Trait("mode", "screenshots")]
    public async Task Every_page_is_pictured_small_and_large_light_and_dark_in_Chinese_and_English()
    {
        await using var world = await World.StartAsync(new WorldOptions(), TestContext.Current.CancellationToken);
        var sights = await Gallery.PrepareAsync(world, chromium);
        foreach (var device in new[] { Device.Phone, Device.Desktop, Device.WeChat })
        {
            foreach (var language in new[] { "zh-CN", "en-US" })
            {
                foreach (var colours in new[] { ColorScheme.Light, ColorScheme.Dark })
                {
                    await using var context = await chromium.OpenAsync(device with { Languages = language, Colours = colours });
                    var visit = new Visit(await context.NewPageAsync(), world);
                    foreach (var sight in device.Agent == Device.WeChatAgent ? Gallery.InWeChat : sights)
                    {
                        await sight.GoAsync(visit);
                        var path = Artifacts.PathOf($"screenshots/{sight.Name}-{device.WidthPixels}-{language[..2]}-{colours.ToString().ToLowerInvariant()}.png");
                        var picture = await visit.Page.ScreenshotAsync(new PageScreenshotOptions { Path = path, FullPage = true });
                        Assert.NotEmpty(picture);
                    }
                }
            }
        }
    }
}
