using System.Text.Json;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Units;

namespace Refill.TopUps;

/// <summary>What the audit knows of a top-up.</summary>
/// <param name="Offers">Its detail, if it was sold with offers; else null.</param>
internal sealed record TopUpLine(short Cell, Guid Id, long Version, TopUpState State, Guid CardId, long ChargeMinor, string ChargeCurrency, Guid? WalletId, string? OrderCode, Guid TermsId, string? Offers)
{
    /// <summary>How a detail with offers is told from one without, by the database.</summary>
    public const string OffersMark = "\"sale\":";

    private readonly TopUp.Detail? detail = Offers is null ? null : JsonSerializer.Deserialize(Offers, TopUpJson.Compiled.Detail);

    public Sale? Sale => detail?.Sale;

    /// <summary>What this payment may have asked: the price in its own way of paying.</summary>
    public bool Asks(Payment payment, Money price) => Sale is { } sale
        && price with { Minor = sale.At(payment.Gateway).TotalCents } is var own && (payment.Amount == own || (detail!.Rate is { } rate && rate.To == payment.Amount.Currency && payment.Amount == rate.Convert(own)));

    /// <summary>Paid from a wallet in its first commit: it is its own payment (Payment.OfItself).</summary>
    public Payment? OwnPayment => WalletId is { } wallet ? Payment.OfItself(Id, wallet, new Money(ChargeMinor, Currency.Of(ChargeCurrency)), default) : null;
}

/// <summary>Top-ups with everything about them: of one cell, or of a piece of an archive.</summary>
/// <param name="Transfers">Their kinds, by subject.</param>
/// <param name="Orders">The packed postings of those by which a wallet paid and the card had it at once.</param>
/// <param name="Prices">Of the terms, by their ids.</param>
/// <param name="Accounts">Those that hold money, or count it for a gateway.</param>
internal sealed record TopUpRows(
    short Cell,
    IReadOnlyDictionary<Guid, TopUpLine> TopUps,
    ILookup<Guid, Payment> Payments,
    ILookup<Guid, TopUpStepRow> Steps,
    ILookup<Guid, string> Transfers,
    ILookup<Guid, byte[]> Orders,
    IReadOnlyList<AccountRow> Accounts,
    IReadOnlySet<(string Kind, Guid Subject)> Work,
    IReadOnlySet<Guid> Cards,
    IReadOnlyDictionary<Guid, Money> Prices,
    ILookup<Guid, Refund> Refunds)
{
    /// <summary>Those that count the uses of offers.</summary>
    public IReadOnlyList<AccountRow> Offers { get; init; } = [];
}

/// <summary>The invariants of reliability.md that the ledger alone cannot see, each held against the rows that it is given.</summary>
internal sealed class TopUpLaws(ArchivedTopUps archives)
{
    private readonly Check captured = new("I3  every captured payment is credited, refunded, under way, or before a person");
    private readonly Check amounts = new("I4  refunds never exceed what was captured: held, in transit and clearing agree with the payments");
    private readonly Check once = new("I5  never both credited and refunded; credited exactly once if completed");
    private readonly Check legal = new("I9  every top-up's history is a chain of legal steps and ends in its present state");
    private readonly Check work = new("I3  nothing stands still: whatever is under way has work in the outbox");
    private readonly Check atOnce = new("I4  what was ordered and completed at once took its price, from its wallet alone");
    private readonly Check whole = new("every top-up stands in its own cell and has its card; no payment and no step is about none");
    private readonly Check over = new("archives: every top-up in one was over, money and all");

    /// <summary>Paid and not gone back, by payments that lie in archives, in minor units.</summary>
    private readonly Dictionary<(short Cell, string Gateway, string Unit), long> collected = [];

    public IReadOnlyList<AuditFinding> Findings => [captured.Finding, amounts.Finding, once.Finding, legal.Finding, work.Finding, whole.Finding, atOnce.Finding, over.Finding];

    /// <summary>Top-ups of an archive; before any of the database.</summary>
    public void JudgeArchived(TopUpRows rows)
    {
        Captured(rows, captured);
        Amounts(rows, amounts);
        Once(rows, once);
        Legal(rows, legal);
        AtOnce(rows, atOnce);
        Over(rows, over);
        foreach (var payment in rows.Payments.SelectMany(p => p).Where(p => p.PaidAmount is not null && p.Id != p.TopUpId && p.State != PaymentState.Refunded))
        {
            var key = ((short)payment.Cell.Number, payment.Gateway, payment.Amount.Currency.Code);
            collected[key] = collected.GetValueOrDefault(key) + payment.PaidAmount!.Value.Minor;
        }
    }

