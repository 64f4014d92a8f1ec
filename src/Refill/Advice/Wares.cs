using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;
using Refill.TopUps;

namespace Refill.Advice;

/// <summary>What stands behind an offer of a question: a plan at one price.</summary>
/// <param name="Pack">The buy-n-get-one that is asked for; null: one period.</param>
/// <param name="TakesCoupon">The person's coupon is typed.</param>
internal sealed record Ware(Carrier Carrier, Plan Plan, string? Pack, bool TakesCoupon, Priced Priced);

/// <summary>The plans on sale on some days in a row, between which nothing in the catalogue changes.</summary>
internal sealed record Shelf(int FirstDay, int LastDay, IReadOnlyList<(Carrier Carrier, Plan Plan)> Plans);

/// <summary>What is known of the uses of limited offers.</summary>
/// <param name="InAll">By code.</param>
/// <param name="ByCard">By code, of the card that was named.</param>
internal sealed record UsesKnown(IReadOnlyDictionary<string, long> InAll, IReadOnlyDictionary<string, int> ByCard)
{
    public static readonly UsesKnown None = new(new Dictionary<string, long>(), new Dictionary<string, int>());
}

/// <summary>Which uses of limited offers a person has: one card for each carrier.</summary>
/// <param name="named">The carrier of the card that was named, and whether it was ever topped up here; null: no card was.</param>
/// <param name="owned">Of these there is a card, of which nobody knows whether it was topped up here: it is taken for one that was.</param>
internal sealed class Purse(PromotionBook book, UsesKnown known, (string Carrier, bool IsNew)? named, IReadOnlySet<string> owned, string? coupon)
{
    public PromotionBook Book => book;

    public string? Coupon => coupon;

    public bool IsNew(string carrier) => named is var (its, isNew) && its == carrier ? isNew : !owned.Contains(carrier);

    /// <summary>Uses left of what is counted; null: of this nothing is counted.</summary>
    public long? InAll(Promotion promotion) => promotion.Limit is null ? null : known.InAll.GetValueOrDefault(promotion.Code, promotion.Limit.Value);

    public long? ByCard(Promotion promotion, string carrier) => promotion.UsesPerCard is not { } most ? null : named?.Carrier == carrier ? known.ByCard.GetValueOrDefault(promotion.Code, most) : most;

    /// <summary>Codes of which nothing is left for this carrier's card.</summary>
    public HashSet<string> Spent(string carrier) => [.. book.All.Where(promotion => InAll(promotion) <= 0 || ByCard(promotion, carrier) <= 0).Select(promotion => promotion.Code)];
}

/// <summary>Prices every plan on every day as the quote of that day would, and makes the offers of a question of it.</summary>
internal sealed class Pricer(Purse purse, Calendar calendar, CarrierDirectory connectors)
{
    /// <summary>Ways in which the limited offers of one plan can be used up; beyond, its best price is taken to be always there, and the price at the till tells (Till).</summary>
    private const int MostVariants = 32;

    /// <summary>What is left more often than this is not counted: nobody buys so often.</summary>
    private const int Countless = 250;

    /// <summary>The offer that a price of the day before stands in.</summary>
    private readonly Dictionary<(string Plan, string? Pack, bool TakesCoupon, long Cents, long Bonus, string Uses), int> open = [];
    private readonly Dictionary<string, int> carrierIndex = [];
    private readonly Dictionary<string, int> useIndex = [];
    private readonly Dictionary<string, HashSet<string>> spentOf = [];

    public List<Offer> Offers { get; } = [];

    public List<Ware> Wares { get; } = [];

    public List<Carrier> Carriers { get; } = [];

    public List<int> UsesLeft { get; } = [];

    public void Price(IEnumerable<Shelf> shelves)
    {
        foreach (var shelf in shelves)
        {
            foreach (var (first, last) in Steady(shelf))
            {
                foreach (var (carrier, plan) in shelf.Plans)
                {
                    Price(carrier, plan, first, last);
                }
            }
        }
    }

    /// <summary>Parts of these days between which no offer begins or ends.</summary>
    private IEnumerable<(int First, int Last)> Steady(Shelf shelf)
    {
        var changes = purse.Book.All.SelectMany(promotion => new[] { promotion.From, promotion.Until, promotion.StoppedAt }).OfType<DateTimeOffset>().Distinct().ToArray();
        var first = shelf.FirstDay;
        for (var day = first + 1; day <= shelf.LastDay; day++)
        {
            if (changes.Any(change => change > calendar.Moment(day - 1) && change <= calendar.Moment(day)))
            {
                yield return (first, day - 1);
                first = day;
            }
        }

        yield return (first, shelf.LastDay);
    }

