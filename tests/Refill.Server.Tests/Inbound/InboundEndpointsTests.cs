using System.Text;
using System.Text.Json;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Server.Tests.Inbound;

/// <summary>Where gateways and carriers post to us, over real HTTP. No gateway is there to be asked, so nothing counts but what the notification itself proves.</summary>
public sealed class InboundEndpointsTests(InboundServer world) : IClassFixture<InboundServer>
{
    private const string Payments = "/inbound/payments/alipay";
    private const string Carriers = "/inbound/carriers/reloadly";
    private const int TenMegabytes = 10 * 1024 * 1024;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_payment_that_is_told_of_many_times_at_once_and_again_later_counts_once()
    {
        var order = await world.Here.OrderAsync();
        var body = GatewayNotification.Of(order, world.Here.Secrets);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.PostAsync(Payments, body)));
        await world.CompletedAsync(order.TopUpId);
        var replayed = await world.PostAsync(Payments, body);

        Assert.All(answers.Append(replayed), answer => Assert.Equal((200, "success", "text/plain"), answer));
        var after = await world.Here.StandingAsync(order.TopUpId);
        Assert.Equal((TopUpState.Completed, true), (after.State, Assert.Single(after.Payments).Paid));
        await world.SoundAsync();
    }

    [Theory]
    [InlineData("app_id", "2026000000000002")]
    [InlineData("seller_id", "2088000000000002")]
    [InlineData("out_trade_no", "0193f0000000700080000000000000ff")]
    [InlineData("out_trade_no", "' OR 1=1 --")]
    [InlineData("total_amount", "0.01")]
    [InlineData("trans_currency", "USD")]
    [InlineData("charset", "GBK")]
    public async Task Genuine_but_not_what_we_asked_for_is_refused_and_nothing_is_delivered(string name, string value)
    {
        var order = await world.Here.OrderAsync();

        var answer = await world.PostAsync(Payments, GatewayNotification.Of(order, world.Here.Secrets, (name, value)));

        Assert.Equal((400, "failure", "text/plain"), answer);
        await StillUnpaidAsync(order);
    }

    [Fact]
    public async Task Forged_in_any_way_is_refused_and_nothing_is_delivered()
    {
        var order = await world.Here.OrderAsync();
        var genuine = Encoding.ASCII.GetString(GatewayNotification.Of(order, world.Here.Secrets, ("trade_no", "1")));
        using var stranger = System.Security.Cryptography.RSA.Create(2048);
        foreach (var forged in new[]
        {
            Encoding.ASCII.GetBytes(genuine.Replace("trade_no=1", "trade_no=2", StringComparison.Ordinal)),
            Encoding.ASCII.GetBytes(genuine[..genuine.IndexOf("&sign=", StringComparison.Ordinal)]),
            Encoding.ASCII.GetBytes(genuine.Replace("sign_type=RSA2", "sign_type=RSA", StringComparison.Ordinal)),
            GatewayNotification.Of(order, world.Here.Secrets with { AlipayPrivateKey = stranger.ExportPkcs8PrivateKeyPem() }),
            GatewayNotification.Of(order, world.Here.Secrets with { AlipayPrivateKey = world.Here.Secrets.MerchantPrivateKey }),
        })
        {
            Assert.Equal((400, "failure", "text/plain"), await world.PostAsync(Payments, forged));
        }

        await StillUnpaidAsync(order);
    }

    [Theory]
    [InlineData("{\"out_trade_no\":\"1\"}", "application/json")]
    [InlineData("<xml><out_trade_no>1</out_trade_no></xml>", "text/xml")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"sign\"\r\n\r\n1\r\n--b--", "multipart/form-data; boundary=b")]
    [InlineData("", InboundServer.Form)]
    [InlineData("", null)]
    [InlineData("a=%zz", InboundServer.Form)]
    public async Task What_is_no_form_is_refused_whatever_it_calls_itself(string body, string? type) =>
        Assert.Equal((400, "failure", "text/plain"), await world.PostAsync(Payments, Encoding.UTF8.GetBytes(body), type));

    [Theory]
    [InlineData(Payments)]
    [InlineData(Carriers)]
    public async Task Ten_megabytes_are_refused_announced_or_not_without_being_read(string path)
    {
        var announced = await RawHttp.AskAsync(world.Server.Url, $"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {TenMegabytes}\r\n\r\n", Cancellation);
        var chunked = await RawHttp.AskAsync(world.Server.Url, $"POST {path} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n{TenMegabytes:x}\r\n{new string('a', 70_000)}", Cancellation);

        Assert.Equal((413, 413), (announced.Status, chunked.Status));
        Assert.DoesNotContain("text/html", announced.Answer + chunked.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_just_as_long_as_may_be_is_read()
    {
        Assert.Equal(400, (await world.PostAsync(Payments, Encoding.ASCII.GetBytes("a=".PadRight(64 * 1024, 'a')))).Status);
        Assert.Equal(413, (await world.PostAsync(Payments, Encoding.ASCII.GetBytes("a=".PadRight((64 * 1024) + 1, 'a')))).Status);
    }

    [Theory]
    [InlineData("GET", Payments, 405)]
    [InlineData("PUT", Payments, 405)]
    [InlineData("DELETE", Carriers, 405)]
    [InlineData("GET", Carriers, 405)]
    [InlineData("POST", "/inbound/payments/nobody", 404)]
    [InlineData("POST", "/inbound/carriers/nobody", 404)]
    [InlineData("POST", "/inbound/carriers/own", 404)]
    [InlineData("POST", "/inbound", 404)]
    public async Task Another_method_or_address_is_refused_without_a_page(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent("a=b", Encoding.ASCII, "application/x-www-form-urlencoded");
        }

        using var answer = await world.Server.Http.SendAsync(request, Cancellation);

        Assert.Equal((status, ""), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation)));
        Assert.Equal(status == 405 ? ["POST"] : [], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_webhook_is_a_reason_to_look_and_no_more_however_often_it_comes()
    {
        var order = await world.Here.OrderAsync();
        await world.PostAsync(Payments, GatewayNotification.Of(order, world.Here.Secrets));
        await world.CompletedAsync(order.TopUpId);
        var body = Webhook(order.TopUpId);

        foreach (var _ in Enumerable.Range(0, 3))
        {
            Assert.Equal(200, await world.WebhookAsync(body));
        }

        Assert.Equal(TopUpState.Completed, (await world.Here.StandingAsync(order.TopUpId)).State);
        await world.SoundAsync();
    }

    [Fact]
    public async Task A_webhook_that_is_forged_old_early_or_about_nothing_of_ours_is_refused_and_leaves_no_work()
    {
        var order = await world.Here.OrderAsync();
        var body = Webhook(order.TopUpId);
        var stranger = CellId.New(new Cell(7), TimeProvider.System);

        Assert.Equal(400, await world.WebhookAsync(body, secret: "another secret"));
        Assert.Equal(400, await world.WebhookAsync(body, signature: ""));
        Assert.Equal(400, await world.WebhookAsync(body, signature: new string('0', 64)));
        Assert.Equal(400, await world.WebhookAsync(body, ago: TimeSpan.FromMinutes(6)));
        Assert.Equal(400, await world.WebhookAsync(body, ago: TimeSpan.FromMinutes(-6)));
        Assert.Equal(400, await world.WebhookAsync("{}"u8.ToArray()));
        Assert.Equal(400, await world.WebhookAsync("not JSON"u8.ToArray()));
        Assert.Equal(400, await world.WebhookAsync(Webhook(stranger)));
        Assert.Equal(400, (await world.PostAsync(Carriers, body, "application/json")).Status);

        await StillUnpaidAsync(order);
        Assert.Equal(0, await world.Here.SqlAsync($"UPDATE work SET kind = kind WHERE kind = '{TopUpSteps.DeliverWork}' AND subject IN (X'{Convert.ToHexString(order.TopUpId.ToByteArray(true))}', X'{Convert.ToHexString(stranger.ToByteArray(true))}')"));
    }

    [Fact]
    public async Task Every_line_of_the_log_is_one_JSON_object_and_holds_nothing_of_what_was_sent()
    {
        var order = await world.Here.OrderAsync();
        var genuine = GatewayNotification.Of(order, world.Here.Secrets, ("buyer_logon_id", "li***@example.org"), ("subject", "for +12015550123 (201) 555-0123"));
        var forged = GatewayNotification.Of(order, world.Here.Secrets with { AlipayPrivateKey = world.Here.Secrets.MerchantPrivateKey }, ("buyer_logon_id", "li***@example.org"));
        await world.PostAsync(Payments, forged);
        await world.PostAsync(Payments + "?sign=cXVlcnk%3D&number=%2B12015550123", forged);
        await world.PostAsync(Payments, genuine, InboundServer.Form, ("Authorization", "Bearer token-of-a-stranger"), ("Cookie", "a=cookie-of-a-stranger"));
        await world.CompletedAsync(order.TopUpId);
        await world.WebhookAsync(Webhook(order.TopUpId), secret: "another secret");
        await RawHttp.AskAsync(world.Server.Url, $"POST {Payments} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n{TenMegabytes:x}\r\n{new string('a', 70_000)}", Cancellation);

        var log = world.Server.Output;
        Assert.Empty(world.Server.Errors);
        Assert.Contains(log, line => line.Contains(order.TopUpId.ToString(), StringComparison.Ordinal));
        Assert.All(log, line => Assert.Equal(JsonValueKind.String, JsonDocument.Parse(line).RootElement.GetProperty("Message").ValueKind));
        Assert.All(log, line => Assert.DoesNotMatch(@"2015550123|555.0123|li\*\*\*|sign=|cXVlcnk|of-a-stranger|aaaaaaaa|BEGIN|""Exception""", line));
        Assert.All([world.Here.Secrets.ReloadlyWebhookSecret, world.Here.Secrets.ReloadlyClientSecret], secret => Assert.DoesNotContain(log, line => line.Contains(secret, StringComparison.Ordinal)));
    }

    private static byte[] Webhook(Guid topUpId) => Encoding.UTF8.GetBytes($$$"""{"type":"airtime_transaction.status","data":{"status":"SUCCESSFUL","customIdentifier":"rf-{{{CellId.ToText(topUpId)}}}"}}""");

    private async Task StillUnpaidAsync(OpenOrder order)
    {
        var standing = await world.Here.StandingAsync(order.TopUpId);
        Assert.Equal((TopUpState.AwaitingPayment, false), (standing.State, Assert.Single(standing.Payments).Paid));
        await world.SoundAsync();
    }
}
