using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Refill.Ledger;
using Refill.Storage;

namespace Refill.Tests.Storage;

/// <summary>A database of a test's own, made empty and dropped at the end. PostgreSQL is the one that ./test starts; without it the test fails.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<Task> drop;

    private TestDatabase(DatabaseOptions options, Func<Task> drop)
    {
        Database = new Database(options);
        this.drop = drop;
    }

    public Database Database { get; }

    public static async Task<TestDatabase> NewAsync(DatabaseKind kind)
    {
        if (kind == DatabaseKind.Postgres)
        {
            var connection = await ScratchPostgres.CreateAsync();
            return new TestDatabase(new DatabaseOptions(kind, connection), () => ScratchPostgres.ReleaseAsync(connection));
        }

        var test = Sqlite($"refill_{Guid.NewGuid():N}");
        await test.Database.MigrateAsync();
        return test;
    }

    /// <summary>Runs SQL as somebody who goes past the ledger.</summary>
    public async Task<int> RunAsync(string sql)
    {
        await using var db = Database.Open();
        return await db.Database.ExecuteSqlRawAsync(sql);
    }

    /// <param name="from">What comes behind FROM.</param>
    public async Task<long> CountAsync(string from)
    {
        await using var connection = await Database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {from}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>What PostgreSQL's ledgers do every second; SQLite's do it at once.</summary>
    internal async Task CarryOverAsync()
    {
        await using var connection = await Database.OpenConnectionAsync(CancellationToken.None);
        while (connection is NpgsqlConnection postgres && !await Tallies.CarryOverAsync(postgres, CancellationToken.None))
        {
            // There is more.
        }
    }

    /// <summary>Changes the postings of the newest transfer on an account, as somebody who goes past the ledger.</summary>
    internal async Task RepackAsync(Guid accountId, Func<List<PostingLine>, List<PostingLine>> change)
    {
        await using var db = Database.Open();
        var last = (await db.Set<AccountRow>().FirstAsync(row => row.Id == accountId)).LastTransfer;
        var transfer = await db.Set<TransferRow>().FirstAsync(row => row.Id == last);
        var (packed, length) = (new byte[64 * PackedPostings.MaxLine], 0);
        foreach (var line in change(PackedPostings.Read(transfer.Postings)))
        {
            length += PackedPostings.Write(packed.AsSpan(length), line);
        }

        transfer.Postings = packed[..length];
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync() => await drop();

    private static TestDatabase Sqlite(string name)
    {
        var folder = Directory.CreateTempSubdirectory(name).FullName;
        var connection = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "refill.db") }.ConnectionString;
        return new TestDatabase(new DatabaseOptions(DatabaseKind.Sqlite, connection), () =>
        {
            using (var pool = new SqliteConnection(connection))
            {
                SqliteConnection.ClearPool(pool);
            }

            Directory.Delete(folder, recursive: true);
            return Task.CompletedTask;
        });
    }
}
