namespace Refill.Work;

/// <summary>
/// Answers many who wait, some of them on each of a few threads of the pool: what each does next runs there at once. One work item for each of them would cost several times as much as the answer
/// (docs/performance.md), and on the answering thread itself it would hold up the next group.
/// </summary>
internal static class Waking
{
    private const int Share = 32;

    /// <param name="answer">Ends the wait of the one of this number; what waits must let its continuation run where it is answered.</param>
    public static void All(int count, Action<int> answer)
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
