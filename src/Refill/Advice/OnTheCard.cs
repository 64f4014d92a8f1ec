using Microsoft.EntityFrameworkCore;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Storage;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Advice;

/// <summary>What the ledger says is on a card of our own network.</summary>
internal sealed class OnTheCard(Database database, TermsBook terms, TimeProvider time)
{
    /// <summary>How far back top-ups are looked for; what was bought before and still runs must be typed.</summary>
    private static readonly TimeSpan LooksBack = TimeSpan.FromDays(100);

    private const int MostTopUps = 50;

    /// <summary>As stock for a question: allowances of top-ups that run now, with what is left in their accounts.</summary>
    public async Task<IReadOnlyList<Stock>> ReadAsync(Guid cardId, Calendar calendar, CancellationToken cancellation)
    {
        var cell = CellId.CellOf(cardId);
        var now = time.GetUtcNow();
        var (number, since) = (cell.Number, CellId.New(cell, now - LooksBack));
        await using var db = database.Open();
        short place = number;
        var rows = await db.Set<TopUpRow>().AsNoTracking().Where(row => row.Cell == place && row.Id >= since && row.CardId == cardId && row.State == (short)TopUpState.Completed)
            .OrderByDescending(row => row.Id).Take(MostTopUps).ToListAsync(cancellation);
        var stock = new List<Stock>();
        foreach (var row in rows)
        {
            var topUp = await TopUp.ReadAsync(row, terms, cancellation);
            if (topUp.ValidUntil is not { } end || end <= now || calendar.LastWholeDay(end) is < 0)
            {
                continue;
            }

            var ids = new[] { (Allowances.Data, Unit.Byte), (Allowances.Hotspot, Unit.HotspotByte), (Allowances.Voice, Unit.VoiceSecond), (Allowances.Sms, Unit.Message) }
                .Select(allowance => Account.For(cell, allowance.Item1, allowance.Item2, topUp.Id, floor: 0).Id).ToArray();
            var left = await db.Set<AccountRow>().AsNoTracking().Where(account => account.Cell == place && ids.Contains(account.Id)).ToDictionaryAsync(account => account.Id, account => account.Balance, cancellation);
            stock.Add(new Stock(0, calendar.LastWholeDay(end), Granted.Left(topUp.Plan, [.. ids.Select(id => left.TryGetValue(id, out var balance) ? balance : (long?)null)]), topUp.Plan.AfterQuota == AfterQuota.Throttled));
        }

        return stock;
    }
}
