using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Refill.Cards;
using Refill.Units;

namespace Refill.Carriers.Reloadly;

/// <summary>
/// The connector to Reloadly's Airtime API: tops up US phone numbers of the operators that we sell, in fixed amounts of USD.
/// Contract: Reloadly's OpenAPI (2022), its Airtime part; where practice is known to differ, docs/decisions/reloadly-contract.md says what is done.
/// </summary>
/// <param name="http">From <see cref="NewClient"/>: it follows no redirects and has no timeout of its own. Do not wrap it in handlers that log addresses: they hold phone numbers.</param>
public sealed class ReloadlyCarrier(HttpClient http, ReloadlyOptions options, TimeProvider time, ILogger log) : ICarrier
{
    /// <summary>How far the report is read. Its filter leaves one row, so a second page means that the filter was not honoured.</summary>
    private const int ReportPages = 5;
    private const int ReportPageSize = 200;

    private readonly ReloadlyOptions options = options.Checked();
    private readonly ReloadlyCalls calls = new(http, options, time, log);

    public string Name => "reloadly";

    public bool AllowancesInLedger => false;

    public TimeoutMeaning Timeout => new(
        options.Timeout,
        FirstQueryAfter: TimeSpan.FromSeconds(5),
        NotFoundIsFinalAfter: options.InFlightAtMost,
        "Silence is unknown, never failed: a top-up whose answer was lost has as a rule been credited. It is asked for by transaction id if there is one, else by "
        + "customIdentifier in the report of transactions. That the report does not know it proves nothing while the call may still be waiting in their queue; "
        + $"{options.InFlightAtMost.TotalSeconds:0} seconds after the call it does, and the same top-up may be sent again under the same customIdentifier. Not earlier, and never two calls at "
        + "once: Reloadly refuses a used customIdentifier only after the first call has been recorded, so two that overlap would both be credited.");

