using Microsoft.EntityFrameworkCore;
using Refill.Cards;
using Refill.Ledger;
using Refill.Payments.Wallets;
using Refill.Storage;
using Refill.Units;
using Refill.Work;

namespace Refill.TopUps;

/// <summary>
/// Holds top-ups, payments, work and ledger against each other: the invariants of reliability.md that the ledger alone cannot see.
/// Reads some cells after the others, so that memory is bounded. Wants a quiet database (no steps under way) to be exact: on a busy one it reads each cell in one snapshot.
/// </summary>
public sealed class TopUpAudit(Database database)
{
    /// <summary>With their payments and transfers some hundred megabytes.</summary>
    private const int MaxTopUpsAtOnce = 100_000;

    public async Task<IReadOnlyList<AuditFinding>> RunAsync(CancellationToken cancellation)
    {
        var captured = new Check("I3  every captured payment is credited, refunded, under way, or before a person");
        var amounts = new Check("I4  refunds never exceed what was captured: held, in transit and clearing agree with the payments");
        var once = new Check("I5  never both credited and refunded; credited exactly once if completed");
        var legal = new Check("I9  every top-up's history is a chain of legal steps and ends in its present state");
        var work = new Check("I3  nothing stands still: whatever is under way has work in the outbox");
        var atOnce = new Check("I4  what was ordered and completed at once took its price, from its wallet alone");
        var whole = new Check("every top-up stands in its own cell and has its card; no payment and no step is about none");
        var share = await CellsAtOnceAsync(cancellation);
        for (var first = 0; first < Cell.Count; first += share)
        {
            foreach (var rows in await ReadAsync((short)first, (short)(first + share - 1), cancellation))
            {
                Captured(rows, captured);
                Amounts(rows, amounts);
                Once(rows, once);
                Legal(rows, legal);
                Work(rows, work);
                Whole(rows, whole);
                AtOnce(rows, atOnce);
            }
        }

        return [captured.Finding, amounts.Finding, once.Finding, legal.Finding, work.Finding, whole.Finding, atOnce.Finding, await WalletsAsync(cancellation)];
    }

    /// <summary>
    /// Wallets and cards stand in different cells, so no cell alone can tell: what the wallets' side says was taken, the cards' side has. Only refunds that are back in
    /// their wallet and not yet confirmed to the top-up may lie between.
    /// </summary>
    private async Task<AuditFinding> WalletsAsync(CancellationToken cancellation)
    {
        var check = new Check("I4  what wallets gave, top-ups have: both sides agree over all cells");
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var pending = await Tallies.PendingAsync(db, cancellation);
        var accounts = await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Purpose == WalletGateway.TakenPurpose || a.Purpose == "clearing/" + WalletGateway.GatewayName || a.Purpose == "refund-in-transit/" + WalletGateway.GatewayName).ToListAsync(cancellation);
        check.Examined = accounts.Count;
        var (taken, cleared, returning) = (Of(WalletGateway.TakenPurpose), Of("clearing/" + WalletGateway.GatewayName), Of("refund-in-transit/" + WalletGateway.GatewayName));
        if (-(taken + cleared) is var between && (between < 0 || between > returning))
        {
            check.Problem($"wallets say that {taken} was taken, top-ups {-cleared}, of which {returning} is on its way back");
        }

        return check.Finding;

