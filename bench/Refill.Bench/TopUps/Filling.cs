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

    private readonly long begin = TimeProvider.System.GetUtcNow().AddDays(-1).ToUnixTimeMilliseconds();

    /// <param name="first">Index of the first card (BenchCards).</param>
    /// <param name="withPostings">Five for each card.</param>
    public async Task FillAsync(int first, int count, bool withPostings)
    {
        var cards = Enumerable.Range(first, count).AsParallel().Select(index => (Index: index, Name: book.NameOf(Identifier(index)))).ToArray();

        // In the order of the keys: ten million insertions at random places would be ten million pages.
        var isSqlite = database.Database.Options.Kind == DatabaseKind.Sqlite;
        Array.Sort(cards, (one, other) => (isSqlite ? 0 : CellId.CellOf(one.Name).Number - CellId.CellOf(other.Name).Number) is var cell && cell != 0 ? cell : one.Name.CompareTo(other.Name));
        await using var rows = await BulkRows.OpenAsync(database.Database);
        var (lines, number) = (new Dictionary<(Cell, string), Standing>(), 0L);
        foreach (var (index, name) in cards)
        {
            var (cell, at) = (CellId.CellOf(name), DateTimeOffset.FromUnixTimeMilliseconds(begin + number++ / 1000));
            var cardId = New(cell, at);
            foreach (var row in book.RowsOfNew(Identifier(index), cardId, carrier, OwnCarrier.ConnectorName, carrier, null, null, at))
            {
                await rows.AddAsync(row, 1);
            }

            if (withPostings)
            {
                await PostingsAsync(rows, lines, cell, cardId, at);
            }
        }

        foreach (var line in lines.Values)
        {
            await rows.AddAsync("account", BulkRows.AccountColumns, line.Row);
        }

        await rows.EndAsync();
    }

    /// <summary>issuance −10, allowance +10; allowance −4, used +3, lapsed +1.</summary>
    private static async Task PostingsAsync(IBulkRows rows, Dictionary<(Cell, string), Standing> lines, Cell cell, Guid cardId, DateTimeOffset at)
    {
        var own = new Standing(Account.For(cell, "allowance/filled", Unit.Byte, cardId, floor: 0));
        var (first, second) = (New(cell, at), New(cell, at));
        await AddAsync(first, (System("issuance/filled"), -Issued), (own, Issued));
        await AddAsync(second, (own, -Used - Lapsed), (System("used/filled"), Used), (System("lapsed/filled"), Lapsed));
        await rows.AddAsync("account", BulkRows.AccountColumns, own.Row);

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

            return rows.AddAsync("transfer", BulkRows.TransferColumns, [(short)cell.Number, transfer, "filled", cardId, packed[..length].ToArray()]);
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
}
