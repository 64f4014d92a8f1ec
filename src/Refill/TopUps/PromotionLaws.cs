using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Promotions;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>What limited offers were given to, held against the accounts that count it. Archives first, then the database cell by cell, at last over all cells.</summary>
internal sealed class PromotionLaws(ArchivedTopUps archives)
{
    private readonly TopUpLaws.Check stands = new("I7  the offers of every top-up are reserved while it may be paid, used when it is, and given back else");
    private readonly TopUpLaws.Check counted = new("I7  every use of a limited offer is of a top-up that has it, and of its card");

    /// <summary>Uses by top-ups that lie in archives, by account.</summary>
    private readonly Dictionary<Guid, long> archived = [];

    public IReadOnlyList<AuditFinding> Findings => [stands.Finding, counted.Finding];

    public void JudgeArchived(TopUpRows rows)
    {
        foreach (var (account, amount) in Expected(rows))
        {
            archived[account.Id] = archived.GetValueOrDefault(account.Id) + amount;
        }
    }

    public void Judge(TopUpRows rows)
    {
        var expected = Expected(rows).GroupBy(use => use.Account.Id).ToDictionary(uses => uses.Key, uses => uses.Sum(use => use.Amount));
        var accounts = rows.Offers.ToDictionary(account => account.Id);
        foreach (var id in expected.Keys.Union(accounts.Keys))
        {
            counted.Examined++;
            var wanted = expected.GetValueOrDefault(id) + archived.GetValueOrDefault(id) + archives.NotAtHand.GetValueOrDefault(id).Amount;
            if (accounts.GetValueOrDefault(id)?.Balance is var balance && (balance ?? 0) != wanted)
            {
                counted.Problem($"cell {rows.Cell}: {accounts.GetValueOrDefault(id)?.Purpose ?? "an account"} {id} is {balance ?? 0}, the top-ups say {wanted}");
            }
        }
    }

    /// <summary>What is left of each offer, and what cells have reserved and used, is what was ever allowed. Cells alone cannot tell.</summary>
    public static async Task<AuditFinding> OverAllAsync(Database database, CancellationToken cancellation)
    {
        var check = new TopUpLaws.Check("I7  no offer was used more often than it may be: left, reserved and used are its limit");
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var told = await db.Set<PromotionRow>().AsNoTracking().Where(row => row.IssuedUses != 0).Select(row => new { row.Code, row.IssuedUses }).ToListAsync(cancellation);
        if (told.Count == 0)
        {
            return check.Finding;
        }

        var pending = await Tallies.PendingAsync(db, cancellation);
        var accounts = (await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Purpose == PromotionAccounts.LeftPurpose || a.Purpose == PromotionAccounts.ReservedPurpose || a.Purpose == PromotionAccounts.UsedPurpose).ToListAsync(cancellation))
            .ToLookup(a => a.Owner, a => a.Balance + pending.GetValueOrDefault(a.Id).Amount);
        foreach (var offer in told)
        {
            check.Examined++;
            if (accounts[PromotionAccounts.IdOf(offer.Code)].Sum() is var sum && sum != offer.IssuedUses)
            {
                check.Problem($"'{offer.Code}' may be used {offer.IssuedUses} times, its accounts say {sum}");
            }
        }

        return check.Finding;
    }

    /// <summary>What the top-ups say that accounts must hold.</summary>
    private IEnumerable<(Account Account, long Amount)> Expected(TopUpRows rows)
    {
        foreach (var topUp in rows.TopUps.Values)
        {
            if (topUp.Sale is not { } sale || !sale.Counted.Any())
            {
                continue;
            }

            stands.Examined++;
            if (PromotionUses.UsesIn(topUp.State) is { } wanted && wanted != sale.Uses)
            {
                stands.Problem($"top-up {topUp.Id} is {topUp.State}, and its offers are {sale.Uses}");
            }

            var cell = CellId.CellOf(topUp.Id);
            foreach (var line in sale.Uses switch { SaleUses.Reserved => sale.Counted, SaleUses.Used => sale.Present.Lines.Where(line => line.IsCounted), _ => [] })
            {
                var id = PromotionAccounts.IdOf(line.Code);
                if (line.IsLimited)
                {
                    yield return (sale.Uses == SaleUses.Reserved ? PromotionAccounts.Reserved(cell, id) : PromotionAccounts.Used(cell, id), 1);
                }

                if (line.PerCard is { } limit)
                {
                    yield return (PromotionAccounts.OfCard(topUp.CardId, id, limit), -1);
                }
            }
        }
    }
}
