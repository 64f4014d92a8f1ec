using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments;
using Refill.Promotions;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>What is for sale to a card, at what price, and the quote that freezes it.</summary>
internal sealed class Selling(TopUpStore store, TopUpSteps steps, PaymentGateways gateways, CarrierDirectory carriers, CardBook cards, CatalogueReader catalogue, FxRates rates, PromotionReader promotions, TimeProvider time)
{
    /// <summary>How often a quote is priced again because nothing was left of an offer in it; then it is made at the list price.</summary>
    private const int MaxPricings = 8;

    /// <summary>The plans that this card can take now, cheapest first; none while there is no exchange rate to price them by.</summary>
    public async Task<IReadOnlyList<PlanOffer>> OffersAsync(CardView card, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var rate = await RateAsync(cancellation);
        if (rate is null && !TakesPrices)
        {
            return [];
        }

        var plans = await catalogue.PlansOfAsync(card.Carrier.Code, now, cancellation);
        var offers = await promotions.NowAsync(cancellation);
        var (isFirst, spent) = await OfCardAsync(null, card.NameId, offers, null, now, cancellation);
        return
        [
            .. plans.Select(plan =>
            {
                var priced = Pricing.Price(Question(plan, card.Carrier, now) with { IsFirstPurchase = isFirst, Spent = spent }, offers.Book);
                var offer = new PlanOffer(plan, plan.Price, plan.Validity.EndsAt(now)) { Sale = priced.Lines.IsEmpty ? null : SalePrice.Of(priced) };
                return offer with { Charge = rate?.Convert(offer.Price) ?? offer.Price };
            }).OrderBy(offer => offer.Price.Minor),
        ];
    }

    /// <summary>Freezes price, offers, rate and validity for 15 minutes.</summary>
    /// <param name="formKey">A form that is sent twice gives the same quote. At most 64 characters.</param>
    /// <param name="instead">A quote of the same card that this one takes the place of: its uses of offers are free again.</param>
    public async Task<Result<TopUp, QuoteRefused>> QuoteAsync(Guid nameId, string? planCode, string? formKey, QuoteWishes wishes, TopUp? instead, CancellationToken cancellation)
    {
        if (await cards.FindAsync(nameId, cancellation) is not var (card, name) || await catalogue.CarrierAsync(card.CarrierCode, cancellation) is not { } carrier)
        {
            return new QuoteRefused(QuoteProblem.CardNotFound);
        }

        var now = time.GetUtcNow();
        var found = await catalogue.FindPlanAsync(planCode ?? "", now, cancellation);
        if (found.Plan is not { } plan)
        {
            return new QuoteRefused(found.Withdrawn ? QuoteProblem.PlanWithdrawn : QuoteProblem.PlanNotFound);
        }

        if (plan.CarrierCode != card.CarrierCode)
        {
            return new QuoteRefused(QuoteProblem.PlanNotForCard);
        }

        var rate = await RateAsync(cancellation);
        if (rate is null && !TakesPrices)
        {
            return new QuoteRefused(QuoteProblem.NoExchangeRate);
        }

        if (StartOf(wishes.StartsOn, plan, carrier, now, out var startsAt) is { } wrong)
        {
            return new QuoteRefused(wrong);
        }

        var offers = await promotions.NowAsync(cancellation);
        var coupon = CouponText.Normalize(wishes.Coupon);
        var (isFirst, spentByCard) = await OfCardAsync(card, nameId, offers, coupon, now, cancellation);
        var spent = spentByCard.Except(instead?.Sale is { Uses: SaleUses.Reserved } held ? held.Counted.Select(line => line.Code) : []).ToHashSet();
        var question = Question(plan, carrier, now) with { IsFirstPurchase = isFirst, Spent = spent, Coupons = coupon is null ? null : [coupon], Pack = wishes.Pack };
        if (Refuses(question, wishes, coupon, offers.Book) is { } refused)
        {
            return new QuoteRefused(refused);
        }

        if (instead is not null && await store.TakeAsync(instead.Id, (topUp, payments) => topUp.State == TopUpState.Quoted ? steps.Cancel(topUp, payments) : null, cancellation: cancellation) is null)
        {
            return new QuoteRefused(QuoteProblem.QuoteExpired);
        }

        var key = FormKey(formKey, nameId, plan.Code, wishes);
        for (var pricing = 1; ; pricing++)
        {
            var sale = pricing > MaxPricings ? null : SaleOf(question, coupon, offers.Book);
            var step = steps.Quote(card.Id, name, carrier, card.Reference, card.CurrentPlan, card.ExpiresAt, plan, rate, sale, startsAt);
            var outcome = await store.CommitAsync(step, key, null, cancellation);
            CrashPoint.Reach(CrashPoint.QuoteCommitted);
            switch (outcome)
            {
                case CommitOutcome.Committed:
                    return step.Committed;
                case CommitOutcome.Replayed replayed when await StillGoodAsync(new Guid(replayed.Answer.Span, bigEndian: true), cancellation) is { } earlier:
                    return earlier;
                case CommitOutcome.BelowFloor low when sale is not null && PromotionUses.RefusedBy(low, sale, card.Id) is { } code:
                    // Somebody was faster: priced again without it. Who asked for just that is told.
                    spent.Add(code);
                    promotions.Forget();
                    if (instead is null && Refuses(question, wishes, coupon, offers.Book) is { } usedUp)
                    {
                        return new QuoteRefused(usedUp);
                    }

                    break;
                case CommitOutcome.Replayed or CommitOutcome.KeyReused when key is not null:
                    // The form's key is used up (its quote is over, or it was for something else): the visitor gets a quote of its own.
                    key = null;
                    break;
                default:
                    throw new InvalidOperationException($"a new quote was refused: {outcome}");
            }
        }
    }

