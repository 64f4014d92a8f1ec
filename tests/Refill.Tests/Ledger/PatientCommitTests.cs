using System.Data.Common;
using Npgsql;
using Refill.Ledger;
using Refill.Storage;
using Refill.Tests.Storage;
using Refill.Units;

namespace Refill.Tests.Ledger;

/// <summary>A commit on PostgreSQL that takes longer than a command may: a standby that does not answer, here a lock that the commit waits for.</summary>
public sealed class PatientCommitTests
{
    private const string SlowCommit = """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
        """;

    /// <summary>While somebody asks what became of the commit: how many still wait in one. No row: nobody asks.</summary>
    private const string WaitingWhileAsked = """
        SELECT (SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted)
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%pg_xact_status%'
        """;

    private static readonly Cell Cell = new(7);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_waited_for_and_not_cancelled()
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Postgres);
        await using var holder = await test.Database.OpenConnectionAsync(Token);
        await ExecuteAsync(holder, SlowCommit);
        await ExecuteAsync(holder, "SELECT pg_advisory_lock(4711)");
        var hasty = new NpgsqlConnectionStringBuilder(test.Database.Options.ConnectionString) { CommandTimeout = 1 };
        await using var ledger = new GeneralLedger(new Database(new DatabaseOptions(DatabaseKind.Postgres, hasty.ConnectionString)));
        var (world, wallet) = (Account.For(Cell, "world", Currency.Usd.Unit), Account.For(Cell, "wallet", Currency.Usd.Unit, floor: 0));

        var committing = ledger.CommitAsync(new Commit(Cell) { Transfers = [new Transfer(CellId.New(Cell, TimeProvider.System), "test", default, [new(world, -5), new(wallet, 5)])] }, Token);
        object? waiting = null;
        while (!committing.IsCompleted && waiting is null)
        {
            waiting = await ExecuteAsync(holder, WaitingWhileAsked);
        }

        Assert.Equal(1L, waiting);
        await ExecuteAsync(holder, "SELECT pg_advisory_unlock(4711)");

        Assert.IsType<CommitOutcome.Committed>(await committing);
        Assert.Equal(5, await ledger.BalanceAsync(wallet, Token));
    }

    private static async Task<object?> ExecuteAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Token);
    }
}
