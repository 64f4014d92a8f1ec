using System.Collections.Immutable;
using System.Diagnostics;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Ledger;
using Refill.Payments;
using Refill.Storage;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>Work that a step makes necessary.</summary>
internal readonly record struct NewWork(string Kind, Guid Subject, DateTimeOffset DueAt);

/// <summary>Everything that one step changes. It is committed whole or not at all.</summary>
/// <param name="Before">Null for the first step.</param>
internal sealed record Step(string Name, TopUp? Before, TopUp After)
{
    /// <summary>As it is read once this is committed.</summary>
    public TopUp Committed => After with { Version = (Before?.Version ?? 0) + 1 };

    /// <summary>As they are to be; each still carries the version that it must have now.</summary>
    public ImmutableArray<Payment> Payments { get; init; } = [];

    public ImmutableArray<Transfer> Transfers { get; init; } = [];

    public ImmutableArray<NewWork> Work { get; init; } = [];

    /// <summary>Rows of others that belong to the same step (the card's current plan).</summary>
    public ImmutableArray<RowChange> Also { get; init; } = [];

    /// <summary>What is taken instead if nothing is left of an offer that the step must use.</summary>
    public Step? IfUsedUp { get; init; }
}

/// <summary>
/// The state machine: one method a step; values in, values out; no database, no network. A method returns null when the step is not to be
/// taken from the present state (somebody else took it first): the caller has nothing to do then.
/// </summary>
internal sealed class TopUpSteps(TimeProvider time)
{
    public const string ExpireWork = "top-up.expire";
    public const string PaymentWork = "top-up.payment";
    public const string DeliverWork = "top-up.deliver";
    public const string RefundWork = "top-up.refund";

    /// <summary>The first look at a payment if the gateway stays silent (failure case 5: within a minute).</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(20);

    /// <summary>At a counter both sides stand and wait.</summary>
    private static readonly TimeSpan FirstLookAtScanned = TimeSpan.FromSeconds(2);

    /// <summary>A bank says nothing before its statement is imported, and the import does not wait for this.</summary>
    private static readonly TimeSpan FirstLookAtTransfer = TimeSpan.FromHours(1);

    /// <summary>How long a payer has to agree to what was scanned; then it is taken back (failure case 17; WeChat itself revokes after 45 s).</summary>
    private static readonly TimeSpan ScannedCodeLives = TimeSpan.FromSeconds(45);

    /// <summary>The least time that a payer is given on the gateway's page, also at the end of a quote (Alipay's wap pay: 5 minutes).</summary>
    private static readonly TimeSpan LeastTimeToPay = TimeSpan.FromMinutes(5);

    /// <summary>To the millisecond, as it is kept: what is answered now is what is read later.</summary>
    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <param name="rate">Null: none that may be used; then only gateways that take the currency of the price can be paid with.</param>
    /// <param name="sale">What offers make of the price; null: there is none.</param>
    /// <param name="startsAt">When it is to be delivered; null: as soon as it is paid.</param>
    public Step Quote(
        Guid cardId, CardIdentifier identifier, Carrier carrier, string reference, string? currentPlan, DateTimeOffset? currentExpiresAt, Plan plan, FxRate? rate, Sale? sale = null, DateTimeOffset? startsAt = null)
    {
        var cell = CellId.CellOf(cardId);
        var id = CellId.New(cell, time);
        var now = CellId.TimeOf(id);
        var price = sale is null ? plan.Price : plan.Price with { Minor = sale.Plain.TotalCents };
        var topUp = new TopUp(
            id, 0, OrderCode.New(cell), TopUpState.Quoted, cardId, identifier.Kind, identifier.LastFour, carrier, currentPlan, currentExpiresAt,
            plan, rate?.Convert(price) ?? price, rate ?? TopUp.NoExchange(plan.Price.Currency, now), reference, now, now + TopUp.QuoteLifetime, null, null, null, ValidUntil(plan, sale, startsAt ?? now), null, null, TopUpTrouble.None)
        {
            Sale = sale,
            StartsAt = startsAt,
        };
        return PromotionUses.Settle(new Step("quoted", null, topUp) { Work = [new(ExpireWork, topUp.Id, topUp.QuoteExpiresAt)] }, time);
    }

