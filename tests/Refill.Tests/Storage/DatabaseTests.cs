using System.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Tests.Storage;

/// <summary>Databases that cannot be used as they are, and starts that meet.</summary>
public sealed class DatabaseTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string folder = Directory.CreateTempSubdirectory("refill-database-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Database Database => new(new DatabaseOptions(DatabaseKind.Sqlite, new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "below", "refill.db"), Pooling = false }.ConnectionString));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_schema_newer_than_the_program_is_refused_by_its_step(DatabaseKind kind)
    {
        await using var test = await TestDatabase.NewAsync(kind);
        await test.Database.CheckAsync(Cancellation);
        await test.RunAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('99990101000000_Later', '99.0.0')");

        foreach (var use in new Func<CancellationToken, Task>[] { test.Database.MigrateAsync, test.Database.CheckAsync })
        {
            Assert.Contains("99990101000000_Later", (await Assert.ThrowsAsync<DatabaseUnfitException>(() => use(Cancellation))).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_context_that_is_used_again_has_nothing_left_of_its_last_use(DatabaseKind kind)
    {
        await using var test = await TestDatabase.NewAsync(kind);
        RefillDb first;
        await using (first = test.Database.Open())
        {
            await first.SnapshotAsync(Cancellation); // Left open, as by who is interrupted.
            first.Add(new TermsRow { Id = Guid.NewGuid(), Detail = "{}" });
        }

        await using var again = test.Database.Open();

        Assert.Same(first, again);
        Assert.Equal((ConnectionState.Closed, null), (again.Database.GetDbConnection().State, again.Database.CurrentTransaction));
        Assert.Equal(0, await again.SaveChangesAsync(Cancellation));
    }

    [Fact]
    public async Task A_look_at_a_file_that_is_not_there_makes_none()
    {
        await Assert.ThrowsAsync<DatabaseUnfitException>(() => Database.CheckAsync(Cancellation));

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_migration_that_was_killed_does_not_hold_up_the_next_start()
    {
        Directory.CreateDirectory(Path.Combine(folder, "below"));
        await using (var connection = new SqliteConnection(Database.Options.ConnectionString))
        {
            await connection.OpenAsync(Cancellation);
            await using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE "__EFMigrationsLock" ("Id" INTEGER NOT NULL CONSTRAINT "PK___EFMigrationsLock" PRIMARY KEY, "Timestamp" TEXT NOT NULL);
                INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-11-23 12:00:00');
                """;
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        await Database.MigrateAsync(Cancellation).WaitAsync(Patience, Cancellation);

        await Database.CheckAsync(Cancellation);
    }

    [Fact]
    public async Task First_starts_that_meet_all_end_with_the_schema()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Database.MigrateAsync(Cancellation), Cancellation))).WaitAsync(Patience, Cancellation);

        await Database.CheckAsync(Cancellation);
    }

    [Theory]
    [InlineData("14.13", true)]
    [InlineData("9.6.24", true)]
    [InlineData("15.0", false)]
    public async Task A_PostgreSQL_older_than_15_is_refused_by_its_version(string version, bool isTooOld)
    {
        await using var server = new OldPostgres(version);
        var database = new Database(new DatabaseOptions(DatabaseKind.Postgres, server.ConnectionString));

        var error = await Assert.ThrowsAnyAsync<Exception>(() => database.MigrateAsync(Cancellation).WaitAsync(Patience, Cancellation));

        Assert.Equal(isTooOld, error is DatabaseUnfitException && error.Message.StartsWith($"PostgreSQL {version} is too old; 15.0 or later", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_nobody_listens_for_is_out_of_reach_however_the_failure_is_wrapped()
    {
        var database = new Database(new DatabaseOptions(DatabaseKind.Postgres, "Host=127.0.0.1;Port=9;Username=nobody;Pooling=false"));
        await using var db = database.Open();

        var plain = await Assert.ThrowsAnyAsync<Exception>(() => database.OpenConnectionAsync(Cancellation));
        var wrapped = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => db.Set<Refill.TopUps.TopUpRow>().AnyAsync(Cancellation));

        Assert.True(Database.IsOutOfReach(plain));
        Assert.True(Database.IsOutOfReach(wrapped));
    }

    [Theory]
    [InlineData("BEGIN READ ONLY; CREATE TABLE t(id int)", true)] // What a standby says.
    [InlineData("SELECT * FROM what_is_not_there", false)]
    [InlineData("SELECT 1 / 0", false)]
    public async Task A_server_that_does_not_write_is_out_of_reach_and_one_that_refuses_is_not(string sql, bool isOutOfReach)
    {
        await using var test = await TestDatabase.NewAsync(DatabaseKind.Postgres);

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => test.RunAsync(sql));

        Assert.Equal(isOutOfReach, Database.IsOutOfReach(failure));
    }
}
