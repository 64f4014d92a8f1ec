using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Refill.Bench.Ledger;
using Refill.Cards;
using Refill.Carriers.Own;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Bench.TopUps;

/// <summary>
/// Cards of our own network, real ones: found by their numbers, encrypted, and topped up like any other. Those that fill a database have each an allowance and five postings in two transfers besides, lawful to the
/// last one, so that the audit can still say whether the books are sound. They go in by COPY, or by prepared statements: ten million by way of the API would take most of an hour.
/// </summary>
internal sealed class Filling(BenchDatabase database, CardBook book, string carrier)
{
    private const int Issued = 10;
    private const int Used = 3;
    private const int Lapsed = 1;
    private const int RowsPerTransaction = 500_000;

    private static readonly ImmutableArray<Column> Key = [new("cell", ColumnType.Smallint), new("id", ColumnType.Uuid)];
    private static readonly ImmutableArray<Column> AccountColumns =
    [
        .. Key, new("purpose", ColumnType.Text), new("unit", ColumnType.Text), new("owner", ColumnType.Uuid), new("floor", ColumnType.Bigint), new("balance", ColumnType.Bigint), new("postings", ColumnType.Bigint),
        new("last_transfer", ColumnType.Uuid),
    ];

    private static readonly ImmutableArray<Column> TransferColumns = [.. Key, new("kind", ColumnType.Text), new("subject", ColumnType.Uuid), new("postings", ColumnType.Bytes)];

    private readonly long begin = TimeProvider.System.GetUtcNow().AddDays(-1).ToUnixTimeMilliseconds();

    /// <param name="first">Index of the first card (BenchCards).</param>
    /// <param name="withPostings">Five for each card.</param>
    public async Task FillAsync(int first, int count, bool withPostings)
    {
        var cards = Enumerable.Range(first, count).AsParallel().Select(index => (Index: index, Name: book.NameOf(Identifier(index)))).ToArray();

        // In the order of the keys: ten million insertions at random places would be ten million pages.
        var isSqlite = database.Database.Options.Kind == DatabaseKind.Sqlite;
        Array.Sort(cards, (one, other) => (isSqlite ? 0 : CellId.CellOf(one.Name).Number - CellId.CellOf(other.Name).Number) is var cell && cell != 0 ? cell : one.Name.CompareTo(other.Name));
        await using IRows rows = isSqlite ? await SqliteRows.NewAsync(database.Database) : new PostgresRows(database.Database);
        var (lines, number) = (new Dictionary<(Cell, string), Standing>(), 0L);
        foreach (var (index, name) in cards)
        {
            var (cell, at) = (CellId.CellOf(name), DateTimeOffset.FromUnixTimeMilliseconds(begin + number++ / 1000));
            var cardId = New(cell, at);
            foreach (var row in book.RowsOfNew(Identifier(index), cardId, carrier, OwnCarrier.ConnectorName, carrier, null, null, at))
            {
                await rows.AddAsync(row.Table.Name, [.. Key, new Column("version", ColumnType.Bigint), .. row.Table.Columns], [(short)row.Cell.Number, row.Id, 1L, .. row.Values!.Value]);
            }

            if (withPostings)
            {
                await PostingsAsync(rows, lines, cell, cardId, at);
            }
        }

        foreach (var line in lines.Values)
        {
            await rows.AddAsync("account", AccountColumns, line.Row);
        }

        await rows.EndAsync();
        if (!isSqlite)
        {
            await using var connection = await database.Database.OpenConnectionAsync(CancellationToken.None);
            await using var command = connection.CreateCommand();
            (command.CommandTimeout, command.CommandText) = (0, "VACUUM ANALYZE");
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>issuance −10, allowance +10; allowance −4, used +3, lapsed +1.</summary>
    private static async Task PostingsAsync(IRows rows, Dictionary<(Cell, string), Standing> lines, Cell cell, Guid cardId, DateTimeOffset at)
    {
        var own = new Standing(Account.For(cell, "allowance/filled", Unit.Byte, cardId, floor: 0));
        var (first, second) = (New(cell, at), New(cell, at));
        await AddAsync(first, (System("issuance/filled"), -Issued), (own, Issued));
        await AddAsync(second, (own, -Used - Lapsed), (System("used/filled"), Used), (System("lapsed/filled"), Lapsed));
        await rows.AddAsync("account", AccountColumns, own.Row);

        Standing System(string purpose)
        {
            if (!lines.TryGetValue((cell, purpose), out var line))
            {
                lines[(cell, purpose)] = line = new Standing(Account.For(cell, purpose, Unit.Byte));
            }

            return line;
        }

        ValueTask AddAsync(Guid transfer, params ReadOnlySpan<(Standing Account, long Amount)> postings)
        {
            Span<byte> packed = stackalloc byte[3 * PackedPostings.MaxLine];
            var length = 0;
            foreach (var (account, amount) in postings)
            {
                length += PackedPostings.Write(packed[length..], account.Post(amount, transfer));
            }

            return rows.AddAsync("transfer", TransferColumns, [(short)cell.Number, transfer, "filled", cardId, packed[..length].ToArray()]);
        }
    }

    private static CardIdentifier Identifier(int index) => new(CardIdentifierKind.Msisdn, BenchCards.Number(index));

    private static Guid New(Cell cell, DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(at).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] = cell.Number;
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>An account as it stands while it is filled.</summary>
    private sealed class Standing(Account account)
    {
        private long balance;
        private long postings;
        private Guid last;

        public object?[] Row => [(short)account.Cell.Number, account.Id, account.Purpose, account.Unit.Code, account.Owner, account.Floor, balance, postings, last];

        public PostingLine Post(long amount, Guid transfer)
        {
            var line = new PostingLine(account.Id, account.Unit.Code, amount, postings + 1, balance + amount, last);
            (balance, postings, last) = (line.BalanceAfter, line.Sequence, transfer);
            return line;
        }
    }

    private interface IRows : IAsyncDisposable
    {
        ValueTask AddAsync(string table, ImmutableArray<Column> columns, object?[] values);

        Task EndAsync();
    }

    /// <summary>COPY, a connection for each table.</summary>
    private sealed class PostgresRows(Database database) : IRows
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

    private sealed class SqliteRows : IRows
    {
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
}