    /// <summary>Opens a payment by this way, and lets those by other ways be closed. Null: it cannot be paid (any more).</summary>
    public (Step Step, Payment Payment)? OpenPayment(TopUp topUp, IReadOnlyList<Payment> payments, IPaymentGateway gateway, PaymentWay way)
    {
        var now = Now;
        if (topUp.State is not (TopUpState.Quoted or TopUpState.AwaitingPayment) || now >= topUp.QuoteExpiresAt || topUp.ChargeAt(gateway.Name, gateway.Currency) is not { } amount)
        {
            return null;
        }

        var (expiresAt, look) = way switch
        {
            PaymentWay.Barcode => (now + ScannedCodeLives, FirstLookAtScanned),
            PaymentWay.Transfer => (now + TopUp.TransferLifetime, FirstLookAtTransfer),
            _ => (topUp.QuoteExpiresAt > now + LeastTimeToPay ? topUp.QuoteExpiresAt : now + LeastTimeToPay, FirstLook),
        };
        var payment = new Payment(CellId.New(topUp.Cell, time), 0, topUp.Id, gateway.Name, way, PaymentState.Open, amount, null, null, null, null, now, expiresAt, null, null, null);
        var step = new Step("payment-opened", topUp, Next(topUp, TopUpState.AwaitingPayment))
        {
            Payments = [payment],
            Work =
            [
                new(PaymentWork, payment.Id, now + look),

                // The other way is closed at the gateway; if it is paid first, what comes second goes back (failure case 25).
                .. payments.Where(other => other.State == PaymentState.Open).Select(other => new NewWork(PaymentWork, other.Id, now)),
            ],
        };
        return (step, payment);
    }

    /// <summary>What the gateway calls the order; the browser goes there only after this is kept.</summary>
    public Step PaymentNumber(TopUp topUp, Payment payment, string startNumber) => new("payment-number", topUp, Next(topUp, topUp.State)) { Payments = [payment with { StartNumber = startNumber }] };

    public Step PaymentCode(TopUp topUp, Payment payment, string code) => new("payment-code", topUp, Next(topUp, topUp.State)) { Payments = [payment with { Code = code }] };

    /// <summary>
    /// The gateway says that it was paid. The money is booked whatever the state: then it pays for the top-up, or goes back.
    /// Null: known already (duplicates, failure cases 1, 2 and 10).
    /// </summary>
    public Step? PaymentReceived(TopUp topUp, Payment payment, PaymentStatus.Paid paid)
    {
        if (payment.State is not (PaymentState.Open or PaymentState.Closed))
        {
            return null;
        }

        var now = Now;
        var trouble = TroubleWith(topUp, payment, paid, now);
        var received = payment with { PaidAmount = paid.Amount, GatewayNumber = paid.GatewayNumber, PaidAt = paid.PaidAt ?? now };
        var money = Transfer("payment-received", topUp, (PaymentAccounts.Clearing(payment), -paid.Amount.Minor), (PaymentAccounts.Held(payment), paid.Amount.Minor));
        return trouble != TopUpTrouble.None ? PaidInVain(topUp, received, money, trouble) : new Step("paid", topUp, Next(topUp, TopUpState.Paid) with { Sale = topUp.Sale is { } sale ? sale with { PaidThrough = payment.Gateway } : null })
        {
            Payments = [received with { State = PaymentState.Paid }],
            Transfers = [money],
            Work = [new(DeliverWork, topUp.Id, topUp.StartsAt > now ? topUp.StartsAt.Value : now)],

            // The quote had run out, and what it had reserved is another's now.
            IfUsedUp = topUp.Sale is null ? null : PaidInVain(topUp, received, money, TopUpTrouble.PaidTooLate),
        };
    }

    private Step PaidInVain(TopUp topUp, Payment received, Transfer money, TopUpTrouble trouble)
    {
        var (refunding, reserve) = ReserveRefund(topUp, received);
        var after = IsUnpaid(topUp.State)
            ? Next(topUp, TopUpState.Refunding) with { Trouble = trouble }
            : Next(topUp, topUp.State); // Paid twice: the top-up goes its way, the second payment goes back.
        return new Step("paid-in-vain", topUp, after)
        {
            Payments = [refunding],
            Transfers = [money, reserve],
            Work = [new(RefundWork, received.Id, Now)],
        };
    }

