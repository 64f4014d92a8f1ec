using System.Collections.Immutable;
using Refill.Cards;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>What our own network puts on a card, for the commit that does it.</summary>
internal sealed record OwnCredit(string Reference, ImmutableArray<Posting> Allowances, ImmutableArray<Storage.RowChange> Card);

/// <summary>The first step of a top-up that a wallet pays for: there is no quote. Values in, values out, as <see cref="TopUpSteps"/>.</summary>
internal sealed class WalletSteps(TimeProvider time)
{
    /// <summary>Ordered from a wallet for another carrier's card: paid at once, its delivery is work.</summary>
    /// <param name="taken">The wallet's side, in the wallet's cell (WalletGateway.Take).</param>
    public Step Order(CardRecord card, CardIdentifier identifier, Carrier carrier, Plan plan, Sale? sale, Guid topUpId, Guid paymentId, Guid walletId, Transfer taken)
    {
        var now = CellId.TimeOf(topUpId);
        var topUp = Ordered(card, identifier, carrier, plan, sale, topUpId, now) with { State = TopUpState.Paid };
        var price = topUp.Price;
        var payment = new Payment(
            paymentId, 0, topUpId, WalletGateway.GatewayName, Payments.PaymentWay.Direct, PaymentState.Paid, price, price, null, null, WalletGateway.NumberOf(walletId, paymentId), now, now, now, null, null);
        return PromotionUses.Settle(
            new Step("ordered", null, topUp)
            {
                Payments = [payment],
                Transfers = [taken, new Transfer(CellId.New(topUp.Cell, time), "payment-received", topUp.Id, [new(PaymentAccounts.Clearing(payment), -price.Minor), new(PaymentAccounts.Held(payment), price.Minor)])],
                Work = [new(TopUpSteps.DeliverWork, topUp.Id, now)],
            },
            time);
    }

    /// <summary>Ordered from a wallet for a card of our own network: paid, earned and on the card in one step. One transfer of the top-up's own id, so that its allowances need no rows until they are used.</summary>
    public Step Complete(CardRecord card, CardIdentifier identifier, Carrier carrier, Plan plan, Sale? sale, Guid topUpId, Guid walletId, OwnCredit own)
    {
        var now = CellId.TimeOf(topUpId);
        var topUp = Ordered(card, identifier, carrier, plan, sale, topUpId, now) with { State = TopUpState.Completed, CompletedAt = now, CarrierReference = own.Reference, WalletId = walletId };
        var price = topUp.Price;
        return PromotionUses.Settle(
            new Step("ordered-and-completed", null, topUp)
            {
                Transfers = [new Transfer(topUp.Id, WalletGateway.Delivered, topUp.Id,
                    [new(Wallet.AccountOf(walletId), -price.Minor), new(Account.For(topUp.Cell, "revenue", price.Currency.Unit), price.Minor), .. own.Allowances])],
                Also = own.Card,
            },
            time);
    }

    private static TopUp Ordered(CardRecord card, CardIdentifier identifier, Carrier carrier, Plan plan, Sale? sale, Guid topUpId, DateTimeOffset now)
    {
        var topUp = new TopUp(
            topUpId, 0, OrderCode.Of(topUpId), default, card.Id, identifier.Kind, identifier.LastFour, carrier, card.CurrentPlan, card.ExpiresAt,
            plan, plan.Price, TopUp.NoExchange(plan.Price.Currency, now), card.Reference, now, now, null, null, null, TopUpSteps.ValidUntil(plan, sale, now), null, null, TopUpTrouble.None)
        {
            Sale = sale is null ? null : sale with { PaidThrough = WalletGateway.GatewayName },
        };
        return sale is null ? topUp : topUp with { Charge = topUp.Price };
    }
}
