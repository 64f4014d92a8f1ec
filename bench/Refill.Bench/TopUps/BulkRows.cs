using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Refill.Ledger;
using Refill.Storage;

namespace Refill.Bench.TopUps;

/// <summary>Rows that go in many at a time, past the ledger: whoever writes them sees to it that they are lawful.</summary>
internal interface IBulkRows : IAsyncDisposable
{
    ValueTask AddAsync(string table, ImmutableArray<Column> columns, object?[] values);

    /// <summary>All of it is there now.</summary>
    Task EndAsync();
}

internal static class BulkRows
{
    public static readonly ImmutableArray<Column> Key = [new("cell", ColumnType.Smallint), new("id", ColumnType.Uuid)];

    public static readonly ImmutableArray<Column> AccountColumns =
    [
        .. Key, new("purpose", ColumnType.Text), new("unit", ColumnType.Text), new("owner", ColumnType.Uuid), new("floor", ColumnType.Bigint), new("balance", ColumnType.Bigint), new("postings", ColumnType.Bigint),
        new("last_transfer", ColumnType.Uuid),
    ];

    public static readonly ImmutableArray<Column> TransferColumns = [.. Key, new("kind", ColumnType.Text), new("subject", ColumnType.Uuid), new("postings", ColumnType.Bytes)];

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<VersionedTable, ImmutableArray<Column>> Versioned = new();

    public static async Task<IBulkRows> OpenAsync(Database database) => database.Options.Kind == DatabaseKind.Sqlite ? await SqliteRows.NewAsync(database) : new PostgresRows(database);

    /// <summary>A row as its last change leaves it.</summary>
    public static ValueTask AddAsync(this IBulkRows rows, RowChange row, long version) => rows.AddAsync(
        row.Table.Name, Versioned.GetOrAdd(row.Table, table => [.. Key, new Column("version", ColumnType.Bigint), .. table.Columns]), [(short)row.Cell.Number, row.Id, version, .. row.Values!.Value]);
}

/// <summary>An account as it stands while it is filled.</summary>
internal sealed class Standing(Account account)
{
    private long balance;
    private long postings;
    private Guid last;

    public object?[] Row => [(short)account.Cell.Number, account.Id, account.Purpose, account.Unit.Code, account.Owner, account.Floor, balance, postings, last];

    public PostingLine Post(long amount, Guid transfer)
    {
        var line = account.IsSummed ? new PostingLine(account.Id, account.Unit.Code, amount, 0, 0, Guid.Empty) : new PostingLine(account.Id, account.Unit.Code, amount, postings + 1, balance + amount, last);
        (balance, postings, last) = (balance + amount, postings + 1, account.IsSummed ? last : transfer);
        return line;
    }
}

/// <summary>COPY, a connection for each table.</summary>
internal sealed class PostgresRows(Database database) : IBulkRows
{
    private readonly Dictionary<string, (NpgsqlConnection Connection, NpgsqlBinaryImporter Copy)> tables = [];

    public async ValueTask AddAsync(string table, ImmutableArray<Column> columns, object?[] values)
    {
        if (!tables.TryGetValue(table, out var into))
        {
            var connection = (NpgsqlConnection)await database.OpenConnectionAsync(CancellationToken.None);
            into = (connection, await connection.BeginBinaryImportAsync($"COPY {table} ({string.Join(", ", columns.Select(column => column.Name))}) FROM STDIN (FORMAT BINARY)"));
            into.Copy.Timeout = TimeSpan.Zero;
            tables[table] = into;
        }

        await into.Copy.StartRowAsync();
        for (var index = 0; index < values.Length; index++)
        {
            switch (values[index])
            {
                case null:
                    await into.Copy.WriteNullAsync();
                    break;
                case short value:
                    await into.Copy.WriteAsync(value, NpgsqlDbType.Smallint);
                    break;
                case long value:
                    await into.Copy.WriteAsync(value, NpgsqlDbType.Bigint);
                    break;
                case Guid value:
                    await into.Copy.WriteAsync(value, NpgsqlDbType.Uuid);
                    break;
                case byte[] value:
                    await into.Copy.WriteAsync(value, NpgsqlDbType.Bytea);
                    break;
                default:
                    await into.Copy.WriteAsync((string)values[index]!, NpgsqlDbType.Text);
                    break;
            }
        }
    }

    public async Task EndAsync()
    {
        foreach (var (_, copy) in tables.Values)
        {
            await copy.CompleteAsync();
        }

        foreach (var (connection, copy) in tables.Values)
        {
            await copy.DisposeAsync();
            await connection.DisposeAsync();
        }

        tables.Clear();
        await using var quiet = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = quiet.CreateCommand();
        (command.CommandTimeout, command.CommandText) = (0, "VACUUM ANALYZE");
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (connection, copy) in tables.Values)
        {
            await copy.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}

/// <summary>Prepared statements, half a million rows a transaction.</summary>
internal sealed class SqliteRows : IBulkRows
{
    private const int RowsPerTransaction = 500_000;

    private readonly Microsoft.Data.Sqlite.SqliteConnection connection;
    private readonly Dictionary<string, SqliteStatement> statements = [];
    private int rows;

    private SqliteRows(Microsoft.Data.Sqlite.SqliteConnection connection) => this.connection = connection;

    public static async Task<SqliteRows> NewAsync(Database database)
    {
        var rows = new SqliteRows((Microsoft.Data.Sqlite.SqliteConnection)await database.OpenConnectionAsync(CancellationToken.None));
        rows.Run("PRAGMA cache_size = -262144");
        rows.Run("BEGIN IMMEDIATE");
        return rows;
    }

    public ValueTask AddAsync(string table, ImmutableArray<Column> columns, object?[] values)
    {
        if (!statements.TryGetValue(table, out var insert))
        {
            statements[table] = insert = new SqliteStatement(connection, $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => column.Name))}) VALUES ({string.Join(", ", columns.Select((_, index) => $"?{index + 1}"))})");
        }

        for (var index = 0; index < values.Length; index++)
        {
            insert.BindValue(index + 1, values[index]);
        }

        insert.Run();
        if (++rows % RowsPerTransaction == 0)
        {
            Run("COMMIT");
            Run("BEGIN IMMEDIATE");
        }

        return ValueTask.CompletedTask;
    }

    public Task EndAsync()
    {
        Run("COMMIT");
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var statement in statements.Values)
        {
            statement.Dispose();
        }

        return connection.DisposeAsync();
    }

    private void Run(string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        statement.Run();
    }
}
