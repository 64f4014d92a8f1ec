using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Reconciliation;
using Refill.Storage;

namespace Refill.Bench.Reconciliation;

/// <summary>What the books say after a run: the day's sums, every account's purpose with its balance over all cells, how many transfers there are, and what differs.</summary>
internal sealed record BooksAfter(ReconciliationRow Day, IReadOnlyDictionary<string, long> Balances, long Transfers, IReadOnlySet<Planted> Differences)
{
    public static async Task<BooksAfter> ReadAsync(Database database, string gateway, DateOnly day)
    {
        var (balances, text) = (new Dictionary<string, long>(), Reconciler.Text(day));
        await using var connection = await database.OpenConnectionAsync(default);
        await using var command = connection.CreateCommand();
        (command.CommandTimeout, command.CommandText) = (0, "SELECT purpose || ' ' || unit, CAST(sum(balance) AS bigint) FROM account GROUP BY purpose, unit");
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                balances[reader.GetString(0)] = reader.GetInt64(1);
            }
        }

        await using var db = database.Open();
        foreach (var delta in (await Tallies.PendingAsync(db, default)).Values)
        {
            var account = await db.Set<AccountRow>().AsNoTracking().SingleAsync(row => row.Id == delta.AccountId);
            balances[$"{account.Purpose} {account.Unit}"] += delta.Amount;
        }

        return new BooksAfter(
            await db.Set<ReconciliationRow>().AsNoTracking().SingleAsync(row => row.Gateway == gateway && row.Day == text),
            balances,
            await House.CountAsync(database, "SELECT count(*) FROM transfer"),
            (await db.Set<DiscrepancyRow>().AsNoTracking().ToListAsync()).Select(row => new Planted((DiscrepancyKind)row.Kind, row.Subject, (DiscrepancyState)row.State)).ToHashSet());
    }

    /// <summary>Nothing more was posted, and the same differs.</summary>
    public bool IsAsBefore(BooksAfter before) =>
        Transfers == before.Transfers && Balances.Count == before.Balances.Count && Balances.All(balance => before.Balances.GetValueOrDefault(balance.Key, long.MinValue) == balance.Value) && Differences.SetEquals(before.Differences)
        && (Day.Rows, Day.PaymentsMinor, Day.RefundsMinor, Day.FeesMinor, Day.SettledMinor) == (before.Day.Rows, before.Day.PaymentsMinor, before.Day.RefundsMinor, before.Day.FeesMinor, before.Day.SettledMinor);
}