    /// <summary>
    /// A client as this connector wants it; the caller owns and disposes it. It makes no trace of its own: the spans of HttpClient hold addresses, and
    /// those hold phone numbers. The journey's span around the call says how long it took.
    /// </summary>
    public static HttpClient NewClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };

    public async Task<CardInquiry> InquireAsync(CardIdentifier card, CancellationToken cancellation)
    {
        if (card.Kind != CardIdentifierKind.Msisdn)
        {
            return new CardInquiry.NotFound();
        }

        return await calls.SendAsync(HttpMethod.Get, $"operators/auto-detect/phone/{card.Value.TrimStart('+')}/countries/US", null, cancellation) switch
        {
            ReloadlyReply.Success { Body: var answer } => await OperatorAsync(answer, card, cancellation),
            ReloadlyReply.Refusal { ErrorCode: var code } when ReloadlyRefusals.SaysNumberUnknown(code) => new CardInquiry.NotFound(),
            ReloadlyReply.Refusal refusal => new CardInquiry.Unknown(Describe(refusal)),
            ReloadlyReply.Silence silence => new CardInquiry.Unknown(silence.Why),
            var reply => throw new InvalidOperationException($"{reply} is not a reply"),
        };
    }

    public async Task<DeliveryOutcome> DeliverAsync(DeliveryOrder order, CancellationToken cancellation)
    {
        if (ReloadlyAsk.From(order, out var refused) is not { } ask)
        {
            log.LogError("Reloadly: {Identifier} for {Card} cannot be put to them: {Detail}", ReloadlyIdentifier.Of(order.Id), order.Card, refused!.Detail);
            return refused;
        }

        switch (await calls.SendAsync(HttpMethod.Post, options.Asynchronous ? "topups-async" : "topups", ask.Body, cancellation))
        {
            case ReloadlyReply.Success { Body: var answer } when options.Asynchronous:
                return ReloadlyJson.Number(answer, "transactionId") is { } number and > 0
                    ? new DeliveryOutcome.Pending(number.ToString(CultureInfo.InvariantCulture))
                    : new DeliveryOutcome.Unknown("an answer without transactionId");
            case ReloadlyReply.Success { Body: var answer }:
                return Loudly(ReloadlyTransaction.Read(answer, ask), order);
            case ReloadlyReply.Refusal { ErrorCode: ReloadlyRefusals.IdentifierUsed }:
                // Our own earlier call, whose answer was lost: what became of it is the answer.
                return await FindInReportAsync(ask, order, cancellation) is DeliveryQuery.Known known
                    ? known.Outcome
                    : new DeliveryOutcome.Unknown("its customIdentifier has been used, but the report does not show it yet");
            case ReloadlyReply.Refusal { Status: HttpStatusCode.BadRequest, ErrorCode: var code } when ReloadlyRefusals.Find(code) is { } reason:
                log.LogInformation("Reloadly: {Identifier} for {Card} refused: {ErrorCode}", ask.Identifier, order.Card, code);
                return new DeliveryOutcome.Rejected(reason, code!);
            case ReloadlyReply.Refusal refusal:
                log.LogWarning("Reloadly: {Identifier} for {Card}: {Refusal} proves nothing", ask.Identifier, order.Card, Describe(refusal));
                return new DeliveryOutcome.Unknown(Describe(refusal));
            case ReloadlyReply.Silence silence:
                return new DeliveryOutcome.Unknown(silence.Why) { NothingSent = silence.NothingSent };
            case var reply:
                throw new InvalidOperationException($"{reply} is not a reply");
        }
    }

    public async Task<DeliveryQuery> QueryAsync(DeliveryOrder order, string? carrierNumber, CancellationToken cancellation)
    {
        if (ReloadlyAsk.From(order, out var refused) is not { } ask)
        {
            return new DeliveryQuery.Known(refused!);
        }

        if (!long.TryParse(carrierNumber, NumberStyles.None, CultureInfo.InvariantCulture, out var transactionId))
        {
            return await FindInReportAsync(ask, order, cancellation);
        }

        switch (await calls.SendAsync(HttpMethod.Get, $"topups/{transactionId}/status", null, cancellation))
        {
            case ReloadlyReply.Success { Body: var answer }:
                return Status(answer, transactionId, ask) is { } outcome
                    ? new DeliveryQuery.Known(Loudly(outcome, order))
                    : await FindInReportAsync(ask, order, cancellation);
            case ReloadlyReply.Refusal { ErrorCode: ReloadlyRefusals.TransactionNotFound }:
                return await FindInReportAsync(ask, order, cancellation);
            case ReloadlyReply.Refusal refusal:
                return new DeliveryQuery.Known(new DeliveryOutcome.Unknown(Describe(refusal)));
            case ReloadlyReply.Silence silence:
                return new DeliveryQuery.Known(new DeliveryOutcome.Unknown(silence.Why));
            case var reply:
                throw new InvalidOperationException($"{reply} is not a reply");
        }
    }

    public CarrierNotification? Read(RawWebhook notification) => ReloadlyWebhook.Read(notification, options.WebhookSecret, time.GetUtcNow());

    private async Task<CardInquiry> OperatorAsync(JsonElement answer, CardIdentifier card, CancellationToken cancellation)
    {
        if (ReloadlyJson.Number(answer, "operatorId") is not { } id || id != ReloadlyJson.Number(answer, "id"))
        {
            return new CardInquiry.Unknown("an operator without an id");
        }

        if (await options.CarrierCodeOf(id, cancellation) is not { } carrierCode)
        {
            return new CardInquiry.NotFound();
        }

        var country = answer.TryGetProperty("country", out var within) ? ReloadlyJson.Text(within, "isoName") : null;
        if (country != "US" || ReloadlyJson.Text(answer, "denominationType") != "FIXED"
            || ReloadlyJson.Text(answer, "senderCurrencyCode") != Currency.Usd.Code || ReloadlyJson.Text(answer, "destinationCurrencyCode") != Currency.Usd.Code
            || !answer.TryGetProperty("pin", out var pin) || pin.ValueKind != JsonValueKind.False)
        {
            // A plan of ours is a fixed amount of USD that is credited to the number itself; any other operator needs another connector.
            log.LogError("Reloadly: operator {OperatorId} of {Card} is not one of fixed USD amounts in the US", id, card);
            return new CardInquiry.Unknown($"operator {id} is not as agreed");
        }

        return new CardInquiry.Found(carrierCode, CurrentPlan: null, ExpiresAt: null, id.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// The contract gives the transaction itself; in the field it is wrapped ("code", "message", "status", "transaction"), with a null
    /// transaction while it is being processed. Null: it is not shown, look elsewhere.
    /// </summary>
    private static DeliveryOutcome? Status(JsonElement answer, long transactionId, ReloadlyAsk ask)
    {
        var transaction = answer.TryGetProperty("transaction", out var wrapped) ? wrapped : answer;
        if (transaction.ValueKind == JsonValueKind.Object)
        {
            return ReloadlyJson.Number(transaction, "transactionId") == transactionId
                ? ReloadlyTransaction.Read(transaction, ask, ReloadlyJson.Text(answer, "code"))
                : new DeliveryOutcome.Unknown($"{ReloadlyTransaction.AnotherDelivery} {transactionId}: transactionId differs");
        }

        return ReloadlyJson.Text(answer, "status") is "PROCESSING" or "PENDING"
            ? new DeliveryOutcome.Pending(transactionId.ToString(CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>
    /// By customIdentifier in the report of transactions. No dates are sent: the contract does not say in which zone it reads them, and in the
    /// field it is not UTC; a window that is off by hours would hide the very row that is looked for.
    /// </summary>
    private async Task<DeliveryQuery> FindInReportAsync(ReloadlyAsk ask, DeliveryOrder order, CancellationToken cancellation)
    {
        var found = new List<DeliveryOutcome>();
        for (var page = 1; page <= ReportPages; page++)
        {
            var path = $"topups/reports/transactions?customIdentifier={Uri.EscapeDataString(ask.Identifier)}&size={ReportPageSize}&page={page}";
            var reply = await calls.SendAsync(HttpMethod.Get, path, null, cancellation);
            if (reply is not ReloadlyReply.Success { Body: var answer } || !answer.TryGetProperty("content", out var rows) || rows.ValueKind != JsonValueKind.Array)
            {
                return new DeliveryQuery.Known(new DeliveryOutcome.Unknown(reply switch
                {
                    ReloadlyReply.Refusal refusal => Describe(refusal),
                    ReloadlyReply.Silence silence => silence.Why,
                    _ => "a report without content",
                }));
            }

            // The filter may match parts of an identifier, or in another case: only an equal one is ours.
            found.AddRange(rows.EnumerateArray()
                .Where(row => ReloadlyJson.Text(row, "customIdentifier") == ask.Identifier)
                .Select(row => Loudly(ReloadlyTransaction.Read(row, ask), order)));
            if (rows.GetArrayLength() < ReportPageSize)
            {
                return Sum(found, ask, order);
            }
        }

        return found.Count > 0 ? Sum(found, ask, order) : new DeliveryQuery.Known(new DeliveryOutcome.Unknown($"not in the first {ReportPages} pages of the report"));
    }

    private DeliveryQuery Sum(List<DeliveryOutcome> found, ReloadlyAsk ask, DeliveryOrder order)
    {
        if (found.OfType<DeliveryOutcome.Accepted>().Count() > 1)
        {
            log.LogCritical("Reloadly: {Identifier} for {Card} was credited {Count} times", ask.Identifier, order.Card, found.OfType<DeliveryOutcome.Accepted>().Count());
        }

        // One is the rule. Should there be several, a credit outweighs what may still become one, and that a refusal.
        DeliveryOutcome? outcome = found.OfType<DeliveryOutcome.Accepted>().FirstOrDefault();
        outcome ??= found.OfType<DeliveryOutcome.Unknown>().FirstOrDefault();
        outcome ??= found.OfType<DeliveryOutcome.Pending>().FirstOrDefault();
        outcome ??= found.FirstOrDefault();
        return outcome is null ? new DeliveryQuery.NotFound() : new DeliveryQuery.Known(outcome);
    }

    /// <summary>An answer about another number, operator or amount than was asked for is never normal: someone has to look.</summary>
    private DeliveryOutcome Loudly(DeliveryOutcome outcome, DeliveryOrder order)
    {
        if (outcome is DeliveryOutcome.Unknown { Detail: var detail } && detail.StartsWith(ReloadlyTransaction.AnotherDelivery, StringComparison.Ordinal))
        {
            log.LogCritical("Reloadly: {Identifier} for {Card}: {Detail}", ReloadlyIdentifier.Of(order.Id), order.Card, detail);
        }

        return outcome;
    }

    private static string Describe(ReloadlyReply.Refusal refusal) => $"HTTP {(int)refusal.Status}, {refusal.ErrorCode ?? "no error code"}";
}
