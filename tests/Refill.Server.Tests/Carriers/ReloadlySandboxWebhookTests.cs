using Refill.Carriers;

namespace Refill.Server.Tests.Carriers;

/// <summary>The sandbox's webhooks, signed by another hand, as the connector reads them.</summary>
public sealed class ReloadlySandboxWebhookTests
{
    private const string Healthy = "+12015550170";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("+12015550170")]
    [InlineData("+12015550175")]
    [InlineData("+12015550178")]
    public async Task A_webhook_names_the_top_up_that_was_decided(string number)
    {
        await using var listener = await WebhookListener.StartAsync();
        await using var sandbox = await CarrierSandbox.StartAsync(listener.Url);
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(number);
        await carrier.DeliverAsync(order, Cancellation);

        Assert.Equal(new CarrierNotification.Genuine(order.Id), carrier.Read(await listener.NextAsync(sandbox)));

        var known = Assert.IsType<DeliveryQuery.Known>(await carrier.QueryAsync(order, null, Cancellation));
        Assert.True(known.Outcome is DeliveryOutcome.Accepted or DeliveryOutcome.Rejected, $"{known}");
    }

    [Fact]
    public async Task A_webhook_that_comes_twice_is_the_same_reason_to_look()
    {
        await using var listener = await WebhookListener.StartAsync();
        await using var sandbox = await CarrierSandbox.StartAsync(listener.Url);
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);
        await sandbox.FaultAsync("webhook", "duplicate", Healthy);
        await carrier.DeliverAsync(order, Cancellation);

        Assert.Equal(new CarrierNotification.Genuine(order.Id), carrier.Read(await listener.NextAsync(sandbox)));
        Assert.Equal(new CarrierNotification.Genuine(order.Id), carrier.Read(await listener.NextAsync(sandbox)));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task A_webhook_with_a_bad_signature_is_refused()
    {
        await using var listener = await WebhookListener.StartAsync();
        await using var sandbox = await CarrierSandbox.StartAsync(listener.Url);
        var carrier = sandbox.Carrier();
        await sandbox.FaultAsync("webhook", "bad-signature", Healthy);
        await carrier.DeliverAsync(CarrierSandbox.Order(Healthy), Cancellation);

        Assert.Equal(new CarrierNotification.Refused("signature differs"), carrier.Read(await listener.NextAsync(sandbox)));
    }

    [Fact]
    public async Task A_webhook_that_is_played_again_later_or_altered_is_refused()
    {
        await using var listener = await WebhookListener.StartAsync();
        await using var sandbox = await CarrierSandbox.StartAsync(listener.Url);
        var carrier = sandbox.Carrier();
        await carrier.DeliverAsync(CarrierSandbox.Order(Healthy), Cancellation);
        var webhook = await listener.NextAsync(sandbox);
        var altered = webhook.Body.ToArray();
        altered[^2] ^= 1;

        Assert.IsType<CarrierNotification.Genuine>(carrier.Read(webhook));
        Assert.Equal(new CarrierNotification.Refused("signature differs"), carrier.Read(webhook with { Body = altered }));
        sandbox.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(new CarrierNotification.Refused("timestamp too old or too new"), carrier.Read(webhook));
    }
}
