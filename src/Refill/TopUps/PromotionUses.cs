using System.Collections.Immutable;
using Refill.Ledger;
using Refill.Promotions;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>
/// Moves the uses of limited offers with their top-up: reserved by the quote that shows them, used when it is paid, given back when it ends otherwise. It follows from the states alone, so no step can forget it,
/// and lies in the step's own commit, so the floor of an account decides between those who come at once (docs/decisions/promotion-uses.md).
/// </summary>
internal static class PromotionUses
{
    public const string Reserved = "promotion-reserved";
    public const string Used = "promotion-used";
    public const string Returned = "promotion-returned";

    /// <summary>Four postings an offer: what one transfer holds.</summary>
    private const int MaxInTransfer = CommitRules.MaxPostings / 4;

    /// <summary>The step with what it does to the uses of its top-up's offers. Done once or again, it is the same.</summary>
    public static Step Settle(Step step, TimeProvider time)
    {
        if (step.After.Sale is not { } sale)
        {
            return step;
        }

        var (from, to) = (sale.Uses, UsesIn(step.After.State) ?? sale.Uses);
        if (from == to)
        {
            return step;
        }

        var settled = step with { After = step.After with { Sale = sale with { Uses = to } } };
        var transfers = ImmutableArray.CreateBuilder<Transfer>();
        transfers.AddRange(step.Transfers);
        var (all, kept) = (sale.Counted.ToList(), sale.Present.Lines.Where(line => line.IsCounted).ToList());
        switch (from, to)
        {
            case (SaleUses.None, SaleUses.Reserved):
                Move(Reserved, all, Take(PromotionAccounts.Reserved));
                break;
            case (SaleUses.Reserved, SaleUses.None):
                Move(Returned, all, GiveBack(PromotionAccounts.Reserved));
                break;
            case (SaleUses.Reserved, SaleUses.Used):
                var codes = kept.Select(line => line.Code).ToHashSet();
                Move(Used, kept.Where(line => line.IsLimited), (line, id) => [new(PromotionAccounts.Reserved(step.After.Cell, id), -1), new(PromotionAccounts.Used(step.After.Cell, id), 1)]);
                Move(Returned, all.Where(line => !codes.Contains(line.Code)), GiveBack(PromotionAccounts.Reserved));
                break;
            case (SaleUses.None, SaleUses.Used):
                Move(Used, kept, Take(PromotionAccounts.Used));
                break;
            case (SaleUses.Used, SaleUses.None):
                Move(Returned, kept, GiveBack(PromotionAccounts.Used));
                break;
            default:
                throw new InvalidOperationException($"the offers of top-up {step.After.Id} cannot go from {from} to {to} ({step.Name})");
        }

        return settled with { Transfers = transfers.DrainToImmutable() };

        void Move(string kind, IEnumerable<SaleLine> lines, Func<SaleLine, Guid, ImmutableArray<Posting>> postings) => transfers.AddRange(
            lines.Chunk(MaxInTransfer).Select(some => new Transfer(CellId.New(step.After.Cell, time), kind, step.After.Id, [.. some.SelectMany(line => postings(line, PromotionAccounts.IdOf(line.Code)))])));

        Func<SaleLine, Guid, ImmutableArray<Posting>> Take(Func<Cell, Guid, Account> into) => (line, id) =>
        [
            .. line.IsLimited ? (ReadOnlySpan<Posting>)[new(PromotionAccounts.Left(id), -1), new(into(step.After.Cell, id), 1)] : [],
            .. line.PerCard is { } limit ? (ReadOnlySpan<Posting>)[new(PromotionAccounts.OfCard(step.After.CardId, id, limit), -1), new(PromotionAccounts.Drawn(step.After.Cell), 1)] : [],
        ];

        Func<SaleLine, Guid, ImmutableArray<Posting>> GiveBack(Func<Cell, Guid, Account> outOf)
        {
            var take = Take(outOf);
            return (line, id) => [.. take(line, id).Select(posting => posting with { Amount = -posting.Amount })];
        }
    }

    /// <summary>What a state says of them; null: nothing, they stay as they are until a person has decided.</summary>
    public static SaleUses? UsesIn(TopUpState state) => state switch
    {
        TopUpState.Quoted or TopUpState.AwaitingPayment => SaleUses.Reserved,
        TopUpState.Paid or TopUpState.Fulfilling or TopUpState.Completed => SaleUses.Used,
        TopUpState.NeedsReview => null,
        _ => SaleUses.None,
    };

    /// <summary>The offer whose limit refused a commit; null: it was another account.</summary>
    public static string? RefusedBy(CommitOutcome.BelowFloor refused, Sale sale, Guid cardId) =>
        sale.Counted.FirstOrDefault(line => refused.AccountId == PromotionAccounts.Left(PromotionAccounts.IdOf(line.Code)).Id
            || (line.PerCard is { } limit && refused.AccountId == PromotionAccounts.OfCard(cardId, PromotionAccounts.IdOf(line.Code), limit).Id))?.Code;
}
