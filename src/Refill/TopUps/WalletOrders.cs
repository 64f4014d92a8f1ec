using System.Collections.Concurrent;
using System.Collections.Immutable;
using Refill.Cards;
using Refill.Carriers;
using Refill.Carriers.Own;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>A top-up as an integrator orders it.</summary>
/// <param name="Card">A US number in any common way of writing, or an ICCID.</param>
/// <param name="Key">The integrator's idempotency key, 1 to 255 characters, unique within the wallet.</param>
/// <param name="BodyHash">SHA-256 of the request: the same key with another is refused.</param>
/// <param name="AnswersAtOnce">Whoever orders does nothing with the outcome but to send it, and then Waking.GoOnElsewhereAsync.</param>
public sealed record WalletOrder(Guid WalletId, string Key, ImmutableArray<byte> BodyHash, string Card, string Plan, bool AnswersAtOnce = false);

/// <summary>What an order answers with, before it is written down.</summary>
/// <param name="WalletBalance">After this order.</param>
public sealed record WalletReceipt(TopUpView TopUp, Money WalletBalance);

/// <summary>What became of an order. A closed set.</summary>
public abstract record WalletOrderOutcome
{
    private WalletOrderOutcome()
    {
    }

    /// <summary>Ordered, now or when this key was first used: the answer is the same, byte for byte.</summary>
    /// <param name="Completed">The card has it; else it is being delivered.</param>
    public sealed record Ordered(Guid TopUpId, bool Completed, ReadOnlyMemory<byte> Body) : WalletOrderOutcome;

    /// <summary>The key was used with another request.</summary>
    public sealed record KeyReused : WalletOrderOutcome;

    /// <summary>A request with this key is still being worked on.</summary>
    public sealed record UnderWay : WalletOrderOutcome;

    public sealed record NotEnoughMoney(Money Balance, Money Price) : WalletOrderOutcome;

    public sealed record CardRefused(CardProblem Problem, string? Detail) : WalletOrderOutcome;

    public sealed record PlanRefused(QuoteProblem Problem) : WalletOrderOutcome;
}

/// <summary>
/// Top-ups ordered by programs and paid from a wallet. For a card of our own network it is one commit: the wallet's money, the allowances, the top-up and the answer behind its key.
/// A refusal changes nothing and uses up no key.
/// </summary>
public sealed class WalletOrders
{
    /// <summary>How often an order is decided anew because its card changed meanwhile.</summary>
    private const int MaxDecisions = 8;
    private const int HeaderBytes = 17;

    /// <summary>Orders that are worked on at once; those beyond are refused before anything is done for them, so that memory does not grow with them.</summary>
    internal const int MaxUnderWay = 8192;

    /// <summary>Of one wallet: whoever floods us keeps nobody else out.</summary>
    internal const int MaxUnderWayOfOne = 4096;

    private readonly TopUpStore store;
    private readonly WalletSteps steps;
    private readonly Selling selling;
    private readonly TopUpDesk desk;
    private readonly CarrierDirectory carriers;
    private readonly CardBook cards;
    private readonly CatalogueReader catalogue;
    private readonly GeneralLedger ledger;
    private readonly WalletGateway wallet;
    private readonly ArchivedMonths archived;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<Guid, Line> lines = new();
    private int underWay;

    internal WalletOrders(TopUpStore store, WalletSteps steps, Selling selling, TopUpDesk desk, CarrierDirectory carriers, CardBook cards, CatalogueReader catalogue, GeneralLedger ledger, WalletGateway wallet, ArchivedMonths archived, TimeProvider time) =>
        (this.store, this.steps, this.selling, this.desk, this.carriers, this.cards, this.catalogue, this.ledger, this.wallet, this.archived, this.time) = (store, steps, selling, desk, carriers, cards, catalogue, ledger, wallet, archived, time);

