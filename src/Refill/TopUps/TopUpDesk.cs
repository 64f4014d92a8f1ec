using System.Diagnostics;
using Refill.Cards;
using Refill.Carriers;
using Refill.Catalogue;
using Refill.Payments;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>What a visitor can do, step by step; the storefront calls this and nothing below it.</summary>
public sealed class TopUpDesk
{
    /// <summary>What a browser may ask the gateway about one top-up: once in this time.</summary>
    private static readonly TimeSpan LeastBetweenChecks = TimeSpan.FromSeconds(5);

    /// <summary>The slow poll of a waiting page, for steps that another node took.</summary>
    private static readonly TimeSpan WaitPoll = TimeSpan.FromSeconds(2);

    private readonly TopUpStore store;
    private readonly TopUpSteps steps;
    private readonly PaymentWatch watch;
    private readonly TopUpChanges changes;
    private readonly PaymentGateways gateways;
    private readonly CarrierDirectory carriers;
    private readonly CardBook cards;
    private readonly CatalogueReader catalogue;
    private readonly Selling selling;
    private readonly TimeProvider time;
    private readonly RecentChecks checks;

    internal TopUpDesk(TopUpStore store, TopUpSteps steps, PaymentWatch watch, TopUpChanges changes, PaymentGateways gateways, CarrierDirectory carriers, CardBook cards, CatalogueReader catalogue, Selling selling, TimeProvider time)
    {
        (this.store, this.steps, this.watch, this.changes, this.gateways) = (store, steps, watch, changes, gateways);
        (this.carriers, this.cards, this.catalogue, this.selling, this.time) = (carriers, cards, catalogue, selling, time);
        checks = new RecentChecks(time, LeastBetweenChecks);
    }

    /// <summary>Recognises what was typed, asks the connectors, and remembers the card (encrypted).</summary>
    public async Task<Result<CardView, CardRefused>> FindCardAsync(string? typed, CancellationToken cancellation)
    {
        var recognised = CardRecognition.Recognize(typed);
        if (recognised.Refusal is { } problem)
        {
            return new CardRefused(Problem(problem.Problem), problem.Detail);
        }

        var identifier = recognised.Identifier!.Value;
        using var activity = TopUpMetrics.Activities.StartActivity("find card");
        switch (await carriers.AskAsync(identifier, cancellation))
        {
            case ({ } connector, CardInquiry.Found found):
                if (await catalogue.CarrierAsync(found.CarrierCode, cancellation) is not { } carrier)
                {
                    return new CardRefused(CardProblem.NoPlans, null);
                }

                // What a connector of our own says was read from the card book itself, a moment ago: writing it back could undo a top-up in between.
                var news = carriers.Find(connector) is { AllowancesInLedger: true } ? found with { CurrentPlan = null, ExpiresAt = null } : found;
                var card = await cards.RememberAsync(identifier, carrier.Code, connector, news.Reference, news.CurrentPlan, news.ExpiresAt, cancellation);
                return new CardView(cards.NameOf(identifier), identifier, carrier, card.CurrentPlan, card.ExpiresAt);
            case (_, CardInquiry.NotFound):
                return new CardRefused(CardProblem.UnknownToCarriers, null);
            case (_, CardInquiry.NotTopUppable refused):
                return new CardRefused(
                    refused.Reason switch
                    {
                        CardRefusal.Closed => CardProblem.ClosedAtCarrier,
                        CardRefusal.Barred => CardProblem.BarredAtCarrier,
                        CardRefusal.NotPrepaid => CardProblem.NotPrepaid,
                        _ => throw new UnreachableException(refused.Reason.ToString()),
                    },
                    null);
            case (_, CardInquiry.Unknown):
                return new CardRefused(CardProblem.CarrierDoesNotAnswer, null);
            case var answer:
                throw new UnreachableException(answer.ToString());
        }
    }

    /// <summary>The card again, by its name's id in a URL; null if there is none.</summary>
    public async Task<CardView?> GetCardAsync(Guid nameId, CancellationToken cancellation) =>
        await cards.FindAsync(nameId, cancellation) is var (card, name) && await catalogue.CarrierAsync(card.CarrierCode, cancellation) is { } carrier
            ? new CardView(nameId, name, carrier, card.CurrentPlan, card.ExpiresAt)
            : null;

    /// <summary>The plans that this card can take now, cheapest first; none while there is no exchange rate to price them by.</summary>
    public Task<IReadOnlyList<PlanOffer>> OffersAsync(CardView card, CancellationToken cancellation) => selling.OffersAsync(card, cancellation);

