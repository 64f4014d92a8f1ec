using Microsoft.Data.Sqlite;
using Npgsql;
using Refill.Storage;

namespace Refill.Bench.Ledger;

/// <summary>A fresh database for one measurement, dropped at its end, with what it says of its own durability.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly Func<Task> drop;

    private BenchDatabase(DatabaseOptions options, string name, Func<Task> drop)
    {
        (Database, Name, this.drop) = (new Database(options), name, drop);
    }

    public Database Database { get; }

    public string Name { get; }

    public static async Task<BenchDatabase> SqliteAsync()
    {
        var folder = Directory.CreateTempSubdirectory("refill-bench-").FullName;
        var connection = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "refill.db") }.ConnectionString;
        var bench = new BenchDatabase(new DatabaseOptions(DatabaseKind.Sqlite, connection), "SQLite", () =>
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
            return Task.CompletedTask;
        });
        await bench.Database.MigrateAsync();
        return bench;
    }

    public static async Task<BenchDatabase> PostgresAsync(string server)
    {
        var name = $"refill_bench_{Guid.NewGuid():N}";
        await AdministerAsync(server, $"CREATE DATABASE {name}");
        var connection = new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
        var bench = new BenchDatabase(new DatabaseOptions(DatabaseKind.Postgres, connection), "PostgreSQL", async () =>
        {
            NpgsqlConnection.ClearAllPools();
            await AdministerAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
        });
        await bench.Database.MigrateAsync();
        return bench;
    }

    /// <summary>The settings on which "durable" rests, as the database itself states them.</summary>
    public async Task<string> DurabilityAsync()
    {
        await using var connection = await Database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = connection is SqliteConnection
            ? "SELECT 'SQLite ' || sqlite_version() || ', journal_mode=' || (SELECT journal_mode FROM pragma_journal_mode) || ', synchronous=' || (SELECT synchronous FROM pragma_synchronous)"
            : "SELECT 'PostgreSQL ' || current_setting('server_version') || ', fsync=' || current_setting('fsync') || ', synchronous_commit=' || current_setting('synchronous_commit')";
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async Task<long> CountAsync(string table)
    {
        await using var connection = await Database.OpenConnectionAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        command.CommandTimeout = 0;
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() => await drop();

    private static async Task AdministerAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
