using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Refill.Storage;

/// <summary>For `dotnet ef migrations` only (see docs/architecture.md): no database is opened.</summary>
internal sealed class SqliteDesignTime : IDesignTimeDbContextFactory<SqliteRefillDb>
{
    public SqliteRefillDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteRefillDb>().UseSqlite("Data Source=:memory:").Options);
}

/// <inheritdoc cref="SqliteDesignTime"/>
internal sealed class PostgresDesignTime : IDesignTimeDbContextFactory<PostgresRefillDb>
{
    public PostgresRefillDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresRefillDb>().UseNpgsql("Host=none").Options);
}