    /// <summary>Freezes price, offers, rate and validity for 15 minutes.</summary>
    /// <param name="formKey">Made anew with each page that offers plans: a form that is sent twice gives the same quote. At most 64 characters.</param>
    public Task<Result<TopUpView, QuoteRefused>> QuoteAsync(Guid nameId, string? planCode, string? formKey, CancellationToken cancellation) => QuoteAsync(nameId, planCode, formKey, QuoteWishes.None, cancellation);

    /// <summary>The same with a coupon, a pack, or a day to start on.</summary>
    public async Task<Result<TopUpView, QuoteRefused>> QuoteAsync(Guid nameId, string? planCode, string? formKey, QuoteWishes wishes, CancellationToken cancellation) =>
        await ViewAsync(await selling.QuoteAsync(nameId, planCode, formKey, wishes, null, cancellation), cancellation);

    /// <summary>The same plan for the same card again, with other wishes: a new quote in the place of one that nobody has begun to pay. If the wishes are refused, the old one stays.</summary>
    public async Task<Result<TopUpView, QuoteRefused>> RequoteAsync(Guid topUpId, QuoteWishes wishes, CancellationToken cancellation)
    {
        if (await store.LoadAsync(topUpId, cancellation) is not var (topUp, payments) || await cards.GetAsync(topUp.CardId, cancellation) is not { } card)
        {
            return new QuoteRefused(QuoteProblem.CardNotFound);
        }

        if (topUp.State != TopUpState.Quoted || topUp.QuoteExpiresAt <= time.GetUtcNow())
        {
            return new QuoteRefused(topUp.State is TopUpState.Quoted or TopUpState.Expired or TopUpState.Cancelled ? QuoteProblem.QuoteExpired : QuoteProblem.AlreadyPaid);
        }

        return await ViewAsync(await selling.QuoteAsync(cards.NameOf(card.Identifier(topUp.IdentifierKind)), topUp.Plan.Code, null, wishes, topUp, cancellation), cancellation);
    }

    /// <summary>The top-up, or null if there is none.</summary>
    public Task<TopUpView?> GetAsync(Guid topUpId, CancellationToken cancellation) => GetAsync(topUpId, _ => true, cancellation);

    /// <summary>The top-up if its payments are the asker's; else as if there were none.</summary>
    internal async Task<TopUpView?> GetAsync(Guid topUpId, Func<IReadOnlyList<Payment>, bool> may, CancellationToken cancellation)
    {
        if (await store.LoadAsync(topUpId, cancellation) is not var (topUp, payments) || !may(payments))
        {
            return null;
        }

        var card = await cards.GetAsync(topUp.CardId, cancellation) ?? throw new InvalidOperationException($"top-up {topUp.Id} has no card");
        var name = card.Identifier(topUp.IdentifierKind);
        var view = View(topUp, payments, name, cards.NameOf(name)) with { Packs = await selling.PacksAsync(topUp, cancellation) };
        if (payments.All(payment => payment.RefundsAsked == 0))
        {
            return view;
        }

        var refunds = await store.LoadRefundsAsync(topUp.Id, cancellation);
        return view with
        {
            Payments =
            [
                .. view.Payments.Select(payment => payment with
                {
                    Parts = [.. refunds.Where(r => r.PaymentId == payment.Id && r.State != RefundState.Withdrawn).Select(r => new RefundView(r.Amount, r.State == RefundState.Done, r.RequestedAt, r.DoneAt))],
                }),
            ],
        };
    }

