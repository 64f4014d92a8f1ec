using System.Globalization;
using Refill.Bench.Ledger;
using Refill.Bench.TopUps;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Payments;
using Refill.Reconciliation;
using Refill.TopUps;
using Refill.Units;

namespace Refill.Bench.Reconciliation;

/// <summary>A difference that was planted, and what must be known of it after the first run.</summary>
internal readonly record struct Planted(DiscrepancyKind Kind, string Subject, DiscrepancyState State);

/// <summary>What a payment is that the gateway has and we think unpaid.</summary>
internal sealed record PaidThere(string Trade, long Fen, DateTimeOffset At);

/// <summary>
/// A day on which a million paid: each top-up taken through the platform's own steps (quoted, opened, paid, delivered; of every hundredth the carrier refuses the delivery and the money goes back), written in bulk, and beside it
/// Alipay's bills of the same day. Books and bills agree, but for five differences of each kind.
/// </summary>
internal sealed class PaidDay(BenchDatabase database, House house, Bills bills, DateOnly day)
{
    public const int Each = 5;
    private const string Carrier = "mint";
    private const string Connector = "reloadly";
    private const int RefundEvery = 90;
    private const int Marks = 9;
    private static readonly TimeSpan ToPay = TimeSpan.FromSeconds(20);

    private readonly DayClock clock = new();
    private readonly List<Planted> planted = [];
    private readonly Dictionary<string, PaidThere> paidThere = [];
    private IReadOnlyList<Plan> plans = [];
    private Carrier carrier = null!;
    private FxRate? rate;
    private IPaymentGateway gateway = null!;
    private TopUpSteps steps = null!;
    private DayBooks books = null!;
    private long trades;

    public IReadOnlyList<Planted> Planted => planted;

    /// <summary>By our order number.</summary>
    public IReadOnlyDictionary<string, PaidThere> PaidThere => paidThere;

    /// <param name="rows">Rows of the bill of trades, about.</param>
    public async Task FillAsync(int rows)
    {
        var now = TimeProvider.System.GetUtcNow();
        (carrier, plans) = (await house.Get<CatalogueReader>().CarrierAsync(Carrier, default) ?? throw new InvalidOperationException("the demo has no such carrier"), await house.Get<CatalogueReader>().PlansOfAsync(Carrier, now, default));
        (rate, gateway, steps) = (await house.Get<FxRates>().ForQuotesAsync(Currency.Usd, Currency.Cny, default), house.Get<PaymentGateways>().Get("alipay"), new TopUpSteps(clock));
        var terms = new Guid[plans.Count];
        for (var plan = 0; plan < terms.Length; plan++)
        {
            terms[plan] = await house.Get<TermsBook>().KeepAsync(carrier, plans[plan], default);
        }

        await using var into = await BulkRows.OpenAsync(database.Database);
        books = new DayBooks(into, clock);
        var from = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.FromHours(8)).ToUniversalTime();
        var cards = await CardsAsync(into, Math.Max(100, rows / 50), from);

        var refunds = rows / 100;
        var payments = rows - refunds - (4 * Each);
        var (step, refunded) = (payments / ((Marks * Each) + 1), 0);
        for (var index = 0; index < payments; index++)
        {
            clock.Now = from.AddSeconds(60 + (86_100.0 * index / payments));
            var plan = index % plans.Count;
            var mark = index > 0 && index % step == 0 && index / step <= Marks * Each ? ((index / step) - 1) / Each : -1;
            if (mark < 0 && index % RefundEvery == 7 && refunded < refunds)
            {
                refunded++;
                await RefundedAsync(cards[index % cards.Count], plan, terms[plan], inBill: true);
                continue;
            }

            await PaidAsync(cards[index % cards.Count], plan, terms[plan], mark);
        }

