using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Refill.Ledger;
using Refill.Storage;
using Refill.Units;

namespace Refill.Promotions;

/// <summary>What an import does to one promotion.</summary>
/// <param name="Kind">'+' added, '~' changed.</param>
public sealed record OfferChange(char Kind, string Code, string What)
{
    public override string ToString() => $"{Kind} {Code}  {What}";
}

/// <param name="Done">True: everything is in (or would be: a preview). False: nothing is, for the reasons in <paramref name="Bad"/>.</param>
/// <param name="Notes">What is in order, and a person may not have meant: offers that overlap, or are over already.</param>
public sealed record OfferReport(bool Done, IReadOnlyList<OfferChange> Changes, int Unchanged, IReadOnlyList<BadOffer> Bad, IReadOnlyList<BadOffer> Notes)
{
    public override string ToString() => Done
        ? $"{Changes.Count(change => change.Kind == '+')} added, {Changes.Count(change => change.Kind == '~')} changed, {Unchanged} unchanged"
        : $"nothing was imported; {Bad.Count} bad:{Environment.NewLine}{string.Join(Environment.NewLine, Bad)}";
}

/// <summary>Brings a file of promotions in: all of it or nothing, every fault named. What it does not name stays as it is.</summary>
public sealed class PromotionImport(Database database, GeneralLedger ledger, PromotionReader reader, TimeProvider time)
{
    public const int MaxRows = 10_000;
    public const int MaxShown = 100;

    /// <summary>Combinable offers whose uses are counted: one quote may show them all, and its commit moves a use of each.</summary>
    public const int MaxCounted = 100;

    private sealed record Entry(int Line, Promotion Promotion);

    /// <param name="preview">Only say what would change.</param>
    public async Task<OfferReport> ImportAsync(Stream file, OfferFacts facts, bool preview, CancellationToken cancellation)
    {
        var (entries, bad, notes) = (new List<Entry>(), new List<BadOffer>(), new List<BadOffer>());
        try
        {
            foreach (var row in await PromotionFile.ReadAsync(file, MaxRows, cancellation))
            {
                var (promotion, faults) = PromotionLine.Read(row, facts);
                bad.AddRange(faults);
                if (promotion is not null)
                {
                    entries.Add(new Entry(row.Line, promotion));
                }

                if (bad.Count >= MaxShown)
                {
                    bad.Add(new BadOffer(row.Line, "file", $"has more than {MaxShown} faults; what stands from this line on was not read"));
                    break;
                }
            }
        }
        catch (PromotionFileException unfit)
        {
            bad.Add(new BadOffer(0, "file", unfit.Message));
        }

        if (bad.Count > 0)
        {
            return new OfferReport(false, [], 0, bad, notes);
        }

        await TellAsync(cancellation); // What an earlier import was interrupted in.
        await using var db = database.Open();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var report = await ApplyAsync(db, entries, new OfferOverlaps(facts.Plans), cancellation);
        if (!report.Done || preview)
        {
            return report;
        }

        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        bad.AddRange(await TellAsync(cancellation));
        reader.Forget();
        return report with { Bad = bad };
    }

    /// <summary>Ends an offer now. False: there is none of this code, or it was stopped before. Quotes that show it are honoured.</summary>
    public async Task<bool> StopAsync(string code, CancellationToken cancellation)
    {
        await using var db = database.Open();
        if (await db.Set<PromotionRow>().FirstOrDefaultAsync(row => row.Code == code && row.StoppedAt == null, cancellation) is not { } row)
        {
            return false;
        }

        row.StoppedAt = time.GetUtcNow();
        await db.SaveChangesAsync(cancellation);
        reader.Forget();
        return true;
    }

