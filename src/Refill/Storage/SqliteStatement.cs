using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Refill.Storage;

/// <summary>
/// A prepared statement, used again and again by the one thread that writes. It goes past ADO.NET, whose parameters are boxed and looked up by name at every
/// execution: that was most of a commit's processor time (docs/performance). Parameters and columns are numbered as SQLite numbers them, from 1 and from 0.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private const int StackLimit = 512;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle ?? throw new InvalidOperationException("the connection is not open");
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement));
    }

    public SqliteStatement Bind(int index, long value)
    {
        Check(raw.sqlite3_bind_int64(statement, index, value));
        return this;
    }

    /// <summary>16 bytes, big-endian, as everywhere on SQLite.</summary>
    public SqliteStatement Bind(int index, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        Check(raw.sqlite3_bind_blob(statement, index, bytes));
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> bytes)
    {
        // A null pointer would mean NULL: an empty value is bound as such.
        Check(bytes.IsEmpty ? raw.sqlite3_bind_zeroblob(statement, index, 0) : raw.sqlite3_bind_blob(statement, index, bytes));
        return this;
    }

    public SqliteStatement Bind(int index, string text)
    {
        if (text.Length == 0)
        {
            // As with bytes: an empty span has no address, and would be NULL.
            Check(raw.sqlite3_bind_text(statement, index, ""));
            return this;
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = most > StackLimit ? ArrayPool<byte>.Shared.Rent(most) : null;
        var bytes = rented ?? stackalloc byte[StackLimit];
        Check(raw.sqlite3_bind_text(statement, index, bytes[..Encoding.UTF8.GetBytes(text, bytes)]));
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return this;
    }

    /// <summary>A column's value of a <see cref="RowChange"/>.</summary>
    public void BindValue(int index, object? value)
    {
        switch (value)
        {
            case null:
                Check(raw.sqlite3_bind_null(statement, index));
                break;
            case Guid id:
                Bind(index, id);
                break;
            case long number:
                Bind(index, number);
                break;
            case short number:
                Bind(index, number);
                break;
            case bool flag:
                Bind(index, flag ? 1 : 0);
                break;
            case string text:
                Bind(index, text);
                break;
            case byte[] bytes:
                Bind(index, bytes.AsSpan());
                break;
            default:
                throw new InvalidOperationException($"a column cannot hold a {value.GetType().Name}");
        }
    }

    /// <summary>True while there is a row; when there is none, the statement is ready for its next use.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        // An error is told twice, by the step and by the reset after it.
        _ = raw.sqlite3_reset(statement);
        if (result != raw.SQLITE_DONE)
        {
            Check(result);
        }

        return false;
    }

    /// <summary>Runs a statement that changes rows.</summary>
    /// <returns>How many it changed.</returns>
    public int Run()
    {
        while (Step())
        {
            // A pragma's answer is of no interest here.
        }

        return raw.sqlite3_changes(database);
    }

    /// <summary>Ends reading before the last row was seen.</summary>
    public void Reset() => _ = raw.sqlite3_reset(statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public Guid Uuid(int column) => new(raw.sqlite3_column_blob(statement, column), bigEndian: true);

    public void Dispose() => statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(result, database);
        }
    }
}
