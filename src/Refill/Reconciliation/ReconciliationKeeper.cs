using Microsoft.Extensions.Logging;
using Refill.Payments;

namespace Refill.Reconciliation;

/// <summary>Reconciles each gateway's day by itself, as soon as its statement is there; what was missed while the server was down is made up for. Several nodes may ask; one at a time does it.</summary>
public sealed class ReconciliationKeeper(Reconciler reconciler, ReconciliationBook book, string node, TimeProvider time, ILogger<ReconciliationKeeper> log)
{
    /// <summary>How far back a day that has not been reconciled is made up for.</summary>
    private const int MostDaysBack = 7;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMinutes(10);

    /// <summary>After a statement that could not be had or read.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromHours(1);

    private readonly Dictionary<(string, DateOnly), DateTimeOffset> notBefore = [];

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await OnceAsync(stopping);
            await Task.Delay(BetweenLooks, time, stopping);
        }
    }

    /// <summary>One look: every day that is due and not done.</summary>
    public async Task OnceAsync(CancellationToken stopping)
    {
        foreach (var source in reconciler.Sources)
        {
            try
            {
                await DueAsync(source, stopping);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // Sales go on; it is tried again, and an operator reads it.
                log.LogError("the reconciliation of {Gateway} failed: {Type}: {Error}", source.Name, error.GetType().Name, error.Message);
            }
        }
    }

    private async Task DueAsync(IStatementSource source, CancellationToken stopping)
    {
        var today = reconciler.Today(source);
        var known = (await book.DaysAsync(source.Name, MostDaysBack + 1, stopping)).ToDictionary(row => row.Day);

        // A new installation begins with yesterday: nobody asks a gateway for days on which nothing was sold here.
        var (earliest, oldest) = (today.AddDays(-MostDaysBack), known.Count == 0 ? today.AddDays(-1) : Reconciler.Day(known.Keys.Min()!));
        for (var day = earliest > oldest ? earliest : oldest; day < today; day = day.AddDays(1))
        {
            var isDone = known.GetValueOrDefault(Reconciler.Text(day)) is { State: (short)ReconciliationState.Done };
            if (isDone || time.GetUtcNow() < source.ReadyAt(day) || time.GetUtcNow() < notBefore.GetValueOrDefault((source.Name, day)))
            {
                continue;
            }

            if (await reconciler.RunAsync(source.Name, day, node, stopping) is ReconciliationOutcome.Failed)
            {
                notBefore[(source.Name, day)] = time.GetUtcNow() + AfterFailure;
            }
        }
    }
}