    /// <summary>Paid in a currency that was not asked for: it cannot be booked as what it is not; a person must look (failure case 8).</summary>
    public Step? PaidInOtherCurrency(TopUp topUp, Payment payment, string gatewayNumber)
    {
        if (payment.State is not (PaymentState.Open or PaymentState.Closed))
        {
            return null;
        }

        var after = IsUnpaid(topUp.State) && topUp.State != TopUpState.Quoted
            ? Next(topUp, TopUpState.NeedsReview) with { Trouble = TopUpTrouble.PaidOtherCurrency }
            : Next(topUp, topUp.State);
        return new Step("paid-in-other-currency", topUp, after) { Payments = [payment with { State = PaymentState.NeedsReview, GatewayNumber = gatewayNumber }] };
    }

    /// <summary>The gateway will take no more money for this payment.</summary>
    public Step? PaymentClosed(TopUp topUp, Payment payment, IReadOnlyList<Payment> payments)
    {
        if (payment.State != PaymentState.Open)
        {
            return null;
        }

        var othersOpen = payments.Any(other => other.Id != payment.Id && other.State == PaymentState.Open);
        var over = topUp.State == TopUpState.AwaitingPayment && !othersOpen && Now >= topUp.QuoteExpiresAt;
        return new Step("payment-closed", topUp, Next(topUp, over ? TopUpState.Expired : topUp.State)) { Payments = [payment with { State = PaymentState.Closed }] };
    }

    /// <summary>The quote's time is over. With a payment open it waits for that to be closed.</summary>
    public Step? RunOut(TopUp topUp, IReadOnlyList<Payment> payments) =>
        Now < topUp.QuoteExpiresAt
        || topUp.State is not (TopUpState.Quoted or TopUpState.AwaitingPayment)
        || payments.Any(payment => payment.State == PaymentState.Open)
            ? null
            : new Step("expired", topUp, Next(topUp, TopUpState.Expired));

    /// <summary>Before paying; or, where the delivery waits for a day to come, before that day: then the money goes back.</summary>
    public Step? Cancel(TopUp topUp, IReadOnlyList<Payment> payments)
    {
        if (topUp.State is TopUpState.Quoted or TopUpState.AwaitingPayment)
        {
            return new Step("cancelled", topUp, Next(topUp, TopUpState.Cancelled))
            {
                Work = [.. payments.Where(payment => payment.State == PaymentState.Open).Select(payment => new NewWork(PaymentWork, payment.Id, Now))],
            };
        }

        if (topUp.State != TopUpState.Paid || topUp.StartsAt is not { } start || Now >= start || payments.FirstOrDefault(payment => payment.State == PaymentState.Paid) is not { } paid)
        {
            return null;
        }

        var (refunding, reserve) = ReserveRefund(topUp, paid);
        return new Step("cancelled-before-start", topUp, Next(topUp, TopUpState.Refunding) with { Trouble = TopUpTrouble.CancelledByBuyer })
        {
            Payments = [refunding],
            Transfers = [reserve],
            Work = [new(RefundWork, paid.Id, Now)],
        };
    }

    /// <summary>Written before the carrier is called, so that after a crash it is known that it may have been.</summary>
    /// <param name="seenCallAt">The last call that the caller knows of. Null step: another has been made since, by whoever took over a lapsed lease, and two must not overlap.</param>
    public Step? StartDelivery(TopUp topUp, DateTimeOffset? seenCallAt) => topUp.State switch
    {
        TopUpState.Paid => new Step("delivery-started", topUp, Next(topUp, TopUpState.Fulfilling) with { DeliveryStartedAt = Now, LastCallAt = Now }),
        _ when AwaitsCarrier(topUp) && topUp.LastCallAt == seenCallAt => new Step("delivery-repeated", topUp, Next(topUp, topUp.State) with { LastCallAt = Now }),
        _ => null,
    };

    /// <summary>The call certainly never left: it may be made again at once. It says nothing of a call that another has made since.</summary>
    public Step? DeliveryNotSent(TopUp topUp, DateTimeOffset? calledAt) =>
        AwaitsCarrier(topUp) && topUp.LastCallAt is not null && topUp.LastCallAt == calledAt ? new Step("delivery-not-sent", topUp, Next(topUp, topUp.State) with { LastCallAt = null }) : null;

    /// <summary>The carrier took it and gave a number to ask with. Null: nothing new.</summary>
    public Step? DeliveryPending(TopUp topUp, string? carrierNumber) =>
        carrierNumber is not null && topUp.CarrierNumber != carrierNumber && topUp.State is TopUpState.Fulfilling or TopUpState.NeedsReview
            ? new Step("delivery-pending", topUp, Next(topUp, topUp.State) with { CarrierNumber = carrierNumber })
            : null;