    /// <summary>
    /// Starts (or, for the same way, starts again with the same order) the payment. A click too many, a second tab or a repeated form
    /// leads to the same payment. Another way closes the first, and what is paid twice goes back.
    /// </summary>
    /// <param name="payer">What is known of the payer, for the ways that want to know it.</param>
    /// <param name="repeatedNumber">The number typed a second time; null if this device has used it before.</param>
    /// <param name="returnUrl">Where the browser comes back to, for this top-up.</param>
    public async Task<Result<PaymentStart, QuoteRefused>> PayAsync(Guid topUpId, string gatewayName, PaymentWay way, Payer payer, string? repeatedNumber, Uri returnUrl, CancellationToken cancellation)
    {
        if (gateways.Find(gatewayName) is not { } gateway || way == PaymentWay.Direct || !gateway.Ways.Contains(way))
        {
            return new QuoteRefused(QuoteProblem.GatewayRefused);
        }

        if (repeatedNumber is not null && !await IsNumberOfAsync(topUpId, repeatedNumber, cancellation))
        {
            return new QuoteRefused(QuoteProblem.NumberRepeatedWrong);
        }

        CrashPoint.Reach(CrashPoint.PaymentStarting);
        QuoteRefused? refused = null;
        Payment? payment = null;
        var step = await store.TakeAsync(
            topUpId,
            (topUp, payments) =>
            {
                refused = null;

                // Only the way chosen last stays open: those before it are being closed, perhaps under the payer's hands. What a counter scans is another code each time.
                payment = payments.LastOrDefault(open => open.State == PaymentState.Open);
                payment = payment is { } last && way != PaymentWay.Barcode && last.Gateway == gateway.Name && last.Way == way && last.ExpiresAt > time.GetUtcNow() ? last : null;
                if (topUp.State is TopUpState.AwaitingPayment && payment is not null)
                {
                    return null; // The same way again: the same order, the same parameters (failure case 16).
                }

                if (steps.OpenPayment(topUp, payments, gateway, way) is var (opened, fresh))
                {
                    payment = fresh;
                    return opened;
                }

                refused = new QuoteRefused(topUp.State switch
                {
                    TopUpState.Quoted or TopUpState.AwaitingPayment when time.GetUtcNow() < topUp.QuoteExpiresAt => QuoteProblem.NoExchangeRate,
                    TopUpState.Quoted or TopUpState.AwaitingPayment or TopUpState.Expired or TopUpState.Cancelled => QuoteProblem.QuoteExpired,
                    _ => QuoteProblem.AlreadyPaid,
                });
                return null;
            },
            cancellation: cancellation);
        if (refused is not null)
        {
            return refused;
        }

        if (payment is null || await store.LoadAsync(topUpId, cancellation) is not var (topUp, _))
        {
            return new QuoteRefused(QuoteProblem.CardNotFound);
        }

        CrashPoint.Reach(CrashPoint.PaymentOpened);
        if (payment.Code is { } code)
        {
            return new PaymentStart.ShowCode(code);
        }

        var order = new PaymentOrder(payment.OrderNumber, payment.Amount, $"{topUp.Carrier.Name} {topUp.Plan.Name} {topUp.OrderCode}", way, payment.CreatedAt, payment.ExpiresAt, returnUrl) { Payer = payer };
        var start = await gateway.StartAsync(order, cancellation);
        TopUpMetrics.Called(gateway.Name, "start", start);
        switch (start)
        {
            case PaymentStart.Redirect { StartNumber: { } number }:
                // Before it is kept nobody is sent there: an order whose number is not known has not been paid.
                return payment.StartNumber == number || await KeepNumberAsync(payment, number, cancellation) ? start : new QuoteRefused(QuoteProblem.AlreadyPaid);
            case PaymentStart.Redirect or PaymentStart.CallApp or PaymentStart.ShowTransfer:
                return start;
            case PaymentStart.Submitted:
                await store.HurryAsync(payment.Id, TopUpSteps.PaymentWork, cancellation);
                return start;
            case PaymentStart.ShowCode shown:
                await store.TakeAsync(
                    topUpId,
                    (now, payments) => payments.FirstOrDefault(p => p.Id == payment.Id && p.State == PaymentState.Open && p.Code is null) is { } open ? steps.PaymentCode(now, open, shown.Code) : null,
                    cancellation: cancellation);
                return start;
            case PaymentStart.Rejected:
                return new QuoteRefused(QuoteProblem.GatewayRefused);
            case PaymentStart.Unknown:
                return new QuoteRefused(QuoteProblem.GatewayDoesNotAnswer);
            default:
                throw new UnreachableException(start.GetType().Name);
        }
    }

    /// <summary>True if this is one of the card's own numbers.</summary>
    public async Task<bool> IsNumberOfAsync(Guid topUpId, string typed, CancellationToken cancellation) =>
        CardRecognition.Recognize(typed).Identifier is { } identifier
        && await store.LoadAsync(topUpId, cancellation) is var (topUp, _)
        && await cards.GetAsync(topUp.CardId, cancellation) is { } card
        && card.Identifiers.Contains(identifier);

    /// <summary>Asks the gateway now, as when the browser has come back (failure cases 3 and 4); at most once in 5 seconds for one top-up.</summary>
    public async Task CheckPaymentAsync(Guid topUpId, CancellationToken cancellation)
    {
        if (await store.LoadAsync(topUpId, cancellation) is not var (topUp, payments) || !checks.TryBegin(topUpId))
        {
            return;
        }

        foreach (var payment in payments.Where(payment => payment.State is PaymentState.Open || (payment.State is PaymentState.Closed && topUp.State == TopUpState.Expired)))
        {
            await watch.LookAsync(payment, cancellation);
        }
    }

    /// <summary>The visitor gives up before paying; or, of what was bought in advance, before it starts: then the money goes back. False: too late.</summary>
    public async Task<bool> CancelAsync(Guid topUpId, CancellationToken cancellation) =>
        await store.TakeAsync(topUpId, steps.Cancel, cancellation: cancellation) is not null;

