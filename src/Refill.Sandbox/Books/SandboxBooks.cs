using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Refill.Sandbox.Books;

/// <summary>Tables of one who keeps books in the sandbox.</summary>
/// <param name="ClearedByReset">Those of them that a reset clears.</param>
internal sealed record BooksPart(string Schema, params string[] ClearedByReset);

/// <summary>
/// The sandbox's own books: one SQLite file, what is written down outlives the process. All that one request does happens in one
/// <see cref="Enter{T}(Func{BooksEntry, T})"/>, one at a time, so that no rule here needs to think of two callers.
/// </summary>
internal sealed class SandboxBooks : IDisposable
{
    private readonly Lock oneAtATime = new();
    private readonly SqliteConnection connection;
    private readonly string[] clearedByReset;

    /// <param name="openingBalanceCents">Of the carrier's prepaid account, in cents of USD, if the books are new.</param>
    internal SandboxBooks(string folder, long openingBalanceCents, IEnumerable<BooksPart> parts)
    {
        var all = parts.ToList();
        clearedByReset = ["messages", "faults", .. all.SelectMany(part => part.ClearedByReset)];
        Directory.CreateDirectory(folder);
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "sandbox.db"), Pooling = false }.ToString());
        connection.Open();
        OpeningBalanceCents = openingBalanceCents;

        // No fsync: a killed process loses nothing, only a power cut would; and the books of a sandbox must not slow down the disk of the database under test.
        foreach (var statement in (string[])["PRAGMA synchronous = OFF", "PRAGMA journal_mode = WAL", Schema, .. all.Select(part => part.Schema)])
        {
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }

        Enter(entry => entry.Change("INSERT INTO account (id, balance_cents, updated_at) VALUES (1, $1, 0) ON CONFLICT DO NOTHING", openingBalanceCents));
    }

    private long OpeningBalanceCents { get; }

    /// <summary>Runs the work as one transaction: all of it is written down when this returns, or none of it if it throws.</summary>
    internal T Enter<T>(Func<BooksEntry, T> work)
    {
        lock (oneAtATime)
        {
            using var transaction = connection.BeginTransaction();
            var result = work(new BooksEntry(connection, transaction));
            transaction.Commit();
            return result;
        }
    }

    internal void Enter(Action<BooksEntry> work) => Enter(entry =>
    {
        work(entry);
        return true;
    });

    /// <summary>Clears everything but access tokens and keys that were rotated, which their holders still believe in. Numbers already given are not given again.</summary>
    internal void Reset() => Enter(entry =>
    {
        foreach (var table in clearedByReset)
        {
            entry.Change($"DELETE FROM {table}");
        }

        entry.Change("UPDATE account SET balance_cents = $1, updated_at = 0", OpeningBalanceCents);
    });

    public void Dispose() => connection.Dispose();

    // Instants are Unix milliseconds, amounts are fen or cents.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS messages (
            id INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, about TEXT NOT NULL, notice_id TEXT NOT NULL, content TEXT NOT NULL, url TEXT NOT NULL,
            due_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, outcome TEXT);
        CREATE INDEX IF NOT EXISTS messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
        CREATE TABLE IF NOT EXISTS faults (
            id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, point TEXT NOT NULL, order_number TEXT, number TEXT, fault TEXT NOT NULL,
            seconds INTEGER NOT NULL, times_left INTEGER NOT NULL);
        """;
}

/// <summary>One transaction in the books. Parameters are $1, $2, … in the order given.</summary>
internal readonly struct BooksEntry(SqliteConnection connection, SqliteTransaction transaction)
{
    /// <summary>How many rows were changed.</summary>
    internal int Change(string sql, params object?[] values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    internal List<T> Rows<T>(string sql, Func<SqliteDataReader, T> read, params object?[] values)
    {
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>The first column of the first row; null if there is no row or no value.</summary>
    internal long? Number(string sql, params object?[] values)
    {
        using var command = Command(sql, values);
        return command.ExecuteScalar() as long?;
    }

    private SqliteCommand Command(string sql, object?[] values)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        for (var index = 0; index < values.Length; index++)
        {
            command.Parameters.AddWithValue("$" + (index + 1).ToString(CultureInfo.InvariantCulture), values[index] switch
            {
                null => DBNull.Value,
                DateTimeOffset instant => instant.ToUnixTimeMilliseconds(),
                var value => value,
            });
        }

        return command;
    }
}

internal static class BooksReading
{
    internal static string? TextOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    internal static DateTimeOffset Instant(this SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    internal static DateTimeOffset? InstantOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.Instant(column);
}
