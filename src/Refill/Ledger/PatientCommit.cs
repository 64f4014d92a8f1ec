using Npgsql;

namespace Refill.Ledger;

/// <summary>
/// Waits for a commit and never cancels it. A commit on PostgreSQL may wait for a standby; cancelled there, as Npgsql does when a command takes too long, it is done on the one server,
/// reported as done, and lost with that server (PostgreSQL's documentation of synchronous_standby_names; syncrep.c, "canceling wait for synchronous replication").
/// </summary>
internal sealed class PatientCommit
{
    private Task leftBehind = Task.CompletedTask;

    /// <summary>A commit that nobody waits for any more has not ended: another one would only join it.</summary>
    /// <exception cref="NpgsqlException">So it is: the database is out of reach.</exception>
    public void ThrowIfUnderWay()
    {
        if (!leftBehind.IsCompleted)
        {
            throw new NpgsqlException("an earlier commit has not ended; does it wait for a standby?");
        }
    }

    /// <summary>Sends the batch and waits for its end for as long as a command on this connection may take.</summary>
    /// <returns>False: it has not ended. Connection and batch belong to it until it does, and are let go then.</returns>
    public async Task<bool> ExecuteAsync(NpgsqlConnection connection, NpgsqlBatch batch)
    {
        var patience = connection.CommandTimeout == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(connection.CommandTimeout);
        batch.Timeout = 0;
        Task commit = batch.ExecuteNonQueryAsync();
        await commit.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (commit.IsCompleted)
        {
            await using (batch)
            {
                await commit;
            }

            return true;
        }

        leftBehind = LetGoAsync(commit, connection, batch);
        return false;
    }

    private static async Task LetGoAsync(Task commit, NpgsqlConnection connection, NpgsqlBatch batch)
    {
        // However it ends: whether it happened is asked of the database, not of this connection.
        await commit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await batch.DisposeAsync();
        await connection.DisposeAsync();
    }
}