    /// <summary>Once begun it is carried through, though the caller may have gone: what became of it stands behind the key.</summary>
    /// <param name="write">The answer's body; quick, without effect of its own, at most 60 KiB.</param>
    /// <param name="cancellation">Gives up what lies outside: asking another carrier whose card it is.</param>
    /// <exception cref="CommitterBusyException">Too many orders are worked on, of all wallets or of this one; nothing was done.</exception>
    public async Task<WalletOrderOutcome> OrderAsync(WalletOrder order, Func<WalletReceipt, byte[]> write, CancellationToken cancellation)
    {
        var line = lines.GetOrAdd(order.WalletId, static _ => new Line());
        if (line.Join() > MaxUnderWayOfOne | Interlocked.Increment(ref underWay) > MaxUnderWay)
        {
            Leave(line);
            throw new CommitterBusyException();
        }

        if (!line.Keys.TryAdd(order.Key, true))
        {
            Leave(line);
            return new WalletOrderOutcome.UnderWay();
        }

        try
        {
            var outcome = await TryAsync(order, write, cancellation);

            // A key that has been answered is answered the same for ever, though its plan may be withdrawn now or its wallet empty.
            return outcome is WalletOrderOutcome.Ordered or WalletOrderOutcome.KeyReused
                ? outcome
                : Earlier(await ledger.FindAnswerAsync(CellId.CellOf(order.WalletId), KeyOf(order), cancellation)) ?? outcome;
        }
        finally
        {
            line.Keys.TryRemove(order.Key, out _);
            Leave(line);
        }
    }

    private void Leave(Line line)
    {
        line.Leave();
        Interlocked.Decrement(ref underWay);
    }

    /// <summary>A top-up that this wallet has paid for; null: there is none, or another wallet has.</summary>
    public Task<TopUpView?> FindAsync(Guid walletId, Guid topUpId, CancellationToken cancellation) => desk.GetAsync(
        topUpId, payments => payments.Any(payment => payment.Gateway == WalletGateway.GatewayName && WalletGateway.WalletOf(payment.GatewayNumber) == walletId), cancellation);

    /// <summary>What this wallet has paid for, the newest first. Its own account is the list.</summary>
    /// <param name="from">The entry of the wallet's account that the page begins with; null: the newest.</param>
    /// <param name="most">1 to 100.</param>
    /// <returns>With where the next page begins; null at the end, which is where the archive begins.</returns>
    public async Task<(IReadOnlyList<TopUpView> TopUps, EntryCursor? Next)> ListAsync(Guid walletId, EntryCursor? from, int most, CancellationToken cancellation)
    {
        var topUps = new List<TopUpView>(most);
        while (true)
        {
            var entries = await ledger.HistoryAsync(Wallet.AccountOf(walletId), from, most, cancellation);
            foreach (var entry in entries)
            {
                if (entry.Kind is WalletGateway.Paid or WalletGateway.Delivered)
                {
                    if (await desk.GetAsync(entry.Subject, cancellation) is { } topUp)
                    {
                        topUps.Add(topUp);
                    }
                    else if (await archived.HoldAsync(entry.Subject, cancellation))
                    {
                        return (topUps, null); // Its month has left between the entry and it; what is older has, too.
                    }
                    else
                    {
                        throw new InvalidOperationException($"wallet {walletId} has paid for top-up {entry.Subject}, which is not there");
                    }
                }

                if (entry.Before is null || topUps.Count == most)
                {
                    return (topUps, entry.Before);
                }
            }

            if (entries.Count < most)
            {
                return (topUps, null);
            }

            from = entries[^1].Before;
        }
    }

    private async Task<WalletOrderOutcome> TryAsync(WalletOrder order, Func<WalletReceipt, byte[]> write, CancellationToken cancellation)
    {
        var recognised = CardRecognition.Recognize(order.Card);
        if (recognised.Identifier is not { } identifier)
        {
            return new WalletOrderOutcome.CardRefused(TopUpDesk.Problem(recognised.Refusal!.Problem), recognised.Refusal.Detail);
        }

        var found = await catalogue.FindPlanAsync(order.Plan, time.GetUtcNow(), cancellation);
        if (found.Plan is not { } plan)
        {
            return new WalletOrderOutcome.PlanRefused(found.Withdrawn ? QuoteProblem.PlanWithdrawn : QuoteProblem.PlanNotFound);
        }

        var (nameId, usedUp) = (cards.NameOf(identifier), new List<string>());
        for (var decision = 1; decision <= MaxDecisions; decision++)
        {
            // A card of our own network as the book has it; of any other, its connector is asked.
            var card = await cards.FindOneOfManyAsync(nameId, identifier);
            if (card is not { Status: CardStatus.Active } || carriers.Find(card.Connector) is not { AllowancesInLedger: true })
            {
                var asked = await desk.FindCardAsync(order.Card, cancellation);
                if (asked.Value is null || await cards.FindAsync(identifier, cancellation) is not { } answered)
                {
                    return new WalletOrderOutcome.CardRefused(asked.Refusal!.Problem, asked.Refusal.Detail);
                }

                card = answered;
            }

            if (card.CarrierCode != plan.CarrierCode || await catalogue.CarrierAsync(card.CarrierCode, cancellation) is not { } carrier)
            {
                return new WalletOrderOutcome.PlanRefused(QuoteProblem.PlanNotForCard);
            }

            var sale = await selling.OfWalletAsync(card, carrier, plan, WalletGateway.GatewayName, usedUp, cancellation);
            switch (await CommitAsync(order, card, identifier, nameId, carrier, plan, sale, write))
            {
                case CommitOutcome.Committed committed:
                    return Read(committed.Answer);
                case CommitOutcome.BelowFloor { Purpose: "wallet" } low:
                    return new WalletOrderOutcome.NotEnoughMoney(Money.Usd(low.Balance), PriceOf(plan, sale));
                case CommitOutcome.BelowFloor low when sale is not null && PromotionUses.RefusedBy(low, sale, card.Id) is { } code:
                    usedUp.Add(code); // Nothing is left of that offer: priced again without it.
                    selling.Forget();
                    continue;
                case CommitOutcome.Stale:
                    continue; // Another order for the same card was faster.
                case var outcome:
                    return Earlier(outcome) ?? throw new InvalidOperationException($"an order was refused: {outcome}");
            }
        }

        return new WalletOrderOutcome.UnderWay();
    }

