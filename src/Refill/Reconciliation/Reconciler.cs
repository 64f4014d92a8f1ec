using System.Globalization;
using Microsoft.Extensions.Logging;
using NodaTime;
using Refill.Payments;
using Refill.Storage;
using Refill.TopUps;

namespace Refill.Reconciliation;

/// <summary>What became of holding a day's statement against our books. A closed set.</summary>
public abstract record ReconciliationOutcome
{
    private ReconciliationOutcome()
    {
    }

    public sealed record Done(ReconciliationRow Report) : ReconciliationOutcome;

    /// <summary>The statement is not there yet, or cannot be had or read.</summary>
    public sealed record Failed(string Why, bool MayPass) : ReconciliationOutcome;

    /// <summary>Somebody else is at it.</summary>
    public sealed record Busy : ReconciliationOutcome;

    /// <summary>No gateway of that name gives a statement.</summary>
    public sealed record NoSuchGateway : ReconciliationOutcome;
}

/// <summary>
/// Holds a gateway's own statement of a day against our books, row by row (failure case 5, and the day after for all others). What differs becomes work for a person; money that they have and we think unpaid is booked, which
/// completes its top-up or sends it back; their fees and payouts are posted. It may be repeated: the same day gives the same books, and a difference that has come right is settled.
/// </summary>
public sealed class Reconciler
{
    /// <summary>Rows that are looked up together.</summary>
    private const int Piece = 1_000;

    /// <summary>More differences of one day are no differences but a wrong file or a wrong gateway: it is refused whole.</summary>
    internal const int MostDifferences = 10_000;

    /// <summary>How long an empty statement of a day with sales is taken for one that is late.</summary>
    private static readonly TimeSpan EmptyPatience = TimeSpan.FromHours(24);

    private readonly Database database;
    private readonly IReadOnlyList<IStatementSource> sources;
    private readonly PaymentGateways gateways;
    private readonly PaymentWatch watch;
    private readonly TopUpStore store;
    private readonly ReconciliationBook book;
    private readonly StatementPostings postings;
    private readonly ReconciliationReports reports;
    private readonly TimeProvider time;
    private readonly ILogger<Reconciler> log;

    internal Reconciler(
        Database database, IEnumerable<IStatementSource> sources, PaymentGateways gateways, PaymentWatch watch, TopUpStore store, ReconciliationBook book, StatementPostings postings,
        ReconciliationReports reports, TimeProvider time, ILogger<Reconciler> log)
    {
        (this.database, this.sources, this.gateways, this.watch, this.store) = (database, [.. sources], gateways, watch, store);
        (this.book, this.postings, this.reports, this.time, this.log) = (book, postings, reports, time, log);
    }

    public IReadOnlyList<IStatementSource> Sources => sources;

    /// <summary>Reconciles one day, or does it again.</summary>
    /// <param name="day">In the gateway's own time zone.</param>
    /// <param name="owner">Who does it, for the lease: a node's name, or the command's.</param>
    public async Task<ReconciliationOutcome> RunAsync(string gateway, DateOnly day, string owner, CancellationToken cancellation)
    {
        if (sources.FirstOrDefault(source => source.Name == gateway) is not { } source || gateways.Find(gateway) is not { } at)
        {
            return new ReconciliationOutcome.NoSuchGateway();
        }

        if (await book.TakeAsync(gateway, day, owner, cancellation) is not { } lease)
        {
            return new ReconciliationOutcome.Busy();
        }

        try
        {
            var report = await HoldAsync(source, at, day, lease, cancellation);
            log.LogInformation("{Gateway} of {Day}: {Rows} rows, {Matched} agree, {Differ} differ", gateway, Text(day), report.Rows, report.Matched, report.OnlyTheirs + report.OnlyOurs + report.AmountDiffers + report.Others);
            return new ReconciliationOutcome.Done(report);
        }
        catch (StatementException unfit)
        {
            log.LogError("the statement of {Gateway} of {Day} cannot be used: {Why}", gateway, Text(day), unfit.Message);
            await book.FailAsync(lease, unfit.Message, CancellationToken.None);
            return new ReconciliationOutcome.Failed(unfit.Message, unfit.MayPass);
        }
        catch
        {
            await book.FailAsync(lease, "it was cut off; it is begun again", CancellationToken.None);
            throw;
        }
    }

