using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
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

/// <summary>The database cannot be used as it is; the message says why and what to do, and holds no password.</summary>
public sealed class DatabaseUnfitException(string message) : Exception(message);

/// <summary>The one database of this process: opens contexts and connections of the right kind, and brings the schema up to date.</summary>
public sealed class Database(DatabaseOptions options)
{
    /// <summary>The oldest PostgreSQL that the tests run against.</summary>
    public static readonly Version OldestPostgres = new(15, 0);

    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;

    /// <summary>How long a start waits for another process that is bringing the same file up to date.</summary>
    private static readonly TimeSpan MigrationPatience = TimeSpan.FromMinutes(5);

    // Contexts are used again: to make one costs as much as the question that it is made for (docs/performance.md).
    private readonly PooledDbContextFactory<SqliteRefillDb> sqlite = new(new DbContextOptionsBuilder<SqliteRefillDb>().UseSqlite(options.ConnectionString).AddInterceptors(new SqlitePragmas()).ReplaceService<IMigrationsSqlGenerator, SqliteTables>().Options);
    private readonly PooledDbContextFactory<PostgresRefillDb> postgres = new(new DbContextOptionsBuilder<PostgresRefillDb>().UseNpgsql(options.ConnectionString).ReplaceService<IMigrationsSqlGenerator, PostgresTables>().Options);

    public DatabaseOptions Options => options;

