using Microsoft.EntityFrameworkCore;

namespace Refill.Storage;

public enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>Which database: SQLite in one file (the default) or PostgreSQL 15 and later.</summary>
/// <param name="ConnectionString">In the form of Microsoft.Data.Sqlite or Npgsql.</param>
public sealed record DatabaseOptions(DatabaseKind Kind, string ConnectionString);

/// <summary>The one database of this process: opens contexts and connections of the right kind, and brings the schema up to date.</summary>
public sealed class Database(DatabaseOptions options)
{
    public DatabaseOptions Options => options;

    /// <summary>A context for reading and for the catalogue's own writes. Money never moves through it.</summary>
    public RefillDb Open() => options.Kind == DatabaseKind.Sqlite
        ? new SqliteRefillDb(new DbContextOptionsBuilder<SqliteRefillDb>().UseSqlite(options.ConnectionString).Options)
        : new PostgresRefillDb(new DbContextOptionsBuilder<PostgresRefillDb>().UseNpgsql(options.ConnectionString).Options);

    /// <summary>Applies the migrations that are missing.</summary>
    public async Task MigrateAsync(CancellationToken cancellation = default)
    {
        await using var db = Open();
        await db.Database.MigrateAsync(cancellation);
    }
}