    private async Task<OfferReport> ApplyAsync(RefillDb db, List<Entry> entries, OfferOverlaps overlaps, CancellationToken cancellation)
    {
        var rows = await db.Set<PromotionRow>().ToDictionaryAsync(row => row.Code, cancellation);
        var left = await PromotionReader.LeftAsync(db, rows.Values.Select(row => row.ToPromotion()), cancellation);
        var (changes, unchanged, bad) = (new List<OfferChange>(), 0, new List<BadOffer>());
        var lines = new Dictionary<string, int>();
        foreach (var (line, promotion) in entries)
        {
            if (!lines.TryAdd(promotion.Code, line))
            {
                bad.Add(new BadOffer(line, "code", $"'{promotion.Code}' stands in line {lines[promotion.Code]} already"));
                continue;
            }

            if (!rows.TryGetValue(promotion.Code, out var row))
            {
                db.Add(PromotionRow.From(promotion));
                changes.Add(new OfferChange('+', promotion.Code, promotion.Name.English));
                continue;
            }

            var known = row.ToPromotion();
            if (known.StoppedAt is not null)
            {
                bad.Add(new BadOffer(line, "code", $"'{row.Code}' was stopped, and stays stopped; take another code"));
                continue;
            }

            if (known.UsesPerCard != promotion.UsesPerCard)
            {
                bad.Add(new BadOffer(line, "limit_per_card", $"of '{row.Code}' was {known.UsesPerCard?.ToString(CultureInfo.InvariantCulture) ?? "none"}, and stays so, because its uses are counted by it; stop it and take another code"));
                continue;
            }

            if (promotion.Limit is { } limit && row.LimitUses is { } before && before - limit > left.GetValueOrDefault(row.Code))
            {
                bad.Add(new BadOffer(line, "limit", $"{before - left.GetValueOrDefault(row.Code)} uses of '{row.Code}' are taken; the limit cannot be below"));
                continue;
            }

            var fresh = PromotionRow.From(promotion);
            (fresh.IssuedUses, fresh.Tellings) = (row.IssuedUses, row.Tellings);
            var entry = db.Entry(row);
            entry.CurrentValues.SetValues(fresh);
            List<string> differs = [.. entry.Properties.Where(property => property.IsModified).Select(property => $"{property.Metadata.Name}: {Shown(property.OriginalValue)} → {Shown(property.CurrentValue)}")];
            if (differs.Count == 0)
            {
                unchanged++;
            }
            else
            {
                changes.Add(new OfferChange('~', row.Code, string.Join("; ", differs)));
            }
        }

        // With what is there already and is not in the file.
        var now = time.GetUtcNow();
        List<Entry> all = [.. entries, .. rows.Values.Where(row => !lines.ContainsKey(row.Code)).Select(row => new Entry(0, row.ToPromotion())).Where(entry => entry.Promotion.StoppedAt is null && !(entry.Promotion.Until <= now))];
        if (all.Count(entry => entry.Promotion is { IsCombinable: true } offer && (offer.Limit is not null || offer.UsesPerCard is not null)) is var counted && counted > MaxCounted)
        {
            bad.Add(new BadOffer(0, "combinable", $"{counted} combinable offers with limits are running or to come; at most {MaxCounted} may be"));
        }

        bad.AddRange(overlaps.OfCoupons(all.Select(entry => (entry.Line, entry.Promotion))).Take(MaxShown));
        List<BadOffer> notes =
        [
            .. entries.Where(entry => entry.Promotion.Until <= now).Select(entry => new BadOffer(entry.Line, "until", $"'{entry.Promotion.Code}' is over already")).Take(MaxShown),
            .. overlaps.OfExclusives(all.Select(entry => (entry.Line, entry.Promotion))).Take(MaxShown),
        ];
        return new OfferReport(bad.Count == 0, bad.Count == 0 ? changes : [], unchanged, bad, notes);
    }

    /// <summary>Tells the ledger of each limit that it does not know. Each telling has its own key: after a crash it is said again, and counts once.</summary>
    private async Task<IReadOnlyList<BadOffer>> TellAsync(CancellationToken cancellation)
    {
        var bad = new List<BadOffer>();
        await using var db = database.Open();
        foreach (var row in await db.Set<PromotionRow>().Where(row => row.LimitUses != null && row.LimitUses != row.IssuedUses).ToListAsync(cancellation))
        {
            var more = row.LimitUses!.Value - row.IssuedUses;
            var id = PromotionAccounts.IdOf(row.Code);
            var key = $"{row.Code}/{row.Tellings}/{row.IssuedUses}/{row.LimitUses}";
            var outcome = await ledger.CommitAsync(
                new Commit(PromotionAccounts.Cell)
                {
                    Key = new IdempotencyKey("promotion-limit", key, [.. SHA256.HashData(Encoding.UTF8.GetBytes(key))]),
                    Transfers = [new Transfer(CellId.New(PromotionAccounts.Cell, time), "promotion-limited", id, [new(PromotionAccounts.Left(id), more), new(PromotionAccounts.Issued(), -more)])],
                },
                cancellation);
            if (outcome is CommitOutcome.BelowFloor low)
            {
                // Taken since it was looked at.
                bad.Add(new BadOffer(0, "limit", $"only {low.Balance} uses of '{row.Code}' are left; its limit stays {row.IssuedUses}"));
                row.LimitUses = row.IssuedUses;
            }
            else if (outcome is CommitOutcome.Committed or CommitOutcome.Replayed)
            {
                row.IssuedUses = row.LimitUses.Value;
            }
            else
            {
                throw new InvalidOperationException($"the limit of {row.Code} was refused: {outcome}");
            }

            row.Tellings++;
            await db.SaveChangesAsync(cancellation);
        }

        return bad;
    }

    private static string Shown(object? value) => value switch
    {
        null => "none",
        string text => $"'{text}'",
        DateTimeOffset moment => moment.UtcDateTime.ToString("u", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
