using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Refill.Payments;
using Refill.Payments.Transfers;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Reconciliation.Bank;

/// <summary>
/// A bank's statement into our books: each credit is kept once, found its payment by the reference that it carries, and has that payment booked as any gateway's is. What does not match waits for a person
/// (`refill discrepancies`). It may be repeated, and must be if it was cut off: all that it does is done once.
/// </summary>
public sealed class BankStatementImport
{
    private readonly Database database;
    private readonly TransferGateway gateway;
    private readonly TransferBook credits;
    private readonly TopUpStore store;
    private readonly PaymentWatch watch;
    private readonly ReconciliationBook book;
    private readonly TimeProvider time;
    private readonly ILogger<BankStatementImport> log;

    internal BankStatementImport(
        Database database, TransferGateway gateway, TransferBook credits, TopUpStore store, PaymentWatch watch, ReconciliationBook book, TimeProvider time, ILogger<BankStatementImport> log) =>
        (this.database, this.gateway, this.credits, this.store, this.watch, this.book, this.time, this.log) = (database, gateway, credits, store, watch, book, time, log);

    /// <param name="file">camt.053, or CSV as docs/operating.md says; one that can be read twice.</param>
    public async Task<BankImportOutcome> ImportAsync(Stream file, CancellationToken cancellation)
    {
        try
        {
            var statement = await BankStatementFile.ReadAsync(file, gateway.Options, cancellation);
            var report = await ImportAsync(statement, cancellation);
            log.LogInformation("bank statement: {Credits} credits, {New} new, {Matched} matched", report.Found.Count, report.New, report.Of(CreditVerdict.Matched));
            return new BankImportOutcome.Done(report);
        }
        catch (StatementException unfit)
        {
            log.LogError("the bank's statement cannot be used: {Why}", unfit.Message);
            return new BankImportOutcome.Failed(unfit.Message);
        }
    }

    private async Task<BankImportReport> ImportAsync(BankStatement statement, CancellationToken cancellation)
    {
        var arrived = statement.Entries.Where(entry => entry.Kind == BankEntryKind.Credit).Select(entry => (Entry: entry, References: TransferReference.FindIn(entry.Text))).ToList();
        if (arrived.Count(credit => credit.References.Count == 0) > Reconciler.MostDifferences)
        {
            throw new StatementException($"more than {Reconciler.MostDifferences} credits carry no reference of ours: this is not the statement of an account for top-ups");
        }

        var (rows, added) = await credits.KeepAsync(gateway.Options.Number, [.. arrived.Select(credit => credit.Entry)], cancellation);
        var (found, differences) = (new List<CreditFound>(statement.Entries.Count), new List<Difference>());
        foreach (var (entry, references) in arrived)
        {
            found.Add(new CreditFound(entry.Id, entry.Amount, entry.ValueDate, await JudgeAsync(entry, rows[entry.Id], references, differences, cancellation)));
        }

        foreach (var entry in statement.Entries.Where(entry => entry.Kind == BankEntryKind.Unclear))
        {
            differences.Add(Differing(DiscrepancyKind.Unexplained, entry, null, entry.Why));
            found.Add(new CreditFound(entry.Id, entry.Amount, entry.ValueDate, CreditVerdict.Unexplained));
        }

        foreach (var day in differences.GroupBy(difference => Reconciler.Text(DateOnly.FromDateTime(difference.At.UtcDateTime))))
        {
            await book.WriteAsync(gateway.Name, day.Key, [.. day], cancellation);
        }

        return new BankImportReport(found, added, statement.Skipped);
    }

    private async Task<CreditVerdict> JudgeAsync(BankEntry entry, KeptCredit kept, IReadOnlyList<string> references, List<Difference> differences, CancellationToken cancellation)
    {
        var named = await NamedAsync(references, cancellation);
        if (named.Count == 0 && kept.PaymentId is not null)
        {
            return CreditVerdict.Matched; // Its top-up is over and lies in the archive.
        }

        if (named is not [var payment])
        {
            var (kind, verdict, why) = named.Count > 1 ? (DiscrepancyKind.Unexplained, CreditVerdict.Unexplained, "it carries the references of several payments")
                : references.Count > 0 ? (DiscrepancyKind.OnlyTheirs, CreditVerdict.UnknownReference, "no payment has its reference, or it has left for the archive")
                : (DiscrepancyKind.OnlyTheirs, CreditVerdict.NoReference, "it carries no reference of ours");
            differences.Add(Differing(kind, entry, null, why));
            return verdict;
        }

        if (!await credits.ClaimAsync(kept.Id, payment.Id, cancellation))
        {
            differences.Add(Differing(DiscrepancyKind.OnlyTheirs, entry, payment, "a second transfer under one reference: to be transferred back by hand"));
            return CreditVerdict.AlreadyPaid;
        }

        var booked = await BookAsync(payment, cancellation);
        if (entry.Amount == payment.Amount)
        {
            return booked.State == PaymentState.Paid ? CreditVerdict.Matched : CreditVerdict.GoesBack;
        }

        if (booked.State != PaymentState.Refunded && !await credits.IsRefundedAsync(booked.RefundNumber, cancellation))
        {
            differences.Add(Differing(DiscrepancyKind.AmountDiffers, entry, payment, "not the amount that was asked: it is to be transferred back (refill bank refunds)"));
        }

        return CreditVerdict.AmountDiffers;
    }

    /// <summary>As soon as it is known: completes the top-up, or sends the money back. Nobody else is waited for; if somebody is at the payment just now, the outbox does it.</summary>
    private async Task<Payment> BookAsync(Payment payment, CancellationToken cancellation)
    {
        if (payment.State is PaymentState.Open or PaymentState.Closed)
        {
            await watch.LookAsync(payment, cancellation);
            payment = await store.LoadPaymentAsync(payment.Id, cancellation) ?? throw new InvalidOperationException($"payment {payment.Id} is gone");
        }

        if (payment is { State: PaymentState.Open or PaymentState.Closed })
        {
            await store.HurryAsync(payment.Id, TopUpSteps.PaymentWork, cancellation);
        }

        return payment;
    }

    private async Task<IReadOnlyList<Payment>> NamedAsync(IReadOnlyList<string> references, CancellationToken cancellation)
    {
        var found = new List<Payment>();
        await using var db = database.Open();
        foreach (var reference in references)
        {
            if (TransferReference.IdsOf(reference, time.GetUtcNow()) is var (first, last))
            {
                short cell = TransferReference.CellOf(reference).Number;
                var rows = await db.Set<PaymentRow>().AsNoTracking().Where(p => p.Cell == cell && p.Id >= first && p.Id <= last && p.Gateway == TransferGateway.GatewayName).ToListAsync(cancellation);
                found.AddRange(rows.Where(row => TransferReference.Of(row.Id) == reference).Select(Payment.Read));
            }
        }

        return found;
    }

    private static Difference Differing(DiscrepancyKind kind, BankEntry entry, Payment? payment, string why) => new(
        kind, BankSubject.Of(entry.Id), payment?.Id, entry.Id, payment?.Amount, entry.Amount, new DateTimeOffset(entry.ValueDate, TimeOnly.MinValue, TimeSpan.Zero), why);
}

/// <summary>What a difference with a bank is about.</summary>
internal static class BankSubject
{
    public static string Of(string entryId) => "credit " + entryId;
}
