using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Refill.Storage;

/// <summary>Whether the database refused a row because there is one like it: another was faster.</summary>
internal static class UniqueViolation
{
    /// <summary>SQLITE_CONSTRAINT.</summary>
    private const int SqliteConstraint = 19;

    public static bool Is(DbUpdateException error) => error.InnerException is DbException inner && Is(inner);

    public static bool Is(DbException error) => error is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } or SqliteException { SqliteErrorCode: SqliteConstraint };
}
