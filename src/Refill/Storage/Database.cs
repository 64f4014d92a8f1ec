using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Refill.Storage;

public enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>Which database: SQLite in one file (the default) or PostgreSQL 15 and later.</summary>
/// <param name="ConnectionString">In the form of Microsoft.Data.Sqlite or Npgsql.</param>
public sealed record DatabaseOptions(DatabaseKind Kind, string ConnectionString)
{
    /// <summary>Without the connection string, which may hold a password.</summary>
    public override string ToString() => Kind.ToString();
}

/// <summary>The one database of this process: opens contexts and connections of the right kind, and brings the schema up to date.</summary>
public sealed class Database(DatabaseOptions options)
{
    /// <summary>The oldest PostgreSQL that the tests run against.</summary>
    public static readonly Version OldestPostgres = new(15, 0);

    private readonly DbContextOptions<SqliteRefillDb> sqlite = new DbContextOptionsBuilder<SqliteRefillDb>().UseSqlite(options.ConnectionString).AddInterceptors(new SqlitePragmas()).ReplaceService<IMigrationsSqlGenerator, SqliteTables>().Options;
    private readonly DbContextOptions<PostgresRefillDb> postgres = new DbContextOptionsBuilder<PostgresRefillDb>().UseNpgsql(options.ConnectionString).Options;

    public DatabaseOptions Options => options;

    /// <summary>A context for reading and for the catalogue's own writes. Money never moves through it.</summary>
    public RefillDb Open() => options.Kind == DatabaseKind.Sqlite ? new SqliteRefillDb(sqlite) : new PostgresRefillDb(postgres);

    /// <summary>An open connection for hand-written SQL; the caller disposes it.</summary>
    public async Task<DbConnection> OpenConnectionAsync(CancellationToken cancellation)
    {
        DbConnection connection = options.Kind == DatabaseKind.Sqlite ? new SqliteConnection(options.ConnectionString) : new NpgsqlConnection(options.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            if (connection is SqliteConnection file)
            {
                SqlitePragmas.Set(file);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A connection of PostgreSQL that one committer keeps for itself, with settings of its own and statements prepared once:
    /// it is outside the pool, so that neither leaks into anybody else's.
    /// </summary>
    internal async Task<NpgsqlConnection> OpenCommitterAsync(string settings)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Pooling = false,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
        }.ConnectionString);
        try
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(settings, connection);
            await command.ExecuteNonQueryAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Applies the migrations that are missing. A SQLite file and its folder are made if they are not there.</summary>
    /// <exception cref="NotSupportedException">The PostgreSQL server is older than <see cref="OldestPostgres"/>.</exception>
    public async Task MigrateAsync(CancellationToken cancellation = default)
    {
        if (options.Kind == DatabaseKind.Sqlite)
        {
            if (Path.GetDirectoryName(new SqliteConnectionStringBuilder(options.ConnectionString).DataSource) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }
        }
        else
        {
            await using var connection = (NpgsqlConnection)await OpenConnectionAsync(cancellation);
            if (connection.PostgreSqlVersion < OldestPostgres)
            {
                throw new NotSupportedException($"PostgreSQL {connection.PostgreSqlVersion} is too old; {OldestPostgres} or later is needed");
            }
        }

        await using var db = Open();
        await db.Database.MigrateAsync(cancellation);
    }

    /// <summary>What every SQLite connection needs: it is durable when it says so, and waits for another writer instead of failing at once.</summary>
    private sealed class SqlitePragmas : DbConnectionInterceptor
    {
        private const string Pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;";

        public static void Set(SqliteConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Set((SqliteConnection)connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Set((SqliteConnection)connection);
            return Task.CompletedTask;
        }
    }
}