    /// <summary>What offers make of a wallet's order: nobody is asked anything. Null: no offer holds.</summary>
    /// <param name="without">Codes of offers of which nothing is left.</param>
    public async ValueTask<Sale?> OfWalletAsync(CardRecord card, Carrier carrier, Plan plan, string gateway, IReadOnlyCollection<string> without, CancellationToken cancellation)
    {
        var offers = await promotions.NowAsync(cancellation);
        if (offers.Book.All.Count == 0)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var spent = (await promotions.SpentByAsync(card.Id, offers.Book, null, now, cancellation)).Concat(offers.UsedUp).Concat(without).ToHashSet();
        var priced = Pricing.Price(Question(plan, carrier, now) with { Gateway = gateway, IsFirstPurchase = card.FirstToppedUpAt is null, Spent = spent }, offers.Book);
        return priced.Lines.IsEmpty ? null : new Sale(SalePrice.Of(priced), []);
    }

    /// <summary>The limit of an offer was met: what is remembered of it is old.</summary>
    public void Forget() => promotions.Forget();

    /// <summary>Packs that may be had of this plan now, for the page of a quote.</summary>
    public async Task<IReadOnlyList<PackView>> PacksAsync(TopUp topUp, CancellationToken cancellation)
    {
        var offers = await promotions.NowAsync(cancellation);
        if (offers.Book.All.Count == 0 || topUp.State != TopUpState.Quoted || topUp.Sale is { Plain.Quantity: > 1 })
        {
            return [];
        }

        var now = time.GetUtcNow();
        var card = await cards.GetAsync(topUp.CardId, cancellation);
        var (isFirst, spent) = await OfCardAsync(card, default, offers, topUp.Sale?.Coupon, now, cancellation);
        var question = Question(topUp.Plan, topUp.Carrier, now) with { IsFirstPurchase = isFirst, Spent = spent, Coupons = topUp.Sale?.Coupon is { } coupon ? [coupon] : null };
        return
        [
            .. Pricing.Answer(question, offers.Book).Packs
                .Select(pack => new PackView(pack.Code, pack.Name, pack.Quantity, topUp.Plan.Price with { Minor = Pricing.Price(question with { Pack = pack.Code }, offers.Book).TotalCents })),
        ];
    }

    private PriceQuestion Question(Plan plan, Carrier carrier, DateTimeOffset at) => PlanPricing.Question(plan, carrier, carriers, at);