    internal static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    internal static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async Task<ReconciliationRow> HoldAsync(IStatementSource source, IPaymentGateway gateway, DateOnly day, ReconciliationLease lease, CancellationToken cancellation)
    {
        var tally = new DayTally(gateway.Name, day, gateway.Currency);
        var books = new OurBooks(database);
        await using var file = reports.Begin(gateway.Name, day);
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            await foreach (var piece in source.ReadAsync(day, cancellation).Chunk(Piece).WithCancellation(cancellation))
            {
                var ids = piece.Select(IdOf).OfType<Guid>().ToHashSet();
                var ours = await books.FindAsync(connection, gateway.Name, ids, cancellation);
                foreach (var row in piece)
                {
                    var payment = IdOf(row) is { } id ? ours.GetValueOrDefault(id) : null;

                    // A row about something else (a dispute) that names a payment is not the payment's own row, which may come after it or be missing.
                    var refund = row.Kind == StatementKind.Refund && payment is not null ? Matching.RefundOf(row, payment) : null;
                    var isRepeated = row.Kind == StatementKind.Payment ? payment is not null && !tally.See(payment.Id) : refund is not null && !tally.See(refund);
                    var verdict = Matching.Judge(row, gateway.Currency, payment, refund, isRepeated);
                    tally.Count(row, payment, verdict);
                    await file.WriteAsync(row, verdict, cancellation);
                }

                await book.RenewAsync(lease, cancellation);
            }
        }

        // All of the file has been read, and its own sums agree: only now does it count.
        await OnlyOursAsync(books, source, gateway.Name, day, tally, file, cancellation);
        if (tally.Rows == 0 && tally.Differences.Count > 0 && time.GetUtcNow() < source.ReadyAt(day) + EmptyPatience)
        {
            throw new StatementException("the statement is empty, and our books are not: it is asked for again") { MayPass = true };
        }

        await book.KeepAsync(tally, cancellation);
        await ActAsync(gateway, tally, lease, cancellation);
        await postings.PostAsync(tally, lease.Run, cancellation);
        await file.FinishAsync(cancellation);
        return await book.FinishAsync(lease, tally, cancellation);
    }

    /// <summary>What we think happened that day, and they do not say.</summary>
    private static async Task OnlyOursAsync(OurBooks books, IStatementSource source, string gateway, DateOnly day, DayTally tally, ReportFile file, CancellationToken cancellation)
    {
        var (from, before) = Bounds(source, day);
        await foreach (var payment in books.PaidAsync(gateway, from, before, cancellation))
        {
            if (!tally.Saw(payment.Id))
            {
                await file.WriteOursAsync(tally.OnlyOurs(payment, from), cancellation);
            }
        }

        await foreach (var refund in books.RefundedAsync(gateway, from, before, cancellation))
        {
            if (!tally.Saw(refund))
            {
                await file.WriteOursAsync(tally.OnlyOurs(refund, from), cancellation);
            }
        }
    }

    /// <summary>Money that they have, and refunds that they have made, are taken into our books. The gateway itself is asked first; if it gives no answer now, the work stays in the outbox until it does.</summary>
    private async Task ActAsync(IPaymentGateway gateway, DayTally tally, ReconciliationLease lease, CancellationToken cancellation)
    {
        foreach (var (work, paymentId) in tally.ToAct)
        {
            await book.RenewAsync(lease, cancellation);
            if (work != TopUpSteps.PaymentWork)
            {
                await store.HurryAsync(paymentId, work, cancellation);
                continue;
            }

            if (await store.LoadPaymentAsync(paymentId, cancellation) is not { } payment)
            {
                continue;
            }

            await watch.LookAsync(payment, cancellation);
            if (await store.LoadPaymentAsync(paymentId, cancellation) is { PaidAmount: not null })
            {
                await book.SettleAsync(gateway.Name, DifferenceSubject.Payment(payment.OrderNumber), "booked: the top-up is completed, or the money goes back", cancellation);
            }
            else
            {
                await store.HurryAsync(paymentId, TopUpSteps.PaymentWork, cancellation);
            }
        }
    }

    private static (DateTimeOffset From, DateTimeOffset Before) Bounds(IStatementSource source, DateOnly day)
    {
        var zone = DateTimeZoneProviders.Tzdb[source.TimeZone];
        var date = LocalDate.FromDateOnly(day);
        return (zone.AtStartOfDay(date).ToDateTimeOffset(), zone.AtStartOfDay(date.PlusDays(1)).ToDateTimeOffset());
    }

    private static Guid? IdOf(StatementRow row) => row.OrderNumber is { } number && Payment.TryParseOrderNumber(number, out var id) ? id : null;

    /// <summary>The day that a gateway's clock shows now.</summary>
    internal DateOnly Today(IStatementSource source) =>
        Instant.FromDateTimeOffset(time.GetUtcNow()).InZone(DateTimeZoneProviders.Tzdb[source.TimeZone]).Date.ToDateOnly();
}