    /// <summary>A context for reading and for the catalogue's own writes. Money never moves through it.</summary>
    public RefillDb Open() => options.Kind == DatabaseKind.Sqlite ? sqlite.CreateDbContext() : postgres.CreateDbContext();

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
    /// A connection of SQLite that somebody keeps for itself, with statements and transactions that ADO.NET does not know of: outside the pool, so that neither its settings nor a transaction
    /// that an error left open come to whoever opens the next one.
    /// </summary>
    internal async Task<SqliteConnection> OpenKeptSqliteAsync()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(options.ConnectionString) { Pooling = false }.ConnectionString);
        try
        {
            await connection.OpenAsync();
            SqlitePragmas.Set(connection);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Rows are looked up by primary key and nothing else. Plans are fixed to that and made once; one made while a table was small would else read all of it for ever.
    private const string ByKey = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan;";

    /// <summary>
    /// A connection of PostgreSQL that one committer (or who looks up for many) keeps for itself, with statements over primary keys that are prepared once:
    /// it is outside the pool, so that neither they nor its settings leak into anybody else's.
    /// </summary>
    /// <param name="settings">More SET statements; may be empty.</param>
    internal async Task<NpgsqlConnection> OpenKeptAsync(string settings)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Pooling = false,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,

            // A group of some hundred kilobytes goes in a few pieces: each piece wakes the server, and 8 KB is what they are otherwise.
            WriteBufferSize = 512 * 1024,
            ReadBufferSize = 64 * 1024,
        }.ConnectionString);
        try
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(ByKey + settings, connection);
            await command.ExecuteNonQueryAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Whether a failure says that the database is not there for now, and nothing about what it was asked: no line to it, a server that goes down or comes up or is not the one that writes
    /// (a standby, while another takes over), no free connection, a file that others hold. EF Core wraps such failures.
    /// </summary>
    public static bool IsOutOfReach(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case PostgresException answered:
                    return answered.IsTransient || answered.InvariantSeverity != "ERROR" || answered.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction;
                case NpgsqlException:
                case SqliteException { SqliteErrorCode: SqliteBusy or SqliteLocked }:
                    return true;
            }
        }

        return false;
    }

    /// <summary>Applies the migrations that are missing, and makes the tables of the months to come. A SQLite file and its folder are made if they are not there.</summary>
    /// <exception cref="DatabaseUnfitException">The PostgreSQL server is older than <see cref="OldestPostgres"/>, or the schema is newer than this program.</exception>
    public async Task MigrateAsync(CancellationToken cancellation = default)
    {
        if (SqliteFile is { } file && Path.GetDirectoryName(file) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        await using var db = Open();
        if (!await IsCurrentAsync(db, cancellation))
        {
            await MigrateAsync(db, cancellation);
        }

        await Months.MakeAsync(this, TimeProvider.System.GetUtcNow(), cancellation);
    }

    private async Task MigrateAsync(RefillDb db, CancellationToken cancellation)
    {
        using var alone = SqliteFile is null ? null : await FileLock.TakeAsync(LockFile("migrating"), MigrationPatience, cancellation)
            ?? throw new DatabaseUnfitException($"another process has been bringing it up to date for more than {MigrationPatience.TotalMinutes:0} minutes");
        if (alone is not null)
        {
            await ForgetInterruptedMigrationAsync(db, cancellation);
        }

        await db.Database.MigrateAsync(cancellation);
    }

    /// <summary>Makes sure that the database is there with the schema of this program, and changes nothing.</summary>
    /// <exception cref="DatabaseUnfitException">It is not there, or its schema is older or newer.</exception>
    public async Task CheckAsync(CancellationToken cancellation = default)
    {
        await using var db = Open();
        if (!await IsCurrentAsync(db, cancellation))
        {
            throw new DatabaseUnfitException("it is not there, or older than this program; the server makes it and brings it up to date when it starts");
        }
    }

    /// <summary>The SQLite file; null: PostgreSQL.</summary>
    public string? SqliteFile => options.Kind == DatabaseKind.Sqlite ? new SqliteConnectionStringBuilder(options.ConnectionString).DataSource : null;

    /// <summary>A file for a lock that has to do with the SQLite file, hidden beside it: not part of what a backup or a look at the database takes along.</summary>
    public string LockFile(string purpose) => Path.Combine(Path.GetDirectoryName(SqliteFile!) ?? "", $".{Path.GetFileName(SqliteFile)}.{purpose}");

    private async Task<bool> IsCurrentAsync(RefillDb db, CancellationToken cancellation)
    {
        if (options.Kind == DatabaseKind.Postgres)
        {
            await using var connection = (NpgsqlConnection)await OpenConnectionAsync(cancellation);
            if (connection.PostgreSqlVersion < OldestPostgres)
            {
                throw new DatabaseUnfitException($"PostgreSQL {connection.PostgreSqlVersion} is too old; {OldestPostgres} or later is needed");
            }
        }

        var (known, applied) = (db.Database.GetMigrations().ToHashSet(), await db.Database.GetAppliedMigrationsAsync(cancellation));
        if (applied.FirstOrDefault(migration => !known.Contains(migration)) is { } newer)
        {
            throw new DatabaseUnfitException($"it is newer than this program, which does not know its step {newer}; use the program that made it (one made before 2026-11-25 is not read any more: docs/decisions/lean-rows.md)");
        }

        return known.IsSubsetOf(applied);
    }

    /// <summary>
    /// On SQLite, EF marks a migration under way by a row, and whoever finds one waits for it to go, for ever if the process that wrote it was killed.
    /// Whoever holds the file's lock knows that nobody is at it.
    /// </summary>
    private static async Task ForgetInterruptedMigrationAsync(RefillDb db, CancellationToken cancellation)
    {
        await db.Database.OpenConnectionAsync(cancellation);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = '__EFMigrationsLock'";
        if (await command.ExecuteScalarAsync(cancellation) is > 0L)
        {
            command.CommandText = "DELETE FROM \"__EFMigrationsLock\"";
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await db.Database.CloseConnectionAsync();
    }

    /// <summary>What every SQLite connection needs: it is durable when it says so, and waits for another writer instead of failing at once.</summary>
    private sealed class SqlitePragmas : DbConnectionInterceptor
    {
        private const string Wal = "PRAGMA journal_mode = WAL;";
        private const string Pragmas = "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;";

        public static void Set(SqliteConnection connection)
        {
            // EF looks whether a file is there by a connection that may not write; a file that is no WAL (VACUUM INTO makes such) becomes one at the first that may.
            var mayWrite = new SqliteConnectionStringBuilder(connection.ConnectionString).Mode != SqliteOpenMode.ReadOnly;
            using var command = connection.CreateCommand();
            command.CommandText = mayWrite ? Wal + Pragmas : Pragmas;
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