        // What the gateway paid out is in one bill only, and to be posted.
        bills.Withdrawal("20261100000001", 1_234_567_00, from.AddHours(10));
        bills.Withdrawal("20261100000002", 89_00, from.AddHours(15));
        bills.End();
        await books.CloseAsync();
        await into.EndAsync();
    }

    private string NextTrade(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{at.ToOffset(TimeSpan.FromHours(8)):yyyyMMdd}22001{++trades:D15}");

    private void Plant(DiscrepancyKind kind, string subject, DiscrepancyState state = DiscrepancyState.Open) => planted.Add(new Planted(kind, subject, state));

    private async Task<IReadOnlyList<CardRecord>> CardsAsync(IBulkRows into, int count, DateTimeOffset at)
    {
        var (book, cards) = (house.Get<CardBook>(), new List<CardRecord>(count));
        for (var index = 0; index < count; index++)
        {
            var number = new CardIdentifier(CardIdentifierKind.Msisdn, BenchCards.Number(index));
            var id = CellId.New(CellId.CellOf(book.NameOf(number)), at);
            foreach (var row in book.RowsOfNew(number, id, Carrier, Connector, carrier.ConnectorReference, null, null, at))
            {
                await into.AddAsync(row, 1);
            }

            cards.Add(new CardRecord(id, 1, Carrier, Connector, carrier.ConnectorReference, CardStatus.Active, null, null, at, [number]));
        }

        return cards;
    }

    /// <param name="mark">Which difference is planted here; negative: none.</param>
    private async Task PaidAsync(CardRecord card, int plan, Guid terms, int mark)
    {
        if (mark is 7 or 8)
        {
            // In our books besides, and in no bill.
            if (mark == 7)
            {
                var (_, _, only) = await ToPaidAsync(card, plan);
                await DeliveredAsync(terms);
                Plant(DiscrepancyKind.OnlyOurs, $"payment {only.OrderNumber}");
            }
            else
            {
                var only = await RefundedAsync(card, plan, terms, inBill: false);
                Plant(DiscrepancyKind.OnlyOurs, $"refund {only.RefundNumber}");
            }
        }

        if (mark == 0)
        {
            await OpenAsync(card, plan);
            var open = books.Payment;
            await books.EndAsync(terms, withWork: true);
            clock.Now += ToPay;
            var there = new PaidThere(NextTrade(clock.Now), open.Amount.Minor, clock.Now);
            paidThere[open.OrderNumber] = there;
            bills.Payment(there.Trade, open.OrderNumber, there.Fen, there.At);
            Plant(DiscrepancyKind.OnlyTheirs, $"payment {open.OrderNumber}", DiscrepancyState.Settled);
            return;
        }

        var (trade, at, payment) = await ToPaidAsync(card, plan);
        await DeliveredAsync(terms);
        bills.Payment(mark == 4 ? trade + "9" : trade, payment.OrderNumber, payment.Amount.Minor + (mark == 3 ? 1_00 : 0), at);
        switch (mark)
        {
            case 1:
                bills.Payment(trade, payment.OrderNumber, payment.Amount.Minor, at);
                Plant(DiscrepancyKind.OnlyTheirs, $"payment {payment.OrderNumber}");
                break;
            case 2:
                bills.Refund(trade, payment.OrderNumber, payment.OrderNumber + "X9", payment.Amount.Minor, at);
                Plant(DiscrepancyKind.OnlyTheirs, $"refund {payment.OrderNumber}X9");
                break;
            case 3:
                Plant(DiscrepancyKind.AmountDiffers, $"payment {payment.OrderNumber}");
                break;
            case 4:
                Plant(DiscrepancyKind.OnlyTheirs, $"payment {payment.OrderNumber}");
                break;
            case 5:
                var unknown = Guid.NewGuid().ToString("N");
                bills.Payment(NextTrade(at), unknown, payment.Amount.Minor, at);
                Plant(DiscrepancyKind.OnlyTheirs, $"payment {unknown}");
                break;
            case 6:
                var other = NextTrade(at);
                bills.Other(other, Guid.NewGuid().ToString("N"), 5_00, at);
                Plant(DiscrepancyKind.Unexplained, $"other {other}");
                break;
        }
    }

    private async ValueTask OpenAsync(CardRecord card, int plan)
    {
        await books.TakeAsync(steps.Quote(card.Id, card.FirstIdentifier, carrier, card.Reference, null, null, plans[plan], rate));
        clock.Now += TimeSpan.FromSeconds(5);
        await books.TakeAsync(steps.OpenPayment(books.TopUp, [], gateway, PaymentWay.Page)?.Step ?? throw new InvalidOperationException("it cannot be paid"));
    }

    private async ValueTask<(string Trade, DateTimeOffset At, Payment Payment)> ToPaidAsync(CardRecord card, int plan)
    {
        await OpenAsync(card, plan);
        clock.Now += ToPay;
        var (trade, at) = (NextTrade(clock.Now), clock.Now);
        await books.TakeAsync(steps.PaymentReceived(books.TopUp, books.Payment, new PaymentStatus.Paid(trade, books.Payment.Amount, at, Money.Cny(0)))!);
        await books.TakeAsync(steps.StartDelivery(books.TopUp, null)!);
        return (trade, at, books.Payment);
    }

    private async ValueTask DeliveredAsync(Guid terms)
    {
        await books.TakeAsync(steps.Delivered(books.TopUp, [books.Payment], new DeliveryOutcome.Accepted(books.Payment.GatewayNumber!, Cost: null), [], [])!);
        await books.EndAsync(terms, withWork: false);
    }

    private async ValueTask<Payment> RefundedAsync(CardRecord card, int plan, Guid terms, bool inBill)
    {
        var (trade, at, payment) = await ToPaidAsync(card, plan);
        await books.TakeAsync(steps.DeliveryRefused(books.TopUp, [books.Payment], TopUpTrouble.CarrierRefused)!);
        clock.Now += TimeSpan.FromSeconds(2);
        await books.TakeAsync(steps.Refunded(books.TopUp, books.Payment, [books.Payment])!);
        await books.EndAsync(terms, withWork: false);
        bills.Payment(trade, payment.OrderNumber, payment.Amount.Minor, at);
        if (inBill)
        {
            bills.Refund(trade, payment.OrderNumber, payment.RefundNumber, payment.Amount.Minor, clock.Now);
        }

        return payment;
    }
}
