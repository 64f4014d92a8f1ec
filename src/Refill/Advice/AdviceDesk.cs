using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Promotions;
using Refill.TopUps;

namespace Refill.Advice;

/// <summary>Advice for somebody: what is on sale on each day of a stay is made a question, the solver answers it, the till prices it, the checker plays it, and only then is it shown (docs/advice.md).</summary>
public sealed class AdviceDesk
{
    /// <summary>After so long the best that was found is the answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly CatalogueReader catalogue;
    private readonly PromotionReader promotions;
    private readonly CarrierDirectory connectors;
    private readonly CardBook cards;
    private readonly OnTheCard onTheCard;
    private readonly TimeProvider time;
    private readonly ILogger<AdviceDesk> log;

    internal AdviceDesk(CatalogueReader catalogue, PromotionReader promotions, CarrierDirectory connectors, CardBook cards, OnTheCard onTheCard, TimeProvider time, ILogger<AdviceDesk> log) =>
        (this.catalogue, this.promotions, this.connectors, this.cards, this.onTheCard, this.time, this.log) = (catalogue, promotions, connectors, cards, onTheCard, time, log);

    /// <summary>The carriers whose plans can be bought now, by name.</summary>
    public async Task<IReadOnlyList<Carrier>> CarriersAsync(CancellationToken cancellation) =>
        [.. (await OnSaleAsync(time.GetUtcNow(), cancellation)).Plans.Select(sold => sold.Carrier).DistinctBy(carrier => carrier.Code).OrderBy(carrier => carrier.Name, StringComparer.Ordinal)];

    /// <param name="stay">Within its limits.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not; the form should have said so.</exception>
    public async Task<AdviceAnswer> AskAsync(Stay stay, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var ahead = stay.From.DayNumber - Validity.DayOf(now, stay.TimeZone).DayNumber;
        ArgumentOutOfRangeException.ThrowIfNegative(ahead);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ahead + stay.Days, Stay.MostDays);
        var calendar = new Calendar(stay.TimeZone, now, ahead + stay.Days);
        var card = stay.Card is { } nameId ? await cards.FindAsync(nameId, cancellation) : null;
        if (stay.Card is not null && card is null)
        {
            return new AdviceAnswer(null, AdviceProblem.CardNotFound);
        }

        var shelves = await ShelvesAsync(calendar, cancellation);
        if (stay.Only is not null && shelves.All(shelf => shelf.Plans.All(sold => sold.Carrier.Code != stay.Only)))
        {
            return new AdviceAnswer(null, AdviceProblem.NoSuchCarrier);
        }

        var purse = await PurseAsync(stay, card?.Card, cancellation);
        if (stay.Coupon is not null && Refuse(stay, purse, calendar, shelves) is { } refused)
        {
            return new AdviceAnswer(null, refused);
        }

