using System.Collections.Concurrent;
using System.Diagnostics;
using Refill.Carriers;
using Refill.Units;

namespace Refill.Server.Tests.Carriers;

/// <summary>The connector against the sandbox over real HTTP: whatever happens on the way, the sandbox's own books show at most one credit.</summary>
public sealed class ReloadlySandboxTests
{
    private const string Healthy = "+12015550170";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("+12015550110", "mint", "9101")]
    [InlineData("+12015550130", "visible", "9102")]
    [InlineData("+12015550150", "cricket", "9103")]
    [InlineData("+12015550160", "metro", "9104")]
    [InlineData("+12015550170", "tello", "9108")]
    [InlineData("+12015550180", "us-mobile", "9107")]
    [InlineData("+12015550190", "boost", "9105")]
    [InlineData("+12125550110", "straight-talk", "9106")]
    [InlineData("+12125550130", "google-fi", "9109")]
    public async Task A_number_leads_to_its_carrier(string number, string carrierCode, string reference)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();

        Assert.Equal(new CardInquiry.Found(carrierCode, null, null, reference), await sandbox.Carrier().InquireAsync(CarrierSandbox.Card(number), Cancellation));
    }

    [Theory]
    [InlineData("+12015550100")]
    [InlineData("+12015550123")]
    [InlineData("+12015550145")]
    [InlineData("+12125550120")]
    [InlineData("+12065550170")]
    public async Task A_number_that_the_sandbox_does_not_know_is_not_found(string number)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();

        Assert.IsType<CardInquiry.NotFound>(await sandbox.Carrier().InquireAsync(CarrierSandbox.Card(number), Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_top_up_of_a_healthy_number_is_credited_once_however_often_it_is_sent(bool asynchronous)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier(asynchronous);
        var order = CarrierSandbox.Order(Healthy);

        var first = await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation));
        var again = await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation));
        var onceMore = await sandbox.Carrier(!asynchronous).DeliverAsync(order, Cancellation);

        var accepted = Assert.IsType<DeliveryOutcome.Accepted>(first);
        Assert.NotEmpty(accepted.CarrierReference);
        Assert.InRange(accepted.Cost!.Value.Minor, 1, 1400);
        Assert.Equal(first, again);
        Assert.Equal(first, onceMore);
        Assert.Equal([$"rf-{CellId.ToText(order.Id)}"], await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task What_the_journey_asks_by_transaction_id_and_by_identifier_is_the_same()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);
        var number = Assert.IsType<DeliveryOutcome.Pending>(await carrier.DeliverAsync(order, Cancellation)).CarrierNumber;
        await sandbox.SettleAsync(carrier, order, new DeliveryOutcome.Pending(number));

        Assert.Equal(await carrier.QueryAsync(order, number, Cancellation), await carrier.QueryAsync(order, null, Cancellation));
    }

    [Fact]
    public async Task A_top_up_that_was_never_sent_is_not_found()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var other = CarrierSandbox.Order(Healthy);
        await carrier.DeliverAsync(other, Cancellation);

        Assert.IsType<DeliveryQuery.NotFound>(await carrier.QueryAsync(CarrierSandbox.Order(Healthy), null, Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_number_that_the_carrier_refuses_is_rejected_and_not_credited(bool asynchronous)
    {
        const string Refused = "+12015550177";
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier(asynchronous);
        var order = CarrierSandbox.Order(Refused);

        Assert.IsType<CardInquiry.Found>(await carrier.InquireAsync(order.Card, Cancellation));
        Assert.IsType<DeliveryOutcome.Rejected>(await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation)));
        Assert.Empty(await sandbox.CreditsAsync(Refused));
    }

    [Fact]
    public async Task An_amount_that_the_operator_does_not_have_is_rejected()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();

        var rejected = Assert.IsType<DeliveryOutcome.Rejected>(await sandbox.Carrier().DeliverAsync(CarrierSandbox.Order(Healthy, amount: "13.99"), Cancellation));

        Assert.Equal(DeliveryRefusal.PlanNotAvailable, rejected.Reason);
        Assert.Empty(await sandbox.CreditsAsync(Healthy));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_top_up_whose_answer_is_lost_is_unknown_then_found_and_credited_once(bool asynchronous)
    {
        const string LostAnswer = "+12015550179";
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier(asynchronous);
        var order = CarrierSandbox.Order(LostAnswer);

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await carrier.DeliverAsync(order, Cancellation));
        Assert.False(unknown.NothingSent);
        var settled = await sandbox.SettleAsync(carrier, order, unknown);
        var again = await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation));

        Assert.IsType<DeliveryOutcome.Accepted>(settled);
        Assert.Equal(settled, again);
        Assert.Single(await sandbox.CreditsAsync(LostAnswer));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slow_top_up_is_unknown_when_our_patience_ends_and_credited_once_in_the_end(bool asynchronous)
    {
        const string Slow = "+12015550176";
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier(asynchronous, timeoutSeconds: 1);
        var order = CarrierSandbox.Order(Slow);

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await sandbox.LetTimePassOnceCreditedAsync(order.Card.Value, carrier.DeliverAsync(order, Cancellation)));
        Assert.False(unknown.NothingSent);
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, unknown));
        Assert.Single(await sandbox.CreditsAsync(Slow));
    }

    [Theory]
    [InlineData("+12015550175", 20, typeof(DeliveryOutcome.Rejected), 0)]
    [InlineData("+12015550178", 60, typeof(DeliveryOutcome.Accepted), 1)]
    public async Task A_top_up_that_waits_at_the_carrier_is_pending_until_it_is_decided(string number, int seconds, Type decided, int credits)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(number);

        var pending = Assert.IsType<DeliveryOutcome.Pending>(await carrier.DeliverAsync(order, Cancellation));
        foreach (var byNumber in new[] { pending.CarrierNumber, null })
        {
            Assert.Equal(new DeliveryQuery.Known(pending), await carrier.QueryAsync(order, byNumber, Cancellation));
        }

        sandbox.Time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal(new DeliveryQuery.Known(pending), await carrier.QueryAsync(order, pending.CarrierNumber, Cancellation));
        sandbox.Time.Advance(TimeSpan.FromSeconds(2));

        var known = Assert.IsType<DeliveryQuery.Known>(await carrier.QueryAsync(order, pending.CarrierNumber, Cancellation));
        Assert.IsType(decided, known.Outcome);
        Assert.Equal(credits, (await sandbox.CreditsAsync(number)).Length);
    }

    [Theory]
    [InlineData("topup-async", "lost-answer")]
    [InlineData("topup-async", "slow")]
    public async Task A_fault_after_the_top_up_was_taken_leaves_one_credit(string point, string fault)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        await sandbox.FaultAsync(point, fault, Healthy, seconds: 3);
        var carrier = sandbox.Carrier(timeoutSeconds: 1);
        var order = CarrierSandbox.Order(Healthy);

        var unknown = Assert.IsType<DeliveryOutcome.Unknown>(await sandbox.LetTimePassOnceCreditedAsync(order.Card.Value, carrier.DeliverAsync(order, Cancellation)));
        Assert.False(unknown.NothingSent);
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, unknown));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task A_500_is_unknown_and_the_same_top_up_sent_again_is_credited_once()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        await sandbox.FaultAsync("topup-async", "error-500", Healthy);
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);

        Assert.False(Assert.IsType<DeliveryOutcome.Unknown>(await carrier.DeliverAsync(order, Cancellation)).NothingSent);
        Assert.IsType<DeliveryQuery.NotFound>(await carrier.QueryAsync(order, null, Cancellation));
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation)));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Theory]
    [InlineData("status")]
    [InlineData("report")]
    public async Task A_question_that_fails_leaves_it_unknown_until_the_next(string point)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);
        var number = Assert.IsType<DeliveryOutcome.Pending>(await carrier.DeliverAsync(order, Cancellation)).CarrierNumber;
        await sandbox.FaultAsync(point, "error-500", Healthy);

        var known = Assert.IsType<DeliveryQuery.Known>(await carrier.QueryAsync(order, point == "status" ? number : null, Cancellation));

        Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, new DeliveryOutcome.Pending(number)));
    }

    [Theory]
    [InlineData("status", "wrong-amount")]
    [InlineData("status", "wrong-currency")]
    [InlineData("report", "wrong-amount")]
    [InlineData("report", "wrong-currency")]
    public async Task An_answer_about_another_amount_or_currency_is_not_believed(string point, string fault)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);
        var number = Assert.IsType<DeliveryOutcome.Pending>(await carrier.DeliverAsync(order, Cancellation)).CarrierNumber;
        var accepted = await sandbox.SettleAsync(carrier, order, new DeliveryOutcome.Pending(number));
        await sandbox.FaultAsync(point, fault, Healthy);

        var known = Assert.IsType<DeliveryQuery.Known>(await carrier.QueryAsync(order, point == "status" ? number : null, Cancellation));

        Assert.IsType<DeliveryOutcome.Unknown>(known.Outcome);
        Assert.Equal(new DeliveryQuery.Known(accepted), await carrier.QueryAsync(order, number, Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_healthy_number_whose_top_up_is_made_to_wait_is_pending_and_then_credited(bool asynchronous)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier(asynchronous);
        var order = CarrierSandbox.Order(Healthy);
        await sandbox.FaultAsync(asynchronous ? "topup-async" : "topup", "pending", Healthy, seconds: 120);

        var pending = Assert.IsType<DeliveryOutcome.Pending>(await carrier.DeliverAsync(order, Cancellation));
        Assert.Equal(new DeliveryQuery.Known(pending), await carrier.QueryAsync(order, pending.CarrierNumber, Cancellation));
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, pending));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task A_report_that_does_not_show_the_top_up_yet_does_not_lead_to_a_second_credit()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);
        await sandbox.FaultAsync("topup-async", "lost-answer", Healthy);
        await sandbox.FaultAsync("report", "never", Healthy);

        Assert.IsType<DeliveryOutcome.Unknown>(await carrier.DeliverAsync(order, Cancellation));
        Assert.IsType<DeliveryQuery.NotFound>(await carrier.QueryAsync(order, null, Cancellation));
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation)));
        Assert.Single(await sandbox.CreditsAsync(Healthy));
    }

    [Theory]
    [InlineData("error-500")]
    [InlineData("lost-answer")]
    [InlineData("slow")]
    public async Task A_lookup_that_fails_says_that_the_carrier_does_not_answer(string fault)
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        await sandbox.FaultAsync("lookup", fault, Healthy, seconds: 3, times: 2);

        Assert.IsType<CardInquiry.Unknown>(await sandbox.LetTimePassAsync(sandbox.Carrier(timeoutSeconds: 1).InquireAsync(CarrierSandbox.Card(Healthy), Cancellation)));
    }

    [Fact]
    public async Task With_a_wrong_secret_nothing_is_known_and_nothing_is_sent()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        var stranger = sandbox.Carrier(secret: "not the secret");

        Assert.IsType<CardInquiry.Unknown>(await stranger.InquireAsync(CarrierSandbox.Card(Healthy), Cancellation));
        Assert.True(Assert.IsType<DeliveryOutcome.Unknown>(await stranger.DeliverAsync(CarrierSandbox.Order(Healthy), Cancellation)).NothingSent);
        Assert.Empty(await sandbox.CreditsAsync(Healthy));
    }

    [Fact]
    public async Task A_token_endpoint_that_fails_once_is_asked_again()
    {
        await using var sandbox = await CarrierSandbox.StartAsync();
        await sandbox.FaultAsync("token", "error-500");
        var carrier = sandbox.Carrier();
        var order = CarrierSandbox.Order(Healthy);

        Assert.True(Assert.IsType<DeliveryOutcome.Unknown>(await carrier.DeliverAsync(order, Cancellation)).NothingSent);
        Assert.IsType<DeliveryOutcome.Accepted>(await sandbox.SettleAsync(carrier, order, await carrier.DeliverAsync(order, Cancellation)));
    }

    [Fact]
    public async Task A_sandbox_that_is_not_there_has_been_sent_nothing()
    {
        var sandbox = await CarrierSandbox.StartAsync();
        await using (sandbox)
        {
            await sandbox.StopAsync();

            Assert.True(Assert.IsType<DeliveryOutcome.Unknown>(await sandbox.Carrier().DeliverAsync(CarrierSandbox.Order(Healthy), Cancellation)).NothingSent);
        }
    }

    [Fact]
    public async Task No_trace_of_a_call_holds_the_number()
    {
        const string Traced = "+12015550172";
        var traced = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => traced.Enqueue(string.Join(' ', activity.TagObjects.Select(tag => tag.Value))),
        };
        ActivitySource.AddActivityListener(listener);
        await using var sandbox = await CarrierSandbox.StartAsync();

        await sandbox.Carrier().InquireAsync(CarrierSandbox.Card(Traced), Cancellation);

        // The control: an ordinary client's trace does hold it.
        using var ordinary = await sandbox.Http.GetAsync(new Uri($"/operators/auto-detect/phone/{Traced[1..]}0/countries/US", UriKind.Relative), Cancellation);
        Assert.Contains(traced, text => text.Contains($"{Traced[1..]}0/", StringComparison.Ordinal));
        Assert.DoesNotContain(traced, text => text.Contains($"{Traced[1..]}/", StringComparison.Ordinal));
    }
}
