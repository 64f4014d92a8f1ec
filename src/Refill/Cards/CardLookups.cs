using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Npgsql;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Cards;

/// <summary>
/// Looks cards up by their identifiers for whoever orders in bulk: what waits is asked for together, one statement for all of it on PostgreSQL, prepared ones on a thread of their own
/// on SQLite. EF Core costs more for one card than the whole order (docs/performance.md).
/// </summary>
internal sealed class CardLookups : IAsyncDisposable
{
    private const int MaxGroup = 512;
    private const int MaxQueue = 8192;

    private const string SqliteIdentifier = "SELECT card_id FROM card_identifier WHERE cell = ?1 AND id = ?2";
    private const string SqliteCard = "SELECT version, carrier_code, connector, reference, status, current_plan, expires_at, seen_at FROM card WHERE cell = ?1 AND id = ?2";

    // A card's cell is the last byte of its id (CellId).
    private const string PostgresCards = """
        SELECT k.id, c.id, c.version, c.carrier_code, c.connector, c.reference, c.status, c.current_plan, c.expires_at, c.seen_at
        FROM unnest($1::smallint[], $2::uuid[]) AS k(cell, id)
        JOIN card_identifier i ON i.cell = k.cell AND i.id = k.id
        JOIN card c ON c.cell = get_byte(uuid_send(i.card_id), 15)::smallint AND c.id = i.card_id
        """;

    private readonly Database database;
    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxQueue) { SingleReader = true });
    private readonly Lazy<Task> running;
    private SqliteConnection? connection;
    private SqliteStatement? identifiers;
    private SqliteStatement? cards;

    public CardLookups(Database database)
    {
        this.database = database;
        running = new(() => Task.Factory.StartNew(RunAsync, CancellationToken.None, database.Options.Kind == DatabaseKind.Sqlite ? TaskCreationOptions.LongRunning : TaskCreationOptions.None, TaskScheduler.Default).Unwrap());
    }

    /// <summary>The card of an identifier as it stands in the database now, with that identifier alone; null if there is none.</summary>
    /// <param name="id">The identifier's row: its blind index.</param>
    /// <exception cref="CommitterBusyException">Too many wait; nothing was done.</exception>
    public Task<CardRecord?> FindAsync(Guid id, CardIdentifier identifier, CancellationToken cancellation)
    {
        _ = running.Value;
        var waiting = new Waiting(id, identifier);
        return !queue.Writer.TryWrite(waiting) ? throw new CommitterBusyException() : cancellation.CanBeCanceled ? waiting.Task.WaitAsync(cancellation) : waiting.Task;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        if (running.IsValueCreated)
        {
            await running.Value;
        }

        Forget();
    }

    private async Task RunAsync()
    {
        var group = new List<Waiting>(MaxGroup);
        while (await queue.Reader.WaitToReadAsync())
        {
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var waiting))
            {
                group.Add(waiting);
            }

            try
            {
                await (database.Options.Kind == DatabaseKind.Sqlite ? FromSqliteAsync(group) : FromPostgresAsync(group));
            }
            catch (Exception error)
            {
                // Whatever it is, it is the waiting ones' to hear: this loop must not end, or all who come later would wait for ever.
                Forget();
                group.ForEach(waiting => waiting.Fail(error));
            }

            group.Clear();
        }
    }

    private async Task FromSqliteAsync(List<Waiting> group)
    {
        if (connection is null)
        {
            connection = (SqliteConnection)await database.OpenConnectionAsync(CancellationToken.None);
            (identifiers, cards) = (new SqliteStatement(connection, SqliteIdentifier), new SqliteStatement(connection, SqliteCard));
        }

        foreach (var waiting in group)
        {
            waiting.Answer(FromSqlite(waiting));
        }
    }

    private CardRecord? FromSqlite(Waiting waiting)
    {
        if (!identifiers!.Bind(1, CellId.CellOf(waiting.Id).Number).Bind(2, waiting.Id).Step())
        {
            return null;
        }

        var cardId = identifiers.Uuid(0);
        identifiers.Reset();
        if (!cards!.Bind(1, CellId.CellOf(cardId).Number).Bind(2, cardId).Step())
        {
            return null;
        }

        var card = new CardRecord(
            cardId, cards.Long(0), cards.Text(1), cards.Text(2), cards.Text(3), (CardStatus)cards.Long(4), cards.IsNull(5) ? null : cards.Text(5),
            cards.IsNull(6) ? null : DateTimeOffset.FromUnixTimeMilliseconds(cards.Long(6)), DateTimeOffset.FromUnixTimeMilliseconds(cards.Long(7)), [waiting.Identifier]);
        cards.Reset();
        return card;
    }

    private async Task FromPostgresAsync(List<Waiting> group)
    {
        await using var connection = (NpgsqlConnection)await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(PostgresCards, connection) { Parameters = { PgArray.Cells(group, waiting => CellId.CellOf(waiting.Id)), PgArray.Uuids(group, waiting => waiting.Id) } };
        await command.PrepareAsync();
        var found = new Dictionary<Guid, CardRecord>(group.Count);
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                found[reader.GetGuid(0)] = new CardRecord(
                    reader.GetGuid(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), (CardStatus)reader.GetInt16(6), reader.IsDBNull(7) ? null : reader.GetString(7),
                    reader.IsDBNull(8) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(9)), []);
            }
        }

        foreach (var waiting in group)
        {
            waiting.Answer(found.GetValueOrDefault(waiting.Id) is { } card ? card with { Identifiers = [waiting.Identifier] } : null);
        }
    }

    private void Forget()
    {
        identifiers?.Dispose();
        cards?.Dispose();
        connection?.Dispose();
        (identifiers, cards, connection) = (null, null, null);
    }

    private sealed class Waiting(Guid id, CardIdentifier identifier)
    {
        private readonly TaskCompletionSource<CardRecord?> source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Guid Id => id;

        public CardIdentifier Identifier => identifier;

        public Task<CardRecord?> Task => source.Task;

        public void Answer(CardRecord? card) => source.TrySetResult(card);

        public void Fail(Exception error) => source.TrySetException(error);
    }
}