    /// <summary>Waits until the top-up's version differs from <paramref name="seenVersion"/>, at most <paramref name="timeout"/> (25 s or less).</summary>
    public async Task<TopUpView?> WaitAsync(Guid topUpId, long seenVersion, TimeSpan timeout, CancellationToken cancellation)
    {
        var until = time.GetTimestamp();
        try
        {
            while (true)
            {
                var next = changes.NextAsync(topUpId);
                var view = await GetAsync(topUpId, cancellation);
                var left = timeout - time.GetElapsedTime(until);
                if (view is null || view.Version != seenVersion || view.IsFinal || left <= TimeSpan.Zero)
                {
                    return view;
                }

                await Task.WhenAny(next, Task.Delay(left < WaitPoll ? left : WaitPoll, time, cancellation));
                cancellation.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            changes.Forget(topUpId);
        }
    }

    /// <summary>The top-up of this order code, for whoever has the right to all of them; null if there is none in the database.</summary>
    public async Task<Guid?> FindAsync(string? orderCode, CancellationToken cancellation) =>
        OrderCode.TryParse(orderCode, out var code, out var cell) ? await store.FindByCodeAsync(cell, code, null, cancellation) : null;

    /// <summary>The receipt again, by order code and the last four digits of the number. Equal answers for wrong code and wrong digits.</summary>
    public async Task<TopUpView?> FindReceiptAsync(string? orderCode, string? lastFour, CancellationToken cancellation) =>
        OrderCode.TryParse(orderCode, out var code, out var cell)
        && lastFour?.Trim() is { Length: 4 } four
        && await store.FindByCodeAsync(cell, code, four, cancellation) is { } id
            ? await GetAsync(id, cancellation)
            : null;

    /// <summary>False: the payment is not open any more.</summary>
    private async Task<bool> KeepNumberAsync(Payment seen, string startNumber, CancellationToken cancellation)
    {
        var isKept = false;
        await store.TakeAsync(
            seen.TopUpId,
            (topUp, payments) =>
            {
                var open = payments.FirstOrDefault(payment => payment.Id == seen.Id && payment.State == PaymentState.Open);
                isKept = open is not null;
                return open is null || open.StartNumber == startNumber ? null : steps.PaymentNumber(topUp, open, startNumber);
            },
            cancellation: cancellation);
        return isKept;
    }

    private async Task<Result<TopUpView, QuoteRefused>> ViewAsync(Result<TopUp, QuoteRefused> quoted, CancellationToken cancellation) =>
        quoted.Refusal is { } refused ? refused : await GetAsync(quoted.Value!.Id, cancellation) ?? throw new InvalidOperationException($"quote {quoted.Value.Id} is gone");

    internal static TopUpView View(TopUp t, IReadOnlyList<Payment> payments, CardIdentifier identifier, Guid nameId) => new(
        t.Id, t.OrderCode, t.State, t.Version, nameId, identifier, t.Carrier, t.CurrentPlan, t.CurrentExpiresAt, t.Plan, t.Price, t.Charge, t.Rate, t.CreatedAt, t.QuoteExpiresAt,
        t.CompletedAt, t.ValidUntil, t.CarrierReference, t.Trouble, [.. payments.Select(View)])
    {
        Sale = t.Sale,
        StartsAt = t.StartsAt,
    };

    private static PaymentView View(Payment p) => new(
        p.Id, p.Gateway, p.Way, p.State == PaymentState.Open ? p.Code : null, p.Amount, p.ExpiresAt, p.PaidAmount is not null,
        p.RefundRequestedAt is { } requested && p.PaidAmount is { } paid ? new RefundView(paid, p.State == PaymentState.Refunded, requested, p.RefundedAt) : null);

    internal static CardProblem Problem(RecognitionProblem problem) => problem switch
    {
        RecognitionProblem.Empty => CardProblem.Empty,
        RecognitionProblem.NotANumber => CardProblem.NotANumber,
        RecognitionProblem.TooShort => CardProblem.TooShort,
        RecognitionProblem.TooLong => CardProblem.TooLong,
        RecognitionProblem.WrongCountry => CardProblem.WrongCountry,
        RecognitionProblem.Canadian => CardProblem.Canadian,
        RecognitionProblem.Caribbean => CardProblem.Caribbean,
        RecognitionProblem.HasExtension => CardProblem.HasExtension,
        RecognitionProblem.NotAValidUsNumber => CardProblem.NotAValidUsNumber,
        RecognitionProblem.IccidCheckDigit => CardProblem.IccidCheckDigit,
        RecognitionProblem.IccidNotTelecom => CardProblem.IccidNotTelecom,
        _ => throw new UnreachableException(problem.ToString()),
    };
}
