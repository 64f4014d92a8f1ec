using System.Diagnostics;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Refill.TopUps;

namespace Refill.Browser.Tests;

/// <summary>What a visitor does when the server has gone away.</summary>
public enum ServerDeath
{
    /// <summary>It must not: the test fails.</summary>
    Fails,

    /// <summary>It killed itself, as it was told to: the visitor has it started again.</summary>
    IsMended,

    /// <summary>Somebody else starts it again; the visitor keeps trying.</summary>
    IsWaitedOut,
}

/// <summary>
/// One first top-up by a <see cref="PlainVisitor"/> who does on each page what the page asks for, and who reloads when the server has gone away:
/// a journey that can be broken off anywhere and goes on where it was.
/// </summary>
/// <param name="way">The button that is pressed: "alipay.wap".</param>
public sealed class PlainTopUp(World world, string number, string way = PlainTopUp.AlipayPage) : IDisposable
{
    public const string AlipayPage = "alipay.page";

    /// <summary>Every way that the demo has, each with the browser that it is meant for.</summary>
    public static readonly IReadOnlyList<string> Ways = [AlipayPage, "alipay.wap", "alipay.qr", "wechatpay.qr", "wechatpay.wap", "wechatpay.inapp", "stripe.page"];

    /// <summary>From the first page to the end; carriers' second thoughts and one restart are in it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    /// <summary>Steps of one journey; more would mean that it goes in circles.</summary>
    private const int MaxSteps = 2_000;

    private readonly PlainVisitor visitor = new(agent: way.Split('.')[1] switch { "wap" => Device.PhoneAgent, "inapp" => Device.WeChatAgent, _ => null });
    private readonly PlainVisitor scanner = new(agent: Device.PhoneAgent);

    public void Dispose()
    {
        visitor.Dispose();
        scanner.Dispose();
    }

    /// <summary>The code that was paid last.</summary>
    private string? scanned;

    /// <summary>How often the server died under the visitor.</summary>
    public int Deaths { get; private set; }

    /// <summary>Goes on until the top-up has ended or needs a person.</summary>
    public async Task<TopUpState> RunAsync(ServerDeath death, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await StepAsync(() => visitor.GoAsync(world.Url, cancellation), death, cancellation);
        for (var step = 0; step < MaxSteps; step++)
        {
            if (State is TopUpState.Completed or TopUpState.Refunded or TopUpState.NeedsReview or TopUpState.Expired or TopUpState.Cancelled)
            {
                return State.Value;
            }

            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException($"after {Patience} the visitor is at {visitor.Location} ({visitor.Status}), {State?.ToString() ?? "before payment"}:\n{visitor.Page.Body?.TextContent}");
            }

            await StepAsync(() => ActAsync(cancellation), death, cancellation);
        }

        throw new InvalidOperationException($"no end after {MaxSteps} steps:\n{string.Join('\n', visitor.Trail.TakeLast(10))}");
    }

    /// <summary>The state that the present page shows; null on the pages before payment.</summary>
    private TopUpState? State => visitor.Page.QuerySelector("[data-state]")?.GetAttribute("data-state") is { } state ? Enum.Parse<TopUpState>(state) : null;

    private async Task ActAsync(CancellationToken cancellation)
    {
        if (visitor.Location.Port == world.SandboxUrl.Port)
        {
            var pay = Form("form");
            await visitor.SubmitAsync(pay, [], pay.QuerySelector("#pay, #back"), cancellation);
        }
        else if (visitor.Page.QuerySelector("#card") is not null)
        {
            await AskForAsync(visitor, number, cancellation);
        }
        else if (visitor.Page.QuerySelector($"button[name=way][value='{way}']") is { } button)
        {
            await visitor.SubmitAsync(Form("form:has(button[name=way])"), [new("repeat", number)], button, cancellation);
        }
        else if (visitor.Page.QuerySelector("#stand-in") is { } app)
        {
            await visitor.GoAsync(new Uri(app.GetAttribute("href")!), cancellation);
        }
        else if (visitor.Page.QuerySelector("#qr-open") is { } code && scanned != code.GetAttribute("href"))
        {
            await ScanAsync(scanned = code.GetAttribute("href")!, cancellation);
        }
        else if (visitor.Page.QuerySelector("button[name=plan]") is { } plan)
        {
            await visitor.SubmitAsync(Form("form:has(button[name=plan])"), [], plan, cancellation);
        }
        else
        {
            await Pause.ShortAsync(cancellation);
            await visitor.GoAsync(visitor.Location, cancellation);
        }
    }

    /// <summary>With the other device, on which the app is: pays once, and looks at the code no more.</summary>
    private async Task ScanAsync(string code, CancellationToken cancellation)
    {
        await scanner.GoAsync(new Uri(code), cancellation);
        if (scanner.Page.QuerySelector("#pay") is { } pay)
        {
            await scanner.SubmitAsync(Form(scanner, "form"), [], pay, cancellation);
        }
    }

    /// <summary>Types a number on the home page and sends it.</summary>
    public static Task AskForAsync(PlainVisitor visitor, string typed, CancellationToken cancellation) =>
        visitor.SubmitAsync(Form(visitor, "form:has(#card)"), [new("card", typed)], null, cancellation);

    private IHtmlFormElement Form(string selector) => Form(visitor, selector);

    private static IHtmlFormElement Form(PlainVisitor visitor, string selector) => visitor.Page.QuerySelector<IHtmlFormElement>(selector)
        ?? throw new InvalidOperationException($"no {selector} at {visitor.Location} ({visitor.Status}):\n{visitor.Page.Body?.OuterHtml}");

    private async Task StepAsync(Func<Task> step, ServerDeath death, CancellationToken cancellation)
    {
        try
        {
            await step();
        }
        catch (HttpRequestException) when (death != ServerDeath.Fails)
        {
            // The line broke: once the server is back, the visitor looks at the page again.
            await Pause.ShortAsync(cancellation);
        }

        if (death == ServerDeath.IsMended && world.Server.HasEnded)
        {
            var ended = await world.Server.EndAsync(cancellation);
            Assert.Equal(RunningServer.KilledExitCode, ended.ExitCode);
            Deaths++;
            await world.RestartServerAsync(cancellation);
        }
    }
}
