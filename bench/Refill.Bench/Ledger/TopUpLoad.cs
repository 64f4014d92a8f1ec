using System.Collections.Immutable;
using System.Security.Cryptography;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Bench.Ledger;

/// <summary>
/// A top-up as the ledger sees it, each for another card: its row (of a real row's columns and size), the key of its step, money from the gateway's clearing account to
/// revenue and data from issuance to an allowance of the card's own. The system's accounts are those of the card's cell.
/// </summary>
internal static class TopUpLoad
{
    public const int Postings = 4;
    public const string Table = "top_up";

    private const long PriceCents = 3000;
    private const long AllowanceBytes = 20_000_000_000;
    private static readonly string Detail = new('d', 400); // As long as the JSON of a real one.
    private static readonly byte[] Answer = new byte[16];
    private static readonly ImmutableArray<byte> BodyHash = [.. SHA256.HashData("body"u8)];

    public static Commit Next()
    {
        var cell = new Cell((byte)Random.Shared.Next(Cell.Count));
        var id = CellId.New(cell, TimeProvider.System);
        var key = CellId.ToText(id);
        return new Commit(cell)
        {
            Key = new IdempotencyKey("bench", key, BodyHash),
            Rows =
            [
                RowChange.Insert(TopUp.Table, cell, id,
(short)TopUpState.Completed, CellId.TimeOf(id).ToUnixTimeMilliseconds(), id, PriceCents, "USD", null, id, id, Detail),
            ],
            Transfers =
            [
                new Transfer(CellId.New(cell, TimeProvider.System), "delivered", id,
                [
                    new Posting(Account.For(cell, "clearing/alipay", Currency.Usd.Unit), -PriceCents),
                    new Posting(Account.For(cell, "revenue", Currency.Usd.Unit), PriceCents),
                    new Posting(Account.For(cell, "issuance/data", Unit.Byte), -AllowanceBytes),
                    new Posting(Account.For(cell, "allowance/data", Unit.Byte, id, floor: 0), AllowanceBytes),
                ]),
            ],
            Answer = Answer,
        };
    }
}
