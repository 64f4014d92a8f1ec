using Npgsql;
using NpgsqlTypes;
using Refill.Units;

namespace Refill.Ledger;

/// <summary>What became of a group whose connection was lost while it committed, as the server answers on another connection.</summary>
/// <param name="transactionNumber">The server's own; null: the group went out in one round trip and holds the lock of <paramref name="lockKey"/> until it is over.</param>
internal sealed class PostgresDoubt(NpgsqlConnection fresh, string? transactionNumber, long lockKey)
{
    private const string InProgress = "in progress";

    // A standby may not have heard of it yet, though it will.
    private const string TransactionStatus = "SELECT CASE WHEN pg_is_in_recovery() THEN 'in progress' ELSE pg_xact_status($1::text::xid8) END FROM pg_sleep(0.1)";

    private const string LockIsFree = "SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE pg_try_advisory_xact_lock($1) END FROM pg_sleep(0.1)";

    /// <summary>How often the server is asked about a commit that it is still busy with: for 10 seconds.</summary>
    private const int MaxStatusQuestions = 100;

    /// <returns>Null: not known yet.</returns>
    public async Task<bool?> WasCommittedAsync(Group group)
    {
        var status = transactionNumber is null ? await IsOverAsync() ? null : InProgress : await FinalStatusAsync();
        if (status == InProgress)
        {
            return null;
        }

        // The number alone is no proof: a server that crashed may give it to another transaction. Ids of our own making are. And should the server after all begin only now what it was sent
        // (nobody can exclude that), the same ids keep it from being done twice.
        if (group.Transfers is [var draft, ..])
        {
            return await VersionAsync("SELECT 1::bigint FROM transfer WHERE cell = $1 AND id = $2", draft.Cell, draft.Transfer.Id) > 0;
        }

        foreach (var row in group.Rows)
        {
            if (row is { IsChanged: true, IsDeleted: false })
            {
                var version = await VersionAsync($"SELECT version FROM {row.Id.Table.Name} WHERE cell = $1 AND id = $2", row.Id.Cell, row.Id.Id);
                return version >= row.Version && (row.StoredVersion == 0 || status == "committed");
            }
        }

        return status switch { "committed" => true, "aborted" => false, _ => null };
    }

    /// <summary>Whether nothing of ours is under way on the server any more; waits for it.</summary>
    private async Task<bool> IsOverAsync()
    {
        for (var question = 0; question < MaxStatusQuestions; question++)
        {
            await using var command = new NpgsqlCommand(LockIsFree, fresh) { Parameters = { new NpgsqlParameter<long> { TypedValue = lockKey } } };
            if (await command.ExecuteScalarAsync() is true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What became of the transaction; waits while the server is still busy with it. Null: this server does not know it.</summary>
    private async Task<string?> FinalStatusAsync()
    {
        string? status = null;
        for (var question = 0; question < MaxStatusQuestions; question++)
        {
            await using var command = new NpgsqlCommand(TransactionStatus, fresh) { Parameters = { new NpgsqlParameter { Value = transactionNumber, NpgsqlDbType = NpgsqlDbType.Text } } };
            try
            {
                status = await command.ExecuteScalarAsync() as string;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidParameterValue)
            {
                return null; // "in the future": the server crashed and has forgotten it.
            }

            if (status != InProgress)
            {
                break;
            }
        }

        return status;
    }

    private async Task<long> VersionAsync(string sql, Cell cell, Guid id)
    {
        await using var command = new NpgsqlCommand(sql, fresh) { Parameters = { new NpgsqlParameter { Value = (short)cell.Number }, new NpgsqlParameter { Value = id } } };
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }
}
