using System.Runtime.CompilerServices;
using global::Stripe;
using Microsoft.Extensions.Logging;
using Refill.Units;

namespace Refill.Payments.Stripe;

/// <summary>
/// Stripe's own books of a day: its balance transactions, a hundred at a time, newest first, each page asked for only when the one before has been taken.
/// (https://docs.stripe.com/api/balance_transactions/list)
/// </summary>
public sealed class StripeStatement : IStatementSource
{
    private const int PageSize = 100;
    private const int MaxText = 100;

    /// <summary>Transactions stand in the list at once; this lets the last of a day come in.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(15);

    private readonly StripeCalls calls;
    private readonly TimeProvider time;

    /// <param name="http">From <see cref="StripeGateway.NewClient"/>.</param>
    /// <exception cref="GatewaySettingException">A setting that cannot work, by its name.</exception>
    public StripeStatement(HttpClient http, StripeOptions options, TimeProvider time, ILogger<StripeStatement> log) =>
        (this.time, calls) = (time, new StripeCalls(http, options, log));

    public string Name => "stripe";

    public string TimeZone => "UTC";

    public DateTimeOffset ReadyAt(DateOnly day) => Begin(day.AddDays(1)) + Settling;

    public async IAsyncEnumerable<StatementRow> ReadAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (time.GetUtcNow() < ReadyAt(day))
        {
            throw new StatementException($"Stripe's day {day:yyyy-MM-dd} is not over") { MayPass = true };
        }

        var (begin, end) = (Begin(day), Begin(day.AddDays(1)));
        var line = 0;
        string? after = null;
        while (true)
        {
            var list = new BalanceTransactionListOptions
            {
                Created = new DateRangeOptions { GreaterThanOrEqual = begin.UtcDateTime, LessThan = end.UtcDateTime },
                Limit = PageSize,
                StartingAfter = after,
                Expand = ["data.source"],
            };
            var page = await PageAsync(list, cancellation);
            foreach (var told in page.Data)
            {
                var at = new DateTimeOffset(DateTime.SpecifyKind(told.Created, DateTimeKind.Utc));
                if (at < begin || at >= end)
                {
                    throw new StatementException($"row {line + 1} of Stripe's day {day:yyyy-MM-dd} is of {at:u}");
                }

                yield return Row(++line, told, at);
            }

            if (!page.HasMore)
            {
                yield break;
            }

            if (page.Data.Count == 0 || page.Data[^1].Id == after)
            {
                throw new StatementException($"Stripe's day {day:yyyy-MM-dd} has no end after row {line}");
            }

            after = page.Data[^1].Id;
        }
    }

    private static DateTimeOffset Begin(DateOnly day) => new(day, TimeOnly.MinValue, TimeSpan.Zero);

    private async Task<StripeList<BalanceTransaction>> PageAsync(BalanceTransactionListOptions list, CancellationToken cancellation)
    {
        var call = await calls.AskAsync("statement", null, (stripe, request, stop) => stripe.BalanceTransactions.ListAsync(list, request, stop), cancellation);
        return call switch
        {
            { Answer: { Data: not null } page } => page,
            { Refusal: { } refusal } => throw new StatementException($"Stripe refuses the statement: {refusal.Reason}"),
            _ => throw new StatementException($"Stripe gives no statement: {call.Why}") { MayPass = true },
        };
    }

    private static StatementRow Row(int line, BalanceTransaction told, DateTimeOffset at)
    {
        if (!StripeWords.IsId(told.Id) || told.Net != told.Amount - told.Fee)
        {
            throw new StatementException($"row {line} of Stripe's statement has no id, or its net is not its amount without its fee");
        }

        var currency = Currency.Find(told.Currency?.ToUpperInvariant());
        var kind = told.Type switch
        {
            _ when currency != Currency.Usd => StatementKind.Other,
            "charge" or "payment" => StatementKind.Payment,
            "refund" or "payment_refund" => StatementKind.Refund,
            "stripe_fee" => StatementKind.Fee,
            "payout" => StatementKind.Settlement,
            _ => StatementKind.Other, // A dispute, a refund or payout that came back, a reserve, …: a person looks.
        };
        var (metadata, number) = told.Source switch
        {
            Charge charge => (charge.Metadata, charge.PaymentIntentId ?? charge.Id),
            Refund refund => (refund.Metadata, refund.Id),
            _ => (null, told.SourceId),
        };

        // A currency that we do not know has no money of ours: the amounts stand in the text.
        return new StatementRow(
            line, kind, StripeWords.Number(metadata, StripeWords.OrderNumber), StripeWords.Number(metadata, StripeWords.RefundNumber), StripeWords.IsId(number) ? number : told.Id,
            currency is null ? Money.Usd(0) : new Money(told.Amount, currency), currency is null ? Money.Usd(0) : new Money(told.Fee, currency), at, Text(told, currency));
    }

    /// <summary>Stripe's word, and what else a person must know; never its description, which may name somebody.</summary>
    private static string Text(BalanceTransaction told, Currency? currency)
    {
        var text = StripeWords.Plain(told.Type);
        if (currency is null)
        {
            text += FormattableString.Invariant($", {told.Amount} {StripeWords.Plain(told.Currency)} in minor units, fee {told.Fee}");
        }

        if (told.ExchangeRate is { } rate)
        {
            text += FormattableString.Invariant($", exchanged at {rate}");
        }

        return text.Length <= MaxText ? text : text[..MaxText];
    }
}
