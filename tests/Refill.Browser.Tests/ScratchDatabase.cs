using Npgsql;
using Refill.Storage;

namespace Refill.Browser.Tests;

/// <summary>A database of one test's own, on either engine, gone at its end.</summary>
public sealed class ScratchDatabase : IAsyncDisposable
{
    private readonly string? postgresAdministration;
    private readonly string? postgresName;

    private ScratchDatabase(DatabaseOptions options, string? administration, string? name) =>
        (Options, postgresAdministration, postgresName) = (options, administration, name);

    public DatabaseOptions Options { get; }

    /// <summary>As the server's setting --database wants it.</summary>
    public string Setting => Options.Kind == DatabaseKind.Sqlite ? "sqlite:" + SqliteFile : "postgres:" + Options.ConnectionString;

    /// <summary>The SQLite file; tests look into it for what must not be there.</summary>
    public string SqliteFile { get; private init; } = "";

    public static async Task<ScratchDatabase> CreateAsync(DatabaseKind kind, string folder)
    {
        if (kind == DatabaseKind.Sqlite)
        {
            var file = Path.Combine(folder, "refill.db");
            return new ScratchDatabase(new DatabaseOptions(kind, $"Data Source={file}"), null, null) { SqliteFile = file };
        }

        var administration = Environment.GetEnvironmentVariable("REFILL_TEST_POSTGRES");
        if (string.IsNullOrEmpty(administration))
        {
            throw new InvalidOperationException("REFILL_TEST_POSTGRES must name a PostgreSQL; ./test sets it");
        }

        var name = "refill_browser_" + Guid.CreateVersion7().ToString("n");
        await ExecuteAsync(administration, $"CREATE DATABASE {name}");
        var connection = new NpgsqlConnectionStringBuilder(administration) { Database = name }.ConnectionString;
        return new ScratchDatabase(new DatabaseOptions(kind, connection), administration, name);
    }

    public async ValueTask DisposeAsync()
    {
        if (postgresAdministration is not null)
        {
            await ExecuteAsync(postgresAdministration, $"DROP DATABASE {postgresName} WITH (FORCE)");
        }
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
