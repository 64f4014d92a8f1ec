using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Refill.Server.Tests.Storefront;

/// <summary>How a top-up stands: refreshed without script, told by one long request with it.</summary>
public sealed class StatusPageTests(SharedStorefront shared) : IClassFixture<SharedStorefront>
{
    /// <summary>pages.md, C3: one answer of the long poll with its headers.</summary>
    private const int MostPollBytes = 300;

    /// <summary>pages.md, C3: the longest that it may be kept waiting.</summary>
    private const int LongestPollSeconds = 25;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StorefrontRig Rig => shared.Rig;

    [Fact]
    public async Task Without_script_a_page_that_will_change_refreshes_itself_and_one_that_will_not_does_not()
    {
        using var visitor = Rig.Visitor();

        var waiting = await visitor.GetAsync(await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard));
        var quoted = await visitor.GetAsync((await visitor.QuoteAsync(StorefrontRig.OwnCard)).Address.Replace("/confirm", "", StringComparison.Ordinal));
        var done = await visitor.GetAsync(await visitor.TopUpAsync());

        Assert.Equal(["AwaitingPayment", "Quoted", "Completed"], new[] { waiting, quoted, done }.Select(page => page.State));
        var seconds = waiting.Page.QuerySelector("noscript meta[http-equiv=refresh]")!.GetAttribute("content")!;
        Assert.InRange(int.Parse(seconds, CultureInfo.InvariantCulture), 1, 60);
        Assert.All([quoted, done], page => Assert.Null(page.Page.QuerySelector("meta[http-equiv=refresh], main[data-poll]")));
    }

    [Fact]
    public async Task The_long_poll_answers_at_once_when_the_page_is_out_of_date()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);
        var page = await visitor.GetAsync(status);

        // The clock stands still: an answer that waited would never come.
        var version = await visitor.VersionAfterAsync(status, WebVisitor.VersionOf(page) - 1);

        Assert.Equal(WebVisitor.VersionOf(page), version);
        Assert.Equal(status + "/state", page.Page.QuerySelector("main")!.GetAttribute("data-poll"));
    }

    [Fact]
    public async Task The_long_poll_answers_when_something_has_happened()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);
        var seen = WebVisitor.VersionOf(await visitor.GetAsync(status));
        var poll = visitor.VersionAfterAsync(status, seen);

        await visitor.PostAsync(status + "/cancel");

        Assert.True(await poll > seen);
        Assert.Equal("Cancelled", (await visitor.GetAsync(status)).State);
    }

    [Fact]
    public async Task The_long_poll_ends_with_what_is_known_when_its_time_is_over()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);
        var seen = WebVisitor.VersionOf(await visitor.GetAsync(status));
        var poll = visitor.VersionAfterAsync(status, seen);

        var seconds = 0;
        while (await Task.WhenAny(poll, Task.Delay(BetweenLooks, Cancellation)) != poll)
        {
            Rig.Clock.Advance(TimeSpan.FromSeconds(1));
            seconds++;
        }

        Assert.Equal(seen, await poll);
        Assert.True(seconds >= LongestPollSeconds, $"it waited {seconds} s by the clock");
    }

    [Fact]
    public async Task An_answer_of_the_long_poll_is_small()
    {
        using var visitor = Rig.Visitor();
        var status = await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(Rig.Url.Host, Rig.Url.Port, Cancellation);
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {status}/state?seen=0 HTTP/1.1\r\nHost: {Rig.Url.Authority}\r\nAccept-Encoding: br\r\nConnection: close\r\n\r\n"), Cancellation);
        using var bytes = new MemoryStream();
        await tcp.GetStream().CopyToAsync(bytes, Cancellation);
        var answer = Encoding.ASCII.GetString(bytes.ToArray());

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("{\"version\":", answer, StringComparison.Ordinal);
        Assert.True(bytes.Length <= MostPollBytes, $"{bytes.Length} bytes:\n{answer}");
    }

    [Fact]
    public async Task While_it_waits_a_code_is_shown_that_says_what_it_is_and_a_payment_can_be_asked_after_changed_or_given_up()
    {
        using var visitor = Rig.Visitor("es");

        var waiting = await visitor.GetAsync(await visitor.AwaitPaymentAsync(StorefrontRig.OwnCard));

        Assert.Equal("Escanéalo con Alipay", waiting.Page.QuerySelector(".qr svg[role=img]")!.GetAttribute("aria-label"));
        Assert.All(["#check", "#pay-again", "#cancel", "#order-code", "#qr-open"], id => Assert.NotNull(waiting.Page.QuerySelector(id)));
    }

    [Fact]
    public async Task The_confirm_page_of_a_top_up_that_is_paid_leads_to_how_it_stands()
    {
        using var visitor = Rig.Visitor();
        var done = await visitor.TopUpAsync();

        var back = await visitor.GetAsync(done + "/confirm");
        var paying = await visitor.PostAsync(done + "/pay", ("way", "alipay.wap"), ("repeat", StorefrontRig.OwnCard));

        Assert.Equal((HttpStatusCode.Redirect, done), (back.Status, back.Headers.Location!.OriginalString));
        Assert.Equal((HttpStatusCode.SeeOther, done), (paying.Status, paying.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task The_number_is_masked()
    {
        using var visitor = Rig.Visitor();

        var done = await visitor.GetAsync(await visitor.TopUpAsync());

        Assert.Contains("(***) ***-0123", done.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("555", done.Words, StringComparison.Ordinal);
    }
}