    /// <summary>All of one cell that the database holds.</summary>
    public void Judge(TopUpRows rows)
    {
        Captured(rows, captured);
        Amounts(rows, amounts);
        Accounts(rows, amounts);
        Once(rows, once);
        Legal(rows, legal);
        Work(rows, work);
        Whole(rows, whole);
        AtOnce(rows, atOnce);
    }

    private static void Captured(TopUpRows rows, Check check)
    {
        foreach (var payment in rows.Payments.SelectMany(p => p).Where(p => p.PaidAmount is not null))
        {
            check.Examined++;
            if (!rows.TopUps.TryGetValue(payment.TopUpId, out var topUp))
            {
                check.Problem($"payment {payment.Id} was paid for no top-up");
            }
            else if (payment.State == PaymentState.Paid && topUp.State is not (TopUpState.Paid or TopUpState.Fulfilling or TopUpState.Completed or TopUpState.NeedsReview))
            {
                check.Problem($"payment {payment.Id} is paid, but top-up {topUp.Id} is {topUp.State}");
            }
            else if (payment.State is PaymentState.Open or PaymentState.Closed)
            {
                check.Problem($"payment {payment.Id} has an amount paid, but is {payment.State}");
            }
        }
    }

    /// <summary>Each move of money has its one transfer, and nothing is held that is not paid and waiting.</summary>
    private static void Amounts(TopUpRows rows, Check check)
    {
        var held = rows.Accounts.Where(a => a.Purpose == "held").ToLookup(a => a.Owner);
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            var waiting = rows.Payments[topUp.Id].Where(p => p.State == PaymentState.Paid && p.PaidAmount is not null && topUp.State is not TopUpState.Completed).ToLookup(p => p.Amount.Currency.Code, p => p.PaidAmount!.Value.Minor);
            foreach (var unit in waiting.Select(currency => currency.Key).Union(held[topUp.Id].Select(a => a.Unit)))
            {
                var (balance, expected) = (held[topUp.Id].Where(a => a.Unit == unit).Sum(a => a.Balance), waiting[unit].Sum());
                if (balance != expected)
                {
                    check.Problem($"top-up {topUp.Id} ({topUp.State}) holds {balance} {unit}, its payments say {expected}");
                }
            }

            // What a wallet pays for and our own network credits at once needs no holding: one transfer is payment and delivery.
            Booked(topUp, "payment-received", p => p.PaidAmount is not null && p.Id != topUp.Id);
            Booked(topUp, WalletGateway.Delivered, p => p.Id == topUp.Id);
            Booked(topUp, "refund-reserved", p => p.IsGoingBack || p.State == PaymentState.Refunded);
            Booked(topUp, "refunded", p => p.State == PaymentState.Refunded);
            var byHand = rows.Refunds[topUp.Id].ToList();
            Moved(topUp, RefundSteps.Reserved, byHand.Count);
            Moved(topUp, RefundSteps.Refunded, byHand.Count(r => r.State == RefundState.Done));
            Moved(topUp, RefundSteps.Withdrawn, byHand.Count(r => r.State == RefundState.Withdrawn));
            foreach (var payment in rows.Payments[topUp.Id])
            {
                var given = byHand.Where(r => r.PaymentId == payment.Id && r.State != RefundState.Withdrawn).Sum(r => r.Amount.Minor);
                if (given != payment.GivenBackMinor || given > (payment.PaidAmount?.Minor ?? 0))
                {
                    check.Problem($"payment {payment.Id} of {payment.PaidAmount} says that {payment.GivenBackMinor} were given back, its refunds {given}");
                }
            }

            var charge = new Money(topUp.ChargeMinor, Currency.Of(topUp.ChargeCurrency));
            var price = rows.Prices.GetValueOrDefault(topUp.TermsId, Money.Usd(0));
            foreach (var payment in rows.Payments[topUp.Id].Where(p => topUp.Sale is null ? p.Amount != charge && p.Amount != price : !topUp.Asks(p, price)))
            {
                check.Problem($"payment {payment.Id} asks for {payment.Amount}, top-up {topUp.Id} for {charge} or its price");
            }
        }

        void Booked(TopUpLine topUp, string kind, Func<Payment, bool> moved) => Moved(topUp, kind, rows.Payments[topUp.Id].Count(moved));

