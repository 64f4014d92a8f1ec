using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Npgsql;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

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
    private const string SqliteCard = "SELECT version, carrier_code, connector, reference, status, current_plan, expires_at, seen_at, first_topped_up_at FROM card WHERE cell = ?1 AND id = ?2";

    // A card's cell is the last byte of its id (CellId).
    private const string PostgresCards = $"""
        SELECT k.id, c.id, c.version, c.carrier_code, c.connector, c.reference, c.status, c.current_plan, c.expires_at, c.seen_at, c.first_topped_up_at
        FROM ({RowSql.Keys}) k
        JOIN card_identifier i ON i.cell = k.cell AND i.id = k.id
        JOIN card c ON c.cell = get_byte(uuid_send(i.card_id), 15)::smallint AND c.id = i.card_id
        """;

    private readonly Database database;
    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxQueue) { SingleReader = true });
    private readonly Lazy<Task> running;

    /// <summary>Whoever has it uses the connection.</summary>
    private readonly SemaphoreSlim atIt = new(1);
    private SqliteConnection? connection;
    private NpgsqlConnection? postgres;
    private SqliteStatement? identifiers;
    private SqliteStatement? cards;
    private SqliteStatement? begin;
    private SqliteStatement? end;

    public CardLookups(Database database)
    {
        this.database = database;
        running = new(() => Task.Factory.StartNew(RunAsync, CancellationToken.None, database.Options.Kind == DatabaseKind.Sqlite ? TaskCreationOptions.LongRunning : TaskCreationOptions.None, TaskScheduler.Default).Unwrap());
    }

    /// <summary>The card of an identifier as it stands in the database now, with that identifier alone; null if there is none.</summary>
    /// <param name="id">The identifier's row: its blind index.</param>
    /// <exception cref="CommitterBusyException">Too many wait; nothing was done.</exception>
    public Task<CardRecord?> FindAsync(Guid id, CardIdentifier identifier)
    {
        _ = running.Value;
        var waiting = new Waiting(id, identifier);
        if (queue.Reader.Count == 0 && atIt.Wait(TimeSpan.Zero))
        {
            return AloneAsync(waiting); // Nobody else is asking: two awakenings sooner.
        }

        return !queue.Writer.TryWrite(waiting) ? throw new CommitterBusyException() : waiting.Task;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        if (running.IsValueCreated)
        {
            await running.Value;
        }

        await atIt.WaitAsync();
        Forget();
        atIt.Dispose();
    }

    private async Task<CardRecord?> AloneAsync(Waiting waiting)
    {
        try
        {
            return (await AnswersAsync([waiting]))[0].Card;
        }
        catch
        {
            Forget();
            throw;
        }
        finally
        {
            atIt.Release();
        }
    }

    private async Task RunAsync()
    {
        var group = new List<Waiting>(MaxGroup);
        while (await queue.Reader.WaitToReadAsync())
        {
            await atIt.WaitAsync();
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var waiting))
            {
                group.Add(waiting);
            }

            try
            {
                var answers = await AnswersAsync(group);
                Waking.All(answers.Length, index => answers[index].Waiting.Answer(answers[index].Card));
            }
            catch (Exception error)
            {
                // Whatever it is, it is the waiting ones' to hear: this loop must not end, or all who come later would wait for ever.
                Forget();
                Waiting[] failed = [.. group];
                Waking.All(failed.Length, index => failed[index].Fail(error));
            }
            finally
            {
                atIt.Release();
            }

            group.Clear();
        }
    }

    private Task<(Waiting Waiting, CardRecord? Card)[]> AnswersAsync(List<Waiting> group) => database.Options.Kind == DatabaseKind.Sqlite ? FromSqliteAsync(group) : FromPostgresAsync(group);

    private async Task<(Waiting Waiting, CardRecord? Card)[]> FromSqliteAsync(List<Waiting> group)
    {
        if (connection is null)
        {
            connection = await database.OpenKeptSqliteAsync();
            (identifiers, cards, begin, end) = (new SqliteStatement(connection, SqliteIdentifier), new SqliteStatement(connection, SqliteCard), new SqliteStatement(connection, "BEGIN"), new SqliteStatement(connection, "COMMIT"));
        }

        // In one transaction: each looks anew what the writer has done meanwhile, and forgets all pages if it has done something.
        begin!.Run();
        (Waiting, CardRecord?)[] answers = [.. group.Select(waiting => (waiting, FromSqlite(waiting)))];
        end!.Run();
        return answers;
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
            cards.IsNull(6) ? null : DateTimeOffset.FromUnixTimeMilliseconds(cards.Long(6)), DateTimeOffset.FromUnixTimeMilliseconds(cards.Long(7)), [waiting.Identifier])
        {
            FirstToppedUpAt = cards.IsNull(8) ? null : DateTimeOffset.FromUnixTimeMilliseconds(cards.Long(8)),
        };
        cards.Reset();
        return card;
    }

    private async Task<(Waiting Waiting, CardRecord? Card)[]> FromPostgresAsync(List<Waiting> group)
    {
        try
        {
            return await OnceFromPostgresAsync(group);
        }
        catch (Exception failure) when (postgres is not null && Database.IsOutOfReach(failure))
        {
            // It may have broken while it lay idle: once more with a fresh one.
            Forget();
            return await OnceFromPostgresAsync(group);
        }
    }

    private async Task<(Waiting Waiting, CardRecord? Card)[]> OnceFromPostgresAsync(List<Waiting> group)
    {
        postgres ??= await database.OpenKeptAsync("");
        await using var command = new NpgsqlCommand(PostgresCards, postgres) { Parameters = { PgArray.Cells(group, waiting => CellId.CellOf(waiting.Id)), PgArray.Uuids(group, waiting => waiting.Id) } };
        var (found, identifiers) = (new Dictionary<Guid, CardRecord>(group.Count), new Dictionary<Guid, CardIdentifier>(group.Count));
        foreach (var waiting in group)
        {
            identifiers[waiting.Id] = waiting.Identifier;
        }

        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                var id = reader.GetGuid(0);
                var identifier = identifiers[id];
                found[id] = new CardRecord(
                    reader.GetGuid(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), (CardStatus)reader.GetInt16(6), reader.IsDBNull(7) ? null : reader.GetString(7),
                    reader.IsDBNull(8) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(9)), [identifier])
                {
                    FirstToppedUpAt = reader.IsDBNull(10) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(10)),
                };
            }
        }

        return [.. group.Select(waiting => (waiting, found.GetValueOrDefault(waiting.Id)))];
    }

    private void Forget()
    {
        identifiers?.Dispose();
        cards?.Dispose();
        begin?.Dispose();
        end?.Dispose();
        connection?.Dispose();
        postgres?.Dispose();
        (identifiers, cards, begin, end, connection, postgres) = (null, null, null, null, null, null);
    }

    private sealed class Waiting(Guid id, CardIdentifier identifier)
    {
        private readonly TaskCompletionSource<CardRecord?> source = new(); // Answered on a thread of the pool (Waking).

        public Guid Id => id;

        public CardIdentifier Identifier => identifier;

        public Task<CardRecord?> Task => source.Task;

        public void Answer(CardRecord? card) => source.TrySetResult(card);

        public void Fail(Exception error) => source.TrySetException(error);
    }
}