    /// <summary>Credited: the held money is earned, and the allowances (if they live with us) are the card's.</summary>
    /// <param name="allowances">Postings of the plan's allowances; none for a carrier that keeps its own.</param>
    public Step? Delivered(TopUp topUp, IReadOnlyList<Payment> payments, DeliveryOutcome.Accepted accepted, ImmutableArray<Posting> allowances, ImmutableArray<RowChange> card)
    {
        if (!AwaitsCarrier(topUp) || payments.FirstOrDefault(payment => payment.State == PaymentState.Paid) is not { } payment)
        {
            return null;
        }

        var now = Now;
        return new Step("completed", topUp, Next(topUp, TopUpState.Completed) with
        {
            CompletedAt = now,
            ValidUntil = ValidUntil(topUp.Plan, topUp.Sale, now),
            CarrierReference = accepted.CarrierReference,
            Trouble = TopUpTrouble.None,
        })
        {
            Transfers = [Earned(topUp, payment, accepted.Cost, allowances)],
            Also = card,
        };
    }

    /// <summary>The carrier refused for good: the money goes back where it came from.</summary>
    public Step? DeliveryRefused(TopUp topUp, IReadOnlyList<Payment> payments, TopUpTrouble trouble)
    {
        if (!AwaitsCarrier(topUp) || payments.FirstOrDefault(payment => payment.State == PaymentState.Paid) is not { } payment)
        {
            return null;
        }

        var (refunding, reserve) = ReserveRefund(topUp, payment);
        return new Step("delivery-refused", topUp, Next(topUp, TopUpState.Refunding) with { Trouble = trouble })
        {
            Payments = [refunding],
            Transfers = [reserve],
            Work = [new(RefundWork, payment.Id, Now)],
        };
    }

    /// <summary>Silence for too long: a person is told; the carrier is still asked, and nothing is refunded meanwhile.</summary>
    public Step? CarrierSilent(TopUp topUp) => topUp.State == TopUpState.Fulfilling
        ? new Step("carrier-silent", topUp, Next(topUp, TopUpState.NeedsReview) with { Trouble = TopUpTrouble.CarrierSilent })
        : null;

    public Step? Refunded(TopUp topUp, Payment payment, IReadOnlyList<Payment> payments)
    {
        if (!payment.IsGoingBack)
        {
            return null;
        }

        var money = payment.PaidAmount ?? throw new InvalidOperationException($"payment {payment.Id} is refunded but was never paid");
        return new Step("refunded", topUp, AfterRefund(topUp, [.. payments.Where(other => other.Id != payment.Id)]))
        {
            Payments = [payment with { State = PaymentState.Refunded, RefundedAt = Now }],
            Transfers = [Transfer("refunded", topUp, (PaymentAccounts.InTransit(payment), -money.Minor), (PaymentAccounts.Clearing(payment), money.Minor))],
        };
    }

    /// <summary>It ends with its last refund; with a payment left that only a person can settle, it waits for that person.</summary>
    private TopUp AfterRefund(TopUp topUp, IReadOnlyList<Payment> others)
    {
        var wasRefused = topUp is { State: TopUpState.NeedsReview, Trouble: TopUpTrouble.RefundRefused };
        if ((topUp.State != TopUpState.Refunding && !wasRefused) || others.Any(other => other.State == PaymentState.Refunding))
        {
            return Next(topUp, topUp.State);
        }

        if (others.FirstOrDefault(other => other.State == PaymentState.NeedsReview) is { } left)
        {
            return Next(topUp, TopUpState.NeedsReview) with { Trouble = left.IsGoingBack ? TopUpTrouble.RefundRefused : TopUpTrouble.PaidOtherCurrency };
        }

        return Next(topUp, TopUpState.Refunded) with { Trouble = wasRefused ? TopUpTrouble.None : topUp.Trouble };
    }

    /// <summary>The gateway refused the refund for good (failure case 23): the money stays reserved, a person must look.</summary>
    public Step? RefundRefused(TopUp topUp, Payment payment) => payment.State != PaymentState.Refunding
        ? null
        : new Step("refund-refused", topUp, topUp.State == TopUpState.Refunding
            ? Next(topUp, TopUpState.NeedsReview) with { Trouble = TopUpTrouble.RefundRefused }
            : Next(topUp, topUp.State))
        {
            Payments = [payment with { State = PaymentState.NeedsReview }],
        };

