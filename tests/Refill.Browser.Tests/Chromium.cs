using Microsoft.Playwright;
using Refill.Browser.Tests;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Refill.Browser.Tests;

/// <summary>What a visitor sits in front of.</summary>
/// <param name="Languages">As Accept-Language names them, the most wanted first.</param>
public sealed record Device(int WidthPixels, int HeightPixels, string Languages = "en-US", ColorScheme Colours = ColorScheme.Light, bool JavaScript = true)
{
    public static readonly Device Phone = new(360, 740);
    public static readonly Device SmallPhone = new(320, 640);
    public static readonly Device Desktop = new(1280, 900);

    /// <summary>A window on a desktop as narrow as a phone: what is offered depends on the browser, not on its width.</summary>
    public static readonly Device NarrowDesktop = new(360, 740) { IsPhone = false };

    /// <summary>The browser within WeChat, on a phone.</summary>
    public static readonly Device WeChat = new(360, 740) { Agent = WeChatAgent };

    /// <summary>By it the storefront tells a phone from a desktop where the browser sends no hint.</summary>
    public const string PhoneAgent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

    /// <summary>As WeChat's browser on Android names itself.</summary>
    public const string WeChatAgent = PhoneAgent + " XWEB/1400055 MMWEBSDK/20240501 MicroMessenger/8.0.50.2701(0x2800325B) WeChat/arm64 NetType/4G Language/zh_CN";

    public bool IsPhone { get; init; } = WidthPixels < 600;

    /// <summary>What it calls itself, if not as its kind does.</summary>
    public string? Agent { get; init; }

    public BrowserNewContextOptions ContextOptions() => new()
    {
        ViewportSize = new ViewportSize { Width = WidthPixels, Height = HeightPixels },
        Locale = Languages,
        ColorScheme = Colours,
        JavaScriptEnabled = JavaScript,
        TimezoneId = "America/Los_Angeles",
        UserAgent = Agent ?? (IsPhone ? PhoneAgent : null),
        IsMobile = IsPhone,
        HasTouch = IsPhone,
        ReducedMotion = ReducedMotion.Reduce,
    };
}

/// <summary>The one Chromium of a test run; every test opens a context of its own in it, with its own cookies and cache.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        // Not Playwright's IgnoreHTTPSErrors: with it Chromium connects a second time for every certificate that it forgives, which no visitor's browser does.
        "--ignore-certificate-errors",
    ];

    private IPlaywright? playwright;
    private IBrowser? browser;

    public IBrowser Browser => browser ?? throw new InvalidOperationException("Chromium has not been started");

    public async ValueTask InitializeAsync()
    {
        // Playwright's own downloads are not used: the system's Chromium is what ./test installs.
        var path = Environment.GetEnvironmentVariable("REFILL_TEST_CHROMIUM");
        if (string.IsNullOrEmpty(path))
        {
            throw new InvalidOperationException("REFILL_TEST_CHROMIUM must name a Chromium; ./test sets it");
        }

        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
    }

    public Task<IBrowserContext> OpenAsync(Device device) => Browser.NewContextAsync(device.ContextOptions());
}
