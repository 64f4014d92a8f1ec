using System.Data;
using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Refill.Storage;

/// <summary>
/// The schema, and the reading side. Names are snake_case; instants are bigint Unix milliseconds on both databases
/// (SQLite has no instant type, and one meaning is better than two). Each folder maps its own rows in a class
/// that implements <see cref="IEntityTypeConfiguration{TEntity}"/>.
/// </summary>
public abstract partial class RefillDb(DbContextOptions options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
        if (Database.ProviderName!.EndsWith("Sqlite", StringComparison.Ordinal))
        {
            configurationBuilder.Properties<Guid>().HaveConversion<BigEndianBytes>();
        }
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(RefillDb).Assembly);
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(SnakeCase(property.Name));
            }

            if (Database.ProviderName!.EndsWith("Sqlite", StringComparison.Ordinal) && entity.FindPrimaryKey() is { Properties: { Count: > 1 } columns } key && columns[0] is { Name: "Cell" } cell)
            {
                // One file has one writer, which appends: with the cell behind ids that grow with time, what a group writes lies side by side, and not in 256 places of every tree.
                entity.SetPrimaryKey([.. columns.Skip(1), cell]);
                entity.RemoveKey(key);
            }
        }
    }

    /// <summary>One moment's view of the database, for several questions, that holds up no writer.</summary>
    public async Task<IDbContextTransaction> SnapshotAsync(CancellationToken cancellation)
    {
        await Database.OpenConnectionAsync(cancellation);
        DbTransaction snapshot = Database.GetDbConnection() is SqliteConnection sqlite
            ? sqlite.BeginTransaction(deferred: true)
            : await Database.GetDbConnection().BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        return (await Database.UseTransactionAsync(snapshot, cancellation))!;
    }

    internal static string SnakeCase(string name) => WordStart().Replace(name, "_$0").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex WordStart();

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        instant => instant.ToUnixTimeMilliseconds(), value => DateTimeOffset.FromUnixTimeMilliseconds(value));

    private sealed class BigEndianBytes() : ValueConverter<Guid, byte[]>(
        id => id.ToByteArray(true), bytes => new Guid(bytes, true));
}

/// <summary>The schema on SQLite; its migrations stand in Storage/Migrations/Sqlite.</summary>
public sealed class SqliteRefillDb(DbContextOptions<SqliteRefillDb> options) : RefillDb(options);

/// <summary>The schema on PostgreSQL; its migrations stand in Storage/Migrations/Postgres.</summary>
public sealed class PostgresRefillDb(DbContextOptions<PostgresRefillDb> options) : RefillDb(options);