    private static TopUpTrouble TroubleWith(TopUp topUp, Payment payment, PaymentStatus.Paid paid, DateTimeOffset now) => topUp.State switch
    {
        _ when !IsUnpaid(topUp.State) => TopUpTrouble.PaidTwice,

        // Failure case 24: somebody has sent money back past us. For what is left nothing is delivered.
        _ when paid.Amount != payment.Amount || paid.Refunded.Minor > 0 => TopUpTrouble.PaidTooLittle,
        TopUpState.Cancelled => TopUpTrouble.PaidTooLate,
        TopUpState.Expired when now > (payment.Way == PaymentWay.Transfer ? payment.ExpiresAt : topUp.QuoteExpiresAt) + TopUp.HonourLateFor => TopUpTrouble.PaidTooLate,
        _ => TopUpTrouble.None,
    };

    private static bool IsUnpaid(TopUpState state) => state is TopUpState.Quoted or TopUpState.AwaitingPayment or TopUpState.Expired or TopUpState.Cancelled;

    /// <summary>True also for one that a person looks at because the carrier was silent: when the carrier speaks at last, that settles it.</summary>
    private static bool AwaitsCarrier(TopUp topUp) =>
        topUp.State == TopUpState.Fulfilling || (topUp.State == TopUpState.NeedsReview && topUp.Trouble == TopUpTrouble.CarrierSilent);

    private (Payment Payment, Transfer Reserve) ReserveRefund(TopUp topUp, Payment payment)
    {
        var money = payment.PaidAmount ?? throw new InvalidOperationException($"payment {payment.Id} was never paid");
        return (
            payment with { State = PaymentState.Refunding, RefundRequestedAt = Now },
            Transfer("refund-reserved", topUp, (PaymentAccounts.Held(payment), -money.Minor), (PaymentAccounts.InTransit(payment), money.Minor)));
    }

    private Transfer Earned(TopUp topUp, Payment payment, Money? cost, ImmutableArray<Posting> allowances)
    {
        var paid = payment.PaidAmount ?? throw new UnreachableException($"payment {payment.Id} is paid without an amount");
        var price = topUp.Price;
        var postings = ImmutableArray.CreateBuilder<Posting>();
        postings.Add(new(PaymentAccounts.Held(payment), -paid.Minor));
        if (paid.Currency == price.Currency)
        {
            postings.Add(new(Account.For(topUp.Cell, "revenue", price.Currency.Unit), paid.Minor));
        }
        else
        {
            postings.Add(new(Account.For(topUp.Cell, "exchange", paid.Currency.Unit), paid.Minor));
            postings.Add(new(Account.For(topUp.Cell, "exchange", price.Currency.Unit), -price.Minor));
            postings.Add(new(Account.For(topUp.Cell, "revenue", price.Currency.Unit), price.Minor));
        }

        if (cost is { Minor: > 0 } known)
        {
            postings.Add(new(Account.For(topUp.Cell, $"cost/{topUp.Carrier.Connector}", known.Currency.Unit), -known.Minor));
            postings.Add(new(Account.For(topUp.Cell, $"payable/{topUp.Carrier.Connector}", known.Currency.Unit), known.Minor));
        }

        postings.AddRange(allowances);
        return new Transfer(CellId.New(topUp.Cell, time), "delivered", topUp.Id, postings.ToImmutable());
    }

    private Transfer Transfer(string kind, TopUp topUp, params ReadOnlySpan<(Account Account, long Amount)> postings)
    {
        var list = ImmutableArray.CreateBuilder<Posting>(postings.Length);
        foreach (var (account, amount) in postings)
        {
            list.Add(new Posting(account, amount));
        }

        return new Transfer(CellId.New(topUp.Cell, time), kind, topUp.Id, list.MoveToImmutable());
    }

    internal static DateTimeOffset? ValidUntil(Plan plan, Sale? sale, DateTimeOffset start) =>
        plan.Validity.Activation == Activation.OnFirstUse ? null : EndsAt(plan, sale, start);

    /// <summary>Periods bought together follow one another.</summary>
    internal static DateTimeOffset EndsAt(Plan plan, Sale? sale, DateTimeOffset start) =>
        (sale is { Present.Quantity: > 1 and var quantity } ? plan.Validity with { Count = plan.Validity.Count * quantity } : plan.Validity).EndsAt(start);

    private TopUp Next(TopUp topUp, TopUpState state) => topUp with { State = state, UpdatedAt = Now };
}
