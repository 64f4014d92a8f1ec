using Refill.Storage;
using Refill.TopUps;
using Refill.Work;

namespace Refill.Tests.TopUps;

public sealed class DeliveryCaseOnSqliteTests() : DeliveryCaseTests(DatabaseKind.Sqlite);

public sealed class DeliveryCaseOnPostgresTests() : DeliveryCaseTests(DatabaseKind.Postgres);

/// <summary>What can come between a paid top-up and its carrier.</summary>
public abstract class DeliveryCaseTests(DatabaseKind kind) : TopUpStory(kind)
{
    [Fact]
    public async Task Silence_after_a_credit_is_asked_about_and_never_guessed()
    {
        Scene.Carrier.Script.Enqueue("lost-after");
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Completed, 1), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_call_that_may_still_be_under_way_is_not_repeated_before_its_time_and_then_it_is()
    {
        Scene.Carrier.Script.Enqueue("lost-before");
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(4));
        Assert.Equal((TopUpState.Fulfilling, 1), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal((TopUpState.Completed, 2), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_call_that_another_repeated_while_we_were_asking_is_not_repeated_beside_it()
    {
        Scene.Carrier.Script.Enqueue("lost-before");
        Scene.Carrier.Script.Enqueue("lost-before");
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Scene.Carrier.Calls);
        Scene.Time.Advance(Scene.Carrier.Timeout.NotFoundIsFinalAfter!.Value);
        Scene.Carrier.MeanwhileAsked = async () =>
        {
            // The answer takes longer than our lease: another node takes the work over, asks, and calls.
            Scene.Time.Advance(DispatcherOptions.Default("test").Lease + TimeSpan.FromSeconds(1));
            await Scene.DueAsync();
        };
        await Scene.DueAsync();
        Assert.Equal(2, Scene.Carrier.Calls);
        await Scene.PassAsync(TimeSpan.FromMinutes(10));
        Assert.Equal((TopUpState.Completed, 3), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_call_that_never_left_is_repeated_soon()
    {
        Scene.Carrier.Script.Enqueue("not-sent");
        Scene.Carrier.Script.Enqueue("not-sent");
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((TopUpState.Completed, 3), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task Nothing_is_refunded_while_the_carrier_is_silent_and_after_a_day_a_person_is_told_and_its_late_word_still_counts()
    {
        Scene.Carrier.Script.Enqueue("pending");
        Scene.Carrier.Dumb = true;
        var topUp = await Scene.QuoteAsync();
        Scene.Gateway.Pay(await Scene.StartAsync(topUp));
        await Scene.PassAsync(TimeSpan.FromHours(26), TimeSpan.FromMinutes(10));
        var waiting = await Scene.NowAsync(topUp);
        Assert.Equal((TopUpState.NeedsReview, TopUpTrouble.CarrierSilent, 0), (waiting.State, waiting.Trouble, Scene.Gateway.RefundCalls));
        Scene.Carrier.Dumb = false;
        await Scene.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(10));
        Assert.Equal(TopUpState.Completed, (await Scene.NowAsync(topUp)).State);
        await Scene.SoundAsync(topUp);
    }

    [Fact]
    public async Task A_defect_of_ours_in_the_middle_of_a_call_is_a_silence_and_asked_about()
    {
        Scene.Carrier.Script.Enqueue("throw");
        var topUp = await Scene.QuoteAsync();
        var order = await Scene.StartAsync(topUp);
        Scene.Gateway.Pay(order);
        await Scene.NotifyAsync(order);
        await Scene.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((TopUpState.Fulfilling, 1), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        Assert.Empty(await Scene.DeadAsync());
        await Scene.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal((TopUpState.Completed, 2), ((await Scene.NowAsync(topUp)).State, Scene.Carrier.Calls));
        await Scene.SoundAsync(topUp);
    }
}