    private Task<CommitOutcome> CommitAsync(WalletOrder order, CardRecord card, CardIdentifier identifier, Guid nameId, Carrier carrier, Plan plan, Sale? sale, Func<WalletReceipt, byte[]> write)
    {
        var cell = CellId.CellOf(card.Id);
        var topUpId = CellId.New(cell, time);
        var step = carriers.Find(card.Connector) is { AllowancesInLedger: true }
            ? steps.Complete(card, identifier, carrier, plan, sale, topUpId, order.WalletId, new OwnCredit(
                OwnCarrier.ReferenceOf(topUpId),
                Allowances.Postings(plan, topUpId, bonusBytes: sale?.Plain.BonusBytes ?? 0),
                plan.Validity.Activation == Activation.OnPurchase ? [CardBook.PlanStarted(card, plan.Name, plan.Validity.EndsAt(time.GetUtcNow()), time.GetUtcNow())] : CardBook.ToppedUp(card, time.GetUtcNow())))
            : steps.Order(card, identifier, carrier, plan, sale, topUpId, CellId.New(cell, time), order.WalletId, wallet.Take(order.WalletId, topUpId, PriceOf(plan, sale)));
        var view = TopUpDesk.View(step.After with { Version = 1 }, step.Payments, identifier, nameId);
        var answer = new BalanceAnswer(Wallet.AccountOf(order.WalletId).Id, balance => Pack(view, write(new WalletReceipt(view, Money.Usd(balance)))));
        return store.CommitAsync(step, CellId.CellOf(order.WalletId), KeyOf(order), answer, order.AnswersAtOnce, CancellationToken.None);
    }

    private static Money PriceOf(Plan plan, Sale? sale) => sale is null ? plan.Price : plan.Price with { Minor = sale.Plain.TotalCents };

    /// <summary>The orders of a wallet that are worked on.</summary>
    private sealed class Line
    {
        private int count;

        public ConcurrentDictionary<string, bool> Keys { get; } = new(StringComparer.Ordinal);

        public int Join() => Interlocked.Increment(ref count);

        public void Leave() => Interlocked.Decrement(ref count);
    }

    private static WalletOrderOutcome? Earlier(CommitOutcome? outcome) => outcome switch
    {
        CommitOutcome.Replayed replayed => Read(replayed.Answer),
        CommitOutcome.KeyReused => new WalletOrderOutcome.KeyReused(),
        _ => null,
    };

    private static IdempotencyKey KeyOf(WalletOrder order) => new($"order/{order.WalletId:N}", order.Key, order.BodyHash);

    /// <summary>completed (1 byte) ‖ the top-up's id (16) ‖ the body.</summary>
    private static ReadOnlyMemory<byte> Pack(TopUpView view, byte[] body)
    {
        var answer = new byte[HeaderBytes + body.Length];
        answer[0] = view.State == TopUpState.Completed ? (byte)1 : (byte)0;
        view.Id.TryWriteBytes(answer.AsSpan(1), bigEndian: true, out _);
        body.CopyTo(answer.AsSpan(HeaderBytes));
        return answer;
    }

    private static WalletOrderOutcome.Ordered Read(ReadOnlyMemory<byte> answer) =>
        new(new Guid(answer.Span[1..HeaderBytes], bigEndian: true), answer.Span[0] == 1, answer[HeaderBytes..]);
}