    /// <summary>Whether it is a card's first purchase, and the offers of which nothing is left for it. Nothing is read where no offer asks.</summary>
    private async Task<(bool IsFirst, IReadOnlySet<string> Spent)> OfCardAsync(CardRecord? known, Guid nameId, OffersNow offers, string? coupon, DateTimeOffset now, CancellationToken cancellation)
    {
        if (!offers.Book.AsksCard(coupon))
        {
            return (false, offers.UsedUp);
        }

        var card = known ?? (await cards.FindAsync(nameId, cancellation))?.Card;
        return card is null ? (false, offers.UsedUp) : (card.FirstToppedUpAt is null, (await promotions.SpentByAsync(card.Id, offers.Book, coupon, now, cancellation)).Concat(offers.UsedUp).ToHashSet());
    }

    private static Sale? SaleOf(in PriceQuestion question, string? coupon, PromotionBook book) => Sale.Of(Pricing.Answer(question, book), coupon);

    /// <summary>Why what was asked for cannot be had; null: it can.</summary>
    private static QuoteProblem? Refuses(in PriceQuestion question, QuoteWishes wishes, string? coupon, PromotionBook book)
    {
        if (wishes.Pack is { Length: > 0 } pack && (!book.ByCode.TryGetValue(pack, out var promotion) || promotion.Kind != PromotionKind.BuyGetOne || Pricing.Price(question, book).Quantity == 1))
        {
            return QuoteProblem.PackGone;
        }

        if (string.IsNullOrWhiteSpace(wishes.Coupon))
        {
            return null;
        }

        return coupon is null ? QuoteProblem.CouponUnknown : Pricing.Explain(question with { Pack = null }, coupon, book) switch
        {
            CouponStanding.Accepted or CouponStanding.OtherWay => null,
            CouponStanding.NotBetter => QuoteProblem.CouponNotBetter,
            CouponStanding.NotYet => QuoteProblem.CouponNotYet,
            CouponStanding.Ended => QuoteProblem.CouponEnded,
            CouponStanding.OtherPlan => QuoteProblem.CouponOtherPlan,
            CouponStanding.NotFirstPurchase => QuoteProblem.CouponNotFirstPurchase,
            CouponStanding.TooLittle => QuoteProblem.CouponTooLittle,
            CouponStanding.UsedUp => QuoteProblem.CouponUsedUp,
            _ => QuoteProblem.CouponUnknown,
        };
    }

    /// <summary>The first instant of the day that was wished for, in the carrier's zone; null for today and for no wish.</summary>
    private static QuoteProblem? StartOf(string? wished, Plan plan, Carrier carrier, DateTimeOffset now, out DateTimeOffset? startsAt)
    {
        startsAt = null;
        if (string.IsNullOrWhiteSpace(wished))
        {
            return null;
        }

        if (!DateOnly.TryParseExact(wished.Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) || plan.Validity.Activation != Activation.OnPurchase
            || Validity.DayOf(now, carrier.TimeZone) is var today && (day < today || day > today.AddDays(TopUp.MostDaysAhead)))
        {
            return QuoteProblem.StartNotPossible;
        }

        startsAt = day == today ? null : Validity.StartOf(day, carrier.TimeZone);
        return null;
    }

    /// <summary>True if something can be paid without exchanging: then a missing rate closes no shop.</summary>
    private bool TakesPrices => gateways.All.Any(gateway => gateway.Currency == Currency.Usd && gateway.Ways.Any(way => way != PaymentWay.Direct));

    private Task<FxRate?> RateAsync(CancellationToken cancellation) => rates.ForQuotesAsync(Currency.Usd, Currency.Cny, cancellation);

    private async Task<TopUp?> StillGoodAsync(Guid topUpId, CancellationToken cancellation) =>
        await store.LoadAsync(topUpId, cancellation) is var (topUp, _) && topUp.State is TopUpState.Quoted or TopUpState.AwaitingPayment && topUp.QuoteExpiresAt > time.GetUtcNow() ? topUp : null;

    private static IdempotencyKey? FormKey(string? key, Guid nameId, string planCode, QuoteWishes wishes) => key is { Length: > 0 and <= 64 }
        ? new IdempotencyKey("quote", $"{key}:{planCode}", [.. SHA256.HashData(Encoding.UTF8.GetBytes($"{nameId:N}:{planCode}{(wishes == QuoteWishes.None ? null : wishes)}"))])
        : null;
}
