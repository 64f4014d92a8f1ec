using Refill.Work;

namespace Refill.Tests.Work;

public sealed class WakingTests
{
    [Fact]
    public async Task Who_is_answered_alone_is_answered_at_once_and_then_goes_on_elsewhere()
    {
        var source = new TaskCompletionSource();
        var (answeredOn, wentOnOn, answerer) = (0, 0, 0);
        async Task WaitAsync()
        {
            await source.Task;
            answeredOn = Environment.CurrentManagedThreadId;
            await Waking.GoOnElsewhereAsync();
            wentOnOn = Environment.CurrentManagedThreadId;
        }

        var waiting = WaitAsync();
        var thread = new Thread(() =>
        {
            answerer = Environment.CurrentManagedThreadId;
            Waking.Alone(source.SetResult);
        });
        thread.Start();
        thread.Join();
        await waiting.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(answerer, answeredOn);
        Assert.NotEqual(answerer, wentOnOn);
    }

    [Fact]
    public async Task Of_many_each_is_answered_once()
    {
        var answered = new int[100];
        var all = new CountdownEvent(answered.Length);

        Waking.All(answered.Length, number =>
        {
            Interlocked.Increment(ref answered[number]);
            all.Signal();
        });
        await Task.Run(() => all.Wait(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);

        Assert.All(answered, times => Assert.Equal(1, times));
    }
}
