namespace Refill.Work;

/// <summary>
/// Answers many who wait, some of them on each of a few threads of the pool: what each does next runs there at once. One work item for each of them would cost several times as much as the answer
/// (docs/performance.md), and on the answering thread itself it would hold up the next group.
/// </summary>
public static class Waking
{
    private const int Share = 32;

    [ThreadStatic]
    private static bool isAlone;

    /// <summary>Answers one, here: nobody else waits, and a thread's awakening is a good part of what it waits for. What it does next must be short, and then <see cref="GoOnElsewhereAsync"/>.</summary>
    internal static void Alone(Action answer)
    {
        isAlone = true;
        try
        {
            answer();
        }
        finally
        {
            isAlone = false;
        }
    }

    /// <summary>Leaves the thread of whoever answered, if it is still that: what comes next on a connection is not for a committer to do.</summary>
    public static ValueTask GoOnElsewhereAsync() => isAlone ? ElsewhereAsync() : default;

    private static async ValueTask ElsewhereAsync() => await Task.Yield();

    /// <param name="answer">Ends the wait of the one of this number; what waits must let its continuation run where it is answered.</param>
    internal static void All(int count, Action<int> answer)
    {
        for (var first = 0; first < count; first += Share)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new Some(answer, first, Math.Min(count, first + Share)), preferLocal: false);
        }
    }

    private sealed class Some(Action<int> answer, int first, int end) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            for (var number = first; number < end; number++)
            {
                answer(number);
            }
        }
    }
}