        void Moved(TopUpLine topUp, string kind, int moves)
        {
            if (rows.Transfers[topUp.Id].Count(transfer => transfer == kind) is var transfers && transfers != moves)
            {
                check.Problem($"top-up {topUp.Id} has {transfers} transfers '{kind}', its payments say {moves}");
            }
        }
    }

    /// <summary>From both sides: a payment whose money no account knows, and an account whose money no payment knows. What archives hold of a gateway's payments stands in its account as well.</summary>
    private void Accounts(TopUpRows rows, Check check)
    {
        foreach (var account in rows.Accounts.Where(a => a.Purpose == "held" && a.Balance != 0 && !(rows.TopUps.TryGetValue(a.Owner, out var topUp) && (topUp.ChargeCurrency == a.Unit || a.Unit == Currency.Usd.Code))))
        {
            check.Problem($"cell {rows.Cell}: {account.Balance} {account.Unit} are held for {account.Owner}, which is no top-up that is paid in that currency");
        }

        var paid = rows.Payments.SelectMany(p => p).Where(p => p.PaidAmount is not null && p.Id != p.TopUpId).ToLookup(p => (p.Gateway, p.Amount.Currency.Code));
        var booked = rows.Accounts.Where(a => a.Purpose.Contains('/', StringComparison.Ordinal)).Select(a => (a.Purpose[(a.Purpose.IndexOf('/', StringComparison.Ordinal) + 1)..], a.Unit));
        var archived = collected.Keys.Where(key => key.Cell == rows.Cell).Select(key => (key.Gateway, key.Unit));
        foreach (var (name, unit) in paid.Select(p => p.Key).Union(booked).Union(archived))
        {
            check.Examined++;
            var elsewhere = archives.NotAtHand.GetValueOrDefault(Account.For(new Cell((byte)rows.Cell), $"clearing/{name}", new Unit(unit)).Id).Amount - collected.GetValueOrDefault((rows.Cell, name, unit));

            // What they keep as fees, and what they have paid out, they no longer owe (Reconciliation).
            var byHand = paid[(name, unit)].SelectMany(p => rows.Refunds[p.TopUpId].Where(r => r.PaymentId == p.Id)).ToLookup(r => r.State, r => r.Amount.Minor);
            var settled = rows.Accounts.Where(a => a.Unit == unit && (a.Purpose == "fees/" + name || a.Purpose == "settlement/" + name)).Sum(a => a.Balance);
            Agree($"clearing/{name}", unit, elsewhere - settled + byHand[RefundState.Done].Sum() - paid[(name, unit)].Where(p => p.State != PaymentState.Refunded).Sum(p => p.PaidAmount!.Value.Minor));
            Agree($"refund-in-transit/{name}", unit, byHand[RefundState.Requested].Sum() + byHand[RefundState.NeedsReview].Sum() + paid[(name, unit)].Where(p => p.IsGoingBack).Sum(p => p.PaidAmount!.Value.Minor));
        }

        void Agree(string purpose, string unit, long expected)
        {
            if (rows.Accounts.Where(a => a.Purpose == purpose && a.Unit == unit).Sum(a => a.Balance) is var balance && balance != expected)
            {
                check.Problem($"cell {rows.Cell}: {purpose} is {balance} {unit}, the payments say {expected}");
            }
        }
    }

    private static void Once(TopUpRows rows, Check check)
    {
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            var delivered = rows.Transfers[topUp.Id].Count(kind => kind is "delivered" or WalletGateway.Delivered);
            if (delivered != (topUp.State == TopUpState.Completed ? 1 : 0))
            {
                check.Problem($"top-up {topUp.Id} is {topUp.State} and was delivered {delivered} times");
            }

            if (topUp.State == TopUpState.Completed && rows.Payments[topUp.Id].Count(p => p.State == PaymentState.Paid) != 1)
            {
                check.Problem($"top-up {topUp.Id} is completed, but not by exactly one payment");
            }

            // One that goes back is no damage: a second payment may come in after the first has been refunded.
            if (topUp.State == TopUpState.Refunded && rows.Payments[topUp.Id].Any(p => p.State is PaymentState.Paid))
            {
                check.Problem($"top-up {topUp.Id} is refunded, but a payment of it is not");
            }
        }
    }

    /// <summary>What a wallet paid in one commit: the transfer took the price from that wallet and nothing from another, and the card's cell has earned it.</summary>
    private static void AtOnce(TopUpRows rows, Check check)
    {
        foreach (var topUp in rows.TopUps.Values.Where(t => t.WalletId is not null))
        {
            check.Examined++;
            var (wallet, revenue) = (Wallet.AccountOf(topUp.WalletId!.Value).Id, Account.For(new Cell((byte)topUp.Cell), "revenue", new Unit(topUp.ChargeCurrency)).Id);
            foreach (var packed in rows.Orders[topUp.Id])
            {
                var lines = PackedPostings.Read(packed);
                if (lines.Where(line => line.AccountId == wallet).Sum(line => line.Amount) != -topUp.ChargeMinor || lines.Where(line => line.AccountId == revenue).Sum(line => line.Amount) != topUp.ChargeMinor)
                {
                    check.Problem($"top-up {topUp.Id}: its transfer does not move its price from its wallet to revenue");
                }
            }
        }
    }

    private static void Legal(TopUpRows rows, Check check)
    {
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            var (state, version) = topUp.WalletId is null ? (default(TopUpState), 0L) : (TopUpState.Completed, 1L);
            foreach (var step in rows.Steps[topUp.Id])
            {
                var (from, to) = ((TopUpState)step.FromState, (TopUpState)step.ToState);
                if (step.TopUpVersion != version + 1 || from != state || !Transitions.Allow(from, to))
                {
                    check.Problem($"top-up {topUp.Id}: step {step.TopUpVersion} '{step.Name}' goes from {from} to {to} after version {version} in {state}");
                }

                (state, version) = (to, step.TopUpVersion);
            }

            if (state != topUp.State || version != topUp.Version)
            {
                check.Problem($"top-up {topUp.Id} is {topUp.State} at version {topUp.Version}, its history ends in {state} at {version}");
            }
        }
    }

    private static void Work(TopUpRows rows, Check check)
    {
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            var payments = rows.Payments[topUp.Id];
            var idle = topUp.State switch
            {
                TopUpState.Quoted => !Has(TopUpSteps.ExpireWork, topUp.Id),
                TopUpState.AwaitingPayment => !Has(TopUpSteps.ExpireWork, topUp.Id) && !payments.Any(p => Has(TopUpSteps.PaymentWork, p.Id)),
                TopUpState.Paid or TopUpState.Fulfilling => !Has(TopUpSteps.DeliverWork, topUp.Id),
                TopUpState.Refunding => !payments.Any(p => p.State == PaymentState.Refunding),
                _ => false,
            };
            if (idle || payments.Any(p => (p.State == PaymentState.Refunding && !Has(TopUpSteps.RefundWork, p.Id)) || (p.State == PaymentState.Open && !Has(TopUpSteps.PaymentWork, p.Id)))
                || rows.Refunds[topUp.Id].Any(r => r.State == RefundState.Requested && !Has(RefundSteps.PartWork, r.Id)))
            {
                check.Problem($"top-up {topUp.Id} is {topUp.State} and has no work");
            }
        }

        bool Has(string kind, Guid subject) => rows.Work.Contains((kind, subject));
    }

    private static void Whole(TopUpRows rows, Check check)
    {
        var codes = new HashSet<string>(); // A code begins with its cell: it is unique if it is within the cell.
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            if (CellId.CellOf(topUp.Id).Number != rows.Cell)
            {
                check.Problem($"top-up {topUp.Id} stands in cell {rows.Cell}");
            }
            else if (!rows.Cards.Contains(topUp.CardId))
            {
                check.Problem($"top-up {topUp.Id} has no card, or one without number and ICCID");
            }
            else if (topUp.OrderCode is { } code && !codes.Add(code))
            {
                check.Problem($"top-up {topUp.Id} has the order code of another");
            }
        }

        foreach (var payment in rows.Payments.Where(p => !rows.TopUps.ContainsKey(p.Key)).SelectMany(p => p))
        {
            check.Problem($"payment {payment.Id} is about no top-up");
        }

        foreach (var steps in rows.Steps.Where(s => !rows.TopUps.ContainsKey(s.Key)))
        {
            check.Problem($"top-up {steps.Key} has {steps.Count()} steps and is not there");
        }
    }

    private static void Over(TopUpRows rows, Check check)
    {
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            if (!Transitions.Final.Contains(topUp.State))
            {
                check.Problem($"top-up {topUp.Id} is {topUp.State}, and in an archive");
            }

            foreach (var payment in rows.Payments[topUp.Id].Where(p => !Transitions.FinalForPayments.Contains(p.State)))
            {
                check.Problem($"payment {payment.Id} is {payment.State}, and in an archive");
            }
        }
    }

    /// <summary>One law, and what breaks it.</summary>
    internal sealed class Check(string name)
    {
        private const int MaxShown = 10;
        private readonly List<string> problems = [];
        private long count;

        public long Examined { get; set; }

        public AuditFinding Finding => new(name, Examined, problems, count);

        public void Problem(string text)
        {
            count++;
            if (problems.Count < MaxShown)
            {
                problems.Add(text);
            }
        }
    }
}