    private void Price(Carrier carrier, Plan plan, int first, int last)
    {
        var asked = PlanPricing.Question(plan, carrier, connectors, calendar.Moment(first)) with { IsFirstPurchase = purse.IsNew(carrier.Code) };
        if (!spentOf.TryGetValue(carrier.Code, out var spent))
        {
            spentOf[carrier.Code] = spent = purse.Spent(carrier.Code);
        }

        foreach (var coupon in purse.Coupon is { } typed ? new[] { null, typed } : [null])
        {
            var question = asked with { Coupons = coupon is null ? null : [coupon], Spent = spent };
            foreach (var pack in Pricing.Answer(question, purse.Book).Packs.Select(pack => pack.Code).Prepend(null))
            {
                foreach (var (priced, isCounted) in Variants(question with { Pack = pack }))
                {
                    if (coupon is null || priced.Lines.Any(line => line.Promotion.Coupon == coupon))
                    {
                        Add(carrier, plan, pack, coupon is not null, priced, isCounted, first, last);
                    }
                }
            }
        }
    }

    /// <summary>The price, and what it becomes as the limited offers in it are used up.</summary>
    private IEnumerable<(Priced Priced, bool IsCounted)> Variants(PriceQuestion question)
    {
        var none = question.Spent ?? new HashSet<string>();
        var waiting = new Queue<HashSet<string>>([[]]);
        var seen = new HashSet<string> { "" };
        var variants = new List<Priced>();
        while (waiting.TryDequeue(out var spent))
        {
            if (variants.Count == MostVariants)
            {
                return [(variants[0], false)];
            }

            var priced = Pricing.Price(question with { Spent = none.Concat(spent).ToHashSet() }, purse.Book);
            variants.Add(priced);
            foreach (var line in priced.Lines.Where(line => CountedBy(line.Promotion, question.Carrier).Any()))
            {
                HashSet<string> more = [.. spent, line.Promotion.Code];
                if (seen.Add(string.Join(' ', more.Order(StringComparer.Ordinal))))
                {
                    waiting.Enqueue(more);
                }
            }
        }

        return variants.Select(priced => (priced, true));
    }

    /// <summary>What is counted of an offer: uses in all, and of this carrier's card. That a first purchase comes first, the till sees to.</summary>
    private IEnumerable<(string Key, long Left)> CountedBy(Promotion promotion, string carrier)
    {
        if (purse.InAll(promotion) is { } inAll and < Countless)
        {
            yield return (promotion.Code, inAll);
        }

        if (purse.ByCard(promotion, carrier) is { } byCard and < Countless)
        {
            yield return ($"{promotion.Code} {carrier}", byCard);
        }
    }

    private void Add(Carrier carrier, Plan plan, string? pack, bool takesCoupon, Priced priced, bool isCounted, int first, int last)
    {
        var uses = !isCounted ? [] : priced.Lines.SelectMany(line => CountedBy(line.Promotion, carrier.Code)).DistinctBy(use => use.Key).OrderBy(use => use.Key, StringComparer.Ordinal).ToList();
        var key = (plan.Code, pack, takesCoupon, priced.TotalCents, priced.BonusBytes, string.Join('|', uses.Select(use => use.Key)));
        if (open.TryGetValue(key, out var index) && Offers[index].LastDay == first - 1)
        {
            Offers[index] = Offers[index] with { LastDay = last };
            return;
        }

        var canWait = plan.Validity.Activation == Activation.OnPurchase;
        var lasts = calendar.Lasts(plan.Validity, canWait);
        var grants = Granted.By(plan, priced.BonusBytes / priced.Quantity);
        if (grants == default || lasts.Min() < 1 || priced.TotalCents > Question.MaxCents || Offers.Count >= Question.MaxOffers)
        {
            IsWhole &= Offers.Count < Question.MaxOffers;
            return; // It gives nothing that it states, or is over before a day is.
        }

        open[key] = Offers.Count;
        Wares.Add(new Ware(carrier, plan, pack, takesCoupon, priced));
        Offers.Add(new Offer(CarrierOf(carrier), first, last, priced.TotalCents, lasts[0], grants)
        {
            SlowAfter = plan.AfterQuota == AfterQuota.Throttled,
            Alone = plan.Stacking != Stacking.Beside,
            StartWithin = canWait ? TopUp.MostDaysAhead : 0,
            Uses = uses.Count == 0 ? null : [.. uses.Select(use => UseOf(use.Key, use.Left))],
            Periods = priced.Quantity,
            DaysByStart = lasts.All(days => days == lasts[0]) ? null : lasts,
        });
    }

    /// <summary>False: there was no room for all that is on sale.</summary>
    public bool IsWhole { get; private set; } = true;

    private int CarrierOf(Carrier carrier)
    {
        if (!carrierIndex.TryGetValue(carrier.Code, out var index))
        {
            carrierIndex[carrier.Code] = index = Carriers.Count;
            Carriers.Add(carrier);
        }

        return index;
    }

    private int UseOf(string key, long left)
    {
        if (!useIndex.TryGetValue(key, out var index))
        {
            useIndex[key] = index = UsesLeft.Count;
            UsesLeft.Add((int)Math.Clamp(left, 0, byte.MaxValue));
        }

        return index;
    }
}