        var owned = card is var (record, _) ? stay with { Owned = [.. stay.Owned, record.CarrierCode] } : stay;
        var (held, busy) = await HeldAsync(owned, card?.Card, calendar, cancellation);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var given = await Task.Run(() => Advise(Asking.Of(owned, calendar, shelves, purse, connectors, held, busy), stay, patience.Token), cancellation);
        cancellation.ThrowIfCancellationRequested();
        return new AdviceAnswer(given with { CardOf = card is var (named, _) ? await catalogue.CarrierAsync(named.CarrierCode, cancellation) : null }, null);
    }

    private AdviceGiven Advise(Asking all, Stay stay, CancellationToken patience)
    {
        var today = all.Calendar.Today;
        var asking = stay.Only is { } only ? all.Where(ware => ware.Carrier.Code == only) : all;
        var solving = new Solving(connectors, patience);
        try
        {
            if (solving.Cheaper(asking, asking.Anew(), out var kind) is var (chosen, found))
            {
                return Written(stay, chosen, found) is { } written ? Besides(written, chosen, found, stay.Only is null ? null : all, solving, patience) : NotChecked("the day book");
            }

            return solving.Refused != Fault.Nothing ? NotChecked(solving.Refused.ToString())
                : kind == AnswerKind.Impossible ? Nearest(stay, asking, solving, patience)
                : new AdviceGiven(stay, kind == AnswerKind.Unknown ? AdviceKind.TooHard : AdviceKind.NotChecked, today);
        }
        catch (OperationCanceledException)
        {
            return new AdviceGiven(stay, AdviceKind.TooHard, today);
        }

        // No personal datum: the numbers of the question are its shape.
        AdviceGiven NotChecked(string fault)
        {
            log.LogError("advice was not given: the checker refused it ({Fault}; {Days} days, {Offers} offers, {Carriers} carriers)", fault, asking.Question.Days, asking.Question.Offers.Count, asking.Question.Carriers.Count);
            return new AdviceGiven(stay, AdviceKind.NotChecked, today);
        }
    }

    /// <summary>What lacks, and the best that can be had without it: slow days if they help, else without what nothing gives.</summary>
    private AdviceGiven Nearest(Stay stay, Asking asking, Solving solving, CancellationToken patience)
    {
        var slow = asking.With(question => question with { SlowDays = question.Days });
        if (solving.Solve(slow, out _) is { } slowly && Written(stay, slow, slowly) is { } withSlowDays)
        {
            return withSlowDays with { Kind = AdviceKind.Impossible };
        }

        var lacks = Lacking.In(asking.Question, patience);
        var given = new AdviceGiven(stay, AdviceKind.Impossible, asking.Calendar.Today);
        var without = asking.With(question => Lacking.Without(question, lacks.Select(lack => lack.Commodity)));
        if (lacks.Count > 0 && without.Question.Need.Any(row => row.Any(need => need > 0)) && solving.Solve(without, out _) is { } found)
        {
            given = Written(stay, without, found) ?? given;
        }

        return given with { Kind = AdviceKind.Impossible, Lacks = [.. lacks.Select(lack => new Lack(lack.Commodity, asking.Calendar.Date(lack.Day)))] };
    }

    /// <summary>The schedule in words of the trade; null: the day book does not agree with the checker.</summary>
    private AdviceGiven? Written(Stay stay, Asking asking, Checked found)
    {
        var (question, calendar) = (found.Asking.Question, found.Asking.Calendar);
        if (DayBook.Write(question, found.Schedule, found.Played) is not { } days)
        {
            return null;
        }

        var steps = new List<AdviceStep>();
        var cards = question.Carriers.Select(carrier => carrier.Owned).ToArray();
        foreach (var purchase in found.Schedule)
        {
            var (offer, ware) = (question.Offers[purchase.Offer], found.Asking.Wares[purchase.Offer]);
            var end = purchase.Start - 1;
            for (var period = 0; period < offer.Periods; period++)
            {
                end = offer.LastOf(end + 1);
            }

            var isNew = !cards[offer.Carrier];
            cards[offer.Carrier] = true;
            steps.Add(new AdviceStep(
                calendar.Date(purchase.Day), calendar.Date(purchase.Start), calendar.Date(end), ware.Carrier, ware.Plan, offer.Cents, ware.Priced.ListCents, ware.Priced.Quantity, ware.Pack, ware.TakesCoupon,
                isNew, isNew ? question.Carriers[offer.Carrier].SimCents : 0, [.. ware.Priced.Lines.Select(line => line.Promotion.Name)]));
        }

        return new AdviceGiven(stay, found.Kind == AnswerKind.Proven ? AdviceKind.Proven : AdviceKind.Bounded, calendar.Today)
        {
            TotalCents = found.Played.Cents,
            GapBasisPoints = new Answer(AnswerKind.Bounded, found.Played.Cents, found.LowerBound, [], new SolverWork(0, 0, 0, 0, 0)).GapBasisPoints,
            Steps = steps,
            Days = days,
            SlowDays = [.. found.Played.Days.Index().Where(day => day.Item.Slow).Select(day => calendar.Date(day.Index))],
            First = steps.Count == 0 ? null : FirstOf(asking, found.Asking, found.Schedule[0], steps[0]),
        };
    }

    /// <summary>Whether the first step is to be ordered today: at its price, to start on its day; or only on its day, because it is cheaper then.</summary>
    private FirstMove FirstOf(Asking asking, Asking paid, Purchase purchase, AdviceStep step)
    {
        if (purchase.Day == 0)
        {
            return new FirstMove(true, step.BuyOn, step.Cents);
        }

        // What starts with the first use can be bought before the stay: it waits by itself, as long as it need not wait for another purchase.
        var waits = step.Plan.Validity.Activation == Activation.OnFirstUse && step.From == asking.Calendar.Date(FirstNeed(asking.Question));
        var days = waits || step.Plan.Validity.Activation == Activation.OnPurchase ? TopUp.MostDaysAhead : 0;
        var today = asking.Wares.Any(ware => ware.Plan.Code == step.Plan.Code) && IsSoldToday(asking, step.Plan.Code) ? Till.Price(paid, [purchase with { Day = 0 }], connectors) : default;
        var cents = today.Asking is null ? (long?)null : today.Asking.Question.Offers[today.Schedule[0].Offer].Cents;
        return new FirstMove(cents <= step.Cents && purchase.Start <= days, purchase.Start > days && cents <= step.Cents ? step.From.AddDays(-days) : step.BuyOn, cents);
    }

    private static int FirstNeed(Question question) => Enumerable.Range(0, question.Days).First(day => question.Need.Any(row => row[day] > 0));

    private static bool IsSoldToday(Asking asking, string plan) => asking.Question.Offers.Index().Any(offer => offer.Item.FirstDay == 0 && asking.Wares[offer.Index].Plan.Code == plan);

    private static AdviceGiven Besides(AdviceGiven given, Asking asking, Checked found, Asking? anyCarrier, Solving solving, CancellationToken patience)
    {
        var others = new Alternatives(solving, patience);
        if (given.Stay.IsOpenEnded && found.Schedule.Count > 0 && others.Shortest(asking) is var (ware, cents, days) && given.Steps[0] is var first && cents < first.Cents)
        {
            given = given with { BreakEven = new BreakEven(ware.Plan, cents, days, first.Plan, first.Cents) };
        }

        return given with { Front = others.Front(asking, found), Alternatives = others.Of(asking, found, anyCarrier) };
    }

    private async Task<OnSale> OnSaleAsync(DateTimeOffset at, CancellationToken cancellation)
    {
        var sale = await catalogue.OnSaleAsync(at, cancellation);
        return sale with { Plans = [.. sale.Plans.Where(sold => connectors.Find(sold.Carrier.Connector) is not null)] };
    }

    private async Task<List<Shelf>> ShelvesAsync(Calendar calendar, CancellationToken cancellation)
    {
        var shelves = new List<Shelf>();
        for (var day = 0; day < calendar.Days; day = shelves[^1].LastDay + 1)
        {
            var sale = await OnSaleAsync(calendar.Moment(day), cancellation);
            var last = day;
            while (last + 1 < calendar.Days && calendar.Moment(last + 1) < sale.Until)
            {
                last++;
            }

            shelves.Add(new Shelf(day, last, [.. sale.Plans.OrderBy(sold => sold.Plan.Price.Minor).ThenBy(sold => sold.Plan.Code, StringComparer.Ordinal)]));
        }

        return shelves;
    }

    private async Task<Purse> PurseAsync(Stay stay, CardRecord? card, CancellationToken cancellation)
    {
        var offers = await promotions.NowAsync(cancellation);
        var known = offers.Book.All.Count == 0 ? UsesKnown.None : await promotions.UsesLeftAsync(card?.Id, offers.Book, cancellation) is var (inAll, byCard) ? new UsesKnown(inAll, byCard) : UsesKnown.None;
        return new Purse(offers.Book, known, card is null ? null : (card.CarrierCode, card.FirstToppedUpAt is null), stay.Owned.ToHashSet(StringComparer.Ordinal), stay.Coupon);
    }

    /// <summary>A coupon that holds for none of the plans on any of the days; what comes nearest speaks.</summary>
    private AdviceProblem? Refuse(Stay stay, Purse purse, Calendar calendar, List<Shelf> shelves)
    {
        var nearest = CouponStanding.Unknown;
        foreach (var (day, plans) in shelves.SelectMany(shelf => Enumerable.Range(shelf.FirstDay, shelf.LastDay - shelf.FirstDay + 1).Select(day => (day, shelf.Plans))).Where(_ => purse.Book.All.Any(promotion => promotion.Coupon == stay.Coupon)))
        {
            foreach (var (carrier, plan) in plans.Where(sold => stay.Only is null || sold.Carrier.Code == stay.Only))
            {
                var question = PlanPricing.Question(plan, carrier, connectors, calendar.Moment(day)) with { IsFirstPurchase = purse.IsNew(carrier.Code), Spent = purse.Spent(carrier.Code) };
                var standing = Pricing.Explain(question, stay.Coupon!, purse.Book);
                nearest = standing < nearest || nearest == CouponStanding.Unknown ? standing : nearest;
                if (nearest is CouponStanding.Accepted or CouponStanding.OtherWay)
                {
                    return null;
                }
            }
        }

        return Enum.Parse<AdviceProblem>($"Coupon{nearest}");
    }

    /// <summary>What lies on the cards, and until when a plan runs on them.</summary>
    private async Task<(IReadOnlyList<Stock> Stock, IReadOnlyDictionary<string, int> BusyUntil)> HeldAsync(Stay stay, CardRecord? card, Calendar calendar, CancellationToken cancellation)
    {
        var busy = new Dictionary<string, int>();
        if (stay is { LeftUntil: { } until, Owned: [var only] } && calendar.DayOf(until) is >= 0 and var last)
        {
            busy[only] = last;
        }

        if (card is null)
        {
            return ([], busy);
        }

        if (card.ExpiresAt is { } end && calendar.LastWholeDay(end) is >= 0 and var runs)
        {
            busy[card.CarrierCode] = runs;
        }

        return (connectors.Find(card.Connector) is { AllowancesInLedger: true } && stay.LeftBytes == 0 ? await onTheCard.ReadAsync(card.Id, calendar, cancellation) : [], busy);
    }
}
