using Microsoft.Extensions.Logging;
using Refill.Storage;

namespace Refill.Archive;

/// <param name="RetentionMonths">Whole months that stay in the database after the current one, 2 to 240; null: nothing ever moves by itself.</param>
public sealed record ArchiveOptions(int? RetentionMonths)
{
    public const int LeastRetention = 2;
    public const int MostRetention = 240;
}

/// <summary>What the calendar asks of a running server, at its start and once a day: partitions for the months to come, and months that are due into the archive. Several nodes may ask; one at a time does it.</summary>
public sealed class ArchiveKeeper(Database database, Archivist archivist, ArchiveOptions options, TimeProvider time, ILogger<ArchiveKeeper> log)
{
    private static readonly TimeSpan Daily = TimeSpan.FromDays(1);

    /// <summary>After a failure, or when another was at it.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(await OnceAsync(stopping) ? Daily : Soon, time, stopping);
        }
    }

    /// <summary>One look.</summary>
    /// <returns>False: it is to be tried again soon.</returns>
    public async Task<bool> OnceAsync(CancellationToken stopping)
    {
        try
        {
            await Months.MakeAsync(database, time.GetUtcNow(), stopping);
            if (options.RetentionMonths is not { } retention)
            {
                return await archivist.FinishAsync(stopping) is ArchiveOutcome.Moved; // What was begun by hand.
            }

            if (await archivist.MoveDueAsync(retention, stopping) is not ArchiveOutcome.Moved moved)
            {
                return false;
            }

            foreach (var month in moved.Months)
            {
                log.LogInformation("{Month} has moved to {File}: {TopUps} top-ups, {Transfers} transfers; {Staying} top-ups stay", month.Month, month.File, month.TopUps, month.Transfers, month.Staying);
            }

            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Nothing is lost by waiting: sales go on, and an operator reads it.
            log.LogError("the archive failed: {Type}: {Error}", error.GetType().Name, error.Message);
            return false;
        }
    }
}