        long Of(string purpose) => accounts.Where(a => a.Purpose == purpose).Sum(a => a.Balance + pending.GetValueOrDefault(a.Id).Amount);
    }

    /// <summary>Work that the machine has given up and a person must look at: not damage, but not to be forgotten.</summary>
    public async Task<IReadOnlyList<WorkItem>> DeadWorkAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var rows = await db.Set<WorkRow>().AsNoTracking().Where(w => w.State == (short)WorkState.Dead).OrderBy(w => w.CreatedAt).Take(1000).ToListAsync(cancellation);
        return [.. rows.Select(row => row.ToItem())];
    }

    /// <summary>A power of two: on SQLite, where keys do not begin with the cell, every share is a pass over the whole file.</summary>
    private async Task<int> CellsAtOnceAsync(CancellationToken cancellation)
    {
        await using var db = database.Open();
        var topUps = await db.Set<TopUpRow>().LongCountAsync(cancellation);
        var share = Cell.Count;
        while (share > 1 && topUps * share / Cell.Count > MaxTopUpsAtOnce)
        {
            share /= 2;
        }

        return share;
    }

    private async Task<IReadOnlyList<Rows>> ReadAsync(short first, short last, CancellationToken cancellation)
    {
        await using var db = database.Open();
        await using var snapshot = await db.SnapshotAsync(cancellation);
        var topUps = (await db.Set<TopUpRow>().AsNoTracking().Where(t => t.Cell >= first && t.Cell <= last)
            .Select(t => new TopUpLine(t.Cell, t.Id, t.Version, (TopUpState)t.State, t.CardId, t.ChargeMinor, t.ChargeCurrency, t.WalletId, t.OrderCode)).ToListAsync(cancellation)).ToLookup(t => t.Cell);
        var payments = (await db.Set<PaymentRow>().AsNoTracking().Where(p => p.Cell >= first && p.Cell <= last).ToListAsync(cancellation)).ToLookup(p => p.Cell);
        var steps = (await db.Set<TopUpStepRow>().AsNoTracking().Where(s => s.Cell >= first && s.Cell <= last).OrderBy(s => s.TopUpVersion).ToListAsync(cancellation)).ToLookup(s => s.Cell);
        var transfers = (await db.Set<TransferRow>().AsNoTracking().Where(t => t.Cell >= first && t.Cell <= last).Select(t => new { t.Cell, t.Subject, t.Kind, Postings = t.Kind == WalletGateway.Delivered ? t.Postings : null }).ToListAsync(cancellation)).ToLookup(t => t.Cell);
        var pending = await Tallies.PendingAsync(db, cancellation);
        var accounts = (await db.Set<AccountRow>().AsNoTracking()
            .Where(a => a.Cell >= first && a.Cell <= last && (a.Purpose == "held" || a.Purpose.StartsWith("refund-in-transit/") || a.Purpose.StartsWith("clearing/"))).ToListAsync(cancellation)).ToLookup(a => a.Cell);
        foreach (var account in accounts.SelectMany(a => a))
        {
            account.Balance += pending.GetValueOrDefault(account.Id).Amount;
        }

        var work = (await db.Set<WorkRow>().AsNoTracking().Where(w => w.Cell >= first && w.Cell <= last).Select(w => new { w.Kind, w.Subject }).ToListAsync(cancellation)).Select(w => (w.Kind, w.Subject)).ToHashSet();
        var cards = (await db.Set<CardRow>().Where(c => c.Cell >= first && c.Cell <= last && db.Set<CardIdentifierRow>().Any(i => i.CardId == c.Id)).Select(c => new { c.Cell, c.Id }).ToListAsync(cancellation)).ToLookup(c => c.Cell, c => c.Id);
        return
        [
            .. topUps.Select(cell => cell.Key).Union(payments.Select(cell => cell.Key)).Union(steps.Select(cell => cell.Key)).Union(accounts.Select(cell => cell.Key)).Order().Select(cell => new Rows(
                cell,
                topUps[cell].ToDictionary(t => t.Id),
                PaymentsOf(topUps[cell], payments[cell]),
                steps[cell].ToLookup(s => s.TopUpId),
                transfers[cell].ToLookup(t => t.Subject, t => t.Kind),
                transfers[cell].Where(t => t.Postings is not null).ToLookup(t => t.Subject, t => t.Postings!),
                [.. accounts[cell]],
                work,
                cards[cell].ToHashSet())),
        ];
    }

    /// <summary>With those that top-ups are themselves.</summary>
    private static ILookup<Guid, Payment> PaymentsOf(IEnumerable<TopUpLine> topUps, IEnumerable<PaymentRow> rows)
    {
        var known = rows.Select(Payment.Read).ToList();
        var ids = known.Select(payment => payment.Id).ToHashSet();
        return known.Concat(topUps.Select(topUp => topUp.OwnPayment).OfType<Payment>().Where(own => !ids.Contains(own.Id))).ToLookup(payment => payment.TopUpId);
    }

    private static void Captured(Rows rows, Check check)
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

    private static void Amounts(Rows rows, Check check)
    {
        var held = rows.Accounts.Where(a => a.Purpose == "held").ToLookup(a => a.Owner);
        foreach (var topUp in rows.TopUps.Values)
        {
            check.Examined++;
            var expected = topUp.State is TopUpState.Completed ? 0 : rows.Payments[topUp.Id].Where(p => p.State == PaymentState.Paid).Sum(p => p.PaidAmount?.Minor ?? 0);
            if (held[topUp.Id].Where(a => a.Unit == topUp.ChargeCurrency).Sum(a => a.Balance) is var balance && balance != expected)
            {
                check.Problem($"top-up {topUp.Id} ({topUp.State}) holds {balance}, its payments say {expected}");
            }

            // What a wallet pays for and our own network credits at once needs no holding: one transfer is payment and delivery.
            Booked(topUp, "payment-received", p => p.PaidAmount is not null && p.Id != topUp.Id);
            Booked(topUp, WalletGateway.Delivered, p => p.Id == topUp.Id);
            Booked(topUp, "refund-reserved", p => p.IsGoingBack || p.State == PaymentState.Refunded);
            Booked(topUp, "refunded", p => p.State == PaymentState.Refunded);
            foreach (var payment in rows.Payments[topUp.Id].Where(p => p.Amount.Minor != topUp.ChargeMinor || p.Amount.Currency.Code != topUp.ChargeCurrency))
            {
                check.Problem($"payment {payment.Id} asks for {payment.Amount}, top-up {topUp.Id} for {topUp.ChargeMinor} {topUp.ChargeCurrency}");
            }
        }

        foreach (var account in rows.Accounts.Where(a => a.Purpose == "held" && a.Balance != 0 && !(rows.TopUps.TryGetValue(a.Owner, out var topUp) && topUp.ChargeCurrency == a.Unit)))
        {
            check.Problem($"cell {rows.Cell}: {account.Balance} {account.Unit} are held for {account.Owner}, which is no top-up in that currency");
        }

        // From both sides: a payment whose money no account knows, and an account whose money no payment knows.
        var paid = rows.Payments.SelectMany(p => p).Where(p => p.PaidAmount is not null && p.Id != p.TopUpId).ToLookup(p => (p.Gateway, p.Amount.Currency.Code));
        var booked = rows.Accounts.Where(a => a.Purpose.Contains('/', StringComparison.Ordinal)).Select(a => (a.Purpose[(a.Purpose.IndexOf('/', StringComparison.Ordinal) + 1)..], a.Unit));
        foreach (var (name, unit) in paid.Select(p => p.Key).Union(booked))
        {
            check.Examined++;
            Agree($"clearing/{name}", unit, -paid[(name, unit)].Where(p => p.State != PaymentState.Refunded).Sum(p => p.PaidAmount!.Value.Minor));
            Agree($"refund-in-transit/{name}", unit, paid[(name, unit)].Where(p => p.IsGoingBack).Sum(p => p.PaidAmount!.Value.Minor));
        }

        // Each move of money has its one transfer.
        void Booked(TopUpLine topUp, string kind, Func<Payment, bool> moved)
        {
            var (transfers, moves) = (rows.Transfers[topUp.Id].Count(transfer => transfer == kind), rows.Payments[topUp.Id].Count(moved));
            if (transfers != moves)
            {
                check.Problem($"top-up {topUp.Id} has {transfers} transfers '{kind}', its payments say {moves}");
            }
        }

        void Agree(string purpose, string unit, long expected)
        {
            if (rows.Accounts.Where(a => a.Purpose == purpose && a.Unit == unit).Sum(a => a.Balance) is var balance && balance != expected)
            {
                check.Problem($"cell {rows.Cell}: {purpose} is {balance} {unit}, the payments say {expected}");
            }
        }
    }

    private static void Once(Rows rows, Check check)
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
    private static void AtOnce(Rows rows, Check check)
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

    private static void Legal(Rows rows, Check check)
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

    private static void Work(Rows rows, Check check)
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
            if (idle || payments.Any(p => (p.State == PaymentState.Refunding && !Has(TopUpSteps.RefundWork, p.Id)) || (p.State == PaymentState.Open && !Has(TopUpSteps.PaymentWork, p.Id))))
            {
                check.Problem($"top-up {topUp.Id} is {topUp.State} and has no work");
            }
        }

        bool Has(string kind, Guid subject) => rows.Work.Contains((kind, subject));
    }

    private static void Whole(Rows rows, Check check)
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

    private sealed record TopUpLine(short Cell, Guid Id, long Version, TopUpState State, Guid CardId, long ChargeMinor, string ChargeCurrency, Guid? WalletId, string? OrderCode)
    {
        /// <summary>Paid from a wallet in its first commit: it is its own payment (Payment.OfItself).</summary>
        public Payment? OwnPayment => WalletId is { } wallet ? Payment.OfItself(Id, wallet, new Money(ChargeMinor, Currency.Of(ChargeCurrency)), default) : null;
    }

    private sealed record Rows(
        short Cell,
        IReadOnlyDictionary<Guid, TopUpLine> TopUps,
        ILookup<Guid, Payment> Payments,
        ILookup<Guid, TopUpStepRow> Steps,
        ILookup<Guid, string> Transfers,
        ILookup<Guid, byte[]> Orders,
        IReadOnlyList<AccountRow> Accounts,
        IReadOnlySet<(string Kind, Guid Subject)> Work,
        IReadOnlySet<Guid> Cards);

    private sealed class Check(string name)
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
